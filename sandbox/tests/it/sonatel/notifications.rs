//! Notifications: where they go, how they prove themselves, and when they come again.

use std::collections::BTreeSet;
use std::time::Duration;

use sandbox::{SandboxConfig, SonatelCallbackConfig, SonatelConfig};
use serde_json::{Value, json};

use super::kit::{MERCHANT, SECRET, Sonatel, cash_in, is_signed_with, qr, registration, signature};
use crate::kit::{Received, Receiver};

async fn registered() -> (Sonatel, Receiver) {
    let (sonatel, receiver) = (Sonatel::new().await, Receiver::start().await);
    sonatel.register(&receiver.url).await;
    (sonatel, receiver)
}

/// A payment, and what the merchant is told of it.
async fn paid(sonatel: &Sonatel, receiver: &Receiver, reference: &str) -> Received {
    let count = receiver.received().len();
    sonatel.qr(reference, 1500).await;
    sonatel.pay(json!({"reference": reference})).await.ok();
    sonatel.advance(2);
    receiver.wait(count + 1).await.remove(count)
}

fn key(received: &Received) -> &str {
    received.header("x-sonatel-idempotency-key").unwrap()
}

#[tokio::test]
async fn a_registration_answers_nothing_and_is_read_back_with_its_key() {
    let (sonatel, receiver) = registered().await;
    let read = sonatel.get(&format!("notification/v1/merchantcallback?code={MERCHANT}")).await.ok();
    assert_eq!(read, json!([registration(&receiver.url)]), "an array, and the key in clear");
    let other = sonatel.get("notification/v1/merchantcallback?code=654321").await.ok();
    assert_eq!(other, json!([]));
    let path = "notification/v1/merchantcallback";
    sonatel.post(path, &json!({"code": MERCHANT, "name": "x"})).await.refused(400, "4099");
    sonatel.post(path, &registration("not a url")).await.refused(400, "4099");
    sonatel.settings(json!({"registration_has_body": true})).await;
    let answer = sonatel.post(path, &registration(&receiver.url)).await;
    assert_eq!((answer.status, answer.json()), (201, registration(&receiver.url)));
}

#[tokio::test]
async fn a_payment_is_told_about_two_seconds_later() {
    let (sonatel, receiver) = registered().await;
    sonatel.qr("order", 1500).await;
    let before = sonatel.sandbox.clock().now();
    let paid = sonatel.pay(json!({"reference": "order"})).await.ok();
    let received = receiver.wait(1).await.remove(0);
    assert!(sonatel.sandbox.clock().now() - before >= chrono::TimeDelta::seconds(2));
    let body = received.json();
    assert_eq!(body["amount"], json!({"value": 1500.0, "unit": "XOF"}));
    assert_eq!((&body["reference"], &body["status"]), (&json!("order"), &json!("SUCCESS")));
    assert_eq!((&body["type"], &body["paymentMethod"]), (&json!("MERCHANT_PAYMENT"), &json!("QRCODE")));
    assert_eq!(body["transactionId"], paid["transactionId"]);
    assert_eq!(body["metadata"]["order"], "7");
    assert_eq!(received.header("authorization"), Some("Basic own-api-key"), "literally");
    assert!(is_signed_with(&received, SECRET));
    let found = sonatel.search("reference=order").await;
    assert_eq!(found[0]["metadata"]["notification.dispatched"], "true");
    assert_eq!(found[0]["metadata"]["idempotencyKey"], key(&received));
}

#[tokio::test]
async fn proofs_are_a_key_or_signatures_or_both() {
    let (sonatel, receiver) = registered().await;
    for (mode, has_key, signatures) in [("basic", true, 0), ("signature", false, 1), ("both", true, 1)] {
        sonatel.settings(json!({"proof": mode})).await;
        let received = paid(&sonatel, &receiver, mode).await;
        assert_eq!(received.header("authorization").is_some(), has_key, "{mode}");
        assert_eq!(signature(&received).map_or(0, |(_, v1)| v1.len()), signatures, "{mode}");
    }
    sonatel.settings(json!({"secrets": ["older", "newer"]})).await;
    let received = paid(&sonatel, &receiver, "rolled").await;
    assert_eq!(signature(&received).unwrap().1.len(), 2, "two v1");
    assert!(is_signed_with(&received, "older") && is_signed_with(&received, "newer"));
    sonatel.settings(json!({"nested_notifications": true})).await;
    let received = paid(&sonatel, &receiver, "nested").await;
    assert_eq!(received.json()["transaction"]["reference"], "nested");
}

