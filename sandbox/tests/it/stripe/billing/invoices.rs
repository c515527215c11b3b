//! What can be done with an invoice by hand.

use serde_json::{Value, json};

use super::kit::*;
use crate::stripe::kit::{Stripe, id, refused};

async fn act(stripe: &Stripe, invoice: &Value, what: &str) -> Value {
    stripe.post(&format!("invoices/{}/{what}", id(invoice)), &[]).await.ok()
}

/// A running subscription at the beginning of its second period, whose invoice is a draft.
async fn renewed(stripe: &Stripe, iban: &str) -> (Value, Value) {
    let customer = payer(stripe, iban, None).await;
    let price = monthly(stripe).await;
    let made = subscribe(stripe, &customer, &price, &[]).await;
    stripe.set_clock("2026-12-23T12:30:00Z");
    let draft = latest(stripe, &made).await;
    assert_eq!(draft["status"], "draft");
    (made, draft)
}

#[tokio::test]
async fn a_draft_can_be_finalized_and_paid_before_its_hour() {
    let stripe = Stripe::new().await;
    let (made, draft) = renewed(&stripe, GOOD).await;
    refused(
        &stripe.post(&format!("invoices/{}/void", id(&draft)), &[]).await,
        400,
        "invoice_not_editable",
        "",
    );
    let open = act(&stripe, &draft, "finalize").await;
    assert_eq!((&open["status"], &open["attempted"]), (&json!("open"), &json!(false)));
    assert!(open["number"].as_str().unwrap().ends_with("-0002"));
    let paid = act(&stripe, &draft, "pay").await;
    assert_eq!((&paid["status"], &paid["attempt_count"]), (&json!("open"), &json!(1)));
    for what in ["pay", "void", "mark_uncollectible"] {
        refused(&stripe.post(&format!("invoices/{}/{what}", id(&draft)), &[]).await, 400, "", "");
    }
    stripe.days(14);
    assert_eq!(statuses(&stripe, &made).await, pair("active", "paid"));
    refused(&stripe.post(&format!("invoices/{}/pay", id(&draft)), &[]).await, 400, "", "");
}

#[tokio::test]
async fn a_void_invoice_is_owed_no_more() {
    let stripe = Stripe::new().await;
    let (made, draft) = renewed(&stripe, GOOD).await;
    act(&stripe, &draft, "finalize").await;
    let void = act(&stripe, &draft, "void").await;
    assert_eq!((&void["status"], &void["amount_remaining"]), (&json!("void"), &json!(0)));
    assert_eq!(intent_of(&stripe, &draft).await["cancellation_reason"], "void_invoice");
    refused(
        &stripe.post(&format!("invoices/{}/pay", id(&draft)), &[]).await,
        400,
        "invoice_not_editable",
        "",
    );
    stripe.days(3);
    assert_eq!(now(&stripe, &made).await["status"], "active");
    assert_eq!(told(&stripe, "invoice.voided").await.len(), 1);
}

#[tokio::test]
async fn an_uncollectible_invoice_may_still_be_paid_elsewhere() {
    let stripe = Stripe::new().await;
    let (made, draft) = renewed(&stripe, GOOD).await;
    act(&stripe, &draft, "finalize").await;
    assert_eq!(act(&stripe, &draft, "mark_uncollectible").await["status"], "uncollectible");
    let path = format!("invoices/{}/pay", id(&draft));
    let paid = stripe.post(&path, &[("paid_out_of_band", "true")]).await.ok();
    assert_eq!((&paid["status"], &paid["amount_paid"]), (&json!("paid"), &json!(1000)));
    assert_eq!(told(&stripe, "invoice.paid").await.len(), 2);
    assert_eq!(told(&stripe, "invoice.payment_succeeded").await.len(), 1, "no payment was seen");
    assert_eq!(now(&stripe, &made).await["status"], "active");
    let count = stripe.list("balance_transactions").await.len();
    assert_eq!(count, 1, "only the first period was debited");
}

