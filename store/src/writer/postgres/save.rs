//! What a batch writes, as one statement: whatever was decided over a row holds only while the row is as it was.

use std::collections::{HashMap, HashSet};

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::StoreError;
use crate::combined::Combined;
use crate::rows::{
    AuditRow, BatchRow, EntryRow, HoldRow, InboxRow, MovementRow, OutboxRow, PostingRow, TimelineRow,
    TransferRow,
};
use crate::writer::change::{Change, Written};
use crate::writer::decide::{Effects, Verdict};
use crate::writer::effects::callback_ids;

/// Versions of accounts as they were when they were decided on.
pub(super) type Versions = HashMap<Uuid, i64>;

/// The statement of a batch; run, it says which callbacks were new.
#[derive(Default)]
pub(super) struct Save {
    pub statement: Combined,
    stored: Option<usize>,
}

impl Save {
    pub fn of(effects: &Effects, versions: &Versions) -> Save {
        let mut save = Save::default();
        let statement = &mut save.statement;
        append(effects, statement);
        change_transfers(effects, statement);
        change_movements(effects, statement);
        change_holds(effects, statement);
        finish_promises(effects, statement);
        finish_callbacks(effects, statement);
        change_accounts(effects, versions, statement);
        save.receive(effects);
        save
    }

    /// A callback whose event is stored already is a duplicate.
    fn receive(&mut self, effects: &Effects) {
        const CONFLICT: &str = "ON CONFLICT (provider, event_key) DO NOTHING RETURNING id";
        if let Some(part) = InboxRow::insert_part(&effects.callback_rows(), CONFLICT, &mut self.statement) {
            self.stored = Some(self.statement.result(format!("ARRAY(SELECT id FROM {part})")));
        }
    }

    /// Writes everything, or nothing. Duplicates among the callbacks are marked in `verdicts`.
    pub async fn run(
        self,
        connection: &mut PgConnection,
        changes: &[Change],
        effects: &Effects,
        verdicts: &mut [Verdict],
    ) -> Result<(), StoreError> {
        if self.statement.is_empty() {
            return Ok(());
        }
        let row = self.statement.run(connection).await?;
        match self.stored {
            Some(column) => mark_duplicates(&row, column, changes, effects, verdicts),
            None => Ok(()),
        }
    }
}

fn append(effects: &Effects, statement: &mut Combined) {
    if let Some(batch) = effects.batch_row() {
        BatchRow::insert_part(&[batch], "", statement);
        let (entries, postings) = effects.entry_rows();
        EntryRow::insert_part(&entries, "", statement);
        PostingRow::insert_part(&postings, "", statement);
        AuditRow::insert_part(&effects.audit_rows(), "", statement);
    }
    TransferRow::insert_part(&effects.transfer_rows(), "", statement);
    MovementRow::insert_part(&effects.new_movement_rows(), "", statement);
    TimelineRow::insert_part(&effects.timeline_rows(), "", statement);
    HoldRow::insert_part(&effects.new_hold_rows(), "", statement);
    OutboxRow::insert_part(&effects.promise_rows(), "", statement);
}

/// Binds one column of `rows` as an array.
macro_rules! array {
    ($statement:ident, $rows:expr, $pg:literal, $value:expr) => {{
        let bound = $statement.bind($rows.iter().map($value).collect::<Vec<_>>());
        format!(concat!("{}::", $pg, "[]"), bound)
    }};
}

