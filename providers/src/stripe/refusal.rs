//! What an answer other than 2xx means.
//!
//! The code decides before the status does. A refusal counts only for the operation whose
//! documentation lists it; everything else is uncertain, a replayed 500 included. What Stripe refuses
//! for pace alone may be sent again under the same key, and `Stripe-Should-Retry` has the last word on that.
//! Source: docs.stripe.com/error-codes, /api/errors and /error-low-level, read 2026-11.

use domain::movement::MovementKind;
use serde_json::Value;

use super::{intent, terms};
use crate::{Operation, Outcome, ProviderError, Response, bearer};

/// Longest text of Stripe's that is kept, in characters.
const LONGEST_MESSAGE: usize = 300;

const REGISTER_DECLINES: &[&str] = &["email_invalid", "parameter_invalid_string_blank"];

/// Refusals of a debit or transfer: its account, its mandate, its size.
const COLLECT_DECLINES: &[&str] = &[
    "account_closed",
    "amount_too_large",
    "amount_too_small",
    "authorization_revoked",
    "bank_account_restricted",
    "bank_account_unusable",
    "billing_invalid_mandate",
    "branch_does_not_exist",
    "charge_exceeds_source_limit",
    "charge_exceeds_transaction_limit",
    "charge_exceeds_weekly_limit",
    "debit_authorization_not_match",
    "debit_not_authorized",
    "email_invalid",
    "generic_could_not_process",
    "incorrect_account_holder_name",
    "insufficient_funds",
    "invalid_account_number",
    "payment_intent_mandate_invalid",
    "payment_method_bank_account_blocked",
    "payment_method_customer_decline",
    "payment_method_provider_decline",
    "payment_method_unexpected_state",
    "recipient_deceased",
    "refer_to_customer",
    "resource_missing",
    "sepa_debit_bank_not_supported",
    "sepa_debit_debits_not_supported",
    "sepa_unsupported_account",
];

const REFUND_DECLINES: &[&str] = &[
    "amount_too_large",
    "amount_too_small",
    "balance_insufficient",
    "charge_already_refunded",
    "charge_disputed",
    "charge_not_refundable",
    "insufficient_funds",
    "refund_disputed_payment",
    "resource_missing",
];

const SWEEP_DECLINES: &[&str] = &[
    "amount_too_large",
    "amount_too_small",
    "balance_insufficient",
    "instant_payouts_config_disabled",
    "instant_payouts_currency_disabled",
    "instant_payouts_limit_exceeded",
    "instant_payouts_unsupported",
    "insufficient_funds",
    "payouts_limit_exceeded",
];

/// Nothing happened, and nothing will until a person changes key, account or program.
const CONTRACT: &[&str] = &[
    "api_key_expired",
    "capability_not_active",
    "livemode_mismatch",
    "parameter_invalid_empty",
    "parameter_invalid_integer",
    "parameter_missing",
    "parameter_unknown",
    "parameters_exclusive",
    "payment_intent_invalid_parameter",
    "payment_method_types_no_longer_supported",
    "payment_method_unactivated",
    "payouts_not_allowed",
    "secret_key_required",
    "testmode_charges_only",
];

/// Refused without a look at what was asked.
const BUSY: &[&str] = &["idempotency_key_in_use", "lock_timeout", "rate_limit"];

/// What an error object says. Empty where it says nothing.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Said {
    pub kind: String,
    pub code: String,
    pub decline_code: String,
    pub message: String,
    /// Which parameter of ours is refused.
    pub param: String,
    /// How the intent stands that the error is about, where there is one.
    pub intent: Value,
}

impl Said {
    /// Reads an error object: `error` of an answer, or an intent's `last_payment_error`.
    pub fn of(error: &Value) -> Said {
        let at = |key: &str| terms::text(error, key).map(terms::word).unwrap_or_default();
        Said {
            kind: at("type"),
            code: at("code"),
            decline_code: at("decline_code"),
            message: shortened(terms::text(error, "message").unwrap_or_default()),
            param: at("param"),
            intent: error["payment_intent"].clone(),
        }
    }

    /// Reads the body of a refusal.
    pub fn read(body: &[u8]) -> Said {
        serde_json::from_slice::<Value>(body).map(|body| Said::of(&body["error"])).unwrap_or_default()
    }

    /// The most particular word there is.
    pub fn word(&self) -> String {
        [&self.decline_code, &self.code, &self.kind]
            .into_iter()
            .find(|word| !word.is_empty())
            .map_or_else(|| "failed".to_owned(), String::clone)
    }
}

/// Stripe's text without control characters and account numbers, which it may repeat.
pub(super) fn shortened(message: &str) -> String {
    let plain: String = message.chars().filter(|letter| !letter.is_control()).take(LONGEST_MESSAGE).collect();
    let is_apart = |letter: char| !letter.is_ascii_alphanumeric();
    plain
        .split_inclusive(is_apart)
        .map(|part| {
            let word = part.trim_end_matches(is_apart);
            match word.len() >= 12 && word.bytes().filter(u8::is_ascii_digit).count() >= 8 {
                true => part.replacen(word, "…", 1),
                false => part.to_owned(),
            }
        })
        .collect()
}

/// The outcome or error of an answer whose status is not 2xx.
pub(super) fn outcome(operation: &Operation, response: &Response) -> Result<Outcome, ProviderError> {
    let said = Said::read(&response.body);
    match is_decided(response) {
        true => refused(operation, response, said),
        false => Err(uncertain(response, &said)),
    }
}

