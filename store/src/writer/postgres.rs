//! The writer on PostgreSQL: a batch is a handful of statements over arrays.
//!
//! Rows are locked in id order before anything is decided, so several gateways on one database stay correct; all
//! claims of all gateways go into the one bucket that `idempotency_rotation` names, under a shared lock that a
//! rotation must wait for, so that clocks do not matter.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use domain::{Account, Balance, Hold, TransferId};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Row};
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use super::change::{Answer, Change, Written};
use super::decide::{Effects, Loaded, Verdict, decide};
use super::effects::{answer_row, callback_ids};
use super::needs::Needs;
use super::{
    BATCH, Item, Moment, TRIES, all_failed, answer, evidence, is_fatal, measure, next_batch, split, treasury,
};
use crate::StoreError;
use crate::rows::{
    AccountRow, AnswerRow, AuditRow, BatchRow, EntryRow, HoldRow, InboxRow, MovementRow, OutboxRow,
    PostingRow, TimelineRow, TransferRow,
};

pub(super) struct Engine {
    pool: PgPool,
    moment: Arc<dyn Moment>,
    /// Accounts that surely have a row, so that a batch need not try to open them.
    opened: HashSet<Uuid>,
}

impl Engine {
    pub fn new(pool: PgPool, moment: Arc<dyn Moment>) -> Engine {
        Engine { pool, moment, opened: HashSet::new() }
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

    /// Tries again when another gateway was in the way; its rows are seen the next time.
    async fn try_batch(&mut self, changes: &[Change]) -> Result<Vec<Verdict>, StoreError> {
        let mut tries = 1;
        loop {
            match self.one_transaction(changes).await {
                Err(error) if tries < TRIES && (error.is_transient() || is_taken(&error)) => {
                    self.opened.clear();
                    tries += 1;
                }
                result => return result,
            }
        }
    }

    async fn one_transaction(&mut self, changes: &[Change]) -> Result<Vec<Verdict>, StoreError> {
        let (batch, at) = (self.moment.id(), self.moment.now());
        let mut tx = self.pool.begin().await?;
        let claimed = claim(&mut tx, changes, at).await?;
        let loaded = self.load(&mut tx, changes, claimed.as_ref(), at).await?;
        let (mut verdicts, effects) = decide(changes, loaded, batch, at);
        if let Some(claimed) = claimed {
            release_refused(&mut tx, &claimed, changes, &verdicts).await?;
        }
        save(&mut tx, &effects).await?;
        mark_duplicates(&mut tx, changes, &effects, &mut verdicts).await?;
        tx.commit().await.map_err(|error| match error {
            sqlx::Error::Database(_) => StoreError::from(error),
            broken => StoreError::CommitUnknown(broken),
        })?;
        Ok(verdicts)
    }

    async fn load(
        &mut self,
        tx: &mut PgConnection,
        changes: &[Change],
        claimed: Option<&Claimed>,
        at: chrono::DateTime<chrono::Utc>,
    ) -> Result<Loaded, StoreError> {
        let mut needs = Needs::of(changes);
        let mut loaded = Loaded::default();
        if let Some(claimed) = claimed {
            load_answers(tx, &needs.claims, claimed, &mut loaded).await?;
        }
        if !needs.quotes.is_empty() {
            const SQL: &str = "SELECT quote_id FROM transfers WHERE quote_id = ANY($1)";
            let used: Vec<Uuid> = sqlx::query_scalar(SQL).bind(&needs.quotes).fetch_all(&mut *tx).await?;
            loaded.used_quotes = used.into_iter().collect();
        }
        if !needs.transfers.is_empty() {
            const SQL: &str = "SELECT id, version FROM transfers WHERE id = ANY($1) ORDER BY id FOR UPDATE";
            let rows: Vec<(Uuid, i64)> =
                sqlx::query_as(SQL).bind(&needs.transfers).fetch_all(&mut *tx).await?;
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
        loaded.balances = self.load_balances(tx, &needs, at).await?;
        Ok(loaded)
    }

    async fn load_balances(
        &mut self,
        tx: &mut PgConnection,
        needs: &Needs,
        at: chrono::DateTime<chrono::Utc>,
    ) -> Result<Vec<Balance>, StoreError> {
        if needs.accounts.is_empty() {
            return Ok(vec![]);
        }
        let unopened = |id: &&Uuid| !self.opened.contains(*id);
        let missing: Vec<&Account> =
            needs.accounts.iter().filter(|(id, _)| unopened(id)).map(|(_, a)| a).collect();
        if !missing.is_empty() {
            let rows: Vec<AccountRow> =
                missing.into_iter().map(|account| AccountRow::empty(account, at)).collect();
            execute(tx, AccountRow::insert_all(&rows, "ON CONFLICT (id) DO NOTHING")).await?;
        }
        const SQL: &str = "SELECT * FROM accounts WHERE id = ANY($1) ORDER BY id FOR UPDATE";
        let ids: Vec<Uuid> = needs.accounts.keys().copied().collect();
        let rows: Vec<AccountRow> = sqlx::query_as(SQL).bind(&ids).fetch_all(&mut *tx).await?;
        self.opened.extend(rows.iter().filter(|row| row.version > 0).map(|row| row.id));
        rows.into_iter().map(Balance::try_from).collect()
    }
}

/// The batch's claims that it holds itself, and the bucket they are in.
struct Claimed {
    bucket: i64,
    ours: HashSet<Vec<u8>>,
}

/// Inserts the batch's claims into the open bucket; a claim that is taken in any bucket is left alone.
async fn claim(
    tx: &mut PgConnection,
    changes: &[Change],
    at: chrono::DateTime<chrono::Utc>,
) -> Result<Option<Claimed>, StoreError> {
    let claims: Vec<_> = changes.iter().filter_map(|change| change.claim.as_ref()).collect();
    if claims.is_empty() {
        return Ok(None);
    }
    const BUCKET: &str = "SELECT bucket FROM idempotency_rotation WHERE id = 1 FOR SHARE";
    const TAKEN: &str = "SELECT claim FROM idempotency WHERE claim = ANY($1)";
    let bucket: i64 = sqlx::query_scalar(BUCKET).fetch_one(&mut *tx).await?;
    let keys: Vec<Vec<u8>> = claims.iter().map(|claim| claim.claim.to_vec()).collect();
    let taken: Vec<Vec<u8>> = sqlx::query_scalar(TAKEN).bind(&keys).fetch_all(&mut *tx).await?;
    let taken: HashSet<Vec<u8>> = taken.into_iter().collect();
    let free = claims.into_iter().filter(|claim| !taken.contains(claim.claim.as_slice()));
    let mut rows: Vec<AnswerRow> = free.map(|claim| answer_row(claim, bucket, at)).collect();
    rows.sort_by(|a, b| a.claim.cmp(&b.claim));
    let (sql, arguments) = AnswerRow::insert_all(&rows, "ON CONFLICT DO NOTHING RETURNING claim");
    let ours: Vec<PgRow> = sqlx::query_with(sql, arguments).fetch_all(&mut *tx).await?;
    let ours = ours.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    Ok(Some(Claimed { bucket, ours }))
}

/// The answers that stand under the batch's claims, other than those it has just put there itself.
async fn load_answers(
    tx: &mut PgConnection,
    claims: &[Vec<u8>],
    claimed: &Claimed,
    loaded: &mut Loaded,
) -> Result<(), StoreError> {
    const SQL: &str =
        "SELECT claim, fingerprint, status, location, body FROM idempotency WHERE claim = ANY($1)";
    let others: Vec<Vec<u8>> =
        claims.iter().filter(|claim| !claimed.ours.contains(*claim)).cloned().collect();
    if others.is_empty() {
        return Ok(());
    }
    let rows: Vec<PgRow> = sqlx::query(SQL).bind(&others).fetch_all(&mut *tx).await?;
    for row in rows {
        let (claim, fingerprint) = (key(&row, 0)?, key(&row, 1)?);
        let status = u16::try_from(row.try_get::<i64, _>(2)?).unwrap_or(500);
        let answer = Answer { status, location: row.try_get(3)?, body: row.try_get(4)? };
        loaded.answers.insert(claim, (fingerprint, answer));
    }
    Ok(())
}

fn key(row: &PgRow, column: usize) -> Result<[u8; 32], StoreError> {
    let bytes: Vec<u8> = row.try_get(column)?;
    bytes.try_into().map_err(|_| StoreError::corrupt("idempotency claim", "of another length"))
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

/// A refused request leaves its key free; a key that somebody else holds is not touched.
async fn release_refused(
    tx: &mut PgConnection,
    claimed: &Claimed,
    changes: &[Change],
    verdicts: &[Verdict],
) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM idempotency WHERE bucket = $1 AND claim = ANY($2)";
    let refused = changes.iter().zip(verdicts).filter(|(_, verdict)| verdict.is_err());
    let keys = refused.filter_map(|(change, _)| change.claim.as_ref()).map(|claim| claim.claim.to_vec());
    let keys: Vec<Vec<u8>> = keys.filter(|key| claimed.ours.contains(key)).collect();
    if !keys.is_empty() {
        sqlx::query(SQL).bind(claimed.bucket).bind(keys).execute(&mut *tx).await?;
    }
    Ok(())
}

async fn save(tx: &mut PgConnection, effects: &Effects) -> Result<(), StoreError> {
    if let Some(batch) = effects.batch_row() {
        execute(tx, BatchRow::insert_all(&[batch], "")).await?;
        let (entries, postings) = effects.entry_rows();
        execute(tx, EntryRow::insert_all(&entries, "")).await?;
        execute(tx, PostingRow::insert_all(&postings, "")).await?;
        execute(tx, AuditRow::insert_all(&effects.audit_rows(), "")).await?;
    }
    execute(tx, TransferRow::insert_all(&effects.transfer_rows(), "")).await?;
    execute(tx, MovementRow::insert_all(&effects.new_movement_rows(), "")).await?;
    execute(tx, TimelineRow::insert_all(&effects.timeline_rows(), "")).await?;
    execute(tx, HoldRow::insert_all(&effects.new_hold_rows(), "")).await?;
    execute(tx, OutboxRow::insert_all(&effects.promise_rows(), "")).await?;
    change_transfers(tx, effects).await?;
    change_movements(tx, effects).await?;
    treasury::save_postgres(tx, effects).await?;
    evidence::save_postgres(tx, effects).await?;
    change_holds(tx, effects).await?;
    finish_promises(tx, effects).await?;
    finish_callbacks(tx, effects).await?;
    change_accounts(tx, effects).await
}

/// Runs an insertion of any number of rows; none costs nothing.
async fn execute(
    tx: &mut PgConnection,
    (sql, arguments): (AssertSqlSafe<String>, PgArguments),
) -> Result<(), StoreError> {
    sqlx::query_with(sql, arguments).execute(&mut *tx).await?;
    Ok(())
}

/// Rows were locked or are guarded by a version: all of them must be there.
fn expect(what: &str, found: u64, wanted: usize) -> Result<(), StoreError> {
    if usize::try_from(found) == Ok(wanted) {
        return Ok(());
    }
    Err(StoreError::Conflict(format!("{found} of {wanted} {what} were as they had been read")))
}

async fn change_transfers(tx: &mut PgConnection, effects: &Effects) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE transfers t SET status = u.status, refunded_minor = u.refunded, \
         next_action = u.next_action, version = u.version, updated_at = u.updated_at, \
         unwound_minor = u.unwound, revalued_minor = u.revalued, refund_keeps_fee = u.keeps_fee, \
         people = COALESCE(u.people, t.people) \
         FROM UNNEST($1::uuid[], $2::bigint[], $3::text[], $4::bigint[], $5::bytea[], $6::bigint[], $7::timestamptz[], \
         $8::bigint[], $9::bigint[], $10::boolean[], $11::bytea[]) \
         AS u(id, loaded, status, refunded, next_action, version, updated_at, unwound, revalued, keeps_fee, people) \
         WHERE t.id = u.id AND t.version = u.loaded";
    let rows = &effects.transfers;
    if rows.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(SQL)
        .bind(rows.iter().map(|(w, _)| w.transfer.id.uuid()).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, loaded)| *loaded).collect::<Vec<_>>())
        .bind(rows.iter().map(|(w, _)| w.transfer.status.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|(w, _)| w.transfer.refunded.minor()).collect::<Vec<_>>())
        .bind(rows.iter().map(|(w, _)| w.next_action.clone()).collect::<Vec<_>>())
        .bind(rows.iter().map(|(w, _)| w.transfer.version).collect::<Vec<_>>())
        .bind(rows.iter().map(|(w, _)| w.transfer.updated_at).collect::<Vec<_>>())
        .bind(rows.iter().map(|(w, _)| w.transfer.unwound.minor()).collect::<Vec<_>>())
        .bind(rows.iter().map(|(w, _)| w.transfer.revalued.minor()).collect::<Vec<_>>())
        .bind(rows.iter().map(|(w, _)| w.transfer.refund_keeps_fee).collect::<Vec<_>>())
        .bind(rows.iter().map(|(w, _)| w.people.clone()).collect::<Vec<_>>());
    expect("transfers", query.execute(&mut *tx).await?.rows_affected(), rows.len())
}

