//! Subscriptions that begin on a checkout page, and end on the portal's.

use serde_json::{Value, json};

use super::kit::*;
use crate::stripe::kit::{Form, Stripe, id, refused};

async fn session(stripe: &Stripe, price: &str, more: Form<'_>) -> Value {
    let mut form = vec![
        ("mode", "subscription"),
        ("allowed_payment_method_types[]", "sepa_debit"),
        ("line_items[0][price]", price),
        ("line_items[0][quantity]", "2"),
        ("success_url", "https://shop.example/ok?s={CHECKOUT_SESSION_ID}"),
        ("client_reference_id", "merchant-7"),
        ("subscription_data[metadata][merchant]", "7"),
    ];
    form.extend(more);
    stripe.post("checkout/sessions", &form).await.ok()
}

async fn page(stripe: &Stripe, made: &Value, iban: &str) -> Value {
    let url = made["url"].as_str().unwrap();
    let form = [("iban", iban), ("name", "Awa"), ("email", "awa@example.com")];
    let answer = stripe.http.post(format!("{url}/pay")).form(&form).send().await.unwrap();
    assert_eq!(answer.status(), 303);
    again(stripe, made).await
}

async fn again(stripe: &Stripe, made: &Value) -> Value {
    stripe.get(&format!("checkout/sessions/{}?expand[]=subscription", id(made))).await.ok()
}

#[tokio::test]
async fn a_person_subscribes_on_the_page_and_the_money_comes_days_later() {
    let stripe = Stripe::new().await;
    let price = monthly(&stripe).await;
    let made = session(&stripe, &price, &[]).await;
    assert_eq!(
        (&made["amount_total"], &made["subscription"], &made["payment_status"]),
        (&json!(2000), &Value::Null, &json!("unpaid"))
    );
    let text = stripe.http.get(made["url"].as_str().unwrap()).send().await.unwrap().text().await.unwrap();
    assert!(text.contains("20.00 EUR") && text.contains("The plan"), "{text}");
    let done = page(&stripe, &made, GOOD).await;
    assert_eq!((&done["status"], &done["payment_status"]), (&json!("complete"), &json!("unpaid")));
    assert_eq!(done["payment_intent"], Value::Null);
    let subscription = &done["subscription"];
    assert_eq!(
        (&subscription["status"], &subscription["metadata"]["merchant"]),
        (&json!("active"), &json!("7"))
    );
    assert_eq!(subscription["latest_invoice"], done["invoice"]);
    assert_eq!(subscription["customer"], done["customer"]);
    assert!(subscription["default_payment_method"].is_string());
    let completed = last_of(&stripe, "checkout.session.completed").await;
    assert_eq!(completed["data"]["object"]["payment_status"], "unpaid");
    stripe.days(14);
    assert_eq!(again(&stripe, &made).await["payment_status"], "paid");
    assert_eq!(statuses(&stripe, subscription).await, pair("active", "paid"));
    let told = told(&stripe, "checkout").await;
    assert_eq!(told, ["checkout.session.completed", "checkout.session.async_payment_succeeded"]);
    stripe.days(40);
    assert_eq!(statuses(&stripe, subscription).await, pair("active", "paid"));
    assert_eq!(stripe.list("invoices").await.len(), 2, "renewed without the page");
}

#[tokio::test]
async fn the_first_debit_may_come_back() {
    let stripe = Stripe::new().await;
    let price = monthly(&stripe).await;
    let made = session(&stripe, &price, &[]).await;
    let done = page(&stripe, &made, NO_FUNDS).await;
    stripe.days(14);
    assert_eq!(again(&stripe, &made).await["payment_status"], "unpaid");
    let told = told(&stripe, "checkout").await;
    assert_eq!(told, ["checkout.session.completed", "checkout.session.async_payment_failed"]);
    assert_eq!(now(&stripe, &done["subscription"]).await["status"], "past_due");
    let other = session(&stripe, &price, &[]).await;
    let wish = json!({"reference": id(&other), "outcome": "decline", "code": "account_closed"});
    let declined = stripe.pay(wish).await;
    let subscription =
        stripe.get(&format!("subscriptions/{}", declined["subscription"].as_str().unwrap())).await.ok();
    assert_eq!(subscription["status"], "past_due");
}

