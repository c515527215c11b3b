//! Callbacks that name what we do not know: taken, kept, and shown to operators.

use serde_json::{Value, json};

use crate::testkit::{Answer, Ask, SENEGAL, TestApp, on_each_database};

const PATH: &str = "/v1/admin/inbox?outcome=unknown_reference";

/// As Sonatel notifies, by whoever has the key that we registered.
async fn notified(app: &TestApp, reference: &str, id: &str) -> Answer {
    let told = json!({
        "amount": { "value": 10000, "unit": "XOF" }, "reference": reference, "type": "MERCHANT_PAYMENT",
        "transactionId": id, "status": "SUCCESS",
    });
    let ask = Ask::new("POST", "/webhooks/sonatel").header("authorization", "Basic sonatel-sandbox-api-key");
    app.ask(ask.json(&told)).await
}

fn texts(rows: &Value, field: &str) -> Vec<String> {
    rows.as_array().unwrap().iter().map(|row| row[field].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_names_an_unknown_reference_is_kept_and_shown() {
    on_each_database(async |app| {
        let operator = app.operator().await;
        let strangers: Vec<String> =
            (0..5).map(|nth| format!("f47ac10b-58cc-4372-a567-0e02b2c3d40{nth}")).collect();
        for (nth, reference) in strangers.iter().enumerate() {
            for _ in 0..2 {
                let answer = notified(app, reference, &format!("MP2611.21.{nth}")).await;
                assert_eq!(answer.status, 200, "a 4xx would be the last that Sonatel says: {answer}");
            }
            app.quiet().await;
            app.pass(1).await;
        }
        let session = json!({ "id": "cos-unknown", "client_reference": "no-such-reference", "when_created": "2026-11-21T10:00:00Z" });
        let event = crate::testkit::event("EV_UNKNOWN", "checkout.session.completed", &session);
        app.wave().deliver(&event, SENEGAL, 0).await;
        app.quiet().await;

        let whole = operator.get(PATH).await["data"].clone();
        let by_sonatel: Vec<Value> =
            whole.as_array().unwrap().iter().filter(|row| row["provider"] == "orange_sonatel").cloned().collect();
        let newest_first: Vec<String> = strangers.iter().rev().cloned().collect();
        assert_eq!(texts(&json!(by_sonatel), "reference"), newest_first, "each once");
        assert_eq!(by_sonatel[0]["provider_reference"], "MP2611.21.4");
        assert!(by_sonatel.iter().all(|row| row["outcome"] == "unknown_reference" && row["applied_at"].is_string()));

        let mut seen = Vec::new();
        let mut path = format!("{PATH}&limit=2");
        loop {
            let page = operator.get(&path).await;
            seen.extend(texts(&page["data"], "id"));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("{PATH}&limit=2&cursor={cursor}");
        }
        assert_eq!(seen, texts(&whole, "id"), "page by page the same");

        let awa = app.customer().await;
        let transfer = awa.sends_to(&crate::testkit::ivorian("0001")).await;
        transfer.pay().await;
        transfer.shows("completed").await;
        assert_eq!(operator.get(PATH).await["data"], whole, "what is ours is no stray");
        for (query, pointer) in [
            ("outcome=applied", "/outcome"),
            ("outcome=x", "/outcome"),
            ("outcome=unreadable&status=waiting", "/outcome"),
            ("status=x", "/status"),
        ] {
            let refused = operator.ask(Ask::get(format!("/v1/admin/inbox?{query}"))).await.refused(422, "invalid_query");
            assert_eq!(refused["errors"][0]["pointer"], pointer, "{query}");
        }
        assert_eq!(operator.get("/v1/admin/inbox?outcome=unreadable").await["data"], json!([]));
        awa.ask(Ask::get(PATH)).await.refused(403, "forbidden");
    })
    .await;
}
