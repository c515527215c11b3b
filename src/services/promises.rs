//! Keeping a promise: one call to the outside, and one commit of what came of it.
//!
//! The intent was committed before; here the bytes leave. What a provider said becomes a fact of the transfer, together
//! with the end of the promise. Silence is never a failure: a submission without an answer makes the movement
//! uncertain, and a question without an answer is asked again on the ladder.

mod waiting;

use chrono::TimeDelta;
use domain::movement::LADDER_S;
use domain::transfer::{Event, Fact, HoldCause, PromiseKind, Step};
use domain::{LedgerError, Movement, MovementKind, MovementState, Reference, TransferId, TreasuryPromise};
use providers::{OperationKind, Outcome, ProviderError};
use store::outbox::Claimed;
use store::writer::{Change, Kept, WriteError};
use store::{StoreError, movements};

use super::bank::{self, BankError};
use super::cases::{self, CaseError, OpenCase, With};
use super::recipients::{self, Stop};
use super::screening::{self, NotScreened};
use super::{alerts, calls, facts, fees, notices, rails, revaluations, treasury};
use crate::app::App;

/// How often a collection that is over is asked about when the answer does not come.
const LAST_LOOKS: i64 = 4;

/// What becomes of a promise that changed no books.
pub(super) enum End {
    Done,
    Again { after: TimeDelta, error: String },
}

/// Why a promise could not be kept this time.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeepError {
    #[error(transparent)]
    Case(#[from] CaseError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Keeps a claimed promise, or puts it back for later. Never fails: what goes wrong is logged and tried again.
pub async fn keep(app: &App, promise: &Claimed) {
    let end = match kept(app, promise).await {
        Ok(None) => return,
        Ok(Some(end)) => end,
        Err(KeepError::Case(CaseError::Refused(refusal))) => {
            tracing::error!(promise.id = %promise.id, promise.kind, reason = %refusal, "a promise leads nowhere");
            End::Done
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, promise.id = %promise.id, promise.kind, "a promise waits");
            End::Again { after: backoff(promise.attempt), error: error.to_string() }
        }
    };
    if let Err(error) = settle(app, promise, end).await {
        tracing::error!(error = &error as &dyn std::error::Error, promise.id = %promise.id, "its lease must end first");
    }
}

/// `None` when the promise was ended by the commit that it led to.
async fn kept(app: &App, promise: &Claimed) -> Result<Option<End>, KeepError> {
    if let Ok(kind) = promise.kind.parse::<TreasuryPromise>() {
        return treasury::keep(app, promise, kind).await;
    }
    let Some(kind) = PromiseKind::parse(&promise.kind) else {
        return notices::keep_other(app, promise).await;
    };
    match kind {
        PromiseKind::Notify(notice) => notices::notify(app, promise, notice).await,
        PromiseKind::Expire => expire(app, promise).await,
        PromiseKind::Revalue => revaluations::revalue(app, promise).await,
        _ => {
            let reference = Reference::from_uuid(promise.subject);
            let found = movements::find(&mut app.db.read().await?.conn(), reference).await?;
            let Some(movement) = found else { return Ok(Some(End::Done)) };
            let open = cases::open(app, movement.transfer).await?;
            let movement = open.case.movement(reference).map_err(CaseError::from)?.clone();
            let leg = Leg { app, promise, open: &open, movement: &movement };
            match kind {
                PromiseKind::Submit => leg.submit().await,
                PromiseKind::Inquire => leg.inquire().await,
                PromiseKind::Close => leg.close().await,
                PromiseKind::Dispatch => leg.dispatch().await,
                PromiseKind::GiveBack => leg.tell(Event::GiveBack { movement: reference }).await,
                _ => fees::learn(app, promise, &movement).await,
            }
        }
    }
}

/// A promise about one movement, with what it takes to keep it.
struct Leg<'a> {
    app: &'a App,
    promise: &'a Claimed,
    open: &'a OpenCase,
    movement: &'a Movement,
}

