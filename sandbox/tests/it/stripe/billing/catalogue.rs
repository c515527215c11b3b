//! Products and prices, and what a subscription refuses.

use serde_json::json;

use super::kit::*;
use crate::stripe::kit::{Stripe, id, refused};

#[tokio::test]
async fn products_have_prices_that_are_looked_up() {
    let stripe = Stripe::new().await;
    let form = [
        ("name", "The plan"),
        ("metadata[tier]", "1"),
        ("default_price_data[currency]", "eur"),
        ("default_price_data[unit_amount]", "900"),
        ("default_price_data[recurring][interval]", "month"),
    ];
    let product = stripe.post("products", &form).await.ok();
    let price = stripe.get(&format!("prices/{}", product["default_price"].as_str().unwrap())).await.ok();
    assert_eq!((&price["unit_amount"], &price["product"]), (&json!(900), &product["id"]));
    let named = id(&product);
    let form = |amount: &'static str, takes| {
        [
            ("product", named.clone()),
            ("currency", "eur".to_owned()),
            ("unit_amount", amount.to_owned()),
            ("recurring[interval]", "year".to_owned()),
            ("lookup_key", "yearly".to_owned()),
            ("transfer_lookup_key", String::from(takes)),
        ]
    };
    let post = async |amount, takes| {
        let form = form(amount, takes);
        let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        stripe.post("prices", &form).await
    };
    post("9000", "false").await.ok();
    refused(&post("9900", "false").await, 400, "", "lookup_key");
    let newer = post("9900", "true").await.ok();
    let found = stripe.list("prices?lookup_keys[]=yearly").await;
    assert_eq!((found.len(), &found[0]["id"]), (1, &newer["id"]));
    stripe.post(&format!("prices/{}", id(&newer)), &[("active", "false")]).await.ok();
    assert_eq!(stripe.list("prices?active=true").await.len(), 2);
    assert_eq!(stripe.list(&format!("prices?product={named}&type=recurring")).await.len(), 3);
    let delete =
        async |id: &str| stripe.send(stripe.call(reqwest::Method::DELETE, &format!("products/{id}"))).await;
    refused(&delete(&named).await, 400, "", "");
    let bare = id(&stripe.post("products", &[("name", "Nothing")]).await.ok());
    assert_eq!(delete(&bare).await.ok()["deleted"], true);
    let change = [("name", "A better plan"), ("active", "false")];
    stripe.post(&format!("products/{named}"), &change).await.ok();
    let told = last_of(&stripe, "product.updated").await;
    assert_eq!(told["data"]["previous_attributes"]["name"], "The plan");
}

