//! Stripe's webhooks: verified over raw bytes, read later.
//!
//! An event is a snapshot of an object at its time, in the version of the endpoint, not of our
//! requests; events come twice, late and in any order. So each is judged by its own fields: one that
//! agrees with its own name proves what it says, any other is a reason to ask.
//! Source: docs.stripe.com/webhooks and /api/events/types, read 2026-11.

use chrono::{DateTime, Utc};
use domain::Reference;
use http::{HeaderMap, HeaderName};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::signature::SCHEME;
use super::{event, terms};
use crate::{Callback, ProviderRef, Trust, Unauthentic, Unreadable, Verified};

pub(super) const SIGNATURE: HeaderName = HeaderName::from_static("stripe-signature");

/// Longest event id that is kept as a key.
const LONGEST_KEY: usize = 128;

/// What surrounds every event. `api_version` is not compared: what we read has to be in any version.
#[derive(Deserialize)]
pub(super) struct Envelope {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub created: Option<i64>,
    #[serde(default)]
    pub data: Data,
    /// Set on events of accounts that are connected to ours; none of them is about us.
    #[serde(default)]
    pub account: Option<Value>,
}

impl Envelope {
    /// Reads what surrounds an event of any kind.
    pub fn read(body: &[u8]) -> Result<Envelope, Unreadable> {
        serde_json::from_slice(body).map_err(|error| Unreadable {
            reason: format!("not an event: {:?} at column {}", error.classify(), error.column()),
        })
    }
}

#[derive(Deserialize, Default)]
pub(super) struct Data {
    #[serde(default)]
    pub object: Value,
    #[serde(default)]
    pub previous_attributes: Value,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

/// Every event is signed; there is no other proof and no second chance.
pub(super) fn verify(
    secrets: &[SecretString],
    headers: &HeaderMap,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<Verified, Unauthentic> {
    let signature = single(headers)?;
    SCHEME.check(secrets, signature, body, now).map_err(|reason| Unauthentic { reason })?;
    Ok(Verified { event_key: event_key(body), trust: Trust::Proven })
}

/// The one signature header; two would let somebody in between choose which is checked.
fn single(headers: &HeaderMap) -> Result<&str, Unauthentic> {
    let mut values = headers.get_all(SIGNATURE).iter();
    match (values.next(), values.next()) {
        (None, _) => Err(Unauthentic { reason: "there is no signature" }),
        (Some(value), None) => {
            value.to_str().map_err(|_| Unauthentic { reason: "a header is not plain text" })
        }
        (Some(_), Some(_)) => Err(Unauthentic { reason: "a header comes twice" }),
    }
}

/// The envelope's id. What is authentic but has none is kept too, under a digest of its bytes.
fn event_key(body: &[u8]) -> String {
    match serde_json::from_slice::<Named>(body) {
        Ok(named) if terms::is_plausible(&named.id) && named.id.len() <= LONGEST_KEY => named.id,
        _ => format!("sha256:{}", hex::encode(Sha256::digest(body))),
    }
}

/// Reads an event. Unknown types and fields are no error: such a callback changes nothing.
pub(super) fn translate(body: &[u8], trust: Trust) -> Result<Callback, Unreadable> {
    let event = Envelope::read(body)?;
    let is_ours = event.account.is_none();
    let is_proven = trust == Trust::Proven && is_ours;
    let (reference, provider_ref) = if is_ours { movement_of(&event) } else { (None, None) };
    Ok(Callback {
        reference,
        provider_ref,
        outcome: event::outcome(&event).filter(|_| is_proven),
        amount: event::amount(&event),
        news: event::news(&event).filter(|_| is_proven),
        event_id: event.id,
        kind: event.kind,
        trust,
    })
}

/// Which movement the event is about. A dispute carries nothing of ours but the intent that it takes back.
fn movement_of(event: &Envelope) -> (Option<Reference>, Option<ProviderRef>) {
    let object = &event.data.object;
    let family = event.kind.split('.').next().unwrap_or_default();
    let reference = || terms::reference_in(&object["metadata"]);
    let intent = || terms::id_of(&object["payment_intent"]);
    match (family, event.kind.as_str()) {
        ("charge", kind) if kind.starts_with("charge.dispute.") => {
            (None, intent().or_else(|| terms::id_of(&object["charge"])))
        }
        ("charge", kind) if kind.starts_with("charge.refund.") => (reference(), terms::id_of(object)),
        ("charge", _) => (reference(), intent()),
        ("payment_intent" | "refund" | "payout", _) => (reference(), terms::id_of(object)),
        ("customer_cash_balance_transaction", _) => {
            (None, terms::id_of(&object["applied_to_payment"]["payment_intent"]))
        }
        _ => (None, None),
    }
}
