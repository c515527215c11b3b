//! Webhooks: proof, events, retries, deadlines, rotation and the portal's tester.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sandbox::{SandboxConfig, WaveWebhookConfig};
use serde_json::{Value, json};

use crate::kit::{Kit, Receiver, SN_SECRET};

#[tokio::test]
async fn a_payment_is_told_with_a_signature_over_t_and_body() {
    let (kit, receiver) = (Kit::new().await, Receiver::start().await);
    kit.webhook(&receiver).await;
    let created = kit.session("order", "12500").await;
    let paid = kit.pay("order").await;
    let received = receiver.wait(1).await.remove(0);
    assert!(received.is_signed_with(SN_SECRET));
    assert!(!received.is_signed_with("wave_ci_WHS_sandbox"));
    assert_eq!(received.header("content-type"), Some("application/json"));
    let (t, _) = received.signature();
    assert!((kit.sandbox.clock().now().timestamp() - t).abs() < 10);
    let event = received.json();
    assert!(event["id"].as_str().unwrap().starts_with("EV_"));
    assert_eq!(event["type"], "checkout.session.completed");
    assert_eq!(event["data"], paid);
    assert_eq!(event["data"]["id"], created["id"]);
    kit.all_sent().await;
    let journal = kit.deliveries().await;
    assert_eq!(journal.len(), 1);
    assert_eq!((&journal[0]["event_id"], &journal[0]["status"]), (&event["id"], &json!(200)));
    assert_eq!((&journal[0]["url"], &journal[0]["state"]), (&json!(receiver.url), &json!("delivered")));
    assert!(journal[0]["at"].is_string());
}

#[tokio::test]
async fn the_shared_strategy_sends_a_bearer_secret() {
    let (kit, receiver) = (Kit::new().await, Receiver::start().await);
    let wish = json!({"wallet": "sn", "url": receiver.url, "strategy": "shared", "secrets": ["hush"]});
    kit.set_webhook(wish).await;
    kit.session("order", "1000").await;
    kit.pay("order").await;
    let received = receiver.wait(1).await.remove(0);
    assert_eq!(received.header("authorization"), Some("Bearer hush"));
    assert_eq!(received.header("wave-signature"), None);
}

#[tokio::test]
async fn every_kind_of_event_has_its_shape() {
    let (kit, receiver) = (Kit::new().await, Receiver::start().await);
    kit.webhook(&receiver).await;
    kit.session("order", "12500").await;
    kit.decline("order", "insufficient-funds").await;
    let failed = receiver.wait(1).await[0].json();
    assert_eq!(failed["type"], "checkout.session.payment_failed");
    assert_eq!(failed["data"]["checkout_status"], "open");
    assert_eq!(failed["data"]["payment_status"], "cancelled");
    assert_eq!(failed["data"]["last_payment_error"]["code"], "insufficient-funds");

    let wish = json!({"wallet": "sn", "amount": "2000", "payer": "+221770005566", "custom_fields": {"account_number": "A-17"}});
    let id = kit.control("wave/direct", &wish).await.ok()["id"].clone();
    let event = receiver.wait(2).await[1].json();
    assert!(event["id"].as_str().unwrap().starts_with("AE_"));
    assert_eq!(event["type"], "merchant.payment_received");
    let data = &event["data"];
    assert_eq!(data["id"], id);
    assert_eq!((&data["amount"], &data["fee"]), (&json!("1980"), &json!("20")));
    assert_eq!((&data["sender_mobile"], &data["currency"]), (&json!("+221770005566"), &json!("XOF")));
    assert_eq!(data["custom_fields"], json!({"account_number": "A-17"}));

    let wish = json!({"wallet": "sn", "amount": "40250", "kind": "b2b", "payer": "M_q0zH3kVx8T", "reference": "INV-77"});
    kit.control("wave/direct", &wish).await.ok();
    let event = receiver.wait(3).await[2].json();
    assert_eq!(event["type"], "b2b.payment_received");
    assert_eq!(event["data"]["client_reference"], "INV-77");
    assert_eq!(event["data"]["sender_id"], "M_q0zH3kVx8T");
    assert_eq!(kit.balance().await, 50_000_000 + 1_980 + 40_250);

    let wish = json!({"wallet": "sn", "amount": "40250", "kind": "b2b_failed"});
    kit.control("wave/direct", &wish).await.ok();
    let event = receiver.wait(4).await[3].json();
    assert_eq!(event["type"], "b2b.payment_failed");
    assert!(event["data"]["last_payment_error"]["code"].is_string());
    assert_eq!(kit.balance().await, 50_000_000 + 1_980 + 40_250);
}

