//! Rates: every one that ever was in force, and which one is.
//!
//! A pair is kept under one name for both directions, and its rates are counted. Putting the next one in force is
//! conditional on the count that it was decided over, so of any number who race, on any gateway, one wins. Nothing is
//! changed or deleted.
//!
//! Deliberately absent: which rates are allowed, and who has to agree.

mod feed;
mod row;

pub use feed::{FeedState, feed_failed, feed_state, feed_succeeded};

use chrono::{DateTime, Utc};
use domain::{ApprovalId, Pair, PairRate, UserId};

use crate::db::{Conn, Tx, on};
use crate::error::StoreError;
use row::{RateRow, outright, spread};

/// A rate, and how it came into force. For admins only.
#[derive(Clone, Debug, PartialEq)]
pub struct RateVersion {
    /// The rate itself.
    pub rate: PairRate,
    /// Which of its pair's rates it is, from 1.
    pub version: i64,
    /// A user's id, or the part of the house that set it.
    pub set_by: String,
    /// By whose consent, if it took one.
    pub consent: Option<(ApprovalId, UserId)>,
    /// Since when it is in force.
    pub created_at: DateTime<Utc>,
}

/// The name of a pair in either direction: its codes in alphabetical order.
fn name(pair: Pair) -> String {
    let mut codes = [pair.base.code(), pair.quote.code()];
    codes.sort_unstable();
    codes.join("/")
}

/// Puts `new` in force, if `new.version` is the next one of its pair. `false`: another was quicker, nothing is written.
pub async fn put(tx: &mut Tx, new: &RateVersion) -> Result<bool, StoreError> {
    Ok(take_version(tx, new).await? && insert(tx, new).await?)
}

async fn take_version(tx: &mut Tx, new: &RateVersion) -> Result<bool, StoreError> {
    const FIRST: &str =
        "INSERT INTO rate_pairs (pair, version) VALUES ($1, $2) ON CONFLICT (pair) DO NOTHING";
    const NEXT: &str = "UPDATE rate_pairs SET version = $2 WHERE pair = $1 AND version = $2 - 1";
    let sql = if new.version == 1 { FIRST } else { NEXT };
    let done = on!(&mut tx.conn(), |c| {
        let query = sqlx::query(sql).bind(name(new.rate.pair)).bind(new.version);
        query.execute(&mut **c).await.map(|done| done.rows_affected())
    })?;
    Ok(done == 1)
}

async fn insert(tx: &mut Tx, new: &RateVersion) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO rates (pair, version, base, quote, mid, sell_rate, sell_spread_bps, buy_rate, \
         buy_spread_bps, source, as_of, max_age_s, set_by, approval_id, approved_by, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) \
         ON CONFLICT (pair, version) DO NOTHING";
    let rate = &new.rate;
    let done = on!(&mut tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(name(rate.pair)).bind(new.version);
        let query = query.bind(rate.pair.base.code()).bind(rate.pair.quote.code()).bind(rate.mid.to_string());
        let query = query.bind(outright(rate.sell)).bind(spread(rate.sell));
        let query = query.bind(outright(rate.buy)).bind(spread(rate.buy)).bind(&rate.source).bind(rate.as_of);
        let query = query.bind(rate.max_age.map(|age| age.num_seconds())).bind(&new.set_by);
        let query = query.bind(new.consent.map(|(approval, _)| approval.uuid()));
        let query = query.bind(new.consent.map(|(_, user)| user.uuid())).bind(new.created_at);
        query.execute(&mut **c).await.map(|done| done.rows_affected())
    })?;
    Ok(done == 1)
}

/// Holds the pair as it was seen until this transaction ends, so that what is proposed over it is over what is in
/// force. `false`: it was changed since. A pair without a rate cannot be held.
pub async fn hold(tx: &mut Tx, pair: Pair, version: i64) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE rate_pairs SET version = version WHERE pair = $1 AND version = $2";
    let done = on!(&mut tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(name(pair)).bind(version);
        query.execute(&mut **c).await.map(|done| done.rows_affected())
    })?;
    Ok(done == 1 || version == 0)
}

/// Every rate in force, by pair.
pub async fn in_force(conn: &mut Conn<'_>) -> Result<Vec<RateVersion>, StoreError> {
    const SQL: &str = "SELECT r.* FROM rate_pairs p JOIN rates r ON r.pair = p.pair AND r.version = p.version \
                       ORDER BY r.base, r.quote";
    let rows: Vec<RateRow> = on!(conn, |c| sqlx::query_as(SQL).fetch_all(&mut **c).await)?;
    rows.into_iter().map(RateVersion::try_from).collect()
}

/// The rate in force of these two currencies, in the direction that it is stored in.
pub async fn find(conn: &mut Conn<'_>, pair: Pair) -> Result<Option<RateVersion>, StoreError> {
    const SQL: &str = "SELECT r.* FROM rate_pairs p JOIN rates r ON r.pair = p.pair AND r.version = p.version \
                       WHERE p.pair = $1";
    let row: Option<RateRow> =
        on!(conn, |c| sqlx::query_as(SQL).bind(name(pair)).fetch_optional(&mut **c).await)?;
    row.map(RateVersion::try_from).transpose()
}

/// What a step is measured from beside the rate in force, so that many small steps are not a large one: the newest
/// rate that two people agreed to, that was the first, or that is from before `since`.
pub async fn anchor(
    conn: &mut Conn<'_>,
    pair: Pair,
    since: DateTime<Utc>,
) -> Result<Option<RateVersion>, StoreError> {
    const SQL: &str = "SELECT * FROM rates WHERE pair = $1 \
                       AND (version = 1 OR approval_id IS NOT NULL OR created_at <= $2) \
                       ORDER BY version DESC LIMIT 1";
    let row: Option<RateRow> =
        on!(conn, |c| sqlx::query_as(SQL).bind(name(pair)).bind(since).fetch_optional(&mut **c).await)?;
    row.map(RateVersion::try_from).transpose()
}

/// Rates of a pair, newest first: at most `limit` of those before the version `before`.
pub async fn history(
    conn: &mut Conn<'_>,
    pair: Pair,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<RateVersion>, StoreError> {
    const SQL: &str = "SELECT * FROM rates WHERE pair = $1 AND version < $2 ORDER BY version DESC LIMIT $3";
    let before = before.unwrap_or(i64::MAX);
    let rows: Vec<RateRow> = on!(conn, |c| {
        sqlx::query_as(SQL).bind(name(pair)).bind(before).bind(limit).fetch_all(&mut **c).await
    })?;
    rows.into_iter().map(RateVersion::try_from).collect()
}
