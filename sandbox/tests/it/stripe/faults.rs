//! Requests that go wrong at Stripe: before the effect, after it, or only in the telling.

use serde_json::json;

use super::kit::{Stripe, debit_form, id, refused, transfer_form};

const GOOD: &str = "DE89370400440532013000";

#[tokio::test]
async fn a_lost_answer_hides_an_effect_that_the_same_key_finds() {
    let stripe = Stripe::new().await;
    let form = debit_form(GOOD, "order", "1099");
    for fault in ["lose_reply", "reset_after"] {
        stripe.fault(json!({"fault": fault})).await;
        let posting = stripe.posting("payment_intents", &form).header("Idempotency-Key", fault);
        stripe.try_send(posting).await.unwrap_err();
        let made = stripe.list("payment_intents?limit=1").await;
        let again = stripe.post_with(fault, "payment_intents", &form).await.ok();
        assert_eq!(again["id"], made[0]["id"], "{fault}");
    }
    assert_eq!(stripe.list("payment_intents").await.len(), 2);
}

#[tokio::test]
async fn a_500_after_the_effect_is_what_the_key_gets_for_a_day() {
    let stripe = Stripe::new().await;
    let customer = stripe.customer("a@example.com").await;
    let form = transfer_form(&customer, "order", "5000");
    stripe.fault(json!({"fault": "error_after_success"})).await;
    let first = stripe.post_with("key", "payment_intents", &form).await;
    assert_eq!((first.status, &first.json()["error"]["type"]), (500, &json!("api_error")));
    let again = stripe.post_with("key", "payment_intents", &form).await;
    assert_eq!(again, first, "the very same bytes");
    let made = stripe.list(&format!("payment_intents?customer={customer}")).await;
    assert_eq!(
        (made.len(), &made[0]["metadata"]["movement_reference"]),
        (1, &json!("order")),
        "yet it is there"
    );
    stripe.fault(json!({"fault": "error_after_success", "status": 503})).await;
    let form = transfer_form(&customer, "other", "5000");
    assert_eq!(stripe.post_with("other", "payment_intents", &form).await.status, 503);
    stripe.post_with("other", "payment_intents", &form).await.ok();
    assert_eq!(stripe.list("payment_intents").await.len(), 2);
}

#[tokio::test]
async fn limits_and_locks_refuse_before_the_effect() {
    let stripe = Stripe::new().await;
    let form = debit_form(GOOD, "order", "1099");
    for (code, said) in [(None, "rate_limit"), (Some("lock_timeout"), "lock_timeout")] {
        stripe.fault(json!({"fault": "error_before", "status": 429, "code": code})).await;
        refused(&stripe.post_with("key", "payment_intents", &form).await, 429, said, "");
    }
    stripe.fault(json!({"fault": "error_before", "status": 500})).await;
    assert_eq!(stripe.post_with("key", "payment_intents", &form).await.status, 500);
    stripe.fault(json!({"fault": "reset_before"})).await;
    stripe.try_send(stripe.posting("payment_intents", &form)).await.unwrap_err();
    assert!(stripe.list("payment_intents").await.is_empty());
    stripe.post_with("key", "payment_intents", &form).await.ok();
}

#[tokio::test]
async fn answers_are_spoiled() {
    let stripe = Stripe::new().await;
    let made = stripe.debit(GOOD, "order", "1099").await;
    let path = format!("payment_intents/{}", id(&made));
    for fault in ["html", "truncated_json", "empty_200"] {
        stripe.fault(json!({"fault": fault, "match": {"reference": "order"}})).await;
        let answer = stripe.get(&path).await;
        assert!(serde_json::from_str::<serde_json::Value>(&answer.text).is_err(), "{fault}");
    }
    stripe.fault(json!({"fault": "unknown_status"})).await;
    assert_eq!(stripe.get(&path).await.ok()["status"], "somewhere_between");
    stripe.fault(json!({"fault": "missing_fields"})).await;
    assert!(stripe.get(&path).await.ok().get("canceled_at").is_none(), "what is null is left out");
    stripe.fault(json!({"fault": "unknown_field"})).await;
    assert!(stripe.get(&path).await.ok()["loyalty"].is_object());
    assert_eq!(stripe.get(&path).await.ok()["status"], "processing");
}
