//! Refunds. They take days; one that succeeded can still fail, when the payer's bank sends it back.
//!
//! Source: docs.stripe.com/api/refunds and /refunds, read 2026-11.

use domain::movement::MovementKind;
use serde::Deserialize;
use serde_json::Value;

use super::terms::{self, Terms, lenient};
use crate::{Outcome, ProviderError, ProviderRef, Response};

/// A refund, as far as we read it.
#[derive(Deserialize)]
pub(super) struct Given {
    id: String,
    amount: i64,
    currency: String,
    pub status: Option<String>,
    #[serde(default)]
    payment_intent: Value,
    #[serde(default)]
    pub metadata: Value,
    #[serde(default, deserialize_with = "lenient")]
    failure_reason: Option<String>,
}

impl Given {
    /// How the refund stands; `original`, where the caller knows it, is the intent that is given back.
    pub fn outcome(&self, terms: &Terms, original: Option<&ProviderRef>) -> Result<Outcome, ProviderError> {
        terms.check(self.amount, &self.currency, &self.metadata)?;
        let named = terms::id_of(&self.payment_intent);
        if original.is_some() && named.is_some() && named.as_ref() != original {
            return Err(ProviderError::uncertain("the refund gives another intent back"));
        }
        let provider_ref = terms::provider_ref(&self.id)?;
        match self.status.as_deref().unwrap_or_default() {
            word @ ("pending" | "requires_action") => Ok(Outcome::Pending {
                provider_ref: Some(provider_ref),
                next: None,
                executing: word == "pending",
                mandate: None,
            }),
            "succeeded" => Ok(Outcome::Succeeded {
                provider_ref,
                amount: terms.amount,
                fee: None,
                at: None,
                transaction: None,
                mandate: None,
            }),
            "failed" => Ok(declined(self.code())),
            "canceled" => Ok(declined("canceled".to_owned())),
            other => Err(ProviderError::uncertain(format!("unknown refund status {}", terms::word(other)))),
        }
    }

    /// Why it failed, in Stripe's word.
    pub fn code(&self) -> String {
        self.failure_reason.clone().filter(|code| !code.is_empty()).unwrap_or_else(|| "failed".to_owned())
    }

    /// What the event's reader compares with, when it has nothing but the event.
    pub fn terms(&self) -> Option<Terms> {
        let reference = terms::reference_in(&self.metadata)?;
        let amount = terms::money(self.amount, &self.currency).ok()?;
        Some(Terms::of(reference, MovementKind::Refund, amount))
    }
}

fn declined(code: String) -> Outcome {
    Outcome::Declined { code, message: String::new() }
}

/// Reads a refund as an answer or a list holds it.
pub(super) fn of(
    object: &Value,
    terms: &Terms,
    original: Option<&ProviderRef>,
) -> Result<Outcome, ProviderError> {
    let given: Given = serde_json::from_value(object.clone())
        .map_err(|error| ProviderError::uncertain(format!("unreadable refund: {:?}", error.classify())))?;
    given.outcome(terms, original)
}

/// Reads an answer that holds one refund.
pub(super) fn one(
    response: &Response,
    terms: &Terms,
    original: Option<&ProviderRef>,
) -> Result<Outcome, ProviderError> {
    of(&response.json()?, terms, original)
}
