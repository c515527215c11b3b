//! Asking what became of a payment.

use serde_json::json;

use super::kit::{Orange, refused};

#[tokio::test]
async fn order_amount_and_token_must_all_match() {
    let orange = Orange::new().await;
    let created = orange.payment("ORD-1", 5_000).await;
    let other = orange.payment("ORD-2", 5_000).await;
    let token = &created["pay_token"];
    assert_eq!(orange.ask("ORD-1", 5_000, token).await.json()["status"], "INITIATED");
    refused(&orange.ask("ORD-2", 5_000, token).await, 404, 60);
    refused(&orange.ask("ORD-1", 5_001, token).await, 404, 60);
    refused(&orange.ask("ORD-1", 5_000, &other["pay_token"]).await, 404, 60);
    refused(&orange.ask("ORD-1", 5_000, &json!("unknown")).await, 404, 60);
    let elsewhere = json!({"order_id": "ORD-1", "amount": 5_000, "pay_token": token});
    refused(&orange.send(orange.call("ci", "transactionstatus", &elsewhere)).await, 404, 60);
    for name in ["order_id", "amount", "pay_token"] {
        let mut body = elsewhere.clone();
        body.as_object_mut().unwrap().remove(name);
        refused(&orange.send(orange.call("gn", "transactionstatus", &body)).await, 400, 23);
    }
    let get = orange.request(reqwest::Method::GET, "/orange/orange-money-webpay/gn/v1/transactionstatus");
    refused(&orange.send(get).await, 405, 61);
}

#[tokio::test]
async fn a_success_is_200_or_201_by_a_switch() {
    let orange = Orange::new().await;
    let created = orange.payment("ORD-1", 5_000).await;
    assert_eq!(orange.ask("ORD-1", 5_000, &created["pay_token"]).await.status, 201);
    orange.control("orange/merchants", &json!({"merchant": "gn", "status_http": 200})).await.ok();
    assert_eq!(orange.ask("ORD-1", 5_000, &created["pay_token"]).await.status, 200);
    let wrong = json!({"merchant": "gn", "status_http": 204});
    orange.control("orange/merchants", &wrong).await.refused(422, "invalid");
}

#[tokio::test]
async fn the_transaction_is_told_after_a_payment_only() {
    let orange = Orange::new().await;
    orange.sandbox.clock().set("2026-11-20T10:05:00Z".parse().unwrap());
    let mut orange = orange;
    orange.renew().await;
    let paid = orange.payment("ORD-1", 5_000).await;
    let failed = orange.payment("ORD-2", 5_000).await;
    let keys = async |order: &str, created: &serde_json::Value| {
        let answer = orange.ask(order, 5_000, &created["pay_token"]).await.ok();
        answer.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(keys("ORD-1", &paid).await, ["order_id", "status"]);
    orange.pay(json!({"reference": "ORD-1"})).await.ok();
    orange.pay(json!({"reference": "ORD-2", "outcome": "decline"})).await.ok();
    assert_eq!(keys("ORD-1", &paid).await, ["order_id", "status", "txnid"]);
    let txnid = orange.ask("ORD-1", 5_000, &paid["pay_token"]).await.ok()["txnid"].clone();
    let txnid = txnid.as_str().unwrap();
    assert!(txnid.starts_with("MP261120.1005.") && txnid.len() == 20, "{txnid}");
    assert_eq!(keys("ORD-2", &failed).await, ["order_id", "status"]);
    assert_eq!(orange.status("ORD-2", 5_000, &failed).await, "FAILED");
}

#[tokio::test]
async fn nobody_confirmed_within_ten_minutes() {
    let orange = Orange::new().await;
    let created = orange.payment("ORD-1", 5_000).await;
    orange.advance(590);
    assert_eq!(orange.status("ORD-1", 5_000, &created).await, "INITIATED");
    orange.advance(10);
    assert_eq!(orange.status("ORD-1", 5_000, &created).await, "EXPIRED");
    orange.pay(json!({"reference": "ORD-1"})).await.refused(409, "conflict");
    assert_eq!(orange.held().await, 0);
}

#[tokio::test]
async fn a_running_transaction_is_pending_and_outlives_the_token() {
    let orange = Orange::new().await;
    let (slow, failing) = (orange.payment("slow", 5_000).await, orange.payment("failing", 5_000).await);
    orange.pay(json!({"reference": "slow", "after_seconds": 900})).await.ok();
    let wish = json!({"reference": "failing", "after_seconds": 900, "outcome": "decline", "code": "barred"});
    orange.pay(wish).await.ok();
    assert_eq!(orange.status("slow", 5_000, &slow).await, "PENDING");
    orange.pay(json!({"reference": "slow"})).await.refused(409, "conflict");
    orange.advance(700);
    assert_eq!(orange.status("slow", 5_000, &slow).await, "PENDING");
    assert_eq!(orange.held().await, 0);
    orange.advance(200);
    assert_eq!(orange.status("slow", 5_000, &slow).await, "SUCCESS");
    assert_eq!(orange.status("failing", 5_000, &failing).await, "FAILED");
    assert_eq!(orange.held().await, 5_000);
}
