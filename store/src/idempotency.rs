//! Buckets of stored answers: claims go into the one that is open, and a bucket is dropped whole when it is old.
//!
//! Which bucket is open is a row that claimants lock in share mode and a rotation locks alone. So a rotation waits for
//! every claim under way, and every later claim sees the buckets before it, whatever any gateway's clock says.

use chrono::{DateTime, Duration, Utc};

use crate::db::on;
use crate::writer::{Answer, Claim};
use crate::{Conn, Db, StoreError, Tx};

/// How long a bucket stays open.
const OPEN_H: i64 = 12;
/// How long a closed bucket is kept: answers live at least 72 h, although the clock of the gateway that drops it may
/// be ahead of the one that closed it.
const KEPT_H: i64 = 74;

/// Opens the first bucket, or the next when the open one is old enough; drops what is out of life.
///
/// Safe to run at any time, on any gateway. Returns whether the buckets changed.
pub async fn rotate(db: &Db, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let is_due = |open: Option<(i64, DateTime<Utc>)>| {
        open.is_none_or(|(_, since)| now - since >= Duration::hours(OPEN_H))
    };
    let seen = look(&mut db.read().await?.conn()).await?;
    if !is_due(seen) {
        return Ok(false);
    }
    let mut tx = db.begin().await?;
    alone(&mut tx, seen.is_none()).await?;
    let open = open_bucket(&mut tx).await?;
    if !is_due(open) {
        return Ok(false);
    }
    let next = open.map_or(1, |(bucket, _)| bucket + 1);
    create(&mut tx, next, now).await?;
    for old in expired(&mut tx, next, now).await? {
        drop_bucket(&mut tx, old).await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// The stored answer under a claim, with the fingerprint of the request it answered.
pub async fn find(conn: &mut Conn<'_>, claim: &[u8; 32]) -> Result<Option<([u8; 32], Answer)>, StoreError> {
    const SQL: &str = "SELECT fingerprint, status, location, body FROM idempotency \
         WHERE bucket IN (SELECT bucket FROM idempotency_buckets) AND claim = $1";
    type Row = (Vec<u8>, i64, Option<String>, Vec<u8>);
    let row: Option<Row> =
        on!(conn, |c| sqlx::query_as(SQL).bind(claim.to_vec()).fetch_optional(&mut **c).await)?;
    let Some((fingerprint, status, location, body)) = row else { return Ok(None) };
    let corrupt = || StoreError::corrupt("idempotency claim", "of another shape");
    let fingerprint = fingerprint.try_into().map_err(|_| corrupt())?;
    let status = u16::try_from(status).map_err(|_| corrupt())?;
    Ok(Some((fingerprint, Answer { status, location, body })))
}

/// What became of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// It is this transaction's, and commits with it.
    New,
    /// The same request was answered before: whatever else this transaction wrote must not commit.
    Replayed(Answer),
    /// The key was used for another request; likewise.
    Reused,
}

/// Claims a key in a transaction that writes no value; the writer claims those of changes. Of any number who claim the
/// same at once, one is [`Claimed::New`], and the others wait until it commits.
pub async fn claim(tx: &mut Tx, claim: &Claim, now: DateTime<Utc>) -> Result<Claimed, StoreError> {
    const SQLITE: &str = "SELECT bucket FROM idempotency_rotation WHERE id = 1";
    const POSTGRES: &str = "SELECT bucket FROM idempotency_rotation WHERE id = 1 FOR SHARE";
    const PUT: &str = "INSERT INTO idempotency (bucket, claim, fingerprint, status, location, body, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    let bucket: i64 = match tx.conn() {
        Conn::Sqlite(c) => sqlx::query_scalar(SQLITE).fetch_one(&mut *c).await?,
        Conn::Postgres(c) => {
            // As the writer does, and a rotation: the table before its row.
            sqlx::query("LOCK TABLE idempotency IN ROW EXCLUSIVE MODE").execute(&mut *c).await?;
            sqlx::query_scalar(POSTGRES).fetch_one(&mut *c).await?
        }
    };
    if find(&mut tx.conn(), &claim.claim).await?.is_none() {
        let answer = &claim.answer;
        let done = on!(tx.conn(), |c| {
            let query =
                sqlx::query(PUT).bind(bucket).bind(claim.claim.to_vec()).bind(claim.fingerprint.to_vec());
            let query =
                query.bind(i64::from(answer.status)).bind(&answer.location).bind(&answer.body).bind(now);
            query.execute(&mut *c).await.map(|done| done.rows_affected())
        })?;
        if done == 1 {
            return Ok(Claimed::New);
        }
    }
    match find(&mut tx.conn(), &claim.claim).await? {
        Some((fingerprint, answer)) if fingerprint == claim.fingerprint => Ok(Claimed::Replayed(answer)),
        _ => Ok(Claimed::Reused),
    }
}

