//! What an answer other than 2xx means.
//!
//! The code decides before the status does, because the status of many codes is not documented. A
//! refusal counts only for the operation whose documentation lists it; everything else is uncertain.
//! Source: docs.wave.com/business (errors), /checkout and /payout, read 2026-11.

use domain::movement::MovementKind;
use serde_json::Value;

use super::terms::word;
use crate::{Operation, Outcome, ProviderError, Response, bearer};

/// Longest text of a provider that is kept, in characters.
const LONGEST_MESSAGE: usize = 300;

const SESSION_DECLINES: &[&str] = &["request-validation-error"];

const PAYOUT_DECLINES: &[&str] = &[
    "request-validation-error",
    "country-mismatch",
    "insufficient-funds",
    "recipient-minor",
    "recipient-account-blocked",
    "recipient-account-inactive",
    "recipient-limit-exceeded",
];

const REFUND_DECLINES: &[&str] = &["checkout-refund-failed", "checkout-session-not-found", "not-found"];

const REVERSAL_DECLINES: &[&str] = &[
    "insufficient-funds",
    "payout-reversal-time-limit-exceeded",
    "payout-reversal-account-terminated",
    "not-found",
];

/// Both names of "there is none" are in use.
const ABSENT: &[&str] = &["not-found", "checkout-session-not-found"];

/// Nothing happened, and nothing will until a person changes key, wallet or program.
const CONTRACT: &[&str] = &[
    "request-not-json",
    "request-parsing-error",
    "country-mismatch",
    "currency-mismatch",
    "aggregated-merchant-required",
    "invalid-aggregated-merchant-id",
    "unauthorized-wallet",
    "authorization-error",
];

/// What an error body says. Empty where it says nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Said {
    pub code: String,
    pub message: String,
}

impl Said {
    /// Reads any of the four shapes that are in use:
    /// `{code, message, details}`, `{error_code, error_message}`, `{error, message}`, `{error: {code, message}}`.
    pub fn of(body: &Value) -> Option<Said> {
        let nested = body.get("error").filter(|error| error.is_object());
        let at = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let code = at(body, "code")
            .or_else(|| at(body, "error_code"))
            .or_else(|| at(body, "error"))
            .or_else(|| nested.and_then(|error| at(error, "code")))?;
        let message = at(body, "message")
            .or_else(|| at(body, "error_message"))
            .or_else(|| nested.and_then(|error| at(error, "message")))
            .unwrap_or_default();
        Some(Said { code: word(&code), message: shortened(&with_details(message, body)) })
    }

    fn read(body: &[u8]) -> Said {
        serde_json::from_slice(body).ok().as_ref().and_then(Said::of).unwrap_or_default()
    }
}

/// Adds which fields a validation error is about; what they held stays out.
fn with_details(message: String, body: &Value) -> String {
    let places: Vec<String> = body
        .get("details")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|detail| detail.get("loc").and_then(Value::as_array))
        .map(|loc| loc.iter().map(place).collect::<Vec<_>>().join("."))
        .collect();
    match places.is_empty() {
        true => message,
        false => format!("{message} ({})", places.join(", ")),
    }
}

/// `loc` mixes names and positions.
fn place(step: &Value) -> String {
    step.as_str().map_or_else(|| step.to_string(), word)
}

fn shortened(message: &str) -> String {
    message.chars().filter(|letter| !letter.is_control()).take(LONGEST_MESSAGE).collect()
}

/// The outcome or error of an answer whose status is not 2xx.
pub(super) fn outcome(operation: &Operation, response: &Response) -> Result<Outcome, ProviderError> {
    let said = Said::read(&response.body);
    match response.status {
        429 => Err(ProviderError::RateLimited { retry_after: bearer::retry_after(response) }),
        400..=499 if response.status != 408 => refused(operation, response.status, said),
        status => Err(uncertain(status, &said)),
    }
}

fn refused(operation: &Operation, status: u16, said: Said) -> Result<Outcome, ProviderError> {
    let code = said.code.as_str();
    if declines(operation).contains(&code) {
        return Ok(Outcome::Declined { code: said.code, message: said.message });
    }
    if is_absence(operation) && status == 404 && ABSENT.contains(&code) {
        return Ok(Outcome::NotFound);
    }
    // Too late to close it: complete or expired. Which one, only asking tells.
    if let (Operation::Cancel(cancel), 409) = (operation, status) {
        return Ok(Outcome::pending(cancel.provider_ref.clone(), None));
    }
    if matches!(status, 401 | 403 | 405 | 407) || CONTRACT.contains(&code) {
        return Err(ProviderError::misconfigured(describe(status, &said)));
    }
    Err(uncertain(status, &said))
}

/// The refusals that the operation's documentation lists: nothing moved.
fn declines(operation: &Operation) -> &'static [&'static str] {
    match operation {
        Operation::Collect(_) => SESSION_DECLINES,
        Operation::Disburse(_) => PAYOUT_DECLINES,
        Operation::Refund(_) => REFUND_DECLINES,
        Operation::Reverse(_) => REVERSAL_DECLINES,
        _ => &[],
    }
}

/// Whether "there is none" is an answer to the operation. A payout that is gone does not tell about its reversal.
fn is_absence(operation: &Operation) -> bool {
    match operation {
        Operation::Cancel(_) => true,
        Operation::Inquire(inquire) => {
            matches!(inquire.kind, MovementKind::Collection | MovementKind::Disbursement)
        }
        _ => false,
    }
}

/// Refund, reversal and expiry answer 200 without a body. A page from somebody in between has one.
pub(super) fn empty(response: &Response) -> Result<(), ProviderError> {
    let body = response.body.trim_ascii();
    match response.status == 200 && (body.is_empty() || body == b"{}") {
        true => Ok(()),
        false => Err(ProviderError::uncertain(format!(
            "status {} with {} bytes where an empty 200 was due",
            response.status,
            body.len()
        ))),
    }
}

fn uncertain(status: u16, said: &Said) -> ProviderError {
    ProviderError::uncertain(describe(status, said))
}

fn describe(status: u16, said: &Said) -> String {
    match said.code.is_empty() {
        true => format!("status {status} without a readable code"),
        false => format!("status {status} with code {}", said.code),
    }
}
