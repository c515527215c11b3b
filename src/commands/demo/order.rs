//! A transfer as the customer who ordered it follows it: order, payment, and every status on the way.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use domain::{Currency, Iban, Money, Provider, Rail};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::http::{Request, data, text};
use super::person::Person;
use super::progress::Line;
use super::way::{Payee, Quote, Way};

/// Between two looks at what cannot be waited for otherwise.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// How long one question for news waits, seconds.
const WAIT_S: &str = "10";

/// Statuses that are not left by themselves.
const ENDS: [&str; 6] =
    ["completed", "expired", "cancelled", "collection_failed", "refunded", "needs_attention"];

/// A transfer of `person`.
#[derive(Debug)]
pub struct Order<'p> {
    person: &'p Person<'p>,
    line: &'p Line,
    way: Way,
    pub id: String,
    /// What the payer pays, fee included, major units.
    pub total: String,
    /// The last status that was shown.
    shown: Mutex<String>,
}

impl<'p> Order<'p> {
    /// Orders what was quoted.
    pub async fn place(
        person: &'p Person<'p>,
        line: &'p Line,
        quote: &Quote,
        payee: &Payee,
    ) -> anyhow::Result<Order<'p>> {
        let view = person.ask(quote.order(person, payee)).await?;
        Order::of(person, line, quote.way, &view)
    }

    /// Orders what was quoted with the money that came too late for this one.
    pub async fn place_with_late_money(&self, quote: &Quote) -> anyhow::Result<Order<'p>> {
        let request = Request::post(format!("{}/late_payment", self.path()), json!({ "quote_id": quote.id }));
        let view = self.person.ask(request.key(format!("late-{}", quote.id))).await?;
        Order::of(self.person, self.line, quote.way, &view)
    }

    fn of(person: &'p Person<'p>, line: &'p Line, way: Way, view: &Value) -> anyhow::Result<Order<'p>> {
        let id = text(view, "id").to_owned();
        let total =
            view.get("total_to_pay").map(|total| text(total, "amount")).unwrap_or_default().to_owned();
        anyhow::ensure!(!id.is_empty() && !total.is_empty(), "a transfer has no id or no total: {view}");
        let order = Order { person, line, way, id, total, shown: Mutex::default() };
        order.show(text(view, "status"));
        Ok(order)
    }

    /// The page that the payer is sent to, once the provider has supplied it.
    pub async fn page(&self) -> anyhow::Result<String> {
        Ok(text(&self.action("redirect").await?, "url").to_owned())
    }

    /// What the payer still has to send, and where to, once it is less than `less_than`, minor units.
    pub async fn instructions(&self, less_than: i64) -> anyhow::Result<Money> {
        loop {
            let action = self.action("bank_transfer").await?;
            let iban: Result<Iban, _> = Iban::parse(text(&action, "iban"));
            anyhow::ensure!(
                iban.is_ok() && !text(&action, "reference").is_empty(),
                "nowhere to pay: {action}"
            );
            let amount = action.get("amount").unwrap_or(&Value::Null);
            let amount = Money::parse(text(amount, "amount"), Currency::parse(text(amount, "currency"))?)?;
            if amount.minor() < less_than {
                return Ok(amount);
            }
            sleep(LOOK_AGAIN).await;
        }
    }

    /// What the payer has to do, once the provider has said so.
    async fn action(&self, kind: &str) -> anyhow::Result<Value> {
        let mut view = self.view(None).await?;
        loop {
            let action = view.get("next_action").unwrap_or(&Value::Null);
            if text(action, "type") == kind {
                return Ok(action.clone());
            }
            let status = text(&view, "status");
            anyhow::ensure!(status == "awaiting_payment", "the transfer is {status} before anybody paid");
            view = self.view(Some(&view)).await?;
        }
    }

    /// The collection's reference, by which the payer may be made to pay.
    pub async fn collection(&self) -> anyhow::Result<String> {
        match self.way.from.rail {
            Rail::Wave | Rail::OrangeWeb => drop(self.page().await?),
            Rail::OrangeSonatel => drop(self.action("qr").await?),
            Rail::MtnMomo => drop(self.action("approve_on_phone").await?),
            Rail::Manual => drop(self.action("manual").await?),
            Rail::SepaTransfer => drop(self.instructions(i64::MAX).await?),
            Rail::SepaDebit => drop(self.until(&["collecting", "completed"]).await?),
            Rail::Balance => anyhow::bail!("nothing is collected for a payment from a balance"),
        }
        self.movement("collection").await
    }

    /// The reference of the first movement of this kind.
    pub async fn movement(&self, kind: &str) -> anyhow::Result<String> {
        let timeline = self.timeline().await?;
        let movement =
            timeline.iter().filter_map(|line| line.get("movement")).find(|m| text(m, "kind") == kind);
        let movement = movement.with_context(|| format!("the timeline names no {kind}"))?;
        Ok(text(movement, "reference").to_owned())
    }

    /// The payer pays in the app.
    pub async fn pay(&self) -> anyhow::Result<()> {
        let collection = self.collection().await?;
        self.pay_anyway(&collection).await
    }

    /// The payer pays what `collection` asks for, whatever became of the transfer.
    pub async fn pay_anyway(&self, collection: &str) -> anyhow::Result<()> {
        self.line.say("pays");
        self.control("pay", json!({ "reference": collection })).await
    }

    /// The payer sends a part of it.
    pub async fn pay_part(&self, amount: &str) -> anyhow::Result<()> {
        let reference = self.collection().await?;
        self.line.say("pays a part");
        self.control("pay", json!({ "reference": reference, "amount": amount })).await
    }

    /// The payer has their bank take a debit back.
    pub async fn dispute(&self) -> anyhow::Result<()> {
        let reference = self.collection().await?;
        self.line.say("has the bank take it back");
        self.control("disputes", json!({ "reference": reference })).await
    }

    async fn control(&self, what: &str, wish: Value) -> anyhow::Result<()> {
        let provider = self.way.from.rail.provider().context("nobody is paid by a balance")?;
        self.person.stage.control(provider, what, wish).await
    }

    /// Returns once the transfer is in one of the `wanted` statuses; an end that is not wanted is an error.
    pub async fn until(&self, wanted: &[&str]) -> anyhow::Result<String> {
        self.beyond("", wanted).await
    }

    /// The same of a transfer that has come to an `end`, and is not to stay there.
    pub async fn beyond(&self, end: &str, wanted: &[&str]) -> anyhow::Result<String> {
        let mut view = self.view(None).await?;
        loop {
            let status = text(&view, "status").to_owned();
            self.show(&status);
            if wanted.contains(&status.as_str()) {
                return Ok(status);
            }
            anyhow::ensure!(
                status == end || !ENDS.contains(&status.as_str()),
                "the transfer is {status}, not {}",
                wanted.join(" or ")
            );
            view = self.view(Some(&view)).await?;
        }
    }

    /// What moved is on the record of both providers once, exactly as it was offered; what people move is in nobody's.
    pub async fn moved_as(&self, offer: &Quote) -> anyhow::Result<()> {
        let Way { from, to } = self.way;
        for (place, kind, amount) in [(from, "collection", &self.total), (to, "disbursement", &offer.receive)]
        {
            let Some(provider) = place.rail.provider().filter(|it| *it != Provider::Manual) else { continue };
            let amount = Money::parse(amount, place.currency)?;
            self.person.stage.moved_once(provider, &self.movement(kind).await?, amount).await?;
        }
        Ok(())
    }

    /// What was given back, major units.
    pub async fn refunded(&self) -> anyhow::Result<String> {
        let view = self.view(None).await?;
        Ok(view.get("refunded_total").map(|total| text(total, "amount")).unwrap_or_default().to_owned())
    }

    fn show(&self, status: &str) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if *shown != status {
            status.clone_into(&mut shown);
            self.line.say(status);
        }
    }

    /// Returns once the timeline has `event`.
    pub async fn until_told(&self, event: &str) -> anyhow::Result<()> {
        while !self.events().await?.iter().any(|told| told == event) {
            sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    /// What happened, in the gateway's words.
    pub async fn events(&self) -> anyhow::Result<Vec<String>> {
        Ok(self.timeline().await?.iter().map(|line| text(line, "event").to_owned()).collect())
    }

    async fn timeline(&self) -> anyhow::Result<Vec<Value>> {
        let timeline = self.person.ask(Request::get(format!("{}/timeline", self.path()))).await?;
        Ok(data(&timeline).to_vec())
    }

    /// The transfer now, or as soon as it is newer than `known`.
    async fn view(&self, known: Option<&Value>) -> anyhow::Result<Value> {
        let mut request = Request::get(self.path());
        if let Some(known) = known {
            let version = known.get("version").map(Value::to_string).unwrap_or_default();
            request = request.query("wait", WAIT_S).query("since_version", version);
        }
        self.person.ask(request).await
    }

    fn path(&self) -> String {
        format!("/v1/transfers/{}", self.id)
    }
}
