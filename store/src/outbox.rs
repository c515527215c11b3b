//! The outbox: promises that committed with the state that caused them, kept at least once.
//!
//! A worker claims with a lease, and `attempts` is the fencing token: whoever finishes must name the attempt it
//! claimed, so a worker that slept through its lease changes nothing.

use chrono::{DateTime, Utc};
use domain::PromiseId;
use uuid::Uuid;

use crate::db::on;
use crate::rows::OutboxRow;
use crate::writer::NewPromise;
use crate::{Conn, StoreError, Tx};

/// A promise that this worker holds until `leased_until`.
#[derive(Clone, Debug)]
pub struct Claimed {
    pub id: PromiseId,
    pub kind: String,
    pub subject: Uuid,
    pub lane: String,
    pub payload: Option<Vec<u8>>,
    /// 1 for the first attempt; the fencing token.
    pub attempt: i64,
    /// The last attempt never said how it ended: what it was to send may have left.
    pub was_interrupted: bool,
    /// What the last attempt ended with, when it did not end well.
    pub last_error: Option<String>,
    pub created_at: DateTime<Utc>,
}

/// A promise that waits, for the admin's list.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub id: PromiseId,
    pub kind: String,
    pub subject: Uuid,
    pub lane: String,
    pub due_at: DateTime<Utc>,
    pub attempts: i64,
    pub leased_until: Option<DateTime<Utc>>,
    pub last_error: Option<String>,
    pub created_at: DateTime<Utc>,
}

/// Adds a promise to a transaction that writes no value; the writer adds those of changes.
pub async fn add(tx: &mut Tx, promise: &NewPromise, now: DateTime<Utc>) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO outbox (id, kind, subject, lane, payload, due_at, attempts, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, 0, $7)";
    on!(tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(promise.id).bind(&promise.kind).bind(promise.subject);
        let query = query.bind(&promise.lane).bind(&promise.payload).bind(promise.due_at).bind(now);
        query.execute(&mut *c).await.map(|_| ())
    })?;
    Ok(())
}

/// Claims up to `limit` promises of a lane that are due at `now`. Others skip them for `lease_s` seconds.
///
/// Leases run by the database's own clock: gateways whose clocks differ, or are moved, agree on when one ends.
pub async fn claim(
    tx: &mut Tx,
    lane: &str,
    now: DateTime<Utc>,
    lease_s: i64,
    limit: i64,
) -> Result<Vec<Claimed>, StoreError> {
    const SQLITE: &str = "UPDATE outbox SET attempts = attempts + 1, \
         leased_until = strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now', '+' || $3 || ' seconds'), \
         last_error = CASE WHEN leased_until IS NULL THEN last_error ELSE 'interrupted' END WHERE id IN \
         (SELECT id FROM outbox WHERE lane = $1 AND due_at <= $2 AND done_at IS NULL \
          AND (leased_until IS NULL OR leased_until <= strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')) \
          ORDER BY due_at, id LIMIT $4) RETURNING *";
    const POSTGRES: &str = "UPDATE outbox SET attempts = attempts + 1, \
         leased_until = clock_timestamp() + make_interval(secs => $3), \
         last_error = CASE WHEN leased_until IS NULL THEN last_error ELSE 'interrupted' END WHERE id IN \
         (SELECT id FROM outbox WHERE lane = $1 AND due_at <= $2 AND done_at IS NULL \
          AND (leased_until IS NULL OR leased_until <= clock_timestamp()) \
          ORDER BY due_at, id LIMIT $4 FOR UPDATE SKIP LOCKED) RETURNING *";
    let rows: Vec<OutboxRow> = match tx.conn() {
        Conn::Sqlite(c) => {
            let query = sqlx::query_as(SQLITE).bind(lane).bind(now).bind(lease_s).bind(limit);
            query.fetch_all(&mut *c).await?
        }
        Conn::Postgres(c) => {
            let lease_s = f64::from(i32::try_from(lease_s).unwrap_or(i32::MAX));
            let query = sqlx::query_as(POSTGRES).bind(lane).bind(now).bind(lease_s).bind(limit);
            query.fetch_all(&mut *c).await?
        }
    };
    Ok(rows.into_iter().map(Claimed::from).collect())
}

