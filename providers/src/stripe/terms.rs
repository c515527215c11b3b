//! What an answer must agree with before it counts, and how Stripe's words are read.
//!
//! Amounts are integers of minor units, currencies lower-case codes, instants seconds since 1970.
//! Source: docs.stripe.com/api and /currencies, read 2026-11.

use chrono::{DateTime, Utc};
use domain::movement::MovementKind;
use domain::{Currency, Money, Reference};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer};
use serde_json::Value;

use crate::{ProviderError, ProviderRef};

/// The key under which our reference is on everything that we make at Stripe.
pub(super) const MOVEMENT_REFERENCE: &str = "movement_reference";
/// The key under which the kind of the movement is.
pub(super) const MOVEMENT_KIND: &str = "movement_kind";

/// Ids are opaque and may be that long. Source: docs.stripe.com/upgrades.
const LONGEST_ID: usize = 255;

/// What we asked for.
#[derive(Clone, Copy)]
pub(super) struct Terms {
    pub reference: Reference,
    pub kind: MovementKind,
    pub amount: Money,
}

impl Terms {
    pub fn of(reference: Reference, kind: MovementKind, amount: Money) -> Terms {
        Terms { reference, kind, amount }
    }

    /// Whether amount, currency and metadata are ours.
    pub fn check(&self, amount: i64, currency: &str, metadata: &Value) -> Result<(), ProviderError> {
        same_amount(money(amount, currency)?, self.amount)?;
        check_metadata(metadata, self.reference, self.kind)
    }
}

/// Whether the metadata name this movement. What carries no reference was not made by us.
pub(super) fn check_metadata(
    metadata: &Value,
    reference: Reference,
    kind: MovementKind,
) -> Result<(), ProviderError> {
    match (reference_in(metadata), text(metadata, MOVEMENT_KIND)) {
        (Some(given), _) if given != reference => Err(ProviderError::uncertain("reference differs")),
        (Some(_), Some(word)) if word != kind.as_str() => {
            Err(ProviderError::uncertain(format!("the answer is about a {}", self::word(word))))
        }
        (Some(_), _) => Ok(()),
        (None, _) => Err(ProviderError::uncertain("reference is missing")),
    }
}

/// Our reference in the metadata of an object.
pub(super) fn reference_in(metadata: &Value) -> Option<Reference> {
    text(metadata, MOVEMENT_REFERENCE)?.parse().ok()
}

/// Errors: the amounts differ; neither is a person's secret, both are needed to investigate.
pub(super) fn same_amount(given: Money, asked: Money) -> Result<(), ProviderError> {
    match given == asked {
        true => Ok(()),
        false => Err(ProviderError::uncertain(format!("amount differs: asked {asked}, answered {given}"))),
    }
}

/// An amount in minor units with a code such as `eur`.
pub(super) fn money(minor: i64, code: &str) -> Result<Money, ProviderError> {
    let currency = Currency::parse(&code.to_ascii_uppercase())
        .map_err(|error| ProviderError::uncertain(error.to_string()))?;
    Ok(Money::new(minor, currency))
}

/// An id from an answer, able to be one segment of a path as it is.
pub(super) fn provider_ref(id: &str) -> Result<ProviderRef, ProviderError> {
    match is_plausible(id) {
        true => Ok(ProviderRef(id.to_owned())),
        false => Err(ProviderError::uncertain("the answer's id is not an id")),
    }
}

/// Letters, digits, `_` and `-`: what every id of Stripe's is made of, and nothing that a path would need escaped.
pub(super) fn is_plausible(id: &str) -> bool {
    (1..=LONGEST_ID).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        && id.bytes().any(|byte| byte.is_ascii_alphanumeric())
}

/// The id of a field that holds either an id or, expanded, the object itself.
pub(super) fn id_of(field: &Value) -> Option<ProviderRef> {
    let id = field.as_str().or_else(|| text(field, "id"))?;
    provider_ref(id).ok()
}

/// Seconds since 1970; what is no instant is left out.
pub(super) fn instant(seconds: Option<i64>) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(seconds?, 0)
}

/// The text of a field.
pub(super) fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str)
}

/// A foreign word made fit for a log line: at most 48 characters, printable ASCII.
pub(super) fn word(text: &str) -> String {
    text.chars().take(48).map(|letter| if letter.is_ascii_graphic() { letter } else { '?' }).collect()
}

/// Reads a part on which no decision depends: what cannot be read is as good as absent.
pub(super) fn lenient<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).ok())
}