async fn change_movements(tx: &mut PgConnection, effects: &Effects) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE movements m SET state = u.state, fee_minor = u.fee, provider_ref = u.provider_ref, \
         transaction_ref = u.transaction_ref, source = u.source, value_hold = u.value_hold, float_hold = u.float_hold, \
         code = u.code, asked = u.asked, not_found = u.not_found, submitted_at = u.submitted_at, \
         available_at = u.available_at, dispute_fee_minor = u.dispute_fee, version = u.version, updated_at = u.updated_at \
         FROM UNNEST($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::uuid[], \
         $9::text[], $10::bigint[], $11::bigint[], $12::timestamptz[], $13::timestamptz[], $14::bigint[], $15::bigint[], \
         $16::timestamptz[]) \
         AS u(reference, state, fee, provider_ref, transaction_ref, source, value_hold, float_hold, code, asked, \
         not_found, submitted_at, available_at, dispute_fee, version, updated_at) \
         WHERE m.reference = u.reference AND m.version < u.version";
    let rows = effects.movement_rows();
    if rows.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(SQL)
        .bind(rows.iter().map(|m| m.reference).collect::<Vec<_>>())
        .bind(rows.iter().map(|m| m.state.clone()).collect::<Vec<_>>())
        .bind(rows.iter().map(|m| m.fee_minor).collect::<Vec<_>>())
        .bind(rows.iter().map(|m| m.provider_ref.clone()).collect::<Vec<_>>())
        .bind(rows.iter().map(|m| m.transaction_ref.clone()).collect::<Vec<_>>())
        .bind(rows.iter().map(|m| m.source.clone()).collect::<Vec<_>>())
        .bind(rows.iter().map(|m| m.value_hold).collect::<Vec<_>>())
        .bind(rows.iter().map(|m| m.float_hold).collect::<Vec<_>>())
        .bind(rows.iter().map(|m| m.code.clone()).collect::<Vec<_>>())
        .bind(rows.iter().map(|m| m.asked).collect::<Vec<_>>())
        .bind(rows.iter().map(|m| m.not_found).collect::<Vec<_>>())
        .bind(rows.iter().map(|m| m.submitted_at).collect::<Vec<_>>())
        .bind(rows.iter().map(|m| m.available_at).collect::<Vec<_>>())
        .bind(rows.iter().map(|m| m.dispute_fee_minor).collect::<Vec<_>>())
        .bind(rows.iter().map(|m| m.version).collect::<Vec<_>>())
        .bind(rows.iter().map(|m| m.updated_at).collect::<Vec<_>>());
    expect("movements", query.execute(&mut *tx).await?.rows_affected(), rows.len())
}

