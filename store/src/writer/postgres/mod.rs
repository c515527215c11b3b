//! The writer on PostgreSQL: a batch is one statement over arrays, decided over what this gateway remembers.
//!
//! Most batches need nothing read before: see [`quick`]. When something was not as it was remembered, the statement fails
//! whole, and the batch is decided again over rows that are locked in id order. So several gateways on one database
//! stay correct, and what they cost each other is a second try.

mod claims;
mod known;
mod load;
mod quick;
mod save;

use std::sync::Arc;
use std::time::Instant;

use sqlx::PgPool;
use tokio::sync::{mpsc, watch};

use super::change::Change;
use super::decide::{Verdict, decide};
use super::{
    BATCH, Item, Moment, TRIES, all_failed, answer, evidence, is_fatal, measure, next_batch, split, treasury,
};
use crate::StoreError;
use known::Known;
use save::Save;

pub(super) struct Engine {
    pool: PgPool,
    moment: Arc<dyn Moment>,
    known: Known,
}

impl Engine {
    pub fn new(pool: PgPool, moment: Arc<dyn Moment>) -> Engine {
        Engine { pool, moment, known: Known::nothing() }
    }
}

pub(super) async fn run(mut engine: Engine, mut items: mpsc::Receiver<Item>, alarm: watch::Sender<bool>) {
    let mut waiting = Vec::with_capacity(BATCH);
    while items.recv_many(&mut waiting, BATCH).await > 0 {
        while !waiting.is_empty() {
            let (changes, answers) = split(next_batch(&mut waiting));
            let since = Instant::now();
            let verdicts = engine.commit(&changes).await;
            measure(changes.len(), since);
            if verdicts.iter().any(is_fatal) {
                let _ = alarm.send(true);
            }
            answer(answers, verdicts);
        }
    }
}

impl Engine {
    /// Commits what can be committed. A batch that cannot be written for one item's sake is tried item by item.
    async fn commit(&mut self, changes: &[Change]) -> Vec<Verdict> {
        match self.quickly(changes).await {
            Ok(Some(verdicts)) => return verdicts,
            Ok(None) => {}
            Err(error) if is_unknown(&error) || error.is_fatal() => return all_failed(changes.len(), error),
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "a batch is decided again");
                self.known.forget();
            }
        }
        match self.try_batch(changes).await {
            Ok(verdicts) => verdicts,
            Err(error) if changes.len() > 1 && !error.is_fatal() && !is_unknown(&error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "batch.size" = changes.len(),
                    "a batch is tried item by item"
                );
                let mut verdicts = Vec::with_capacity(changes.len());
                for change in changes {
                    let alone = self.try_batch(std::slice::from_ref(change)).await;
                    verdicts.extend(alone.unwrap_or_else(|error| all_failed(1, error)));
                }
                verdicts
            }
            Err(error) => all_failed(changes.len(), error),
        }
    }

    /// By one statement, over what is remembered. `None`: the locks are needed.
    async fn quickly(&mut self, changes: &[Change]) -> Result<Option<Vec<Verdict>>, StoreError> {
        let (batch, at) = (self.moment.id(), self.moment.now());
        let mut connection = self.pool.acquire().await?;
        let planned = quick::plan(&mut connection, &mut self.known, changes, batch, at).await?;
        let way = if planned.is_some() { "quick" } else { "locking" };
        metrics::counter!("writer_batches_total", "way" => way).increment(1);
        let Some(mut planned) = planned else { return Ok(None) };
        planned.write(&mut connection, changes).await?;
        self.known.learn(&planned.effects);
        Ok(Some(planned.verdicts))
    }

    /// Tries again when another gateway was in the way; its rows are seen the next time.
    async fn try_batch(&mut self, changes: &[Change]) -> Result<Vec<Verdict>, StoreError> {
        let mut tries = 1;
        loop {
            match self.one_transaction(changes).await {
                Err(error) if tries < TRIES && (error.is_transient() || is_taken(&error)) => tries += 1,
                result => return result,
            }
        }
    }

    /// Over rows that are locked until the commit.
    async fn one_transaction(&mut self, changes: &[Change]) -> Result<Vec<Verdict>, StoreError> {
        let (batch, at) = (self.moment.id(), self.moment.now());
        let mut tx = self.pool.begin().await?;
        let claimed = claims::claim(&mut tx, changes, at).await?;
        let loaded = load::load(&mut tx, changes, claimed.as_ref(), at).await?;
        let versions = loaded.balances.iter().map(|b| (b.account.id().uuid(), b.version)).collect();
        let (mut verdicts, effects) = decide(changes, loaded, batch, at);
        if let Some(claimed) = &claimed {
            claims::release_refused(&mut tx, claimed, changes, &verdicts).await?;
        }
        treasury::save_postgres(&mut tx, &effects).await?;
        evidence::save_postgres(&mut tx, &effects).await?;
        Save::of(&effects, &versions).run(&mut tx, changes, &effects, &mut verdicts).await?;
        tx.commit().await.map_err(|error| match error {
            sqlx::Error::Database(_) => StoreError::from(error),
            broken => StoreError::CommitUnknown(broken),
        })?;
        self.known.learn(&effects);
        self.known.bucket = claimed.map(|claimed| claimed.bucket).or(self.known.bucket);
        Ok(verdicts)
    }
}

/// Another gateway was first: a unique key, or a row that was not as it had been read.
fn is_taken(error: &StoreError) -> bool {
    match error {
        StoreError::Conflict(_) => true,
        StoreError::Database(sqlx::Error::Database(error)) => error.is_unique_violation(),
        _ => false,
    }
}

fn is_unknown(error: &StoreError) -> bool {
    matches!(error, StoreError::CommitUnknown(_))
}
