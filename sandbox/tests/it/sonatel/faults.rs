//! What a network and a tired server do to the API.

use reqwest::Method;
use serde_json::{Value, json};

use super::kit::{FLOAT, RETAILER, Sonatel, cash_in};

#[tokio::test]
async fn a_cash_in_whose_answer_was_lost_is_found_by_its_reference() {
    for fault in ["lose_reply", "reset_after"] {
        let sonatel = Sonatel::new().await;
        let pin = sonatel.pin("1234").await;
        sonatel.fault(json!({"fault": fault})).await;
        let request = sonatel.posting("eWallet/v1/cashins", &cash_in(&pin, "po", 5000, "770001122"));
        assert!(sonatel.try_send(request).await.is_err());
        assert_eq!(sonatel.search("reference=po").await[0]["status"], "SUCCESS");
        assert_eq!(sonatel.has(RETAILER).await, FLOAT - 5000);
    }
}

#[tokio::test]
async fn a_lost_answer_waits_for_a_call_that_moves_something() {
    let mut sonatel = Sonatel::new().await;
    let pin = sonatel.pin("1234").await;
    sonatel.fault(json!({"fault": "lose_reply"})).await;
    sonatel.sign_in().await;
    let wish = json!({"idType": "MSISDN", "id": RETAILER, "encryptedPinCode": pin});
    sonatel.post("eWallet/v1/account/retailer/balance", &wish).await.ok();
    let request = sonatel.posting("eWallet/v1/cashins", &cash_in(&pin, "po", 5000, "770001122"));
    assert!(sonatel.try_send(request).await.is_err());
}

#[tokio::test]
async fn errors_come_before_and_after_the_effect() {
    let sonatel = Sonatel::new().await;
    sonatel.fault(json!({"fault": "error_before", "status": 503, "match": "/cashins"})).await;
    sonatel.cash_in("before", 100, "770001122").await.refused(503, "50");
    sonatel.fault(json!({"fault": "error_before", "code": "2020", "status": 400, "match": "/cashins"})).await;
    sonatel.cash_in("before", 100, "770001122").await.refused(400, "2020");
    assert_eq!(sonatel.has(RETAILER).await, FLOAT);
    sonatel.fault(json!({"fault": "error_after_success", "match": "/cashins"})).await;
    sonatel.cash_in("after", 100, "770001122").await.refused(500, "50");
    assert_eq!(sonatel.has(RETAILER).await, FLOAT - 100);
}

#[tokio::test]
async fn answers_are_spoiled_in_every_way() {
    let sonatel = Sonatel::new().await;
    sonatel.qr("order", 1500).await;
    sonatel.pay(json!({"reference": "order"})).await.ok();
    let search = "eWallet/v1/transactions?reference=order";
    let under = async |fault: &str| {
        sonatel.fault(json!({"fault": fault, "match": "transactions"})).await;
        sonatel.get(search).await
    };
    let answer = under("html").await;
    assert!(answer.status == 502 && answer.text.starts_with("<!DOCTYPE"), "{answer:?}");
    assert!(serde_json::from_str::<Value>(&under("truncated_json").await.text).is_err());
    assert!(under("empty_200").await.is_empty_200());
    assert_eq!(under("redirect").await.status, 307);
    assert_eq!(under("unknown_status").await.ok()[0]["status"], "somewhere_between");
    assert!(under("unknown_field").await.ok()[0]["loyalty"].is_object());
    sonatel.fault(json!({"fault": "missing_fields"})).await;
    let older = sonatel.qr("older", 1500).await;
    assert!(older.get("qrId").is_none() && older["deepLink"].is_string(), "{older}");
    sonatel.fault(json!({"fault": "timeout_before", "delay_ms": 50, "match": "publicKeys"})).await;
    assert!(sonatel.try_send(sonatel.getting("account/v1/publicKeys")).await.is_err());
}

#[tokio::test]
async fn a_reset_empties_the_books_and_keeps_key_and_callback() {
    let mut sonatel = Sonatel::new().await;
    let key = sonatel.get("account/v1/publicKeys").await.ok();
    sonatel.register("http://127.0.0.1:9/").await;
    sonatel.cash_in("po", 5000, "770001122").await.ok();
    let wipe = sonatel.request(Method::POST, "/_control/reset");
    sonatel.send(wipe).await.ok();
    sonatel.sign_in().await;
    assert_eq!(sonatel.has(RETAILER).await, FLOAT);
    assert_eq!(sonatel.facts().await.len() + sonatel.search("").await.len(), 0);
    assert_eq!(sonatel.get("account/v1/publicKeys").await.ok(), key);
    let callbacks = sonatel.get("notification/v1/merchantcallback?code=123456").await.ok();
    assert_eq!(callbacks.as_array().unwrap().len(), 1);
}
