//! Checkout sessions and their hosted page.

use reqwest::header;
use serde_json::{Value, json};

use super::kit::{Stripe, id, refused};

const FORM: [(&str, &str); 10] = [
    ("mode", "payment"),
    ("allowed_payment_method_types[]", "sepa_debit"),
    ("line_items[0][price_data][currency]", "eur"),
    ("line_items[0][price_data][unit_amount]", "1500"),
    ("line_items[0][price_data][product_data][name]", "Order <7>"),
    ("line_items[0][quantity]", "2"),
    ("success_url", "https://shop.example/ok?s={CHECKOUT_SESSION_ID}"),
    ("cancel_url", "https://shop.example/ko"),
    ("metadata[movement_reference]", "order"),
    ("payment_intent_data[metadata][movement_reference]", "order"),
];

async fn session(stripe: &Stripe) -> Value {
    stripe.post("checkout/sessions", &FORM).await.ok()
}

async fn now(stripe: &Stripe, made: &Value) -> Value {
    stripe.get(&format!("checkout/sessions/{}", id(made))).await.ok()
}

#[tokio::test]
async fn a_person_pays_on_the_page_and_the_money_comes_days_later() {
    let stripe = Stripe::new().await;
    let made = session(&stripe).await;
    assert_eq!(
        (&made["status"], &made["payment_status"], &made["amount_total"]),
        (&json!("open"), &json!("unpaid"), &json!(3000))
    );
    let url = made["url"].as_str().unwrap();
    let page = stripe.http.get(url).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("30.00 EUR") && page.contains("Order &lt;7&gt;"), "{page}");
    let wrong = [("iban", "DE00"), ("name", "Awa"), ("email", "a@example.com")];
    let refused = stripe.http.post(format!("{url}/pay")).form(&wrong).send().await.unwrap();
    assert!(refused.text().await.unwrap().contains("class=\"wrong\""));
    let form = [("iban", "DE89370400440532013000"), ("name", "Awa"), ("email", "a@example.com")];
    let paid = stripe.http.post(format!("{url}/pay")).form(&form).send().await.unwrap();
    assert_eq!(paid.status(), 303);
    assert_eq!(paid.headers()[header::LOCATION], format!("https://shop.example/ok?s={}", id(&made)));
    let complete = now(&stripe, &made).await;
    assert_eq!((&complete["status"], &complete["payment_status"]), (&json!("complete"), &json!("unpaid")));
    let intent = stripe.intent(&complete["payment_intent"]).await;
    assert_eq!(
        (&intent["status"], &intent["metadata"]["movement_reference"]),
        (&json!("processing"), &json!("order"))
    );
    stripe.days(14);
    assert_eq!(now(&stripe, &made).await["payment_status"], "paid");
    let mut told = stripe.events().await;
    told.retain(|kind| kind.starts_with("checkout"));
    assert_eq!(told, ["checkout.session.completed", "checkout.session.async_payment_succeeded"]);
}

#[tokio::test]
async fn a_completed_session_may_remain_unpaid() {
    let stripe = Stripe::new().await;
    let made = session(&stripe).await;
    let wish = json!({"reference": id(&made), "outcome": "decline", "code": "insufficient_funds"});
    assert_eq!(stripe.pay(wish).await["payment_status"], "unpaid");
    assert_eq!(stripe.events().await.last().unwrap(), "checkout.session.async_payment_failed");
}

#[tokio::test]
async fn nobody_pays_for_a_day() {
    let stripe = Stripe::new().await;
    let made = session(&stripe).await;
    let url = made["url"].as_str().unwrap().to_owned();
    let left = stripe.http.post(format!("{url}/leave")).send().await.unwrap();
    assert_eq!(left.headers()[header::LOCATION], "https://shop.example/ko");
    stripe.pay(json!({"reference": id(&made), "outcome": "abandon"})).await;
    assert_eq!(now(&stripe, &made).await["status"], "open");
    stripe.advance(86_400);
    assert_eq!(now(&stripe, &made).await["status"], "expired");
    assert_eq!(stripe.events().await, ["checkout.session.expired"]);
    stripe.control("stripe/pay", &json!({"reference": id(&made)})).await.refused(409, "conflict");
    let path = format!("checkout/sessions/{}/expire", id(&made));
    refused(&stripe.post(&path, &[]).await, 400, "", "");
}

#[tokio::test]
async fn sessions_have_bounds() {
    let stripe = Stripe::new().await;
    refused(&stripe.post("checkout/sessions", &FORM[..2]).await, 400, "parameter_missing", "line_items");
    let price = [&FORM[..2], &[("line_items[0][price]", "price_x")]].concat();
    refused(&stripe.post("checkout/sessions", &price).await, 404, "resource_missing", "line_items[0][price]");
    let early = (stripe.now().timestamp() + 60).to_string();
    let early = [&FORM[..], &[("expires_at", early.as_str())]].concat();
    refused(&stripe.post("checkout/sessions", &early).await, 400, "", "expires_at");
    let half_an_hour = (stripe.now().timestamp() + 1_900).to_string();
    let short = [&FORM[..], &[("expires_at", half_an_hour.as_str())]].concat();
    let made = stripe.post("checkout/sessions", &short).await.ok();
    stripe.advance(1_901);
    assert_eq!(now(&stripe, &made).await["status"], "expired");
}

#[tokio::test]
async fn a_session_may_only_take_a_mandate() {
    let stripe = Stripe::new().await;
    let customer = stripe.customer("a@example.com").await;
    let form =
        [("mode", "setup"), ("customer", customer.as_str()), ("success_url", "https://shop.example/ok")];
    let made = stripe.post("checkout/sessions", &form).await.ok();
    assert_eq!(made["payment_status"], "no_payment_required");
    let done = stripe.pay(json!({"reference": id(&made)})).await;
    let setup = stripe.get(&format!("setup_intents/{}", done["setup_intent"].as_str().unwrap())).await.ok();
    assert_eq!((&setup["status"], &setup["customer"]), (&json!("succeeded"), &json!(customer)));
    assert!(setup["mandate"].is_string());
}
