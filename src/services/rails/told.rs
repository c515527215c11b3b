//! That a transfer waits, as its owner is told: read from the promises and the rows, for a whole list at once.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{Rail, RailState, TransferId, WaitReason};
use store::{Conn, StoreError, rails, waits};

use crate::app::App;

/// Why a transfer does not go on for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub reason: WaitReason,
    pub rail: Rail,
    /// When it is tried next; `None` when a person decides.
    pub until: Option<DateTime<Utc>>,
}

/// Those of `transfers` that wait.
pub async fn of_transfers(
    app: &App,
    conn: &mut Conn<'_>,
    transfers: &[TransferId],
) -> Result<HashMap<TransferId, Waiting>, StoreError> {
    let waiting = waits::of_transfers(conn, transfers).await?;
    if waiting.is_empty() {
        return Ok(HashMap::new());
    }
    let states = rails::all(conn).await?;
    let now = app.clock.now();
    let mut told = HashMap::new();
    for line in waiting {
        let state = states.iter().find(|state| state.key == line.key);
        told.entry(line.transfer).or_insert_with(|| as_told(&line, state, now));
    }
    Ok(told)
}

/// What holds it up now, where that is known better than when it was last tried.
fn as_told(line: &waits::Waiting, state: Option<&RailState>, now: DateTime<Utc>) -> Waiting {
    let rail = line.key.rail;
    if line.reason == WaitReason::FloatLow {
        return Waiting { reason: line.reason, rail, until: None };
    }
    if let Some(pause) = state.and_then(|state| state.paused(now)) {
        return Waiting { reason: WaitReason::RailPaused, rail, until: pause.until };
    }
    match state.and_then(|state| state.breaker.until()) {
        Some(until) => Waiting { reason: WaitReason::RailDown, rail, until: Some(until.max(now)) },
        None => Waiting { reason: line.reason, rail, until: Some(now) },
    }
}
