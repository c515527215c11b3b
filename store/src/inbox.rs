//! The inbox: callbacks stored raw before they were answered, each event once, applied later.
//!
//! The writer stores and finishes them; here they are claimed with a lease and read. Bodies are sealed.

use chrono::{DateTime, Utc};
use domain::{InboxId, Reference};
use uuid::Uuid;

use crate::db::on;
use crate::rows::InboxRow;
use crate::{Conn, StoreError, Tx};

/// A callback that this worker holds until its lease ends. `attempt` is the fencing token.
#[derive(Clone, Debug)]
pub struct ClaimedCallback {
    pub id: InboxId,
    pub provider: String,
    pub wallet: String,
    pub event_key: String,
    pub proven: bool,
    /// The movement that the path named, when each has a path of its own.
    pub movement: Option<Reference>,
    pub body: Vec<u8>,
    pub attempt: i64,
    pub received_at: DateTime<Utc>,
}

/// Which callbacks a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which<'a> {
    /// All of them.
    All,
    /// Those not applied.
    Waiting,
    /// Those that no movement took, and why: `unknown_reference`. A word of those that did is found nowhere.
    Stray(&'a str),
}

/// A stored callback, for the admin's list; its body is sealed.
#[derive(Clone, Debug)]
pub struct StoredCallback {
    pub id: InboxId,
    pub provider: String,
    pub wallet: String,
    pub event_key: String,
    pub proven: bool,
    /// The movement that the path named, when each has a path of its own.
    pub movement: Option<Reference>,
    pub body: Vec<u8>,
    pub received_at: DateTime<Utc>,
    pub attempts: i64,
    pub applied_at: Option<DateTime<Utc>>,
    pub outcome: Option<String>,
    pub last_error: Option<String>,
}

/// Claims up to `limit` callbacks that are due at `now` and not applied, for `lease_s` seconds of the database's clock.
pub async fn claim(
    tx: &mut Tx,
    now: DateTime<Utc>,
    lease_s: i64,
    limit: i64,
) -> Result<Vec<ClaimedCallback>, StoreError> {
    const SQLITE: &str = "UPDATE inbox SET attempts = attempts + 1, \
         leased_until = strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now', '+' || $2 || ' seconds') WHERE id IN \
         (SELECT id FROM inbox WHERE due_at <= $1 AND applied_at IS NULL \
          AND (leased_until IS NULL OR leased_until <= strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')) \
          ORDER BY due_at, id LIMIT $3) RETURNING *";
    const POSTGRES: &str = "UPDATE inbox SET attempts = attempts + 1, \
         leased_until = clock_timestamp() + make_interval(secs => $2) WHERE id IN \
         (SELECT id FROM inbox WHERE due_at <= $1 AND applied_at IS NULL \
          AND (leased_until IS NULL OR leased_until <= clock_timestamp()) \
          ORDER BY due_at, id LIMIT $3 FOR UPDATE SKIP LOCKED) RETURNING *";
    let rows: Vec<InboxRow> = match tx.conn() {
        Conn::Sqlite(c) => {
            sqlx::query_as(SQLITE).bind(now).bind(lease_s).bind(limit).fetch_all(&mut *c).await?
        }
        Conn::Postgres(c) => {
            let lease_s = f64::from(i32::try_from(lease_s).unwrap_or(i32::MAX));
            sqlx::query_as(POSTGRES).bind(now).bind(lease_s).bind(limit).fetch_all(&mut *c).await?
        }
    };
    Ok(rows.into_iter().map(ClaimedCallback::from).collect())
}

/// Puts a claimed callback back, to be tried again. False when the lease was lost.
pub async fn defer(
    tx: &mut Tx,
    id: InboxId,
    attempt: i64,
    again_at: DateTime<Utc>,
    error: &str,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE inbox SET due_at = $3, leased_until = NULL, last_error = $4 \
         WHERE id = $1 AND attempts = $2 AND applied_at IS NULL";
    let changed = on!(tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(id.uuid()).bind(attempt).bind(again_at).bind(error);
        query.execute(&mut *c).await.map(|done| done.rows_affected())
    })?;
    Ok(changed == 1)
}

/// Makes an applied or stuck callback due again.
pub async fn replay(tx: &mut Tx, id: InboxId, now: DateTime<Utc>) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE inbox SET applied_at = NULL, outcome = NULL, leased_until = NULL, due_at = $2 \
         WHERE id = $1";
    let changed = on!(tx.conn(), |c| {
        sqlx::query(SQL).bind(id.uuid()).bind(now).execute(&mut *c).await.map(|done| done.rows_affected())
    })?;
    Ok(changed == 1)
}

