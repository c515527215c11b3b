//! Pausing a rail by hand, and resuming it: in the book before the answer, so that it holds at every gateway at once.

use chrono::{DateTime, Utc};
use domain::{AlertKind, Direction, Pause, Rail, RailKey, RailState, Wallet};
use serde_json::json;
use store::audit::AuditEntry;
use store::idempotency::{self, Claimed};
use store::{StoreError, Tx, rails, waits};

use super::{gate, wake, ways};
use crate::app::App;
use crate::services::alerts::rail_paused;
use crate::services::transfers::{self, Stored};
use crate::services::{Caller, IdempotencyKey, ServiceError};

/// Times that it is done anew when a breaker changed meanwhile.
const TRIES: usize = 16;

/// What an admin stops, or lets go on.
#[derive(Clone, Debug)]
pub struct Ask {
    pub rail: Rail,
    /// All of the rail's when absent.
    pub wallet: Option<Wallet>,
    /// Both when absent.
    pub direction: Option<Direction>,
    /// For staff and for the audit trail; names nobody.
    pub reason: String,
    /// When a pause ends by itself.
    pub until: Option<DateTime<Utc>>,
}

/// Stops new movements: what is to be paid waits, nothing is quoted. Pausing again says another reason and end.
///
/// Errors: `not_found` for a rail that is not configured; `invalid_value` for a wallet or direction that it lacks, and
/// for an end that is past.
pub async fn pause(
    app: &App,
    caller: &Caller,
    key: IdempotencyKey,
    ask: Ask,
    render: impl Fn(&[RailState]) -> Vec<u8>,
) -> Result<Stored, ServiceError> {
    if ask.until.is_some_and(|until| until <= app.clock.now()) {
        return replayed(app, key, ServiceError::field("/until", "invalid_value")).await;
    }
    let (by, reason, until) = (caller.actor(), ask.reason.clone(), ask.until);
    let next = move |state: &RailState, now: DateTime<Utc>| {
        let pause = Pause { by: by.clone(), at: now, reason: reason.clone(), until };
        Some(RailState { pause: Some(pause), ..state.clone() })
    };
    act(app, caller, key, &ask, ("rail.pause", next), render).await
}

/// Ends a pause; what waited for it goes. What was not paused stays as it is.
pub async fn resume(
    app: &App,
    caller: &Caller,
    key: IdempotencyKey,
    ask: Ask,
    render: impl Fn(&[RailState]) -> Vec<u8>,
) -> Result<Stored, ServiceError> {
    let next = |state: &RailState, now: DateTime<Utc>| {
        state.pause.as_ref()?;
        Some(RailState { pause: None, resumed_at: Some(now), ..state.clone() })
    };
    act(app, caller, key, &ask, ("rail.resume", next), render).await
}

/// The same key gets the same answer, whatever would be said now.
async fn replayed(app: &App, key: IdempotencyKey, refused: ServiceError) -> Result<Stored, ServiceError> {
    transfers::replay(app, key).await?.ok_or(refused)
}

async fn act(
    app: &App,
    caller: &Caller,
    key: IdempotencyKey,
    ask: &Ask,
    (action, next): (&'static str, impl Fn(&RailState, DateTime<Utc>) -> Option<RailState>),
    render: impl Fn(&[RailState]) -> Vec<u8>,
) -> Result<Stored, ServiceError> {
    if !caller.is_admin() {
        return Err(ServiceError::Forbidden);
    }
    let ways = match asked_for(app, ask) {
        Ok(ways) => ways,
        Err(refused) => return replayed(app, key, refused).await,
    };
    for _ in 0..TRIES {
        if let Some(stored) = transfers::replay(app, key).await? {
            return Ok(stored);
        }
        let now = app.clock.now();
        let mut tx = app.db.begin().await?;
        let Some(states) = put_all(app, &mut tx, &ways, &next, now).await? else { continue };
        store::audit::record(&mut tx, trace(caller, action, ask, &ways), now).await?;
        let body = render(&states);
        match idempotency::claim(&mut tx, &transfers::claim(app, key, 200, None, &body), now).await? {
            Claimed::New => {}
            Claimed::Replayed(answer) => return Ok(transfers::stored(app, key, answer)?),
            Claimed::Reused => return Err(ServiceError::Refused { code: "idempotency_key_reused" }),
        }
        tx.commit().await?;
        told(app, &states, now).await;
        return Ok(Stored { status: 200, location: None, body, replayed: false });
    }
    Err(ServiceError::Conflict { code: "changed_meanwhile" })
}

/// Every way that is meant.
fn asked_for(app: &App, ask: &Ask) -> Result<Vec<RailKey>, ServiceError> {
    if ways(app, ask.rail, None).is_empty() {
        return Err(ServiceError::NotFound);
    }
    let mut asked = ways(app, ask.rail, ask.wallet.as_ref());
    if asked.is_empty() {
        return Err(ServiceError::field("/wallet", "invalid_value"));
    }
    asked.retain(|way| ask.direction.is_none_or(|direction| way.direction == direction));
    match asked.is_empty() {
        true => Err(ServiceError::field("/direction", "invalid_value")),
        false => Ok(asked),
    }
}

/// All of them or, when another was quicker anywhere, `None`.
async fn put_all(
    app: &App,
    tx: &mut Tx,
    ways: &[RailKey],
    next: impl Fn(&RailState, DateTime<Utc>) -> Option<RailState>,
    now: DateTime<Utc>,
) -> Result<Option<Vec<RailState>>, StoreError> {
    let mut states = Vec::with_capacity(ways.len());
    for way in ways {
        let state = rails::find(&mut tx.conn(), way).await?;
        let Some(mut changed) = next(&state, now) else {
            states.push(state);
            continue;
        };
        changed.version = state.version + 1;
        if !put(app, tx, &changed, now).await? {
            return Ok(None);
        }
        states.push(changed);
    }
    Ok(Some(states))
}

/// Puts one in place, with its alert: raised while it is paused, over when it is not, and then what waited is due.
pub(super) async fn put(
    app: &App,
    tx: &mut Tx,
    state: &RailState,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    if !rails::put(tx, state, now).await? {
        return Ok(false);
    }
    match &state.pause {
        Some(pause) => {
            rail_paused(state, pause).keep(app, tx).await?;
        }
        None => {
            store::alerts::resolve(tx, AlertKind::RailPaused, &state.key.to_string(), now).await?;
            waits::hasten(tx, &state.key, now).await?;
        }
    }
    Ok(true)
}

fn trace(caller: &Caller, action: &'static str, ask: &Ask, ways: &[RailKey]) -> AuditEntry {
    let ways: Vec<String> = ways.iter().map(RailKey::to_string).collect();
    let detail = json!({
        "ways": ways,
        "reason": ask.reason,
        "until": ask.until.map(|until| until.to_rfc3339()),
    });
    AuditEntry { actor: caller.actor(), action, object: ask.rail.to_string(), detail }
}

/// After the commit: whoever tells, and whoever has something to send.
pub(super) async fn told(app: &App, states: &[RailState], now: DateTime<Utc>) {
    for state in states {
        app.rails.note(state);
        if state.pause.is_none()
            && let Err(error) = gate::hasten(app, &state.key, now).await
        {
            tracing::warn!(error = &error as &dyn std::error::Error, rail = %state.key, "what waited may wait for some minutes more");
        }
        wake(app, &state.key);
    }
}
