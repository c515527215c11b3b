//! Keeping the promises of treasury: sending a movement once, and asking what became of it.
//!
//! Silence is never a failure: a sending without an answer makes the movement uncertain, and it is asked about on the
//! ladder that every movement has.

use std::sync::Arc;

use chrono::TimeDelta;
use domain::transfer::Fact;
use domain::{AlertKind, MovementKind, MovementState, Rail, Reference, TreasuryMovement, TreasuryPromise};
use providers::{Inquire, Operation, Outcome, Provider, ProviderError, ProviderRef, Sweep};
use store::outbox::Claimed;
use store::treasury;
use store::writer::Kept;

use super::follow::{With, tell};
use crate::app::App;
use crate::services::cases::CaseError;
use crate::services::promises::{End, KeepError, backoff, ladder};
use crate::services::{alerts, facts};

/// Keeps a promise about a treasury movement.
pub(in crate::services) async fn keep(
    app: &App,
    promise: &Claimed,
    kind: TreasuryPromise,
) -> Result<Option<End>, KeepError> {
    let reference = Reference::from_uuid(promise.subject);
    let found = treasury::find(&mut app.db.read().await?.conn(), reference).await?;
    let Some(movement) = found else { return Ok(Some(End::Done)) };
    let Some(provider) = app.providers.get(movement.provider, &movement.wallet) else {
        let reason = "this wallet is not configured";
        alerts::treasury(app, AlertKind::Misconfigured, &movement, reason).await;
        return Ok(Some(End::Again { after: TimeDelta::minutes(1), error: reason.into() }));
    };
    let leg = Leg { app, promise, kind, movement: &movement, provider };
    match kind {
        TreasuryPromise::Submit => leg.submit().await,
        TreasuryPromise::Inquire => leg.inquire().await,
    }
}

struct Leg<'a> {
    app: &'a App,
    promise: &'a Claimed,
    kind: TreasuryPromise,
    movement: &'a TreasuryMovement,
    provider: &'a Arc<dyn Provider>,
}

impl Leg<'_> {
    /// Sends it. One that may have left before is asked about instead, unless sending twice is safe.
    async fn submit(&self) -> Result<Option<End>, KeepError> {
        if self.movement.state.is_final() || self.movement.state == MovementState::Submitted {
            return Ok(Some(End::Done));
        }
        if self.promise.was_interrupted && !self.may_repeat() {
            return self.hear(Fact::Unknown { reason: "interrupted while sending".into() }).await;
        }
        let (reference, amount) = (self.movement.reference, self.movement.amount);
        let sweep = Operation::Sweep(Sweep { reference, amount, instant: false });
        let again = |after, error: &ProviderError| Ok(Some(End::Again { after, error: error.to_string() }));
        match self.provider.call(&sweep).await {
            Ok(outcome) => {
                let strange = || Fact::Unknown { reason: "an answer to another question".into() };
                self.hear(facts::of(&outcome).unwrap_or_else(strange)).await
            }
            Err(ProviderError::Uncertain { reason }) => self.hear(Fact::Unknown { reason }).await,
            Err(error @ ProviderError::NotSent { .. }) => again(backoff(self.promise.attempt), &error),
            Err(ref error @ ProviderError::RateLimited { retry_after }) => {
                let asked = retry_after.and_then(|wait| TimeDelta::from_std(wait).ok());
                again(asked.unwrap_or(TimeDelta::zero()).max(backoff(self.promise.attempt)), error)
            }
            Err(ref error @ ProviderError::Misconfigured { ref reason }) => {
                alerts::treasury(self.app, AlertKind::Misconfigured, self.movement, reason).await;
                again(TimeDelta::minutes(1), error)
            }
        }
    }

    /// Asks what became of it; also once more after it was paid, since what was paid can come back.
    async fn inquire(&self) -> Result<Option<End>, KeepError> {
        let m = self.movement;
        if m.state.is_final() && m.state != MovementState::Succeeded {
            return Ok(Some(End::Done));
        }
        let rail = Rail::ALL.iter().copied().find(|rail| rail.provider() == Some(m.provider));
        let inquiry = Operation::Inquire(Inquire {
            reference: m.reference,
            kind: MovementKind::Treasury,
            provider_ref: m.provider_ref.clone().map(ProviderRef),
            amount: m.amount,
            original: None,
            since: m.submitted_at.unwrap_or(m.created_at),
            rail: rail.unwrap_or(Rail::Manual),
            customer: None,
        });
        match self.provider.call(&inquiry).await {
            Ok(Outcome::NotFound) => {
                let settling = self.provider.capabilities().settling_time;
                let settling = TimeDelta::from_std(settling).unwrap_or(TimeDelta::MAX);
                self.hear(Fact::NotFound { resend: self.may_repeat(), settling }).await
            }
            Ok(outcome) => match facts::of(&outcome) {
                Some(fact) => self.hear(fact).await,
                None => Ok(Some(self.ask_later("an answer to another question"))),
            },
            Err(error) => Ok(Some(self.ask_later(&error.to_string()))),
        }
    }

    /// Whether the provider still knows the first sending by its reference, so that a second one moves nothing.
    fn may_repeat(&self) -> bool {
        let capabilities = self.provider.capabilities();
        let sent = self.movement.submitted_at.unwrap_or(self.movement.created_at);
        let age = self.app.clock.now() - sent;
        let remembered = capabilities.idempotent_for.and_then(|time| TimeDelta::from_std(time).ok());
        capabilities.idempotent_on_reference.sweep && remembered.is_none_or(|time| age < time)
    }

    /// Commits what follows from `fact` with the end of the promise.
    async fn hear(&self, fact: Fact) -> Result<Option<End>, KeepError> {
        let kept = |movement: &TreasuryMovement| self.end(movement);
        let with = With { kept: Some(&kept), applied: None };
        match tell(self.app, self.movement.reference, &fact, with).await {
            Ok(()) => Ok(None),
            Err(CaseError::Refused(refusal)) => {
                alerts::treasury(self.app, AlertKind::Contradiction, self.movement, &refusal).await;
                Ok(Some(self.ask_later(&refusal.to_string())))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A question goes on as long as something may come of the movement; a sending is done.
    fn end(&self, movement: &TreasuryMovement) -> Kept {
        let now = self.app.clock.now();
        let again_at = match self.kind {
            TreasuryPromise::Submit => None,
            TreasuryPromise::Inquire => movement.asked_again(now, now + ladder(self.promise.attempt)),
        };
        Kept { id: self.promise.id, attempt: self.promise.attempt, again_at, error: None }
    }

    fn ask_later(&self, error: &str) -> End {
        End::Again { after: ladder(self.promise.attempt), error: error.to_owned() }
    }
}