impl Leg<'_> {
    /// Sends the movement. One that may have left before is asked about instead, unless sending twice is safe; what was
    /// not sent yet waits while its rail is paused or down.
    async fn submit(&self) -> Result<Option<End>, KeepError> {
        if self.movement.state.is_final() || self.movement.state == MovementState::Submitted {
            return Ok(Some(End::Done));
        }
        let Some(provider) = calls::provider(self.app, self.movement) else {
            return Ok(Some(self.nobody_there().await));
        };
        let may_repeat = calls::may_repeat(self.movement, provider.capabilities(), self.app.clock.now());
        let held_up = self.held_up().await?;
        if self.promise.was_interrupted && (!may_repeat || held_up.is_some()) {
            bank::forget_code(self.app, self.open, self.movement).await?;
            return self.hear(Fact::Unknown { reason: "interrupted while sending".into() }).await;
        }
        if let Some(wait) = held_up {
            return self.wait(wait).await;
        }
        let payer = match bank::payer(self.app, provider.as_ref(), self.open, self.movement).await {
            Ok(payer) => payer,
            Err(error) => return self.nobody_named(error).await,
        };
        let Some(operation) = calls::submission(self.app, self.open, self.movement, payer) else {
            return Ok(Some(End::Done));
        };
        let answer = provider.call(&operation).await;
        rails::sent(self.app, self.movement, answer.as_ref()).await;
        if let Ok(outcome) = &answer {
            bank::remember(self.app, self.open, self.movement, outcome).await?;
        }
        if matches!(answer, Ok(_) | Err(ProviderError::Uncertain { .. })) {
            bank::forget_code(self.app, self.open, self.movement).await?;
        }
        match answer {
            Ok(Outcome::NotFound) => self.hear(Fact::Unknown { reason: "not found".into() }).await,
            Ok(outcome) => {
                match facts::of_submission(&outcome, provider.capabilities(), self.app.clock.now()) {
                    Some(fact) => self.hear(fact).await,
                    None => self.hear(Fact::Unknown { reason: "an answer to another question".into() }).await,
                }
            }
            Err(error) => self.not_answered(error).await,
        }
    }

    /// The payer could not be named to the provider, so nothing that moves money was sent.
    async fn nobody_named(&self, error: BankError) -> Result<Option<End>, KeepError> {
        if let BankError::Provider(error) = &error {
            rails::sent(self.app, self.movement, Err(error)).await;
        }
        match error {
            BankError::Provider(ProviderError::Misconfigured { ref reason }) => {
                alerts::misconfigured(self.app, self.movement, reason).await;
                Ok(Some(End::Again { after: TimeDelta::minutes(1), error: error.to_string() }))
            }
            BankError::Provider(error) => {
                Ok(Some(End::Again { after: backoff(self.promise.attempt), error: error.to_string() }))
            }
            BankError::Store(error) => Err(error.into()),
            BankError::NothingToDebit => {
                self.hear(nothing_to_debit(self.movement.state, self.promise.attempt)).await
            }
        }
    }

    /// Nothing happened by this call, or nobody knows: only the second changes what we know of the movement.
    async fn not_answered(&self, error: ProviderError) -> Result<Option<End>, KeepError> {
        if let ProviderError::Misconfigured { reason } = &error {
            alerts::misconfigured(self.app, self.movement, reason).await;
        }
        let was_not_sent = !matches!(error, ProviderError::Uncertain { .. });
        if let (true, Some(wait)) = (was_not_sent, self.held_up().await?) {
            return self.wait(wait).await;
        }
        let again = |after, error: &ProviderError| Ok(Some(End::Again { after, error: error.to_string() }));
        match error {
            ProviderError::Uncertain { reason } => self.hear(Fact::Unknown { reason }).await,
            ProviderError::NotSent { .. } => again(backoff(self.promise.attempt), &error),
            ProviderError::RateLimited { retry_after } => {
                let asked = retry_after.and_then(|wait| TimeDelta::from_std(wait).ok());
                again(asked.unwrap_or(TimeDelta::zero()).max(backoff(self.promise.attempt)), &error)
            }
            ProviderError::Misconfigured { .. } => again(TimeDelta::minutes(1), &error),
        }
    }

    /// Asks what became of the movement. Only an answer is news.
    async fn inquire(&self) -> Result<Option<End>, KeepError> {
        let is_over = self.movement.state.is_final();
        if is_over && (!self.movement.may_be_paid_unheard() || self.promise.attempt > LAST_LOOKS) {
            return Ok(Some(End::Done));
        }
        let Some(provider) = calls::provider(self.app, self.movement) else {
            return Ok(Some(self.nobody_there().await));
        };
        let customer = bank::known_customer(self.app, self.open, self.movement).await?;
        let question = calls::inquiry(self.open, self.movement, customer);
        let answer = calls::ask(provider.as_ref(), &question).await;
        rails::asked(self.app, self.movement, answer.as_ref()).await;
        if let Ok(outcome) = &answer {
            bank::remember(self.app, self.open, self.movement, outcome).await?;
        }
        match answer {
            Ok(Outcome::NotFound) => {
                let now = self.app.clock.now();
                self.hear(facts::not_found(self.movement, provider.capabilities(), now)).await
            }
            Ok(outcome) => match facts::of(&outcome) {
                Some(fact) => self.hear(fact).await,
                None => Ok(Some(self.ask_later("an answer to another question"))),
            },
            Err(error) => Ok(Some(self.ask_later(&error.to_string()))),
        }
    }

    /// Closes a hosted collection. One that was paid or has ended meanwhile is asked about, and so is every one of a
    /// provider that closes none: those end by themselves.
    async fn close(&self) -> Result<Option<End>, KeepError> {
        let Some(operation) = calls::closing(self.movement) else { return Ok(Some(End::Done)) };
        if self.movement.state.is_final() {
            return Ok(Some(End::Done));
        }
        let Some(provider) = calls::provider(self.app, self.movement) else {
            return Ok(Some(self.nobody_there().await));
        };
        if !provider.capabilities().supports(OperationKind::Cancel) {
            return self.inquire().await;
        }
        match provider.call(&operation).await {
            Ok(Outcome::Cancelled) => self.hear(Fact::Cancelled).await,
            Ok(Outcome::Expired) => self.hear(Fact::Expired).await,
            Ok(_) => self.inquire().await,
            Err(error) => {
                Ok(Some(End::Again { after: backoff(self.promise.attempt), error: error.to_string() }))
            }
        }
    }

    /// Screens who pays and who is paid, asks about the payee, then reserves the float; while that does not suffice, or the
    /// rail is paused or down, the payment waits. What was screened and released by a person, and what goes back, is not
    /// screened.
    async fn dispatch(&self) -> Result<Option<End>, KeepError> {
        if self.movement.kind == MovementKind::Refund
            && self.movement.state == MovementState::Intended
            && !calls::can_give_back(self.app, self.open, self.movement)
        {
            return self.hear(Fact::Declined { code: "not_offered".into() }).await;
        }
        let is_first = self.open.case.undispatched().is_some_and(|m| m.reference == self.movement.reference);
        if is_first && !self.movement.is_released() {
            match screening::reason_to_hold(self.app, self.open).await {
                Ok(None) => {}
                Ok(Some(reason)) => {
                    return self.tell(Event::Hold { cause: HoldCause::Screening, reason }).await;
                }
                Err(NotScreened::Store(error)) => return Err(error.into()),
                Err(NotScreened::Screening(error)) => {
                    alerts::not_screened(self.app, self.movement, &error).await;
                    return Ok(Some(End::Again { after: TimeDelta::seconds(30), error: error.to_string() }));
                }
            }
        }
        let is_to_be_reserved = self.is_to_be_reserved();
        if let (true, Some(wait)) = (is_to_be_reserved, rails::obstacle(self.app, self.movement).await?) {
            return self.wait(wait).await;
        }
        if is_first && !self.movement.is_released() {
            match recipients::ask(self.app, self.open, self.movement, self.promise.attempt).await {
                None => {}
                Some(Stop::Event(event)) => return self.tell(event).await,
                Some(Stop::AskAgain { error }) => {
                    return Ok(Some(End::Again { after: backoff(self.promise.attempt), error }));
                }
            }
        }
        // Only what really will be sent may be the one that shows whether a rail is back.
        if let (true, Some(wait)) = (is_to_be_reserved, self.held_up().await?) {
            return self.wait(wait).await;
        }
        match self.tell(Event::Dispatch { movement: self.movement.reference }).await {
            Err(KeepError::Case(CaseError::Write(WriteError::Ledger(LedgerError::InsufficientFunds {
                ..
            })))) => self.wait_for_float().await,
            told => told,
        }
    }

    async fn hear(&self, fact: Fact) -> Result<Option<End>, KeepError> {
        match self.tell(Event::Heard { movement: self.movement.reference, fact }).await {
            Err(KeepError::Case(CaseError::Refused(refusal))) => {
                alerts::contradiction(self.app, self.movement, &refusal).await;
                Ok(Some(self.ask_later(&refusal.to_string())))
            }
            told => told,
        }
    }

    /// Commits what follows from `event` with the end of the promise.
    async fn tell(&self, event: Event) -> Result<Option<End>, KeepError> {
        let kept = |step: Option<&Step>| self.end(step);
        let with = With { kept: Some(&kept), ..With::default() };
        cases::apply(self.app, self.movement.transfer, &event, with).await?;
        Ok(None)
    }

    /// A question goes on until the movement is final; any other promise is done.
    fn end(&self, step: Option<&Step>) -> Kept {
        let same = |m: &&Movement| m.reference == self.movement.reference;
        let state =
            step.and_then(|step| step.movements.iter().find(same)).map_or(self.movement.state, |m| m.state);
        let asking = self.promise.kind == PromiseKind::Inquire.as_str() && !state.is_final();
        let again_at = asking.then(|| self.app.clock.now() + ladder(self.promise.attempt));
        Kept { id: self.promise.id, attempt: self.promise.attempt, again_at, error: None }
    }

    fn ask_later(&self, error: &str) -> End {
        End::Again { after: ladder(self.promise.attempt), error: error.to_owned() }
    }

    async fn nobody_there(&self) -> End {
        alerts::misconfigured(self.app, self.movement, "this wallet is not configured").await;
        End::Again { after: TimeDelta::minutes(1), error: "this wallet is not configured".into() }
    }
}