async fn look(conn: &mut Conn<'_>) -> Result<Option<(i64, DateTime<Utc>)>, StoreError> {
    const SQL: &str = "SELECT bucket, rotated_at FROM idempotency_rotation WHERE id = 1";
    Ok(on!(conn, |c| sqlx::query_as(SQL).fetch_optional(&mut **c).await)?)
}

async fn open_bucket(tx: &mut Tx) -> Result<Option<(i64, DateTime<Utc>)>, StoreError> {
    const SQLITE: &str = "SELECT bucket, rotated_at FROM idempotency_rotation WHERE id = 1";
    const POSTGRES: &str = "SELECT bucket, rotated_at FROM idempotency_rotation WHERE id = 1 FOR UPDATE";
    Ok(match tx.conn() {
        Conn::Sqlite(c) => sqlx::query_as(SQLITE).fetch_optional(&mut *c).await?,
        Conn::Postgres(c) => sqlx::query_as(POSTGRES).fetch_optional(&mut *c).await?,
    })
}

/// The table before the row, as whoever claims takes them: else a rotation and a claim would wait for each other.
/// Where there is no row to lock yet, gateways that start together queue for its table.
async fn alone(tx: &mut Tx, is_first: bool) -> Result<(), StoreError> {
    let Conn::Postgres(c) = tx.conn() else { return Ok(()) };
    sqlx::query("LOCK TABLE idempotency IN ACCESS EXCLUSIVE MODE").execute(&mut *c).await?;
    if is_first {
        sqlx::query("LOCK TABLE idempotency_rotation IN EXCLUSIVE MODE").execute(&mut *c).await?;
    }
    Ok(())
}

async fn create(tx: &mut Tx, bucket: i64, now: DateTime<Utc>) -> Result<(), StoreError> {
    const BUCKET: &str = "INSERT INTO idempotency_buckets (bucket, opened_at) VALUES ($1, $2)";
    const OPEN: &str = "INSERT INTO idempotency_rotation (id, bucket, rotated_at) VALUES (1, $1, $2) \
         ON CONFLICT (id) DO UPDATE SET bucket = excluded.bucket, rotated_at = excluded.rotated_at";
    for sql in [BUCKET, OPEN] {
        on!(tx.conn(), |c| sqlx::query(sql).bind(bucket).bind(now).execute(&mut *c).await.map(|_| ()))?;
    }
    if let Conn::Postgres(c) = tx.conn() {
        let sql =
            format!("CREATE TABLE idempotency_{bucket} PARTITION OF idempotency FOR VALUES IN ({bucket})");
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut *c).await?;
    }
    Ok(())
}

/// Buckets that were closed (their successor opened) longer ago than answers live.
async fn expired(tx: &mut Tx, open: i64, now: DateTime<Utc>) -> Result<Vec<i64>, StoreError> {
    const SQL: &str = "SELECT b.bucket FROM idempotency_buckets b \
         JOIN idempotency_buckets next ON next.bucket = b.bucket + 1 WHERE b.bucket < $1 AND next.opened_at < $2";
    let limit = now - Duration::hours(KEPT_H);
    Ok(on!(tx.conn(), |c| sqlx::query_scalar(SQL).bind(open).bind(limit).fetch_all(&mut *c).await)?)
}

async fn drop_bucket(tx: &mut Tx, bucket: i64) -> Result<(), StoreError> {
    const ROWS: &str = "DELETE FROM idempotency WHERE bucket = $1";
    const BUCKET: &str = "DELETE FROM idempotency_buckets WHERE bucket = $1";
    match tx.conn() {
        Conn::Sqlite(c) => {
            sqlx::query(ROWS).bind(bucket).execute(&mut *c).await?;
        }
        Conn::Postgres(c) => {
            let sql = format!("DROP TABLE idempotency_{bucket}");
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut *c).await?;
        }
    }
    on!(tx.conn(), |c| sqlx::query(BUCKET).bind(bucket).execute(&mut *c).await.map(|_| ()))?;
    Ok(())
}
