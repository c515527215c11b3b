//! A block written on SQLite: prepared insertions under the write turn, on a thread that may block.

use rusqlite::{Transaction, TransactionBehavior, params};

use super::plan::Plan;
use super::{JOB, Lease};
use crate::db::Backend;
use crate::table::Lite;
use crate::writer::lite_connection;
use crate::{Db, StoreError};

pub(super) async fn write(db: &Db, plan: Plan, lease: Lease) -> Result<bool, StoreError> {
    let db = db.clone();
    let writing = tokio::task::spawn_blocking(move || write_now(&db, &plan, lease));
    writing.await.map_err(|error| StoreError::Conflict(format!("the sealer's thread ended: {error}")))?
}

fn write_now(db: &Db, plan: &Plan, lease: Lease) -> Result<bool, StoreError> {
    let Backend::Sqlite(backend) = db.backend() else {
        return Err(StoreError::Conflict("the sealer met another engine".into()));
    };
    let mut connection = lite_connection(backend)?;
    let _turn = backend.turn.blocking_lock();
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if !is_held(&tx, lease)? || plan.block.insert_lite(&tx, "ON CONFLICT (number) DO NOTHING")? != 1 {
        return Ok(false);
    }
    insert(&tx, plan)?;
    if !mark(&tx, plan)? {
        return Ok(false);
    }
    tx.commit()?;
    Ok(true)
}

/// What [`crate::jobs::renew`] proves, on this connection.
fn is_held(tx: &Transaction<'_>, lease: Lease) -> Result<bool, StoreError> {
    const SQL: &str =
        "UPDATE jobs SET leased_until = ?3 WHERE name = ?1 AND token = ?2 AND leased_until IS NOT NULL";
    Ok(tx.execute(SQL, params![JOB, lease.token, lease.until.lite()])? == 1)
}

fn insert(tx: &Transaction<'_>, plan: &Plan) -> Result<(), StoreError> {
    for row in &plan.entries {
        row.insert_lite(tx, "")?;
    }
    for row in &plan.audit {
        row.insert_lite(tx, "")?;
    }
    for row in &plan.lines {
        row.insert_lite(tx, "")?;
    }
    Ok(())
}

/// Marks the batches as sealed; false when one of them was.
fn mark(tx: &Transaction<'_>, plan: &Plan) -> Result<bool, StoreError> {
    let mut statement = tx.prepare_cached("UPDATE batches SET block = ?1 WHERE id = ?2 AND block IS NULL")?;
    for batch in &plan.batches {
        if statement.execute(params![plan.block.number, batch.lite()])? != 1 {
            return Ok(false);
        }
    }
    Ok(true)
}