/// How many callbacks that came before `before` are not applied, and when the first of them came; `None`: none.
pub async fn overdue(
    conn: &mut Conn<'_>,
    before: DateTime<Utc>,
) -> Result<Option<(i64, DateTime<Utc>)>, StoreError> {
    const SQL: &str =
        "SELECT COUNT(*), MIN(received_at) FROM inbox WHERE applied_at IS NULL AND received_at < $1";
    let (count, since): (i64, Option<DateTime<Utc>>) =
        on!(conn, |c| sqlx::query_as(SQL).bind(before).fetch_one(&mut **c).await)?;
    Ok(since.map(|since| (count, since)))
}

/// How many callbacks wait to be applied.
pub async fn count_waiting(conn: &mut Conn<'_>) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM inbox WHERE applied_at IS NULL";
    Ok(on!(conn, |c| sqlx::query_scalar(SQL).fetch_one(&mut **c).await)?)
}

/// Newest first, before a place in the list.
pub async fn list(
    conn: &mut Conn<'_>,
    which: Which<'_>,
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<StoredCallback>, StoreError> {
    const ALL: &str = "SELECT * FROM inbox WHERE (received_at, id) < ($1, $2) \
         ORDER BY received_at DESC, id DESC LIMIT $3";
    const WAITING: &str = "SELECT * FROM inbox WHERE applied_at IS NULL AND (received_at, id) < ($1, $2) \
         ORDER BY received_at DESC, id DESC LIMIT $3";
    // The words left out are those of the index, which is used only where they are repeated.
    const STRAY: &str = "SELECT * FROM inbox WHERE outcome = $4 \
         AND outcome NOT IN ('applied', 'asked', 'nothing_new', 'mandate_ended') \
         AND (received_at, id) < ($1, $2) ORDER BY received_at DESC, id DESC LIMIT $3";
    let (at, id) = before.unwrap_or((crate::read::FAR_FUTURE, Uuid::max()));
    let rows: Vec<InboxRow> = on!(conn, |c| {
        let query = sqlx::query_as(match which {
            Which::All => ALL,
            Which::Waiting => WAITING,
            Which::Stray(_) => STRAY,
        });
        let query = query.bind(at).bind(id).bind(limit);
        match which {
            Which::Stray(outcome) => query.bind(outcome.to_owned()).fetch_all(&mut **c).await,
            _ => query.fetch_all(&mut **c).await,
        }
    })?;
    Ok(rows.into_iter().map(StoredCallback::from).collect())
}

/// Whether a callback could be claimed now.
pub async fn is_due(conn: &mut Conn<'_>, now: DateTime<Utc>) -> Result<bool, StoreError> {
    const SQLITE: &str = "SELECT 1 FROM inbox WHERE due_at <= $1 AND applied_at IS NULL \
         AND (leased_until IS NULL OR leased_until <= strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')) LIMIT 1";
    const POSTGRES: &str = "SELECT 1 FROM inbox WHERE due_at <= $1 AND applied_at IS NULL \
         AND (leased_until IS NULL OR leased_until <= clock_timestamp()) LIMIT 1";
    let found: Option<i32> = match conn {
        Conn::Sqlite(c) => sqlx::query_scalar(SQLITE).bind(now).fetch_optional(&mut **c).await?,
        Conn::Postgres(c) => sqlx::query_scalar(POSTGRES).bind(now).fetch_optional(&mut **c).await?,
    };
    Ok(found.is_some())
}

impl From<InboxRow> for ClaimedCallback {
    fn from(row: InboxRow) -> ClaimedCallback {
        ClaimedCallback {
            id: InboxId::from_uuid(row.id),
            provider: row.provider,
            wallet: row.wallet,
            event_key: row.event_key,
            proven: row.proven,
            movement: row.movement.map(Reference::from_uuid),
            body: row.body,
            attempt: row.attempts,
            received_at: row.received_at,
        }
    }
}

impl From<InboxRow> for StoredCallback {
    fn from(row: InboxRow) -> StoredCallback {
        StoredCallback {
            id: InboxId::from_uuid(row.id),
            provider: row.provider,
            wallet: row.wallet,
            event_key: row.event_key,
            proven: row.proven,
            movement: row.movement.map(Reference::from_uuid),
            body: row.body,
            received_at: row.received_at,
            attempts: row.attempts,
            applied_at: row.applied_at,
            outcome: row.outcome,
            last_error: row.last_error,
        }
    }
}
