//! What the last calm look at a provider's balance came to, one row per account.

use chrono::{DateTime, Utc};

use crate::db::on;
use crate::{Conn, StoreError, Tx};

/// What a check remembers until the next one; amounts in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// By our ledger.
    pub ours: i64,
    /// By the provider.
    pub theirs: i64,
    /// How often our account had changed.
    pub version: i64,
    /// Since when both sides differ by the same.
    pub differs_since: Option<DateTime<Utc>>,
    /// Since when they do and nothing moved at either.
    pub still_since: Option<DateTime<Utc>>,
    pub checked_at: DateTime<Utc>,
}

/// What is remembered of `account`.
pub async fn find(conn: &mut Conn<'_>, account: &str) -> Result<Option<Memory>, StoreError> {
    const SQL: &str = "SELECT ours_minor, theirs_minor, version, differs_since, still_since, checked_at \
         FROM balance_checks WHERE account = $1";
    let row: Option<MemoryRow> =
        on!(conn, |c| sqlx::query_as(SQL).bind(account).fetch_optional(&mut **c).await)?;
    Ok(row.map(Memory::from))
}

/// Remembers this instead of what was remembered.
pub async fn save(tx: &mut Tx, account: &str, memory: &Memory) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO balance_checks \
         (account, ours_minor, theirs_minor, version, differs_since, still_since, checked_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (account) DO UPDATE SET ours_minor = excluded.ours_minor, \
         theirs_minor = excluded.theirs_minor, version = excluded.version, \
         differs_since = excluded.differs_since, still_since = excluded.still_since, checked_at = excluded.checked_at";
    on!(&mut tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(account).bind(memory.ours).bind(memory.theirs).bind(memory.version);
        let query = query.bind(memory.differs_since).bind(memory.still_since).bind(memory.checked_at);
        query.execute(&mut **c).await.map(drop)
    })?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct MemoryRow {
    ours_minor: i64,
    theirs_minor: i64,
    version: i64,
    differs_since: Option<DateTime<Utc>>,
    still_since: Option<DateTime<Utc>>,
    checked_at: DateTime<Utc>,
}

impl From<MemoryRow> for Memory {
    fn from(row: MemoryRow) -> Memory {
        Memory {
            ours: row.ours_minor,
            theirs: row.theirs_minor,
            version: row.version,
            differs_since: row.differs_since,
            still_since: row.still_since,
            checked_at: row.checked_at,
        }
    }
}
