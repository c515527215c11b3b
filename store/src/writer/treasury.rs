//! What belongs to treasury in a batch, on both engines: movements, and the consent of two people that commits with them.
//!
//! Rows are loaded before anything is decided: under the write turn on SQLite, locked on PostgreSQL.

use std::collections::HashMap;

use domain::{Book, TreasuryMovement};
use rusqlite::{OptionalExtension, Transaction, params, params_from_iter};
use sqlx::PgConnection;
use uuid::Uuid;

use super::change::{Change, WriteError};
use super::decide::{Effects, Loaded};
use super::needs::Needs;
use crate::StoreError;
use crate::rows::{ApprovalRow, TreasuryRow};
use crate::table::Lite;

/// What somebody asks for and nobody has decided.
pub(super) struct Pending {
    digest: Vec<u8>,
    maker: Option<Uuid>,
}

const CHANGE_LITE: &str = "UPDATE treasury_movements SET state = ?2, provider_ref = ?3, code = ?4, asked = ?5, \
     not_found = ?6, submitted_at = ?7, succeeded_at = ?8, version = ?9, updated_at = ?10 \
     WHERE reference = ?1 AND version = ?11";
const CHANGE_POSTGRES: &str = "UPDATE treasury_movements SET state = $2, provider_ref = $3, code = $4, asked = $5, \
     not_found = $6, submitted_at = $7, succeeded_at = $8, version = $9, updated_at = $10 \
     WHERE reference = $1 AND version = $11";

/// Treasury is rare: it is checked against the rows as they are, and against what the batch has done to them so far.
pub(super) fn check(
    change: &Change,
    loaded: &Loaded,
    versions: &HashMap<Uuid, i64>,
    book: &Book,
) -> Result<(), WriteError> {
    // An account is opened before anything is posted to it, or not at all: the row is locked, so this stands.
    for account in change.treasury.iter().filter(|m| m.version == 1).filter_map(TreasuryMovement::opens) {
        if book.balance(&account).version > 0 {
            return Err(WriteError::Opened { account: account.to_string() });
        }
    }
    for movement in change.treasury.iter().filter(|movement| movement.version > 1) {
        let id = movement.reference.uuid();
        let current = versions.get(&id).or_else(|| loaded.treasury.get(&id));
        if current != Some(&(movement.version - 1)) {
            return Err(WriteError::StaleTreasury { reference: movement.reference });
        }
    }
    let refused = change.agreed.iter().find(|agreed| {
        let pending = loaded.approvals.get(&agreed.approval.uuid());
        !pending.is_some_and(|p| p.digest == agreed.digest && p.maker != Some(agreed.by.uuid()))
    });
    refused.map_or(Ok(()), |agreed| Err(WriteError::NotAgreed { approval: agreed.approval }))
}

pub(super) fn load_lite(tx: &Transaction<'_>, needs: &Needs, loaded: &mut Loaded) -> Result<(), StoreError> {
    const VERSION: &str = "SELECT version FROM treasury_movements WHERE reference = ?1";
    const PENDING: &str = "SELECT digest, maker FROM approvals WHERE id = ?1 AND state = 'pending'";
    for id in &needs.treasury {
        let found = tx.prepare_cached(VERSION)?.query_row([id.lite()], |row| row.get(0)).optional()?;
        loaded.treasury.extend(found.map(|version: i64| (*id, version)));
    }
    for id in &needs.approvals {
        let read = |row: &rusqlite::Row<'_>| {
            let maker: Option<[u8; 16]> = row.get(1)?;
            Ok(Pending { digest: row.get(0)?, maker: maker.map(Uuid::from_bytes) })
        };
        let found = tx.prepare_cached(PENDING)?.query_row([id.lite()], read).optional()?;
        loaded.approvals.extend(found.map(|pending| (*id, pending)));
    }
    Ok(())
}

