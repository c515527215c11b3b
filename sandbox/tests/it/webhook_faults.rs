//! What can happen to an event on its way.

use serde_json::{Value, json};

use crate::kit::{Kit, Received, Receiver, SN_SECRET};

async fn paid_under(faults: &[Value]) -> (Kit, Receiver) {
    let (kit, receiver) = (Kit::new().await, Receiver::start().await);
    kit.webhook(&receiver).await;
    for fault in faults {
        kit.fault(fault.clone()).await;
    }
    kit.session("order", "1000").await;
    kit.pay("order").await;
    (kit, receiver)
}

fn ids(received: &[Received]) -> Vec<Value> {
    received.iter().map(|event| event.json()["id"].clone()).collect()
}

#[tokio::test]
async fn a_duplicate_has_the_same_event_id() {
    let (kit, receiver) = paid_under(&[json!({"fault": "callback_duplicate", "copies": 2})]).await;
    let received = receiver.wait(3).await;
    kit.all_sent().await;
    assert_eq!(receiver.received().len(), 3);
    assert!(received.iter().all(|event| event.body == received[0].body && event.is_signed_with(SN_SECRET)));
    assert_eq!(kit.fired().await, [1]);
}

#[tokio::test]
async fn completed_may_arrive_before_the_failed_attempt() {
    let (kit, receiver) = (Kit::new().await, Receiver::start().await);
    kit.webhook(&receiver).await;
    kit.fault(json!({"fault": "callback_reorder", "match": "payment_failed"})).await;
    kit.session("order", "1000").await;
    kit.decline("order", "insufficient-funds").await;
    kit.pay("order").await;
    let types: Vec<Value> = receiver.wait(2).await.iter().map(|event| event.json()["type"].clone()).collect();
    assert_eq!(types, ["checkout.session.completed", "checkout.session.payment_failed"]);
}

#[tokio::test]
async fn an_event_that_nothing_overtakes_arrives_after_a_minute() {
    let (kit, receiver) = paid_under(&[json!({"fault": "callback_reorder"})]).await;
    assert_eq!(kit.deliveries().await[0]["state"], "pending");
    assert!(receiver.received().is_empty());
    kit.advance(60);
    assert_eq!(receiver.wait(1).await.len(), 1);
}

#[tokio::test]
async fn a_lost_event_never_arrives() {
    let (kit, receiver) = paid_under(&[json!({"fault": "callback_lost"})]).await;
    kit.all_sent().await;
    let journal = kit.deliveries().await;
    assert_eq!((&journal[0]["state"], &journal[0]["status"]), (&json!("lost"), &Value::Null));
    assert!(receiver.received().is_empty());
    assert_eq!(kit.balance().await, 50_000_990, "the money moved all the same");
    kit.session("next", "1000").await;
    kit.pay("next").await;
    assert_eq!(receiver.wait(1).await[0].json()["data"]["client_reference"], "next");
}

#[tokio::test]
async fn a_late_event_arrives_by_the_simulators_clock_even_after_expiry() {
    let (kit, receiver) = paid_under(&[json!({"fault": "callback_late", "delay_seconds": 7200})]).await;
    kit.advance(7_000);
    assert_eq!(kit.deliveries().await[0]["state"], "pending");
    assert!(receiver.received().is_empty());
    kit.advance(200);
    let received = receiver.wait(1).await.remove(0);
    let age = kit.sandbox.clock().now().timestamp() - received.signature().0;
    assert!(age < 10, "signed when sent");
}

