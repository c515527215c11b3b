//! The sealer: gives committed entries and audit lines dense numbers, chains them into blocks, and builds what lists and
//! statements read.
//!
//! One sealer at a time holds the book's lease, so that gateways do not do the same work twice. What keeps the chain
//! whole is not the lease but the guards of the write: the fencing token, the block's number as a primary key, and the
//! batches that must still be unsealed. Whatever a sealer read since it looked at the last block can only have been
//! changed by another block with the number that it wants for its own.
//!
//! Cost: one indexed query when nothing waits. Else a block is computed outside the write, and the write is a handful
//! of statements on PostgreSQL, a few thousand prepared insertions (tens of milliseconds) on SQLite.

mod plan;
mod postgres;
mod sqlite;

use chrono::{DateTime, Duration, SubsecRound, Utc};

use crate::db::{Backend, on};
use crate::writer::Moment;
use crate::{Conn, Db, StoreError, jobs};
use plan::Plan;

/// The job whose lease the sealer holds.
const JOB: &str = "ledger.seal";
/// A sealer that is killed is replaced after this long.
const LEASE: Duration = Duration::seconds(10);
/// Blocks that one call writes at most.
const BLOCKS: usize = 16;

/// What a call has sealed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sealed {
    pub blocks: i64,
    pub entries: i64,
    /// More waits than one call takes: call again without a pause.
    pub is_behind: bool,
}

/// A sealer's right to write: worthless once another has claimed the job.
#[derive(Clone, Copy)]
struct Lease {
    token: i64,
    until: DateTime<Utc>,
}

/// Seals what is committed and unsealed, up to a bounded number of blocks. Nothing is sealed when another sealer is at
/// work, or was faster.
///
/// Errors: [`StoreError::Corrupt`] when a batch is not what was committed; then sealing stops there and `verify` tells.
pub async fn seal(db: &Db, moment: &dyn Moment, holder: &str) -> Result<Sealed, StoreError> {
    if !anything_waits(&mut db.read().await?.conn()).await? {
        return Ok(Sealed::default());
    }
    let Some(token) = claim(db, moment, holder).await? else { return Ok(Sealed::default()) };
    let sealed = seal_waiting(db, moment, token).await;
    let outcome = if sealed.is_ok() { "ok" } else { "failed" };
    let released = release(db, moment, token, outcome).await;
    sealed.and_then(|sealed| released.map(|()| sealed))
}

async fn anything_waits(conn: &mut Conn<'_>) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT entry_count FROM batches WHERE block IS NULL ORDER BY committed_at, id LIMIT 1";
    let first: Option<i64> = on!(conn, |c| sqlx::query_scalar(SQL).fetch_optional(&mut **c).await)?;
    Ok(first.is_some())
}

async fn claim(db: &Db, moment: &dyn Moment, holder: &str) -> Result<Option<i64>, StoreError> {
    let mut tx = db.begin().await?;
    let now = moment.now();
    let token = jobs::claim(&mut tx, JOB, holder, now, now + LEASE).await?;
    tx.commit().await?;
    Ok(token)
}

async fn seal_waiting(db: &Db, moment: &dyn Moment, token: i64) -> Result<Sealed, StoreError> {
    let mut sealed = Sealed::default();
    for _ in 0..BLOCKS {
        let now = moment.now().trunc_subsecs(6);
        let Some(plan) = Plan::of_waiting(&mut db.read().await?.conn(), now).await? else {
            return Ok(sealed);
        };
        let (blocks, entries) = (sealed.blocks + 1, sealed.entries + plan.entry_count());
        if !write(db, plan, Lease { token, until: now + LEASE }).await? {
            return Ok(sealed);
        }
        sealed = Sealed { blocks, entries, is_behind: false };
    }
    Ok(Sealed { is_behind: true, ..sealed })
}

/// Writes a block whole; false when another sealer was faster.
async fn write(db: &Db, plan: Plan, lease: Lease) -> Result<bool, StoreError> {
    match db.backend() {
        Backend::Postgres(_) => postgres::write(db, &plan, lease).await,
        Backend::Sqlite(_) => sqlite::write(db, plan, lease).await,
    }
}

/// Anybody may claim the job again at once, whatever their clock says.
async fn release(db: &Db, moment: &dyn Moment, token: i64, outcome: &str) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    let run = jobs::Run { ended_at: moment.now(), next_at: DateTime::UNIX_EPOCH, outcome };
    jobs::finish(&mut tx, JOB, token, run).await?;
    tx.commit().await
}
