//! Payment intents over the API: create, look up, change, confirm, cancel.

use axum::extract::Path;
use serde_json::{Map, Value, json};

use super::billing::clock;
use super::confirm::{self, Confirmation};
use super::errors::{Reply, StripeError};
use super::http::{Call, Version};
use super::params::{Params, merged};
use super::scene::{Scene, int, text};
use super::{book, customer, event, list, transfer};
use crate::ids;

/// Five tenths of a dollar, about.
const LEAST: i64 = 50;
/// Eight digits.
const MOST: i64 = 99_999_999;

const UNUSED: [&str; 8] = [
    "receipt_email",
    "shipping",
    "statement_descriptor_suffix",
    "transfer_group",
    "use_stripe_sdk",
    "error_on_requires_action",
    "radar_options",
    "hooks",
];

/// `POST /v1/payment_intents`.
pub async fn create(call: Call) -> Result<Reply, StripeError> {
    let version = call.version.clone();
    call.write(|scene, params| {
        let mut intent = read(scene, params, &version)?;
        let wants_confirmation = params.flag("confirm")?.unwrap_or(false);
        let confirmation = Confirmation::read(scene, params)?;
        params.finish()?;
        if !wants_confirmation && confirmation.needs_confirm() {
            let message = "mandate_data and off_session can only be given when confirm is true";
            return Err(StripeError::invalid("", message).about("confirm"));
        }
        begin(scene, &mut intent, &confirmation, wants_confirmation)?;
        Ok(intent)
    })
}

/// Writes a new intent down, and confirms it when asked to.
pub fn begin(
    scene: &Scene<'_>,
    intent: &mut Value,
    confirmation: &Confirmation,
    wants_confirmation: bool,
) -> Result<(), StripeError> {
    confirm::adopt(scene, intent, confirmation)?;
    book::insert(scene, intent)?;
    event::emit(scene, "payment_intent.created", intent)?;
    match wants_confirmation {
        true => confirm::confirm(scene, intent, confirmation),
        false => Ok(()),
    }
}

/// The intent that a creation asks for, without its method.
fn read(scene: &Scene<'_>, params: &mut Params, version: &Version) -> Result<Value, StripeError> {
    let amount = params.integer("amount")?.ok_or_else(|| StripeError::missing("amount"))?;
    check_amount(amount)?;
    let currency = params.required("currency")?;
    if !currency.eq_ignore_ascii_case("eur") {
        let message = format!("The currency provided ({currency}) is invalid: only eur is simulated.");
        return Err(StripeError::invalid("", message).about("currency"));
    }
    let customer = params.text("customer")?;
    if let Some(id) = &customer {
        customer::own(scene, id)?;
    }
    let types = types(scene, params, version, customer.is_some())?;
    let mut intent = blank(scene, amount, types);
    intent["customer"] = json!(customer);
    params.word("confirmation_method", &["automatic", "manual"])?;
    if let Some(capture) = params.word("capture_method", &["automatic", "automatic_async", "manual"])? {
        if capture == "manual" {
            let message = "These payment methods do not support manual capture.";
            return Err(StripeError::invalid("", message).about("capture_method"));
        }
        intent["capture_method"] = json!(capture);
    }
    for field in ["description", "statement_descriptor"] {
        intent[field] = json!(params.text(field)?);
    }
    intent["metadata"] = merged(&Value::Null, params.metadata("metadata")?);
    params.ignore(&UNUSED);
    Ok(intent)
}

fn check_amount(amount: i64) -> Result<(), StripeError> {
    match amount {
        ..=0 => {
            let message = "This value must be greater than or equal to 1.";
            Err(StripeError::invalid("parameter_invalid_integer", message).about("amount"))
        }
        1..LEAST => {
            Err(StripeError::invalid("amount_too_small", "Amount must be at least €0.50 eur").about("amount"))
        }
        LEAST..=MOST => Ok(()),
        _ => {
            let message = "Amount must be no more than €999,999.99";
            Err(StripeError::invalid("amount_too_large", message).about("amount"))
        }
    }
}

