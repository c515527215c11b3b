//! Sonatel's notifications: who sends them is checked, what they say is asked about.
//!
//! Whatever the headers prove, the transaction is read again before anything is credited, so every one
//! is a hint. They come at least once; a 4xx of ours ends them for good, so that is for forgeries alone.

use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::config::{SonatelProof, SonatelWebhooks};
use super::search;
use crate::orange::terms::{self, word};
use crate::signed::{self, Scheme};
use crate::{Callback, Trust, Unauthentic, Unreadable, Verified};

const SIGNATURE: HeaderName = HeaderName::from_static("x-sonatel-signature");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("x-sonatel-idempotency-key");
/// Longest key of an event that is kept as it is.
const LONGEST_KEY: usize = 100;

/// A comma stands between time and body. Five minutes back, half a minute ahead.
pub(super) const SCHEME: Scheme = Scheme { separator: ",", past_s: 300, future_s: 30 };

pub(super) fn verify(
    webhooks: &SonatelWebhooks,
    headers: &HeaderMap,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<Verified, Unauthentic> {
    if webhooks.proof != SonatelProof::Key {
        let signature = signed::single(headers, SIGNATURE)?;
        let signature = signature.ok_or(Unauthentic { reason: "no signature" })?;
        SCHEME.check(&webhooks.signing, signature, body, now).map_err(|reason| Unauthentic { reason })?;
    }
    if webhooks.proof != SonatelProof::Signature {
        check_key(&webhooks.keys, headers)?;
    }
    Ok(Verified { event_key: event_key(headers, body)?, trust: Trust::Hint })
}

/// The key stands after `Basic ` as it is. Digests are compared, so that neither content nor length shows in time.
fn check_key(keys: &[SecretString], headers: &HeaderMap) -> Result<(), Unauthentic> {
    let given = signed::single(headers, header::AUTHORIZATION)?
        .and_then(|value| value.strip_prefix("Basic "))
        .ok_or(Unauthentic { reason: "no key" })?;
    let given = Sha256::digest(given.as_bytes());
    let mut matched = Choice::from(0);
    for key in keys {
        matched |= Sha256::digest(key.expose_secret().as_bytes()).as_slice().ct_eq(given.as_slice());
    }
    match bool::from(matched) {
        true => Ok(()),
        false => Err(Unauthentic { reason: "the key is not ours" }),
    }
}

/// Redeliveries share a key; what has none is kept under a digest of its bytes.
fn event_key(headers: &HeaderMap, body: &[u8]) -> Result<String, Unauthentic> {
    let given = signed::single(headers, IDEMPOTENCY_KEY)?;
    let fits = |key: &&str| key.len() <= LONGEST_KEY && terms::is_plausible(key);
    Ok(match given.filter(fits) {
        Some(key) => key.to_owned(),
        None => format!("sha256:{}", hex::encode(Sha256::digest(body))),
    })
}

/// The fields stand at the top, or under `transaction`.
pub(super) fn translate(body: &[u8]) -> Result<Callback, Unreadable> {
    let said: Value = serde_json::from_slice(body).map_err(|error| Unreadable {
        reason: format!("not a notification: {:?} at column {}", error.classify(), error.column()),
    })?;
    let field = |key: &str| said.get(key).or_else(|| said.get("transaction")?.get(key));
    let text = |key: &str| field(key).and_then(Value::as_str);
    let id = text("transactionId").filter(|id| terms::is_plausible(id));
    Ok(Callback {
        event_id: id.unwrap_or_default().to_owned(),
        kind: text("type").map(word).unwrap_or_default(),
        reference: text("reference").and_then(|reference| reference.parse().ok()),
        provider_ref: id.map(|id| crate::ProviderRef(id.to_owned())),
        outcome: None,
        trust: Trust::Hint,
        amount: field("amount").and_then(search::money),
        news: None,
    })
}
