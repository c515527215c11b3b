//! PaymentIntents: how a collection stands, by transfer or by debit.
//!
//! A debit is `processing` for days; a transfer waits in `requires_action` until all of it came. An
//! intent whose debit failed falls back to `requires_payment_method` and names the error. What is
//! `succeeded` stays so: refunds and disputes happen to its charge.
//! Source: docs.stripe.com/payments/paymentintents/lifecycle and /payments/sepa-debit, read 2026-11.

use domain::Rail;
use serde::Deserialize;
use serde_json::Value;

use super::terms::{self, Terms, lenient};
use super::{charge, instructions, refusal};
use crate::{Outcome, ProviderError, ProviderRef, Response};

/// A PaymentIntent, as far as we read it.
#[derive(Deserialize)]
pub(super) struct Intent {
    id: String,
    amount: i64,
    #[serde(default)]
    amount_received: Option<i64>,
    currency: String,
    pub status: String,
    #[serde(default)]
    pub metadata: Value,
    #[serde(default)]
    payment_method: Value,
    #[serde(default, deserialize_with = "lenient")]
    payment_method_types: Option<Vec<String>>,
    #[serde(default)]
    latest_charge: Value,
    #[serde(default)]
    next_action: Value,
    #[serde(default)]
    last_payment_error: Value,
    #[serde(default, deserialize_with = "lenient")]
    cancellation_reason: Option<String>,
}

impl Intent {
    pub fn provider_ref(&self) -> Result<ProviderRef, ProviderError> {
        terms::provider_ref(&self.id)
    }

    /// How the intent stands, whoever asks; `terms` decide whether it is ours.
    pub fn outcome(&self, terms: &Terms) -> Result<Outcome, ProviderError> {
        terms.check(self.amount, &self.currency, &self.metadata)?;
        let provider_ref = self.provider_ref()?;
        match self.status.as_str() {
            "processing" => Ok(Outcome::Pending {
                provider_ref: Some(provider_ref),
                next: None,
                executing: true,
                mandate: charge::read(&self.latest_charge).mandate(&self.payment_method),
            }),
            "requires_action" | "requires_confirmation" => {
                Ok(Outcome::pending(provider_ref, instructions::next_action(&self.next_action, terms.amount)))
            }
            "succeeded" => self.succeeded(provider_ref, terms),
            "requires_payment_method" => self.refused(),
            "canceled" => Ok(self.closed()),
            other => Err(ProviderError::uncertain(format!("unknown intent status {}", terms::word(other)))),
        }
    }

    /// Whether the intent can still be paid by this rail: Stripe drops the methods that do not fit without a word.
    ///
    /// Errors: misconfigured while nothing can have been taken, uncertain once something may have been.
    pub fn check_offered(&self, rail: Rail) -> Result<(), ProviderError> {
        let Some(offered) = &self.payment_method_types else { return Ok(()) };
        let method = method(rail).unwrap_or_default();
        let is_over =
            self.status == "canceled" || (self.status == "requires_payment_method" && self.has_failed());
        if offered.iter().any(|offer| offer == method) || is_over {
            return Ok(());
        }
        let reason = format!("the intent does not offer {method:?}");
        match self.status.starts_with("requires_") {
            true => Err(ProviderError::misconfigured(reason)),
            false => Err(ProviderError::uncertain(reason)),
        }
    }

    fn has_failed(&self) -> bool {
        self.last_payment_error.is_object()
    }

    fn succeeded(&self, provider_ref: ProviderRef, terms: &Terms) -> Result<Outcome, ProviderError> {
        let received = self.amount_received.unwrap_or(self.amount);
        terms::same_amount(terms::money(received, &self.currency)?, terms.amount)?;
        let charge = charge::read(&self.latest_charge);
        Ok(Outcome::Succeeded {
            provider_ref,
            amount: terms.amount,
            fee: None,
            // When a transfer came, or a debit was begun: in both cases when the payer had done their part.
            at: terms::instant(charge.created),
            transaction: terms::id_of(&self.latest_charge).map(|id| id.0),
            mandate: charge.mandate(&self.payment_method),
        })
    }

    /// The bank's word is with the charge; the intent's own is more general.
    fn refused(&self) -> Result<Outcome, ProviderError> {
        if !self.has_failed() {
            return Err(ProviderError::uncertain("the intent needs a payment method and names no error"));
        }
        let said = refusal::Said::of(&self.last_payment_error);
        let charge = charge::read(&self.latest_charge);
        let code = charge.failure_code.filter(|code| !code.is_empty()).unwrap_or_else(|| said.word());
        let message = charge.failure_message.map_or(said.message, |text| refusal::shortened(&text));
        Ok(Outcome::Declined { code, message })
    }

    fn closed(&self) -> Outcome {
        match self.cancellation_reason.as_deref() {
            Some("expired" | "automatic") => Outcome::Expired,
            _ => Outcome::Cancelled,
        }
    }
}

/// Stripe's word for a rail.
pub(super) fn method(rail: Rail) -> Option<&'static str> {
    match rail {
        Rail::SepaTransfer => Some("customer_balance"),
        Rail::SepaDebit => Some("sepa_debit"),
        _ => None,
    }
}

/// Reads an intent that was asked for by `rail`.
pub(super) fn of(object: &Value, terms: &Terms, rail: Rail) -> Result<Outcome, ProviderError> {
    let intent: Intent = serde_json::from_value(object.clone())
        .map_err(|error| ProviderError::uncertain(format!("unreadable intent: {:?}", error.classify())))?;
    let outcome = intent.outcome(terms);
    intent.check_offered(rail).and(outcome)
}

/// Reads an answer that holds one intent.
pub(super) fn one(response: &Response, terms: &Terms, rail: Rail) -> Result<Outcome, ProviderError> {
    of(&response.json()?, terms, rail)
}

/// Reads what became of an intent that was to be closed. One that is not closed has to be asked about.
pub(super) fn cancelled(object: &Value, cancel: &crate::Cancel) -> Result<Outcome, ProviderError> {
    let intent: Intent = serde_json::from_value(object.clone())
        .map_err(|error| ProviderError::uncertain(format!("unreadable intent: {:?}", error.classify())))?;
    if intent.provider_ref()? != cancel.provider_ref {
        return Err(ProviderError::uncertain("the answer is about another intent"));
    }
    match intent.status.as_str() {
        "canceled" => Ok(intent.closed()),
        _ => Ok(Outcome::pending(cancel.provider_ref.clone(), None)),
    }
}