/// What a refusal means that no documentation lists: come again, call a person, or nobody knows.
pub(super) fn error(response: &Response, said: &Said) -> ProviderError {
    if is_decided(response) && may_come_again(response, said) {
        return ProviderError::RateLimited { retry_after: bearer::retry_after(response) };
    }
    let is_contract =
        matches!(response.status, 401 | 403 | 405 | 407) || CONTRACT.contains(&said.code.as_str());
    match is_decided(response) && is_contract {
        true => ProviderError::misconfigured(describe(response, said)),
        false => uncertain(response, said),
    }
}

/// Whether the status says that the request was looked at, and refused.
fn is_decided(response: &Response) -> bool {
    matches!(response.status, 400..=499) && !matches!(response.status, 408 | 424)
}

fn refused(operation: &Operation, response: &Response, said: Said) -> Result<Outcome, ProviderError> {
    if may_come_again(response, &said) {
        return Err(ProviderError::RateLimited { retry_after: bearer::retry_after(response) });
    }
    let code = said.code.as_str();
    if let (Operation::Cancel(cancel), "payment_intent_unexpected_state") = (operation, code) {
        return intent::cancelled(&said.intent, cancel)
            .or_else(|_| Ok(Outcome::pending(cancel.provider_ref.clone(), None)));
    }
    if let (Operation::Cancel(_), "resource_missing", 404) = (operation, code, response.status) {
        return Ok(Outcome::NotFound);
    }
    if is_question(operation) && code == "resource_missing" {
        // What was made is never forgotten: this is another account's key, or another mode's.
        return Err(ProviderError::misconfigured(format!(
            "{}, where it was made",
            describe(response, &said)
        )));
    }
    // A transfer is given back by way of its payer's e-mail address: without one only a person can.
    if let (Operation::Refund(_), "parameter_missing", "instructions_email", 400) =
        (operation, code, said.param.as_str(), response.status)
    {
        return Ok(Outcome::Declined { code: "instructions_email".to_owned(), message: said.message });
    }
    match error(response, &said) {
        error @ ProviderError::Misconfigured { .. } => Err(error),
        _ if is_declined(operation, response.status, &said) => {
            Ok(Outcome::Declined { code: said.word(), message: said.message })
        }
        error => Err(error),
    }
}

/// 402 is a documented refusal whatever its word; the other statuses need a word that is listed.
fn is_declined(operation: &Operation, status: u16, said: &Said) -> bool {
    let is_collect = matches!(operation, Operation::Collect(_));
    let is_card_error = status == 402 && said.kind == "card_error" && is_collect;
    let is_listed = matches!(status, 400 | 402 | 404) && declines(operation).contains(&said.code.as_str());
    let is_typed = status == 400 && is_what_people_typed(operation, said);
    (is_card_error || is_listed || is_typed) && has_nothing_under_way(&said.intent)
}

/// A parameter that we pass on as somebody typed it was refused before anything was done.
fn is_what_people_typed(operation: &Operation, said: &Said) -> bool {
    let typed: &[&str] = match operation {
        Operation::Register(_) => &["email", "name"],
        Operation::Collect(_) => &["payment_method_data[sepa_debit]", "payment_method_data[billing_details]"],
        _ => &[],
    };
    said.kind == "invalid_request_error" && typed.iter().any(|param| said.param.starts_with(param))
}

/// An error about an intent that moves all the same is no refusal.
fn has_nothing_under_way(intent: &Value) -> bool {
    matches!(terms::text(intent, "status"), None | Some("requires_payment_method" | "canceled"))
}

/// The refusals that the operation's documentation lists: nothing moved.
fn declines(operation: &Operation) -> &'static [&'static str] {
    match operation {
        Operation::Register(_) => REGISTER_DECLINES,
        Operation::Collect(_) => COLLECT_DECLINES,
        Operation::Refund(_) => REFUND_DECLINES,
        Operation::Sweep(_) => SWEEP_DECLINES,
        _ => &[],
    }
}

fn is_question(operation: &Operation) -> bool {
    match operation {
        Operation::Inquire(inquire) => inquire.kind != MovementKind::Disbursement,
        Operation::Line(_) => true,
        _ => false,
    }
}

/// Whether the same request under the same key is welcome: by Stripe's header, else by what it is refused for.
fn may_come_again(response: &Response, said: &Said) -> bool {
    let asked = response.headers.get("stripe-should-retry").map(http::HeaderValue::as_bytes);
    match asked {
        Some(b"true") => true,
        Some(b"false") => false,
        _ => response.status == 429 || BUSY.contains(&said.code.as_str()),
    }
}

fn uncertain(response: &Response, said: &Said) -> ProviderError {
    ProviderError::uncertain(describe(response, said))
}

/// Status, code, and the id under which Stripe's own log has the request.
fn describe(response: &Response, said: &Said) -> String {
    let status = response.status;
    let request = response.headers.get("request-id").and_then(|id| id.to_str().ok()).map(terms::word);
    let told = match (said.code.is_empty(), said.kind.is_empty()) {
        (false, _) => format!("status {status} with code {}", said.code),
        (true, false) => format!("status {status} of type {}", said.kind),
        (true, true) => format!("status {status} without a readable code"),
    };
    match request {
        Some(request) => format!("{told} ({request})"),
        None => told,
    }
}
