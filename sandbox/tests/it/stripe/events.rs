//! Events: snapshots, signatures, repetition, mischief and the log.

use serde_json::{Value, json};

use super::kit::{SECRET, Stripe, debit_form, id, is_signed_with, signature};
use crate::kit::Receiver;

const GOOD: &str = "DE89370400440532013000";

fn kinds(events: &[crate::kit::Received]) -> Vec<String> {
    let mut kinds: Vec<_> =
        events.iter().map(|event| event.json()["type"].as_str().unwrap().to_owned()).collect();
    kinds.sort();
    kinds
}

#[tokio::test]
async fn an_event_is_a_signed_snapshot_with_its_request() {
    let (stripe, receiver) = (Stripe::new().await, Receiver::start().await);
    stripe.endpoint(&receiver).await;
    let form = debit_form(GOOD, "order", "1099");
    let made = stripe.post_with("order:collect", "payment_intents", &form).await.ok();
    let events = receiver.wait(3).await;
    assert_eq!(kinds(&events), ["charge.pending", "payment_intent.created", "payment_intent.processing"]);
    for event in &events {
        assert!(is_signed_with(event, SECRET));
        assert!((signature(event).0 - stripe.now().timestamp()).abs() < 60);
        let body = event.json();
        assert!(body["id"].as_str().unwrap().starts_with("evt_"));
        assert_eq!((&body["object"], &body["api_version"]), (&json!("event"), &json!("2026-09-30.endive")));
        assert_eq!((&body["pending_webhooks"], &body["livemode"]), (&json!(1), &json!(false)));
        assert_eq!(body["request"]["idempotency_key"], "order:collect");
        assert!(body["request"]["id"].as_str().unwrap().starts_with("req_"));
    }
    let created =
        events.iter().find(|event| event.json()["type"] == "payment_intent.created").unwrap().json();
    assert_eq!(created["data"]["object"]["id"], made["id"]);
    assert_eq!(created["data"]["object"]["status"], "requires_confirmation", "as it was then");
}

#[tokio::test]
async fn an_endpoint_has_its_own_version_types_and_two_secrets_while_rolling() {
    let (stripe, receiver) = (Stripe::new().await, Receiver::start().await);
    let wish = json!({
        "url": receiver.url, "secrets": ["whsec_old", "whsec_new"], "events": ["payment_intent.processing"],
        "api_version": "2026-06-24.dahlia",
    });
    stripe.control("stripe/webhooks", &wish).await.ok();
    stripe.debit(GOOD, "order", "1099").await;
    stripe.all_sent().await;
    let events = receiver.received();
    assert_eq!(kinds(&events), ["payment_intent.processing"]);
    assert!(is_signed_with(&events[0], "whsec_old") && is_signed_with(&events[0], "whsec_new"));
    assert_eq!(signature(&events[0]).1.len(), 2);
    assert_eq!(events[0].json()["api_version"], "2026-06-24.dahlia");
    assert_eq!(stripe.list("events?limit=1").await[0]["api_version"], "2026-09-30.endive");
}

#[tokio::test]
async fn what_time_brings_about_is_told_when_the_clock_moves() {
    let (stripe, receiver) = (Stripe::new().await, Receiver::start().await);
    stripe.endpoint(&receiver).await;
    stripe.debit(GOOD, "order", "1099").await;
    receiver.wait(3).await;
    stripe.control("clock", &json!({"advance_seconds": 14 * 86_400})).await.ok();
    let events = receiver.wait(5).await;
    assert_eq!(kinds(&events[3..]), ["charge.succeeded", "payment_intent.succeeded"]);
}

