//! What happens in the scenes, but for the one about webhooks.

use anyhow::Context;
use chrono::TimeDelta;
use serde_json::json;
use tokio::time::sleep;

use super::http::text;
use super::order::Order;
use super::person::Person;
use super::scenes::{Ending, LOOK_AGAIN, Part, WITHIN_AFRICA};
use super::way::{Ask, quote};

impl Part<'_> {
    pub(super) async fn paid_in_app(&self, person: &Person<'_>) -> anyhow::Result<Ending> {
        let order = self.order(person).await?;
        order.pay().await?;
        self.funded(&order).await?;
        order.until(&["completed"]).await?;
        self.stage.told(&self.payee().to, 0, |_| Some(())).await?;
        self.ending(&[&order], "completed; the payee was told by text message").await
    }

    pub(super) async fn paid_on_page(&self, person: &Person<'_>) -> anyhow::Result<Ending> {
        let order = self.order(person).await?;
        let page = order.page().await?;
        let server = &self.stage.simulators;
        server.browse(&page, None).await?;
        self.line.say("pays on the page");
        let payer = [("payer", person.phone.as_str())];
        let back = server.browse(&format!("{page}/pay"), Some(&payer)).await?;
        let back = back.context("the page leads nowhere after the payment")?;
        let gateway = self.stage.gateway.server().url();
        anyhow::ensure!(back.starts_with(gateway), "the page leads to {back}, not back to {gateway}");
        server.browse(&back, None).await?;
        self.funded(&order).await?;
        order.until(&["completed"]).await?;
        self.ending(&[&order], "completed; the browser came back").await
    }

    pub(super) async fn paid_late(&self, person: &Person<'_>) -> anyhow::Result<Ending> {
        let offer = quote(person, self.ask()).await?;
        let order = Order::place(person, self.line, &offer, &self.payee()).await?;
        let collection = order.collection().await?;
        let closing = json!({ "path": "/expire", "reference": collection });
        let refused = json!({ "fault": "error_before", "status": 503, "times": 1000, "match": closing });
        self.stage.fault(refused).await?;
        self.settled();
        self.cues.restarted.given_by_all().await;
        self.line.say("lets twenty minutes pass");
        self.stage.move_clocks(offer.funding_deadline + TimeDelta::minutes(1)).await?;
        order.until(&["expired"]).await?;
        order.pay_anyway(&collection).await?;
        order.until_told("late_payment").await?;
        self.line.say("takes a new quote");
        let offer = quote(person, Ask { way: WITHIN_AFRICA, amount: &order.total, side: "total" }).await?;
        let again = order.place_with_late_money(&offer).await?;
        again.until(&["completed"]).await?;
        order.until(&["expired"]).await?;
        self.ending(&[&order, &again], "expired; the late money paid for a new transfer, completed").await
    }

    pub(super) async fn never_paid(&self, person: &Person<'_>) -> anyhow::Result<Ending> {
        let order = self.order(person).await?;
        let collection = order.collection().await?;
        self.settled();
        order.until(&["expired"]).await?;
        let moved = self.stage.operations_of(&collection).await?;
        anyhow::ensure!(moved.is_empty(), "nobody paid, and yet: {moved:?}");
        self.ending(&[&order], "expired; nothing moved").await
    }

    pub(super) async fn payee_refused(&self, person: &Person<'_>) -> anyhow::Result<Ending> {
        let order = self.order(person).await?;
        let collection = order.collection().await?;
        order.pay().await?;
        self.funded(&order).await?;
        order.until(&["refunded"]).await?;
        let moved = self.stage.operations_of(&collection).await?;
        let kinds: Vec<&str> = moved.iter().map(|operation| text(operation, "kind")).collect();
        anyhow::ensure!(kinds == ["collection", "refund"], "the payer's money went {kinds:?}");
        self.ending(&[&order], "refunded in full").await
    }

    pub(super) async fn reply_lost(&self, person: &Person<'_>) -> anyhow::Result<Ending> {
        self.stage.fault(json!({ "fault": "lose_reply", "match": self.payout() })).await?;
        let order = self.order(person).await?;
        order.pay().await?;
        order.until(&["in_reconciliation"]).await?;
        self.settled();
        order.until(&["completed"]).await?;
        self.paid_out_once().await?;
        self.ending(&[&order], "uncertain, asked about, found; paid out once").await
    }

    pub(super) async fn killed(&self, person: &Person<'_>) -> anyhow::Result<Ending> {
        let order = self.order(person).await?;
        order.page().await?;
        self.cues.settled.given_by_all().await;
        self.stage.fault(json!({ "fault": "slow", "delay_ms": 4000, "match": self.payout() })).await?;
        order.pay().await?;
        while self.stage.operations_of(&self.payee().to).await?.is_empty() {
            sleep(LOOK_AGAIN).await;
        }
        order.until(&["disbursing"]).await?;
        self.line.say("kills the gateway");
        self.stage.gateway.kill().await?;
        self.line.say("starts the gateway again");
        self.stage.gateway.start_again().await?;
        self.cues.restarted.give(self.number);
        order.until(&["completed"]).await?;
        self.paid_out_once().await?;
        self.ending(&[&order], "completed after SIGKILL and restart; paid out once").await
    }

    async fn paid_out_once(&self) -> anyhow::Result<()> {
        let paid = self.stage.operations_of(&self.payee().to).await?.len();
        anyhow::ensure!(paid == 1, "the payee was paid {paid} times");
        Ok(())
    }
}
