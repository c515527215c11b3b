//! Every member without which a strict client (async-stripe 1.0.0-rc.10, generated from the
//! published specification) cannot read an answer at all, and its kind.

use serde_json::{Value, json};

use super::kit::*;
use crate::stripe::kit::{Stripe, id};

/// Names and kinds: `i` integer, `b` flag, `s` text, `o` object, `a` array, `l` list object.
const INVOICE: &str = "amount_due:i amount_overpaid:i amount_paid:i amount_remaining:i amount_shipping:i \
    attempt_count:i attempted:b automatic_tax:o collection_method:s created:i currency:s default_tax_rates:a \
    discounts:a issuer:o lines:l livemode:b payment_settings:o period_end:i period_start:i \
    post_payment_credit_notes_amount:i pre_payment_credit_notes_amount:i starting_balance:i \
    status_transitions:o subtotal:i total:i";
const SUBSCRIPTION: &str = "automatic_tax:o billing_cycle_anchor:i billing_mode:o billing_schedules:a \
    cancel_at_period_end:b collection_method:s created:i currency:s customer:s discounts:a id:s \
    invoice_settings:o items:l livemode:b metadata:o start_date:i status:s";
const ITEM: &str = "created:i current_period_end:i current_period_start:i discounts:a id:s metadata:o plan:o \
    price:o subscription:s";
const PRICE: &str =
    "active:b billing_scheme:s created:i currency:s id:s livemode:b metadata:o product:s type:s";
const PRODUCT: &str = "active:b created:i id:s images:a livemode:b marketing_features:a metadata:o name:s type:s \
    updated:i";
const LINE: &str =
    "amount:i currency:s discountable:b discounts:a id:s livemode:b metadata:o period:o subtotal:i";
const PLAN: &str = "active:b billing_scheme:s created:i currency:s id:s interval:s interval_count:i livemode:b \
    usage_type:s";
const CLOCK: &str = "created:i deletes_after:i frozen_time:i id:s livemode:b status:s status_details:o";
const PAYMENT: &str = "amount_requested:i created:i currency:s id:s invoice:s is_default:b livemode:b payment:o \
    status:s status_transitions:o";
const PORTAL: &str = "configuration:s created:i customer:s id:s livemode:b url:s";

fn has(doc: &Value, members: &str) {
    for member in members.split_whitespace() {
        let (name, kind) = member.split_once(':').unwrap();
        let value = &doc[name];
        let is_so = match kind {
            "i" => value.is_i64(),
            "b" => value.is_boolean(),
            "s" => value.is_string(),
            "o" => value.is_object(),
            "a" => value.is_array(),
            _ => value["object"] == "list" && value["data"].is_array() && value["has_more"].is_boolean(),
        };
        assert!(is_so, "{name} is {value} in {}", doc["object"]);
    }
}

#[tokio::test]
async fn answers_have_what_strict_clients_require() {
    let stripe = Stripe::new().await;
    let clock = stripe.post("test_helpers/test_clocks", &[("frozen_time", "1795000000")]).await.ok();
    has(&clock, CLOCK);
    let clock = id(&clock);
    let path = format!("test_helpers/test_clocks/{clock}/advance");
    has(&stripe.post(&path, &[("frozen_time", "1795000001")]).await.ok(), CLOCK);
    let customer = payer(&stripe, GOOD, Some(&clock)).await;
    let price = monthly(&stripe).await;
    let made = subscribe(&stripe, &customer, &price, &[]).await;
    has(&made, SUBSCRIPTION);
    assert!(made.get("current_period_end").is_none() && made.get("current_period_start").is_none());
    let item = &made["items"]["data"][0];
    has(item, ITEM);
    has(&item["plan"], PLAN);
    has(&item["price"], PRICE);
    has(&item["price"]["recurring"], "interval:s interval_count:i usage_type:s");
    has(&made["invoice_settings"]["issuer"], "type:s");
    has(&made["billing_mode"], "type:s");
    let product = stripe.get(&format!("products/{}", item["price"]["product"].as_str().unwrap())).await.ok();
    has(&product, PRODUCT);
    let invoice = latest(&stripe, &made).await;
    has(&invoice, INVOICE);
    has(&invoice["lines"]["data"][0], LINE);
    has(&invoice["parent"], "subscription_details:o type:s");
    has(&invoice["parent"]["subscription_details"], "subscription:s metadata:o");
    has(&invoice["payments"], "data:a has_more:b url:s");
    has(&invoice["payments"]["data"][0], PAYMENT);
    assert_eq!(invoice["payments"]["data"][0]["payment"]["type"], "payment_intent");
    for gone in ["charge", "payment_intent", "subscription", "paid", "tax"] {
        assert!(invoice.get(gone).is_none(), "{gone} is of an older version");
    }
    let portal = stripe.post("billing_portal/sessions", &[("customer", customer.as_str())]).await.ok();
    has(&portal, PORTAL);
}

#[tokio::test]
async fn what_is_shown_only_when_asked_for_is_not_in_events_nor_lists() {
    let stripe = Stripe::new().await;
    let customer = payer(&stripe, GOOD, None).await;
    let price = monthly(&stripe).await;
    let made = subscribe(&stripe, &customer, &price, &[]).await;
    stripe.days(14);
    let told = last_of(&stripe, "invoice.paid").await;
    let object = &told["data"]["object"];
    has(object, INVOICE);
    assert!(object.get("payments").is_none() && object.get("confirmation_secret").is_none());
    assert!(!object.as_object().unwrap().keys().any(|name| name.starts_with('_')));
    let payments = stripe.list(&format!("invoice_payments?invoice={}", id(object))).await;
    assert_eq!((payments.len(), &payments[0]["status"]), (1, &json!("paid")));
    let listed = &stripe.list("invoices?expand[]=data.confirmation_secret").await[0];
    assert!(listed["confirmation_secret"]["client_secret"].is_string());
    assert_eq!(made["latest_invoice"], object["id"]);
}
