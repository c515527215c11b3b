//! What Sonatel wants before a call: a token, and for a PIN the public key of the day.
//!
//! Tokens live 299 seconds in production. A key that was revoked is refused with code 4003 before
//! anything else is looked at; a wrong PIN is not, and counts.

use std::time::Duration;

use serde_json::Value;

use super::answers::{PIN_CODES, REVOKED_KEY};
use super::config::{Checked, Role};
use super::{pin, requests};
use crate::orange::oauth::{self, TOKEN};
use crate::orange::said::Said;
use crate::{Grant, Granter, Grants, Need, Operation, ProviderError, Request, Response};

/// The key that encrypts PINs.
pub(super) const KEY: Need = Need("public key");
/// How long a key is used. It may be revoked at any time, and is fetched anew then.
const KEY_LIVES: Duration = Duration::from_secs(3600);

impl Granter for Checked {
    fn needs(&self, operation: &Operation) -> &'static [Need] {
        match (&self.role, operation) {
            (Role::Retailer { .. }, Operation::Disburse(_) | Operation::Refund(_) | Operation::Balance) => {
                &[TOKEN, KEY]
            }
            _ => &[TOKEN],
        }
    }

    fn fetch(&self, need: Need, grants: &Grants) -> Request {
        if need == KEY {
            return requests::public_keys(self, grants);
        }
        requests::token(self)
    }

    fn granted(&self, need: Need, response: &Response) -> Result<Grant, ProviderError> {
        if need != KEY {
            return oauth::minted(response);
        }
        match response.status {
            200..=299 => key(response),
            401 | 403 | 404 | 415 => {
                Err(ProviderError::misconfigured(Said::read(response).describe(response.status)))
            }
            429 => Err(ProviderError::RateLimited { retry_after: None }),
            status => Err(ProviderError::uncertain(Said::read(response).describe(status))),
        }
    }

    fn refused(&self, operation: &Operation, response: &Response) -> Option<Need> {
        let code = Said::read(response).code;
        if response.is_success() || PIN_CODES.contains(&code.as_str()) {
            return None;
        }
        if code == REVOKED_KEY {
            return self.needs(operation).contains(&KEY).then_some(KEY);
        }
        oauth::is_refused(response).then_some(TOKEN)
    }

    /// A PIN that was wrong is wrong the next time too, and the third time blocks the account.
    fn spoilt(&self, _: &Operation, response: &Response) -> Option<Need> {
        let is_pin = PIN_CODES.contains(&Said::read(response).code.as_str());
        (is_pin && !response.is_success()).then_some(KEY)
    }
}

/// One object, or a list of which the first counts.
fn key(response: &Response) -> Result<Grant, ProviderError> {
    let body: Value = response.json()?;
    let first = body.as_array().map_or(Some(&body), |keys| keys.first());
    let key = first.and_then(|key| key.get("key")).and_then(Value::as_str).unwrap_or_default();
    match pin::is_key(key) {
        true => Ok(Grant { value: key.to_owned().into(), lives_for: Some(KEY_LIVES) }),
        false => Err(ProviderError::uncertain("the answer holds no public key")),
    }
}
