//! What Orange's answers mean, for tokens and for messages.
//!
//! Source: as for the sender; three error envelopes are in use, and the status decides first.

use std::time::Duration;

use http::HeaderValue;
use serde::Deserialize;
use serde_json::Value;

use super::orange::sensitive;
use super::{SmsError, SmsReceipt};
use crate::Response;

/// The number or the text is at fault: input, address, length.
const REFUSALS: &[&str] = &["SVC0002", "SVC0003", "SVC0004", "SVC0280"];

#[derive(Deserialize)]
struct Minted {
    access_token: String,
    /// Seconds, as a string or a number; without it the token is used once.
    expires_in: Option<Value>,
}

/// The bearer header of a new token, and how long it lives where the answer tells.
pub(super) fn minted(response: &Response) -> Result<(HeaderValue, Option<Duration>), SmsError> {
    let not_sent = |reason: &str| SmsError::NotSent { reason: format!("no token: {reason}") };
    match response.status {
        200 | 201 => {}
        400 | 401 | 403 | 404 | 406 => return Err(misconfigured(response, "token")),
        status => return Err(not_sent(&format!("status {status}"))),
    }
    let minted: Minted = response.json().map_err(|_| not_sent("unreadable answer"))?;
    let bearer =
        sensitive(format!("Bearer {}", minted.access_token)).ok_or_else(|| not_sent("unusable token"))?;
    Ok((bearer, minted.expires_in.as_ref().and_then(lifetime)))
}

fn lifetime(expires_in: &Value) -> Option<Duration> {
    let seconds = expires_in.as_u64().or_else(|| expires_in.as_str()?.parse().ok())?;
    // Longer than any token of Orange ever lived is kept no longer than that: 90 days.
    Some(Duration::from_secs(seconds.min(90 * 24 * 3600)))
}

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
    let code = code(response);
    match REFUSALS.contains(&code.as_str()) {
        true => SmsError::Refused { code },
        false => SmsError::Uncertain { reason: format!("status 400 with code {code:?}") },
    }
}

/// Credentials (codes 40 to 42), subscription, an empty bundle (`POL…`), or a wrong country path (60).
fn misconfigured(response: &Response, step: &str) -> SmsError {
    SmsError::Misconfigured {
        reason: format!("{step}: status {} with code {:?}", response.status, code(response)),
    }
}

/// The code of any of the envelopes in use: `requestError`, the portal's integer, OAuth's `error`. May be empty.
fn code(response: &Response) -> String {
    let Ok(body) = serde_json::from_slice::<Value>(&response.body) else { return String::new() };
    let code = body
        .pointer("/requestError/serviceException/messageId")
        .or_else(|| body.pointer("/requestError/policyException/messageId"))
        .or_else(|| body.get("code"))
        .or_else(|| body.get("error"));
    let text =
        code.map_or_else(String::new, |code| code.as_str().map_or_else(|| code.to_string(), str::to_owned));
    text.chars().filter(char::is_ascii_graphic).take(48).collect()
}
