//! Checkout sessions: how a collection stands.
//!
//! Paid is `complete` and `succeeded` together. A failed attempt leaves the session open and the
//! payer free to try again, so it is no refusal. Source: docs.wave.com/checkout, read 2026-11.

use serde::Deserialize;

use super::terms::{self, Terms};
use crate::{NextAction, Outcome, ProviderError, Response};

/// A session, as far as we read it. Fields that Wave may add or leave out do not matter.
#[derive(Deserialize)]
pub(super) struct Session {
    pub id: String,
    pub amount: String,
    pub currency: String,
    pub checkout_status: String,
    pub payment_status: String,
    pub client_reference: Option<String>,
    pub transaction_id: Option<String>,
    pub wave_launch_url: Option<String>,
    pub when_created: Option<String>,
    pub when_completed: Option<String>,
    pub when_expires: Option<String>,
}

#[derive(Deserialize)]
struct Found {
    result: Vec<Session>,
}

impl Session {
    /// `complete` and `succeeded`.
    pub fn is_paid(&self) -> bool {
        self.checkout_status == "complete" && self.payment_status == "succeeded"
    }

    /// How the session stands, whoever asks; `Terms` decide whether it is ours.
    pub fn outcome(&self, terms: &Terms) -> Result<Outcome, ProviderError> {
        terms.check_amount(&self.amount, &self.currency)?;
        terms.check_reference(self.client_reference.as_deref())?;
        let provider_ref = terms::provider_ref(&self.id)?;
        match (self.checkout_status.as_str(), self.payment_status.as_str()) {
            ("complete", "succeeded") => Ok(Outcome::Succeeded {
                provider_ref,
                amount: terms.amount,
                fee: None,
                at: terms::instant(self.when_completed.as_deref()),
                transaction: self.transaction_id.clone().filter(|id| terms::is_plausible(id)),
                mandate: None,
            }),
            ("open", "processing" | "cancelled" | "succeeded") => {
                Ok(Outcome::pending(provider_ref, self.redirect()))
            }
            ("complete", "processing") => Ok(Outcome::pending(provider_ref, None)),
            ("complete", "cancelled") => Ok(Outcome::Cancelled),
            ("expired", "processing" | "cancelled") => Ok(Outcome::Expired),
            (checkout, payment) => Err(ProviderError::uncertain(format!(
                "unknown session status {} with payment {}",
                terms::word(checkout),
                terms::word(payment)
            ))),
        }
    }

    /// Which of several sessions of one reference speaks: paid, then being paid, then open, then closed.
    fn rank(&self) -> u8 {
        match self.checkout_status.as_str() {
            "complete" if self.is_paid() => 4,
            "complete" if self.payment_status == "processing" => 3,
            "open" => 2,
            _ => 1,
        }
    }

    fn redirect(&self) -> Option<NextAction> {
        let url = self.wave_launch_url.clone().filter(|url| is_page(url))?;
        Some(NextAction::Redirect { url, expires_at: terms::instant(self.when_expires.as_deref()) })
    }
}

/// A payer is sent to web pages only.
fn is_page(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

/// Reads an answer that holds one session.
pub(super) fn one(response: &Response, terms: &Terms) -> Result<Outcome, ProviderError> {
    response.json::<Session>()?.outcome(terms)
}

/// Reads a search by reference, which answers a list because Wave enforces no uniqueness.
///
/// One session that we do not understand makes the whole answer uncertain, and so do two paid ones:
/// the second payment belongs to somebody.
pub(super) fn among(response: &Response, terms: &Terms) -> Result<Outcome, ProviderError> {
    let found: Found = response.json()?;
    let outcomes: Vec<Outcome> =
        found.result.iter().map(|session| session.outcome(terms)).collect::<Result<_, _>>()?;
    let paid = found.result.iter().filter(|session| session.is_paid()).count();
    if paid > 1 {
        return Err(ProviderError::uncertain(format!("{paid} sessions of one reference are paid")));
    }
    let spoken = found
        .result
        .iter()
        .zip(outcomes)
        .max_by_key(|(session, _)| (session.rank(), terms::instant(session.when_created.as_deref())));
    Ok(spoken.map_or(Outcome::NotFound, |(_, outcome)| outcome))
}
