//! Somebody to bill.

use serde_json::Value;

use crate::stripe::kit::{Form, Stripe, debit_form, id};

pub const GOOD: &str = "DE89370400440532013000";
pub const FAILS: &str = "DE62370400440532013001";
pub const NO_FUNDS: &str = "DE65370400440002222227";
pub const DISPUTED: &str = "DE35370400440532013002";

/// A monthly price of ten euros.
pub async fn monthly(stripe: &Stripe) -> String {
    price(stripe, "1000", "month").await
}

pub async fn price(stripe: &Stripe, amount: &str, interval: &str) -> String {
    let form = [
        ("currency", "eur"),
        ("unit_amount", amount),
        ("recurring[interval]", interval),
        ("product_data[name]", "The plan"),
    ];
    id(&stripe.post("prices", &form).await.ok())
}

/// A customer whose default method is this account, by a mandate.
pub async fn payer(stripe: &Stripe, iban: &str, clock: Option<&str>) -> String {
    let mut form = vec![("email", "awa@example.com"), ("name", "Awa Exemple")];
    form.extend(clock.map(|clock| ("test_clock", clock)));
    let customer = id(&stripe.post("customers", &form).await.ok());
    let method = method(stripe, &customer, iban).await;
    let form = [("invoice_settings[default_payment_method]", method.as_str())];
    stripe.post(&format!("customers/{customer}"), &form).await.ok();
    customer
}

/// An account that the customer lets be debited.
pub async fn method(stripe: &Stripe, customer: &str, iban: &str) -> String {
    let form = debit_form(iban, "setup", "1");
    let mut form: Vec<_> =
        form.iter().filter(|(name, _)| !matches!(*name, "amount" | "currency")).copied().collect();
    form.push(("customer", customer));
    let setup = stripe.post("setup_intents", &form).await.ok();
    setup["payment_method"].as_str().unwrap().to_owned()
}

pub async fn subscribe(stripe: &Stripe, customer: &str, price: &str, more: Form<'_>) -> Value {
    let mut form = vec![("customer", customer), ("items[0][price]", price)];
    form.extend(more);
    stripe.post("subscriptions", &form).await.ok()
}

pub async fn now(stripe: &Stripe, subscription: &Value) -> Value {
    stripe.get(&format!("subscriptions/{}", id(subscription))).await.ok()
}

/// The newest invoice of a subscription.
pub async fn latest(stripe: &Stripe, subscription: &Value) -> Value {
    let path = format!("subscriptions/{}?expand[]=latest_invoice.payments", id(subscription));
    stripe.get(&path).await.ok()["latest_invoice"].clone()
}

/// The intent of an invoice.
pub async fn intent_of(stripe: &Stripe, invoice: &Value) -> Value {
    let path = format!("invoices/{}?expand[]=payments", id(invoice));
    let invoice = stripe.get(&path).await.ok();
    stripe.intent(&invoice["payments"]["data"][0]["payment"]["payment_intent"]).await
}

/// Status of the subscription, and of its newest invoice.
pub async fn statuses(stripe: &Stripe, subscription: &Value) -> (String, String) {
    let status = |doc: &Value| doc["status"].as_str().unwrap().to_owned();
    (status(&now(stripe, subscription).await), status(&latest(stripe, subscription).await))
}

pub fn pair(subscription: &str, invoice: &str) -> (String, String) {
    (subscription.to_owned(), invoice.to_owned())
}

/// The types of the events whose type begins so, oldest first.
pub async fn told(stripe: &Stripe, start: &str) -> Vec<String> {
    let mut told = stripe.events().await;
    told.retain(|kind| kind.starts_with(start));
    told
}

pub async fn last_of(stripe: &Stripe, kind: &str) -> Value {
    stripe.list(&format!("events?type={kind}")).await.first().cloned().unwrap_or_default()
}