#[tokio::test]
async fn forgeries_arrive_beside_the_genuine_event() {
    let table = [
        (json!({"fault": "callback_forged"}), false, "1000"),
        (json!({"fault": "callback_forged", "variant": "signature"}), false, "1000"),
        (json!({"fault": "callback_forged", "variant": "amount"}), false, "10000"),
        (json!({"fault": "callback_forged", "variant": "amount_signed"}), true, "10000"),
    ];
    for (fault, verifies, amount) in table {
        let (kit, receiver) = paid_under(std::slice::from_ref(&fault)).await;
        let genuine = kit
            .deliveries_until(|journal| {
                journal.len() == 2 && journal.iter().all(|entry| !entry["at"].is_null())
            })
            .await;
        let genuine = genuine.iter().find(|entry| entry["genuine"] == true).unwrap()["event_id"].clone();
        let received = receiver.wait(2).await;
        let (true_one, forged): (Vec<_>, Vec<_>) =
            received.into_iter().partition(|event| event.json()["id"] == genuine);
        assert!(true_one[0].is_signed_with(SN_SECRET));
        assert_eq!(true_one[0].json()["data"]["amount"], "1000");
        assert_eq!(forged[0].is_signed_with(SN_SECRET), verifies, "{fault}");
        assert_eq!(forged[0].json()["data"]["amount"], amount, "{fault}");
    }
}

#[tokio::test]
async fn a_forgery_may_be_stale_or_unsigned_and_is_tried_once() {
    let (kit, receiver) = (Kit::new().await, Receiver::start().await);
    kit.webhook(&receiver).await;
    receiver.answer(&[401, 401, 401]);
    kit.session("order", "1000").await;
    for (index, variant) in ["stale", "unsigned", "signature"].iter().enumerate() {
        let wish = json!({"reference": "order", "variant": variant});
        assert_eq!(kit.control("wave/forge", &wish).await.ok()["sent"], 1);
        receiver.wait(index + 1).await;
    }
    let received = receiver.received();
    let now = kit.sandbox.clock().now().timestamp();
    assert!(received[0].is_signed_with(SN_SECRET) && now - received[0].signature().0 >= 600);
    assert_eq!(received[1].header("wave-signature"), None);
    assert!(!received[2].is_signed_with(SN_SECRET));
    assert!(received.iter().all(|event| event.json()["data"]["payment_status"] == "succeeded"));
    kit.all_sent().await;
    kit.advance(600);
    kit.all_sent().await;
    assert_eq!(receiver.received().len(), 3);
    assert_eq!(kit.balance().await, 50_000_000, "nobody paid");
    let found = kit.get("/wave/v1/checkout/sessions/search?client_reference=order").await.ok();
    assert_eq!(found["result"][0]["checkout_status"], "open");
}

#[tokio::test]
async fn during_rotation_an_event_comes_once_under_each_secret() {
    let (kit, receiver) = paid_under(&[json!({"fault": "callback_twice_two_secrets"})]).await;
    let received = receiver.wait(2).await;
    kit.all_sent().await;
    let same = ids(&received);
    assert_eq!(same[0], same[1]);
    let rotated = format!("{SN_SECRET}_rotated");
    let signed = |secret: &str| received.iter().filter(|event| event.is_signed_with(secret)).count();
    assert_eq!((signed(SN_SECRET), signed(&rotated)), (1, 1));
    assert!(received.iter().all(|event| event.signature().1.len() == 1));
}

#[tokio::test]
async fn an_event_may_speak_of_unknown_things() {
    let faults = [json!({"fault": "callback_unknown_field"}), json!({"fault": "callback_unknown_type"})];
    let (_kit, receiver) = paid_under(&faults).await;
    let received = receiver.wait(1).await.remove(0);
    assert!(received.is_signed_with(SN_SECRET));
    assert_eq!(received.json()["type"], "checkout.session.completed.v2");
    assert!(received.json()["data"]["loyalty"].is_object());
}

#[tokio::test]
async fn a_fault_waits_for_the_event_that_it_names() {
    let (kit, receiver) = (Kit::new().await, Receiver::start().await);
    kit.webhook(&receiver).await;
    kit.fault(json!({"fault": "callback_lost", "match": {"reference": "unlucky"}})).await;
    for reference in ["lucky", "unlucky", "other"] {
        kit.session(reference, "1000").await;
        kit.pay(reference).await;
    }
    kit.all_sent().await;
    let told: Vec<Value> =
        receiver.wait(2).await.iter().map(|event| event.json()["data"]["client_reference"].clone()).collect();
    assert!(!told.contains(&json!("unlucky")) && told.len() == 2, "{told:?}");
}
