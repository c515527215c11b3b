//! Jobs: periodic work that one gateway at a time does, by a lease and a fencing token.
//!
//! Every claim of a job gets a larger token, and what a holder writes is guarded by [`renew`] or [`finish`] in the
//! same transaction: a holder that slept past its lease writes nothing once another has claimed.
//!
//! Deliberately absent: what the jobs do and when they are next due, which the caller decides.

use chrono::{DateTime, Utc};

use crate::db::{Conn, Tx, on};
use crate::error::StoreError;

/// A job as it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Job {
    pub name: String,
    /// How often it was claimed.
    pub token: i64,
    pub holder: Option<String>,
    pub leased_until: Option<DateTime<Utc>>,
    pub last_run_at: Option<DateTime<Utc>>,
    pub next_run_at: Option<DateTime<Utc>>,
    pub last_outcome: Option<String>,
}

/// Claims a job that is due and that nobody holds, until `leased_until`. Answers the fencing token, or `None`
/// when it is held or not due. A job that was never heard of is due.
pub async fn claim(
    tx: &mut Tx,
    name: &str,
    holder: &str,
    now: DateTime<Utc>,
    leased_until: DateTime<Utc>,
) -> Result<Option<i64>, StoreError> {
    const SQL: &str = "INSERT INTO jobs (name, token, holder, leased_until) VALUES ($1, 1, $2, $4) \
                       ON CONFLICT (name) DO UPDATE SET token = jobs.token + 1, holder = $2, leased_until = $4 \
                       WHERE (jobs.leased_until IS NULL OR jobs.leased_until <= $3) \
                         AND (jobs.next_run_at IS NULL OR jobs.next_run_at <= $3) \
                       RETURNING token";
    Ok(on!(&mut tx.conn(), |c| {
        let query = sqlx::query_scalar(SQL).bind(name).bind(holder).bind(now).bind(leased_until);
        query.fetch_optional(&mut **c).await
    })?)
}

/// Proves that `token` still holds the job, prolongs it until `leased_until`, and keeps others from claiming
/// it before this transaction ends. `false`: another has claimed it, so nothing may be written.
pub async fn renew(
    tx: &mut Tx,
    name: &str,
    token: i64,
    leased_until: DateTime<Utc>,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE jobs SET leased_until = $3 \
                       WHERE name = $1 AND token = $2 AND leased_until IS NOT NULL";
    let done = on!(&mut tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(name).bind(token).bind(leased_until);
        query.execute(&mut **c).await.map(|done| done.rows_affected())
    })?;
    Ok(done == 1)
}

/// What a run came to.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    pub ended_at: DateTime<Utc>,
    /// Nobody may claim the job before.
    pub next_at: DateTime<Utc>,
    /// `ok`, or what went wrong, in our words.
    pub outcome: &'a str,
}

/// Ends the lease and notes the run. `false`: `token` does not hold the job any more.
pub async fn finish(tx: &mut Tx, name: &str, token: i64, run: Run<'_>) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE jobs SET holder = NULL, leased_until = NULL, last_run_at = $3, next_run_at = $4, \
                       last_outcome = $5 WHERE name = $1 AND token = $2 AND leased_until IS NOT NULL";
    let done = on!(&mut tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(name).bind(token).bind(run.ended_at).bind(run.next_at);
        query.bind(run.outcome).execute(&mut **c).await.map(|done| done.rows_affected())
    })?;
    Ok(done == 1)
}

/// Every job, by name.
pub async fn list(conn: &mut Conn<'_>) -> Result<Vec<Job>, StoreError> {
    const SQL: &str = "SELECT name, token, holder, leased_until, last_run_at, next_run_at, last_outcome \
                       FROM jobs ORDER BY name";
    let rows: Vec<JobRow> = on!(conn, |c| sqlx::query_as(SQL).fetch_all(&mut **c).await)?;
    Ok(rows.into_iter().map(Job::from).collect())
}

#[derive(sqlx::FromRow)]
struct JobRow {
    name: String,
    token: i64,
    holder: Option<String>,
    leased_until: Option<DateTime<Utc>>,
    last_run_at: Option<DateTime<Utc>>,
    next_run_at: Option<DateTime<Utc>>,
    last_outcome: Option<String>,
}

impl From<JobRow> for Job {
    fn from(row: JobRow) -> Job {
        Job {
            name: row.name,
            token: row.token,
            holder: row.holder,
            leased_until: row.leased_until,
            last_run_at: row.last_run_at,
            next_run_at: row.next_run_at,
            last_outcome: row.last_outcome,
        }
    }
}
