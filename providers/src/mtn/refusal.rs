//! What an answer other than 2xx means.
//!
//! Two speak: the gateway (`{"statusCode", "message"}`) about keys, permissions and pace, and the wallet platform
//! (`{"code", "message"}`) about the movement, refusing even by 500. A firewall may answer a page instead of either.
//! Source: portal pages on common errors, and what others measured, read 2026-11.

use domain::movement::MovementKind;
use serde_json::Value;

use super::status::pending;
use super::terms::word;
use crate::{Operation, Outcome, ProviderError, Response, bearer};

/// Longest text of a provider that is kept, in characters.
const LONGEST_MESSAGE: usize = 300;

/// The published reasons that refuse a request for what it asks. Those that say that MTN itself failed are not among
/// them, nor those that only a setting of ours can cause.
const REFUSALS: &[&str] = &[
    "PAYEE_NOT_FOUND",
    "PAYER_NOT_FOUND",
    "NOT_ALLOWED",
    "NOT_ENOUGH_FUNDS",
    "PAYER_LIMIT_REACHED",
    "PAYEE_NOT_ALLOWED_TO_RECEIVE",
    "PAYMENT_NOT_APPROVED",
    "APPROVAL_REJECTED",
    "EXPIRED",
    "TRANSACTION_CANCELED",
];

/// Nothing was created, and nothing will be until a person changes a setting, here or at MTN.
const OURS: &[&str] = &["NOT_ALLOWED_TARGET_ENVIRONMENT", "INVALID_CALLBACK_URL_HOST", "INVALID_CURRENCY"];

/// What an error body says; everything absent where it is none.
#[derive(Default)]
struct Said {
    code: String,
    message: String,
    is_gateway: bool,
    is_readable: bool,
}

impl Said {
    fn read(body: &[u8]) -> Said {
        let Ok(Value::Object(body)) = serde_json::from_slice(body) else { return Said::default() };
        let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
        Said {
            code: word(text("code")),
            message: shortened(text("message")),
            is_gateway: body.contains_key("statusCode"),
            is_readable: true,
        }
    }
}

/// The outcome or error of an answer whose status is not 2xx.
pub(super) fn outcome(operation: &Operation, response: &Response) -> Result<Outcome, ProviderError> {
    let said = Said::read(&response.body);
    let is_page = !said.is_readable && !response.body.trim_ascii().is_empty();
    match response.status {
        429 => Err(ProviderError::RateLimited { retry_after: bearer::retry_after(response) }),
        _ if is_page => Err(uncertain(response.status, &said)),
        401 | 403 | 405 | 407 | 411 | 413 | 415 => Err(misconfigured(response.status, &said)),
        400 | 404 | 409 | 500 => coded(operation, response.status, said),
        status => Err(uncertain(status, &said)),
    }
}

fn coded(operation: &Operation, status: u16, said: Said) -> Result<Outcome, ProviderError> {
    let creates = operation.kind().has_effect();
    match (status, said.code.as_str()) {
        (_, code) if OURS.contains(&code) => Err(misconfigured(status, &said)),
        (_, code) if creates && REFUSALS.contains(&code) => Ok(refused(said)),
        // What is to be refunded is not there.
        (404 | 500, "RESOURCE_NOT_FOUND") if matches!(operation, Operation::Refund(_)) => Ok(refused(said)),
        (404, "RESOURCE_NOT_FOUND") if matches!(operation, Operation::Inquire(_)) => Ok(Outcome::NotFound),
        (409, "RESOURCE_ALREADY_EXIST") => already_there(operation),
        // MTN names no code of a 400: a header, a letter or a currency that is not taken. Nothing was created.
        (400, _) => Err(misconfigured(status, &said)),
        (404, _) if said.is_gateway => Err(misconfigured(status, &said)),
        _ => Err(uncertain(status, &said)),
    }
}

/// A refusal by an error status counts only when asking confirms it.
fn refused(said: Said) -> Outcome {
    Outcome::RefusedUnlessFound { code: said.code, message: said.message }
}

/// Our reference was used before, by nobody but us: it was submitted.
fn already_there(operation: &Operation) -> Result<Outcome, ProviderError> {
    match operation {
        Operation::Collect(collect) => Ok(pending(collect.reference, MovementKind::Collection)),
        Operation::Disburse(disburse) => Ok(pending(disburse.reference, MovementKind::Disbursement)),
        Operation::Refund(refund) => Ok(pending(refund.reference, MovementKind::Refund)),
        _ => Err(ProviderError::uncertain("status 409 to a question")),
    }
}

/// Whether the gateway refuses the subscription key, which it names; a spent token it would not.
pub(super) fn refuses_subscription_key(response: &Response) -> bool {
    let said = Said::read(&response.body);
    said.is_gateway && said.message.to_ascii_lowercase().contains("subscription key")
}

pub(super) fn shortened(message: &str) -> String {
    message.chars().filter(|letter| !letter.is_control()).take(LONGEST_MESSAGE).collect()
}

fn uncertain(status: u16, said: &Said) -> ProviderError {
    ProviderError::uncertain(describe(status, said))
}

fn misconfigured(status: u16, said: &Said) -> ProviderError {
    ProviderError::misconfigured(describe(status, said))
}

fn describe(status: u16, said: &Said) -> String {
    match said.code.is_empty() {
        true if said.is_gateway => format!("status {status} by the gateway"),
        true => format!("status {status} without a readable code"),
        false => format!("status {status} with code {}", said.code),
    }
}
