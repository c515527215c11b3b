//! How far each wallet's statement has been read: one row per wallet, written by whoever holds the job.
//!
//! What is noted here commits together with the lines that it is about, so a reading that is taken up again neither
//! skips nor doubles anything.
//!
//! Deliberately absent: when to read, and what a day is over by.

use chrono::{DateTime, NaiveDate, Utc};
use domain::{Provider, Wallet};
use uuid::Uuid;

use crate::db::on;
use crate::read::{column, word};
use crate::{Conn, StoreError, Tx};

/// Where the reading of one wallet stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementRead {
    pub provider: Provider,
    pub wallet: Wallet,
    /// The first day that was ever read.
    pub first_day: NaiveDate,
    /// The first day that is not read for good; every earlier one is.
    pub open_day: NaiveDate,
    /// The pass over a day that is under way.
    pub pass: Option<Pass>,
    /// When the round that is under way, or the last one, began.
    pub round_at: Option<DateTime<Utc>>,
    /// When the last round began that read everything up to its own time.
    pub whole_at: Option<DateTime<Utc>>,
    /// Nothing is asked before.
    pub due_at: DateTime<Utc>,
    /// Lines that are kept.
    pub lines: i64,
    /// Lines that said something else another time.
    pub differences: i64,
    /// The sum of the lines' net amounts in the wallet's currency, minor units.
    pub net_minor: i64,
    /// When the latest line happened.
    pub last_line_at: Option<DateTime<Utc>>,
    /// Attempts in a row that failed.
    pub failures: i64,
    /// What went wrong at the last of them, or what the last round could not see; in our words.
    pub error: Option<String>,
    pub updated_at: DateTime<Utc>,
}

/// One reading of a day from its first page to its last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    pub day: NaiveDate,
    /// Where the next page begins; `None` at the first.
    pub cursor: Option<String>,
    pub begun_at: DateTime<Utc>,
}

/// Every wallet that was ever read, by provider and name.
pub async fn list(conn: &mut Conn<'_>) -> Result<Vec<StatementRead>, StoreError> {
    const SQL: &str = "SELECT * FROM statement_reads ORDER BY provider, wallet";
    let rows: Vec<ReadRow> = on!(conn, |c| sqlx::query_as(SQL).fetch_all(&mut **c).await)?;
    rows.into_iter().map(StatementRead::try_from).collect()
}

/// Where the reading of a wallet stands; `None` when it was never read.
pub async fn find(
    conn: &mut Conn<'_>,
    provider: Provider,
    wallet: &Wallet,
) -> Result<Option<StatementRead>, StoreError> {
    const SQL: &str = "SELECT * FROM statement_reads WHERE provider = $1 AND wallet = $2";
    let row: Option<ReadRow> = on!(conn, |c| {
        let query = sqlx::query_as(SQL).bind(provider.as_str()).bind(wallet.as_str());
        query.fetch_optional(&mut **c).await
    })?;
    row.map(StatementRead::try_from).transpose()
}

/// Notes where the reading stands. The caller proves in the same transaction that it still holds the job.
pub async fn save(tx: &mut Tx, read: &StatementRead) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO statement_reads (provider, wallet, first_day, open_day, reading_day, page_cursor, begun_at, \
         round_at, whole_at, due_at, lines, differences, net_minor, last_line_at, failures, error, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) \
         ON CONFLICT (provider, wallet) DO UPDATE SET open_day = excluded.open_day, \
         reading_day = excluded.reading_day, page_cursor = excluded.page_cursor, begun_at = excluded.begun_at, \
         round_at = excluded.round_at, whole_at = excluded.whole_at, due_at = excluded.due_at, \
         lines = excluded.lines, differences = excluded.differences, net_minor = excluded.net_minor, \
         last_line_at = excluded.last_line_at, failures = excluded.failures, error = excluded.error, \
         updated_at = excluded.updated_at";
    let pass = read.pass.as_ref();
    on!(&mut tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(read.provider.as_str()).bind(read.wallet.as_str());
        let query = query.bind(read.first_day.to_string()).bind(read.open_day.to_string());
        let query = query.bind(pass.map(|pass| pass.day.to_string()));
        let query =
            query.bind(pass.and_then(|pass| pass.cursor.clone())).bind(pass.map(|pass| pass.begun_at));
        let query = query.bind(read.round_at).bind(read.whole_at).bind(read.due_at).bind(read.lines);
        let query = query.bind(read.differences).bind(read.net_minor).bind(read.last_line_at);
        let query = query.bind(read.failures).bind(read.error.as_deref()).bind(read.updated_at);
        query.execute(&mut **c).await.map(drop)
    })?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct ReadRow {
    provider: String,
    wallet: String,
    first_day: String,
    open_day: String,
    reading_day: Option<String>,
    page_cursor: Option<String>,
    begun_at: Option<DateTime<Utc>>,
    round_at: Option<DateTime<Utc>>,
    whole_at: Option<DateTime<Utc>>,
    due_at: DateTime<Utc>,
    lines: i64,
    differences: i64,
    net_minor: i64,
    last_line_at: Option<DateTime<Utc>>,
    failures: i64,
    error: Option<String>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<ReadRow> for StatementRead {
    type Error = StoreError;

    fn try_from(row: ReadRow) -> Result<StatementRead, StoreError> {
        let what = ("reading of a statement", Uuid::nil());
        let pass = match (row.reading_day, row.begun_at) {
            (Some(day), Some(begun_at)) => {
                Some(Pass { day: column(what, day.parse())?, cursor: row.page_cursor, begun_at })
            }
            _ => None,
        };
        Ok(StatementRead {
            provider: word(what, &row.provider)?,
            wallet: column(what, Wallet::parse(&row.wallet))?,
            first_day: column(what, row.first_day.parse())?,
            open_day: column(what, row.open_day.parse())?,
            pass,
            round_at: row.round_at,
            whole_at: row.whole_at,
            due_at: row.due_at,
            lines: row.lines,
            differences: row.differences,
            net_minor: row.net_minor,
            last_line_at: row.last_line_at,
            failures: row.failures,
            error: row.error,
            updated_at: row.updated_at,
        })
    }
}
