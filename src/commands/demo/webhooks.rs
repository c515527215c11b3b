//! The scene about webhooks: forged, repeated, out of order, and the payment credited once.
//!
//! The simulator's own journal of deliveries says what each was answered.

use anyhow::Context;
use domain::Provider;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::http::{Request, data, text};
use super::person::Person;
use super::scenes::{Ending, LOOK_AGAIN, Part};

impl Part<'_> {
    /// Forgeries before anybody paid, then a failed attempt that is told after the payment that followed it, and the
    /// payment told three times with a forgery beside it.
    pub(super) async fn callbacks(&self, person: &Person<'_>) -> anyhow::Result<Ending> {
        let order = self.order(person).await?;
        let collection = order.collection().await?;
        for variant in ["signature", "unsigned", "stale"] {
            let forge = json!({ "reference": collection, "variant": variant });
            self.stage.control(Provider::Wave, "forge", forge).await?;
        }
        self.forgeries_refused(3).await?;
        order.until(&["awaiting_payment"]).await.context("a forged webhook was believed")?;
        let of = |event: &str| json!({ "path": event, "reference": collection });
        let (failed, paid) = (of("payment_failed"), of("session.completed"));
        for fault in [
            json!({ "fault": "callback_late", "delay_seconds": 2, "match": failed }),
            json!({ "fault": "callback_duplicate", "copies": 2, "match": paid }),
            json!({ "fault": "callback_forged", "variant": "amount", "match": paid }),
        ] {
            self.stage.fault(fault).await?;
        }
        let decline = json!({ "reference": collection, "outcome": "decline" });
        self.stage.control(Provider::Wave, "pay", decline).await?;
        order.pay().await?;
        order.until(&["completed"]).await?;
        self.forgeries_refused(4).await?;
        self.told_thrice_and_out_of_order().await?;
        let credited = order.events().await?.iter().filter(|event| *event == "payment_received").count();
        anyhow::ensure!(credited == 1, "the payment was credited {credited} times");
        self.settled();
        self.ending(&[&order], "4 forgeries refused, 3 copies credited once").await
    }

    /// Every forgery was answered 401, and there were `count`.
    async fn forgeries_refused(&self, count: usize) -> anyhow::Result<()> {
        loop {
            let journal = self.deliveries().await?;
            let forged = journal.iter().filter(|line| line.get("genuine") == Some(&Value::Bool(false)));
            let answers: Vec<u64> = forged.filter_map(|line| line.get("status")?.as_u64()).collect();
            anyhow::ensure!(answers.iter().all(|answer| *answer == 401), "forged webhooks got {answers:?}");
            if answers.len() >= count {
                return Ok(());
            }
            sleep(LOOK_AGAIN).await;
        }
    }

    /// One event was taken three times, and the failed attempt was heard of after it.
    async fn told_thrice_and_out_of_order(&self) -> anyhow::Result<()> {
        loop {
            let journal = self.deliveries().await?;
            let taken: Vec<&Value> =
                journal.iter().filter(|line| line.get("status") == Some(&json!(200))).collect();
            let same = |line: &&Value| {
                taken.iter().filter(|other| other.get("event_id") == line.get("event_id")).count()
            };
            let thrice = taken.iter().position(|line| same(line) == 3);
            let failed = taken.iter().position(|line| text(line, "event_type").ends_with("payment_failed"));
            if let (Some(thrice), Some(failed)) = (thrice, failed) {
                anyhow::ensure!(thrice < failed, "the webhooks came in order");
                return Ok(());
            }
            sleep(LOOK_AGAIN).await;
        }
    }

    async fn deliveries(&self) -> anyhow::Result<Vec<Value>> {
        let journal = self.stage.simulators.ask(&Request::get("/_control/wave/deliveries")).await?;
        Ok(data(&journal).to_vec())
    }
}