pub(super) async fn load_postgres(
    tx: &mut PgConnection,
    needs: &Needs,
    loaded: &mut Loaded,
) -> Result<(), StoreError> {
    const VERSIONS: &str = "SELECT reference, version FROM treasury_movements WHERE reference = ANY($1) \
         ORDER BY reference FOR UPDATE";
    const PENDING: &str = "SELECT id, digest, maker FROM approvals WHERE id = ANY($1) AND state = 'pending' \
         ORDER BY id FOR UPDATE";
    if !needs.treasury.is_empty() {
        let rows: Vec<(Uuid, i64)> =
            sqlx::query_as(VERSIONS).bind(&needs.treasury).fetch_all(&mut *tx).await?;
        loaded.treasury.extend(rows);
    }
    if !needs.approvals.is_empty() {
        let rows: Vec<(Uuid, Vec<u8>, Option<Uuid>)> =
            sqlx::query_as(PENDING).bind(&needs.approvals).fetch_all(&mut *tx).await?;
        loaded.approvals.extend(rows.into_iter().map(|(id, digest, maker)| (id, Pending { digest, maker })));
    }
    Ok(())
}

pub(super) fn save_lite(tx: &Transaction<'_>, effects: &Effects) -> Result<(), StoreError> {
    const AGREE: &str = "UPDATE approvals SET state = 'approved', decided_by = ?2, decided_at = ?3 \
         WHERE id = ?1 AND state = 'pending'";
    for approval in &effects.proposed {
        ApprovalRow::from(approval).insert_lite(tx, "")?;
    }
    for agreed in &effects.agreed {
        let values = params![agreed.approval.uuid().lite(), agreed.by.to_string(), effects.at.lite()];
        expect("approval", tx.prepare_cached(AGREE)?.execute(values)?)?;
    }
    for movement in &effects.new_treasury {
        TreasuryRow::from(movement).insert_lite(tx, "")?;
    }
    for (movement, loaded) in &effects.treasury {
        let m = TreasuryRow::from(movement);
        let values = [
            m.reference.lite(),
            m.state.lite(),
            m.provider_ref.lite(),
            m.code.lite(),
            m.asked.lite(),
            m.not_found.lite(),
            m.submitted_at.lite(),
            m.succeeded_at.lite(),
            m.version.lite(),
            m.updated_at.lite(),
            loaded.lite(),
        ];
        expect("treasury movement", tx.prepare_cached(CHANGE_LITE)?.execute(params_from_iter(values))?)?;
    }
    Ok(())
}

pub(super) async fn save_postgres(tx: &mut PgConnection, effects: &Effects) -> Result<(), StoreError> {
    const AGREE: &str = "UPDATE approvals SET state = 'approved', decided_by = $2, decided_at = $3 \
         WHERE id = $1 AND state = 'pending'";
    let proposed: Vec<ApprovalRow> = effects.proposed.iter().map(ApprovalRow::from).collect();
    if !proposed.is_empty() {
        let (sql, arguments) = ApprovalRow::insert_all(&proposed, "");
        sqlx::query_with(sql, arguments).execute(&mut *tx).await?;
    }
    for agreed in &effects.agreed {
        let query = sqlx::query(AGREE).bind(agreed.approval.uuid()).bind(agreed.by.to_string());
        expect("approval", rows(query.bind(effects.at).execute(&mut *tx).await?.rows_affected()))?;
    }
    let new: Vec<TreasuryRow> = effects.new_treasury.iter().map(TreasuryRow::from).collect();
    if !new.is_empty() {
        let (sql, arguments) = TreasuryRow::insert_all(&new, "");
        sqlx::query_with(sql, arguments).execute(&mut *tx).await?;
    }
    for (movement, loaded) in &effects.treasury {
        let m = TreasuryRow::from(movement);
        let query = sqlx::query(CHANGE_POSTGRES).bind(m.reference).bind(m.state).bind(m.provider_ref);
        let query = query.bind(m.code).bind(m.asked).bind(m.not_found).bind(m.submitted_at);
        let query = query.bind(m.succeeded_at).bind(m.version).bind(m.updated_at).bind(loaded);
        expect("treasury movement", rows(query.execute(&mut *tx).await?.rows_affected()))?;
    }
    Ok(())
}

fn rows(affected: u64) -> usize {
    usize::try_from(affected).unwrap_or(usize::MAX)
}

fn expect(what: &'static str, found: usize) -> Result<(), StoreError> {
    if found == 1 {
        return Ok(());
    }
    Err(StoreError::Conflict(format!("{what} was not as it had been read")))
}