#[tokio::test]
async fn expiry_refund_and_payout_are_told_to_nobody() {
    let (kit, receiver) = (Kit::new().await, Receiver::start().await);
    kit.webhook(&receiver).await;
    kit.session("late", "1000").await;
    kit.advance(3600);
    let paid = kit.session("paid", "1000").await;
    kit.pay("paid").await;
    kit.post(&format!("/wave/v1/checkout/sessions/{}/refund", paid["id"].as_str().unwrap())).await;
    let sent = kit.pay_out("k", &crate::kit::payout("po", "1000", "+221770003344")).await.ok();
    kit.post(&format!("/wave/v1/payout/{}/reverse", sent["id"].as_str().unwrap())).await;
    kit.all_sent().await;
    assert_eq!(receiver.wait(1).await.len(), 1, "only the payment");
}

#[tokio::test]
async fn events_go_to_their_own_wallet_and_only_if_wanted() {
    let (kit, wanted, unwanted) = (Kit::new().await, Receiver::start().await, Receiver::start().await);
    kit.set_webhook(json!({"wallet": "sn", "url": wanted.url, "events": ["checkout.session.completed"]}))
        .await;
    kit.set_webhook(json!({"wallet": "ci", "url": unwanted.url})).await;
    kit.session("order", "1000").await;
    kit.decline("order", "payment-failure").await;
    kit.pay("order").await;
    kit.all_sent().await;
    let types: Vec<Value> = wanted.wait(1).await.iter().map(|event| event.json()["type"].clone()).collect();
    assert_eq!(types, ["checkout.session.completed"]);
    assert!(unwanted.received().is_empty());
}

#[tokio::test]
async fn a_webhook_with_two_secrets_carries_two_signatures() {
    let (kit, receiver) = (Kit::new().await, Receiver::start().await);
    kit.set_webhook(json!({"wallet": "sn", "url": receiver.url, "secrets": ["old", "new"]})).await;
    kit.session("order", "1000").await;
    kit.pay("order").await;
    let received = receiver.wait(1).await.remove(0);
    assert_eq!(received.signature().1.len(), 2);
    assert!(received.is_signed_with("old") && received.is_signed_with("new"));
}

#[tokio::test]
async fn a_duplicated_webhook_sends_each_event_twice() {
    let (kit, receiver) = (Kit::new().await, Receiver::start().await);
    kit.set_webhook(json!({"wallet": "sn", "url": receiver.url, "secrets": ["old"]})).await;
    kit.set_webhook(json!({"wallet": "sn", "name": "rotated", "url": receiver.url, "secrets": ["new"]}))
        .await;
    kit.session("order", "1000").await;
    kit.pay("order").await;
    let received = receiver.wait(2).await;
    assert_eq!(received[0].json()["id"], received[1].json()["id"]);
    let signed = |secret: &str| received.iter().filter(|event| event.is_signed_with(secret)).count();
    assert_eq!((signed("old"), signed("new")), (1, 1));
}