/// Makes a waiting promise due at `due` at the latest: a callback came and we want to ask now rather than later.
pub async fn hasten(tx: &mut Tx, kind: &str, subject: Uuid, due: DateTime<Utc>) -> Result<bool, StoreError> {
    const SQL: &str =
        "UPDATE outbox SET due_at = $3 WHERE subject = $2 AND kind = $1 AND done_at IS NULL AND due_at > $3";
    let changed = on!(tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(kind).bind(subject).bind(due);
        query.execute(&mut *c).await.map(|done| done.rows_affected())
    })?;
    Ok(changed > 0)
}

/// What waits, the earliest due first, after a place in the list.
pub async fn waiting(
    conn: &mut Conn<'_>,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Waiting>, StoreError> {
    const SQL: &str = "SELECT * FROM outbox WHERE done_at IS NULL AND (due_at, id) > ($1, $2) \
         ORDER BY due_at, id LIMIT $3";
    let (at, id) = after.unwrap_or((DateTime::UNIX_EPOCH, Uuid::nil()));
    let rows: Vec<OutboxRow> =
        on!(conn, |c| sqlx::query_as(SQL).bind(at).bind(id).bind(limit).fetch_all(&mut **c).await)?;
    Ok(rows.into_iter().map(Waiting::from).collect())
}

/// Whether a lane has something to claim.
pub async fn is_due(conn: &mut Conn<'_>, lane: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
    const SQLITE: &str = "SELECT 1 FROM outbox WHERE lane = $1 AND due_at <= $2 AND done_at IS NULL \
         AND (leased_until IS NULL OR leased_until <= strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')) LIMIT 1";
    const POSTGRES: &str = "SELECT 1 FROM outbox WHERE lane = $1 AND due_at <= $2 AND done_at IS NULL \
         AND (leased_until IS NULL OR leased_until <= clock_timestamp()) LIMIT 1";
    let found: Option<i32> = match conn {
        Conn::Sqlite(c) => sqlx::query_scalar(SQLITE).bind(lane).bind(now).fetch_optional(&mut **c).await?,
        Conn::Postgres(c) => {
            sqlx::query_scalar(POSTGRES).bind(lane).bind(now).fetch_optional(&mut **c).await?
        }
    };
    Ok(found.is_some())
}

/// A lane of which nobody takes what is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overdue {
    pub lane: String,
    pub count: i64,
    /// When the first of them was due.
    pub since: DateTime<Utc>,
}

/// Lanes with promises that were due before `before` and that no worker holds or has put back.
pub async fn overdue(conn: &mut Conn<'_>, before: DateTime<Utc>) -> Result<Vec<Overdue>, StoreError> {
    const SQL: &str = "SELECT lane, COUNT(*), MIN(due_at) FROM outbox \
         WHERE done_at IS NULL AND due_at < $1 GROUP BY lane ORDER BY lane";
    let rows: Vec<(String, i64, DateTime<Utc>)> =
        on!(conn, |c| sqlx::query_as(SQL).bind(before).fetch_all(&mut **c).await)?;
    Ok(rows.into_iter().map(|(lane, count, since)| Overdue { lane, count, since }).collect())
}

/// How many promises wait.
pub async fn count_waiting(conn: &mut Conn<'_>) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM outbox WHERE done_at IS NULL";
    Ok(on!(conn, |c| sqlx::query_scalar(SQL).fetch_one(&mut **c).await)?)
}

impl From<OutboxRow> for Claimed {
    fn from(row: OutboxRow) -> Claimed {
        Claimed {
            id: PromiseId::from_uuid(row.id),
            kind: row.kind,
            subject: row.subject,
            lane: row.lane,
            payload: row.payload,
            attempt: row.attempts,
            was_interrupted: row.last_error.as_deref() == Some("interrupted"),
            last_error: row.last_error,
            created_at: row.created_at,
        }
    }
}

impl From<OutboxRow> for Waiting {
    fn from(row: OutboxRow) -> Waiting {
        Waiting {
            id: PromiseId::from_uuid(row.id),
            kind: row.kind,
            subject: row.subject,
            lane: row.lane,
            due_at: row.due_at,
            attempts: row.attempts,
            leased_until: row.leased_until,
            last_error: row.last_error,
            created_at: row.created_at,
        }
    }
}
