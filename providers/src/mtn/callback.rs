//! Callbacks prove nothing: no signature, no secret. They make us ask.
//!
//! The door's path names the movement; what is read here is for people who look at what came. Source: portal page on
//! callbacks, read 2026-11: `POST` by version 1, `PUT` by version 2, once or many times or never.

use domain::Reference;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::terms::word;
use crate::{Callback, Trust, Unreadable, Verified};

/// Everything is taken as a hint under its digest: a body has no id of its own.
pub(super) fn verify(body: &[u8]) -> Verified {
    Verified { event_key: digest(body), trust: Trust::Hint }
}

fn digest(body: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(body)))
}

/// Reads which movement is meant, where the body says it. Whatever else it says is not read.
pub(super) fn translate(body: &[u8]) -> Result<Callback, Unreadable> {
    let fields: Value = serde_json::from_slice(body).map_err(|error| Unreadable {
        reason: format!("not json: {:?} at column {}", error.classify(), error.column()),
    })?;
    let text = |key: &str| fields.get(key).and_then(Value::as_str);
    let reference = text("externalId").and_then(|id| id.parse::<Reference>().ok());
    Ok(Callback {
        event_id: digest(body),
        kind: text("status").map_or_else(|| "callback".to_owned(), word),
        reference,
        provider_ref: None,
        outcome: None,
        trust: Trust::Hint,
        amount: None,
        news: None,
    })
}
