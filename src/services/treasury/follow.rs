//! What a provider said of a treasury movement, committed with the promise or the callback that brought it.

use domain::transfer::{Fact, Refusal};
use domain::{AlertKind, MovementState, Provider, Reference, TreasuryMovement};
use providers::{Callback, Trust};
use store::inbox::ClaimedCallback;
use store::writer::{Applied, Change, Kept, WriteError};
use store::{StoreError, outbox, treasury};

use super::change_of;
use crate::app::App;
use crate::services::callbacks::{self, ApplyError};
use crate::services::cases::CaseError;
use crate::services::{alerts, facts};

/// Times that a fact is decided anew before giving up.
const TRIES: usize = 16;

/// Given the movement as it will be: what becomes of the promise that brought the fact.
type KeptBy<'a> = &'a (dyn Fn(&TreasuryMovement) -> Kept + Send + Sync);

/// What commits with whatever a fact leads to.
#[derive(Clone, Default)]
pub(super) struct With<'a> {
    pub kept: Option<KeptBy<'a>>,
    pub applied: Option<Applied>,
}

/// Commits what follows from `fact`, with `with`. A lease that was lost is somebody else's; the fact still counts.
pub(super) async fn tell(
    app: &App,
    reference: Reference,
    fact: &Fact,
    mut with: With<'_>,
) -> Result<(), CaseError> {
    for _ in 0..TRIES {
        let found = treasury::find(&mut app.db.read().await?.conn(), reference).await?;
        let movement = found.ok_or(Refusal::UnknownMovement { reference })?;
        let step = movement.hear(fact, app.clock.now(), &mut &app.ids)?;
        let kept = with.kept.map(|kept| kept(step.as_ref().map_or(&movement, |step| &step.movement)));
        if step.is_none() && kept.is_none() && with.applied.is_none() {
            return Ok(());
        }
        let failed = step.as_ref().map(|step| step.movement.clone()).filter(has_failed);
        let mut change =
            step.map_or_else(Change::default, |step| change_of(app, step, "gateway", "treasury.heard"));
        (change.kept, change.applied) = (kept, with.applied.clone());
        match app.commit(change).await {
            Ok(_) => {
                if let Some(failed) = failed {
                    alerts::treasury_failed(app, &failed).await;
                }
                return Ok(());
            }
            Err(WriteError::StaleTreasury { .. }) => {}
            Err(WriteError::LeaseLost) => with = With::default(),
            Err(error) => return Err(error.into()),
        }
    }
    Err(WriteError::StaleTreasury { reference }.into())
}

fn has_failed(movement: &TreasuryMovement) -> bool {
    matches!(movement.state, MovementState::Declined | MovementState::FailedLater)
}

/// The treasury movement that a callback is about, if any.
pub(in crate::services) async fn of_callback(
    app: &App,
    claimed: &ClaimedCallback,
    callback: &Callback,
) -> Result<Option<TreasuryMovement>, StoreError> {
    let Some(reference) = callback.reference else { return Ok(None) };
    let found = treasury::find(&mut app.db.read().await?.conn(), reference).await?;
    Ok(found.filter(|movement| claimed.provider.parse::<Provider>() == Ok(movement.provider)))
}

/// Applies a callback to its movement, and says in a word what became of it.
pub(in crate::services) async fn heard(
    app: &App,
    claimed: &ClaimedCallback,
    callback: &Callback,
    movement: &TreasuryMovement,
) -> Result<&'static str, ApplyError> {
    if movement.wallet.as_str() != claimed.wallet {
        tracing::error!(movement.reference = %movement.reference, "a callback came from another wallet than its movement");
        return callbacks::finish(app, claimed, "other_wallet").await;
    }
    let fact = callback.outcome.as_ref().filter(|_| callback.trust == Trust::Proven).map(facts::of);
    let Some(fact) = fact else { return ask_now(app, claimed, movement).await };
    let Some(fact) = fact else { return callbacks::finish(app, claimed, "nothing_new").await };
    let applied = Applied { id: claimed.id, attempt: claimed.attempt, outcome: "applied".to_owned() };
    match tell(app, movement.reference, &fact, With { applied: Some(applied), kept: None }).await {
        Ok(()) => Ok("applied"),
        Err(CaseError::Refused(refusal)) => {
            alerts::treasury(app, AlertKind::Contradiction, movement, &refusal).await;
            let word = match refusal {
                Refusal::AmountDiffers { .. } => "amount_differs",
                _ => "contradicts",
            };
            callbacks::finish(app, claimed, word).await
        }
        Err(error) => Err(error.into()),
    }
}

/// A hint: the question that is planned for later is asked now.
async fn ask_now(
    app: &App,
    claimed: &ClaimedCallback,
    movement: &TreasuryMovement,
) -> Result<&'static str, ApplyError> {
    let mut tx = app.db.begin().await?;
    let kind = domain::TreasuryPromise::Inquire.as_str();
    outbox::hasten(&mut tx, kind, movement.reference.uuid(), app.clock.now()).await?;
    tx.commit().await?;
    app.wakes.wake(std::slice::from_ref(&claimed.provider), false);
    callbacks::finish(app, claimed, "asked").await
}
