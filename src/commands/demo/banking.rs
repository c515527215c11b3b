//! What happens in the scenes with euros, but for the one about rates.

use anyhow::Context;
use domain::{Account, Currency, Money, Provider};
use serde_json::Value;
use tokio::time::sleep;

use super::books;
use super::euros::Part;
use super::http::text;
use super::person::Person;
use super::scenes::{Ending, LOOK_AGAIN};
use super::way::{Ask, Quote, quote};

/// What the payer sends at first.
const FIRST_PART: &str = "40";

impl Part<'_> {
    pub(super) async fn by_transfer(&self, person: &Person<'_>) -> anyhow::Result<Ending> {
        let (order, offer) = self.order(person).await?;
        order.pay().await?;
        order.until(&["completed"]).await?;
        let francs = self.received(&offer).await?;
        self.days_pass().await?;
        self.ending(
            &[&order],
            &format!("{} EUR became {francs} XOF at once, told by text message", order.total),
        )
        .await
    }

    pub(super) async fn by_debit(&self, person: &Person<'_>) -> anyhow::Result<Ending> {
        let (order, offer) = self.order(person).await?;
        order.until(&["collecting"]).await?;
        self.days_pass().await?;
        order.until(&["completed"]).await?;
        let francs = self.received(&offer).await?;
        self.ending(
            &[&order],
            &format!("{} EUR debited, sure six banking days later, became {francs} XOF", order.total),
        )
        .await
    }

    pub(super) async fn in_two_parts(&self, person: &Person<'_>) -> anyhow::Result<Ending> {
        let (order, offer) = self.order(person).await?;
        let whole = order.instructions(i64::MAX).await?;
        anyhow::ensure!(whole.major() == order.total, "{whole} are asked for, not {}", order.total);
        order.pay_part(FIRST_PART).await?;
        let rest = order.instructions(whole.minor()).await?;
        let expected = whole.checked_sub(Money::parse(FIRST_PART, whole.currency())?)?;
        anyhow::ensure!(rest == expected, "{rest} are still asked for, not {expected}");
        order.until(&["awaiting_payment"]).await.context("a part was enough")?;
        order.pay().await?;
        order.until(&["completed"]).await?;
        self.received(&offer).await?;
        self.days_pass().await?;
        self.ending(
            &[&order],
            &format!("{FIRST_PART} came, {} were asked for and paid; completed", rest.major()),
        )
        .await
    }

    pub(super) async fn late(&self, person: &Person<'_>) -> anyhow::Result<Ending> {
        let (order, offer) = self.order(person).await?;
        let collection = order.collection().await?;
        self.days_pass().await?;
        order.until(&["expired"]).await?;
        order.pay_anyway(&collection).await?;
        order.until_told("late_payment").await?;
        let kept = self.moved_by(&collection, &["collection"]).await?;
        self.line.say("takes a new quote");
        let fresh = quote(person, Ask { amount: &order.total, side: "total", ..self.ask() }).await?;
        anyhow::ensure!(fresh.receive != offer.receive, "late money was offered the old rate");
        let again = order.place_with_late_money(&fresh).await?;
        again.until(&["completed"]).await?;
        order.until(&["expired"]).await?;
        let francs = self.received(&fresh).await?;
        self.ending(
            &[&order, &again],
            &format!("{kept} EUR after the deadline, kept apart; {francs} XOF at today's rate"),
        )
        .await
    }

    /// The rate changes between the order and the payment: what was offered holds, also on the way back.
    pub(super) async fn refused(&self, person: &Person<'_>) -> anyhow::Result<Ending> {
        let (order, _) = self.order(person).await?;
        let collection = order.collection().await?;
        self.rate_has_changed().await;
        order.pay().await?;
        order.until(&["refunding"]).await?;
        let refund = order.movement("refund").await?;
        // Days that pass before Stripe has it are not days that it takes.
        while self.stage.operations_at(Provider::Stripe, &refund).await?.is_empty() {
            sleep(LOOK_AGAIN).await;
        }
        self.days_pass().await?;
        order.until(&["refunded"]).await?;
        let back = self.moved_by(&collection, &["collection"]).await?;
        anyhow::ensure!(back == order.total, "{back} came, not {}", order.total);
        anyhow::ensure!(order.refunded().await? == order.total, "not everything was given back");
        self.ending(
            &[&order],
            &format!("{} EUR given back to the cent, though the rate had changed", order.total),
        )
        .await
    }

    pub(super) async fn disputed(&self, person: &Person<'_>) -> anyhow::Result<Ending> {
        let (order, offer) = self.order(person).await?;
        order.until(&["collecting"]).await?;
        self.days_pass().await?;
        order.until(&["completed"]).await?;
        self.received(&offer).await?;
        order.dispute().await?;
        order.beyond("completed", &["disputed"]).await?;
        let admin = books::sign_in(self.stage, 1).await?;
        let loss = Account::DisputeLoss { currency: Currency::EUR };
        let lines = books::trial_balance(&admin).await?;
        let loss = lines.iter().find(|line| line.account == loss).context("no loss is booked")?;
        anyhow::ensure!(
            loss.balance.major() == order.total,
            "the loss is {}, not {}",
            loss.balance,
            order.total
        );
        self.ending(
            &[&order],
            &format!("paid out, then taken back by the bank: {} are our loss", loss.balance),
        )
        .await
    }

    /// The payee's wallet grew by what was offered, once, and their phone says so; the amount.
    async fn received(&self, offer: &Quote) -> anyhow::Result<String> {
        let phone = self.payee().to;
        let moved = self.stage.operations_of(&phone).await?;
        let amounts: Vec<&str> = moved.iter().map(|operation| text(operation, "amount")).collect();
        anyhow::ensure!(
            amounts == [offer.receive.as_str()],
            "{phone} got {amounts:?}, not {}",
            offer.receive
        );
        let says_so = |message: &str| digits(message).contains(&offer.receive).then_some(());
        self.stage.told(&phone, 0, says_so).await?;
        Ok(offer.receive.clone())
    }

    /// What moved at the simulated Stripe by `collection` was of these kinds; the sum in major units of the first.
    async fn moved_by(&self, collection: &str, kinds: &[&str]) -> anyhow::Result<String> {
        let moved = self.stage.operations_at(Provider::Stripe, collection).await?;
        let happened: Vec<&str> = moved.iter().map(|operation| text(operation, "kind")).collect();
        anyhow::ensure!(happened == kinds, "the payer's money went {happened:?}");
        Ok(text(moved.first().unwrap_or(&Value::Null), "amount").to_owned())
    }
}

/// A message without what is no digit, so that it does not matter how figures are grouped.
fn digits(message: &str) -> String {
    message.chars().filter(char::is_ascii_digit).collect()
}