/// The payment methods that an intent takes. What the dashboard has not switched on, or what needs
/// a customer that is not there, is dropped without a word.
pub fn types(
    scene: &Scene<'_>,
    params: &mut Params,
    version: &Version,
    has_customer: bool,
) -> Result<Vec<String>, StripeError> {
    let choices = [
        "allowed_payment_method_types",
        "payment_method_types",
        "excluded_payment_method_types",
        "automatic_payment_methods",
        "payment_method_configuration",
    ];
    if params.has("payment_method_types") && !version.takes_payment_method_types() {
        let message = "The payment_method_types parameter is no longer supported. Use allowed_payment_method_types or dynamic payment methods.";
        let code = "payment_method_types_no_longer_supported";
        return Err(StripeError::invalid(code, message).about("payment_method_types"));
    }
    let mut given = choices.iter().filter(|name| params.has(name));
    if let (Some(one), Some(other)) = (given.next(), given.next()) {
        let message = format!("You may only specify one of these parameters: {one}, {other}.");
        return Err(StripeError::invalid("", message).about(one));
    }
    let mut types = scene.account().payment_methods.clone();
    if version.takes_allowed_types()
        && let Some(allowed) = params.list("allowed_payment_method_types")?
    {
        types.retain(|kind| allowed.contains(kind));
    }
    if let Some(named) = params.list("payment_method_types")? {
        if let Some(unknown) = named.iter().find(|kind| !types.contains(kind)) {
            let message = format!("The payment method type provided: {unknown} is invalid.");
            return Err(StripeError::invalid("", message).about("payment_method_types"));
        }
        types = named;
    }
    if let Some(excluded) = params.list("excluded_payment_method_types")? {
        types.retain(|kind| !excluded.contains(kind));
    }
    params.ignore(&["automatic_payment_methods", "payment_method_configuration"]);
    types.retain(|kind| has_customer || kind != "customer_balance");
    match types.is_empty() {
        false => Ok(types),
        true => {
            let message = "No valid payment method types for this Payment Intent. Please ensure that you have activated payment methods compatible with it.";
            Err(StripeError::invalid("payment_intent_invalid_parameter", message))
        }
    }
}

/// An intent that waits for a payment method.
pub fn blank(scene: &Scene<'_>, amount: i64, types: Vec<String>) -> Value {
    let id = ids::lower("pi_", 24);
    json!({
        "id": id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": null,
        "application_fee_amount": null,
        "automatic_payment_methods": null,
        "canceled_at": null,
        "cancellation_reason": null,
        "capture_method": "automatic_async",
        "client_secret": ids::lower(&format!("{id}_secret_"), 24),
        "confirmation_method": "automatic",
        "created": scene.seconds(),
        "currency": "eur",
        "customer": null,
        "description": null,
        "excluded_payment_method_types": null,
        "last_payment_error": null,
        "latest_charge": null,
        "livemode": false,
        "metadata": {},
        "next_action": null,
        "on_behalf_of": null,
        "payment_method": null,
        "payment_method_configuration_details": null,
        "payment_method_options": {},
        "payment_method_types": types,
        "processing": null,
        "receipt_email": null,
        "review": null,
        "setup_future_usage": null,
        "shipping": null,
        "source": null,
        "statement_descriptor": null,
        "statement_descriptor_suffix": null,
        "status": "requires_payment_method",
        "transfer_data": null,
        "transfer_group": null,
    })
}

/// `GET /v1/payment_intents`, by `customer` and `created`.
pub async fn list(call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        let customer = params.text("customer")?;
        list::page(scene, params, "payment_intent", "/v1/payment_intents", &[("customer", customer)])
    })
}

/// `GET /v1/payment_intents/search`.
pub async fn search(call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| list::search(scene, params, "payment_intent", "/v1/payment_intents/search"))
}

/// `GET /v1/payment_intents/{id}`.
pub async fn get(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        params.ignore(&["client_secret"]);
        params.finish()?;
        own(scene, &id)
    })
}

