//! The life of a subscription by the simulators' clock.

use serde_json::{Value, json};

use super::kit::*;
use crate::stripe::kit::{Stripe, debit_form, id, refused};

#[tokio::test]
async fn a_person_gives_a_mandate_for_the_first_period_and_it_renews_without_them() {
    let stripe = Stripe::new().await;
    let customer = stripe.customer("a@example.com").await;
    let price = monthly(&stripe).await;
    let more = [
        ("payment_behavior", "default_incomplete"),
        ("payment_settings[save_default_payment_method]", "on_subscription"),
        ("expand[]", "latest_invoice.confirmation_secret"),
        ("metadata[plan]", "ten"),
    ];
    let made = subscribe(&stripe, &customer, &price, &more).await;
    assert_eq!(made["status"], "incomplete");
    let invoice = &made["latest_invoice"];
    assert_eq!((&invoice["status"], &invoice["amount_due"]), (&json!("open"), &json!(1000)));
    let parent = &invoice["parent"]["subscription_details"];
    assert_eq!((&parent["subscription"], &parent["metadata"]["plan"]), (&made["id"], &json!("ten")));
    assert_eq!(invoice["attempted"], false);
    let intent = intent_of(&stripe, invoice).await;
    assert_eq!(invoice["confirmation_secret"]["client_secret"], intent["client_secret"]);
    assert_eq!(intent["status"], "requires_payment_method");
    let cancel = stripe.post(&format!("payment_intents/{}/cancel", id(&intent)), &[]).await;
    refused(&cancel, 400, "payment_intent_unexpected_state", "");

    let form = debit_form(GOOD, "x", "1");
    let form: Vec<_> = form
        .iter()
        .filter(|(name, _)| name.starts_with("payment_method_data") || name.starts_with("mandate"))
        .copied()
        .collect();
    let path = format!("payment_intents/{}/confirm", id(&intent));
    assert_eq!(stripe.post(&path, &form).await.ok()["status"], "processing");
    assert_eq!(statuses(&stripe, &made).await, pair("active", "open"), "active and not paid");
    assert!(told(&stripe, "invoice.paid").await.is_empty());
    stripe.days(14);
    assert_eq!(statuses(&stripe, &made).await, pair("active", "paid"));
    assert_eq!(told(&stripe, "invoice.paid").await.len(), 1);
    assert_eq!(told(&stripe, "invoice.payment_succeeded").await.len(), 1);
    let active = now(&stripe, &made).await;
    assert!(active["default_payment_method"].is_string(), "kept once it was paid with");
    let item = &active["items"]["data"][0];
    let ends = item["current_period_end"].as_i64().unwrap();
    assert_eq!(chrono::DateTime::from_timestamp(ends, 0).unwrap().date_naive().to_string(), "2026-12-23");
    assert!(active["current_period_end"].is_null());

    let first = latest(&stripe, &made).await;
    stripe.set_clock("2026-12-23T12:30:00Z");
    let second = latest(&stripe, &made).await;
    assert_ne!(first["id"], second["id"]);
    assert_eq!(
        (&second["status"], &second["billing_reason"]),
        (&json!("draft"), &json!("subscription_cycle"))
    );
    assert_eq!(second["period_end"].as_i64().unwrap(), ends, "the invoice's own period is the one before");
    assert_eq!(second["lines"]["data"][0]["period"]["start"].as_i64().unwrap(), ends);
    let change = last_of(&stripe, "customer.subscription.updated").await;
    assert_eq!(change["data"]["previous_attributes"]["latest_invoice"], first["id"]);
    let old = &change["data"]["previous_attributes"]["items"]["data"][0];
    assert_eq!(old["current_period_end"].as_i64().unwrap(), ends);
    stripe.set_clock("2026-12-23T13:01:00Z");
    assert_eq!(statuses(&stripe, &made).await, pair("active", "open"));
    assert_eq!(intent_of(&stripe, &second).await["status"], "processing");
    stripe.days(14);
    assert_eq!(statuses(&stripe, &made).await, pair("active", "paid"));
    assert_eq!(stripe.balance().await.0, 10_000_000 + 2 * (1000 - 35));
}