#[tokio::test]
async fn an_event_is_repeated_with_a_new_t_until_a_2xx() {
    let (kit, receiver) = (Kit::new().await, Receiver::start().await);
    kit.webhook(&receiver).await;
    receiver.answer(&[500, 404, 302, 204]);
    kit.session("order", "1000").await;
    kit.pay("order").await;
    for (attempt, pause) in [(1, 10), (2, 30), (3, 60)] {
        let tried = |journal: &[Value]| journal.iter().filter(|entry| !entry["status"].is_null()).count();
        kit.deliveries_until(|journal| tried(journal) == attempt).await;
        kit.advance(pause);
    }
    kit.all_sent().await;
    let received = receiver.wait(4).await;
    assert_eq!(received.len(), 4);
    let times: Vec<i64> = received.iter().map(|event| event.signature().0).collect();
    let gaps: Vec<i64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(
        (10..15).contains(&gaps[0]) && (30..35).contains(&gaps[1]) && (60..65).contains(&gaps[2]),
        "{gaps:?}"
    );
    assert!(received.iter().all(|event| event.is_signed_with(SN_SECRET)));
    assert!(received.iter().all(|event| event.body == received[0].body), "the same bytes each time");
    let statuses: Vec<Value> = kit.deliveries().await.iter().map(|entry| entry["status"].clone()).collect();
    assert_eq!(statuses, [500, 404, 302, 204]);
}

#[tokio::test]
async fn after_three_days_nobody_tries_again() {
    let (kit, receiver) = (Kit::new().await, Receiver::start().await);
    kit.webhook(&receiver).await;
    receiver.answer(&[500; 64]);
    kit.session("order", "1000").await;
    let start = kit.sandbox.clock().now();
    kit.pay("order").await;
    let mut journal = Vec::new();
    for count in 1..64 {
        let tried = |journal: &[Value]| journal.len() == count && journal[0]["at"].is_string();
        journal = kit.deliveries_until(tried).await;
        if kit.look("wave/deliveries").await["idle"] == true {
            break;
        }
        kit.advance([10, 30, 60, 300, 900, 3_600, 10_800, 21_600].get(count - 1).copied().unwrap_or(43_200));
    }
    assert_eq!(journal[0]["state"], "given_up");
    let last: DateTime<Utc> = journal.last().unwrap()["at"].as_str().unwrap().parse().unwrap();
    assert!(last - start > TimeDelta::days(2) && last - start <= TimeDelta::days(3), "{last}");
    assert!(journal.len() > 8, "{}", journal.len());
    kit.advance(10 * 86_400);
    kit.all_sent().await;
    assert_eq!(receiver.received().len(), journal.len());
}

