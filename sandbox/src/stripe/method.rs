//! Payment methods: a bank account to be debited, or a customer's own cash balance.

use axum::extract::Path;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::errors::{Reply, StripeError};
use super::http::Call;
use super::iban::{Fate, Iban};
use super::params::{Params, merged};
use super::scene::{Scene, text};
use super::{book, customer, event, list};
use crate::ids;

const TYPES: [&str; 2] = ["sepa_debit", "customer_balance"];

/// The method that a request brings.
#[derive(Clone, Debug)]
pub enum Wish {
    /// One that exists.
    Known(String),
    /// A new one, which its object describes.
    New(Value),
}

impl Wish {
    /// Reads `payment_method` or `payment_method_data`.
    pub fn read(scene: &Scene<'_>, params: &mut Params) -> Result<Option<Wish>, StripeError> {
        let known = params.text("payment_method")?;
        match (known, params.has("payment_method_data")) {
            (Some(_), true) => {
                let message =
                    "You may only specify one of these parameters: payment_method, payment_method_data.";
                Err(StripeError::invalid("", message).about("payment_method"))
            }
            (Some(id), false) => Ok(Some(Wish::Known(id))),
            (None, true) => Ok(Some(Wish::New(read(scene, params, "payment_method_data")?))),
            (None, false) => Ok(None),
        }
    }

    /// The method itself, kept when it is new.
    pub fn resolve(&self, scene: &Scene<'_>) -> Result<Value, StripeError> {
        match self {
            Wish::Known(id) => book::get(scene, "payment_method", id, "payment_method"),
            Wish::New(doc) => {
                book::insert(scene, doc)?;
                Ok(doc.clone())
            }
        }
    }
}

fn read(scene: &Scene<'_>, params: &mut Params, prefix: &str) -> Result<Value, StripeError> {
    let name = |path: &str| match (prefix, path.split_once('[')) {
        ("", _) => path.to_owned(),
        (_, Some((first, rest))) => format!("{prefix}[{first}][{rest}"),
        (_, None) => format!("{prefix}[{path}]"),
    };
    let kind = name("type");
    let kind = params.word(&kind, &TYPES)?.ok_or_else(|| StripeError::missing(&kind))?;
    let mut billing = json!({
        "address": {
            "city": null, "country": null, "line1": null, "line2": null, "postal_code": null, "state": null,
        },
        "email": null, "name": null, "phone": null, "tax_id": null,
    });
    for field in ["name", "email", "phone"] {
        if let Some(value) = params.text(&name(&format!("billing_details[{field}]")))? {
            billing[field] = json!(value);
        }
    }
    for field in ["city", "country", "line1", "line2", "postal_code", "state"] {
        if let Some(value) = params.text(&name(&format!("billing_details[address][{field}]")))? {
            billing["address"][field] = json!(value);
        }
    }
    let metadata = merged(&Value::Null, params.metadata(&name("metadata"))?);
    params.ignore(&[&name("allow_redisplay")]);
    let mut doc = json!({
        "id": ids::lower("pm_", 24),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": billing,
        "created": scene.seconds(),
        "customer": null,
        "livemode": false,
        "metadata": metadata,
        "type": kind,
    });
    match kind.as_str() {
        "sepa_debit" => {
            bank_account(params, &name("sepa_debit[iban]"), &name("billing_details[name]"), &mut doc)?
        }
        _ => doc["customer_balance"] = Value::Object(Map::new()),
    }
    Ok(doc)
}

fn bank_account(params: &mut Params, number: &str, holder: &str, doc: &mut Value) -> Result<(), StripeError> {
    let given = params.required(number)?;
    if doc["billing_details"]["name"].is_null() {
        return Err(StripeError::missing(holder));
    }
    let invalid = || StripeError::invalid("invalid_iban", "The IBAN you provided is invalid.").about(number);
    let iban = Iban::read(&given).ok_or_else(invalid)?;
    if let Fate::Refused(code) = iban.fate() {
        let message = "This bank account cannot be debited by SEPA Direct Debit.";
        return Err(StripeError::invalid(code, message).about(number));
    }
    let fingerprint = hex::encode(Sha256::digest(iban.as_str().as_bytes()));
    doc["sepa_debit"] = json!({
        "bank_code": iban.bank_code(),
        "branch_code": iban.branch_code(),
        "country": iban.country(),
        "fingerprint": fingerprint.get(..16),
        "generated_from": {"charge": null, "setup_attempt": null},
        "last4": iban.last4(),
    });
    doc["_iban"] = json!(iban.as_str());
    Ok(())
}

/// What becomes of debits with this method.
pub fn fate(method: &Value) -> Fate {
    Iban::read(text(method, "_iban")).map_or(Fate::Paid, |iban| iban.fate())
}

/// Gives a method to a customer, for good.
pub fn keep_for(scene: &Scene<'_>, method: &mut Value, customer: &Value) -> rusqlite::Result<()> {
    if method["customer"].is_null() && !customer.is_null() {
        method["customer"] = customer.clone();
        book::update(scene, method)?;
        event::emit(scene, "payment_method.attached", method)?;
    }
    Ok(())
}

/// `POST /v1/payment_methods`.
pub async fn create(call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let doc = read(scene, params, "")?;
        params.finish()?;
        book::insert(scene, &doc)?;
        Ok(doc)
    })
}

/// `GET /v1/payment_methods/{id}`.
pub async fn get(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        params.finish()?;
        book::get(scene, "payment_method", &id, "payment_method")
    })
}

/// `GET /v1/payment_methods?customer=&type=`.
pub async fn list(call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        let wanted = [("customer", params.text("customer")?), ("type", params.text("type")?)];
        list::page(scene, params, "payment_method", "/v1/payment_methods", &wanted)
    })
}

/// `GET /v1/customers/{id}/payment_methods`.
pub async fn of_customer(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        customer::own(scene, &id)?;
        let path = format!("/v1/customers/{id}/payment_methods");
        let wanted = [("customer", Some(id)), ("type", params.text("type")?)];
        list::page(scene, params, "payment_method", &path, &wanted)
    })
}

/// `POST /v1/payment_methods/{id}/attach`.
pub async fn attach(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let owner = params.required("customer")?;
        params.finish()?;
        let owner = customer::own(scene, &owner)?;
        let mut method = book::get(scene, "payment_method", &id, "payment_method")?;
        if !method["customer"].is_null() && method["customer"] != owner["id"] {
            let message = "The payment method you provided has already been attached to a customer.";
            return Err(StripeError::state("", message));
        }
        if method["_is_spent"] == json!(true) {
            let message = "This PaymentMethod was used or detached, and may not be attached again.";
            return Err(StripeError::state("", message));
        }
        keep_for(scene, &mut method, &owner["id"])?;
        Ok(method)
    })
}

/// `POST /v1/payment_methods/{id}/detach`: its mandates end.
pub async fn detach(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        params.finish()?;
        let mut method = book::get(scene, "payment_method", &id, "payment_method")?;
        if method["customer"].is_null() {
            let message =
                "The payment method you provided is not attached to a customer so detachment is impossible.";
            return Err(StripeError::state("", message));
        }
        method["customer"] = Value::Null;
        method["_is_spent"] = json!(true);
        book::update(scene, &method)?;
        event::emit(scene, "payment_method.detached", &method)?;
        for mandate in book::of(scene, "mandate", &[("payment_method", &id)])? {
            super::mandate::end(scene, &mandate)?;
        }
        Ok(method)
    })
}
