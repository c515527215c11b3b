//! The way that most batches take: decided over what this gateway remembers, and written by one statement that commits
//! by itself and fails whole when anything is not as it was remembered.
//!
//! Nobody is refused over something remembered. Where an item is refused for its balance, the statement also checks
//! that the accounts which said so stand; any other refusal that rests on memory goes the locking way.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use domain::{Balance, Hold, LedgerStep};
use sqlx::PgConnection;
use uuid::Uuid;

use super::claims::load_answers;
use super::known::Known;
use super::save::{Save, Versions};
use crate::StoreError;
use crate::rows::{AccountRow, AnswerRow, HoldRow};
use crate::writer::change::{Change, WriteError};
use crate::writer::decide::{Effects, Loaded, Verdict, decide};
use crate::writer::effects::answer_row;
use crate::writer::needs::Needs;

/// A batch that was decided and not yet written.
pub(super) struct Quick {
    pub verdicts: Vec<Verdict>,
    pub effects: Effects,
    versions: Versions,
    bucket: Option<i64>,
}

/// Decides `changes` over what is remembered; what is missing is read, without a lock. `None`: this batch has to go the
/// locking way.
pub(super) async fn plan(
    connection: &mut PgConnection,
    known: &mut Known,
    changes: &[Change],
    batch: Uuid,
    at: DateTime<Utc>,
) -> Result<Option<Quick>, StoreError> {
    if changes.iter().any(is_rare) {
        return Ok(None);
    }
    let mut needs = Needs::of(changes);
    let bucket = match (needs.claims.is_empty(), known.bucket) {
        (true, _) => None,
        (false, None) => return Ok(None),
        (false, bucket) => bucket,
    };
    let Some(mut loaded) = remembered(connection, known, &mut needs, changes).await? else { return Ok(None) };
    load_used(connection, known, &needs, &mut loaded).await?;
    let versions = loaded.balances.iter().map(|b| (b.account.id().uuid(), b.version)).collect();
    let (verdicts, effects) = decide(changes, loaded, batch, at);
    let needs_locks = verdicts.iter().any(|verdict| matches!(verdict, Err(error) if !is_checked(error)));
    Ok((!needs_locks).then_some(Quick { verdicts, effects, versions, bucket }))
}

/// What two people agree to, and our own money: few, and checked over locked rows.
fn is_rare(change: &Change) -> bool {
    !(change.treasury.is_empty()
        && change.proposed.is_empty()
        && change.agreed.is_empty()
        && change.evidence.is_empty())
}

/// Refusals that were read from the book, or that the statement checks.
fn is_checked(error: &WriteError) -> bool {
    matches!(error, WriteError::KeyReused | WriteError::QuoteUsed { .. } | WriteError::Ledger(_))
}

/// Balances, open holds and versions, from memory or the book. `None` when an account has no row yet or a hold is not
/// there.
async fn remembered(
    connection: &mut PgConnection,
    known: &mut Known,
    needs: &mut Needs,
    changes: &[Change],
) -> Result<Option<Loaded>, StoreError> {
    let mut loaded = Loaded::default();
    let missing: Vec<Uuid> = needs
        .holds
        .iter()
        .copied()
        .filter(|id| match known.holds.get(&domain::HoldId::from_uuid(*id)) {
            Some(hold) => {
                loaded.holds.push(hold.clone());
                false
            }
            None => true,
        })
        .collect();
    loaded.holds.extend(holds(connection, &missing).await?);
    if loaded.holds.len() != needs.holds.len() - made_here(changes, needs) {
        return Ok(None);
    }
    loaded.holds.iter().for_each(|hold| needs.account(&hold.account));
    let missing: Vec<Uuid> = needs
        .accounts
        .keys()
        .copied()
        .filter(|id| match known.balances.get(id) {
            Some(balance) => {
                loaded.balances.push(balance.clone());
                false
            }
            None => true,
        })
        .collect();
    for balance in balances(connection, &missing).await? {
        known.balances.put(balance.account.id().uuid(), balance.clone());
        loaded.balances.push(balance);
    }
    if loaded.balances.len() != needs.accounts.len() {
        return Ok(None);
    }
    for write in changes.iter().flat_map(|change| &change.transfers).filter(|w| w.transfer.version > 1) {
        let (id, before) = (write.transfer.id, write.transfer.version - 1);
        let version = known.transfers.get(&id).copied().unwrap_or(before);
        loaded.transfers.entry(id).or_insert(version);
    }
    let kept = changes.iter().filter_map(|change| change.kept.as_ref()).map(|k| (k.id.uuid(), k.attempt));
    let applied =
        changes.iter().filter_map(|change| change.applied.as_ref()).map(|a| (a.id.uuid(), a.attempt));
    loaded.attempts = kept.chain(applied).collect();
    Ok(Some(loaded))
}

/// Holds that the batch makes and resolves itself.
fn made_here(changes: &[Change], needs: &Needs) -> usize {
    let made: HashSet<Uuid> = changes
        .iter()
        .flat_map(|change| &change.ledger)
        .filter_map(|step| match step {
            LedgerStep::Hold(hold) => Some(hold.id.uuid()),
            _ => None,
        })
        .collect();
    needs.holds.iter().filter(|id| made.contains(id)).count()
}