#[tokio::test]
async fn what_cannot_be_billed_is_refused_by_name() {
    let stripe = Stripe::new().await;
    let customer = payer(&stripe, GOOD, None).await;
    let (month, week) = (monthly(&stripe).await, price(&stripe, "500", "week").await);
    let huge = price(&stripe, "99999900", "month").await;
    let base = [("customer", customer.as_str()), ("items[0][price]", month.as_str())];
    let with = |more: &[(&'static str, &str)]| {
        let mut form: Vec<(&str, String)> =
            base.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        form.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        form.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        form
    };
    for (more, status, code, param) in [
        (with(&[("coupon", "x")]), 400, "parameter_unknown", "coupon"),
        (with(&[("items[0][colour]", "x")]), 400, "parameter_unknown", "items[0][colour]"),
        (with(&[("customer", "cus_x")]), 404, "resource_missing", "customer"),
        (with(&[("items[0][price]", "price_x")]), 404, "resource_missing", "items[0][price]"),
        (with(&[("items[1][price]", &week)]), 400, "", "items"),
        (with(&[("items[0][price]", &huge)]), 400, "amount_too_large", "amount"),
        (with(&[("items[0][quantity]", "0")]), 400, "parameter_invalid_integer", "items[0][quantity]"),
        (with(&[("default_payment_method", "pm_x")]), 404, "resource_missing", "default_payment_method"),
        (with(&[("payment_behavior", "pending_if_incomplete")]), 400, "", "payment_behavior"),
        (with(&[("trial_end", "12")]), 400, "", "trial_end"),
        (with(&[("days_until_due", "3")]), 400, "", "days_until_due"),
    ] {
        let form: Vec<_> = more.iter().map(|(name, value)| (*name, value.as_str())).collect();
        refused(&stripe.post("subscriptions", &form).await, status, code, param);
    }
    assert!(stripe.list("subscriptions?status=all").await.is_empty());
    let prices = [("currency", "usd"), ("unit_amount", "1"), ("product_data[name]", "x")];
    refused(&stripe.post("prices", &prices).await, 400, "", "currency");
    let stranger = payer(&stripe, GOOD, None).await;
    let theirs = method(&stripe, &stranger, GOOD).await;
    let form = [base[0], base[1], ("default_payment_method", theirs.as_str())];
    refused(&stripe.post("subscriptions", &form).await, 404, "resource_missing", "default_payment_method");
}

#[tokio::test]
async fn error_if_incomplete_leaves_nothing_behind() {
    let stripe = Stripe::new().await;
    let customer = stripe.customer("a@example.com").await;
    let method = method(&stripe, &customer, GOOD).await;
    let mandates = stripe.list(&format!("setup_intents?customer={customer}")).await;
    let mandate = mandates[0]["mandate"].as_str().unwrap().to_owned();
    let debit = [
        ("amount", "500"),
        ("currency", "eur"),
        ("customer", customer.as_str()),
        ("confirm", "true"),
        ("off_session", "true"),
        ("payment_method", method.as_str()),
        ("metadata[movement_reference]", "r"),
    ];
    stripe.post("payment_intents", &debit).await.ok();
    stripe.pay(json!({"reference": "r", "outcome": "decline", "code": "authorization_revoked"})).await;
    assert_eq!(stripe.get(&format!("mandates/{mandate}")).await.ok()["status"], "inactive");
    let price = monthly(&stripe).await;
    let form = [
        ("customer", customer.as_str()),
        ("items[0][price]", price.as_str()),
        ("default_payment_method", method.as_str()),
        ("payment_behavior", "error_if_incomplete"),
    ];
    refused(&stripe.post("subscriptions", &form).await, 402, "", "");
    assert!(stripe.list("invoices").await.is_empty());
    let made = stripe.post("subscriptions", &form[..3]).await.ok();
    assert_eq!(statuses(&stripe, &made).await, pair("incomplete", "open"));
}

#[tokio::test]
async fn a_subscription_is_made_once_for_a_key_and_changed_without_proration() {
    let stripe = Stripe::new().await;
    let customer = payer(&stripe, GOOD, None).await;
    let (small, large) = (monthly(&stripe).await, price(&stripe, "3000", "month").await);
    let form = [("customer", customer.as_str()), ("items[0][price]", small.as_str())];
    let made = stripe.post_with("k", "subscriptions", &form).await.ok();
    assert_eq!(stripe.post_with("k", "subscriptions", &form).await.ok(), made);
    assert_eq!(stripe.list("subscriptions").await.len(), 1);
    let item = made["items"]["data"][0]["id"].as_str().unwrap();
    let path = format!("subscriptions/{}", id(&made));
    let change = [("items[0][id]", item), ("items[0][price]", large.as_str()), ("items[0][quantity]", "2")];
    stripe.post(&path, &change).await.ok();
    assert_eq!(stripe.list("invoices").await.len(), 1);
    stripe.days(31);
    assert_eq!(latest(&stripe, &made).await["amount_due"], 6000);
    let listed = stripe.list(&format!("subscription_items?subscription={}", id(&made))).await;
    assert_eq!(listed[0]["price"]["id"], large);
    assert_eq!(stripe.list(&format!("subscriptions?price={large}")).await.len(), 1);
}
