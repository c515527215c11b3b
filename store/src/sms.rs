//! How many codes that were sent to a country are used, by minutes, and countries that nothing is sent to for now.
//!
//! A code counts in the minute in which it was sent, also when it is used later, so that what was sent is compared
//! with itself. A prefix is a country code, never a number.
//!
//! Deliberately absent: what is too few, and for how long sending rests.

use chrono::{DateTime, Utc};

use crate::db::{Conn, Tx, on};
use crate::error::StoreError;

/// What became of the codes sent to one country.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conversion {
    pub sent: i64,
    pub used: i64,
}

/// A time in which nothing is sent to a country, and why.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Pause {
    pub prefix: String,
    pub since: DateTime<Utc>,
    pub until: DateTime<Utc>,
    /// What was counted when it began.
    pub sent: i64,
    pub used: i64,
}

/// Counts a code that is sent in the minute that begins at `minute`.
pub async fn count_sent(tx: &mut Tx, prefix: &str, minute: DateTime<Utc>) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO sms_conversion (prefix, window_start, sent, used) VALUES ($1, $2, 1, 0) \
                       ON CONFLICT (prefix, window_start) DO UPDATE SET sent = sms_conversion.sent + 1";
    Ok(on!(&mut tx.conn(), |c| {
        sqlx::query(SQL).bind(prefix).bind(minute).execute(&mut **c).await.map(drop)
    })?)
}

/// Counts a code as used that was sent in the minute that begins at `minute`.
pub async fn count_used(tx: &mut Tx, prefix: &str, minute: DateTime<Utc>) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE sms_conversion SET used = used + 1 WHERE prefix = $1 AND window_start = $2";
    Ok(on!(&mut tx.conn(), |c| {
        sqlx::query(SQL).bind(prefix).bind(minute).execute(&mut **c).await.map(drop)
    })?)
}

/// What became of the codes sent to `prefix` in the minutes from `from` until before `until`.
pub async fn conversion(
    conn: &mut Conn<'_>,
    prefix: &str,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Conversion, StoreError> {
    const SQL: &str = "SELECT CAST(COALESCE(SUM(sent), 0) AS BIGINT), CAST(COALESCE(SUM(used), 0) AS BIGINT) \
                       FROM sms_conversion WHERE prefix = $1 AND window_start >= $2 AND window_start < $3";
    let (sent, used): (i64, i64) =
        on!(conn, |c| { sqlx::query_as(SQL).bind(prefix).bind(from).bind(until).fetch_one(&mut **c).await })?;
    Ok(Conversion { sent, used })
}

/// Likewise of every prefix since `from`, in order of prefixes.
pub async fn conversions(
    conn: &mut Conn<'_>,
    from: DateTime<Utc>,
) -> Result<Vec<(String, Conversion)>, StoreError> {
    const SQL: &str = "SELECT prefix, CAST(SUM(sent) AS BIGINT), CAST(SUM(used) AS BIGINT) FROM sms_conversion \
                       WHERE window_start >= $1 GROUP BY prefix ORDER BY prefix";
    let rows: Vec<(String, i64, i64)> =
        on!(conn, |c| sqlx::query_as(SQL).bind(from).fetch_all(&mut **c).await)?;
    Ok(rows.into_iter().map(|(prefix, sent, used)| (prefix, Conversion { sent, used })).collect())
}

/// The last pause of `prefix`, which may be over.
pub async fn last_pause(conn: &mut Conn<'_>, prefix: &str) -> Result<Option<Pause>, StoreError> {
    const SQL: &str = "SELECT prefix, since, until, sent, used FROM sms_pauses WHERE prefix = $1";
    Ok(on!(conn, |c| sqlx::query_as(SQL).bind(prefix).fetch_optional(&mut **c).await)?)
}

/// The last pause of every prefix that ever had one, in order of prefixes.
pub async fn pauses(conn: &mut Conn<'_>) -> Result<Vec<Pause>, StoreError> {
    const SQL: &str = "SELECT prefix, since, until, sent, used FROM sms_pauses ORDER BY prefix";
    Ok(on!(conn, |c| sqlx::query_as(SQL).fetch_all(&mut **c).await)?)
}

/// Pauses a prefix that is not paused. Of any number that race, one gets `true`.
pub async fn pause(tx: &mut Tx, pause: &Pause) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO sms_pauses (prefix, since, until, sent, used) VALUES ($1, $2, $3, $4, $5) \
                       ON CONFLICT (prefix) DO UPDATE SET since = excluded.since, until = excluded.until, \
                       sent = excluded.sent, used = excluded.used WHERE sms_pauses.until <= excluded.since";
    let done = on!(&mut tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(&pause.prefix).bind(pause.since).bind(pause.until);
        let query = query.bind(pause.sent).bind(pause.used);
        query.execute(&mut **c).await.map(|done| done.rows_affected())
    })?;
    Ok(done == 1)
}

/// Deletes minutes before `before`, and says how many there were.
pub async fn purge(tx: &mut Tx, before: DateTime<Utc>) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM sms_conversion WHERE window_start < $1";
    Ok(on!(&mut tx.conn(), |c| {
        sqlx::query(SQL).bind(before).execute(&mut **c).await.map(|done| done.rows_affected())
    })?)
}
