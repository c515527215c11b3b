//! What an answer must agree with before it counts, and how foreign words are read.

use chrono::{DateTime, Utc};
use domain::{Money, Reference};

use super::amount;
use crate::{ProviderError, ProviderRef};

/// The longest id that Wave is known to give, with room. Source: docs.wave.com/business.
const LONGEST_ID: usize = 64;

/// What we asked for.
pub(super) struct Terms {
    reference: Reference,
    pub amount: Money,
}

impl Terms {
    pub fn of(reference: Reference, amount: Money) -> Terms {
        Terms { reference, amount }
    }

    /// Whether amount and currency are ours.
    pub fn check_amount(&self, text: &str, code: &str) -> Result<(), ProviderError> {
        same_amount(amount::parse_with_code(text, code)?, self.amount)
    }

    /// Whether `client_reference` is ours. Wave enforces no uniqueness, so another's is never ours by chance.
    pub fn check_reference(&self, client_reference: Option<&str>) -> Result<(), ProviderError> {
        match client_reference.map(str::parse::<Reference>) {
            Some(Ok(given)) if given == self.reference => Ok(()),
            Some(_) => Err(ProviderError::uncertain("reference differs")),
            None => Err(ProviderError::uncertain("reference is missing")),
        }
    }
}

/// Errors: the amounts differ; neither is a person's secret, both are needed to investigate.
pub(super) fn same_amount(given: Money, asked: Money) -> Result<(), ProviderError> {
    match given == asked {
        true => Ok(()),
        false => Err(ProviderError::uncertain(format!("amount differs: asked {asked}, answered {given}"))),
    }
}

/// An id from an answer: printable, not long, able to be one segment of a path.
pub(super) fn provider_ref(id: &str) -> Result<ProviderRef, ProviderError> {
    match is_plausible(id) {
        true => Ok(ProviderRef(id.to_owned())),
        false => Err(ProviderError::uncertain("the answer's id is not an id")),
    }
}

pub(super) fn is_plausible(id: &str) -> bool {
    (1..=LONGEST_ID).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_graphic())
        && id.bytes().any(|byte| byte.is_ascii_alphanumeric())
}

/// Reads `YYYY-MM-DDThh:mm:ssZ`; what is not an instant is left out.
pub(super) fn instant(text: Option<&str>) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text?).ok().map(|at| at.to_utc())
}

/// A foreign word made fit for a log line: at most 48 characters, printable ASCII.
pub(super) fn word(text: &str) -> String {
    text.chars().take(48).map(|letter| if letter.is_ascii_graphic() { letter } else { '?' }).collect()
}
