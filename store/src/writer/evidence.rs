//! What people said of movements, in a batch: a receipt counts once, whoever brings it.
//!
//! Receipts that are there already are loaded before anything is decided; the unique index is what holds when another
//! gateway writes the same one at the same time, and then the batch is tried again and finds it.

use std::collections::HashSet;

use rusqlite::Transaction;
use sqlx::PgConnection;

use super::change::{Change, WriteError};
use super::decide::{Effects, Loaded};
use super::needs::Needs;
use crate::StoreError;
use crate::evidence::Receipt;
use crate::rows::EvidenceRow;

/// Refuses a receipt that has served: in the book, or earlier in this batch.
pub(super) fn check(change: &Change, loaded: &Loaded, served: &HashSet<Receipt>) -> Result<(), WriteError> {
    for evidence in &change.evidence {
        let is_served = |receipt: &Receipt| loaded.receipts.contains(receipt) || served.contains(receipt);
        if evidence.receipt().as_ref().is_some_and(is_served) {
            return Err(WriteError::ReceiptUsed { movement: evidence.movement });
        }
    }
    Ok(())
}

pub(super) fn load_lite(tx: &Transaction<'_>, needs: &Needs, loaded: &mut Loaded) -> Result<(), StoreError> {
    const SQL: &str =
        "SELECT COUNT(*) FROM evidence WHERE provider = ?1 AND wallet = ?2 AND operator_reference = ?3";
    for receipt in &needs.receipts {
        let (provider, wallet, number) = receipt;
        let found: i64 = tx.prepare_cached(SQL)?.query_row([provider, wallet, number], |row| row.get(0))?;
        if found > 0 {
            loaded.receipts.insert(receipt.clone());
        }
    }
    Ok(())
}

pub(super) async fn load_postgres(
    tx: &mut PgConnection,
    needs: &Needs,
    loaded: &mut Loaded,
) -> Result<(), StoreError> {
    const SQL: &str =
        "SELECT COUNT(*) FROM evidence WHERE provider = $1 AND wallet = $2 AND operator_reference = $3";
    for receipt in &needs.receipts {
        let (provider, wallet, number) = receipt;
        let query = sqlx::query_scalar(SQL).bind(provider).bind(wallet).bind(number);
        let found: i64 = query.fetch_one(&mut *tx).await?;
        if found > 0 {
            loaded.receipts.insert(receipt.clone());
        }
    }
    Ok(())
}

pub(super) fn save_lite(tx: &Transaction<'_>, effects: &Effects) -> Result<(), StoreError> {
    for evidence in &effects.evidence {
        EvidenceRow::from(evidence).insert_lite(tx, "")?;
    }
    Ok(())
}

pub(super) async fn save_postgres(tx: &mut PgConnection, effects: &Effects) -> Result<(), StoreError> {
    let rows: Vec<EvidenceRow> = effects.evidence.iter().map(EvidenceRow::from).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let (sql, arguments) = EvidenceRow::insert_all(&rows, "");
    sqlx::query_with(sql, arguments).execute(&mut *tx).await?;
    Ok(())
}
