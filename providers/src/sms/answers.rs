//! What Orange's answers to messages mean.
//!
//! Source: as for the sender; several error envelopes are in use, and the status decides first.

use serde_json::Value;

use super::{SmsError, SmsReceipt};
use crate::Response;
use crate::orange::said::Said;

/// The number or the text is at fault: input, address, length.
const REFUSALS: &[&str] = &["SVC0002", "SVC0003", "SVC0004", "SVC0280"];

/// 201 with a `resourceURL` is the documented success.
pub(super) fn accepted(response: &Response) -> Result<SmsReceipt, SmsError> {
    match response.status {
        201 => receipt(response),
        401 | 403 | 404 | 406 => Err(misconfigured(response, "send")),
        429 => Err(SmsError::NotSent { reason: "too many requests".to_owned() }),
        400 => Err(refused(response)),
        status => Err(SmsError::Uncertain { reason: format!("status {status}") }),
    }
}

fn receipt(response: &Response) -> Result<SmsReceipt, SmsError> {
    let body: Value = response.json().map_err(|error| SmsError::Uncertain { reason: error.to_string() })?;
    let url = body.pointer("/outboundSMSMessageRequest/resourceURL").and_then(Value::as_str);
    let id = url.and_then(|url| url.rsplit('/').next()).filter(|id| !id.is_empty());
    match id {
        Some(id) => Ok(SmsReceipt { id: Some(id.chars().take(64).collect()) }),
        None => Err(SmsError::Uncertain { reason: "status 201 without a message id".to_owned() }),
    }
}

fn refused(response: &Response) -> SmsError {
    let code = Said::read(response).code;
    match REFUSALS.contains(&code.as_str()) {
        true => SmsError::Refused { code },
        false => SmsError::Uncertain { reason: format!("status 400 with code {code:?}") },
    }
}

/// Credentials (codes 40 to 42), subscription, an empty bundle (`POL…`), or a wrong country path (60).
fn misconfigured(response: &Response, step: &str) -> SmsError {
    SmsError::Misconfigured { reason: format!("{step}: {}", Said::read(response).describe(response.status)) }
}
