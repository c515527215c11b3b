//! A transfer as the customer who ordered it follows it: quote, order, payment, and every status on the way.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::http::{Request, data, text};
use super::person::Person;
use super::progress::Line;

/// How long one question for news waits, seconds.
const WAIT_S: &str = "10";

/// Statuses that are not left by themselves.
const ENDS: [&str; 6] =
    ["completed", "expired", "cancelled", "collection_failed", "refunded", "needs_attention"];

/// What a quote is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Whole XOF.
    pub amount: &'a str,
    /// `send`, `receive` or `total`.
    pub side: &'static str,
}

/// An offer.
#[derive(Clone, Debug)]
pub struct Quote {
    pub id: String,
    /// Until when it may be paid.
    pub funding_deadline: DateTime<Utc>,
}

/// Who gets the money.
#[derive(Clone, Debug)]
pub struct Payee {
    pub name: &'static str,
    pub phone: String,
}

/// A transfer of `person`.
#[derive(Debug)]
pub struct Order<'p> {
    person: &'p Person<'p>,
    line: &'p Line,
    pub id: String,
    /// What the payer pays, fee included: whole XOF.
    pub total: String,
    /// The last status that was shown.
    shown: Mutex<String>,
}

/// Asks for an offer from Senegal to Côte d'Ivoire, by Wave on both sides.
pub async fn quote(person: &Person<'_>, ask: Ask<'_>) -> anyhow::Result<Quote> {
    let body = json!({
        "send_currency": "XOF", "receive_currency": "XOF",
        "from_country": "SN", "to_country": "CI",
        "amount": { "amount": ask.amount, "currency": "XOF" }, "side": ask.side,
        "funding_rail": "wave", "payout_rail": "wave",
    });
    let quote = person.ask(Request::post("/v1/quotes", body)).await?;
    let funding_deadline =
        text(&quote, "funding_deadline").parse().context("a quote has no funding deadline")?;
    Ok(Quote { id: text(&quote, "id").to_owned(), funding_deadline })
}

impl<'p> Order<'p> {
    /// Orders what was quoted.
    pub async fn place(
        person: &'p Person<'p>,
        line: &'p Line,
        quote: &Quote,
        payee: &Payee,
    ) -> anyhow::Result<Order<'p>> {
        let body = json!({
            "quote_id": quote.id,
            "payer": { "rail": "wave", "phone": person.phone },
            "payee": { "rail": "wave", "phone": payee.phone, "name": payee.name, "country": "CI" },
            "purpose": "family support",
        });
        let view =
            person.ask(Request::post("/v1/transfers", body).key(format!("order-{}", quote.id))).await?;
        Order::of(person, line, &view)
    }

    /// Orders what was quoted with the money that came too late for this one.
    pub async fn place_with_late_money(&self, quote: &Quote) -> anyhow::Result<Order<'p>> {
        let request = Request::post(format!("{}/late_payment", self.path()), json!({ "quote_id": quote.id }));
        let view = self.person.ask(request.key(format!("late-{}", quote.id))).await?;
        Order::of(self.person, self.line, &view)
    }

    fn of(person: &'p Person<'p>, line: &'p Line, view: &Value) -> anyhow::Result<Order<'p>> {
        let id = text(view, "id").to_owned();
        let total =
            view.get("total_to_pay").map(|total| text(total, "amount")).unwrap_or_default().to_owned();
        anyhow::ensure!(!id.is_empty() && !total.is_empty(), "a transfer has no id or no total: {view}");
        let order = Order { person, line, id, total, shown: Mutex::default() };
        order.show(text(view, "status"));
        Ok(order)
    }

    /// The page that the payer is sent to, once the provider has supplied it.
    pub async fn page(&self) -> anyhow::Result<String> {
        let mut view = self.view(None).await?;
        loop {
            let action = view.get("next_action").unwrap_or(&Value::Null);
            if text(action, "type") == "redirect" {
                return Ok(text(action, "url").to_owned());
            }
            let status = text(&view, "status");
            anyhow::ensure!(status == "awaiting_payment", "the transfer is {status} before anybody paid");
            view = self.view(Some(&view)).await?;
        }
    }

    /// The collection's reference, by which the payer may be made to pay.
    pub async fn collection(&self) -> anyhow::Result<String> {
        self.page().await?;
        let timeline = self.timeline().await?;
        let movement =
            timeline.iter().filter_map(|line| line.get("movement")).find(|m| text(m, "kind") == "collection");
        Ok(movement
            .map(|movement| text(movement, "reference"))
            .context("the timeline names no collection")?
            .to_owned())
    }

    /// The payer pays in the app.
    pub async fn pay(&self) -> anyhow::Result<()> {
        let collection = self.collection().await?;
        self.pay_anyway(&collection).await
    }

    /// The payer pays what `collection` asks for, whatever became of the transfer.
    pub async fn pay_anyway(&self, collection: &str) -> anyhow::Result<()> {
        let pay = Request::post("/_control/wave/pay", json!({ "reference": collection }));
        self.line.say("pays");
        self.person.stage.simulators.ask(&pay).await?;
        Ok(())
    }

    /// Returns once the transfer is in one of the `wanted` statuses; an end that is not wanted is an error.
    pub async fn until(&self, wanted: &[&str]) -> anyhow::Result<String> {
        let mut view = self.view(None).await?;
        loop {
            let status = text(&view, "status").to_owned();
            self.show(&status);
            if wanted.contains(&status.as_str()) {
                return Ok(status);
            }
            anyhow::ensure!(
                !ENDS.contains(&status.as_str()),
                "the transfer is {status}, not {}",
                wanted.join(" or ")
            );
            view = self.view(Some(&view)).await?;
        }
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
            tokio::time::sleep(Duration::from_millis(50)).await;
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