async fn change_holds(tx: &mut PgConnection, effects: &Effects) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE holds h SET state = u.state, settled_minor = u.settled, resolved_at = $4 \
         FROM UNNEST($1::uuid[], $2::text[], $3::bigint[]) AS u(id, state, settled) \
         WHERE h.id = u.id AND h.state = 'open'";
    let holds = &effects.holds;
    if holds.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(SQL)
        .bind(holds.iter().map(|hold| hold.id.uuid()).collect::<Vec<_>>())
        .bind(holds.iter().map(|hold| hold.state.as_str()).collect::<Vec<_>>())
        .bind(holds.iter().map(|hold| hold.settled.minor()).collect::<Vec<_>>())
        .bind(effects.at);
    expect("holds", query.execute(&mut *tx).await?.rows_affected(), holds.len())
}

async fn change_accounts(tx: &mut PgConnection, effects: &Effects) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE accounts a SET balance = u.balance, held = u.held, version = u.version \
         FROM UNNEST($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[]) AS u(id, balance, held, version) \
         WHERE a.id = u.id AND a.version < u.version";
    let balances = &effects.balances;
    if balances.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(SQL)
        .bind(balances.iter().map(|b| b.account.id().uuid()).collect::<Vec<_>>())
        .bind(balances.iter().map(|b| b.balance).collect::<Vec<_>>())
        .bind(balances.iter().map(|b| b.held).collect::<Vec<_>>())
        .bind(balances.iter().map(|b| b.version).collect::<Vec<_>>());
    expect("accounts", query.execute(&mut *tx).await?.rows_affected(), balances.len())
}

