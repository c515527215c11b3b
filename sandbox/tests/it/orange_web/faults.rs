//! What goes wrong between gateway and Orange.

use std::time::Duration;

use serde_json::{Value, json};

use super::kit::{Orange, body, refused, token};

#[tokio::test]
async fn a_lost_creation_happened_and_its_order_is_spent() {
    for fault in ["lose_reply", "reset_after", "timeout_after"] {
        let orange = Orange::new().await;
        orange.fault(json!({"fault": fault, "delay_ms": 20})).await;
        let lost = orange.try_send(orange.call("gn", "webpayment", &body("ORD-1", 5_000))).await;
        assert!(lost.is_err(), "{fault}: {lost:?}");
        refused(&orange.create("gn", &body("ORD-1", 5_000)).await, 400, 1204);
        orange.payment("ORD-2", 5_000).await;
        let seen = orange.pay(json!({"reference": "ORD-1", "outcome": "abandon"})).await.ok();
        assert_eq!(seen["status"], "INITIATED", "nobody has its token");
        orange.advance(600);
        let seen = orange.pay(json!({"reference": "ORD-1", "outcome": "abandon"})).await;
        seen.refused(409, "conflict");
    }
}

#[tokio::test]
async fn asking_has_no_effect_to_lose() {
    let orange = Orange::new().await;
    let created = orange.payment("ORD-1", 5_000).await;
    orange.fault(json!({"fault": "lose_reply"})).await;
    assert_eq!(orange.status("ORD-1", 5_000, &created).await, "INITIATED");
    token(&orange, "v3").await.ok();
    assert!(orange.try_send(orange.call("gn", "webpayment", &body("ORD-2", 5_000))).await.is_err());
    orange.fault(json!({"fault": "lose_reply", "match": "transactionstatus"})).await;
    let asked = json!({"order_id": "ORD-1", "amount": 5_000, "pay_token": created["pay_token"]});
    assert!(orange.try_send(orange.call("gn", "transactionstatus", &asked)).await.is_err());
}

#[tokio::test]
async fn errors_of_the_servers_have_integer_codes_too() {
    let orange = Orange::new().await;
    for (setting, status, code) in [
        (json!({"fault": "error_before"}), 503, 5),
        (json!({"fault": "error_before", "status": 500}), 500, 1),
        (json!({"fault": "error_before", "status": 429}), 429, 53),
        (json!({"fault": "error_before", "status": 403, "code": "50"}), 403, 50),
    ] {
        orange.fault(setting).await;
        refused(&orange.create("gn", &body("ORD-1", 5_000)).await, status, code);
    }
    orange.payment("ORD-1", 5_000).await;
    orange.fault(json!({"fault": "error_after_success"})).await;
    refused(&orange.create("gn", &body("ORD-2", 5_000)).await, 500, 1);
    refused(&orange.create("gn", &body("ORD-2", 5_000)).await, 400, 1204);
}

#[tokio::test]
async fn answers_are_spoiled_in_every_way() {
    let orange = Orange::new().await;
    let created = orange.payment("ORD-1", 5_000).await;
    let ask = async |fault: &str| {
        orange.fault(json!({"fault": fault, "match": "transactionstatus"})).await;
        orange.ask("ORD-1", 5_000, &created["pay_token"]).await
    };
    assert!(ask("html").await.text.starts_with("<!DOCTYPE html>"));
    let truncated = ask("truncated_json").await;
    assert!(truncated.status == 201 && serde_json::from_str::<Value>(&truncated.text).is_err());
    assert!(ask("empty_200").await.is_empty_200());
    assert_eq!(ask("redirect").await.status, 307, "which must not be followed");
    assert_eq!(ask("unknown_field").await.ok().as_object().unwrap().len(), 3);
    let unknown = ask("unknown_status").await.ok()["status"].clone();
    let known = ["INITIATED", "PENDING", "SUCCESS", "FAILED", "EXPIRED"];
    assert!(!known.contains(&unknown.as_str().unwrap()), "{unknown}");
    orange.fault(json!({"fault": "slow", "delay_ms": 30})).await;
    let start = std::time::Instant::now();
    orange.status("ORD-1", 5_000, &created).await;
    assert!(start.elapsed() >= Duration::from_millis(30));
    orange.fault(json!({"fault": "timeout_before", "delay_ms": 20})).await;
    let hung = orange.try_send(orange.call("gn", "webpayment", &body("ORD-2", 5_000))).await;
    assert!(hung.is_err());
    orange.payment("ORD-2", 5_000).await;
}

#[tokio::test]
async fn tokens_fail_for_either_product() {
    let orange = Orange::new().await;
    orange.fault(json!({"fault": "html", "match": "oauth"})).await;
    assert!(token(&orange, "v3").await.text.starts_with("<!DOCTYPE html>"));
    orange.fault(json!({"fault": "missing_fields", "match": "oauth"})).await;
    let bare = token(&orange, "v3").await.ok();
    assert!(bare.get("expires_in").is_none() && bare["access_token"].is_string(), "{bare}");
    let wish = json!({"fault": "error_before", "status": 500, "match": "oauth"});
    assert_eq!(orange.control("sms/faults", &wish).await.status, 201);
    assert_eq!(token(&orange, "v3").await.status, 500);
    token(&orange, "v3").await.ok();
}

#[tokio::test]
async fn a_fault_may_wait_for_the_uuid_that_an_order_spells() {
    let orange = Orange::new().await;
    let wanted = json!({"reference": "0188bac7-4afa-78aa-bc3b-bd1eef28d881"});
    orange.fault(json!({"fault": "error_before", "match": wanted})).await;
    orange.fault(json!({"fault": "callback_lost", "match": wanted})).await;
    orange.payment("01h2xcejqtf2nbrexx3vqjhp42", 5_000).await;
    let order = "01h2xcejqtf2nbrexx3vqjhp41";
    assert_eq!(orange.create("gn", &body(order, 5_000)).await.status, 503);
    orange.payment(order, 5_000).await;
    orange.pay(json!({"reference": order})).await.ok();
    assert_eq!(orange.look("orange/deliveries").await["data"][0]["state"], "lost");
}
