//! Test clocks.

use serde_json::{Value, json};

use super::kit::*;
use crate::stripe::kit::{Stripe, id, refused};

async fn clock(stripe: &Stripe, at: i64) -> String {
    let at = at.to_string();
    id(&stripe.post("test_helpers/test_clocks", &[("frozen_time", &at), ("name", "a year")]).await.ok())
}

async fn advance(stripe: &Stripe, clock: &str, to: i64) -> Value {
    let to = to.to_string();
    let path = format!("test_helpers/test_clocks/{clock}/advance");
    let answer = stripe.post(&path, &[("frozen_time", &to)]).await.ok();
    assert_eq!(answer["status"], "advancing");
    let after = stripe.get(&format!("test_helpers/test_clocks/{clock}")).await.ok();
    assert_eq!((&after["status"], after["frozen_time"].to_string()), (&json!("ready"), to));
    after
}

const DAY: i64 = 86_400;

#[tokio::test]
async fn a_customer_lives_by_a_test_clock_and_others_do_not() {
    let stripe = Stripe::new().await;
    let start = stripe.now().timestamp();
    let clock = clock(&stripe, start).await;
    let price = monthly(&stripe).await;
    let fast = payer(&stripe, GOOD, Some(&clock)).await;
    let slow = payer(&stripe, GOOD, None).await;
    let ours = subscribe(&stripe, &fast, &price, &[]).await;
    let other = subscribe(&stripe, &slow, &price, &[]).await;
    assert_eq!((&ours["test_clock"], &other["test_clock"]), (&json!(clock), &Value::Null));
    advance(&stripe, &clock, start + 14 * DAY).await;
    assert_eq!(statuses(&stripe, &ours).await, pair("active", "paid"));
    assert_eq!(statuses(&stripe, &other).await, pair("active", "open"), "nothing moved for them");
    assert_eq!(stripe.balance().await, (10_000_965, 0), "and the money can be used");
    advance(&stripe, &clock, start + 30 * DAY).await;
    assert_eq!(statuses(&stripe, &ours).await, pair("active", "draft"));
    let paid = last_of(&stripe, "invoice.paid").await;
    let created = paid["created"].as_i64().unwrap();
    assert!(created > start && created < start + 14 * DAY, "told as of its own instant");
    advance(&stripe, &clock, start + 45 * DAY).await;
    assert_eq!(statuses(&stripe, &ours).await, pair("active", "paid"));
    assert_eq!(stripe.list(&format!("invoices?customer={fast}")).await.len(), 2);
    assert_eq!(stripe.list(&format!("invoices?subscription={}", id(&other))).await.len(), 1);
    let told = told(&stripe, "test_helpers").await;
    let kinds = ["created", "advancing", "ready", "advancing", "ready", "advancing", "ready"];
    assert_eq!(told, kinds.map(|kind| format!("test_helpers.test_clock.{kind}")));
    stripe.days(60);
    assert_eq!(
        now(&stripe, &ours).await["items"]["data"][0]["current_period_end"].as_i64().unwrap() / DAY,
        (start + 61 * DAY) / DAY,
        "the simulators' clock moves nothing of theirs"
    );
}

#[tokio::test]
async fn dunning_runs_by_the_test_clock_and_events_leave_at_once() {
    let stripe = Stripe::new().await;
    let receiver = crate::kit::Receiver::start().await;
    stripe.endpoint(&receiver).await;
    let start = stripe.now().timestamp();
    let clock = clock(&stripe, start).await;
    let customer = payer(&stripe, NO_FUNDS, Some(&clock)).await;
    let price = price(&stripe, "1000", "year").await;
    let made = subscribe(&stripe, &customer, &price, &[]).await;
    advance(&stripe, &clock, start + 60 * DAY).await;
    assert_eq!(now(&stripe, &made).await["status"], "canceled");
    assert_eq!(told(&stripe, "invoice.payment_failed").await.len(), 4);
    stripe.all_sent().await;
}

#[tokio::test]
async fn a_person_pays_on_a_clock_that_is_ahead() {
    let stripe = Stripe::new().await;
    let start = stripe.now().timestamp() + 300 * DAY;
    let clock = clock(&stripe, start).await;
    let customer = payer(&stripe, GOOD, Some(&clock)).await;
    let price = monthly(&stripe).await;
    let made = subscribe(&stripe, &customer, &price, &[]).await;
    assert_eq!(made["created"].as_i64().unwrap(), start);
    stripe.pay(json!({"reference": id(&made)})).await;
    assert_eq!(statuses(&stripe, &made).await, pair("active", "paid"));
    assert_eq!(latest(&stripe, &made).await["status_transitions"]["paid_at"].as_i64().unwrap(), start);
    assert_eq!(stripe.balance().await.1, 0);
}

#[tokio::test]
async fn clocks_have_bounds_and_can_be_deleted() {
    let stripe = Stripe::new().await;
    let start = stripe.now().timestamp();
    let clock = clock(&stripe, start).await;
    let path = format!("test_helpers/test_clocks/{clock}");
    for wrong in [start, start - 1, start + 3 * 366 * DAY] {
        let wrong = wrong.to_string();
        let answer = stripe.post(&format!("{path}/advance"), &[("frozen_time", &wrong)]).await;
        refused(&answer, 400, "", "frozen_time");
    }
    let customer = payer(&stripe, GOOD, Some(&clock)).await;
    let price = monthly(&stripe).await;
    let made = subscribe(&stripe, &customer, &price, &[]).await;
    let far = (start + 70 * DAY).to_string();
    refused(&stripe.post(&format!("{path}/advance"), &[("frozen_time", &far)]).await, 400, "", "frozen_time");
    assert_eq!(stripe.list("test_helpers/test_clocks").await.len(), 1);
    assert_eq!(stripe.send(stripe.call(reqwest::Method::DELETE, &path)).await.ok()["deleted"], true);
    refused(&stripe.get(&path).await, 404, "resource_missing", "id");
    refused(&stripe.get(&format!("customers/{customer}")).await, 404, "resource_missing", "customer");
    assert_eq!(now(&stripe, &made).await["status"], "canceled");
    let wrong = [("email", "a@example.com"), ("test_clock", "clock_x")];
    refused(&stripe.post("customers", &wrong).await, 404, "resource_missing", "test_clock");
}
