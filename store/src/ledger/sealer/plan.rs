//! A block before it is written: computed from what was read, with nothing left to decide.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use domain::AccountKind;
use uuid::Uuid;

use crate::db::on;
use crate::ledger::keys::by_ids;
use crate::ledger::rows::{AccountLineRow, BlockRow, SealedAuditRow, SealedEntryRow};
use crate::ledger::sheet::Sheet;
use crate::ledger::{block, lines};
use crate::read::word;
use crate::rows::BatchRow;
use crate::{Conn, StoreError};

/// Batches that one block takes at most.
const BATCHES: i64 = 256;
/// Entries after which a block takes no further batch.
const ENTRIES: i64 = 512;

/// The rows of one block.
pub(super) struct Plan {
    pub block: BlockRow,
    pub entries: Vec<SealedEntryRow>,
    pub audit: Vec<SealedAuditRow>,
    /// In account order, which is the order of their table.
    pub lines: Vec<AccountLineRow>,
    pub batches: Vec<Uuid>,
}

/// What an account was after the last block.
struct Sofar {
    kind: AccountKind,
    balance: i64,
}

impl Plan {
    /// The next block, of the oldest unsealed batches. `None` when all is sealed.
    ///
    /// The last block must be read first: see the module's first words.
    pub async fn of_waiting(
        conn: &mut Conn<'_>,
        sealed_at: DateTime<Utc>,
    ) -> Result<Option<Plan>, StoreError> {
        let last = last_block(conn).await?;
        let batches = waiting(conn).await?;
        if batches.is_empty() {
            return Ok(None);
        }
        let sheets = Sheet::load(conn, batches).await?;
        if let Some(sheet) = sheets.iter().find(|sheet| !sheet.is_whole()) {
            return Err(StoreError::corrupt("batch", sheet.batch.id));
        }
        let accounts = accounts(conn, &sheets).await?;
        let block = after(last, &sheets, sealed_at);
        Ok(Some(Plan {
            entries: sealed_entries(block.first_entry, &sheets),
            audit: sealed_audit(block.first_audit, &sheets),
            lines: account_lines(block.first_entry, &sheets, accounts)?,
            batches: sheets.iter().map(|sheet| sheet.batch.id).collect(),
            block,
        }))
    }

    pub fn entry_count(&self) -> i64 {
        self.block.last_entry - self.block.first_entry + 1
    }
}

async fn last_block(conn: &mut Conn<'_>) -> Result<Option<BlockRow>, StoreError> {
    const SQL: &str = "SELECT * FROM blocks ORDER BY number DESC LIMIT 1";
    Ok(on!(conn, |c| sqlx::query_as(SQL).fetch_optional(&mut **c).await)?)
}

/// The oldest unsealed batches, as many as fit in a block and at least one.
async fn waiting(conn: &mut Conn<'_>) -> Result<Vec<BatchRow>, StoreError> {
    const SQL: &str = "SELECT * FROM batches WHERE block IS NULL ORDER BY committed_at, id LIMIT $1";
    let mut batches: Vec<BatchRow> =
        on!(conn, |c| sqlx::query_as(SQL).bind(BATCHES).fetch_all(&mut **c).await)?;
    let mut entries = 0;
    let fits = batches.iter().take_while(|batch| {
        let fits = entries < ENTRIES;
        entries += batch.entry_count;
        fits
    });
    let fits = fits.count();
    batches.truncate(fits);
    Ok(batches)
}

async fn accounts(conn: &mut Conn<'_>, sheets: &[Sheet]) -> Result<HashMap<Uuid, Sofar>, StoreError> {
    let postings = sheets.iter().flat_map(|sheet| &sheet.postings);
    let touched: BTreeSet<Uuid> =
        postings.flat_map(|posting| [posting.debit_account, posting.credit_account]).collect();
    let ids: Vec<Uuid> = touched.into_iter().collect();
    let rows: Vec<(Uuid, String, i64)> = by_ids!(
        conn,
        &ids,
        "SELECT a.id, a.kind, COALESCE((SELECT l.balance_minor FROM account_lines l WHERE l.account_id = a.id \
         ORDER BY l.number DESC LIMIT 1), 0) FROM accounts a WHERE a.id",
        ""
    )?;
    let sofar = |(id, kind, balance): (Uuid, String, i64)| {
        Ok((id, Sofar { kind: word(("account", id), &kind)?, balance }))
    };
    rows.into_iter().map(sofar).collect()
}

/// The block that follows `last` and holds `sheets`.
fn after(last: Option<BlockRow>, sheets: &[Sheet], sealed_at: DateTime<Utc>) -> BlockRow {
    let (number, entry, audit, previous) = last.map_or((0, 0, 0, block::GENESIS.to_vec()), |last| {
        (last.number, last.last_entry, last.last_audit, last.hash)
    });
    let entries: i64 = sheets.iter().map(|sheet| sheet.batch.entry_count).sum();
    let audits: i64 = sheets.iter().map(|sheet| sheet.batch.audit_count).sum();
    let mut row = BlockRow {
        number: number + 1,
        first_entry: entry + 1,
        last_entry: entry + entries,
        first_audit: audit + 1,
        last_audit: audit + audits,
        previous,
        hash: vec![],
        sealed_at,
    };
    row.hash = block::hash(&row, sheets).to_vec();
    row
}

fn sealed_entries(first: i64, sheets: &[Sheet]) -> Vec<SealedEntryRow> {
    let entries = sheets.iter().flat_map(|sheet| &sheet.entries);
    let row = |(number, entry): (i64, &crate::rows::EntryRow)| SealedEntryRow {
        number,
        entry_id: entry.id,
        batch_id: entry.batch_id,
        ord: entry.ord,
        business: entry.business.clone(),
    };
    (first..).zip(entries).map(row).collect()
}

fn sealed_audit(first: i64, sheets: &[Sheet]) -> Vec<SealedAuditRow> {
    let lines = sheets.iter().flat_map(|sheet| &sheet.audit);
    let row = |(number, line): (i64, &crate::rows::AuditRow)| SealedAuditRow {
        number,
        batch_id: line.batch_id,
        ord: line.ord,
    };
    (first..).zip(lines).map(row).collect()
}

fn account_lines(
    first: i64,
    sheets: &[Sheet],
    mut accounts: HashMap<Uuid, Sofar>,
) -> Result<Vec<AccountLineRow>, StoreError> {
    let mut rows = Vec::new();
    for (number, (entry, postings)) in (first..).zip(sheets.iter().flat_map(Sheet::parts)) {
        let corrupt = || StoreError::corrupt("entry", entry.id);
        let kind = |id: &Uuid| accounts.get(id).map(|account| account.kind);
        let changes = lines::changes(&postings, kind).ok_or_else(corrupt)?;
        for (account_id, delta_minor) in changes {
            let account = accounts.get_mut(&account_id).ok_or_else(corrupt)?;
            account.balance = account.balance.checked_add(delta_minor).ok_or_else(corrupt)?;
            let balance_minor = account.balance;
            rows.push(AccountLineRow { account_id, number, delta_minor, balance_minor, at: entry.at });
        }
    }
    rows.sort_by_key(|row| (row.account_id, row.number));
    Ok(rows)
}
