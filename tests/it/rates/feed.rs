//! Rates that are read outside: followed, doubted when they jump, and missed when nobody answers.

use std::time::Instant;

use moneybridge::services::rates::feed;
use serde_json::{Value, json};

use super::{approve, corridors, in_force, put, spread, waiting};
use crate::testkit::{Ask, Staff, TestApp, on_each_database_with};

/// Read at the start and then by the test; the worker comes again long after.
const FEED: [(&str, &str); 3] = [
    ("rates.feed.pairs", "EUR/GNF,EUR/CNY"),
    ("rates.feed.interval_s", "604800"),
    ("rates.feed.max_age_s", "3600"),
];

/// Until the worker has read for the first time.
async fn begun(admin: &Staff<'_>) {
    let since = Instant::now();
    while admin.get("/v1/admin/rates").await["feed"]["succeeded_at"].is_null() {
        assert!(since.elapsed().as_secs() < 20, "the feed was never read");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

async fn publish(app: &TestApp, gnf: &str) {
    let body = json!({ "rates": { "GNF": gnf } });
    app.control(Ask::post("/_control/rates/values", &body)).await.expect(200);
    app.pass(1).await;
}

async fn read(app: &TestApp) -> i64 {
    feed::read(&app.app()).await.unwrap()
}

async fn state(admin: &Staff<'_>) -> Value {
    admin.get("/v1/admin/rates").await["feed"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_is_followed_and_its_jumps_wait_for_an_admin() {
    on_each_database_with(&FEED, async |app| {
        let (one, two) = app.admins().await;
        begun(&one).await;
        assert_eq!(in_force(&one, "EUR/GNF").await, "9400.25 9541.25375 9259.24625 v1");
        assert_eq!(one.get("/v1/admin/rates/EUR/GNF").await["set_by"], "rate feed");
        publish(app, "9450.5").await;
        assert_eq!(read(app).await, 0);
        assert_eq!(in_force(&one, "EUR/GNF").await, "9450.5 9592.2575 9308.7425 v2");

        put(&one, "EUR/GNF", &spread("9450.5", "100", "50")).await.expect(200);
        publish(app, "9460").await;
        read(app).await;
        assert_eq!(in_force(&one, "EUR/GNF").await, "9460 9554.6 9412.7 v4", "an admin's spreads are kept");

        publish(app, "10500").await;
        assert_eq!(read(app).await, 0, "a jump is no failure");
        assert_eq!(in_force(&one, "EUR/GNF").await, "9460 9554.6 9412.7 v4");
        let asked = waiting(&one).await;
        app.pass(1).await;
        read(app).await;
        assert_eq!(waiting(&one).await, asked, "what an admin looks at is not asked for again");
        let approval = one.get(&format!("/v1/admin/approvals/{}", asked[0])).await;
        assert_eq!((&approval["made_by"], asked.len()), (&json!("rate feed"), 1));
        approve(&two, &approval, &approval["digest"]).await.expect(200);
        assert_eq!(in_force(&one, "EUR/GNF").await, "10500 10605 10447.5 v5");
        assert!(one.get("/v1/admin/rates/EUR/GNF").await["approved_by"].is_string());

        publish(app, "11000").await;
        read(app).await;
        publish(app, "10510").await;
        read(app).await;
        assert!(waiting(&one).await.is_empty(), "the jump is over");
        assert_eq!(in_force(&one, "EUR/GNF").await, "10510 10615.1 10457.45 v6");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_feed_cannot_mean_is_counted_and_kept_out() {
    on_each_database_with(&FEED, async |app| {
        let (one, _) = app.admins().await;
        begun(&one).await;
        let before = in_force(&one, "EUR/GNF").await;
        publish(app, "30000").await;
        assert_eq!((read(app).await, read(app).await), (1, 2));
        let told = state(&one).await;
        assert_eq!(
            (&told["failures"], &told["last_error"]),
            (&json!(2), &json!("EUR/GNF: rate_out_of_bounds"))
        );
        assert_eq!(in_force(&one, "EUR/GNF").await, before);
        assert!(waiting(&one).await.is_empty());

        for fault in ["html", "truncated_json", "error_after_success", "reset_before"] {
            let fault = json!({ "fault": fault });
            app.control(Ask::post("/_control/rates/faults", &fault)).await.expect(201);
            assert!(read(app).await > 2, "{fault}");
        }
        let ahead = json!({ "rates": { "GNF": "9410" }, "as_of": "2999-01-01T00:00:00Z" });
        app.control(Ask::post("/_control/rates/values", &ahead)).await.expect(200);
        read(app).await;
        assert_eq!(state(&one).await["last_error"], "EUR/GNF: rate_outdated; EUR/CNY: rate_outdated");
        assert_eq!(in_force(&one, "EUR/GNF").await, before);
        publish(app, "9410").await;
        assert_eq!(read(app).await, 0);
        assert_eq!(
            (&state(&one).await["failures"], &state(&one).await["last_error"]),
            (&json!(0), &Value::Null)
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_feed_ends_in_no_quotes_until_it_is_back() {
    let (_folder, file) = corridors();
    let settings = [&FEED[..], &[("config", &file)]].concat();
    on_each_database_with(&settings, async |app| {
        let ((one, _), awa) = (app.admins().await, app.customer().await);
        begun(&one).await;
        let asked = json!({
            "send_currency": "EUR", "receive_currency": "GNF", "side": "send",
            "amount": { "amount": "250", "currency": "EUR" },
            "funding_rail": "balance", "payout_rail": "balance",
        });
        let quote = async || awa.ask(Ask::post("/v1/quotes", &asked)).await;
        quote().await.expect(201);
        let dead = json!({ "fault": "reset_before", "times": 1000 });
        app.control(Ask::post("/_control/rates/faults", &dead)).await.expect(201);
        assert!(read(app).await > 0);
        quote().await.expect(201);
        app.pass(3_700).await;
        quote().await.refused(503, "rate_stale");
        assert!(read(app).await > 1);
        assert!(state(&one).await["last_error"].as_str().unwrap().starts_with("no answer"));
        let stale = moneybridge::services::rates::stale_pairs(&app.app()).await.unwrap();
        assert_eq!(stale.len(), 2);
        app.control(Ask::new("DELETE", "/_control/rates/faults")).await.expect(204);
        assert_eq!(read(app).await, 0);
        quote().await.expect(201);
    })
    .await;
}
