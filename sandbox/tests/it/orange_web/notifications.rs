//! What the shop is told: three keys, as often as it happens, and by whomever.

use chrono::TimeDelta;
use sandbox::courier::Schedule;
use sandbox::{OrangeWebConfig, SandboxConfig};
use serde_json::{Value, json};

use super::kit::Orange;
use crate::kit::Receiver;

/// The statuses that arrived, in their order.
fn statuses(received: &[crate::kit::Received]) -> Vec<String> {
    received.iter().map(|one| one.json()["status"].as_str().unwrap().to_owned()).collect()
}

async fn journal(orange: &Orange) -> Vec<Value> {
    for _ in 0..2_000 {
        let deliveries = orange.look("orange/deliveries").await;
        if deliveries["idle"] == true {
            return deliveries["data"].as_array().unwrap().clone();
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("notifications are still waiting");
}

/// How many attempts are written down.
async fn tried(orange: &Orange) -> usize {
    let deliveries = orange.look("orange/deliveries").await;
    deliveries["data"].as_array().unwrap().iter().filter(|entry| !entry["at"].is_null()).count()
}

#[tokio::test]
async fn a_notification_has_three_keys_and_proves_nothing() {
    let (orange, receiver) = (Orange::new().await, Receiver::start().await);
    let created = orange.told(&receiver, "ORD-1", 5_000).await;
    orange.pay(json!({"reference": "ORD-1"})).await.ok();
    let told = receiver.wait(1).await.remove(0);
    let status = orange.ask("ORD-1", 5_000, &created["pay_token"]).await.ok();
    let expected =
        json!({"status": "SUCCESS", "notif_token": created["notif_token"], "txnid": status["txnid"]});
    assert_eq!(told.json(), expected);
    assert_eq!(told.header("content-type"), Some("application/json"));
    let names: Vec<&str> = told.headers.keys().map(|name| name.as_str()).collect();
    assert!(!names.iter().any(|name| name.contains("signature") || *name == "authorization"), "{names:?}");
    let journal = journal(&orange).await;
    assert_eq!(journal.len(), 1);
    let shown = ["event_type", "merchant", "state", "url"].map(|name| journal[0][name].clone());
    assert_eq!(shown, [json!("SUCCESS"), json!("gn"), json!("delivered"), json!(receiver.url)]);
}

#[tokio::test]
async fn failures_are_told_and_expiries_are_not() {
    let (orange, receiver) = (Orange::new().await, Receiver::start().await);
    orange.told(&receiver, "expires", 5_000).await;
    orange.advance(600);
    let created = orange.told(&receiver, "fails", 5_000).await;
    orange.pay(json!({"reference": "fails", "outcome": "decline"})).await.ok();
    let told = receiver.wait(1).await.remove(0).json();
    assert_eq!((&told["status"], &told["notif_token"]), (&json!("FAILED"), &created["notif_token"]));
    assert_eq!((told.as_object().unwrap().len(), journal(&orange).await.len()), (3, 1));
}

#[tokio::test]
async fn it_is_sent_zero_one_or_many_times() {
    let (orange, receiver) = (Orange::new().await, Receiver::start().await);
    for order in ["zero", "one"] {
        orange.told(&receiver, order, 5_000).await;
    }
    let many = orange.told(&receiver, "many", 5_000).await;
    orange.fault(json!({"fault": "callback_lost", "match": "zero"})).await;
    orange.fault(json!({"fault": "callback_duplicate", "copies": 3, "match": {"reference": "many"}})).await;
    orange.pay(json!({"reference": "zero"})).await.ok();
    assert_eq!(journal(&orange).await[0]["state"], "lost");
    orange.pay(json!({"reference": "one"})).await.ok();
    orange.pay(json!({"reference": "many"})).await.ok();
    let received = receiver.wait(5).await;
    let many = orange.ask("many", 5_000, &many["pay_token"]).await.ok();
    let copies = received.iter().filter(|one| one.json()["txnid"] == many["txnid"]).count();
    assert_eq!(copies, 4, "the same one");
    journal(&orange).await;
    assert_eq!(receiver.received().len(), 5);
    orange.told(&receiver, "never", 5_000).await;
    orange.pay(json!({"reference": "never", "notify": "never"})).await.ok();
    assert_eq!(journal(&orange).await.len(), 6, "not even tried");
}

#[tokio::test]
async fn one_attempt_unless_the_settings_say_otherwise() {
    let (orange, receiver) = (Orange::new().await, Receiver::start().await);
    receiver.answer(&[500, 500, 500]);
    orange.told(&receiver, "once", 5_000).await;
    orange.pay(json!({"reference": "once"})).await.ok();
    receiver.wait(1).await;
    assert_eq!(journal(&orange).await[0]["state"], "given_up");
    orange.advance(86_400);
    assert_eq!(journal(&orange).await.len(), 1);

    let notifications = Schedule { pauses_s: &[10], then_s: 60, window: TimeDelta::hours(1) };
    let orange_web = OrangeWebConfig { notifications, ..OrangeWebConfig::default() };
    let orange = Orange::with(SandboxConfig { orange_web, ..SandboxConfig::default() }).await;
    orange.told(&receiver, "thrice", 5_000).await;
    orange.pay(json!({"reference": "thrice"})).await.ok();
    for (count, seconds) in [(2, 10), (3, 60)] {
        receiver.wait(count).await;
        while tried(&orange).await < count - 1 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        orange.advance(seconds);
    }
    receiver.wait(4).await;
    let states: Vec<Value> = journal(&orange).await.iter().map(|entry| entry["status"].clone()).collect();
    assert_eq!(states, [500, 500, 200]);
}

#[tokio::test]
async fn it_comes_before_or_after_the_status_flips() {
    let (orange, receiver) = (Orange::new().await, Receiver::start().await);
    let before = orange.told(&receiver, "before", 5_000).await;
    orange.pay(json!({"reference": "before", "after_seconds": 60, "notify": "before"})).await.ok();
    let told = receiver.wait(1).await.remove(0).json();
    assert_eq!(told["status"], "SUCCESS");
    assert_eq!(orange.status("before", 5_000, &before).await, "PENDING", "not yet");
    assert_eq!(orange.held().await, 0);
    orange.advance(60);
    let status = orange.ask("before", 5_000, &before["pay_token"]).await.ok();
    assert_eq!((&status["status"], &status["txnid"]), (&json!("SUCCESS"), &told["txnid"]));
    assert_eq!(journal(&orange).await.len(), 1);

    let both = orange.told(&receiver, "both", 5_000).await;
    orange.pay(json!({"reference": "both", "after_seconds": 60, "notify": "both"})).await.ok();
    receiver.wait(2).await;
    orange.advance(60);
    let received = receiver.wait(3).await;
    assert_eq!(received[1].body, received[2].body);
    assert_eq!(orange.status("both", 5_000, &both).await, "SUCCESS");

    let late = orange.told(&receiver, "late", 5_000).await;
    orange.fault(json!({"fault": "callback_late", "delay_seconds": 3_600})).await;
    orange.pay(json!({"reference": "late"})).await.ok();
    assert_eq!(orange.status("late", 5_000, &late).await, "SUCCESS");
    assert_eq!(receiver.received().len(), 3);
    orange.advance(3_600);
    assert_eq!(receiver.wait(4).await[3].json()["notif_token"], late["notif_token"]);
}

#[tokio::test]
async fn time_alone_ends_a_transaction_and_tells() {
    let (orange, receiver) = (Orange::new().await, Receiver::start().await);
    orange.told(&receiver, "ORD-1", 5_000).await;
    orange.pay(json!({"reference": "ORD-1", "after_seconds": 900})).await.ok();
    orange.advance(900);
    assert_eq!(statuses(&receiver.wait(1).await), ["SUCCESS"], "though nobody asked");
}

#[tokio::test]
async fn forgeries_bear_a_wrong_token_or_the_right_one() {
    let (orange, receiver) = (Orange::new().await, Receiver::start().await);
    let created = orange.told(&receiver, "ORD-1", 5_000).await;
    let forge = async |variant: Value| {
        let before = receiver.received().len();
        let mut wish = json!({"reference": created["pay_token"], "variant": variant});
        if variant.is_null() {
            wish.as_object_mut().unwrap().remove("variant");
        }
        orange.control("orange/forge", &wish).await.ok();
        let told = receiver.wait(before + 1).await.remove(before).json();
        assert_eq!(told.as_object().unwrap().len(), 3);
        (told["status"].clone(), told["notif_token"] == created["notif_token"])
    };
    assert_eq!(forge(Value::Null).await, (json!("SUCCESS"), false));
    assert_eq!(forge(json!("success")).await, (json!("SUCCESS"), true));
    assert_eq!(forge(json!("failed")).await, (json!("FAILED"), true));
    assert_eq!(orange.status("ORD-1", 5_000, &created).await, "INITIATED");
    assert!(journal(&orange).await.iter().all(|entry| entry["genuine"] == false));

    orange.fault(json!({"fault": "callback_forged"})).await;
    orange.pay(json!({"reference": "ORD-1"})).await.ok();
    let tokens: Vec<bool> = receiver.wait(5).await[3..]
        .iter()
        .map(|one| one.json()["notif_token"] == created["notif_token"])
        .collect();
    assert_eq!(tokens.iter().filter(|is_right| **is_right).count(), 1, "beside the genuine one");
}

#[tokio::test]
async fn a_failure_and_a_success_of_one_payment_come_in_either_order() {
    for (reordered, expected) in [(false, ["FAILED", "SUCCESS"]), (true, ["SUCCESS", "FAILED"])] {
        let (orange, receiver) = (Orange::new().await, Receiver::start().await);
        let created = orange.told(&receiver, "ORD-1", 5_000).await;
        if reordered {
            orange.fault(json!({"fault": "callback_reorder", "match": "FAILED"})).await;
        }
        orange.pay(json!({"reference": "ORD-1", "outcome": "decline"})).await.ok();
        if !reordered {
            receiver.wait(1).await;
        }
        orange.pay(json!({"reference": "ORD-1", "again": true})).await.ok();
        assert_eq!(statuses(&receiver.wait(2).await), expected);
        assert_eq!(orange.status("ORD-1", 5_000, &created).await, "SUCCESS");
    }
}

#[tokio::test]
async fn fields_and_statuses_may_be_unknown() {
    let (orange, receiver) = (Orange::new().await, Receiver::start().await);
    orange.told(&receiver, "field", 5_000).await;
    orange.told(&receiver, "status", 5_000).await;
    orange.fault(json!({"fault": "callback_unknown_field", "match": "field"})).await;
    orange.fault(json!({"fault": "callback_unknown_type", "match": "status"})).await;
    orange.pay(json!({"reference": "field"})).await.ok();
    assert_eq!(receiver.wait(1).await[0].json().as_object().unwrap().len(), 4);
    orange.pay(json!({"reference": "status"})).await.ok();
    let told = receiver.wait(2).await[1].json();
    assert!(!["SUCCESS", "FAILED"].contains(&told["status"].as_str().unwrap()), "{told}");
}
