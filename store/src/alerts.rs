//! Alerts as stored: open once per kind and subject, counted when seen again, told when due.
//!
//! Opening is one statement over a partial unique index, so two gateways that see the same thing make one row. Who
//! tells takes the rows that are due for its transaction alone, and commits the telling with the promise of it.
//!
//! Deliberately absent: what the subjects mean, how long quiet lasts, and who is told.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{AlertId, AlertKind, Severity};
use uuid::Uuid;

use crate::db::on;
use crate::read::{FAR_FUTURE, column, word};
use crate::{Conn, StoreError, Tx};

/// Something that is wrong, as it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    pub kind: AlertKind,
    /// The same thing seen again has the same subject.
    pub subject: String,
    /// Short texts by name; nothing that names a person, and no rate or margin.
    pub facts: BTreeMap<&'static str, String>,
}

/// An alert as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    pub id: AlertId,
    pub kind: AlertKind,
    pub subject: String,
    pub severity: Severity,
    /// As of the last sighting.
    pub facts: BTreeMap<String, String>,
    /// Sightings while it was open.
    pub count: i64,
    /// How often it was told while it was open.
    pub told: i64,
    pub first_seen_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    pub last_told_at: Option<DateTime<Utc>>,
    /// When it is next to be told.
    pub tell_at: Option<DateTime<Utc>>,
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// Who acknowledged it.
    pub acknowledged_by: Option<String>,
    pub resolved_at: Option<DateTime<Utc>>,
}

/// Which alerts a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    All,
    Open,
    Resolved,
}

/// Counts a sighting: opens an alert as `id`, or counts one more of the open one. `true` when it was opened.
///
/// A new one is due to be told now, or `quiet` after the same was last told, so that what comes and goes is not told
/// each time.
pub async fn see(
    tx: &mut Tx,
    id: AlertId,
    seen: &Sighting,
    now: DateTime<Utc>,
    quiet: TimeDelta,
) -> Result<bool, StoreError> {
    const LAST: &str = "SELECT last_told_at FROM alerts WHERE kind = $1 AND subject = $2 \
         AND last_told_at IS NOT NULL ORDER BY last_told_at DESC LIMIT 1";
    const SEE: &str = "INSERT INTO alerts (id, kind, subject, severity, facts, count, told, first_seen_at, last_seen_at, tell_at) \
         VALUES ($1, $2, $3, $4, $5, 1, 0, $6, $6, $7) \
         ON CONFLICT (kind, subject) WHERE resolved_at IS NULL DO UPDATE SET count = alerts.count + 1, \
         facts = excluded.facts, last_seen_at = CASE WHEN excluded.last_seen_at > alerts.last_seen_at \
         THEN excluded.last_seen_at ELSE alerts.last_seen_at END RETURNING count";
    let last: Option<DateTime<Utc>> = on!(&mut tx.conn(), |c| {
        sqlx::query_scalar(LAST).bind(seen.kind.as_str()).bind(&seen.subject).fetch_optional(&mut **c).await
    })?;
    let tell_at = last.map_or(now, |last| now.max(last + quiet));
    let facts = serde_json::to_string(&seen.facts).unwrap_or_else(|_| "{}".into());
    let count: i64 = on!(&mut tx.conn(), |c| {
        let query = sqlx::query_scalar(SEE).bind(id.uuid()).bind(seen.kind.as_str()).bind(&seen.subject);
        let query = query.bind(seen.kind.severity().as_str()).bind(&facts).bind(now).bind(tell_at);
        query.fetch_one(&mut **c).await
    })?;
    Ok(count == 1)
}

/// Ends the open alert of this kind and subject. One that was told and not acknowledged is due to be told as over.
/// `false`: there is none.
pub async fn resolve(
    tx: &mut Tx,
    kind: AlertKind,
    subject: &str,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE alerts SET resolved_at = $3, \
         tell_at = CASE WHEN told > 0 AND acknowledged_at IS NULL THEN $3 ELSE NULL END \
         WHERE kind = $1 AND subject = $2 AND resolved_at IS NULL";
    let changed = on!(&mut tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(kind.as_str()).bind(subject).bind(now);
        query.execute(&mut **c).await.map(|done| done.rows_affected())
    })?;
    Ok(changed > 0)
}