/// What it means that there is nothing to debit: a refusal only at the very first attempt, when nothing can have left.
/// Later an earlier attempt may have been taken and have ended between its answer and our commit, so it is asked about.
fn nothing_to_debit(state: MovementState, attempt: i64) -> Fact {
    match (state, attempt) {
        (MovementState::Intended, 1) => Fact::Declined { code: "mandate_inactive".into() },
        _ => Fact::Unknown { reason: "an earlier attempt may have been taken".into() },
    }
}

/// Ends a transfer whose money did not come, after asking about every collection that may have been paid.
async fn expire(app: &App, promise: &Claimed) -> Result<Option<End>, KeepError> {
    let id = TransferId::from_uuid(promise.subject);
    let open = cases::open(app, id).await?;
    if !open.case.transfer.status.awaits_money() {
        return Ok(Some(End::Done));
    }
    let asked = |m: &&Movement| {
        m.kind == MovementKind::Collection
            && matches!(m.state, MovementState::Submitted | MovementState::Uncertain)
    };
    for movement in open.case.movements.iter().filter(asked) {
        if let Some(end) = ask_before_expiry(app, promise, &open, movement).await? {
            return Ok(Some(end));
        }
    }
    let kept =
        |_: Option<&Step>| Kept { id: promise.id, attempt: promise.attempt, again_at: None, error: None };
    let with = With { kept: Some(&kept), ..With::default() };
    cases::apply(app, id, &Event::Expire, with).await?;
    Ok(None)
}

