//! Sessions: creating, paying, failing, expiring, refunding.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::kit::{Kit, session};

fn at(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_new_session_is_open_for_thirty_minutes() {
    let kit = Kit::new().await;
    let mut body = session("ord_1", "12500");
    body["restrict_payer_mobile"] = json!("+221770001122");
    let session = kit.create(&body).await.ok();
    let id = session["id"].as_str().unwrap();
    assert!(id.starts_with("cos-"), "{id}");
    assert_eq!(session["wave_launch_url"], format!("{}/wave/c/{id}", kit.sandbox.url()));
    assert_eq!(at(&session["when_expires"]) - at(&session["when_created"]), TimeDelta::minutes(30));
    for (field, value) in [
        ("amount", json!("12500")),
        ("currency", json!("XOF")),
        ("checkout_status", json!("open")),
        ("payment_status", json!("processing")),
        ("client_reference", json!("ord_1")),
        ("aggregated_merchant_id", Value::Null),
        ("success_url", json!("https://shop.example/ok")),
        ("error_url", json!("https://shop.example/ko")),
        ("restrict_payer_mobile", json!("+221770001122")),
        ("transaction_id", Value::Null),
        ("last_payment_error", Value::Null),
        ("when_completed", Value::Null),
    ] {
        assert_eq!(session[field], value, "{field}");
    }
    assert!(session["business_name"].is_string());
    assert_eq!(kit.session_now(&session["id"]).await, session);
}

#[tokio::test]
async fn every_faulty_field_is_named() {
    let kit = Kit::new().await;
    let table = [
        (json!({"amount": 12500}), "amount"),
        (json!({"amount": "12500.00"}), "amount"),
        (json!({"amount": "0"}), "amount"),
        (json!({"amount": "-5"}), "amount"),
        (json!({"amount": "007"}), "amount"),
        (json!({"amount": "12 500"}), "amount"),
        (json!({"amount": "99999999999999999999"}), "amount"),
        (json!({"amount": null}), "amount"),
        (json!({"currency": "xof"}), "currency"),
        (json!({"currency": 952}), "currency"),
        (json!({"success_url": "http://shop.example/ok"}), "success_url"),
        (json!({"error_url": "shop.example"}), "error_url"),
        (json!({"client_reference": "x".repeat(256)}), "client_reference"),
        (json!({"restrict_payer_mobile": "770001122"}), "restrict_payer_mobile"),
    ];
    for (change, field) in table {
        let mut body = session("order", "12500");
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = kit.create(&body).await;
        answer.refused(400, "request-validation-error");
        let details = answer.json()["details"].clone();
        assert_eq!(details[0]["loc"], json!([field]), "{change} {answer:?}");
        assert!(details[0]["msg"].is_string() && details[0]["type"].is_string());
        assert_eq!(details.as_array().unwrap().len(), 1, "{answer:?}");
    }
    let none = kit.create(&json!({})).await.json();
    let missing = none["details"].as_array().unwrap().iter().map(|detail| detail["loc"][0].clone());
    assert_eq!(missing.collect::<Vec<_>>(), ["currency", "amount", "success_url", "error_url"]);

    let mut body = session("order", "12500");
    body["currency"] = json!("GNF");
    kit.create(&body).await.refused(400, "currency-mismatch");
    body["currency"] = json!("XOF");
    body["aggregated_merchant_id"] = json!("am-1");
    kit.create(&body).await.refused(400, "invalid-aggregated-merchant-id");
}

#[tokio::test]
async fn aggregators_must_name_a_merchant() {
    let kit = Kit::new().await;
    let portal = json!({"wallet": "sn", "country": "SN", "aggregated_merchants": ["am-1"]});
    kit.control("wave/wallets", &portal).await.ok();
    let mut body = session("order", "1000");
    kit.create(&body).await.refused(400, "aggregated-merchant-required");
    body["aggregated_merchant_id"] = json!("am-2");
    kit.create(&body).await.refused(400, "invalid-aggregated-merchant-id");
    body["aggregated_merchant_id"] = json!("am-1");
    assert_eq!(kit.create(&body).await.ok()["aggregated_merchant_id"], "am-1");
}

#[tokio::test]
async fn redirects_may_be_plain_http_on_loopback_only() {
    let kit = Kit::new().await;
    let mut body = session("order", "1000");
    body["success_url"] = json!("http://127.0.0.1:8080/ok");
    body["error_url"] = json!("http://localhost:8080/ko");
    kit.create(&body).await.ok();
}

#[tokio::test]
async fn paying_credits_the_net_and_closes_the_session() {
    let kit = Kit::new().await;
    let created = kit.session("order", "12500").await;
    let paid = kit.pay("order").await;
    assert_eq!(paid["checkout_status"], "complete");
    assert_eq!(paid["payment_status"], "succeeded");
    assert!(paid["transaction_id"].as_str().unwrap().starts_with('T'));
    assert!(paid["when_completed"].is_string());
    assert_eq!(kit.balance().await, 50_000_000 + 12_375);
    let path =
        format!("/wave/v1/checkout/sessions?transaction_id={}", paid["transaction_id"].as_str().unwrap());
    assert_eq!(kit.get(&path).await.ok()["id"], created["id"]);
    let again = kit.control("wave/pay", &json!({"reference": "order"})).await;
    again.refused(409, "conflict");
    assert_eq!(kit.balance().await, 50_000_000 + 12_375);
    kit.get("/wave/v1/checkout/sessions?transaction_id=T_0").await.refused(404, "checkout-session-not-found");
    kit.get("/wave/v1/checkout/sessions").await.refused(400, "request-validation-error");
}

#[tokio::test]
async fn a_failed_attempt_leaves_the_session_open_for_another() {
    let kit = Kit::new().await;
    let created = kit.session("order", "12500").await;
    kit.decline("order", "insufficient-funds").await;
    let failed = kit.session_now(&created["id"]).await;
    assert_eq!(failed["checkout_status"], "open");
    assert_eq!(failed["payment_status"], "cancelled");
    assert_eq!(failed["last_payment_error"]["code"], "insufficient-funds");
    assert!(failed["last_payment_error"]["message"].is_string());
    assert_eq!(kit.balance().await, 50_000_000);

    kit.pay(created["id"].as_str().unwrap()).await;
    let paid = kit.session_now(&created["id"]).await;
    assert_eq!(
        (&paid["checkout_status"], &paid["payment_status"]),
        (&json!("complete"), &json!("succeeded"))
    );
    assert_eq!(paid["last_payment_error"], Value::Null);
    let statuses: Vec<_> = kit.operations().await.iter().map(|fact| fact["status"].clone()).collect();
    assert_eq!(statuses, ["failed", "succeeded"]);
}

#[tokio::test]
async fn a_restricted_session_refuses_another_payer() {
    let kit = Kit::new().await;
    let mut body = session("order", "1000");
    body["restrict_payer_mobile"] = json!("+221770001122");
    kit.create(&body).await.ok();
    let other = json!({"reference": "order", "payer": "+221770009999"});
    let refused = kit.control("wave/pay", &other).await.ok();
    assert_eq!(refused["last_payment_error"]["code"], "payer-mobile-mismatch");
    assert_eq!(refused["checkout_status"], "open");
    let right = json!({"reference": "order", "payer": "+221770001122"});
    assert_eq!(kit.control("wave/pay", &right).await.ok()["checkout_status"], "complete");
}

#[tokio::test]
async fn time_expires_a_session() {
    let kit = Kit::new().await;
    let created = kit.session("order", "1000").await;
    let wish = json!({"reference": "order", "outcome": "abandon"});
    assert_eq!(kit.control("wave/pay", &wish).await.ok()["checkout_status"], "open");
    kit.advance(29 * 60);
    assert_eq!(kit.session_now(&created["id"]).await["checkout_status"], "open");
    kit.advance(60);
    let expired = kit.session_now(&created["id"]).await;
    assert_eq!(
        (&expired["checkout_status"], &expired["payment_status"]),
        (&json!("expired"), &json!("cancelled"))
    );
    kit.control("wave/pay", &json!({"reference": "order"})).await.refused(409, "conflict");
    let id = created["id"].as_str().unwrap();
    let expire = kit.post(&format!("/wave/v1/checkout/sessions/{id}/expire")).await;
    expire.refused(409, "checkout-session-not-open");
}

#[tokio::test]
async fn expiring_is_200_then_409_and_404() {
    let kit = Kit::new().await;
    let open = kit.session("open", "1000").await;
    kit.session("paid", "1000").await;
    let paid = kit.pay("paid").await;
    let expire = async |id: &str| kit.post(&format!("/wave/v1/checkout/sessions/{id}/expire")).await;
    assert!(expire(open["id"].as_str().unwrap()).await.is_empty_200());
    assert_eq!(kit.session_now(&open["id"]).await["checkout_status"], "expired");
    expire(open["id"].as_str().unwrap()).await.refused(409, "checkout-session-not-open");
    expire(paid["id"].as_str().unwrap()).await.refused(409, "checkout-session-not-open");
    expire("cos-unknown").await.refused(404, "checkout-session-not-found");
    kit.get("/wave/v1/checkout/sessions/cos-unknown").await.refused(404, "checkout-session-not-found");
}

#[tokio::test]
async fn one_reference_may_name_several_sessions() {
    let kit = Kit::new().await;
    let first = kit.session("twice", "1000").await;
    let second = kit.session("twice", "2000").await;
    kit.session("other", "3000").await;
    assert_ne!(first["id"], second["id"]);
    let path = "/wave/v1/checkout/sessions/search?client_reference=";
    let found = kit.get(&format!("{path}twice")).await.ok();
    assert_eq!(found, json!({"result": [first, second]}));
    assert_eq!(kit.get(&format!("{path}none")).await.ok(), json!({"result": []}));
    kit.get("/wave/v1/checkout/sessions/search").await.refused(400, "request-validation-error");
}

#[tokio::test]
async fn refunding_twice_moves_money_once_and_returns_the_fee() {
    let kit = Kit::new().await;
    let created = kit.session("order", "12500").await;
    let refund = format!("/wave/v1/checkout/sessions/{}/refund", created["id"].as_str().unwrap());
    kit.post(&refund).await.refused(400, "checkout-refund-failed");
    let paid = kit.pay("order").await;
    assert!(kit.post(&refund).await.is_empty_200());
    assert_eq!(kit.balance().await, 50_000_000);
    assert!(kit.post(&refund).await.is_empty_200());
    let transaction = paid["transaction_id"].as_str().unwrap();
    assert!(kit.post(&format!("/wave/v1/transactions/{transaction}/refund")).await.is_empty_200());
    assert_eq!(kit.balance().await, 50_000_000);
    let session = kit.session_now(&created["id"]).await;
    assert_eq!(session["payment_status"], "succeeded", "nothing on the session tells of a refund");

    let lines = kit.lines().await;
    let shown = |line: &Value| {
        let field = |name: &str| line[name].clone();
        [field("transaction_type"), field("amount"), field("fee"), field("is_reversal")]
    };
    assert_eq!(shown(&lines[0]), [json!("api_checkout"), json!("12375"), json!("125"), json!(false)]);
    assert_eq!(shown(&lines[1]), [json!("api_checkout_refund"), json!("-12375"), json!("-125"), json!(true)]);
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1]["checkout_api_session_id"], created["id"]);
    kit.post("/wave/v1/transactions/T_0/refund").await.refused(404, "not-found");
    kit.post("/wave/v1/checkout/sessions/cos-x/refund").await.refused(404, "checkout-session-not-found");
}

#[tokio::test]
async fn a_refund_needs_the_money_to_be_there() {
    let kit = Kit::new().await;
    let created = kit.session("order", "12500").await;
    kit.pay("order").await;
    kit.control("wave/sweep", &json!({"wallet": "sn", "amount": "50000000"})).await.ok();
    let refund = format!("/wave/v1/checkout/sessions/{}/refund", created["id"].as_str().unwrap());
    assert!(kit.post(&refund).await.is_empty_200(), "the balance is exactly the net");
    assert_eq!(kit.balance().await, 0);
    let other = kit.session("other", "1000").await;
    kit.pay("other").await;
    kit.control("wave/sweep", &json!({"wallet": "sn", "amount": "1"})).await.ok();
    let refund = format!("/wave/v1/checkout/sessions/{}/refund", other["id"].as_str().unwrap());
    kit.post(&refund).await.refused(400, "checkout-refund-failed");
    assert_eq!(kit.balance().await, 989);
}