#[tokio::test]
async fn a_default_method_pays_the_first_period_at_once() {
    let stripe = Stripe::new().await;
    let customer = payer(&stripe, GOOD, None).await;
    let price = monthly(&stripe).await;
    let made = subscribe(&stripe, &customer, &price, &[("items[0][quantity]", "3")]).await;
    assert_eq!(statuses(&stripe, &made).await, pair("active", "open"));
    let invoice = latest(&stripe, &made).await;
    assert_eq!((&invoice["amount_due"], &invoice["attempt_count"]), (&json!(3000), &json!(1)));
    stripe.days(14);
    assert_eq!(statuses(&stripe, &made).await, pair("active", "paid"));

    let poor = stripe.customer("b@example.com").await;
    let form = [("customer", poor.as_str()), ("items[0][price]", price.as_str())];
    refused(&stripe.post("subscriptions", &form).await, 400, "resource_missing", "");
    let before = stripe.list("subscriptions?status=all").await.len();
    assert_eq!(before, 1, "nothing is left of the one that was refused");
}

#[tokio::test]
async fn the_documents_other_reading_waits_for_the_money() {
    let mut config = sandbox::SandboxConfig::default();
    config.stripe.billing.active_while_processing = false;
    let stripe = Stripe::with(config).await;
    let price = monthly(&stripe).await;
    let good = payer(&stripe, GOOD, None).await;
    let bad = payer(&stripe, NO_FUNDS, None).await;
    let paid = subscribe(&stripe, &good, &price, &[]).await;
    let unpaid = subscribe(&stripe, &bad, &price, &[]).await;
    assert_eq!(statuses(&stripe, &paid).await, pair("incomplete", "open"));
    stripe.days(2);
    assert_eq!(statuses(&stripe, &paid).await, pair("incomplete", "open"), "23 hours wait for a debit");
    stripe.days(14);
    assert_eq!(statuses(&stripe, &paid).await, pair("active", "paid"));
    assert_eq!(statuses(&stripe, &unpaid).await, pair("incomplete_expired", "void"));
}

#[tokio::test]
async fn nobody_pays_the_first_invoice_for_23_hours() {
    let stripe = Stripe::new().await;
    let customer = stripe.customer("a@example.com").await;
    let price = monthly(&stripe).await;
    let made = subscribe(&stripe, &customer, &price, &[("payment_behavior", "default_incomplete")]).await;
    stripe.advance(22 * 3_600);
    assert_eq!(statuses(&stripe, &made).await, pair("incomplete", "open"));
    stripe.advance(3_601);
    assert_eq!(statuses(&stripe, &made).await, pair("incomplete_expired", "void"));
    let intents = stripe.list("payment_intents").await;
    assert_eq!(
        (&intents[0]["status"], &intents[0]["cancellation_reason"]),
        (&json!("canceled"), &json!("void_invoice"))
    );
    stripe.days(60);
    assert_eq!(stripe.list("invoices").await.len(), 1);
}

#[tokio::test]
async fn a_subscription_ends_with_its_period_when_asked_to() {
    let stripe = Stripe::new().await;
    let customer = payer(&stripe, GOOD, None).await;
    let price = monthly(&stripe).await;
    let made = subscribe(&stripe, &customer, &price, &[]).await;
    let path = format!("subscriptions/{}", id(&made));
    let wish = stripe.post(&path, &[("cancel_at_period_end", "true")]).await.ok();
    assert_eq!((&wish["status"], &wish["cancel_at_period_end"]), (&json!("active"), &json!(true)));
    assert_eq!(wish["cancel_at"], wish["items"]["data"][0]["current_period_end"]);
    let change = last_of(&stripe, "customer.subscription.updated").await;
    assert_eq!(change["data"]["previous_attributes"]["cancel_at_period_end"], false);
    let back = stripe.post(&path, &[("cancel_at_period_end", "false")]).await.ok();
    assert_eq!((&back["cancel_at"], &back["canceled_at"]), (&Value::Null, &Value::Null));
    stripe.post(&path, &[("cancel_at_period_end", "true")]).await.ok();
    stripe.set_clock("2026-12-23T13:00:00Z");
    let gone = now(&stripe, &made).await;
    assert_eq!(
        (&gone["status"], &gone["cancellation_details"]["reason"]),
        (&json!("canceled"), &json!("cancellation_requested"))
    );
    assert_eq!(stripe.list("invoices").await.len(), 1);
    assert_eq!(told(&stripe, "customer.subscription.deleted").await.len(), 1);
    assert!(stripe.list("subscriptions").await.is_empty());
    refused(&stripe.post(&path, &[("description", "x")]).await, 400, "", "");
    refused(&stripe.send(stripe.call(reqwest::Method::DELETE, &path)).await, 404, "resource_missing", "id");
}

