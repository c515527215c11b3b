//! May this movement be sent now? Asked of the book each time, so that a pause holds at once and everywhere.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Gate, Movement, RailKey, RailState, Wait, WaitReason};
use store::{StoreError, rails, waits};

use super::{key_of, wake};
use crate::app::App;

/// Times that becoming the probe is tried against others, and how long to wait when they were always quicker.
const TRIES: usize = 4;
const OTHERS: TimeDelta = TimeDelta::seconds(5);

/// `None`: it may be sent, and if it is the probe, nothing else is.
pub(in crate::services) async fn admit(app: &App, movement: &Movement) -> Result<Option<Wait>, StoreError> {
    let Some(key) = key_of(movement) else { return Ok(None) };
    for _ in 0..TRIES {
        let now = app.clock.now();
        let state = rails::find(&mut app.db.read().await?.conn(), &key).await?;
        app.rails.note(&state);
        match state.gate(movement.reference, now) {
            Gate::Free | Gate::Mine => return Ok(None),
            Gate::Wait(wait) => return Ok(Some(wait)),
            Gate::Probe => {
                if become_probe(app, &state, movement).await? {
                    return Ok(None);
                }
            }
        }
    }
    Ok(Some(Wait { reason: WaitReason::RailDown, until: Some(app.clock.now() + OTHERS) }))
}

async fn become_probe(app: &App, state: &RailState, movement: &Movement) -> Result<bool, StoreError> {
    let now = app.clock.now();
    let Some(breaker) = state.breaker.probing(movement.reference, now) else { return Ok(false) };
    let next = RailState { breaker, version: state.version + 1, ..state.clone() };
    let mut tx = app.db.begin().await?;
    if !rails::put(&mut tx, &next, now).await? {
        return Ok(false);
    }
    tx.commit().await?;
    app.rails.note(&next);
    tracing::info!(rail = %state.key, movement.reference = %movement.reference, "one movement is sent to see whether the rail is back");
    Ok(true)
}

/// What holds the movement's way up now, if anything. Takes no probe.
pub(in crate::services) async fn obstacle(
    app: &App,
    movement: &Movement,
) -> Result<Option<Wait>, StoreError> {
    let Some(key) = key_of(movement) else { return Ok(None) };
    let state = rails::find(&mut app.db.read().await?.conn(), &key).await?;
    match state.gate(movement.reference, app.clock.now()) {
        Gate::Wait(wait) => Ok(Some(wait)),
        Gate::Free | Gate::Mine | Gate::Probe => Ok(None),
    }
}

/// After a change that lets waiting movements go earlier: makes them due at `due`, and whoever takes them look.
///
/// The change hastened them in its own commit already, so that a crash loses nothing. But whoever put a movement back
/// between that and the commit was not seen then, and saw nothing: of the two looks after both commits, one does.
pub(super) async fn hasten(app: &App, key: &RailKey, due: DateTime<Utc>) -> Result<(), StoreError> {
    let mut tx = app.db.begin().await?;
    waits::hasten(&mut tx, key, due).await?;
    tx.commit().await?;
    wake(app, key);
    Ok(())
}