/// Notes that `by` has seen it: it stays quiet from now on, and ends with this when `ends`. `false`: it is resolved or
/// acknowledged already, or there is none.
pub async fn acknowledge(
    tx: &mut Tx,
    id: AlertId,
    by: &str,
    ends: bool,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE alerts SET acknowledged_at = $2, acknowledged_by = $3, tell_at = NULL, resolved_at = $4 \
         WHERE id = $1 AND acknowledged_at IS NULL AND resolved_at IS NULL";
    let changed = on!(&mut tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(id.uuid()).bind(now).bind(by).bind(ends.then_some(now));
        query.execute(&mut **c).await.map(|done| done.rows_affected())
    })?;
    Ok(changed > 0)
}

/// The alert with this id.
pub async fn find(conn: &mut Conn<'_>, id: AlertId) -> Result<Option<Alert>, StoreError> {
    const SQL: &str = "SELECT * FROM alerts WHERE id = $1";
    let row: Option<AlertRow> =
        on!(conn, |c| sqlx::query_as(SQL).bind(id.uuid()).fetch_optional(&mut **c).await)?;
    row.map(Alert::try_from).transpose()
}

/// Every open alert of a kind, the oldest first.
pub async fn open(conn: &mut Conn<'_>, kind: AlertKind) -> Result<Vec<Alert>, StoreError> {
    const SQL: &str =
        "SELECT * FROM alerts WHERE kind = $1 AND resolved_at IS NULL ORDER BY first_seen_at, id";
    let rows: Vec<AlertRow> =
        on!(conn, |c| sqlx::query_as(SQL).bind(kind.as_str()).fetch_all(&mut **c).await)?;
    rows.into_iter().map(Alert::try_from).collect()
}

/// Alerts, newest first, up to `limit` of those before `before`.
pub async fn list(
    conn: &mut Conn<'_>,
    shown: Shown,
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Alert>, StoreError> {
    const ALL: &str = "SELECT * FROM alerts WHERE (first_seen_at, id) < ($1, $2) \
         ORDER BY first_seen_at DESC, id DESC LIMIT $3";
    const OPEN: &str = "SELECT * FROM alerts WHERE resolved_at IS NULL AND (first_seen_at, id) < ($1, $2) \
         ORDER BY first_seen_at DESC, id DESC LIMIT $3";
    const RESOLVED: &str = "SELECT * FROM alerts WHERE resolved_at IS NOT NULL AND (first_seen_at, id) < ($1, $2) \
         ORDER BY first_seen_at DESC, id DESC LIMIT $3";
    let sql = match shown {
        Shown::All => ALL,
        Shown::Open => OPEN,
        Shown::Resolved => RESOLVED,
    };
    let (at, id) = before.unwrap_or((FAR_FUTURE, Uuid::max()));
    let rows: Vec<AlertRow> =
        on!(conn, |c| sqlx::query_as(sql).bind(at).bind(id).bind(limit).fetch_all(&mut **c).await)?;
    rows.into_iter().map(Alert::try_from).collect()
}

/// Whether something is due to be told.
pub async fn is_due(conn: &mut Conn<'_>, now: DateTime<Utc>) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT 1 FROM alerts WHERE tell_at IS NOT NULL AND tell_at <= $1 LIMIT 1";
    let found: Option<i32> = on!(conn, |c| sqlx::query_scalar(SQL).bind(now).fetch_optional(&mut **c).await)?;
    Ok(found.is_some())
}

/// What is due to be told, the longest due first, up to `limit`: this transaction's alone until it ends.
pub async fn due(tx: &mut Tx, now: DateTime<Utc>, limit: i64) -> Result<Vec<Alert>, StoreError> {
    const SQLITE: &str = "SELECT * FROM alerts WHERE tell_at IS NOT NULL AND tell_at <= $1 \
         ORDER BY tell_at, id LIMIT $2";
    const POSTGRES: &str = "SELECT * FROM alerts WHERE tell_at IS NOT NULL AND tell_at <= $1 \
         ORDER BY tell_at, id LIMIT $2 FOR UPDATE SKIP LOCKED";
    let rows: Vec<AlertRow> = match tx.conn() {
        Conn::Sqlite(c) => sqlx::query_as(SQLITE).bind(now).bind(limit).fetch_all(&mut *c).await?,
        Conn::Postgres(c) => sqlx::query_as(POSTGRES).bind(now).bind(limit).fetch_all(&mut *c).await?,
    };
    rows.into_iter().map(Alert::try_from).collect()
}

/// Notes that an open alert is told, and when it is told again if it is still open then.
pub async fn told(
    tx: &mut Tx,
    id: AlertId,
    now: DateTime<Utc>,
    again_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE alerts SET told = told + 1, last_told_at = $2, tell_at = $3 WHERE id = $1";
    on!(&mut tx.conn(), |c| {
        sqlx::query(SQL).bind(id.uuid()).bind(now).bind(again_at).execute(&mut **c).await.map(drop)
    })?;
    Ok(())
}

/// Notes that the end of an alert is told, which happens once.
pub async fn told_over(tx: &mut Tx, id: AlertId) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE alerts SET tell_at = NULL WHERE id = $1";
    on!(&mut tx.conn(), |c| sqlx::query(SQL).bind(id.uuid()).execute(&mut **c).await.map(drop))?;
    Ok(())
}