#[tokio::test]
async fn a_refused_event_comes_again_with_a_new_t() {
    let (stripe, receiver) = (Stripe::new().await, Receiver::start().await);
    receiver.answer(&[500, 302]);
    let wish = json!({"url": receiver.url, "events": ["payment_intent.processing"]});
    stripe.control("stripe/webhooks", &wish).await.ok();
    stripe.debit(GOOD, "order", "1099").await;
    let attempts = || async {
        let journal = stripe.look("stripe/deliveries").await;
        journal["data"].as_array().unwrap().iter().filter(|entry| entry["status"].is_u64()).count()
    };
    for (count, pause) in [(1, 10), (2, 60)] {
        receiver.wait(count).await;
        // The attempt is in the books only once its answer is.
        while attempts().await < count {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        stripe.advance(pause);
    }
    let events = receiver.wait(3).await;
    stripe.all_sent().await;
    assert_eq!(events[0].body, events[2].body);
    assert!(
        signature(&events[0]).0 < signature(&events[1]).0
            && signature(&events[1]).0 < signature(&events[2]).0
    );
    assert!(events.iter().all(|event| is_signed_with(event, SECRET)));
    assert_eq!(receiver.received().len(), 3);
}

#[tokio::test]
async fn events_are_doubled_lost_overtaken_and_forged() {
    let (stripe, receiver) = (Stripe::new().await, Receiver::start().await);
    stripe.endpoint(&receiver).await;
    stripe.fault(json!({"fault": "callback_duplicate", "match": "charge.pending"})).await;
    stripe.fault(json!({"fault": "callback_lost", "match": "payment_intent.created"})).await;
    stripe.fault(json!({"fault": "callback_reorder", "match": "payment_intent.processing"})).await;
    let forgeries = ["signature", "amount", "amount_signed", "stale", "unsigned"];
    for variant in forgeries {
        let setting = json!({"fault": "callback_forged", "variant": variant, "match": {"path": "processing", "reference": "order"}});
        stripe.fault(setting).await;
    }
    let made = stripe.debit(GOOD, "order", "1099").await;
    stripe.all_sent().await;
    let events = receiver.received();
    assert_eq!(events.len(), 2 + 1 + forgeries.len());
    let of =
        |kind: &str| events.iter().filter(|event| event.json()["type"] == kind).cloned().collect::<Vec<_>>();
    let doubled = of("charge.pending");
    assert_eq!(doubled[0].json()["id"], doubled[1].json()["id"]);
    let processing = of("payment_intent.processing");
    let now = stripe.now().timestamp();
    let good = |event: &crate::kit::Received| {
        event.header("stripe-signature").is_some()
            && is_signed_with(event, SECRET)
            && now - signature(event).0 < 300
            && event.json()["data"]["object"]["amount"] == 1099
    };
    assert_eq!(processing.iter().filter(|event| good(event)).count(), 1, "only one is what it seems");
    assert_eq!(events.last().unwrap().json()["type"], "payment_intent.processing", "and it was overtaken");
    assert!(good(events.last().unwrap()));
    let sent =
        stripe.control("stripe/forge", &json!({"reference": "order", "variant": "amount_signed"})).await.ok();
    assert_eq!(sent["sent"], 1);
    stripe.all_sent().await;
    assert_eq!(receiver.received().last().unwrap().json()["type"], "payment_intent.succeeded");
    assert_eq!(stripe.intent(&made["id"]).await["status"], "processing");
}

#[tokio::test]
async fn an_event_may_arrive_before_the_answer() {
    let (stripe, receiver) = (Stripe::new().await, Receiver::start().await);
    stripe.endpoint(&receiver).await;
    stripe.fault(json!({"fault": "slow", "delay_ms": 60_000})).await;
    let form = debit_form(GOOD, "order", "1099");
    let waiting = tokio::spawn(stripe.posting("payment_intents", &form).send());
    assert_eq!(receiver.wait(3).await.len(), 3);
    assert!(!waiting.is_finished());
    waiting.abort();
}

#[tokio::test]
async fn the_log_is_filtered_and_forgets_after_a_month() {
    let stripe = Stripe::new().await;
    stripe.debit(GOOD, "order", "1099").await;
    assert_eq!(stripe.list("events").await.len(), 3);
    assert_eq!(stripe.list("events?type=payment_intent.*").await.len(), 2);
    assert_eq!(stripe.list("events?types[]=charge.pending&types[]=payment_intent.created").await.len(), 2);
    let one = &stripe.list("events?type=charge.pending").await[0];
    assert_eq!(stripe.get(&format!("events/{}", id(one))).await.ok(), *one);
    let later = stripe.now().timestamp() + 60;
    assert!(stripe.list(&format!("events?created[gt]={later}")).await.is_empty());
    stripe.days(31);
    assert_eq!(stripe.list("events?type=charge.pending").await, Vec::<Value>::new());
}

#[tokio::test]
async fn endpoints_are_managed_over_the_api_too() {
    let (stripe, receiver) = (Stripe::new().await, Receiver::start().await);
    let form = [
        ("url", receiver.url.as_str()),
        ("enabled_events[]", "customer.created"),
        ("api_version", "2026-09-30.endive"),
        ("metadata[a]", "b"),
    ];
    let made = stripe.post("webhook_endpoints", &form).await.ok();
    let secret = made["secret"].as_str().unwrap();
    stripe.customer("a@example.com").await;
    let event = &receiver.wait(1).await[0];
    assert!(is_signed_with(event, secret) && event.json()["type"] == "customer.created");
    let path = format!("webhook_endpoints/{}", id(&made));
    assert_eq!(stripe.get(&path).await.ok()["secret"], Value::Null);
    assert_eq!(stripe.post(&path, &[("disabled", "true")]).await.ok()["status"], "disabled");
    stripe.customer("b@example.com").await;
    stripe.all_sent().await;
    assert_eq!(receiver.received().len(), 1);
    let gone = stripe.send(stripe.call(reqwest::Method::DELETE, &path)).await.ok();
    assert_eq!(gone["deleted"], true);
    assert!(stripe.list("webhook_endpoints").await.is_empty());
}
