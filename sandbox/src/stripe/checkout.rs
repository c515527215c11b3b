//! Checkout sessions: a page that asks a person for an account to be debited.
//!
//! A session is complete when the person agreed, and its money is decided days later. *Chosen*:
//! the page sends the browser on at once, without waiting for the endpoint's answer.

use axum::extract::Path;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::book::{self, Due};
use super::confirm::Confirmation;
use super::errors::{Reply, StripeError};
use super::http::Call;
use super::params::{Params, merged};
use super::scene::{Scene, instant_of, int, text};
use super::{customer, debit, event, intent, list, setup};
use crate::ids;

const OBJECT: &str = "checkout.session";

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

/// Who pays on the page, and from which account.
#[derive(Clone, Debug)]
pub struct Payer {
    /// Account number.
    pub iban: String,
    /// Its holder.
    pub name: String,
    /// For notices.
    pub email: String,
}

/// `POST /v1/checkout/sessions`.
pub async fn create(call: Call) -> Result<Reply, StripeError> {
    let version = call.version.clone();
    call.write(|scene, params| {
        let mode = params.word("mode", &["payment", "setup"])?.ok_or_else(|| StripeError::missing("mode"))?;
        let mut session = blank(scene, &mode);
        let owner = params.text("customer")?;
        if let Some(id) = &owner {
            customer::own(scene, id)?;
        }
        session["customer"] = json!(owner);
        let mut types = intent::types(scene, params, &version, false)?;
        types.retain(|kind| kind == "sepa_debit");
        session["payment_method_types"] = json!(types);
        read_items(params, &mut session)?;
        session["success_url"] = json!(params.required("success_url")?);
        for field in ["cancel_url", "customer_email", "client_reference_id"] {
            session[field] = json!(params.text(field)?);
        }
        session["metadata"] = merged(&Value::Null, params.metadata("metadata")?);
        let inner = if mode == "payment" { "payment_intent_data" } else { "setup_intent_data" };
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

fn read_items(params: &mut Params, session: &mut Value) -> Result<(), StripeError> {
    let (mut total, mut names, mut place) = (0_i64, Vec::new(), 0);
    while params.has(&format!("line_items[{place}]")) {
        let name = |path: &str| format!("line_items[{place}]{path}");
        if let Some(price) = params.text(&name("[price]"))? {
            return Err(StripeError::no_such("price", &price, &name("[price]")));
        }
        let currency = params.required(&name("[price_data][currency]"))?;
        if currency != "eur" {
            return Err(
                StripeError::invalid("", "Every price must be in eur").about(&name("[price_data][currency]"))
            );
        }
        let amount = params.integer(&name("[price_data][unit_amount]"))?.unwrap_or_default();
        names.push(params.required(&name("[price_data][product_data][name]"))?);
        params.ignore(&[&name("[price_data][product_data]")]);
        let quantity = params.integer(&name("[quantity]"))?.unwrap_or(1);
        let line = amount.checked_mul(quantity).filter(|line| *line > 0);
        let too_large = || StripeError::invalid("parameter_invalid_integer", "Invalid amount or quantity");
        total = line.and_then(|line| total.checked_add(line)).ok_or_else(too_large)?;
        place += 1;
    }
    if text(session, "mode") == "setup" {
        return Ok(());
    }
    if place == 0 {
        return Err(StripeError::missing("line_items"));
    }
    debit::check(total)?;
    session["amount_total"] = json!(total);
    session["amount_subtotal"] = json!(total);
    session["currency"] = json!("eur");
    session["_items"] = json!(names.join(", "));
    Ok(())
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

/// The person agrees: the debit is submitted, and the session is complete.
pub fn complete(scene: &Scene<'_>, session: &mut Value, payer: &Payer) -> Result<(), StripeError> {
    let mut params = form(payer)?;
    let mut wish = Confirmation::read(scene, &mut params)?;
    wish.future = session["_usage"].as_str().map(str::to_owned);
    session["status"] = json!("complete");
    session["url"] = Value::Null;
    session["customer_details"] = json!({
        "address": null, "business_name": null, "email": payer.email, "individual_name": null,
        "name": payer.name, "phone": null, "tax_exempt": "none", "tax_ids": [],
    });
    if text(session, "mode") == "setup" {
        let mut setup = setup::blank(scene, vec!["sepa_debit".to_owned()]);
        setup["customer"] = session["customer"].clone();
        setup["metadata"] = session["_metadata"].clone();
        book::insert(scene, &setup)?;
        setup::confirm(scene, &mut setup, &wish)?;
        session["setup_intent"] = setup["id"].clone();
    } else {
        let mut payment = intent::blank(scene, int(session, "amount_total"), vec!["sepa_debit".to_owned()]);
        payment["customer"] = session["customer"].clone();
        payment["metadata"] = session["_metadata"].clone();
        payment["description"] = session["_description"].clone();
        intent::begin(scene, &mut payment, &wish, true)?;
        session["payment_intent"] = payment["id"].clone();
    }
    book::unplan(scene, text(session, "id"))?;
    book::update(scene, session)?;
    Ok(event::emit(scene, "checkout.session.completed", session)?)
}

fn form(payer: &Payer) -> Result<Params, StripeError> {
    let mut url = reqwest::Url::parse("http://stripe/").map_err(|_| StripeError::internal())?;
    let (method, data) = ("payment_method_data", "mandate_data[customer_acceptance]");
    url.query_pairs_mut()
        .append_pair(&format!("{method}[type]"), "sepa_debit")
        .append_pair(&format!("{method}[sepa_debit][iban]"), &payer.iban)
        .append_pair(&format!("{method}[billing_details][name]"), &payer.name)
        .append_pair(&format!("{method}[billing_details][email]"), &payer.email)
        .append_pair(&format!("{data}[type]"), "online")
        .append_pair(&format!("{data}[online][ip_address]"), "127.0.0.1")
        .append_pair(&format!("{data}[online][user_agent]"), "hosted page");
    Params::decode(url.query().unwrap_or_default())
}

/// The money of a session's debit is decided.
pub fn decided(scene: &Scene<'_>, intent: &Value, is_paid: bool) -> rusqlite::Result<()> {
    for mut session in book::of(scene, OBJECT, &[("payment_intent", text(intent, "id"))])? {
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
