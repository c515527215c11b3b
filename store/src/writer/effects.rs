//! Effects as rows, the same for both engines.

use uuid::Uuid;

use super::change::{Claim, NewCallback, NewPromise, TransferWrite};
use super::decide::Effects;
use crate::rows::{
    AccountRow, AnswerRow, AuditRow, BatchRow, EntryRow, HoldRow, InboxRow, MovementRow, OutboxRow,
    PostingRow, TimelineRow, TransferRow,
};

/// A position in a list, as a column holds it.
fn ord(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}

impl Effects {
    /// The batch's own row; absent when it holds neither entries nor audit, so that there is nothing to seal.
    pub fn batch_row(&self) -> Option<BatchRow> {
        let (entry_count, audit_count) = (ord(self.entries.len()), ord(self.audit.len()));
        (entry_count + audit_count > 0).then_some(BatchRow {
            id: self.batch,
            entry_count,
            audit_count,
            committed_at: self.at,
            block: None,
        })
    }

    pub fn transfer_rows(&self) -> Vec<TransferRow> {
        self.new_transfers.iter().map(TransferWrite::row).collect()
    }

    pub fn new_movement_rows(&self) -> Vec<MovementRow> {
        self.new_movements.iter().map(MovementRow::from).collect()
    }

    pub fn movement_rows(&self) -> Vec<MovementRow> {
        self.movements.iter().map(MovementRow::from).collect()
    }

    pub fn timeline_rows(&self) -> Vec<TimelineRow> {
        let row = |(transfer, version, ord, line): &(_, i64, i64, _)| {
            TimelineRow::of(*transfer, *version, *ord, line)
        };
        self.timeline.iter().map(row).collect()
    }

    pub fn account_rows(&self) -> Vec<AccountRow> {
        self.balances.iter().map(|balance| AccountRow::of(balance, self.at)).collect()
    }

    pub fn new_hold_rows(&self) -> Vec<HoldRow> {
        self.new_holds.iter().map(|hold| HoldRow::of(hold, self.at)).collect()
    }

    pub fn entry_rows(&self) -> (Vec<EntryRow>, Vec<PostingRow>) {
        let mut postings = Vec::new();
        let entries = self.entries.iter().enumerate().map(|(entry_ord, entry)| {
            for posting in &entry.postings {
                postings.push(PostingRow {
                    batch_id: self.batch,
                    ord: ord(postings.len()),
                    entry_ord: ord(entry_ord),
                    debit_account: posting.debit.id().uuid(),
                    credit_account: posting.credit.id().uuid(),
                    amount_minor: posting.amount.minor(),
                    currency: posting.amount.currency().code().to_owned(),
                });
            }
            EntryRow {
                batch_id: self.batch,
                ord: ord(entry_ord),
                id: entry.id.uuid(),
                kind: entry.kind.as_str().to_owned(),
                nature: entry.nature.as_str().to_owned(),
                business: entry.business.to_string(),
                movement: entry.movement.map(|reference| reference.uuid()),
                at: entry.at,
            }
        });
        let entries = entries.collect();
        (entries, postings)
    }

    pub fn audit_rows(&self) -> Vec<AuditRow> {
        let row = |(index, audit): (usize, &super::NewAudit)| AuditRow {
            batch_id: self.batch,
            ord: ord(index),
            id: audit.id,
            at: self.at,
            actor: audit.actor.clone(),
            action: audit.action.to_owned(),
            object: audit.object.clone(),
            detail: audit.detail.clone(),
        };
        self.audit.iter().enumerate().map(row).collect()
    }

    pub fn promise_rows(&self) -> Vec<OutboxRow> {
        let row = |promise: &NewPromise| OutboxRow {
            id: promise.id,
            kind: promise.kind.clone(),
            subject: promise.subject,
            lane: promise.lane.clone(),
            payload: promise.payload.clone(),
            due_at: promise.due_at,
            attempts: 0,
            leased_until: None,
            done_at: None,
            last_error: None,
            created_at: self.at,
        };
        self.promises.iter().map(row).collect()
    }

    pub fn callback_rows(&self) -> Vec<InboxRow> {
        let row = |callback: &NewCallback| InboxRow {
            id: callback.id.uuid(),
            provider: callback.provider.clone(),
            wallet: callback.wallet.clone(),
            event_key: callback.event_key.clone(),
            proven: callback.proven,
            movement: callback.movement.map(domain::Reference::uuid),
            body: callback.body.clone(),
            received_at: self.at,
            due_at: self.at,
            attempts: 0,
            leased_until: None,
            applied_at: None,
            outcome: None,
            last_error: None,
        };
        self.received.iter().map(row).collect()
    }
}

/// The stored answer of a claim, in the bucket that is open now.
pub(super) fn answer_row(claim: &Claim, bucket: i64, at: chrono::DateTime<chrono::Utc>) -> AnswerRow {
    AnswerRow {
        bucket,
        claim: claim.claim.to_vec(),
        fingerprint: claim.fingerprint.to_vec(),
        status: i64::from(claim.answer.status),
        location: claim.answer.location.clone(),
        body: claim.answer.body.clone(),
        created_at: at,
    }
}

/// The ids of callbacks that were stored before are their duplicates.
pub(super) fn callback_ids(received: &[NewCallback]) -> Vec<Uuid> {
    received.iter().map(|callback| callback.id.uuid()).collect()
}