#[tokio::test]
async fn a_qr_may_name_its_own_address_and_nobody_is_told_without_one() {
    let (sonatel, receiver, own) = (Sonatel::new().await, Receiver::start().await, Receiver::start().await);
    sonatel.qr("untold", 1500).await;
    sonatel.pay(json!({"reference": "untold"})).await.ok();
    assert_eq!(sonatel.look("sonatel/deliveries").await["data"], json!([]));

    sonatel.register(&receiver.url).await;
    let request = sonatel.posting("eWallet/v4/qrcode", &qr("own", 1500)).header("X-Callback-Url", &own.url);
    sonatel.send(request).await.ok();
    sonatel.pay(json!({"reference": "own"})).await.ok();
    sonatel.advance(2);
    assert_eq!(own.wait(1).await[0].json()["reference"], "own");
    assert_eq!(own.received()[0].header("authorization"), Some("Basic own-api-key"));
    sonatel.all_told().await;
    assert_eq!(receiver.received().len(), 0);
    let request = sonatel.posting("eWallet/v4/qrcode", &qr("own", 1500)).header("X-Callback-Url", "here");
    sonatel.send(request).await.refused(400, "4099");

    let pin = sonatel.pin("1234").await;
    let body = cash_in(&pin, "po", 100, "770009908");
    let request = sonatel.posting("eWallet/v1/cashins", &body).header("X-Callback-Url", &own.url);
    sonatel.send(request).await.ok();
    sonatel.cash_in("untold", 100, "770001122").await.ok();
    sonatel.advance(2);
    sonatel.advance(2);
    let told = own.wait(2).await.remove(1).json();
    assert_eq!((&told["type"], &told["status"]), (&json!("CASHIN"), &json!("SUCCESS")));
    assert_eq!((&told["partner"]["idType"], &told["reference"]), (&json!("MSISDN"), &json!("po")));
    sonatel.all_told().await;
    assert_eq!((receiver.received().len(), own.received().len()), (0, 2));
}

#[tokio::test]
async fn server_errors_and_silence_bring_it_again_under_the_same_key() {
    let receiver = Receiver::start().await;
    let callbacks = vec![SonatelCallbackConfig::new(&receiver.url)];
    let sonatel = SonatelConfig { callbacks, ..SonatelConfig::default() };
    let webhook_deadline = Duration::from_millis(200);
    let sonatel =
        Sonatel::with(SandboxConfig { webhook_deadline, sonatel, ..SandboxConfig::default() }).await;
    receiver.answer(&[500, 503]);
    receiver.answer_after(200, Duration::from_secs(2));
    paid(&sonatel, &receiver, "order").await;
    for (pause, count) in [(10, 2), (60, 3), (300, 4)] {
        sonatel.tried(count - 1).await;
        assert_eq!(receiver.received().len(), count - 1);
        sonatel.advance(pause);
        receiver.wait(count).await;
    }
    sonatel.all_told().await;
    let received = receiver.received();
    assert_eq!(received.len(), 4);
    let keys: BTreeSet<&str> = received.iter().map(key).collect();
    let bodies: BTreeSet<&[u8]> = received.iter().map(|each| &each.body[..]).collect();
    assert_eq!((keys.len(), bodies.len()), (1, 1));
    assert!(received.iter().all(|each| is_signed_with(each, SECRET)), "signed at each attempt");
}

#[tokio::test]
async fn a_4xx_ends_it_for_good() {
    let (sonatel, receiver) = registered().await;
    for status in [400, 401, 404, 422] {
        receiver.answer(&[status]);
        paid(&sonatel, &receiver, &status.to_string()).await;
    }
    sonatel.all_told().await;
    sonatel.advance(86_400);
    sonatel.all_told().await;
    assert_eq!(receiver.received().len(), 4);
    let journal = sonatel.look("sonatel/deliveries").await;
    assert!(journal["data"].as_array().unwrap().iter().all(|each| each["state"] == "refused"), "{journal}");
}

