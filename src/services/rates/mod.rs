//! Exchange rates: which are in force, who may change them, and where they are read.
//!
//! Whoever quotes takes a [`Route`] from [`route`]; the table behind it is kept in memory, read again after every
//! change made here and every few seconds for those made at other gateways. The parity of euro and franc CFA is always
//! there. Mid-rates leave this room in routes, for the domain to reckon with, and to admins.
//!
//! Deliberately absent: the arithmetic, which is the domain's.

mod change;
pub mod feed;
mod terms;

pub use change::{NewRate, Outcome, apply, set};
pub use terms::Terms;

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use domain::{Currency, CustomerRate, FxError, Pair, PairRate, RateTable, Route, Spread};
use store::rates::{self, FeedState, RateVersion};

use super::{Caller, ServiceError};
use crate::app::App;

/// How the audit log and histories name the parity that nobody set.
const TREATY: &str = "treaty";

/// The table as it was read last.
#[derive(Default)]
pub struct RateCache(tokio::sync::Mutex<Option<Kept>>);

struct Kept {
    tables: Arc<Tables>,
    read_at: Instant,
}

struct Tables {
    /// What customers get.
    quoted: Arc<RateTable>,
    /// What it costs us, however old.
    at_mid: RateTable,
    in_force: Vec<RateVersion>,
}

impl RateCache {
    /// Makes the next who asks read again. Whoever reads now has begun before and is waited for.
    pub async fn forget(&self) {
        *self.0.lock().await = None;
    }

    async fn tables(&self, app: &App) -> Result<Arc<Tables>, ServiceError> {
        let fresh = Duration::from_secs(app.config.rates.refresh_s);
        let mut kept = self.0.lock().await;
        if let Some(kept) = kept.as_ref().filter(|kept| kept.read_at.elapsed() < fresh) {
            return Ok(kept.tables.clone());
        }
        let tables = Arc::new(read(app).await?);
        *kept = Some(Kept { tables: tables.clone(), read_at: Instant::now() });
        Ok(tables)
    }
}

async fn read(app: &App) -> Result<Tables, ServiceError> {
    let mut in_force = rates::in_force(&mut app.db.read().await?.conn()).await?;
    let treaty = treaty(app)?;
    if !in_force.iter().any(|kept| kept.rate.pair == treaty.rate.pair) {
        in_force.push(treaty);
        in_force.sort_by_key(|kept| kept.rate.pair);
    }
    let pivot = app.config.rates.pivot;
    let none = CustomerRate::Spread(Spread::NONE);
    let at_mid = |rate: &PairRate| PairRate { sell: none, buy: none, max_age: None, ..rate.clone() };
    let (quoted, bare) = in_force.iter().map(|kept| (kept.rate.clone(), at_mid(&kept.rate))).unzip();
    let table = |rates: Vec<PairRate>| RateTable::new(rates, pivot).map_err(ServiceError::internal);
    Ok(Tables { quoted: Arc::new(table(quoted)?), at_mid: table(bare)?, in_force })
}

/// The parity as it is before anybody sets a spread on it: version 0.
fn treaty(app: &App) -> Result<RateVersion, ServiceError> {
    let spread = CustomerRate::Spread;
    let (sell, buy) = (spread(app.config.rates.eur_xof_sell), spread(app.config.rates.eur_xof_buy));
    let now = app.clock.now();
    let rate = PairRate::eur_xof(sell, buy, now).map_err(ServiceError::internal)?;
    Ok(RateVersion { rate, version: 0, set_by: TREATY.to_owned(), consent: None, created_at: now })
}

/// The rates that customers are quoted now.
pub async fn table(app: &App) -> Result<Arc<RateTable>, ServiceError> {
    Ok(app.rates.tables(app).await?.quoted.clone())
}

/// The way from `send` to `receive` at the customer's rates.
///
/// The inner error says why there is none: [`FxError::NoRate`], [`FxError::StaleRate`].
pub async fn route(
    app: &App,
    send: Currency,
    receive: Currency,
) -> Result<Result<Route, FxError>, ServiceError> {
    if send == receive {
        return Ok(Ok(Route::same(send)));
    }
    Ok(table(app).await?.route(send, receive, app.clock.now()))
}

/// Why a position cannot be valued now.
#[derive(Debug, thiserror::Error)]
pub enum NoMidRoute {
    /// There is no such rate: [`FxError::NoRate`].
    #[error(transparent)]
    Rate(#[from] FxError),
    /// The rates cannot be read.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// The way from `send` to `receive` at what it costs us, for revaluing a position: the last rate known, however old.
pub async fn mid_route(app: &App, send: Currency, receive: Currency) -> Result<Route, NoMidRoute> {
    let tables = app.rates.tables(app).await?;
    Ok(tables.at_mid.route(send, receive, app.clock.now())?)
}

/// A pair whose rate is too old to be quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StalePair {
    /// Which.
    pub pair: Pair,
    /// The instant of its rate.
    pub as_of: DateTime<Utc>,
    /// Since when it is not quoted.
    pub stale_since: DateTime<Utc>,
}

/// Pairs in force that are too old to be quoted, by pair; no figure of them.
pub async fn stale_pairs(app: &App) -> Result<Vec<StalePair>, ServiceError> {
    let now = app.clock.now();
    let tables = app.rates.tables(app).await?;
    let stale = tables.in_force.iter().map(|kept| &kept.rate).filter(|rate| rate.is_stale(now));
    let told = stale.map(|rate| StalePair {
        pair: rate.pair,
        as_of: rate.as_of,
        stale_since: rate.max_age.and_then(|age| rate.as_of.checked_add_signed(age)).unwrap_or(now),
    });
    Ok(told.collect())
}

/// Every rate in force, by pair. For admins only.
pub async fn in_force(app: &App, caller: &Caller) -> Result<Vec<RateVersion>, ServiceError> {
    admins_only(caller)?;
    Ok(read(app).await?.in_force)
}

/// The rate in force of a pair, as it is stored. For admins only.
pub async fn find(app: &App, caller: &Caller, pair: Pair) -> Result<RateVersion, ServiceError> {
    let all = in_force(app, caller).await?;
    all.into_iter().find(|kept| kept.rate.pair == pair).ok_or(ServiceError::NotFound)
}

/// What was in force of a pair, newest first. For admins only.
pub async fn history(
    app: &App,
    caller: &Caller,
    pair: Pair,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<RateVersion>, ServiceError> {
    admins_only(caller)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    Ok(rates::history(&mut app.db.read().await?.conn(), pair, before, limit).await?)
}

/// How the feed does; `None` when there is none.
pub async fn feed_state(app: &App, caller: &Caller) -> Result<Option<FeedState>, ServiceError> {
    admins_only(caller)?;
    if app.config.rates.feed.is_none() {
        return Ok(None);
    }
    Ok(Some(rates::feed_state(&mut app.db.read().await?.conn(), feed::NAME).await?))
}

fn admins_only(caller: &Caller) -> Result<(), ServiceError> {
    if caller.is_admin() { Ok(()) } else { Err(ServiceError::Forbidden) }
}
