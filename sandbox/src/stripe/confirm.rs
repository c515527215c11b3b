//! Confirming an intent: with which method, by which mandate, and what happens then.

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::debit;
use super::errors::StripeError;
use super::params::Params;
use super::scene::{Scene, int, text};
use super::{book, intent, mandate, method, transfer, view};

/// What a request says about paying an intent.
#[derive(Clone, Debug)]
pub struct Confirmation {
    /// With what.
    pub method: Option<method::Wish>,
    /// How the payer agreed; null when it does not say.
    pub acceptance: Value,
    /// The mandate to use.
    pub mandate: Option<String>,
    /// Whether the method is to be kept for later.
    pub future: Option<String>,
    /// Whether the payer is not there.
    pub is_off_session: bool,
    /// When the account is to be debited.
    pub target: Option<NaiveDate>,
    /// How the mandate's reference begins.
    pub prefix: String,
    /// Where the virtual account of a bank transfer is.
    pub country: Option<String>,
}

impl Confirmation {
    /// Reads everything about paying.
    pub fn read(scene: &Scene<'_>, params: &mut Params) -> Result<Confirmation, StripeError> {
        let sepa = |path: &str| format!("payment_method_options[sepa_debit]{path}");
        let target = params.text(&sepa("[target_date]"))?;
        let prefix = params.text(&sepa("[mandate_options][reference_prefix]"))?.unwrap_or_default();
        check_prefix(&prefix, &sepa("[mandate_options][reference_prefix]"))?;
        let future = params.word("setup_future_usage", &["off_session", "on_session"])?;
        let for_debits =
            params.word(&sepa("[setup_future_usage]"), &["none", "off_session", "on_session"])?;
        params.ignore(&["return_url"]);
        Ok(Confirmation {
            method: method::Wish::read(scene, params)?,
            acceptance: mandate::read_acceptance(scene, params)?,
            mandate: params.text("mandate")?,
            future: for_debits.filter(|usage| usage != "none").or(future),
            is_off_session: params.flag("off_session")?.unwrap_or(false),
            target: debit::target(scene, target)?,
            prefix,
            country: transfer::read_country(params, "payment_method_options[customer_balance]")?,
        })
    }

    /// Whether it says what only a confirmation may.
    pub fn needs_confirm(&self) -> bool {
        !self.acceptance.is_null() || self.is_off_session || self.mandate.is_some()
    }
}

fn check_prefix(prefix: &str, name: &str) -> Result<(), StripeError> {
    let is_known = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || "/_-&. ".contains(c);
    match prefix.len() <= 12 && prefix.chars().all(is_known) && !prefix.starts_with("STRIPE") {
        true => Ok(()),
        false => {
            let message = "reference_prefix has at most 12 upper-case letters, digits, spaces or /_-&. and does not begin with STRIPE";
            Err(StripeError::invalid("", message).about(name))
        }
    }
}

/// Takes over the method and the usage that a request names.
pub fn adopt(scene: &Scene<'_>, intent: &mut Value, wish: &Confirmation) -> Result<(), StripeError> {
    if let Some(usage) = &wish.future {
        intent["setup_future_usage"] = json!(usage);
    }
    if let Some(country) = &wish.country {
        intent["_country"] = json!(country);
        intent["payment_method_options"] = intent::options(
            "customer_balance",
            json!({
                "bank_transfer": {"eu_bank_transfer": {"country": country}, "type": "eu_bank_transfer"},
                "funding_type": "bank_transfer",
            }),
        );
    }
    let Some(wanted) = &wish.method else { return Ok(()) };
    let method = wanted.resolve(scene)?;
    let kind = text(&method, "type");
    if !intent["payment_method_types"].as_array().is_some_and(|types| types.contains(&json!(kind))) {
        let message = format!("The PaymentIntent does not accept the payment method type {kind}.");
        return Err(StripeError::invalid("payment_intent_incompatible_payment_method", message)
            .about("payment_method"));
    }
    if !method["customer"].is_null() && method["customer"] != intent["customer"] {
        let message =
            "The provided PaymentMethod belongs to another Customer, or the PaymentIntent has none.";
        return Err(StripeError::invalid("", message).about("payment_method"));
    }
    if method["_is_spent"] == json!(true) {
        let message = "The provided PaymentMethod was previously used without Customer attachment, and may not be used again.";
        return Err(StripeError::invalid("payment_method_unexpected_state", message).about("payment_method"));
    }
    intent["payment_method"] = method["id"].clone();
    if text(intent, "status") == "requires_payment_method" {
        intent["status"] = json!("requires_confirmation");
    }
    Ok(())
}

