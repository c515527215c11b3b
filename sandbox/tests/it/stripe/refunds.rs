//! Refunds: on their way, arrived, come back, and refused.

use serde_json::{Value, json};

use super::kit::{Form, Stripe, id, refused};

const GOOD: &str = "DE89370400440532013000";

async fn paid(stripe: &Stripe, reference: &str, amount: &str) -> String {
    let intent = stripe.debit(GOOD, reference, amount).await;
    stripe.pay(json!({"reference": reference})).await;
    id(&intent)
}

async fn refund(stripe: &Stripe, intent: &str, rest: Form<'_>) -> crate::kit::Answer {
    stripe.post("refunds", &[&[("payment_intent", intent)], rest].concat()).await
}

#[tokio::test]
async fn a_refund_takes_money_at_once_and_arrives_after_three_business_days() {
    let stripe = Stripe::new().await;
    let intent = paid(&stripe, "order", "1000").await;
    let form =
        [("amount", "400"), ("reason", "requested_by_customer"), ("metadata[movement_reference]", "back")];
    let made = refund(&stripe, &intent, &form).await.ok();
    assert_eq!((&made["status"], &made["pending_reason"]), (&json!("pending"), &json!("processing")));
    assert_eq!(stripe.balance().await.0, 10_000_000 + 965 - 400, "the fee of the payment stays away");
    let charge = stripe.get(&format!("charges/{}", made["charge"].as_str().unwrap())).await.ok();
    assert_eq!((&charge["amount_refunded"], &charge["refunded"]), (&json!(400), &json!(false)));
    let line = &stripe.list(&format!("balance_transactions?source={}", id(&made))).await[0];
    assert_eq!((&line["id"], &line["net"]), (&made["balance_transaction"], &json!(-400)));
    stripe.set_clock("2026-11-25T23:59:00Z");
    let path = format!("refunds/{}", id(&made));
    assert_eq!(stripe.get(&path).await.ok()["status"], "pending");
    stripe.set_clock("2026-11-26T00:00:00Z");
    assert_eq!(stripe.get(&path).await.ok()["status"], "succeeded");
    let mut told = stripe.events().await;
    told.retain(|kind| kind.contains("refund"));
    assert_eq!(told, ["refund.created", "charge.refunded", "refund.updated"]);

    let rest = refund(&stripe, &intent, &[]).await.ok();
    assert_eq!(rest["amount"], 600, "the rest when nothing is said");
    refused(&refund(&stripe, &intent, &[]).await, 400, "charge_already_refunded", "");
    assert_eq!(stripe.list(&format!("refunds?payment_intent={intent}")).await.len(), 2);
    let facts: Vec<Value> =
        stripe.facts().await.into_iter().filter(|fact| fact["reference"] == "back").collect();
    let facts: Vec<_> = facts
        .iter()
        .map(|fact| (fact["status"].as_str().unwrap(), fact["effect"].as_str().unwrap()))
        .collect();
    assert_eq!(facts, [("pending", "-4.00"), ("succeeded", "0.00")]);
}

#[tokio::test]
async fn a_refund_that_succeeded_may_still_come_back() {
    let stripe = Stripe::new().await;
    let intent = paid(&stripe, "order", "1000").await;
    let made = refund(&stripe, &intent, &[("metadata[movement_reference]", "back")]).await.ok();
    assert_eq!(stripe.pay(json!({"reference": "back"})).await["status"], "succeeded");
    let failed = stripe.pay(json!({"reference": "back", "outcome": "decline", "code": "declined"})).await;
    assert_eq!((&failed["status"], &failed["failure_reason"]), (&json!("failed"), &json!("declined")));
    assert!(failed["failure_balance_transaction"].is_string());
    assert_eq!(stripe.balance().await.0, 10_000_000 + 965);
    assert_eq!(stripe.events().await.last().unwrap(), "refund.failed");
    let told = stripe.events().await.len();
    for outcome in ["decline", "pay"] {
        stripe.pay(json!({"reference": id(&made), "outcome": outcome})).await;
    }
    assert_eq!((stripe.balance().await.0, stripe.events().await.len()), (10_000_965, told), "it ends once");
    stripe.days(10);
    assert_eq!(stripe.get(&format!("refunds/{}", id(&made))).await.ok()["status"], "failed");
    assert_eq!(
        refund(&stripe, &intent, &[("amount", "1000")]).await.ok()["status"],
        "pending",
        "it may be tried anew"
    );
}