async fn finish_promises(tx: &mut PgConnection, effects: &Effects) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE outbox o SET due_at = COALESCE(u.again_at, o.due_at), leased_until = NULL, \
         done_at = CASE WHEN u.again_at IS NULL THEN $5 END, last_error = u.error \
         FROM UNNEST($1::uuid[], $2::bigint[], $3::timestamptz[], $4::text[]) AS u(id, attempt, again_at, error) \
         WHERE o.id = u.id AND o.attempts = u.attempt AND o.done_at IS NULL";
    let kept = &effects.kept;
    if kept.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(SQL)
        .bind(kept.iter().map(|kept| kept.id.uuid()).collect::<Vec<_>>())
        .bind(kept.iter().map(|kept| kept.attempt).collect::<Vec<_>>())
        .bind(kept.iter().map(|kept| kept.again_at).collect::<Vec<_>>())
        .bind(kept.iter().map(|kept| kept.error.clone()).collect::<Vec<_>>())
        .bind(effects.at);
    expect("promises", query.execute(&mut *tx).await?.rows_affected(), kept.len())
}

async fn finish_callbacks(tx: &mut PgConnection, effects: &Effects) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE inbox i SET applied_at = $4, outcome = u.outcome, leased_until = NULL, last_error = NULL \
         FROM UNNEST($1::uuid[], $2::bigint[], $3::text[]) AS u(id, attempt, outcome) \
         WHERE i.id = u.id AND i.attempts = u.attempt AND i.applied_at IS NULL";
    let applied = &effects.applied;
    if applied.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(SQL)
        .bind(applied.iter().map(|applied| applied.id.uuid()).collect::<Vec<_>>())
        .bind(applied.iter().map(|applied| applied.attempt).collect::<Vec<_>>())
        .bind(applied.iter().map(|applied| applied.outcome.clone()).collect::<Vec<_>>())
        .bind(effects.at);
    expect("callbacks", query.execute(&mut *tx).await?.rows_affected(), applied.len())
}

/// Stores the callbacks; those whose event is stored already are answered as duplicates.
async fn mark_duplicates(
    tx: &mut PgConnection,
    changes: &[Change],
    effects: &Effects,
    verdicts: &mut [Verdict],
) -> Result<(), StoreError> {
    if effects.received.is_empty() {
        return Ok(());
    }
    let (sql, arguments) = InboxRow::insert_all(
        &effects.callback_rows(),
        "ON CONFLICT (provider, event_key) DO NOTHING RETURNING id",
    );
    let stored: Vec<PgRow> = sqlx::query_with(sql, arguments).fetch_all(&mut *tx).await?;
    let stored = stored.iter().map(|row| row.try_get(0)).collect::<Result<HashSet<Uuid>, _>>()?;
    let duplicates: HashSet<Uuid> =
        callback_ids(&effects.received).into_iter().filter(|id| !stored.contains(id)).collect();
    for (change, verdict) in changes.iter().zip(verdicts) {
        if verdict.is_ok() && change.received.as_ref().is_some_and(|r| duplicates.contains(&r.id.uuid())) {
            *verdict = Ok(Written::Duplicate);
        }
    }
    Ok(())
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
