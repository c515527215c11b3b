//! Payouts: how a disbursement stands, and whether it was reversed.
//!
//! Refusals come by two channels: a status that is not 200 (no payout exists, see `refusal`), and a
//! payout whose status is `failed`. Source: docs.wave.com/payout, read 2026-11.

use domain::{Money, Reference};
use serde::Deserialize;

use super::terms::{self, Terms};
use super::{amount, refusal};
use crate::{Outcome, ProviderError, Response};

/// A payout, as far as we read it. `timestamp` is when it was submitted, not executed, so it is not read.
#[derive(Deserialize)]
struct Payout {
    id: String,
    currency: String,
    receive_amount: String,
    fee: Option<String>,
    client_reference: Option<String>,
    status: String,
    payout_error: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Found {
    result: Vec<Payout>,
}

impl Payout {
    fn outcome(&self, terms: &Terms) -> Result<Outcome, ProviderError> {
        terms.check_amount(&self.receive_amount, &self.currency)?;
        terms.check_reference(self.client_reference.as_deref())?;
        let provider_ref = terms::provider_ref(&self.id)?;
        match self.status.as_str() {
            "processing" => Ok(Outcome::pending(provider_ref, None)),
            "succeeded" => Ok(Outcome::Succeeded {
                provider_ref,
                amount: terms.amount,
                fee: self.fee(terms.amount),
                at: None,
                transaction: None,
                mandate: None,
            }),
            "failed" => Ok(self.declined()),
            "reversed" => Ok(Outcome::Reversed { at: None }),
            other => Err(unknown(other)),
        }
    }

    /// What cannot be read is left for the statement to tell; the payout itself is no less certain.
    fn fee(&self, paid: Money) -> Option<Money> {
        amount::parse(self.fee.as_deref()?, paid.currency()).ok()
    }

    fn declined(&self) -> Outcome {
        let said = self.payout_error.as_ref().and_then(refusal::Said::of).unwrap_or_default();
        let code = if said.code.is_empty() { "failed".to_owned() } else { said.code };
        Outcome::Declined { code, message: said.message }
    }
}

/// Reads an answer that holds one payout.
pub(super) fn one(response: &Response, terms: &Terms) -> Result<Outcome, ProviderError> {
    response.json::<Payout>()?.outcome(terms)
}

/// Reads a search by reference. One key pays once, so a second payout that did not fail is a matter for people.
pub(super) fn among(response: &Response, terms: &Terms) -> Result<Outcome, ProviderError> {
    let found: Found = response.json()?;
    let outcomes: Vec<Outcome> =
        found.result.iter().map(|payout| payout.outcome(terms)).collect::<Result<_, _>>()?;
    let (declined, moved): (Vec<_>, Vec<_>) =
        outcomes.into_iter().partition(|outcome| matches!(outcome, Outcome::Declined { .. }));
    match moved.len() {
        0 => Ok(declined.into_iter().next_back().unwrap_or(Outcome::NotFound)),
        1 => Ok(moved.into_iter().next().unwrap_or(Outcome::NotFound)),
        several => Err(ProviderError::uncertain(format!("{several} payouts carry one reference"))),
    }
}

/// Reads the payout that was to be reversed. While it stands as paid, the reversal does not exist.
///
/// The payout's reference is the disbursement's, not the reversal's, so it is only asked to be one of ours.
pub(super) fn reversal(response: &Response, amount: Money) -> Result<Outcome, ProviderError> {
    let payout: Payout = response.json()?;
    let given = amount::parse_with_code(&payout.receive_amount, &payout.currency)?;
    terms::same_amount(given, amount)?;
    let reference = payout.client_reference.as_deref().map(str::parse::<Reference>);
    if !matches!(reference, Some(Ok(_))) {
        return Err(ProviderError::uncertain("the payout's reference is not one of ours"));
    }
    let provider_ref = terms::provider_ref(&payout.id)?;
    match payout.status.as_str() {
        "reversed" => Ok(Outcome::succeeded(provider_ref, amount)),
        "succeeded" | "processing" => Ok(Outcome::NotFound),
        "failed" => Err(ProviderError::uncertain("a failed payout cannot be reversed")),
        other => Err(unknown(other)),
    }
}

fn unknown(status: &str) -> ProviderError {
    ProviderError::uncertain(format!("unknown payout status {}", terms::word(status)))
}