async fn holds(connection: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Hold>, StoreError> {
    const SQL: &str = "SELECT * FROM holds WHERE id = ANY($1)";
    if ids.is_empty() {
        return Ok(vec![]);
    }
    let rows: Vec<HoldRow> = sqlx::query_as(SQL).bind(ids).fetch_all(connection).await?;
    rows.into_iter().map(Hold::try_from).collect()
}

async fn balances(connection: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Balance>, StoreError> {
    const SQL: &str = "SELECT * FROM accounts WHERE id = ANY($1)";
    if ids.is_empty() {
        return Ok(vec![]);
    }
    let rows: Vec<AccountRow> = sqlx::query_as(SQL).bind(ids).fetch_all(connection).await?;
    rows.into_iter().map(Balance::try_from).collect()
}

/// Keys and quotes that may have been used before: what became of them.
async fn load_used(
    connection: &mut PgConnection,
    known: &mut Known,
    needs: &Needs,
    loaded: &mut Loaded,
) -> Result<(), StoreError> {
    const QUOTES: &str = "SELECT quote_id FROM transfers WHERE quote_id = ANY($1)";
    let claims: Vec<Vec<u8>> =
        needs.claims.iter().filter(|claim| known.may_have_claim(claim)).cloned().collect();
    load_answers(connection, &claims, loaded).await?;
    let quotes: Vec<Uuid> = needs.quotes.iter().copied().filter(|id| known.may_have_quote(*id)).collect();
    if !quotes.is_empty() {
        let used: Vec<Uuid> = sqlx::query_scalar(QUOTES).bind(&quotes).fetch_all(connection).await?;
        loaded.used_quotes.extend(used);
    }
    Ok(())
}

impl Quick {
    /// Writes it, or nothing of it.
    ///
    /// Errors: [`StoreError::is_transient`], or a unique key, when something was not as it was remembered;
    /// [`StoreError::CommitUnknown`] when the connection broke.
    pub async fn write(
        &mut self,
        connection: &mut PgConnection,
        changes: &[Change],
    ) -> Result<(), StoreError> {
        let mut save = Save::of(&self.effects, &self.versions);
        self.claim(&mut save);
        self.check_refused(changes, &mut save);
        let written = save.run(connection, changes, &self.effects, &mut self.verdicts).await;
        written.map_err(|error| match error {
            StoreError::Database(sqlx::Error::Database(error)) => sqlx::Error::Database(error).into(),
            StoreError::Database(broken) => StoreError::CommitUnknown(broken),
            other => other,
        })
    }

    /// The keys go into the bucket that is open, and into no other than that: an older one may have them already.
    fn claim(&self, save: &mut Save) {
        let Some(bucket) = self.bucket.filter(|_| !self.effects.claims.is_empty()) else { return };
        let statement = &mut save.statement;
        let number = statement.bind(bucket);
        statement.guarded(
            "buckets",
            1,
            &format!("SELECT 1 FROM idempotency_rotation WHERE id = 1 AND bucket = {number} FOR SHARE"),
        );
        let keys: Vec<Vec<u8>> = self.effects.claims.iter().map(|claim| claim.claim.to_vec()).collect();
        let keys = statement.bind(keys);
        statement.guarded(
            "older keys",
            0,
            // By bucket and key, as the index is: a key alone would read all of them.
            &format!(
                "SELECT 1 FROM idempotency WHERE claim = ANY({keys}) AND bucket IN \
                 (SELECT bucket FROM idempotency_buckets WHERE bucket <> {number})"
            ),
        );
        let at = self.effects.at;
        let rows: Vec<AnswerRow> =
            self.effects.claims.iter().map(|claim| answer_row(claim, bucket, at)).collect();
        AnswerRow::insert_part(&rows, "", statement);
    }

    /// Accounts that refused an item have to stand as they were remembered, unless they change, which checks it too.
    fn check_refused(&self, changes: &[Change], save: &mut Save) {
        let is_refused = |verdict: &Verdict| matches!(verdict, Err(WriteError::Ledger(_)));
        let refused: Vec<Change> = changes
            .iter()
            .zip(&self.verdicts)
            .filter(|(_, verdict)| is_refused(verdict))
            .map(|(change, _)| Change { ledger: change.ledger.clone(), ..Change::default() })
            .collect();
        if refused.is_empty() {
            return;
        }
        let changed: HashSet<Uuid> = self.effects.balances.iter().map(|b| b.account.id().uuid()).collect();
        let asked = Needs::of(&refused).accounts.into_keys().filter(|id| !changed.contains(id));
        let (ids, versions): (Vec<Uuid>, Vec<i64>) =
            asked.filter_map(|id| Some((id, *self.versions.get(&id)?))).unzip();
        let count = ids.len();
        let statement = &mut save.statement;
        let (ids, versions) = (statement.bind(ids), statement.bind(versions));
        let sql = format!(
            "SELECT 1 FROM accounts a JOIN UNNEST({ids}::uuid[], {versions}::bigint[]) AS u(id, version) \
             ON a.id = u.id AND a.version = u.version"
        );
        statement.guarded("accounts of what was refused", count, &sql);
    }
}