#[tokio::test]
async fn a_paused_collection_makes_invoices_that_nobody_pays() {
    let stripe = Stripe::new().await;
    let customer = payer(&stripe, GOOD, None).await;
    let price = monthly(&stripe).await;
    for (behavior, status) in
        [("void", "void"), ("mark_uncollectible", "uncollectible"), ("keep_as_draft", "draft")]
    {
        let made = subscribe(&stripe, &customer, &price, &[]).await;
        let path = format!("subscriptions/{}", id(&made));
        let paused = stripe.post(&path, &[("pause_collection[behavior]", behavior)]).await.ok();
        assert_eq!(
            (&paused["status"], &paused["pause_collection"]["behavior"]),
            (&json!("active"), &json!(behavior))
        );
        stripe.days(33);
        assert_eq!(statuses(&stripe, &made).await, pair("active", status));
        let back = stripe.post(&path, &[("pause_collection", "")]).await.ok();
        assert_eq!(back["pause_collection"], Value::Null);
        stripe.days(31);
        let after = latest(&stripe, &made).await;
        assert_ne!(after["status"], status, "collected again");
    }
}

#[tokio::test]
async fn an_invoice_may_be_sent_instead() {
    let stripe = Stripe::new().await;
    let customer = stripe.customer("a@example.com").await;
    let price = monthly(&stripe).await;
    let more = [("collection_method", "send_invoice"), ("days_until_due", "7")];
    let made = subscribe(&stripe, &customer, &price, &more).await;
    assert_eq!(statuses(&stripe, &made).await, pair("active", "draft"));
    let draft = latest(&stripe, &made).await;
    assert_eq!(draft["due_date"].as_i64().unwrap() - draft["created"].as_i64().unwrap(), 7 * 86_400);
    stripe.advance(3_601);
    assert_eq!(statuses(&stripe, &made).await, pair("active", "open"));
    assert_eq!(told(&stripe, "invoice.sent").await.len(), 1);
    stripe.days(7);
    assert_eq!(statuses(&stripe, &made).await, pair("past_due", "open"));
    assert_eq!(told(&stripe, "invoice.overdue").await.len(), 1);

    let url = latest(&stripe, &made).await["hosted_invoice_url"].as_str().unwrap().to_owned();
    let page = stripe.http.get(&url).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("10.00 EUR"), "{page}");
    let form = [("iban", GOOD), ("name", "Awa"), ("email", "a@example.com")];
    let answer = stripe.http.post(format!("{url}/pay")).form(&form).send().await.unwrap();
    assert_eq!(answer.status(), 303);
    stripe.days(14);
    assert_eq!(statuses(&stripe, &made).await, pair("active", "paid"));
    let missing = [("customer", customer.as_str()), ("items[0][price]", price.as_str()), more[0]];
    refused(&stripe.post("subscriptions", &missing).await, 400, "parameter_missing", "days_until_due");
}

#[tokio::test]
async fn an_invoice_that_was_sent_in_vain_is_given_up() {
    let stripe = Stripe::new().await;
    let customer = stripe.customer("a@example.com").await;
    let price = price(&stripe, "1000", "year").await;
    let more = [("collection_method", "send_invoice"), ("days_until_due", "7")];
    let made = subscribe(&stripe, &customer, &price, &more).await;
    stripe.days(36);
    assert_eq!(now(&stripe, &made).await["status"], "past_due");
    stripe.days(2);
    assert_eq!(now(&stripe, &made).await["status"], "canceled");
}

#[tokio::test]
async fn people_pay_and_decline_through_the_control_surface() {
    let stripe = Stripe::new().await;
    let customer = payer(&stripe, GOOD, None).await;
    let price = monthly(&stripe).await;
    let more = [("metadata[movement_reference]", "plan-7")];
    let made = subscribe(&stripe, &customer, &price, &more).await;
    stripe.pay(json!({"reference": "plan-7", "outcome": "decline", "code": "insufficient_funds"})).await;
    assert_eq!(statuses(&stripe, &made).await, pair("past_due", "open"));
    stripe.pay(json!({"reference": id(&made)})).await;
    assert_eq!(statuses(&stripe, &made).await, pair("past_due", "open"), "somebody pays on the page");
    stripe.pay(json!({"reference": latest(&stripe, &made).await["id"]})).await;
    assert_eq!(statuses(&stripe, &made).await, pair("active", "paid"));
}
