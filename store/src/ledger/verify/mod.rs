//! Recomputes the book from its rows and tells every difference.
//!
//! One snapshot is read from one end to the other, page by page: the chain and every sheet in it, what waits to be
//! sealed, statements, holds, and each transfer with its movements, timeline and entries. What was kept is compared
//! with what the rows come to; nothing is written.
//!
//! Memory: a page of rows, about a hundred bytes per account, and the entries that wait to be sealed. Two things it
//! cannot see alone: a tail of blocks cut off together with all that they caused, and a chain rewritten from some block
//! on. For both there is the [`Anchor`], a block noted outside the book.

mod accounts;
mod blocks;
mod closing;
mod holds;
mod movements;
mod parts;
mod report;
mod statements;
mod strays;
#[cfg(test)]
mod tests;
mod transfers;
mod treasury;

use std::collections::HashMap;
use std::time::Instant;

use uuid::Uuid;

pub use report::{Anchor, Check, Counts, Finding, MOST_FINDINGS, Progress, Report, Stage};

use super::snapshot::Snapshot;
use crate::db::on;
use crate::{Conn, Db, StoreError};
use accounts::Fold;
use transfers::Flow;

/// Whom to tell how far it has come.
pub type OnProgress<'a> = &'a mut (dyn FnMut(Progress) + Send);

/// Rows that are read at once.
const PAGE: i64 = 2_000;

/// Verifies the whole book.
///
/// Errors: only when the database cannot be read at all; whatever is wrong with the book is in the report.
pub async fn verify(db: &Db, progress: OnProgress<'_>) -> Result<Report, StoreError> {
    verify_from(db, None, progress).await
}

/// The same, and that the chain leads to `anchor`.
pub async fn verify_from(
    db: &Db,
    anchor: Option<&Anchor>,
    progress: OnProgress<'_>,
) -> Result<Report, StoreError> {
    let began = Instant::now();
    let mut verifier = Verifier {
        snapshot: Snapshot::of(db).await?,
        progress,
        report: Report::default(),
        accounts: HashMap::new(),
        waiting: HashMap::new(),
        seen: Seen::default(),
        anchor,
    };
    for stage in STAGES {
        let done = verifier.look_at(stage).await;
        if !verifier.was_readable(stage, done)? {
            break;
        }
    }
    let mut report = verifier.report;
    report.took = began.elapsed();
    Ok(report)
}

/// The last block, to be noted outside the book.
pub async fn head(conn: &mut Conn<'_>) -> Result<Option<Anchor>, StoreError> {
    const SQL: &str = "SELECT number, hash FROM blocks ORDER BY number DESC LIMIT 1";
    let row: Option<(i64, Vec<u8>)> = on!(conn, |c| sqlx::query_as(SQL).fetch_optional(&mut **c).await)?;
    Ok(row.map(|(block, hash)| Anchor { block, hash }))
}

/// Balances must be folded before they are compared, and cases come after the entries that they are checked against.
const STAGES: [Stage; 7] = [
    Stage::Accounts,
    Stage::Blocks,
    Stage::Waiting,
    Stage::Statements,
    Stage::Holds,
    Stage::Transfers,
    Stage::Strays,
];

/// One verification under way.
struct Verifier<'a> {
    snapshot: Snapshot,
    progress: OnProgress<'a>,
    report: Report,
    accounts: HashMap<Uuid, Fold>,
    /// What unsealed entries do, by business: they are not in the index of sealed ones.
    waiting: HashMap<String, Vec<Flow>>,
    seen: Seen,
    anchor: Option<&'a Anchor>,
}

/// What was met from one side, to be compared with the other.
#[derive(Default)]
struct Seen {
    /// Entries and holds that name a transfer as their business.
    transfer_entries: u64,
    transfer_holds: u64,
    /// Those that a transfer led to.
    entries_of_transfers: u64,
    holds_of_transfers: u64,
    last_entry: i64,
    last_audit: i64,
}

impl Verifier<'_> {
    async fn look_at(&mut self, stage: Stage) -> Result<(), StoreError> {
        match stage {
            Stage::Accounts => self.look_at_accounts().await,
            Stage::Blocks => self.look_at_blocks().await,
            Stage::Waiting => self.look_at_waiting().await,
            Stage::Statements => self.look_at_statements().await,
            Stage::Holds => self.look_at_holds().await,
            Stage::Transfers => {
                self.look_at_transfers().await?;
                self.look_at_treasury().await
            }
            Stage::Strays => self.look_for_strays().await,
        }
    }

    /// A value that no program of ours writes is a finding like any other; but what comes after it would be compared
    /// with half of the book.
    fn was_readable(&mut self, stage: Stage, done: Result<(), StoreError>) -> Result<bool, StoreError> {
        let (place, what) = match done {
            Ok(()) => return Ok(true),
            Err(StoreError::Database(
                error @ (sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_)),
            )) => (stage.as_str().to_owned(), error.to_string()),
            Err(StoreError::Corrupt { what, id }) => (format!("{what} {id}"), "its words are unknown".into()),
            Err(error) => return Err(error),
        };
        self.report.find(Check::Unreadable, place, format!("{what}; nothing after it was looked at"));
        Ok(false)
    }

    fn tell(&mut self, stage: Stage, done: u64, total: u64) {
        (self.progress)(Progress { stage, done, total });
    }

    async fn count(&mut self, sql: &'static str) -> Result<u64, StoreError> {
        let count: i64 =
            on!(&mut self.snapshot.conn(), |c| sqlx::query_scalar(sql).fetch_one(&mut **c).await)?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}
