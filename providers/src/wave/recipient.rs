//! What Wave knows of a payee before they are paid. Source: docs.wave.com/payout, read 2026-11.
//!
//! The answer has no word for "no such wallet": a name that is not known may belong to nobody. So a
//! payee counts as registered once their name was compared, and as unknown otherwise, never as absent.

use serde::Deserialize;
use serde_json::Value;

use crate::{NameMatch, Outcome, ProviderError, Recipient, Response};

/// Read loosely: a field that is absent, null or of another type says nothing.
#[derive(Deserialize)]
struct Verified {
    within_limits: Option<Value>,
    name_match: Option<Value>,
}

/// Reads the answer to a recipient check.
///
/// Errors: [`ProviderError::Uncertain`] for what is not an object.
pub(super) fn verified(response: &Response) -> Result<Outcome, ProviderError> {
    let said: Verified = response.json()?;
    let name = match said.name_match.as_ref().and_then(Value::as_str) {
        Some("MATCH") => NameMatch::Full,
        Some("NO_MATCH") => NameMatch::None,
        _ => NameMatch::Unknown,
    };
    Ok(Outcome::Recipient(Recipient {
        name,
        within_limits: said.within_limits.as_ref().and_then(Value::as_bool),
        registered: (name != NameMatch::Unknown).then_some(true),
    }))
}