#[tokio::test]
async fn a_subscription_can_be_ended_at_once_or_at_an_instant() {
    let stripe = Stripe::new().await;
    let customer = payer(&stripe, GOOD, None).await;
    let price = monthly(&stripe).await;
    let made = subscribe(&stripe, &customer, &price, &[]).await;
    let path = format!("subscriptions/{}", id(&made));
    let gone = stripe.send(stripe.call(reqwest::Method::DELETE, &path)).await.ok();
    assert_eq!(gone["status"], "canceled");
    stripe.days(14);
    assert_eq!(latest(&stripe, &made).await["status"], "paid", "what is under way cannot be called back");
    let at = (stripe.now().timestamp() + 864_000).to_string();
    let other = subscribe(&stripe, &customer, &price, &[("cancel_at", &at)]).await;
    stripe.days(9);
    assert_eq!(now(&stripe, &other).await["status"], "active");
    stripe.days(2);
    assert_eq!(now(&stripe, &other).await["status"], "canceled");
}

#[tokio::test]
async fn a_trial_costs_nothing_and_gives_notice() {
    let stripe = Stripe::new().await;
    let customer = payer(&stripe, GOOD, None).await;
    let price = monthly(&stripe).await;
    let made = subscribe(&stripe, &customer, &price, &[("trial_period_days", "10")]).await;
    assert_eq!(statuses(&stripe, &made).await, pair("trialing", "paid"));
    assert_eq!(latest(&stripe, &made).await["total"], 0);
    assert!(stripe.list("payment_intents").await.is_empty());
    assert_eq!(told(&stripe, "invoice.paid").await.len(), 1);
    assert!(told(&stripe, "invoice.payment_succeeded").await.is_empty());
    stripe.days(8);
    assert_eq!(told(&stripe, "customer.subscription.trial_will_end").await.len(), 1);
    stripe.days(2);
    assert_eq!(statuses(&stripe, &made).await, pair("active", "draft"));
    stripe.days(20);
    assert_eq!(statuses(&stripe, &made).await, pair("active", "paid"));
    assert_eq!(latest(&stripe, &made).await["total"], 1000);
}

#[tokio::test]
async fn a_trial_without_a_method_asks_for_one_or_ends_as_told() {
    let stripe = Stripe::new().await;
    let customer = stripe.customer("a@example.com").await;
    let price = monthly(&stripe).await;
    let missing = "trial_settings[end_behavior][missing_payment_method]";
    let trial = [("trial_period_days", "5")];
    let make = |wish| [trial[0], (missing, wish)];
    let cancels = subscribe(&stripe, &customer, &price, &make("cancel")).await;
    let pauses = subscribe(&stripe, &customer, &price, &make("pause")).await;
    let pays = subscribe(&stripe, &customer, &price, &make("pause")).await;
    let setup = pays["pending_setup_intent"].as_str().unwrap();
    let form = debit_form(GOOD, "x", "1");
    let form: Vec<_> = form
        .iter()
        .filter(|(name, _)| name.starts_with("payment_method_data") || name.starts_with("mandate"))
        .copied()
        .collect();
    stripe.post(&format!("setup_intents/{setup}/confirm"), &form).await.ok();
    assert!(now(&stripe, &pays).await["default_payment_method"].is_string());
    stripe.days(6);
    assert_eq!(now(&stripe, &cancels).await["status"], "canceled");
    assert_eq!(now(&stripe, &pauses).await["status"], "paused");
    assert_eq!(now(&stripe, &pays).await["status"], "active");
    assert_eq!(told(&stripe, "customer.subscription.paused").await.len(), 1);
    let path = format!("subscriptions/{}", id(&pauses));
    let method = method(&stripe, &customer, GOOD).await;
    stripe.post(&path, &[("default_payment_method", method.as_str())]).await.ok();
    assert_eq!(stripe.post(&format!("{path}/resume"), &[]).await.ok()["status"], "active");
    stripe.days(20);
    assert_eq!(statuses(&stripe, &pauses).await, pair("active", "paid"));
}