/// How many alerts of each kind are open.
pub async fn count_open(conn: &mut Conn<'_>) -> Result<Vec<(String, i64)>, StoreError> {
    const SQL: &str =
        "SELECT kind, COUNT(*) FROM alerts WHERE resolved_at IS NULL GROUP BY kind ORDER BY kind";
    Ok(on!(conn, |c| sqlx::query_as(SQL).fetch_all(&mut **c).await)?)
}

/// Deletes alerts that were resolved before `before`, and says how many there were.
pub async fn purge(tx: &mut Tx, before: DateTime<Utc>) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM alerts WHERE resolved_at < $1 AND tell_at IS NULL";
    Ok(on!(&mut tx.conn(), |c| {
        sqlx::query(SQL).bind(before).execute(&mut **c).await.map(|done| done.rows_affected())
    })?)
}

#[derive(sqlx::FromRow)]
struct AlertRow {
    id: Uuid,
    kind: String,
    subject: String,
    severity: String,
    facts: String,
    count: i64,
    told: i64,
    first_seen_at: DateTime<Utc>,
    last_seen_at: DateTime<Utc>,
    last_told_at: Option<DateTime<Utc>>,
    tell_at: Option<DateTime<Utc>>,
    acknowledged_at: Option<DateTime<Utc>>,
    acknowledged_by: Option<String>,
    resolved_at: Option<DateTime<Utc>>,
}

impl TryFrom<AlertRow> for Alert {
    type Error = StoreError;

    fn try_from(row: AlertRow) -> Result<Alert, StoreError> {
        let what = ("alert", row.id);
        Ok(Alert {
            id: AlertId::from_uuid(row.id),
            kind: word(what, &row.kind)?,
            subject: row.subject,
            severity: word(what, &row.severity)?,
            facts: column(what, serde_json::from_str(&row.facts))?,
            count: row.count,
            told: row.told,
            first_seen_at: row.first_seen_at,
            last_seen_at: row.last_seen_at,
            last_told_at: row.last_told_at,
            tell_at: row.tell_at,
            acknowledged_at: row.acknowledged_at,
            acknowledged_by: row.acknowledged_by,
            resolved_at: row.resolved_at,
        })
    }
}
