//! Customers, and the cash balance that each of them has for bank transfers.

use axum::extract::Path;
use serde_json::{Map, Value, json};

use super::billing::{clock, terms};
use super::errors::{Reply, StripeError};
use super::http::Call;
use super::params::{Params, merged};
use super::scene::{Scene, int, text};
use super::{book, event, list};
use crate::ids;

const FIELDS: [&str; 4] = ["name", "email", "phone", "description"];
const UNUSED: [&str; 5] = ["address", "shipping", "preferred_locales", "tax_exempt", "invoice_settings"];

/// `POST /v1/customers`.
pub async fn create(call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let clock = match params.text("test_clock")? {
            Some(id) => clock::own(scene, &id, "test_clock")?,
            None => Value::Null,
        };
        clock::by(scene, &clock, |scene| {
            let mut customer = blank(scene);
            customer["test_clock"] = clock["id"].clone();
            read(scene, params, &mut customer)?;
            params.finish()?;
            book::insert(scene, &customer)?;
            event::emit(scene, "customer.created", &customer)?;
            Ok(customer)
        })
    })
}

/// The customer that a checkout page makes of whoever pays there.
pub fn of_payer(scene: &Scene<'_>, name: &str, email: &str) -> Result<Value, StripeError> {
    let mut customer = blank(scene);
    customer["name"] = json!(name);
    customer["email"] = json!(email);
    book::insert(scene, &customer)?;
    event::emit(scene, "customer.created", &customer)?;
    Ok(customer)
}

fn blank(scene: &Scene<'_>) -> Value {
    json!({
        "id": ids::lower("cus_", 14),
        "object": "customer",
        "address": null,
        "balance": 0,
        "created": scene.seconds(),
        "currency": null,
        "default_source": null,
        "delinquent": false,
        "description": null,
        "discount": null,
        "email": null,
        "invoice_prefix": ids::upper("", 8),
        "invoice_settings": {
            "custom_fields": null, "default_payment_method": null, "footer": null, "rendering_options": null,
        },
        "livemode": false,
        "metadata": {},
        "name": null,
        "next_invoice_sequence": 1,
        "phone": null,
        "preferred_locales": [],
        "shipping": null,
        "tax_exempt": "none",
        "test_clock": null,
        "_cash": 0,
        "_mode": "automatic",
        "_ibans": {},
    })
}

fn read(scene: &Scene<'_>, params: &mut Params, customer: &mut Value) -> Result<(), StripeError> {
    for field in FIELDS {
        match params.raw(field) {
            None => {}
            Some(text) if text.is_empty() => customer[field] = Value::Null,
            Some(text) => customer[field] = json!(text),
        }
    }
    if customer["email"].as_str().is_some_and(|email| !email.contains('@')) {
        let message = format!("Invalid email address: {}", text(customer, "email"));
        return Err(StripeError::invalid("email_invalid", message).about("email"));
    }
    if let Some(mode) = params.word("cash_balance[settings][reconciliation_mode]", &MODES)? {
        customer["_mode"] = json!(mode);
    }
    let default = "invoice_settings[default_payment_method]";
    match params.raw(default) {
        None => {}
        Some(id) if id.is_empty() => customer["invoice_settings"]["default_payment_method"] = Value::Null,
        Some(id) => {
            let method = book::get(scene, "payment_method", &id, default)?;
            terms::check_owner(&method, &customer["id"], default)?;
            customer["invoice_settings"]["default_payment_method"] = method["id"].clone();
        }
    }
    customer["metadata"] = merged(&customer["metadata"], params.metadata("metadata")?);
    params.ignore(&UNUSED);
    Ok(())
}

const MODES: [&str; 3] = ["automatic", "manual", "merchant_default"];

/// `GET /v1/customers`, by `email` and `created`.
pub async fn list(call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        let wanted = [("email", params.text("email")?), ("test_clock", params.text("test_clock")?)];
        list::page(scene, params, "customer", "/v1/customers", &wanted)
    })
}

/// `GET /v1/customers/search`.
pub async fn search(call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| list::search(scene, params, "customer", "/v1/customers/search"))
}

/// `GET /v1/customers/{id}`.
pub async fn get(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        params.finish()?;
        own(scene, &id)
    })
}

/// `POST /v1/customers/{id}`.
pub async fn change(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let before = own(scene, &id)?;
        let mut customer = before.clone();
        read(scene, params, &mut customer)?;
        params.finish()?;
        book::update(scene, &customer)?;
        event::emit_change(scene, "customer.updated", &before, &customer)?;
        Ok(customer)
    })
}

/// A customer that must exist.
pub fn own(scene: &Scene<'_>, id: &str) -> Result<Value, StripeError> {
    book::get(scene, "customer", id, "customer")
}

/// The cash balance of a customer.
pub fn cash_balance(customer: &Value) -> Value {
    let cash = int(customer, "_cash");
    let mut available = Map::new();
    if cash != 0 {
        available.insert("eur".to_owned(), json!(cash));
    }
    let mode = match text(customer, "_mode") {
        "manual" => "manual",
        _ => "automatic",
    };
    json!({
        "object": "cash_balance",
        "available": if available.is_empty() { Value::Null } else { Value::Object(available) },
        "customer": customer["id"],
        "livemode": false,
        "settings": {
            "reconciliation_mode": mode,
            "using_merchant_default": text(customer, "_mode") == "merchant_default",
        },
    })
}

/// `GET /v1/customers/{id}/cash_balance`.
pub async fn cash(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        params.finish()?;
        Ok(cash_balance(&own(scene, &id)?))
    })
}

/// `POST /v1/customers/{id}/cash_balance`: how its money finds its payments.
pub async fn change_cash(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let mut customer = own(scene, &id)?;
        if let Some(mode) = params.word("settings[reconciliation_mode]", &MODES)? {
            customer["_mode"] = json!(mode);
        }
        params.finish()?;
        book::update(scene, &customer)?;
        Ok(cash_balance(&customer))
    })
}

/// `GET /v1/customers/{id}/cash_balance_transactions`.
pub async fn cash_transactions(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        own(scene, &id)?;
        let path = format!("/v1/customers/{id}/cash_balance_transactions");
        let object = "customer_cash_balance_transaction";
        list::page(scene, params, object, &path, &[("customer", Some(id.clone()))])
    })
}
