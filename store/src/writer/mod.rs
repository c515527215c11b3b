//! The writer: the only one that appends to the ledger, and everything that commits with it.
//!
//! Changes queue; the writer takes what is waiting, decides it in memory against rows that it loaded and locked, writes
//! the effects in one transaction and answers each after the flush. Nothing waits for a timer: an idle system commits
//! at once, a busy one commits more per flush. A change is refused alone and leaves no trace.
//!
//! On SQLite the writer is a thread with the connection of its own, taking turns with [`crate::Db::begin`]; on
//! PostgreSQL a task, and several gateways stay correct because rows are locked and guards are checked, not because
//! there is one of it.

mod change;
mod decide;
mod effects;
mod evidence;
mod needs;
mod postgres;
mod sqlite;
mod treasury;

pub(crate) use sqlite::connect as lite_connection;

pub use change::{
    Agreed, Answer, Applied, Change, Claim, Kept, NewAudit, NewCallback, NewPromise, TransferWrite,
    WriteError, Written,
};

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use crate::db::Backend;
use crate::{Db, StoreError};
use decide::Verdict;

/// Changes that may wait; one more is refused as overload.
const QUEUE: usize = 4096;
/// Changes that one transaction takes at most.
const BATCH: usize = 512;
/// Tries of a batch that another gateway disturbed.
const TRIES: usize = 4;

/// Where the writer takes time and ordered ids from.
pub trait Moment: Send + Sync + 'static {
    fn now(&self) -> DateTime<Utc>;
    fn id(&self) -> Uuid;
}

struct Item {
    change: Change,
    answer: oneshot::Sender<Verdict>,
}

/// A handle to the writer; cheap to clone. The writer stops when the last handle is gone.
#[derive(Clone)]
pub struct Writer {
    queue: mpsc::Sender<Item>,
    fatal: watch::Receiver<bool>,
}

impl Writer {
    /// Starts the writer of this book.
    pub fn start(db: &Db, moment: Arc<dyn Moment>) -> Result<Writer, StoreError> {
        let (queue, items) = mpsc::channel(QUEUE);
        let (alarm, fatal) = watch::channel(false);
        match db.backend() {
            Backend::Sqlite(backend) => {
                let engine = sqlite::Engine::open(backend, moment)?;
                std::thread::Builder::new()
                    .name("ledger-writer".into())
                    .spawn(move || sqlite::run(engine, items, &alarm))
                    .map_err(|error| StoreError::Conflict(format!("no thread for the writer: {error}")))?;
            }
            Backend::Postgres(backend) => {
                let engine = postgres::Engine::new(backend.writer.clone(), moment);
                tokio::spawn(postgres::run(engine, items, alarm));
            }
        }
        Ok(Writer { queue, fatal })
    }

    /// Commits `change` whole, or refuses it whole. The answer comes after the flush.
    ///
    /// Errors: see [`WriteError`]; after [`WriteError::Stopped`] and [`WriteError::Store`] it is not known whether the
    /// change was written, and the idempotency key or a fresh look tells.
    pub async fn submit(&self, change: Change) -> Result<Written, WriteError> {
        let (answer, verdict) = oneshot::channel();
        match self.queue.try_send(Item { change, answer }) {
            Ok(()) => verdict.await.unwrap_or(Err(WriteError::Stopped)),
            Err(mpsc::error::TrySendError::Full(_)) => Err(WriteError::Overloaded),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(WriteError::Stopped),
        }
    }

    /// Becomes true when the disk fails under the book: nothing may be written any more.
    pub fn fatal(&self) -> watch::Receiver<bool> {
        self.fatal.clone()
    }

    /// How many changes wait.
    pub fn waiting(&self) -> usize {
        QUEUE - self.queue.capacity()
    }
}

/// Takes items whose claims are distinct; the others wait for the next batch, where they find the stored answer.
fn next_batch(waiting: &mut Vec<Item>) -> Vec<Item> {
    let mut claims = HashSet::new();
    let (batch, rest) = std::mem::take(waiting)
        .into_iter()
        .partition(|item| item.change.claim.as_ref().is_none_or(|claim| claims.insert(claim.claim)));
    *waiting = rest;
    batch
}

fn split(batch: Vec<Item>) -> (Vec<Change>, Vec<oneshot::Sender<Verdict>>) {
    batch.into_iter().map(|item| (item.change, item.answer)).unzip()
}

/// Whoever asked may have gone; the change stands all the same.
fn answer(answers: Vec<oneshot::Sender<Verdict>>, verdicts: Vec<Verdict>) {
    for (answer, verdict) in answers.into_iter().zip(verdicts) {
        let _ = answer.send(verdict);
    }
}

fn all_failed(count: usize, error: StoreError) -> Vec<Verdict> {
    let error = Arc::new(error);
    (0..count).map(|_| Err(WriteError::Store(error.clone()))).collect()
}

fn measure(size: usize, since: Instant) {
    let size = u32::try_from(size).unwrap_or(u32::MAX);
    metrics::histogram!("writer_batch_size").record(f64::from(size));
    metrics::histogram!("writer_commit_seconds").record(since.elapsed().as_secs_f64());
}

fn is_fatal(verdict: &Verdict) -> bool {
    matches!(verdict, Err(WriteError::Store(error)) if error.is_fatal())
}
