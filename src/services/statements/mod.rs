//! Providers' statements, read line by line into one shape: what reconciliation will hold against the book.
//!
//! A job that one gateway at a time holds goes through the wallets. Where the provider has a list it is read from the
//! first day that is not read for good up to now; where it has none, the lines follow from the answers that ended
//! single movements. A page and how far it leads commit together, over the job's token, so a crash or a second
//! gateway skips nothing, and the lines' own key lets nothing be doubled.
//!
//! Deliberately absent: matching lines with movements, and booking anything that a line says.

mod ended;
mod lines;
mod progress;
mod read;
mod turn;

use chrono::{DateTime, TimeDelta, Utc};
use store::provider_lines::{self, Difference, LineFilter, ProviderLine};
use store::statement_reads::{self, StatementRead};
use store::{StoreError, jobs};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::ServiceError;
use crate::app::App;
use turn::Turn;

/// The job's name.
pub const NAME: &str = "statements";

/// After so many failures in a row at one wallet the job is said to fail.
const TELL_AFTER: i64 = 5;
/// The shortest pause between two turns.
const REST: TimeDelta = TimeDelta::seconds(1);

/// Reads what is due, if no other gateway does, and says when the next turn is; `None`: another reads, or nobody is to.
/// Once `stop` is told no further page is asked for.
pub async fn read_when_due(
    app: &App,
    holder: &str,
    stop: &CancellationToken,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    if app.config.statements.every_s == 0 {
        return Ok(None);
    }
    let Some(turn) = Turn::take(app, holder, stop).await? else { return Ok(None) };
    let looked = read_all(&turn).await;
    let now = app.clock.now();
    let usual = now + TimeDelta::seconds(app.config.statements.every_s);
    let (next_at, outcome) = match &looked {
        Ok(reads) => {
            let due = reads.iter().map(|read| read.due_at).min();
            let next_at = due.unwrap_or(usual).clamp(now + REST, usual.max(now + REST));
            let fails = reads.iter().any(|read| read.failures >= TELL_AFTER);
            (next_at, if fails { "a wallet cannot be read" } else { "ok" })
        }
        Err(_) => (now + TimeDelta::minutes(1), "failed"),
    };
    // Who lost the job knows nothing of when it is due, and looks again soon.
    let was_ours = turn.end(next_at, outcome).await?;
    looked.map(|_| was_ours.then_some(next_at))
}

/// Every wallet once. What was lost to another gateway on the way ends the turn.
async fn read_all(turn: &Turn<'_>) -> Result<Vec<StatementRead>, StoreError> {
    let mut reads = Vec::new();
    for provider in turn.app.providers.iter() {
        match read::wallet(turn, provider.as_ref()).await? {
            Some(read) => reads.push(read),
            None => break,
        }
    }
    Ok(reads)
}

/// A line, and what it said other times.
pub struct Shown {
    /// As it was first seen.
    pub line: ProviderLine,
    /// Oldest first.
    pub differences: Vec<Difference>,
}

/// Lines, newest first, up to `limit` after a position.
pub async fn list(
    app: &App,
    filter: &LineFilter,
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: usize,
) -> Result<Vec<Shown>, ServiceError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut reader = app.db.read().await?;
    let lines = provider_lines::list(&mut reader.conn(), filter, before, limit).await?;
    let ids: Vec<Uuid> = lines.iter().map(|line| line.id).collect();
    let differences = provider_lines::differences(&mut reader.conn(), &ids).await?;
    let of = |id: Uuid| differences.iter().filter(|other| other.line == id).cloned().collect();
    Ok(lines.into_iter().map(|line| Shown { differences: of(line.id), line }).collect())
}

/// How a wallet's statement comes to us, and how far it has.
pub struct Progress {
    /// At whom.
    pub provider: domain::Provider,
    /// Which of our wallets there.
    pub wallet: domain::Wallet,
    /// What the wallet's sum is in.
    pub currency: Option<domain::Currency>,
    /// What its provider shows.
    pub statements: providers::Statements,
    /// Where the reading stands; `None` when it never began.
    pub read: Option<StatementRead>,
}

/// How far every configured wallet's statement is read.
pub async fn progress(app: &App) -> Result<Vec<Progress>, ServiceError> {
    let reads = statement_reads::list(&mut app.db.read().await?.conn()).await?;
    let of = |provider: &std::sync::Arc<dyn providers::Provider>| {
        let capabilities = provider.capabilities();
        let is_of = |read: &&StatementRead| {
            read.provider == capabilities.provider && read.wallet == capabilities.wallet
        };
        Progress {
            provider: capabilities.provider,
            wallet: capabilities.wallet.clone(),
            currency: capabilities.currencies.first().copied(),
            statements: capabilities.statements,
            read: reads.iter().find(is_of).cloned(),
        }
    };
    Ok(app.providers.iter().map(of).collect())
}

/// The job as it stands; `None` when it never ran.
pub async fn job(app: &App) -> Result<Option<jobs::Job>, ServiceError> {
    let jobs = jobs::list(&mut app.db.read().await?.conn()).await?;
    Ok(jobs.into_iter().find(|job| job.name == NAME))
}
