//! How the rate feed does: kept until it is well again, so that a failure stays visible.

use chrono::{DateTime, Utc};

use crate::db::{Conn, Tx, on};
use crate::error::StoreError;

/// A feed as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct FeedState {
    /// Failed readings since the last good one.
    pub failures: i64,
    /// The last good one.
    pub succeeded_at: Option<DateTime<Utc>>,
    /// The last failed one.
    pub failed_at: Option<DateTime<Utc>>,
    /// What went wrong then, in our words; none after a good one.
    pub last_error: Option<String>,
}

/// Notes a good reading.
pub async fn feed_succeeded(tx: &mut Tx, name: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO rate_feeds (name, failures, succeeded_at) VALUES ($1, 0, $2) \
                       ON CONFLICT (name) DO UPDATE SET failures = 0, succeeded_at = $2, last_error = NULL";
    Ok(on!(&mut tx.conn(), |c| sqlx::query(SQL).bind(name).bind(now).execute(&mut **c).await.map(drop))?)
}

/// Counts a failed reading, and says how many there were in a row.
pub async fn feed_failed(
    tx: &mut Tx,
    name: &str,
    error: &str,
    now: DateTime<Utc>,
) -> Result<i64, StoreError> {
    const SQL: &str = "INSERT INTO rate_feeds (name, failures, failed_at, last_error) VALUES ($1, 1, $2, $3) \
                       ON CONFLICT (name) DO UPDATE SET failures = rate_feeds.failures + 1, failed_at = $2, \
                       last_error = $3 RETURNING failures";
    Ok(on!(&mut tx.conn(), |c| {
        sqlx::query_scalar(SQL).bind(name).bind(now).bind(error).fetch_one(&mut **c).await
    })?)
}

/// The feed as it stands; one that was never read has never failed.
pub async fn feed_state(conn: &mut Conn<'_>, name: &str) -> Result<FeedState, StoreError> {
    const SQL: &str = "SELECT failures, succeeded_at, failed_at, last_error FROM rate_feeds WHERE name = $1";
    let state: Option<FeedState> =
        on!(conn, |c| sqlx::query_as(SQL).bind(name).fetch_optional(&mut **c).await)?;
    Ok(state.unwrap_or_default())
}