#[tokio::test]
async fn a_trial_begins_on_the_page_without_money() {
    let stripe = Stripe::new().await;
    let price = monthly(&stripe).await;
    let customer = stripe.customer("awa@example.com").await;
    let more = [("subscription_data[trial_period_days]", "7"), ("customer", customer.as_str())];
    let made = session(&stripe, &price, &more).await;
    assert_eq!(made["amount_total"], 0);
    let done = page(&stripe, &made, GOOD).await;
    assert_eq!(
        (&done["payment_status"], &done["customer"]),
        (&json!("no_payment_required"), &json!(customer))
    );
    assert_eq!(done["subscription"]["status"], "trialing");
    stripe.days(25);
    assert_eq!(statuses(&stripe, &done["subscription"]).await, pair("active", "paid"));
}

#[tokio::test]
async fn sessions_take_kept_prices_of_their_kind() {
    let stripe = Stripe::new().await;
    let price = monthly(&stripe).await;
    let once = [("currency", "eur"), ("unit_amount", "700"), ("product_data[name]", "Once")];
    let once = id(&stripe.post("prices", &once).await.ok());
    let form = |mode, price| {
        [("mode", mode), ("line_items[0][price]", price), ("success_url", "https://shop.example/ok")]
    };
    let made = stripe.post("checkout/sessions", &form("payment", &once)).await.ok();
    assert_eq!(made["amount_total"], 700);
    let param = "line_items[0][price]";
    refused(&stripe.post("checkout/sessions", &form("payment", &price)).await, 400, "", param);
    refused(&stripe.post("checkout/sessions", &form("subscription", &once)).await, 400, "", param);
    let data = [
        ("mode", "subscription"),
        ("line_items[0][price_data][currency]", "eur"),
        ("line_items[0][price_data][unit_amount]", "900"),
        ("line_items[0][price_data][recurring][interval]", "week"),
        ("line_items[0][price_data][product_data][name]", "By the week"),
        ("success_url", "https://shop.example/ok"),
    ];
    let made = stripe.post("checkout/sessions", &data).await.ok();
    let done = page(&stripe, &made, GOOD).await;
    assert_eq!(done["subscription"]["items"]["data"][0]["plan"]["interval"], "week");
}

#[tokio::test]
async fn a_customer_ends_a_subscription_in_the_portal() {
    let stripe = Stripe::new().await;
    let customer = payer(&stripe, GOOD, None).await;
    let price = monthly(&stripe).await;
    let made = subscribe(&stripe, &customer, &price, &[]).await;
    let form = [("customer", customer.as_str()), ("return_url", "https://shop.example/back")];
    let portal = stripe.post("billing_portal/sessions", &form).await.ok();
    assert_eq!(
        (&portal["object"], &portal["customer"]),
        (&json!("billing_portal.session"), &json!(customer))
    );
    let url = portal["url"].as_str().unwrap();
    let page = stripe.http.get(url).send().await.unwrap().text().await.unwrap();
    assert!(page.contains(&id(&made)) && page.contains("https://shop.example/back"), "{page}");
    let gone = stripe.http.post(format!("{url}/cancel/{}", id(&made))).send().await.unwrap();
    assert_eq!(gone.status(), 303);
    assert_eq!(now(&stripe, &made).await["cancel_at_period_end"], true);
    stripe.days(31);
    assert_eq!(now(&stripe, &made).await["status"], "canceled");
    let wrong = [("customer", "cus_nobody")];
    refused(&stripe.post("billing_portal/sessions", &wrong).await, 404, "resource_missing", "customer");
}
