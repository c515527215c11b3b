//! Looking the book over: what waits too long, holds too little or does not run is told, until it is mended.

use chrono::{DateTime, TimeDelta, Utc};
use domain::transfer::{Event, Fact};
use moneybridge::services::cases::{self, With};
use serde_json::json;
use store::jobs::{self, Run};

use super::{a_receiver, look_over, of_kind};
use crate::testkit::{Receiver, TestApp, ivorian, on_each_database, on_each_database_beside};

async fn watched() -> (Vec<(&'static str, String)>, Receiver) {
    a_receiver().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_that_stays_unknown_is_told_until_it_is_known() {
    on_each_database_beside(watched, async |app, receiver| {
        let awa = app.customer().await;
        app.wave().fault(json!({ "fault": "lose_reply", "match": { "method": "POST", "path": "/payout" } })).await;
        app.wave().fault(json!({ "fault": "error_before", "times": 1000, "match": { "method": "GET", "path": "/payout" } })).await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        transfer.pay().await;
        transfer.shows("in_reconciliation").await;
        for _ in 0..10 {
            look_over(app).await;
        }
        assert_eq!(of_kind(app, "uncertain").await, [""; 0], "ten minutes are not too long");
        app.pass(300).await;
        look_over(app).await;
        let reference = transfer.reference("disbursement").await;
        assert_eq!(of_kind(app, "uncertain").await, [format!("{reference} open")]);
        let told = receiver.wait_for(1).await[0].json();
        assert_eq!(told["data"]["facts"]["transfer"], transfer.id);
        app.wave().heal().await;
        app.pass(4000).await;
        transfer.shows("completed").await;
        look_over(app).await;
        assert_eq!(of_kind(app, "uncertain").await, [format!("{reference} resolved")]);
        assert_eq!(receiver.wait_for(2).await[1].json()["type"], "alert.resolved");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_that_needs_a_person_is_told() {
    on_each_database_beside(watched, async |app, receiver| {
        let awa = app.customer().await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        transfer.pay().await;
        transfer.shows("completed").await;
        let reference = transfer.reference("disbursement").await;
        let operations = app.wave().operations().await;
        let payout =
            operations.iter().find(|operation| operation["reference"] == reference.as_str()).unwrap();
        let undo = format!("/wave/v1/payout/{}/reverse", payout["id"].as_str().unwrap());
        let undo = crate::testkit::Ask::new("POST", undo).bearer("wave_ci_prod_sandbox");
        assert_eq!(app.control(undo).await.status, 200);
        let event = Event::Heard { movement: reference.parse().unwrap(), fact: Fact::Reversed };
        cases::apply(&app.app(), transfer.id.parse().unwrap(), &event, With::default()).await.unwrap();
        look_over(app).await;
        assert_eq!(of_kind(app, "needs_attention").await, [""; 0]);
        app.move_clocks(900).await;
        look_over(app).await;
        assert_eq!(of_kind(app, "needs_attention").await, [format!("{} open", transfer.id)]);
        assert_eq!(receiver.wait_for(1).await[0].json()["data"]["severity"], "warning");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_float_below_what_was_asked_for_is_told_until_it_is_not_seen_any_more() {
    let prepare = async || {
        let (mut settings, receiver) = a_receiver().await;
        settings
            .push(("alerts.float_floors", "float:wave:sn:XOF = 999999999, float:wave:ci:XOF = 1".to_owned()));
        settings.push(("alerts.lapse_s", "120".to_owned()));
        (settings, receiver)
    };
    on_each_database_beside(prepare, async |app, receiver| {
        look_over(app).await;
        assert_eq!(of_kind(app, "float_low").await, ["float:wave:sn:XOF open"]);
        assert_eq!(receiver.wait_for(1).await[0].json()["data"]["facts"]["floor"], "999999999 XOF");
        look_over(app).await;
        let listed = app.operator().await.get("/v1/admin/alerts").await;
        assert!(listed["data"][0]["count"].as_i64().unwrap() >= 2, "seen at each look");
    })
    .await;
}

/// Ends a run of `name` so.
async fn run_ends(app: &TestApp, name: &str, outcome: &str, next_at: DateTime<Utc>) {
    let app = app.app();
    let now = app.clock.now();
    let mut tx = app.db.begin().await.unwrap();
    let token =
        jobs::claim(&mut tx, name, "somebody", now, now + TimeDelta::minutes(1)).await.unwrap().unwrap();
    assert!(jobs::finish(&mut tx, name, token, Run { ended_at: now, next_at, outcome }).await.unwrap());
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_fails_or_does_not_run_is_told_until_it_does() {
    on_each_database_beside(watched, async |app, receiver| {
        let now = app.app().clock.now();
        run_ends(app, "feed", "failed", now).await;
        run_ends(app, "report", "ok", now + TimeDelta::seconds(30)).await;
        look_over(app).await;
        assert_eq!(of_kind(app, "job_failed").await, ["job:feed open"]);
        assert_eq!(receiver.wait_for(1).await[0].json()["data"]["facts"]["reason"], "failed");
        run_ends(app, "feed", "ok", now + TimeDelta::days(1)).await;
        app.move_clocks(1000).await;
        look_over(app).await;
        look_over(app).await;
        assert_eq!(of_kind(app, "job_failed").await, ["job:feed resolved", "job:report open"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_listens_nowhere_still_has_the_list() {
    on_each_database(async |app| {
        super::something_happens(app, "cus_1").await;
        app.quiet().await;
        let operator = app.operator().await;
        let listed = operator.get("/v1/admin/alerts").await;
        assert_eq!((&listed["data"][0]["told"], &listed["data"][0]["status"]), (&json!(0), &json!("open")));
    })
    .await;
}
