//! Checkout sessions: a page that asks a person for an account to be debited.
//!
//! A session is complete when the person agreed ([`super::agree`]), and its money is decided days
//! later.

use axum::extract::Path;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::book::{self, Due};
use super::errors::{Reply, StripeError};
use super::http::Call;
use super::params::{Params, merged};
use super::scene::{Scene, instant_of, int, text};
use super::{basket, customer, event, intent, list};
use crate::ids;

/// What the API calls a session.
pub const OBJECT: &str = "checkout.session";

const UNUSED: [&str; 10] = [
    "locale",
    "submit_type",
    "billing_address_collection",
    "customer_creation",
    "phone_number_collection",
    "ui_mode",
    "custom_text",
    "consent_collection",
    "payment_method_options",
    "payment_method_collection",
];

/// `POST /v1/checkout/sessions`.
pub async fn create(call: Call) -> Result<Reply, StripeError> {
    let version = call.version.clone();
    call.write(|scene, params| {
        let mode = params.word("mode", &["payment", "setup", "subscription"])?;
        let mode = mode.ok_or_else(|| StripeError::missing("mode"))?;
        let mut session = blank(scene, &mode);
        let owner = params.text("customer")?;
        if let Some(id) = &owner {
            customer::own(scene, id)?;
        }
        session["customer"] = json!(owner);
        let mut types = intent::types(scene, params, &version, false)?;
        types.retain(|kind| kind == "sepa_debit");
        session["payment_method_types"] = json!(types);
        basket::read(scene, params, &mut session)?;
        session["success_url"] = json!(params.required("success_url")?);
        for field in ["cancel_url", "customer_email", "client_reference_id"] {
            session[field] = json!(params.text(field)?);
        }
        session["metadata"] = merged(&Value::Null, params.metadata("metadata")?);
        let inner = match mode.as_str() {
            "payment" => "payment_intent_data",
            "setup" => "setup_intent_data",
            _ => "subscription_data",
        };
        session["_metadata"] = merged(&Value::Null, params.metadata(&format!("{inner}[metadata]"))?);
        session["_description"] = json!(params.text(&format!("{inner}[description]"))?);
        let usage = params.word(&format!("{inner}[setup_future_usage]"), &["off_session", "on_session"])?;
        session["_usage"] = json!(usage);
        read_expiry(scene, params, &mut session)?;
        params.word("currency", &["eur"])?;
        params.ignore(&UNUSED);
        params.finish()?;
        book::insert(scene, &session)?;
        book::plan(
            scene,
            instant_of(int(&session, "expires_at")),
            Due::SessionExpires,
            text(&session, "id"),
        )?;
        Ok(session)
    })
}

fn read_expiry(scene: &Scene<'_>, params: &mut Params, session: &mut Value) -> Result<(), StripeError> {
    let Some(at) = params.integer("expires_at")? else { return Ok(()) };
    let ahead = at - scene.seconds();
    if !(1_800..=86_400).contains(&ahead) {
        let message = "expires_at must be between 30 minutes and 24 hours from now";
        return Err(StripeError::invalid("", message).about("expires_at"));
    }
    session["expires_at"] = json!(at);
    Ok(())
}

fn blank(scene: &Scene<'_>, mode: &str) -> Value {
    let id = ids::lower("cs_test_", 32);
    json!({
        "id": id,
        "object": OBJECT,
        "adaptive_pricing": null,
        "after_expiration": null,
        "allow_promotion_codes": null,
        "amount_subtotal": null,
        "amount_total": null,
        "automatic_tax": {"enabled": false, "liability": null, "provider": null, "status": null},
        "billing_address_collection": null,
        "cancel_url": null,
        "client_reference_id": null,
        "client_secret": null,
        "consent": null,
        "consent_collection": null,
        "created": scene.seconds(),
        "currency": null,
        "currency_conversion": null,
        "custom_fields": [],
        "custom_text": {
            "after_submit": null, "shipping_address": null, "submit": null, "terms_of_service_acceptance": null,
        },
        "customer": null,
        "customer_creation": null,
        "customer_details": null,
        "customer_email": null,
        "expires_at": (scene.now + TimeDelta::hours(24)).timestamp(),
        "invoice": null,
        "invoice_creation": null,
        "livemode": false,
        "locale": null,
        "metadata": {},
        "mode": mode,
        "payment_intent": null,
        "payment_link": null,
        "payment_method_collection": "always",
        "payment_method_configuration_details": null,
        "payment_method_options": {},
        "payment_method_types": ["sepa_debit"],
        "payment_status": if mode == "setup" { "no_payment_required" } else { "unpaid" },
        "recovered_from": null,
        "setup_intent": null,
        "shipping_address_collection": null,
        "shipping_cost": null,
        "shipping_options": [],
        "status": "open",
        "submit_type": null,
        "subscription": null,
        "success_url": null,
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted",
        "url": format!("{}/stripe/c/{id}", scene.app.public_url()),
    })
}

/// The money of a session's debit is decided; the session names its intent or its invoice. Only
/// the first answer counts.
pub fn decided(scene: &Scene<'_>, by: (&str, &str), is_paid: bool) -> rusqlite::Result<()> {
    for mut session in book::of(scene, OBJECT, &[by])? {
        if text(&session, "payment_status") != "unpaid" || session["_is_decided"] == json!(true) {
            continue;
        }
        session["_is_decided"] = json!(by.0 == "invoice");
        book::update(scene, &session)?;
        if is_paid {
            session["payment_status"] = json!("paid");
            book::update(scene, &session)?;
        }
        let end = if is_paid { "succeeded" } else { "failed" };
        event::emit(scene, &format!("checkout.session.async_payment_{end}"), &session)?;
    }
    Ok(())
}

/// Nobody completed a session in time.
pub fn expire_by_itself(scene: &Scene<'_>, id: &str) -> rusqlite::Result<()> {
    let Some(mut session) = book::find(scene.tx, id)? else { return Ok(()) };
    if text(&session, "status") != "open" {
        return Ok(());
    }
    book::unplan(scene, id)?;
    session["status"] = json!("expired");
    session["url"] = Value::Null;
    book::update(scene, &session)?;
    event::emit(scene, "checkout.session.expired", &session)
}

/// `POST /v1/checkout/sessions/{id}/expire`.
pub async fn expire(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        params.finish()?;
        let session = book::get(scene, OBJECT, &id, "session")?;
        if text(&session, "status") != "open" {
            let message = format!(
                "Only Checkout Sessions with a status in [\"open\"] can be expired. This one is {}.",
                text(&session, "status")
            );
            return Err(StripeError::state("", message));
        }
        expire_by_itself(scene, &id)?;
        book::get(scene, OBJECT, &id, "session")
    })
}

/// `GET /v1/checkout/sessions`, by `payment_intent`, `customer`, `status` and `created`.
pub async fn list(call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        let wanted = [
            ("payment_intent", params.text("payment_intent")?),
            ("customer", params.text("customer")?),
            ("status", params.text("status")?),
        ];
        list::page(scene, params, OBJECT, "/v1/checkout/sessions", &wanted)
    })
}

/// `GET /v1/checkout/sessions/{id}`.
pub async fn get(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        params.finish()?;
        book::get(scene, OBJECT, &id, "session")
    })
}

/// Where the browser goes from a session that is over, or that its person leaves.
pub fn exit(session: &Value) -> String {
    let id = text(session, "id");
    let url = match text(session, "status") {
        "complete" => text(session, "success_url"),
        _ => session["cancel_url"].as_str().unwrap_or(text(session, "success_url")),
    };
    url.replace("{CHECKOUT_SESSION_ID}", id)
}