/// `POST /v1/payment_intents/{id}`: its amount while nothing is under way, and its words.
pub async fn change(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let mut intent = own(scene, &id)?;
        let amount = params.integer("amount")?;
        let description = params.text("description")?;
        let metadata = params.metadata("metadata")?;
        let confirmation = Confirmation::read(scene, params)?;
        params.finish()?;
        if let Some(amount) = amount {
            check_amount(amount)?;
            if !matches!(text(&intent, "status"), "requires_payment_method" | "requires_confirmation") {
                return Err(confirm::unexpected(scene, &intent, "changed"));
            }
            if !intent["_invoice"].is_null() {
                let message =
                    "The amount of a PaymentIntent that was created by an invoice cannot be changed.";
                return Err(StripeError::state("", message).about("amount"));
            }
            intent["amount"] = json!(amount);
        }
        if description.is_some() {
            intent["description"] = json!(description);
        }
        intent["metadata"] = merged(&intent["metadata"], metadata);
        confirm::adopt(scene, &mut intent, &confirmation)?;
        book::update(scene, &intent)?;
        Ok(intent)
    })
}

/// `POST /v1/payment_intents/{id}/confirm`.
pub async fn confirm(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let mut intent = own(scene, &id)?;
        let confirmation = Confirmation::read(scene, params)?;
        params.ignore(&["use_stripe_sdk", "client_secret", "error_on_requires_action"]);
        params.finish()?;
        confirm::check_state(scene, &intent)?;
        let owner = intent["_invoice"].as_str().map(|_| intent["customer"].clone());
        clock::by_customer(scene, &owner.unwrap_or_default(), |scene| {
            confirm::adopt(scene, &mut intent, &confirmation)?;
            confirm::confirm(scene, &mut intent, &confirmation)?;
            Ok(intent)
        })
    })
}

const REASONS: [&str; 4] = ["abandoned", "duplicate", "fraudulent", "requested_by_customer"];

/// `POST /v1/payment_intents/{id}/cancel`: what is under way cannot be called back.
pub async fn cancel(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let mut intent = own(scene, &id)?;
        let reason = params.word("cancellation_reason", &REASONS)?;
        params.finish()?;
        if !intent["_invoice"].is_null() {
            let message =
                "You cannot cancel a PaymentIntent that was created by an invoice; void the invoice.";
            return Err(StripeError::state("payment_intent_unexpected_state", message));
        }
        if !text(&intent, "status").starts_with("requires_") {
            return Err(confirm::unexpected(scene, &intent, "canceled"));
        }
        end(scene, &mut intent, reason.as_deref())?;
        Ok(intent)
    })
}

/// Cancels an intent; money that it had of a cash balance goes back there.
pub fn end(scene: &Scene<'_>, intent: &mut Value, reason: Option<&str>) -> rusqlite::Result<()> {
    intent["status"] = json!("canceled");
    intent["canceled_at"] = json!(scene.seconds());
    intent["cancellation_reason"] = json!(reason);
    intent["next_action"] = Value::Null;
    transfer::release(scene, intent)?;
    book::update(scene, intent)?;
    event::emit(scene, "payment_intent.canceled", intent)
}

/// `POST /v1/payment_intents/{id}/apply_customer_balance`: by hand what reconciliation does.
pub async fn apply(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let mut intent = own(scene, &id)?;
        let amount = params.integer("amount")?;
        params.word("currency", &["eur"])?;
        params.finish()?;
        if text(&intent, "status") != "requires_action" {
            return Err(confirm::unexpected(scene, &intent, "funded"));
        }
        let mut owner = customer::own(scene, text(&intent, "customer"))?;
        let missing = transfer::missing(&intent);
        let amount = amount.unwrap_or_else(|| missing.min(int(&owner, "_cash")));
        if amount < 1 || amount > missing || amount > int(&owner, "_cash") {
            let message = "The customer's cash balance does not cover that amount.";
            return Err(StripeError::state("", message).about("amount"));
        }
        transfer::apply(scene, &mut owner, &mut intent, amount)?;
        Ok(intent)
    })
}

/// An intent that must exist.
pub fn own(scene: &Scene<'_>, id: &str) -> Result<Value, StripeError> {
    book::get(scene, "payment_intent", id, "intent")
}

/// Options that an intent shows, without empty ones.
pub fn options(kind: &str, value: Value) -> Value {
    let mut options = Map::new();
    options.insert(kind.to_owned(), value);
    Value::Object(options)
}