#[tokio::test]
async fn refunds_have_bounds() {
    let stripe = Stripe::new().await;
    let pending = stripe.debit(GOOD, "pending", "1000").await;
    refused(&refund(&stripe, &id(&pending), &[]).await, 400, "payment_intent_unexpected_state", "");
    let intent = paid(&stripe, "order", "1000").await;
    refused(&refund(&stripe, &intent, &[("amount", "1001")]).await, 400, "", "amount");
    refused(&refund(&stripe, &intent, &[("amount", "0")]).await, 400, "parameter_invalid_integer", "amount");
    refused(&refund(&stripe, "pi_x", &[]).await, 404, "resource_missing", "payment_intent");
    refused(&stripe.post("refunds", &[]).await, 400, "parameter_missing", "payment_intent");
    stripe.control("stripe/disputes", &json!({"reference": "order"})).await.ok();
    refused(&refund(&stripe, &intent, &[]).await, 400, "charge_disputed", "");
    let old = paid(&stripe, "old", "1000").await;
    stripe.days(181);
    refused(&refund(&stripe, &old, &[]).await, 400, "", "");
    assert!(stripe.list("refunds").await.is_empty());
}

#[tokio::test]
async fn a_dispute_stops_a_refund_under_way() {
    let stripe = Stripe::new().await;
    let intent = paid(&stripe, "order", "1000").await;
    let made = refund(&stripe, &intent, &[]).await.ok();
    stripe.control("stripe/disputes", &json!({"reference": "order"})).await.ok();
    let failed = stripe.get(&format!("refunds/{}", id(&made))).await.ok();
    assert_eq!(
        (&failed["status"], &failed["failure_reason"]),
        (&json!("failed"), &json!("charge_for_pending_refund_disputed"))
    );
    assert_eq!(stripe.balance().await.0, 10_000_000 + 965 - 1750);
}

#[tokio::test]
async fn a_refund_without_cover_waits_and_then_fails() {
    let mut config = sandbox::SandboxConfig::default();
    config.stripe.opening_balance = 0;
    let stripe = Stripe::with(config).await;
    let intent = paid(&stripe, "order", "1000").await;
    let made = refund(&stripe, &intent, &[]).await.ok();
    assert_eq!((&made["status"], &made["pending_reason"]), (&json!("pending"), &json!("insufficient_funds")));
    assert_eq!((&made["balance_transaction"], stripe.balance().await.0), (&Value::Null, 965));
    paid(&stripe, "more", "1000").await;
    stripe.days(1);
    let path = format!("refunds/{}", id(&made));
    let covered = stripe.get(&path).await.ok();
    assert_eq!((&covered["pending_reason"], stripe.balance().await.0), (&json!("processing"), 930));
    stripe.days(7);
    assert_eq!(stripe.get(&path).await.ok()["status"], "succeeded");

    let second = stripe.list("payment_intents?limit=1").await;
    let made = refund(&stripe, &id(&second[0]), &[]).await.ok();
    stripe.days(14);
    let failed = stripe.get(&format!("refunds/{}", id(&made))).await.ok();
    assert_eq!(
        (&failed["status"], &failed["failure_reason"]),
        (&json!("failed"), &json!("insufficient_funds"))
    );
    assert_eq!(failed["failure_balance_transaction"], Value::Null, "nothing had left");
    assert_eq!(stripe.balance().await.0, 930);
}

#[tokio::test]
async fn a_transfer_goes_back_to_an_account_that_somebody_may_have_to_name() {
    let stripe = Stripe::new().await;
    let customer = stripe.customer("a@example.com").await;
    let known = stripe.transfer(&customer, "known", "1000").await;
    let unnamed = stripe.post("customers", &[]).await.ok();
    let nobody = stripe.transfer(&id(&unnamed), "nobody", "1000").await;
    stripe.pay(json!({"reference": "nobody", "anonymous": true})).await;
    refused(&refund(&stripe, &id(&nobody), &[]).await, 400, "parameter_missing", "instructions_email");
    let asking = refund(&stripe, &id(&nobody), &[("instructions_email", "b@example.com")]).await.ok();
    assert_eq!(
        (&asking["status"], &asking["next_action"]["type"]),
        (&json!("requires_action"), &json!("display_details"))
    );
    stripe.pay(json!({"reference": "known"})).await;
    assert_eq!(refund(&stripe, &id(&known), &[]).await.ok()["status"], "pending");
    stripe.days(46);
    let given_up = stripe.get(&format!("refunds/{}", id(&asking))).await.ok();
    assert_eq!(given_up["status"], "canceled");
    let cash = stripe.get(&format!("customers/{}/cash_balance", id(&unnamed))).await.ok();
    assert_eq!(cash["available"], json!({"eur": 1000}));
}
