//! The writer on SQLite: a thread with a connection of its own, taking the write turn for each batch.
//!
//! The turn is shared with [`crate::Db::begin`], so there is one writer at a time and nobody polls a locked file. What is
//! loaded under it cannot change before the commit.

use std::sync::Arc;
use std::time::Instant;

use domain::{Balance, Hold, TransferId};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params, params_from_iter};
use tokio::sync::{Mutex, mpsc, watch};
use uuid::Uuid;

use super::change::{Answer, Change, Written};
use super::decide::{Effects, Loaded, Verdict, decide};
use super::effects::answer_row;
use super::needs::Needs;
use super::{
    BATCH, Item, Moment, all_failed, answer, evidence, is_fatal, measure, next_batch, split, treasury,
};
use crate::StoreError;
use crate::db::SqliteBackend;
use crate::db::sqlite::{BUSY_TIMEOUT, check};
use crate::rows::{AccountRow, HoldRow};
use crate::table::Lite;

pub(super) struct Engine {
    connection: Connection,
    turn: Arc<Mutex<()>>,
    moment: Arc<dyn Moment>,
}

impl Engine {
    pub fn open(backend: &SqliteBackend, moment: Arc<dyn Moment>) -> Result<Engine, StoreError> {
        let connection = connect(backend)?;
        Ok(Engine { connection, turn: backend.turn.clone(), moment })
    }
}

