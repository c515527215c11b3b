//! Entries as stored: an account's statement, and everything that a business booked.
//!
//! A statement is made of sealed entries, so it runs behind the kept balance by what [`sealing`] says waits: a second
//! at most while a sealer runs. A business's entries are told whether sealed or not.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use domain::{Account, BusinessId, EntryId, EntryKind, JournalEntry, Money, Nature, Posting, Reference};
use uuid::Uuid;

use crate::db::on;
use crate::read::{money, word};
use crate::rows::EntryRow;
use crate::{Conn, StoreError};

/// One line of an account's statement: what an entry did to it, and what it had after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementLine {
    /// The entry's place in the sealed journal.
    pub number: i64,
    pub entry: EntryId,
    pub kind: EntryKind,
    pub business: BusinessId,
    pub movement: Option<Reference>,
    pub at: DateTime<Utc>,
    /// Signed by the account's kind.
    pub delta: Money,
    pub balance: Money,
}

/// An entry with its postings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    /// Its place in the sealed journal; none until the sealer came by.
    pub number: Option<i64>,
    pub entry: JournalEntry,
}

/// How far the sealer has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sealing {
    /// The last block's number, and its last entry's; zero before the first.
    pub last_block: i64,
    pub last_entry: i64,
    /// Commits that wait, and since when.
    pub waiting: i64,
    pub waiting_since: Option<DateTime<Utc>>,
}

/// An account's statement, newest first: up to `limit` lines of those before the entry numbered `before`.
pub async fn of_account(
    conn: &mut Conn<'_>,
    account: &Account,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<StatementLine>, StoreError> {
    const SQL: &str = "SELECT l.number, l.delta_minor, l.balance_minor, e.id, e.kind, e.business, e.movement, e.at \
         FROM account_lines l JOIN sealed_entries s ON s.number = l.number \
         JOIN entries e ON e.batch_id = s.batch_id AND e.ord = s.ord \
         WHERE l.account_id = $1 AND l.number < $2 ORDER BY l.number DESC LIMIT $3";
    let before = before.unwrap_or(i64::MAX);
    let id = account.id().uuid();
    let rows: Vec<LineRow> =
        on!(conn, |c| sqlx::query_as(SQL).bind(id).bind(before).bind(limit).fetch_all(&mut **c).await)?;
    rows.into_iter().map(|row| row.line(account)).collect()
}

/// Everything that `business` booked, oldest first, sealed entries before those that wait.
pub async fn of_business(conn: &mut Conn<'_>, business: BusinessId) -> Result<Vec<StoredEntry>, StoreError> {
    const WAITING: &str = "SELECT CAST(NULL AS BIGINT) AS number, e.* FROM batches b \
         JOIN entries e ON e.batch_id = b.id \
         WHERE b.block IS NULL AND e.business = $1 ORDER BY b.committed_at, b.id, e.ord";
    const SEALED: &str = "SELECT s.number, e.* FROM sealed_entries s \
         JOIN entries e ON e.batch_id = s.batch_id AND e.ord = s.ord WHERE s.business = $1 ORDER BY s.number";
    // What is sealed between the two reads is then told twice, never not at all.
    let word = business.to_string();
    let mut found: Vec<(Option<i64>, EntryRow)> = Vec::new();
    for sql in [WAITING, SEALED] {
        let rows: Vec<NumberedRow> =
            on!(conn, |c| sqlx::query_as(sql).bind(&word).fetch_all(&mut **c).await)?;
        let sealed: HashSet<Uuid> = rows.iter().map(|row| row.entry.id).collect();
        found.retain(|(_, entry)| !sealed.contains(&entry.id));
        found.splice(0..0, rows.into_iter().map(|row| (row.number, row.entry)));
    }
    let mut entries = Vec::with_capacity(found.len());
    for (number, row) in found {
        let postings = postings(conn, &row).await?;
        entries.push(StoredEntry { number, entry: entry(row, business, postings)? });
    }
    Ok(entries)
}

/// How far the sealer has come.
pub async fn sealing(conn: &mut Conn<'_>) -> Result<Sealing, StoreError> {
    const LAST: &str = "SELECT number, last_entry FROM blocks ORDER BY number DESC LIMIT 1";
    const COUNT: &str = "SELECT COUNT(*) FROM batches WHERE block IS NULL";
    const OLDEST: &str =
        "SELECT committed_at FROM batches WHERE block IS NULL ORDER BY committed_at, id LIMIT 1";
    let last: Option<(i64, i64)> = on!(conn, |c| sqlx::query_as(LAST).fetch_optional(&mut **c).await)?;
    let (last_block, last_entry) = last.unwrap_or_default();
    let waiting = on!(conn, |c| sqlx::query_scalar(COUNT).fetch_one(&mut **c).await)?;
    let waiting_since = on!(conn, |c| sqlx::query_scalar(OLDEST).fetch_optional(&mut **c).await)?;
    Ok(Sealing { last_block, last_entry, waiting, waiting_since })
}

#[derive(sqlx::FromRow)]
struct LineRow {
    number: i64,
    delta_minor: i64,
    balance_minor: i64,
    id: Uuid,
    kind: String,
    business: String,
    movement: Option<Uuid>,
    at: DateTime<Utc>,
}

impl LineRow {
    fn line(self, account: &Account) -> Result<StatementLine, StoreError> {
        let what = ("entry", self.id);
        Ok(StatementLine {
            number: self.number,
            entry: EntryId::from_uuid(self.id),
            kind: word(what, &self.kind)?,
            business: word(what, &self.business)?,
            movement: self.movement.map(Reference::from_uuid),
            at: self.at,
            delta: Money::new(self.delta_minor, account.currency()),
            balance: Money::new(self.balance_minor, account.currency()),
        })
    }
}

#[derive(sqlx::FromRow)]
struct NumberedRow {
    number: Option<i64>,
    #[sqlx(flatten)]
    entry: EntryRow,
}

async fn postings(conn: &mut Conn<'_>, entry: &EntryRow) -> Result<Vec<Posting>, StoreError> {
    const SQL: &str = "SELECT d.name, c.name, p.amount_minor, p.currency FROM postings p \
         JOIN accounts d ON d.id = p.debit_account JOIN accounts c ON c.id = p.credit_account \
         WHERE p.batch_id = $1 AND p.entry_ord = $2 ORDER BY p.ord";
    let rows: Vec<(String, String, i64, String)> = on!(conn, |c| {
        sqlx::query_as(SQL).bind(entry.batch_id).bind(entry.ord).fetch_all(&mut **c).await
    })?;
    let what = ("entry", entry.id);
    let posting = |(debit, credit, minor, currency): (String, String, i64, String)| {
        Ok(Posting {
            debit: word(what, &debit)?,
            credit: word(what, &credit)?,
            amount: money(what, minor, &currency)?,
        })
    };
    rows.into_iter().map(posting).collect()
}

fn entry(row: EntryRow, business: BusinessId, postings: Vec<Posting>) -> Result<JournalEntry, StoreError> {
    let what = ("entry", row.id);
    let nature: Nature = word(what, &row.nature)?;
    Ok(JournalEntry {
        id: EntryId::from_uuid(row.id),
        kind: word(what, &row.kind)?,
        nature,
        business,
        movement: row.movement.map(Reference::from_uuid),
        at: row.at,
        postings,
    })
}
