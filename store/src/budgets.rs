//! Durable counters with a ceiling: how many messages a number, a prefix or the house may cost in a window.
//!
//! Spending is one statement, so a ceiling holds however many spend at once and at however many gateways.
//! A scope is a blind index or a prefix, never a number. What was spent is not given back.

use chrono::{DateTime, Utc};

use crate::db::{Conn, Tx, on};
use crate::error::StoreError;

/// Spends one of `scope`'s budget in the window that began at `window_start`. `false`: `ceiling` is reached,
/// and nothing was counted.
pub async fn spend(
    tx: &mut Tx,
    scope: &str,
    window_start: DateTime<Utc>,
    ceiling: i64,
) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO budgets (scope, window_start, used) VALUES ($1, $2, 1) \
                       ON CONFLICT (scope, window_start) DO UPDATE SET used = budgets.used + 1 \
                       WHERE budgets.used < $3";
    if ceiling < 1 {
        return Ok(false);
    }
    let done = on!(&mut tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(scope).bind(window_start).bind(ceiling);
        query.execute(&mut **c).await.map(|done| done.rows_affected())
    })?;
    Ok(done == 1)
}

/// How much of `scope`'s budget is spent in that window.
pub async fn used(conn: &mut Conn<'_>, scope: &str, window_start: DateTime<Utc>) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT used FROM budgets WHERE scope = $1 AND window_start = $2";
    let used: Option<i64> =
        on!(conn, |c| sqlx::query_scalar(SQL).bind(scope).bind(window_start).fetch_optional(&mut **c).await)?;
    Ok(used.unwrap_or(0))
}

/// Deletes windows that began before `before`, and says how many there were.
pub async fn purge(tx: &mut Tx, before: DateTime<Utc>) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM budgets WHERE window_start < $1";
    Ok(on!(&mut tx.conn(), |c| {
        sqlx::query(SQL).bind(before).execute(&mut **c).await.map(|done| done.rows_affected())
    })?)
}
