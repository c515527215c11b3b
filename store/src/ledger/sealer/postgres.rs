//! A block written on PostgreSQL: one statement per table.

use sqlx::PgConnection;
use sqlx::postgres::PgArguments;

use super::plan::Plan;
use super::{JOB, Lease};
use crate::ledger::rows::{AccountLineRow, BlockRow, SealedAuditRow, SealedEntryRow};
use crate::{Conn, Db, StoreError, jobs};

pub(super) async fn write(db: &Db, plan: &Plan, lease: Lease) -> Result<bool, StoreError> {
    let mut tx = db.begin().await?;
    if !jobs::renew(&mut tx, JOB, lease.token, lease.until).await? {
        return Ok(false);
    }
    let Conn::Postgres(c) = tx.conn() else {
        return Err(StoreError::Conflict("the sealer met another engine".into()));
    };
    let block = BlockRow::insert_all(std::slice::from_ref(&plan.block), "ON CONFLICT (number) DO NOTHING");
    if execute(c, block).await? != 1 {
        return Ok(false);
    }
    execute(c, SealedEntryRow::insert_all(&plan.entries, "")).await?;
    execute(c, SealedAuditRow::insert_all(&plan.audit, "")).await?;
    execute(c, AccountLineRow::insert_all(&plan.lines, "")).await?;
    const MARK: &str = "UPDATE batches SET block = $1 WHERE id = ANY($2) AND block IS NULL";
    let marked = sqlx::query(MARK).bind(plan.block.number).bind(&plan.batches).execute(&mut *c).await?;
    if usize::try_from(marked.rows_affected()) != Ok(plan.batches.len()) {
        return Ok(false);
    }
    tx.commit().await?;
    Ok(true)
}

async fn execute(
    c: &mut PgConnection,
    (sql, arguments): (sqlx::AssertSqlSafe<String>, PgArguments),
) -> Result<u64, StoreError> {
    Ok(sqlx::query_with(sql, arguments).execute(c).await?.rows_affected())
}
