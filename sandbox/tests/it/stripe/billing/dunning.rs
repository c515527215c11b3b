//! Invoices that are not paid.

use sandbox::{AfterLastRetry, SandboxConfig};
use serde_json::{Value, json};

use super::kit::*;
use crate::stripe::kit::{Stripe, id, refused};

/// A subscription whose first debit comes back.
async fn owing(stripe: &Stripe, iban: &str) -> Value {
    let customer = payer(stripe, iban, None).await;
    let price = monthly(stripe).await;
    subscribe(stripe, &customer, &price, &[]).await
}

#[tokio::test]
async fn a_debit_without_funds_is_tried_again_and_then_given_up() {
    let stripe = Stripe::new().await;
    let made = owing(&stripe, NO_FUNDS).await;
    assert_eq!(statuses(&stripe, &made).await, pair("active", "open"));
    let mut tries = 1;
    for _ in 0..60 {
        stripe.days(1);
        let (subscription, invoice) = (now(&stripe, &made).await, latest(&stripe, &made).await);
        if subscription["status"] == "canceled" {
            break;
        }
        let count = invoice["attempt_count"].as_i64().unwrap();
        assert!(count == tries || count == tries + 1);
        tries = count;
        let waits = invoice["next_payment_attempt"].is_i64();
        let status =
            if told(&stripe, "invoice.payment_failed").await.is_empty() { "active" } else { "past_due" };
        assert_eq!(subscription["status"], status);
        assert_eq!(waits, intent_of(&stripe, &invoice).await["status"] == "requires_payment_method");
    }
    assert_eq!(tries, 4, "once, and three times more");
    assert_eq!(told(&stripe, "invoice.payment_failed").await.len(), 4);
    let gone = now(&stripe, &made).await;
    assert_eq!(
        (&gone["status"], &gone["cancellation_details"]["reason"]),
        (&json!("canceled"), &json!("payment_failed"))
    );
    let invoice = latest(&stripe, &made).await;
    assert_eq!(
        (&invoice["status"], &invoice["next_payment_attempt"], &invoice["auto_advance"]),
        (&json!("open"), &Value::Null, &json!(false))
    );
    let failed: Vec<Value> = stripe.list("events?type=invoice.payment_failed").await;
    assert!(failed[0]["data"]["object"]["next_payment_attempt"].is_null());
    assert!(failed[1]["data"]["object"]["next_payment_attempt"].is_i64());
    assert_eq!(stripe.list("charges").await.len(), 4);
}

#[tokio::test]
async fn a_revoked_mandate_is_not_debited_again_until_there_is_another() {
    let stripe = Stripe::new().await;
    let made = owing(&stripe, FAILS).await;
    stripe.days(10);
    assert_eq!(statuses(&stripe, &made).await, pair("past_due", "open"));
    stripe.days(3);
    let invoice = latest(&stripe, &made).await;
    assert!(invoice["attempt_count"].as_i64().unwrap() >= 2);
    assert_eq!(stripe.list("charges").await.len(), 1, "the retry was counted and not made");
    assert_eq!(told(&stripe, "invoice.payment_failed").await.len(), 1);
    let customer = made["customer"].as_str().unwrap();
    let better = method(&stripe, customer, GOOD).await;
    let path = format!("subscriptions/{}", id(&made));
    stripe.post(&path, &[("default_payment_method", better.as_str())]).await.ok();
    let before = latest(&stripe, &made).await;
    stripe.days(8);
    assert_eq!(stripe.list("charges").await.len(), 2, "{before}");
    stripe.days(9);
    let first = stripe.get(&format!("invoices/{}", id(&before))).await.ok();
    assert_eq!(first["status"], "paid");
    assert_eq!(now(&stripe, &made).await["status"], "active");
}

#[tokio::test]
async fn what_becomes_of_it_is_the_accounts_choice() {
    for (choice, status) in [(AfterLastRetry::Unpaid, "unpaid"), (AfterLastRetry::PastDue, "past_due")] {
        let mut config = SandboxConfig::default();
        config.stripe.billing.after_last_retry = choice;
        config.stripe.billing.retry_after_days = vec![1];
        let stripe = Stripe::with(config).await;
        let made = owing(&stripe, NO_FUNDS).await;
        stripe.set_clock("2026-12-20T00:00:00Z");
        assert_eq!(statuses(&stripe, &made).await, pair(status, "open"));
        let owed = latest(&stripe, &made).await;
        stripe.set_clock("2026-12-24T00:00:00Z");
        let next = latest(&stripe, &made).await;
        let is_drafted = status == "unpaid";
        assert_eq!(next["status"] == "draft", is_drafted);
        assert_eq!(next["auto_advance"], json!(!is_drafted));
        if is_drafted {
            let customer = made["customer"].as_str().unwrap();
            let good = method(&stripe, customer, GOOD).await;
            let pay = [("payment_method", good.as_str())];
            stripe.post(&format!("invoices/{}/pay", id(&owed)), &pay).await.ok();
            stripe.post(&format!("invoices/{}/pay", id(&next)), &pay).await.ok();
            stripe.days(14);
            assert_eq!(statuses(&stripe, &made).await, pair("active", "paid"));
        }
    }
}

#[tokio::test]
async fn a_renewal_without_any_method_fails_at_once() {
    let stripe = Stripe::new().await;
    let customer = stripe.customer("a@example.com").await;
    let price = monthly(&stripe).await;
    let made = subscribe(&stripe, &customer, &price, &[("trial_period_days", "1")]).await;
    stripe.days(2);
    assert_eq!(statuses(&stripe, &made).await, pair("past_due", "open"));
    let invoice = latest(&stripe, &made).await;
    assert_eq!((&invoice["attempted"], &invoice["attempt_count"]), (&json!(true), &json!(1)));
    refused(&stripe.post(&format!("invoices/{}/pay", id(&invoice)), &[]).await, 400, "resource_missing", "");
    stripe.days(20);
    assert_eq!(now(&stripe, &made).await["status"], "canceled");
}

#[tokio::test]
async fn a_dispute_leaves_invoice_and_subscription_as_they_are() {
    let stripe = Stripe::new().await;
    let made = owing(&stripe, DISPUTED).await;
    stripe.days(14);
    assert_eq!(statuses(&stripe, &made).await, pair("active", "paid"));
    assert_eq!(stripe.list("disputes").await.len(), 1);
    stripe.days(20);
    assert_eq!(now(&stripe, &made).await["status"], "past_due", "the mandate went with the dispute");
}

#[tokio::test]
async fn short_periods_do_not_outrun_the_schedule() {
    let stripe = Stripe::new().await;
    let customer = payer(&stripe, NO_FUNDS, None).await;
    let price = price(&stripe, "1000", "day").await;
    let made = subscribe(&stripe, &customer, &price, &[]).await;
    stripe.days(40);
    assert_eq!(now(&stripe, &made).await["status"], "canceled", "by the first invoice's last retry");
    let count = stripe.list("invoices?limit=100").await.len();
    stripe.days(5);
    assert_eq!(stripe.list("invoices?limit=100").await.len(), count);
}
