//! Payouts to our own bank account. One that is `paid` can still fail within five business days.
//!
//! Source: docs.stripe.com/api/payouts and /payouts, read 2026-11.

use chrono::{DateTime, Utc};
use domain::movement::MovementKind;
use serde::Deserialize;
use serde_json::Value;

use super::terms::{self, Terms, lenient};
use crate::{Outcome, ProviderError, Response};

/// A payout, as far as we read it.
#[derive(Deserialize)]
pub(super) struct Payout {
    id: String,
    amount: i64,
    currency: String,
    pub status: String,
    #[serde(default)]
    pub metadata: Value,
    #[serde(default, deserialize_with = "lenient")]
    arrival_date: Option<i64>,
    #[serde(default, deserialize_with = "lenient")]
    failure_code: Option<String>,
}

impl Payout {
    pub fn outcome(&self, terms: &Terms) -> Result<Outcome, ProviderError> {
        terms.check(self.amount, &self.currency, &self.metadata)?;
        let provider_ref = terms::provider_ref(&self.id)?;
        match self.status.as_str() {
            "pending" | "in_transit" => Ok(Outcome::Pending {
                provider_ref: Some(provider_ref),
                next: None,
                executing: true,
                mandate: None,
            }),
            "paid" => Ok(Outcome::Succeeded {
                provider_ref,
                amount: terms.amount,
                fee: None,
                at: self.arrival(),
                transaction: None,
                mandate: None,
            }),
            "failed" => Ok(Outcome::Declined { code: self.code(), message: String::new() }),
            "canceled" => Ok(Outcome::Declined { code: "canceled".to_owned(), message: String::new() }),
            other => Err(ProviderError::uncertain(format!("unknown payout status {}", terms::word(other)))),
        }
    }

    /// The day on which our bank has it.
    fn arrival(&self) -> Option<DateTime<Utc>> {
        terms::instant(self.arrival_date)
    }

    /// Why it failed, in Stripe's word.
    pub fn code(&self) -> String {
        self.failure_code.clone().filter(|code| !code.is_empty()).unwrap_or_else(|| "failed".to_owned())
    }

    /// What the event's reader compares with, when it has nothing but the event.
    pub fn terms(&self) -> Option<Terms> {
        let reference = terms::reference_in(&self.metadata)?;
        let amount = terms::money(self.amount, &self.currency).ok()?;
        Some(Terms::of(reference, MovementKind::Treasury, amount))
    }
}

/// Reads a payout as an answer or a list holds it.
pub(super) fn of(object: &Value, terms: &Terms) -> Result<Outcome, ProviderError> {
    let payout: Payout = serde_json::from_value(object.clone())
        .map_err(|error| ProviderError::uncertain(format!("unreadable payout: {:?}", error.classify())))?;
    payout.outcome(terms)
}

/// Reads an answer that holds one payout.
pub(super) fn one(response: &Response, terms: &Terms) -> Result<Outcome, ProviderError> {
    of(&response.json()?, terms)
}