fn change_transfers(effects: &Effects, statement: &mut Combined) {
    let rows = &effects.transfers;
    if rows.is_empty() {
        return;
    }
    let arrays = [
        array!(statement, rows, "uuid", |(w, _)| w.transfer.id.uuid()),
        array!(statement, rows, "bigint", |(_, loaded)| *loaded),
        array!(statement, rows, "text", |(w, _)| w.transfer.status.as_str()),
        array!(statement, rows, "bigint", |(w, _)| w.transfer.refunded.minor()),
        array!(statement, rows, "bytea", |(w, _)| w.next_action.clone()),
        array!(statement, rows, "bigint", |(w, _)| w.transfer.version),
        array!(statement, rows, "timestamptz", |(w, _)| w.transfer.updated_at),
        array!(statement, rows, "bigint", |(w, _)| w.transfer.unwound.minor()),
        array!(statement, rows, "bigint", |(w, _)| w.transfer.revalued.minor()),
        array!(statement, rows, "boolean", |(w, _)| w.transfer.refund_keeps_fee),
        array!(statement, rows, "bytea", |(w, _)| w.people.clone()),
    ];
    let sql = format!(
        "UPDATE transfers t SET status = u.status, refunded_minor = u.refunded, next_action = u.next_action, \
         version = u.version, updated_at = u.updated_at, unwound_minor = u.unwound, revalued_minor = u.revalued, \
         refund_keeps_fee = u.keeps_fee, people = COALESCE(u.people, t.people) FROM UNNEST({}) \
         AS u(id, loaded, status, refunded, next_action, version, updated_at, unwound, revalued, keeps_fee, people) \
         WHERE t.id = u.id AND t.version = u.loaded RETURNING 1",
        arrays.join(", ")
    );
    statement.guarded("transfers", rows.len(), &sql);
}

fn change_movements(effects: &Effects, statement: &mut Combined) {
    let rows = effects.movement_rows();
    if rows.is_empty() {
        return;
    }
    let arrays = [
        array!(statement, rows, "uuid", |m| m.reference),
        array!(statement, rows, "text", |m| m.state.clone()),
        array!(statement, rows, "bigint", |m| m.fee_minor),
        array!(statement, rows, "text", |m| m.provider_ref.clone()),
        array!(statement, rows, "text", |m| m.transaction_ref.clone()),
        array!(statement, rows, "text", |m| m.source.clone()),
        array!(statement, rows, "uuid", |m| m.value_hold),
        array!(statement, rows, "uuid", |m| m.float_hold),
        array!(statement, rows, "text", |m| m.code.clone()),
        array!(statement, rows, "bigint", |m| m.asked),
        array!(statement, rows, "bigint", |m| m.not_found),
        array!(statement, rows, "timestamptz", |m| m.submitted_at),
        array!(statement, rows, "timestamptz", |m| m.available_at),
        array!(statement, rows, "bigint", |m| m.dispute_fee_minor),
        array!(statement, rows, "bigint", |m| m.version),
        array!(statement, rows, "timestamptz", |m| m.updated_at),
    ];
    let sql = format!(
        "UPDATE movements m SET state = u.state, fee_minor = u.fee, provider_ref = u.provider_ref, \
         transaction_ref = u.transaction_ref, source = u.source, value_hold = u.value_hold, \
         float_hold = u.float_hold, code = u.code, asked = u.asked, not_found = u.not_found, \
         submitted_at = u.submitted_at, available_at = u.available_at, dispute_fee_minor = u.dispute_fee, \
         version = u.version, updated_at = u.updated_at FROM UNNEST({}) \
         AS u(reference, state, fee, provider_ref, transaction_ref, source, value_hold, float_hold, code, asked, \
         not_found, submitted_at, available_at, dispute_fee, version, updated_at) \
         WHERE m.reference = u.reference AND m.version < u.version RETURNING 1",
        arrays.join(", ")
    );
    statement.guarded("movements", rows.len(), &sql);
}

fn change_holds(effects: &Effects, statement: &mut Combined) {
    let rows = &effects.holds;
    if rows.is_empty() {
        return;
    }
    let arrays = [
        array!(statement, rows, "uuid", |hold| hold.id.uuid()),
        array!(statement, rows, "text", |hold| hold.state.as_str()),
        array!(statement, rows, "bigint", |hold| hold.settled.minor()),
    ];
    let at = statement.bind(effects.at);
    let sql = format!(
        "UPDATE holds h SET state = u.state, settled_minor = u.settled, resolved_at = {at}::timestamptz \
         FROM UNNEST({}) AS u(id, state, settled) WHERE h.id = u.id AND h.state = 'open' RETURNING 1",
        arrays.join(", ")
    );
    statement.guarded("holds", rows.len(), &sql);
}