/// A connection with the settings that a commit rests on, checked.
pub(crate) fn connect(backend: &SqliteBackend) -> Result<Connection, StoreError> {
    let connection = Connection::open(&backend.path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0; \
         PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4000; PRAGMA secure_delete = FAST;",
    )?;
    let text = |sql| connection.query_row(sql, [], |row| row.get::<_, String>(0));
    let synchronous = connection.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
    check(&text("SELECT sqlite_version()")?, synchronous, &text("PRAGMA journal_mode")?)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

pub(super) fn run(mut engine: Engine, mut items: mpsc::Receiver<Item>, alarm: &watch::Sender<bool>) {
    let mut waiting = Vec::with_capacity(BATCH);
    while let Some(first) = items.blocking_recv() {
        waiting.push(first);
        while waiting.len() < BATCH {
            match items.try_recv() {
                Ok(item) => waiting.push(item),
                Err(_) => break,
            }
        }
        while !waiting.is_empty() {
            let (changes, answers) = split(next_batch(&mut waiting));
            let since = Instant::now();
            let verdicts = engine.commit(&changes);
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
    fn commit(&mut self, changes: &[Change]) -> Vec<Verdict> {
        match self.one_transaction(changes) {
            Ok(verdicts) => verdicts,
            Err(error) if changes.len() > 1 && !error.is_fatal() => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "batch.size" = changes.len(),
                    "a batch is tried item by item"
                );
                let alone = |change| {
                    let alone = self.one_transaction(std::slice::from_ref(change));
                    alone.unwrap_or_else(|error| all_failed(1, error))
                };
                changes.iter().flat_map(alone).collect()
            }
            Err(error) => all_failed(changes.len(), error),
        }
    }

    fn one_transaction(&mut self, changes: &[Change]) -> Result<Vec<Verdict>, StoreError> {
        let (batch, at) = (self.moment.id(), self.moment.now());
        let turn = self.turn.clone();
        let _turn = turn.blocking_lock();
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let (mut verdicts, effects) = decide(changes, load(&tx, changes)?, batch, at);
        save(&tx, &effects)?;
        receive(&tx, changes, &effects, &mut verdicts)?;
        tx.commit()?;
        Ok(verdicts)
    }
}

fn load(tx: &Transaction<'_>, changes: &[Change]) -> Result<Loaded, StoreError> {
    let mut needs = Needs::of(changes);
    let mut loaded = Loaded::default();
    load_answers(tx, &needs, &mut loaded)?;
    load_versions(tx, &needs, &mut loaded)?;
    treasury::load_lite(tx, &needs, &mut loaded)?;
    evidence::load_lite(tx, &needs, &mut loaded)?;
    for hold in load_holds(tx, &needs)? {
        needs.account(&hold.account);
        loaded.holds.push(hold);
    }
    loaded.balances = load_balances(tx, &needs)?;
    Ok(loaded)
}

fn load_answers(tx: &Transaction<'_>, needs: &Needs, loaded: &mut Loaded) -> Result<(), StoreError> {
    const SQL: &str = "SELECT fingerprint, status, location, body FROM idempotency \
         WHERE bucket IN (SELECT bucket FROM idempotency_buckets) AND claim = ?1";
    let mut statement = tx.prepare_cached(SQL)?;
    for claim in &needs.claims {
        let found = statement
            .query_row([claim], |row| {
                let answer = Answer { status: row.get(1)?, location: row.get(2)?, body: row.get(3)? };
                Ok((row.get::<_, [u8; 32]>(0)?, answer))
            })
            .optional()?;
        if let (Some(found), Ok(claim)) = (found, <[u8; 32]>::try_from(claim.as_slice())) {
            loaded.answers.insert(claim, found);
        }
    }
    Ok(())
}

fn load_versions(tx: &Transaction<'_>, needs: &Needs, loaded: &mut Loaded) -> Result<(), StoreError> {
    let number = |sql: &str, id: &Uuid| -> Result<Option<i64>, rusqlite::Error> {
        tx.prepare_cached(sql)?.query_row([id.lite()], |row| row.get(0)).optional()
    };
    for quote in &needs.quotes {
        if number("SELECT 1 FROM transfers WHERE quote_id = ?1", quote)?.is_some() {
            loaded.used_quotes.insert(*quote);
        }
    }
    for id in &needs.transfers {
        let version = number("SELECT version FROM transfers WHERE id = ?1", id)?;
        loaded.transfers.extend(version.map(|version| (TransferId::from_uuid(*id), version)));
    }
    for id in &needs.promises {
        let attempt = number("SELECT attempts FROM outbox WHERE id = ?1 AND done_at IS NULL", id)?;
        loaded.attempts.extend(attempt.map(|attempt| (*id, attempt)));
    }
    for id in &needs.callbacks {
        let attempt = number("SELECT attempts FROM inbox WHERE id = ?1 AND applied_at IS NULL", id)?;
        loaded.attempts.extend(attempt.map(|attempt| (*id, attempt)));
    }
    Ok(())
}

fn load_holds(tx: &Transaction<'_>, needs: &Needs) -> Result<Vec<Hold>, StoreError> {
    const SQL: &str = "SELECT account_id, account, amount_minor, settled_minor, currency, state, business, created_at \
         FROM holds WHERE id = ?1";
    let mut statement = tx.prepare_cached(SQL)?;
    let mut holds = Vec::with_capacity(needs.holds.len());
    for id in &needs.holds {
        let row = statement.query_row([id.lite()], |row| {
            Ok(HoldRow {
                id: *id,
                account_id: Uuid::from_bytes(row.get(0)?),
                account: row.get(1)?,
                amount_minor: row.get(2)?,
                settled_minor: row.get(3)?,
                currency: row.get(4)?,
                state: row.get(5)?,
                business: row.get(6)?,
                created_at: row.get(7)?,
                resolved_at: None,
            })
        });
        holds.extend(row.optional()?.map(Hold::try_from).transpose()?);
    }
    Ok(holds)
}

fn load_balances(tx: &Transaction<'_>, needs: &Needs) -> Result<Vec<Balance>, StoreError> {
    let mut statement = tx.prepare_cached("SELECT balance, held, version FROM accounts WHERE id = ?1")?;
    let mut balances = Vec::with_capacity(needs.accounts.len());
    for (id, account) in &needs.accounts {
        let balance = statement.query_row([id.lite()], |row| {
            Ok(Balance {
                account: account.clone(),
                balance: row.get(0)?,
                held: row.get(1)?,
                version: row.get(2)?,
            })
        });
        balances.extend(balance.optional()?);
    }
    Ok(balances)
}

fn save(tx: &Transaction<'_>, effects: &Effects) -> Result<(), StoreError> {
    append(tx, effects)?;
    for row in effects.transfer_rows() {
        row.insert_lite(tx, "")?;
    }
    for row in effects.new_movement_rows() {
        row.insert_lite(tx, "")?;
    }
    for row in effects.timeline_rows() {
        row.insert_lite(tx, "")?;
    }
    for row in effects.new_hold_rows() {
        row.insert_lite(tx, "")?;
    }
    for row in effects.promise_rows() {
        row.insert_lite(tx, "")?;
    }
    change_transfers(tx, effects)?;
    change_movements(tx, effects)?;
    treasury::save_lite(tx, effects)?;
    evidence::save_lite(tx, effects)?;
    change_ledger(tx, effects)?;
    finish(tx, effects)
}

/// The journal, the audit trail and the stored answers: what is only ever added.
fn append(tx: &Transaction<'_>, effects: &Effects) -> Result<(), StoreError> {
    if let Some(batch) = effects.batch_row() {
        batch.insert_lite(tx, "")?;
        let (entries, postings) = effects.entry_rows();
        for row in entries {
            row.insert_lite(tx, "")?;
        }
        for row in postings {
            row.insert_lite(tx, "")?;
        }
        for row in effects.audit_rows() {
            row.insert_lite(tx, "")?;
        }
    }
    if effects.claims.is_empty() {
        return Ok(());
    }
    let bucket =
        tx.query_row("SELECT bucket FROM idempotency_rotation WHERE id = 1", [], |row| row.get(0))?;
    for claim in &effects.claims {
        answer_row(claim, bucket, effects.at).insert_lite(tx, "")?;
    }
    Ok(())
}

fn change_transfers(tx: &Transaction<'_>, effects: &Effects) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE transfers SET status = ?3, refunded_minor = ?4, next_action = ?5, version = ?6, \
         updated_at = ?7, unwound_minor = ?8, revalued_minor = ?9, refund_keeps_fee = ?10, \
         people = COALESCE(?11, people) WHERE id = ?1 AND version = ?2";
    let mut statement = tx.prepare_cached(SQL)?;
    for (write, loaded) in &effects.transfers {
        let t = &write.transfer;
        let values = params![
            t.id.uuid().lite(),
            loaded,
            t.status.as_str(),
            t.refunded.minor(),
            write.next_action,
            t.version,
            t.updated_at.lite(),
            t.unwound.minor(),
            t.revalued.minor(),
            t.refund_keeps_fee,
            write.people
        ];
        expect("transfer", statement.execute(values)?)?;
    }
    Ok(())
}

fn change_movements(tx: &Transaction<'_>, effects: &Effects) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE movements SET state = ?2, fee_minor = ?3, provider_ref = ?4, transaction_ref = ?5, \
         source = ?6, value_hold = ?7, float_hold = ?8, code = ?9, asked = ?10, not_found = ?11, submitted_at = ?12, \
         available_at = ?13, dispute_fee_minor = ?14, version = ?15, updated_at = ?16 \
         WHERE reference = ?1 AND version < ?15";
    let mut statement = tx.prepare_cached(SQL)?;
    for m in effects.movement_rows() {
        let values = [
            m.reference.lite(),
            m.state.lite(),
            m.fee_minor.lite(),
            m.provider_ref.lite(),
            m.transaction_ref.lite(),
            m.source.lite(),
            m.value_hold.lite(),
            m.float_hold.lite(),
            m.code.lite(),
            m.asked.lite(),
            m.not_found.lite(),
            m.submitted_at.lite(),
            m.available_at.lite(),
            m.dispute_fee_minor.lite(),
            m.version.lite(),
            m.updated_at.lite(),
        ];
        expect("movement", statement.execute(params_from_iter(values))?)?;
    }
    Ok(())
}

fn change_ledger(tx: &Transaction<'_>, effects: &Effects) -> Result<(), StoreError> {
    const HOLD: &str = "UPDATE holds SET state = ?2, settled_minor = ?3, resolved_at = ?4 \
         WHERE id = ?1 AND state = 'open'";
    let mut statement = tx.prepare_cached(HOLD)?;
    for hold in &effects.holds {
        let values =
            params![hold.id.uuid().lite(), hold.state.as_str(), hold.settled.minor(), effects.at.lite()];
        expect("hold", statement.execute(values)?)?;
    }
    const UPSERT: &str = "ON CONFLICT (id) DO UPDATE SET balance = excluded.balance, held = excluded.held, \
         version = excluded.version WHERE accounts.version < excluded.version";
    for row in effects.account_rows() {
        let row: AccountRow = row;
        expect("account", row.insert_lite(tx, UPSERT)?)?;
    }
    Ok(())
}

fn finish(tx: &Transaction<'_>, effects: &Effects) -> Result<(), StoreError> {
    const PROMISE: &str = "UPDATE outbox SET due_at = COALESCE(?3, due_at), leased_until = NULL, \
         done_at = CASE WHEN ?3 IS NULL THEN ?5 END, last_error = ?4 \
         WHERE id = ?1 AND attempts = ?2 AND done_at IS NULL";
    const CALLBACK: &str = "UPDATE inbox SET applied_at = ?4, outcome = ?3, leased_until = NULL, last_error = NULL \
         WHERE id = ?1 AND attempts = ?2 AND applied_at IS NULL";
    for kept in &effects.kept {
        let values =
            params![kept.id.uuid().lite(), kept.attempt, kept.again_at.lite(), kept.error, effects.at.lite()];
        expect("promise", tx.prepare_cached(PROMISE)?.execute(values)?)?;
    }
    for applied in &effects.applied {
        let values = params![applied.id.uuid().lite(), applied.attempt, applied.outcome, effects.at.lite()];
        expect("callback", tx.prepare_cached(CALLBACK)?.execute(values)?)?;
    }
    Ok(())
}

/// Stores the callbacks; those whose event is stored already are answered as duplicates.
fn receive(
    tx: &Transaction<'_>,
    changes: &[Change],
    effects: &Effects,
    verdicts: &mut [Verdict],
) -> Result<(), StoreError> {
    for row in effects.callback_rows() {
        let stored = row.insert_lite(tx, "ON CONFLICT (provider, event_key) DO NOTHING")?;
        if stored == 1 {
            continue;
        }
        let same = |change: &Change| change.received.as_ref().is_some_and(|r| r.id.uuid() == row.id);
        if let Some(index) = changes.iter().position(same) {
            verdicts[index] = Ok(Written::Duplicate);
        }
    }
    Ok(())
}

/// Guards were checked under the same turn: a row that is not there is a fault of ours, and nothing is written.
fn expect(what: &'static str, found: usize) -> Result<(), StoreError> {
    if found == 1 {
        return Ok(());
    }
    Err(StoreError::Conflict(format!("{what} was not as it had been read")))
}
