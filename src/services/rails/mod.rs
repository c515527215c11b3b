//! The health of our wallets at their providers: measured from what is really sent, kept in the book when it changes.
//!
//! Before something new is sent its way is asked for ([`gate`]): paused or down, it waits in line and says so. What
//! came of it is counted ([`measure`]), and a breaker opens, probes and closes by the rules of [`domain::breaker`].
//! Every gateway reads the same rows, so a pause and an open breaker hold for all, also after a restart; counts are
//! each gateway's own.
//!
//! Deliberately absent: asking, callbacks and closing. They move nothing new, and go on whatever stands here.

mod drift;
mod gate;
mod health;
mod measure;
mod overview;
mod pause;
mod quoting;
mod told;

use std::collections::HashMap;
use std::sync::Mutex;

use domain::transfer::Lane;
use domain::{CallWindow, Direction, Movement, Rail, RailKey, RailState, Wallet};
use providers::{Capabilities, OperationKind};

use crate::app::App;
use crate::services::alerts::TELL;

pub(in crate::services) use drift::stop_payouts;
pub(in crate::services) use gate::{admit, obstacle};
pub use health::{RailHealth, gauge, healths};
pub(in crate::services) use measure::{asked, sent};
pub use overview::{FloatView, Overview, Side, overview};
pub use pause::{Ask, pause, resume};
pub use quoting::Unavailable;
pub(in crate::services) use quoting::delay;
pub use told::{Waiting, of_transfers};

/// What this gateway saw of each way.
#[derive(Debug, Default)]
pub struct RailParts {
    seen: Mutex<HashMap<RailKey, Seen>>,
}

/// Of one way: counts since the row was last changed by anybody.
#[derive(Clone, Debug, Default)]
struct Seen {
    version: i64,
    is_closed: bool,
    window: CallWindow,
}

impl RailParts {
    /// What was seen of this way.
    fn of(&self, key: &RailKey) -> Seen {
        self.lock().get(key).cloned().unwrap_or(Seen { is_closed: true, ..Seen::default() })
    }

    /// Looks at it, or changes it.
    fn with<T>(&self, key: &RailKey, look: impl FnOnce(&mut Seen) -> T) -> T {
        let mut seen = self.lock();
        look(seen.entry(key.clone()).or_insert_with(|| Seen { is_closed: true, ..Seen::default() }))
    }

    /// Takes note of the row as it stands: what was counted before another state has had its effect.
    fn note(&self, state: &RailState) {
        self.with(&state.key, |seen| {
            if seen.version < state.version {
                let last = (seen.window.last_answered, seen.window.last_failed);
                seen.window = CallWindow::default();
                (seen.window.last_answered, seen.window.last_failed) = last;
            }
            seen.version = state.version.max(seen.version);
            seen.is_closed = state.breaker.is_closed();
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<RailKey, Seen>> {
        self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The way that a movement goes; `None` for what never leaves our books.
fn key_of(movement: &Movement) -> Option<RailKey> {
    movement.rail.provider()?;
    let direction = movement.kind.direction();
    Some(RailKey { rail: movement.rail, wallet: movement.wallet.clone(), direction })
}

/// After a change: who dispatches, who sends, and who tells.
fn wake(app: &App, key: &RailKey) {
    let provider = key.rail.provider().map_or(Lane::Internal, Lane::Provider);
    for lane in [Lane::Internal.as_str(), provider.as_str(), TELL] {
        app.wakes.lane(lane).notify_one();
    }
}

/// Every way of a rail that is configured: of one wallet, or of all.
fn ways(app: &App, rail: Rail, wallet: Option<&Wallet>) -> Vec<RailKey> {
    let Some(provider) = rail.provider() else { return vec![] };
    let all = app.providers.wallets(provider).map(|entry| entry.capabilities());
    let named =
        all.filter(|able| able.rails.contains(&rail) && wallet.is_none_or(|name| able.wallet == *name));
    let of = |able: &Capabilities| {
        let directions = Direction::ALL.iter().filter(|direction| goes(able, **direction));
        let key =
            |direction: &Direction| RailKey { rail, wallet: able.wallet.clone(), direction: *direction };
        directions.map(key).collect::<Vec<_>>()
    };
    named.flat_map(of).collect()
}

/// Whether a wallet can do anything in this direction.
fn goes(able: &Capabilities, direction: Direction) -> bool {
    match direction {
        Direction::Collect => able.supports(OperationKind::Collect),
        Direction::Disburse => able.supports(OperationKind::Disburse) || able.supports(OperationKind::Refund),
    }
}
