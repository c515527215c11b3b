//! What came of a call: counted, and where it changes how a rail stands, written down and told.
//!
//! Measuring never fails the caller: the movement's own outcome matters more, and what could not be written shows again
//! at the next call.

use domain::{AlertKind, Breaker, Call, Movement, RailKey, RailState};
use providers::{Outcome, ProviderError};
use store::{StoreError, rails, waits};

use super::{gate, key_of};
use crate::app::App;
use crate::services::alerts::rail_down;

/// Times that a change is decided anew when others were quicker.
const TRIES: usize = 8;

/// Something was sent. What is heard of the probe closes the breaker or opens it for longer.
pub(in crate::services) async fn sent(
    app: &App,
    movement: &Movement,
    answer: Result<&Outcome, &ProviderError>,
) {
    let Some(key) = key_of(movement) else { return };
    let (call, trouble) = match answer {
        Ok(_) => (Call::Answered, String::new()),
        Err(error) => (call_of(error), error.to_string()),
    };
    let (now, terms) = (app.clock.now(), &app.config.rails.breaker);
    let (is_closed, trips) = app.rails.with(&key, |seen| {
        seen.window.sent(call, now, terms);
        (seen.is_closed, call.is_failure() && seen.window.trips(now, terms))
    });
    metrics::counter!("rail_calls_total", "rail" => key.rail.as_str(), "wallet" => key.wallet.to_string(),
        "direction" => key.direction.as_str(), "call" => call.as_str())
    .increment(1);
    if is_closed && !trips {
        return;
    }
    let next = |state: &RailState| match state.breaker {
        Breaker::Closed => trips.then(|| Breaker::opened(now, terms)),
        breaker => breaker.heard(movement.reference, call, now, terms),
    };
    change(app, &key, &trouble, next).await;
}

/// Something was asked about, which goes on whatever the breaker says.
pub(in crate::services) async fn asked(
    app: &App,
    movement: &Movement,
    answer: Result<&Outcome, &ProviderError>,
) {
    let Some(key) = key_of(movement) else { return };
    let (now, terms) = (app.clock.now(), &app.config.rails.breaker);
    let is_answered = answer.is_ok();
    let is_closed = app.rails.with(&key, |seen| {
        seen.window.asked(is_answered, now, terms);
        seen.is_closed
    });
    if !is_closed {
        change(app, &key, "", |state| state.breaker.asked(is_answered, now)).await;
    }
}

fn call_of(error: &ProviderError) -> Call {
    match error {
        ProviderError::NotSent { .. } | ProviderError::Uncertain { .. } => Call::Unanswered,
        ProviderError::Misconfigured { .. } => Call::Misconfigured,
        ProviderError::RateLimited { .. } => Call::Limited,
    }
}

async fn change(app: &App, key: &RailKey, trouble: &str, next: impl Fn(&RailState) -> Option<Breaker>) {
    if let Err(error) = changed(app, key, trouble, next).await {
        tracing::error!(error = &error as &dyn std::error::Error, rail = %key, "how a rail stands could not be written");
    }
}

async fn changed(
    app: &App,
    key: &RailKey,
    trouble: &str,
    next: impl Fn(&RailState) -> Option<Breaker>,
) -> Result<(), StoreError> {
    for _ in 0..TRIES {
        let state = rails::find(&mut app.db.read().await?.conn(), key).await?;
        app.rails.note(&state);
        let Some(breaker) = next(&state) else { return Ok(()) };
        if put(app, &state, breaker, trouble).await? {
            return Ok(());
        }
    }
    tracing::warn!(rail = %key, "others changed a rail each time");
    Ok(())
}

/// Puts the breaker in place with what follows: an alert when it opens, its end when it closes; and what waits is due when
/// the breaker says now.
async fn put(app: &App, state: &RailState, breaker: Breaker, trouble: &str) -> Result<bool, StoreError> {
    let now = app.clock.now();
    let seen = app.rails.of(&state.key).window;
    let next = RailState {
        breaker,
        version: state.version + 1,
        trouble: if trouble.is_empty() { state.trouble.clone() } else { shortened(trouble) },
        answered_at: seen.last_answered.max(state.answered_at),
        failed_at: seen.last_failed.max(state.failed_at),
        ..state.clone()
    };
    let mut tx = app.db.begin().await?;
    if !rails::put(&mut tx, &next, now).await? {
        return Ok(false);
    }
    if state.breaker.is_closed() {
        rail_down(&next).keep(app, &mut tx).await?;
    }
    if breaker.is_closed() {
        store::alerts::resolve(&mut tx, AlertKind::RailDown, &state.key.to_string(), now).await?;
    }
    let due = breaker.until().unwrap_or(now);
    waits::hasten(&mut tx, &state.key, due).await?;
    tx.commit().await?;
    app.rails.note(&next);
    tracing::warn!(rail = %state.key, from = state.breaker.as_str(), to = breaker.as_str(), trouble, "a breaker changed");
    gate::hasten(app, &state.key, due).await?;
    Ok(true)
}

/// Somebody else's words, as much of them as a row keeps.
fn shortened(words: &str) -> String {
    words.chars().filter(|letter| !letter.is_control()).take(200).collect()
}
