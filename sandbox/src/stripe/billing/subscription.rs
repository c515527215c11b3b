//! Subscriptions over the API.

use axum::extract::Path;
use serde_json::{Value, json};

use super::start::{self, First};
use super::{change, clock, life, shape, terms};
use crate::stripe::errors::{Reply, StripeError};
use crate::stripe::http::Call;
use crate::stripe::params::{Params, merged};
use crate::stripe::scene::{Scene, text};
use crate::stripe::{book, customer, list};

/// Known and without effect here.
const UNUSED: [&str; 5] =
    ["automatic_tax", "off_session", "proration_behavior", "invoice_settings", "billing_mode"];

const BEHAVIORS: [&str; 4] =
    ["allow_incomplete", "default_incomplete", "error_if_incomplete", "pending_if_incomplete"];

/// `POST /v1/subscriptions`.
pub async fn create(call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let owner = params.required("customer")?;
        let owner = customer::own(scene, &owner)?;
        clock::by_customer(scene, &owner["id"], |scene| {
            let mut subscription = read(scene, params, &owner)?;
            let first = first(params)?;
            params.finish()?;
            start::start(scene, &mut subscription, &first)?;
            Ok(subscription)
        })
    })
}

fn read(scene: &Scene<'_>, params: &mut Params, owner: &Value) -> Result<Value, StripeError> {
    let items = terms::read_items(scene, params, "items")?;
    let mut subscription = shape::subscription(scene, owner, items);
    params.word("currency", &["eur"])?;
    terms::read_trial(scene, params, "", &mut subscription)?;
    terms::read_payment(scene, params, &mut subscription)?;
    let days = params.integer("days_until_due")?;
    let method = params.word("collection_method", &["charge_automatically", "send_invoice"])?;
    match (method.as_deref(), days) {
        (Some("send_invoice"), Some(days)) if days >= 0 => {
            subscription["collection_method"] = json!("send_invoice");
            subscription["days_until_due"] = json!(days);
            subscription["payment_settings"]["save_default_payment_method"] = json!("off");
        }
        (Some("send_invoice"), _) => return Err(StripeError::missing("days_until_due")),
        (_, Some(_)) => {
            let message = "You can only specify `days_until_due` if `collection_method` is `send_invoice`.";
            return Err(StripeError::invalid("", message).about("days_until_due"));
        }
        _ => {}
    }
    subscription["description"] = json!(params.text("description")?);
    subscription["metadata"] = merged(&Value::Null, params.metadata("metadata")?);
    change::read_end(scene, params, &mut subscription)?;
    params.ignore(&UNUSED);
    Ok(subscription)
}

fn first(params: &mut Params) -> Result<First, StripeError> {
    match params.word("payment_behavior", &BEHAVIORS)?.as_deref() {
        Some("default_incomplete") => Ok(First::Wait),
        Some("error_if_incomplete") => Ok(First::TryOrRefuse),
        Some("pending_if_incomplete") => {
            let message = "pending_if_incomplete can only be used to update a subscription.";
            Err(StripeError::invalid("", message).about("payment_behavior"))
        }
        _ => Ok(First::Try),
    }
}

/// `GET /v1/subscriptions`, by `customer`, `price`, `status`, `collection_method`, `test_clock` and
/// `created`; without a status, those that have not ended.
pub async fn list(call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        let (price, status) = (params.text("price")?, params.text("status")?);
        let wanted = [
            ("customer", params.text("customer")?),
            ("collection_method", params.text("collection_method")?),
            ("test_clock", params.text("test_clock")?),
        ];
        list::page_of(scene, params, "subscription", "/v1/subscriptions", &wanted, |found| {
            let is_wanted = match status.as_deref() {
                None => text(found, "status") != "canceled",
                Some("all") => true,
                Some("ended") => life::is_over(found),
                Some(status) => text(found, "status") == status,
            };
            let mut items = found["items"]["data"].as_array().into_iter().flatten();
            is_wanted
                && price.as_ref().is_none_or(|price| items.any(|item| item["price"]["id"] == json!(price)))
        })
    })
}

/// `GET /v1/subscription_items?subscription=`.
pub async fn items(call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        let id = params.required("subscription")?;
        params.ignore(&["limit"]);
        params.finish()?;
        let mut list = own(scene, &id)?["items"].clone();
        list["url"] = json!("/v1/subscription_items");
        Ok(list)
    })
}

/// `GET /v1/subscriptions/{id}`.
pub async fn get(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        params.finish()?;
        own(scene, &id)
    })
}

/// `POST /v1/subscriptions/{id}`.
pub async fn change(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let before = own(scene, &id)?;
        clock::by_customer(scene, &before["customer"], |scene| {
            change::change(scene, params, &before)?;
            own(scene, &id)
        })
    })
}

/// `DELETE /v1/subscriptions/{id}`: ends it now. What was paid is not given back.
pub async fn cancel(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let mut before = own(scene, &id)?;
        change::read_words(params, &mut before)?;
        params.ignore(&["prorate", "invoice_now"]);
        params.finish()?;
        if life::is_over(&before) {
            return Err(StripeError::no_such("subscription", &id, "id"));
        }
        clock::by_customer(scene, &before["customer"].clone(), |scene| {
            life::end(scene, &before, Some("cancellation_requested"))?;
            own(scene, &id)
        })
    })
}

/// `POST /v1/subscriptions/{id}/resume`: out of the pause after a trial.
pub async fn resume(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let before = own(scene, &id)?;
        params.ignore(&["billing_cycle_anchor", "proration_behavior"]);
        params.finish()?;
        if text(&before, "status") != "paused" {
            let message = "You can only resume a subscription that is paused.";
            return Err(StripeError::state("", message));
        }
        clock::by_customer(scene, &before["customer"], |scene| {
            start::resume(scene, &before)?;
            own(scene, &id)
        })
    })
}

/// A subscription that must exist.
pub fn own(scene: &Scene<'_>, id: &str) -> Result<Value, StripeError> {
    book::get(scene, "subscription", id, "id")
}
