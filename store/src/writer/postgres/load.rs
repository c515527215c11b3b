//! What a batch names, read and locked in id order, so that gateways which disturb each other wait instead of deadlocking.

use chrono::{DateTime, Utc};
use domain::{Balance, Hold, TransferId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::claims::{Claimed, load_answers};
use crate::StoreError;
use crate::rows::{AccountRow, HoldRow};
use crate::writer::change::Change;
use crate::writer::decide::Loaded;
use crate::writer::needs::Needs;
use crate::writer::{evidence, treasury};

/// Everything that the batch names, locked. A claim that the batch has just put there itself has no answer.
pub(super) async fn load(
    tx: &mut PgConnection,
    changes: &[Change],
    claimed: Option<&Claimed>,
    at: DateTime<Utc>,
) -> Result<Loaded, StoreError> {
    let mut needs = Needs::of(changes);
    let mut loaded = Loaded::default();
    if let Some(claimed) = claimed {
        let others = needs.claims.iter().filter(|claim| !claimed.ours.contains(*claim));
        let others: Vec<Vec<u8>> = others.cloned().collect();
        load_answers(tx, &others, &mut loaded).await?;
    }
    if !needs.quotes.is_empty() {
        const SQL: &str = "SELECT quote_id FROM transfers WHERE quote_id = ANY($1)";
        let used: Vec<Uuid> = sqlx::query_scalar(SQL).bind(&needs.quotes).fetch_all(&mut *tx).await?;
        loaded.used_quotes = used.into_iter().collect();
    }
    if !needs.transfers.is_empty() {
        const SQL: &str = "SELECT id, version FROM transfers WHERE id = ANY($1) ORDER BY id FOR UPDATE";
        let rows: Vec<(Uuid, i64)> = sqlx::query_as(SQL).bind(&needs.transfers).fetch_all(&mut *tx).await?;
        loaded.transfers =
            rows.into_iter().map(|(id, version)| (TransferId::from_uuid(id), version)).collect();
    }
    treasury::load_postgres(tx, &needs, &mut loaded).await?;
    evidence::load_postgres(tx, &needs, &mut loaded).await?;
    load_attempts(tx, &needs, &mut loaded).await?;
    if !needs.holds.is_empty() {
        const SQL: &str = "SELECT * FROM holds WHERE id = ANY($1) ORDER BY id FOR UPDATE";
        let rows: Vec<HoldRow> = sqlx::query_as(SQL).bind(&needs.holds).fetch_all(&mut *tx).await?;
        loaded.holds = rows.into_iter().map(Hold::try_from).collect::<Result<_, _>>()?;
        loaded.holds.iter().for_each(|hold| needs.account(&hold.account));
    }
    loaded.balances = load_balances(tx, &needs, at).await?;
    Ok(loaded)
}

/// Balances, locked; an account that nobody has touched gets its row.
async fn load_balances(
    tx: &mut PgConnection,
    needs: &Needs,
    at: DateTime<Utc>,
) -> Result<Vec<Balance>, StoreError> {
    if needs.accounts.is_empty() {
        return Ok(vec![]);
    }
    let empty: Vec<AccountRow> =
        needs.accounts.values().map(|account| AccountRow::empty(account, at)).collect();
    let (sql, arguments) = AccountRow::insert_all(&empty, "ON CONFLICT (id) DO NOTHING");
    sqlx::query_with(sql, arguments).execute(&mut *tx).await?;
    const SQL: &str = "SELECT * FROM accounts WHERE id = ANY($1) ORDER BY id FOR UPDATE";
    let ids: Vec<Uuid> = needs.accounts.keys().copied().collect();
    let rows: Vec<AccountRow> = sqlx::query_as(SQL).bind(&ids).fetch_all(&mut *tx).await?;
    rows.into_iter().map(Balance::try_from).collect()
}

async fn load_attempts(tx: &mut PgConnection, needs: &Needs, loaded: &mut Loaded) -> Result<(), StoreError> {
    const PROMISES: &str =
        "SELECT id, attempts FROM outbox WHERE id = ANY($1) AND done_at IS NULL ORDER BY id FOR UPDATE";
    const CALLBACKS: &str =
        "SELECT id, attempts FROM inbox WHERE id = ANY($1) AND applied_at IS NULL ORDER BY id FOR UPDATE";
    for (sql, ids) in [(PROMISES, &needs.promises), (CALLBACKS, &needs.callbacks)] {
        if !ids.is_empty() {
            let rows: Vec<(Uuid, i64)> = sqlx::query_as(sql).bind(ids).fetch_all(&mut *tx).await?;
            loaded.attempts.extend(rows);
        }
    }
    Ok(())
}