#[tokio::test]
async fn a_leap_over_three_days_gives_an_event_up() {
    let (kit, receiver) = (Kit::new().await, Receiver::start().await);
    kit.webhook(&receiver).await;
    receiver.answer(&[500]);
    kit.session("order", "1000").await;
    kit.pay("order").await;
    kit.deliveries_until(|journal| journal[0]["status"] == 500).await;
    kit.advance(3 * 86_400 + 60);
    kit.all_sent().await;
    assert_eq!(kit.deliveries().await[0]["state"], "given_up");
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn a_receiver_that_is_too_slow_has_failed() {
    assert_eq!(SandboxConfig::default().webhook_deadline, Duration::from_secs(5));
    let webhook_deadline = Duration::from_millis(500);
    let kit = Kit::with(SandboxConfig { webhook_deadline, ..SandboxConfig::default() }).await;
    let receiver = Receiver::start().await;
    kit.webhook(&receiver).await;
    receiver.answer_after(200, Duration::from_secs(30));
    kit.session("order", "1000").await;
    kit.pay("order").await;
    let journal = kit.deliveries_until(|journal| !journal[0]["error"].is_null()).await;
    assert_eq!(journal[0]["error"], "no answer in time");
    kit.advance(10);
    kit.all_sent().await;
    assert_eq!(receiver.received().len(), 2);
}

#[tokio::test]
async fn a_receiver_that_is_down_gets_it_later() {
    let kit = Kit::new().await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    kit.set_webhook(json!({"wallet": "sn", "url": format!("http://{closed}/")})).await;
    kit.session("order", "1000").await;
    kit.pay("order").await;
    kit.deliveries_until(|journal| !journal[0]["error"].is_null()).await;
    let receiver = Receiver::start().await;
    kit.webhook(&receiver).await;
    kit.advance(10);
    assert_eq!(receiver.wait(1).await.len(), 1);
}

#[tokio::test]
async fn the_tester_checks_health_a_test_event_and_a_bad_signature() {
    let (kit, receiver) = (Kit::new().await, Receiver::start().await);
    kit.webhook(&receiver).await;
    receiver.answer(&[200, 200, 401]);
    let verdicts = kit.control("wave/tester", &json!({"wallet": "sn"})).await.ok();
    let passed: Vec<Value> =
        verdicts["data"].as_array().unwrap().iter().map(|probe| probe["passed"].clone()).collect();
    assert_eq!(passed, [true, true, true]);
    let received = receiver.wait(3).await;
    assert!(received[0].is_signed_with(SN_SECRET) && received[1].is_signed_with(SN_SECRET));
    assert!(!received[2].is_signed_with(SN_SECRET));
    assert_eq!(received[1].json()["type"], "test.test_event");
    assert_eq!(received[1].json()["data"], json!({}));

    let verdicts = kit.control("wave/tester", &json!({"wallet": "sn", "without_data": true})).await.ok();
    assert_eq!(verdicts["data"][2]["passed"], false, "a receiver that accepts anything fails");
    assert!(receiver.wait(5).await[4].json().get("data").is_none());
    kit.control("wave/tester", &json!({"wallet": "ml"})).await.refused(404, "not_found");
    kit.control("wave/tester", &json!({"wallet": "ci"})).await.refused(404, "not_found");
}

#[tokio::test]
async fn an_embedding_program_registers_a_webhook_by_a_call() {
    let (kit, receiver) = (Kit::new().await, Receiver::start().await);
    kit.sandbox.put_wave_webhook(&WaveWebhookConfig::new("sn", &receiver.url)).unwrap();
    kit.session("order", "1000").await;
    kit.pay("order").await;
    assert!(receiver.wait(1).await[0].is_signed_with(SN_SECRET));
    let nobody = kit.sandbox.put_wave_webhook(&WaveWebhookConfig::new("xx", &receiver.url));
    assert!(nobody.is_err());
}

#[tokio::test]
async fn webhooks_are_listed_replaced_and_cleared() {
    let kit = Kit::new().await;
    kit.set_webhook(json!({"wallet": "sn", "url": "http://127.0.0.1:9/a"})).await;
    kit.set_webhook(json!({"wallet": "sn", "url": "http://127.0.0.1:9/b"})).await;
    kit.set_webhook(json!({"wallet": "ci", "url": "http://127.0.0.1:9/c", "strategy": "shared"})).await;
    let listed = kit.look("wave/webhooks").await["data"].clone();
    assert_eq!(
        listed,
        json!([
            {"wallet": "ci", "name": "main", "url": "http://127.0.0.1:9/c", "strategy": "shared", "secrets": ["wave_ci_WHS_sandbox"], "events": []},
            {"wallet": "sn", "name": "main", "url": "http://127.0.0.1:9/b", "strategy": "signing", "secrets": [SN_SECRET], "events": []},
        ])
    );
    let delete = async |query: &str| {
        let path = format!("/_control/wave/webhooks{query}");
        kit.send(kit.request(reqwest::Method::DELETE, &path)).await.status
    };
    assert_eq!(delete("?wallet=ci").await, 204);
    assert_eq!(kit.look("wave/webhooks").await["data"].as_array().unwrap().len(), 1);
    assert_eq!(delete("").await, 204);
    assert_eq!(kit.look("wave/webhooks").await["data"], json!([]));
    kit.control("wave/webhooks", &json!({"wallet": "xx", "url": "http://x/"}))
        .await
        .refused(404, "not_found");
    kit.control("wave/webhooks", &json!({"wallet": "sn", "url": "ftp://x/"})).await.refused(422, "invalid");
    kit.control("wave/webhooks", &json!({"wallet": "sn", "uri": "http://x/"})).await.refused(422, "invalid");
}