/// Refuses what cannot be confirmed any more.
pub fn check_state(scene: &Scene<'_>, intent: &Value) -> Result<(), StripeError> {
    match text(intent, "status") {
        "requires_payment_method" | "requires_confirmation" => Ok(()),
        _ => Err(unexpected(scene, intent, "confirmed")),
    }
}

/// The refusal of a state; it shows the intent.
pub fn unexpected(scene: &Scene<'_>, intent: &Value, verb: &str) -> StripeError {
    let status = text(intent, "status");
    let message = format!("This PaymentIntent's status is {status}, so it could not be {verb}.");
    StripeError::state("payment_intent_unexpected_state", message)
        .with("payment_intent", view::shown(scene, intent))
}

/// Confirms an intent whose method is known.
pub fn confirm(scene: &Scene<'_>, intent: &mut Value, wish: &Confirmation) -> Result<(), StripeError> {
    let mut method = book::named(scene, &intent["payment_method"])?;
    match text(&method, "type") {
        "sepa_debit" => confirm_debit(scene, intent, &mut method, wish),
        "customer_balance" => confirm_transfer(scene, intent),
        _ => {
            let message = "You cannot confirm this PaymentIntent because it's missing a payment method.";
            Err(StripeError::invalid("payment_intent_unexpected_state", message))
        }
    }
}

fn confirm_debit(
    scene: &Scene<'_>,
    intent: &mut Value,
    method: &mut Value,
    wish: &Confirmation,
) -> Result<(), StripeError> {
    debit::check(int(intent, "amount"))?;
    let is_kept = !intent["customer"].is_null()
        && (!intent["setup_future_usage"].is_null() || !method["customer"].is_null());
    let mandate = match (
        wish.acceptance.is_null(),
        mandate::in_force(scene, method, wish.mandate.as_deref())?,
    ) {
        (true, Some(mandate)) => mandate,
        (true, None) => {
            let message = "This PaymentIntent requires a mandate, but no existing mandate was found. Collect mandate acceptance and give it as mandate_data.";
            return Err(StripeError::state("", message));
        }
        (false, _) if wish.is_off_session => {
            let message = "mandate_data cannot be given together with off_session.";
            return Err(StripeError::invalid("", message).about("mandate_data"));
        }
        (false, _) => {
            let single = (!is_kept).then(|| int(intent, "amount"));
            mandate::grant(scene, &wish.acceptance, method, single, &wish.prefix)?
        }
    };
    match is_kept {
        true => method::keep_for(scene, method, &intent["customer"])?,
        false => {
            method["_is_spent"] = json!(true);
            book::update(scene, method)?;
        }
    }
    Ok(debit::submit(scene, intent, method, &mandate, wish.target)?)
}

fn confirm_transfer(scene: &Scene<'_>, intent: &mut Value) -> Result<(), StripeError> {
    if intent["customer"].is_null() {
        return Err(StripeError::missing("customer"));
    }
    let country = text(intent, "_country").to_owned();
    if country.is_empty() {
        let name = "payment_method_options[customer_balance][bank_transfer][eu_bank_transfer][country]";
        return Err(StripeError::missing(name));
    }
    transfer::ask(scene, intent, &country)
}