/// One update for each account, however often the batch touched it.
fn change_accounts(effects: &Effects, versions: &Versions, statement: &mut Combined) {
    let rows = &effects.balances;
    if rows.is_empty() {
        return;
    }
    let loaded = |id: Uuid| versions.get(&id).copied().unwrap_or_default();
    let arrays = [
        array!(statement, rows, "uuid", |b| b.account.id().uuid()),
        array!(statement, rows, "bigint", |b| b.balance),
        array!(statement, rows, "bigint", |b| b.held),
        array!(statement, rows, "bigint", |b| b.version),
        array!(statement, rows, "bigint", |b| loaded(b.account.id().uuid())),
    ];
    let sql = format!(
        "UPDATE accounts a SET balance = u.balance, held = u.held, version = u.version FROM UNNEST({}) \
         AS u(id, balance, held, version, loaded) WHERE a.id = u.id AND a.version = u.loaded RETURNING 1",
        arrays.join(", ")
    );
    statement.guarded("accounts", rows.len(), &sql);
}

fn finish_promises(effects: &Effects, statement: &mut Combined) {
    let rows = &effects.kept;
    if rows.is_empty() {
        return;
    }
    let arrays = [
        array!(statement, rows, "uuid", |kept| kept.id.uuid()),
        array!(statement, rows, "bigint", |kept| kept.attempt),
        array!(statement, rows, "timestamptz", |kept| kept.again_at),
        array!(statement, rows, "text", |kept| kept.error.clone()),
    ];
    let at = statement.bind(effects.at);
    let sql = format!(
        "UPDATE outbox o SET due_at = COALESCE(u.again_at, o.due_at), leased_until = NULL, \
         done_at = CASE WHEN u.again_at IS NULL THEN {at}::timestamptz END, last_error = u.error \
         FROM UNNEST({}) AS u(id, attempt, again_at, error) \
         WHERE o.id = u.id AND o.attempts = u.attempt AND o.done_at IS NULL RETURNING 1",
        arrays.join(", ")
    );
    statement.guarded("promises", rows.len(), &sql);
}

fn finish_callbacks(effects: &Effects, statement: &mut Combined) {
    let rows = &effects.applied;
    if rows.is_empty() {
        return;
    }
    let arrays = [
        array!(statement, rows, "uuid", |applied| applied.id.uuid()),
        array!(statement, rows, "bigint", |applied| applied.attempt),
        array!(statement, rows, "text", |applied| applied.outcome.clone()),
    ];
    let at = statement.bind(effects.at);
    let sql = format!(
        "UPDATE inbox i SET applied_at = {at}::timestamptz, outcome = u.outcome, leased_until = NULL, \
         last_error = NULL FROM UNNEST({}) AS u(id, attempt, outcome) \
         WHERE i.id = u.id AND i.attempts = u.attempt AND i.applied_at IS NULL RETURNING 1",
        arrays.join(", ")
    );
    statement.guarded("callbacks", rows.len(), &sql);
}

fn mark_duplicates(
    row: &PgRow,
    column: usize,
    changes: &[Change],
    effects: &Effects,
    verdicts: &mut [Verdict],
) -> Result<(), StoreError> {
    let stored: HashSet<Uuid> = row.try_get::<Vec<Uuid>, _>(column)?.into_iter().collect();
    let duplicates: HashSet<Uuid> =
        callback_ids(&effects.received).into_iter().filter(|id| !stored.contains(id)).collect();
    for (change, verdict) in changes.iter().zip(verdicts) {
        if verdict.is_ok() && change.received.as_ref().is_some_and(|r| duplicates.contains(&r.id.uuid())) {
            *verdict = Ok(Written::Duplicate);
        }
    }
    Ok(())
}