/// `Some` when nothing is known yet and the transfer must wait.
async fn ask_before_expiry(
    app: &App,
    promise: &Claimed,
    open: &OpenCase,
    movement: &Movement,
) -> Result<Option<End>, KeepError> {
    let Some(provider) = calls::provider(app, movement) else {
        return Ok(Some(End::Again {
            after: TimeDelta::minutes(1),
            error: "this wallet is not configured".into(),
        }));
    };
    let customer = bank::known_customer(app, open, movement).await?;
    let outcome = match calls::ask(provider.as_ref(), &calls::inquiry(open, movement, customer)).await {
        Ok(outcome) => outcome,
        Err(error) => {
            return Ok(Some(End::Again { after: ladder(promise.attempt), error: error.to_string() }));
        }
    };
    if let Some(fact) = facts::of(&outcome) {
        let event = Event::Heard { movement: movement.reference, fact };
        cases::apply(app, movement.transfer, &event, With::default()).await?;
    }
    Ok(None)
}

/// Ends the promise with whatever else is being committed. One whose lease was lost is somebody else's to end.
async fn settle(app: &App, promise: &Claimed, end: End) -> Result<(), WriteError> {
    let (again_at, error) = match end {
        End::Done => (None, None),
        End::Again { after, error } => (Some(app.clock.now() + after), Some(error)),
    };
    let kept = Kept { id: promise.id, attempt: promise.attempt, again_at, error };
    match app.commit(Change { kept: Some(kept), ..Change::default() }).await {
        Ok(_) | Err(WriteError::LeaseLost) => Ok(()),
        Err(error) => Err(error),
    }
}

/// 1 s, 2 s, 4 s … 256 s, and up to half a second more, so that a crowd spreads.
pub(super) fn backoff(attempt: i64) -> TimeDelta {
    let doubled = 1_i64 << attempt.clamp(1, 9).saturating_sub(1);
    TimeDelta::seconds(doubled) + TimeDelta::milliseconds(rand::random_range(0..500))
}

/// The inquiry ladder: 5 s, 15 s, 40 s, 2 min, 10 min, then hourly.
pub(super) fn ladder(attempt: i64) -> TimeDelta {
    let rung = usize::try_from(attempt).unwrap_or(0).min(LADDER_S.len() - 1);
    TimeDelta::seconds(LADDER_S[rung])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_first_attempt_without_anything_to_debit_is_a_refusal() {
        use MovementState::{Intended, Submitted, Uncertain};
        assert!(matches!(nothing_to_debit(Intended, 1), Fact::Declined { .. }));
        for (state, attempt) in [(Intended, 2), (Intended, 9), (Uncertain, 1), (Submitted, 1)] {
            assert!(matches!(nothing_to_debit(state, attempt), Fact::Unknown { .. }), "{state} {attempt}");
        }
    }
}
