//! The scene about rates: one admin proposes, another agrees, and quotes follow.

use serde_json::{Value, json};

use super::euros::Part;
use super::http::{Request, text};
use super::person::Person;
use super::scenes::Ending;
use super::way::quote;

/// What we take off the parity from now on, basis points: more than one admin may change.
const SPREAD_BPS: &str = "500";

impl Part<'_> {
    pub(super) async fn rates(&self, customer: &Person<'_>) -> anyhow::Result<Ending> {
        let [one, two] = self.admins;
        let path = "/v1/admin/rates/EUR/XOF";
        self.ordered_by_all().await;
        let before = quote(customer, self.ask()).await?.receive;
        self.line.say("one admin asks for it");
        let now = one.ask(Request::get(path)).await?;
        let wish = json!({
            "mid": text(&now, "mid"), "sell_spread_bps": text(&now, "sell_spread_bps"),
            "buy_spread_bps": SPREAD_BPS, "source": "the demo",
        });
        let waits = one.ask(Request::put(path, wish)).await?;
        anyhow::ensure!(text(&waits, "status") == "pending", "one admin was enough: {waits}");
        let meanwhile = quote(customer, self.ask()).await?.receive;
        anyhow::ensure!(meanwhile == before, "quotes followed what nobody agreed to");
        self.line.say("the same admin may not agree");
        let agree = agreement(&waits);
        let refused = one.refused(agree.clone(), 403).await?;
        anyhow::ensure!(refused == "own_request", "refused for {refused}");
        self.line.say("the other one agrees");
        let agreed = two.ask(agree).await?;
        anyhow::ensure!(text(&agreed, "status") == "approved", "not approved: {agreed}");
        let after = quote(customer, self.ask()).await?.receive;
        let figures: (i64, i64) = (before.parse()?, after.parse()?);
        anyhow::ensure!(figures.1 < figures.0, "quotes did not follow: {before}, then {after}");
        self.rate_changed();
        self.days_pass().await?;
        self.ending(&[], &format!("one asked, the other agreed: 100 EUR buy {after} XOF, not {before}")).await
    }
}

/// To what was shown, by its digest.
pub(super) fn agreement(waits: &Value) -> Request {
    let body = json!({ "digest": text(waits, "digest") });
    Request::post(format!("/v1/admin/approvals/{}/approve", text(waits, "id")), body)
}
