//! The audit log: who did what to which object, for what commits outside the ledger's writer.
//!
//! An entry is its own batch, so the sealer chains it with the ledger's: it is never changed, and deleting it
//! shows. Entries name people by their ids, since what is chained cannot be erased.
//!
//! Deliberately absent: failed logins and forged callbacks, which strangers could fill it with.

use chrono::{DateTime, Utc};
use domain::AuditId;
use serde_json::Value;
use uuid::Uuid;

use crate::db::{Conn, Tx, on};
use crate::error::StoreError;
use crate::fresh_id;

/// What is to be remembered for ever. No number, name or secret may be in it.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEntry {
    /// A user's id, a merchant's key id, or the part of the house that acted by itself.
    pub actor: String,
    /// `noun.verb`, as `user.freeze`.
    pub action: &'static str,
    /// The id of what was acted on.
    pub object: String,
    pub detail: Value,
}

/// An entry as it was remembered.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditLine {
    pub id: AuditId,
    pub at: DateTime<Utc>,
    pub actor: String,
    pub action: String,
    pub object: String,
    pub detail: Value,
    /// The sealed block that it is chained into; none until the sealer came by.
    pub block: Option<i64>,
    /// Where it stands in the list.
    pub position: Position,
}

/// The place of an entry: its batch, and its number within.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub batch: Uuid,
    pub ord: i64,
}

/// Remembers `entry` with whatever else this transaction commits.
pub async fn record(tx: &mut Tx, entry: AuditEntry, now: DateTime<Utc>) -> Result<AuditId, StoreError> {
    const BATCH: &str =
        "INSERT INTO batches (id, entry_count, audit_count, committed_at) VALUES ($1, 0, 1, $2)";
    const ENTRY: &str = "INSERT INTO audit (batch_id, ord, id, at, actor, action, object, detail) \
                         VALUES ($1, 0, $2, $3, $4, $5, $6, $7)";
    let (batch, id) = (fresh_id(now), AuditId::from_uuid(fresh_id(now)));
    on!(&mut tx.conn(), |c| sqlx::query(BATCH).bind(batch).bind(now).execute(&mut **c).await.map(drop))?;
    on!(&mut tx.conn(), |c| {
        let query = sqlx::query(ENTRY).bind(batch).bind(id.uuid()).bind(now).bind(&entry.actor);
        let query = query.bind(entry.action).bind(&entry.object).bind(entry.detail.to_string());
        query.execute(&mut **c).await.map(drop)
    })?;
    Ok(id)
}

/// Entries, newest batch first: at most `limit` of those before `before`, the last one of the page above.
pub async fn list(
    conn: &mut Conn<'_>,
    before: Option<Position>,
    limit: i64,
) -> Result<Vec<AuditLine>, StoreError> {
    const SQL: &str = "SELECT a.batch_id, a.ord, a.id, a.at, a.actor, a.action, a.object, a.detail, b.block \
                       FROM audit a JOIN batches b ON b.id = a.batch_id WHERE (a.batch_id, a.ord) < ($1, $2) \
                       ORDER BY a.batch_id DESC, a.ord DESC LIMIT $3";
    let before = before.unwrap_or(Position { batch: Uuid::max(), ord: i64::MAX });
    let rows: Vec<AuditRow> = on!(conn, |c| {
        sqlx::query_as(SQL).bind(before.batch).bind(before.ord).bind(limit).fetch_all(&mut **c).await
    })?;
    rows.into_iter().map(AuditLine::try_from).collect()
}

#[derive(sqlx::FromRow)]
struct AuditRow {
    batch_id: Uuid,
    ord: i64,
    id: Uuid,
    at: DateTime<Utc>,
    actor: String,
    action: String,
    object: String,
    detail: String,
    block: Option<i64>,
}

impl TryFrom<AuditRow> for AuditLine {
    type Error = StoreError;

    fn try_from(row: AuditRow) -> Result<AuditLine, StoreError> {
        let id = AuditId::from_uuid(row.id);
        Ok(AuditLine {
            id,
            at: row.at,
            actor: row.actor,
            action: row.action,
            object: row.object,
            detail: serde_json::from_str(&row.detail).map_err(|_| StoreError::corrupt("audit entry", id))?,
            block: row.block,
            position: Position { batch: row.batch_id, ord: row.ord },
        })
    }
}
