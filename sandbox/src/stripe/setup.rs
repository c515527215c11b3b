//! Setup intents: a mandate without a payment, done at once.

use axum::extract::Path;
use serde_json::{Value, json};

use super::billing::{clock, trial};
use super::confirm::Confirmation;
use super::errors::{Reply, StripeError};
use super::http::Call;
use super::params::merged;
use super::scene::{Scene, text};
use super::{book, customer, event, intent, list, mandate, method};
use crate::ids;

/// `POST /v1/setup_intents`.
pub async fn create(call: Call) -> Result<Reply, StripeError> {
    let version = call.version.clone();
    call.write(|scene, params| {
        let owner = params.text("customer")?;
        if let Some(id) = &owner {
            customer::own(scene, id)?;
        }
        let mut types = intent::types(scene, params, &version, false)?;
        types.retain(|kind| kind == "sepa_debit");
        let usage = params.word("usage", &["off_session", "on_session"])?;
        let mut setup = blank(scene, types);
        setup["customer"] = json!(owner);
        setup["usage"] = json!(usage.unwrap_or("off_session".to_owned()));
        setup["description"] = json!(params.text("description")?);
        setup["metadata"] = merged(&Value::Null, params.metadata("metadata")?);
        let wants_confirmation = params.flag("confirm")?.unwrap_or(false);
        let wish = Confirmation::read(scene, params)?;
        params.finish()?;
        book::insert(scene, &setup)?;
        event::emit(scene, "setup_intent.created", &setup)?;
        if wants_confirmation {
            confirm(scene, &mut setup, &wish)?;
        }
        Ok(setup)
    })
}

/// A setup intent that waits for a payment method.
pub fn blank(scene: &Scene<'_>, types: Vec<String>) -> Value {
    let id = ids::lower("seti_", 24);
    json!({
        "id": id,
        "object": "setup_intent",
        "application": null,
        "automatic_payment_methods": null,
        "cancellation_reason": null,
        "client_secret": ids::lower(&format!("{id}_secret_"), 24),
        "created": scene.seconds(),
        "customer": null,
        "description": null,
        "flow_directions": null,
        "last_setup_error": null,
        "latest_attempt": null,
        "livemode": false,
        "mandate": null,
        "metadata": {},
        "next_action": null,
        "on_behalf_of": null,
        "payment_method": null,
        "payment_method_options": {},
        "payment_method_types": types,
        "single_use_mandate": null,
        "status": "requires_payment_method",
        "usage": "off_session",
    })
}

/// Takes the mandate; done at once.
pub fn confirm(scene: &Scene<'_>, setup: &mut Value, wish: &Confirmation) -> Result<(), StripeError> {
    let wanted = wish.method.as_ref().ok_or_else(|| StripeError::missing("payment_method"))?;
    if wish.acceptance.is_null() {
        return Err(StripeError::missing("mandate_data"));
    }
    let mut method = wanted.resolve(scene)?;
    if text(&method, "type") != "sepa_debit" {
        let message = "Only bank accounts can be set up.";
        return Err(StripeError::invalid("", message).about("payment_method"));
    }
    let mandate = mandate::grant(scene, &wish.acceptance, &method, None, &wish.prefix)?;
    method::keep_for(scene, &mut method, &setup["customer"])?;
    setup["payment_method"] = method["id"].clone();
    setup["mandate"] = mandate["id"].clone();
    setup["status"] = json!("succeeded");
    book::update(scene, setup)?;
    event::emit(scene, "setup_intent.succeeded", setup)?;
    Ok(clock::by_customer(scene, &setup["customer"], |scene| trial::set_up(scene, setup))?)
}

/// `POST /v1/setup_intents/{id}/confirm`.
pub async fn confirm_existing(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let mut setup = book::get(scene, "setup_intent", &id, "intent")?;
        let wish = Confirmation::read(scene, params)?;
        params.finish()?;
        if !text(&setup, "status").starts_with("requires_") {
            let message = format!("This SetupIntent's status is {}.", text(&setup, "status"));
            return Err(StripeError::state("setup_intent_unexpected_state", message));
        }
        confirm(scene, &mut setup, &wish)?;
        Ok(setup)
    })
}

/// `POST /v1/setup_intents/{id}/cancel`.
pub async fn cancel(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let mut setup = book::get(scene, "setup_intent", &id, "intent")?;
        setup["cancellation_reason"] = json!(params.text("cancellation_reason")?);
        params.finish()?;
        if !text(&setup, "status").starts_with("requires_") {
            let message = format!("This SetupIntent's status is {}.", text(&setup, "status"));
            return Err(StripeError::state("setup_intent_unexpected_state", message));
        }
        setup["status"] = json!("canceled");
        book::update(scene, &setup)?;
        event::emit(scene, "setup_intent.canceled", &setup)?;
        Ok(setup)
    })
}

/// `GET /v1/setup_intents`.
pub async fn list(call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        let customer = params.text("customer")?;
        list::page(scene, params, "setup_intent", "/v1/setup_intents", &[("customer", customer)])
    })
}

/// `GET /v1/setup_intents/{id}`.
pub async fn get(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        params.ignore(&["client_secret"]);
        params.finish()?;
        book::get(scene, "setup_intent", &id, "intent")
    })
}