#[tokio::test]
async fn forgeries_are_stale_altered_or_unsigned() {
    let (sonatel, receiver) = registered().await;
    let table = [
        ("signature", Some(false), false, 1500.0, false),
        ("amount", Some(false), true, 15_000.0, false),
        ("amount_signed", Some(true), true, 15_000.0, false),
        ("stale", Some(true), true, 1500.0, true),
        ("unsigned", None, false, 1500.0, false),
    ];
    for (place, (variant, signed, has_key, amount, is_old)) in table.into_iter().enumerate() {
        sonatel.qr(variant, 1500).await;
        let wish = json!({"reference": variant, "variant": variant});
        assert_eq!(sonatel.control("sonatel/forge", &wish).await.ok()["sent"], 1);
        let forged = receiver.wait(place + 1).await.remove(place);
        assert_eq!(forged.json()["amount"]["value"], amount, "{variant}");
        assert_eq!(forged.json()["status"], "SUCCESS");
        let own = forged.header("authorization") == Some("Basic own-api-key");
        assert_eq!(own, has_key, "{variant}");
        let verifies = signature(&forged).map(|_| is_signed_with(&forged, SECRET));
        assert_eq!(verifies, signed, "{variant}");
        let age = signature(&forged).map_or(0, |(t, _)| sonatel.sandbox.clock().now().timestamp() - t);
        assert_eq!(age >= 600, is_old, "{variant}");
    }
    sonatel.all_told().await;
    assert_eq!(sonatel.search("").await, Vec::<Value>::new(), "nobody paid");
    assert_eq!(sonatel.has(MERCHANT).await, 0);
}

#[tokio::test]
async fn faults_lose_double_delay_and_estrange_notifications() {
    let (sonatel, receiver) = registered().await;
    sonatel.fault(json!({"fault": "callback_lost", "match": "lost"})).await;
    sonatel.fault(json!({"fault": "callback_duplicate", "copies": 2, "match": "twice"})).await;
    sonatel.qr("lost", 1500).await;
    sonatel.pay(json!({"reference": "lost"})).await.ok();
    sonatel.qr("twice", 1500).await;
    sonatel.pay(json!({"reference": "twice"})).await.ok();
    sonatel.advance(2);
    let received = receiver.wait(3).await;
    sonatel.all_told().await;
    assert_eq!(receiver.received().len(), 3);
    assert!(received.iter().all(|each| each.json()["reference"] == "twice"));
    assert_eq!(received.iter().map(key).collect::<BTreeSet<_>>().len(), 1);

    sonatel.fault(json!({"fault": "callback_unknown_type"})).await;
    sonatel.fault(json!({"fault": "callback_unknown_field"})).await;
    let strange = paid(&sonatel, &receiver, "strange").await;
    assert_eq!(strange.json()["type"], "MERCHANT_PAYMENT_V2");
    assert!(strange.json()["loyalty"].is_object() && is_signed_with(&strange, SECRET));
}

#[tokio::test]
async fn failures_are_told_unless_somebody_switches_that_off() {
    let (sonatel, receiver) = registered().await;
    sonatel.qr("failed", 1500).await;
    sonatel.pay(json!({"reference": "failed", "outcome": "decline", "code": "2021"})).await.ok();
    sonatel.advance(2);
    let told = receiver.wait(1).await.remove(0).json();
    assert_eq!((&told["status"], &told["code"]), (&json!("FAILED"), &json!("2021")));
    sonatel.settings(json!({"tells_failures": false, "notification_delay_seconds": 0})).await;
    sonatel.pay(json!({"reference": "failed", "outcome": "decline"})).await.ok();
    sonatel.pay(json!({"reference": "failed"})).await.ok();
    assert_eq!(receiver.wait(2).await[1].json()["status"], "SUCCESS");
    sonatel.all_told().await;
    assert_eq!(receiver.received().len(), 2);
}
