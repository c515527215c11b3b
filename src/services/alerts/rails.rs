//! Rails that are down or paused: raised with the change that makes them so, and over when a check finds them well.

use domain::{AlertKind, Pause, RailState};
use store::StoreError;

use super::checks::Found;
use super::raise::Seen;
use crate::app::App;

/// Nothing is sent this way for now, because it is not answered.
pub(in crate::services) fn rail_down(state: &RailState) -> Seen {
    let seen = about(AlertKind::RailDown, state).with("reason", &state.trouble);
    match (state.breaker.since(), state.breaker.until()) {
        (Some(since), Some(until)) => {
            seen.with("since", since.to_rfc3339()).with("until", until.to_rfc3339())
        }
        _ => seen,
    }
}

/// Nothing is sent this way before somebody says so, or before `until`.
pub(in crate::services) fn rail_paused(state: &RailState, pause: &Pause) -> Seen {
    let seen = about(AlertKind::RailPaused, state).with("by", &pause.by).with("reason", &pause.reason);
    let seen = seen.with("since", pause.at.to_rfc3339());
    match pause.until {
        Some(until) => seen.with("until", until.to_rfc3339()),
        None => seen,
    }
}

fn about(kind: AlertKind, state: &RailState) -> Seen {
    let seen = Seen::new(kind, state.key.to_string()).with("rail", state.key.rail);
    seen.with("wallet", &state.key.wallet).with("direction", state.key.direction)
}

/// Both kinds, as the book has them now.
pub(super) async fn found(app: &App) -> Result<[Found; 2], StoreError> {
    let states = store::rails::all(&mut app.db.read().await?.conn()).await?;
    let now = app.clock.now();
    let down = states.iter().filter(|state| !state.breaker.is_closed()).map(rail_down);
    let paused = states.iter().filter_map(|state| state.paused(now).map(|pause| rail_paused(state, pause)));
    Ok([Found::all(AlertKind::RailDown, down.collect()), Found::all(AlertKind::RailPaused, paused.collect())])
}
