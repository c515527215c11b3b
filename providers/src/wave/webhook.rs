//! Wave's webhooks: verified over raw bytes, read later.
//!
//! Events announce collections and direct payments; expiry, refunds and payouts are announced by
//! nobody. They may come twice, late, or in any order, so each is judged by its own fields.
//! Source: docs.wave.com/webhook, read 2026-11.

use chrono::{DateTime, Utc};
use domain::{Money, Reference};
use http::{HeaderMap, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::amount;
use super::checkout::Session;
use super::config::{SIGNATURE, WebhookAuth};
use super::signature::SCHEME;
use super::terms::{self, Terms};
use crate::signed;
use crate::{Callback, Outcome, ProviderRef, Trust, Unauthentic, Unreadable, Verified};

#[derive(Deserialize)]
struct Envelope {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    data: Value,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

/// A signature decides where there is one; the bearer strategy is never a second chance for a bad signature.
pub(super) fn verify(
    auth: &WebhookAuth,
    headers: &HeaderMap,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<Verified, Unauthentic> {
    let trust = match signed::single(headers, SIGNATURE)? {
        Some(signature) => SCHEME
            .check(&auth.signing, signature, body, now)
            .map(|()| Trust::Proven)
            .map_err(|reason| Unauthentic { reason })?,
        None => shared_secret(&auth.shared, headers).map(|()| Trust::Hint)?,
    };
    Ok(Verified { event_key: event_key(body), trust })
}

/// Digests are compared, so that neither content nor length shows in the time it takes.
fn shared_secret(secrets: &[SecretString], headers: &HeaderMap) -> Result<(), Unauthentic> {
    let given = signed::single(headers, header::AUTHORIZATION)?
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or(Unauthentic { reason: "no signature and no bearer secret" })?;
    let given = Sha256::digest(given.as_bytes());
    let mut matched = Choice::from(0);
    for secret in secrets {
        matched |= Sha256::digest(secret.expose_secret().as_bytes()).as_slice().ct_eq(given.as_slice());
    }
    match bool::from(matched) {
        true => Ok(()),
        false => Err(Unauthentic { reason: "the bearer secret is not ours" }),
    }
}

/// The envelope's id. What is authentic but has none is kept too, under a digest of its bytes.
fn event_key(body: &[u8]) -> String {
    match serde_json::from_slice::<Named>(body) {
        Ok(named) if terms::is_plausible(&named.id) => named.id,
        _ => format!("sha256:{}", hex::encode(Sha256::digest(body))),
    }
}

/// Reads an event. Unknown types and fields are no error: such a callback changes nothing.
pub(super) fn translate(body: &[u8], trust: Trust) -> Result<Callback, Unreadable> {
    let event: Envelope = serde_json::from_slice(body).map_err(|error| Unreadable {
        reason: format!("not an event: {:?} at column {}", error.classify(), error.column()),
    })?;
    let is_checkout = event.kind.starts_with("checkout.session.");
    // A direct payment's reference is whatever its payer typed, so it never names a movement of ours.
    let reference = text(&event.data, "client_reference").filter(|_| is_checkout);
    Ok(Callback {
        reference: reference.and_then(|text| text.parse().ok()),
        provider_ref: text(&event.data, "id").and_then(|id| terms::provider_ref(id).ok()),
        outcome: outcome(&event, trust),
        amount: money(&event.data),
        event_id: event.id,
        kind: event.kind,
        trust,
        news: None,
    })
}

/// What the event proves; nothing where it is not signed, not about a collection, or contradicts itself.
fn outcome(event: &Envelope, trust: Trust) -> Option<Outcome> {
    if trust != Trust::Proven {
        return None;
    }
    match event.kind.as_str() {
        "checkout.session.completed" => paid(&event.data),
        "checkout.session.payment_failed" => Some(Outcome::Pending {
            provider_ref: session_id(event),
            next: None,
            executing: false,
            mandate: None,
        }),
        _ => None,
    }
}

fn session_id(event: &Envelope) -> Option<ProviderRef> {
    text(&event.data, "id").and_then(|id| terms::provider_ref(id).ok())
}

/// A session that says of itself that it is paid. Whether it is ours, and for our amount, its reader checks.
fn paid(data: &Value) -> Option<Outcome> {
    let session: Session = serde_json::from_value(data.clone()).ok()?;
    let reference: Reference = session.client_reference.as_deref()?.parse().ok()?;
    let terms = Terms::of(reference, money(data)?);
    session.outcome(&terms).ok().filter(|_| session.is_paid())
}

fn money(data: &Value) -> Option<Money> {
    amount::parse_with_code(text(data, "amount")?, text(data, "currency")?).ok()
}

fn text<'d>(data: &'d Value, key: &str) -> Option<&'d str> {
    data.get(key).and_then(Value::as_str)
}
