//! What a successful answer says: that a request was taken, or how a movement stands.
//!
//! Source: portal pages on request to pay, transfer and refund, read 2026-11. A failed payment is a 200 like any other.

use domain::movement::MovementKind;
use domain::{Currency, Reference};
use serde::Deserialize;
use serde_json::Value;

use super::refusal;
use super::terms::{Terms, Text, word};
use crate::{Inquire, NextAction, Outcome, ProviderError, ProviderRef, Response};

/// A movement, as far as we read it. Who pays or is paid is fixed by the reference, and not read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Standing {
    status: String,
    amount: Option<Text>,
    currency: Option<String>,
    external_id: Option<Text>,
    financial_transaction_id: Option<Text>,
    reason: Option<Value>,
}

/// Reads the answer to a creation: 202 without a body. A page from somebody in between is no answer.
pub(super) fn created(
    response: &Response,
    reference: Reference,
    kind: MovementKind,
) -> Result<Outcome, ProviderError> {
    let body = response.body.trim_ascii();
    match response.status == 202 && (body.is_empty() || body == b"{}") {
        true => Ok(pending(reference, kind)),
        false => Err(ProviderError::uncertain(format!(
            "status {} with {} bytes where an empty 202 was due",
            response.status,
            body.len()
        ))),
    }
}

/// MTN has it. The payer has about five minutes; since when, no answer tells, so no end is named.
pub(super) fn pending(reference: Reference, kind: MovementKind) -> Outcome {
    let ask = (kind == MovementKind::Collection).then_some(NextAction::ApproveOnPhone { expires_at: None });
    Outcome::pending(name(reference), ask)
}

/// MTN calls a movement as we do.
fn name(reference: Reference) -> ProviderRef {
    ProviderRef(reference.to_string())
}

/// Reads the status of a movement. A word that we do not know is not final.
pub(super) fn standing(
    response: &Response,
    inquire: &Inquire,
    wire_currency: Currency,
) -> Result<Outcome, ProviderError> {
    let found: Standing = response.json()?;
    let terms = Terms { reference: inquire.reference, amount: inquire.amount, wire_currency };
    terms.check(found.amount.as_ref(), found.currency.as_deref(), found.external_id.as_ref())?;
    match found.status.as_str() {
        "SUCCESSFUL" => Ok(Outcome::Succeeded {
            provider_ref: name(inquire.reference),
            amount: inquire.amount,
            fee: None,
            at: None,
            transaction: found.financial_transaction_id.map(|id| word(&id.0)).filter(|id| !id.is_empty()),
            mandate: None,
        }),
        "FAILED" | "REJECTED" | "TIMEOUT" | "EXPIRED" => Ok(failed(&found)),
        _ => Ok(pending(inquire.reference, inquire.kind)),
    }
}

/// The reason is a word, or an object with a code and a message; without one, the status is.
fn failed(found: &Standing) -> Outcome {
    let text = |key: &str| found.reason.as_ref().and_then(|reason| reason.get(key)).and_then(Value::as_str);
    let code = found.reason.as_ref().and_then(Value::as_str).or_else(|| text("code"));
    let code = code.filter(|code| !code.is_empty()).unwrap_or(&found.status);
    Outcome::Declined { code: word(code), message: refusal::shortened(text("message").unwrap_or_default()) }
}
