//! A provider's balance beside our ledger: what is under way explains a difference, and what lasts is told.

use serde_json::json;

use super::{a_receiver, look_over, of_kind};
use crate::testkit::{Ask, Receiver, TestApp, ivorian, on_each_database_beside};

async fn watched() -> (Vec<(&'static str, String)>, Receiver) {
    let (mut settings, receiver) = a_receiver().await;
    settings.push(("alerts.drift_check_s", "60".to_owned()));
    settings.push(("alerts.drift_confirm_s", "600".to_owned()));
    (settings, receiver)
}

const FLOAT: &str = "float:wave:sn:XOF";

/// Somebody takes money out of the wallet in Wave's portal.
async fn money_leaves(app: &TestApp) {
    app.wave().sweep("sn", 4950).await;
}

/// And a payment that no session asked for brings as much, less Wave's fee of 50.
async fn money_comes(app: &TestApp) {
    app.wave().act("direct", json!({ "wallet": "sn", "amount": "5000" })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_that_lasts_is_told_and_is_over_when_it_is_gone() {
    on_each_database_beside(watched, async |app, receiver| {
        look_over(app).await;
        assert_eq!(of_kind(app, "drift").await, [""; 0], "both sides agree");
        money_leaves(app).await;
        for _ in 0..5 {
            look_over(app).await;
            assert_eq!(of_kind(app, "drift").await, [""; 0], "it may have an explanation");
        }
        app.move_clocks(600).await;
        look_over(app).await;
        assert_eq!(of_kind(app, "drift").await, [format!("{FLOAT} open")]);
        let told = receiver.wait_for(1).await[0].json();
        assert_eq!((&told["data"]["kind"], &told["data"]["severity"]), (&json!("drift"), &json!("critical")));
        assert_eq!(told["data"]["facts"]["difference"], "-4950 XOF");
        money_comes(app).await;
        look_over(app).await;
        assert_eq!(of_kind(app, "drift").await, [format!("{FLOAT} resolved")]);
        let told = receiver.wait_for(2).await[1].json();
        assert_eq!(told["type"], "alert.resolved");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_is_no_drift() {
    on_each_database_beside(watched, async |app, receiver| {
        let awa = app.customer().await;
        // The payout has left and nobody said so: the float at Wave is lower than ours for an hour.
        app.wave().fault(json!({ "fault": "lose_reply", "match": { "method": "POST", "path": "/payout" } })).await;
        app.wave().fault(json!({ "fault": "error_before", "times": 1000, "match": { "method": "GET", "path": "/payout" } })).await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        transfer.pay().await;
        transfer.shows("in_reconciliation").await;
        for _ in 0..20 {
            look_over(app).await;
        }
        assert_eq!(of_kind(app, "drift").await, [""; 0]);
        app.wave().heal().await;
        app.pass(4000).await;
        transfer.shows("completed").await;
        app.pass_until_kept(&["learn_fee"]).await;
        for _ in 0..15 {
            look_over(app).await;
        }
        assert_eq!(of_kind(app, "drift").await, [""; 0]);
        let kinds: Vec<_> = receiver.posted().iter().map(|one| one.json()["data"]["kind"].clone()).collect();
        assert!(kinds.iter().all(|kind| kind == "uncertain"), "{kinds:?}");
        assert!(!kinds.is_empty(), "not to know for so long is told");
    })
    .await;
}

/// The drift switch: what is missing beyond the settings stops payouts until an admin looks, and does not stop them
/// again over the same difference.
#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_that_misses_much_pays_out_no_more_until_an_admin_resumes_it() {
    let prepare = async || {
        let (mut settings, receiver) = watched().await;
        settings.push(("rails.stop_payouts_on_drift", "XOF 4000".to_owned()));
        (settings, receiver)
    };
    on_each_database_beside(prepare, async |app, _| {
        look_over(app).await;
        money_leaves(app).await;
        look_over(app).await;
        assert_eq!(of_kind(app, "rail_paused").await, [""; 0], "it may have an explanation");
        app.move_clocks(600).await;
        look_over(app).await;
        assert_eq!(of_kind(app, "rail_paused").await, ["wave:sn:disburse open"]);
        let admin = app.admin().await;
        let shown = admin.get("/v1/admin/rails").await;
        let row = shown["data"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["wallet"] == "sn" && row["rail"] == "wave");
        let row = row.unwrap();
        assert_eq!(row["disburse"]["paused"]["by"], "gateway");
        assert_eq!(
            (&row["collect"]["paused"], &row["collect"]["health"]),
            (&json!(null), &json!("operational"))
        );
        assert_eq!(row["provider_balance"]["drift"], json!({ "amount": "-4950", "currency": "XOF" }));
        let ask = Ask::post("/v1/admin/rails/wave/resume", &json!({ "reason": "Counted by hand" })).key("r");
        admin.ask(ask).await.expect(200);
        for _ in 0..3 {
            look_over(app).await;
        }
        assert_eq!(of_kind(app, "drift").await, [format!("{FLOAT} open")]);
        assert_eq!(
            of_kind(app, "rail_paused").await,
            ["wave:sn:disburse resolved"],
            "not again over the same"
        );
        money_comes(app).await;
        look_over(app).await;
    })
    .await;
}
