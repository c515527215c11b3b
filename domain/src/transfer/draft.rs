//! A step being written: what each part of a decision adds to it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    Case, Fresh, Happening, Lane, NoticeKind, Promise, PromiseKind, Refusal, Step, Transfer, TransferStatus,
};
use crate::recipes::RecipeError;
use crate::{
    Account, BusinessId, EntryId, EntryKind, Hold, HoldId, HoldState, JournalEntry, LedgerStep, Money,
    Movement, MovementState, Nature, Posting,
};

pub(super) struct Draft<'a> {
    pub step: Step,
    pub now: DateTime<Utc>,
    pub fresh: &'a mut dyn Fresh,
}

impl<'a> Draft<'a> {
    /// The next version of a stored transfer.
    pub fn of(case: &Case, now: DateTime<Utc>, fresh: &'a mut dyn Fresh) -> Draft<'a> {
        let mut transfer = case.transfer.clone();
        transfer.version += 1;
        transfer.updated_at = now;
        Draft::first(transfer, now, fresh)
    }

    /// The first version of a new one.
    pub fn first(transfer: Transfer, now: DateTime<Utc>, fresh: &'a mut dyn Fresh) -> Draft<'a> {
        let step = Step { transfer, movements: vec![], ledger: vec![], promises: vec![], timeline: vec![] };
        Draft { step, now, fresh }
    }

    pub fn status(&mut self, next: TransferStatus) -> Result<(), Refusal> {
        let from = self.step.transfer.status;
        if from == next {
            return Ok(());
        }
        if !from.allows(next) {
            return Err(Refusal::IllegalStatus { from, to: next });
        }
        self.step.transfer.status = next;
        if !next.awaits_money() {
            self.step.transfer.next_action = None;
        }
        Ok(())
    }

    /// Takes a stored movement to `next`; staying is allowed and still counts as a change.
    pub fn change(&mut self, movement: &Movement, next: MovementState) -> Result<Movement, Refusal> {
        if movement.state != next && !movement.state.allows(next, movement.kind) {
            return Err(Refusal::IllegalState {
                reference: movement.reference,
                from: movement.state,
                to: next,
            });
        }
        let version = movement.version + 1;
        let mut changed = Movement { state: next, version, updated_at: self.now, ..movement.clone() };
        // With the doubt goes the refusal that was to be confirmed.
        if movement.refusal().is_some() && next != MovementState::Uncertain {
            changed.code = None;
        }
        Ok(changed)
    }

    pub fn put(&mut self, movement: Movement) {
        self.step.movements.push(movement);
    }

    pub fn post(
        &mut self,
        kind: EntryKind,
        nature: Nature,
        movement: Option<&Movement>,
        postings: Result<Vec<Posting>, RecipeError>,
    ) -> Result<(), Refusal> {
        let postings = postings?;
        if postings.is_empty() {
            return Ok(());
        }
        let entry = JournalEntry {
            id: EntryId::from_uuid(self.fresh.id()),
            kind,
            nature,
            business: self.business(),
            movement: movement.map(|m| m.reference),
            at: self.now,
            postings,
        };
        self.step.ledger.push(LedgerStep::Post(entry));
        Ok(())
    }

    pub fn hold(&mut self, account: Account, amount: Money) -> HoldId {
        let id = HoldId::from_uuid(self.fresh.id());
        let settled = Money::zero(amount.currency());
        let hold = Hold {
            id,
            account,
            amount,
            settled,
            state: HoldState::Open,
            business: self.business(),
            at: self.now,
        };
        self.step.ledger.push(LedgerStep::Hold(hold));
        id
    }

    pub fn settle(&mut self, movement: &Movement) {
        let amount = movement.amount;
        for hold in [movement.value_hold, movement.float_hold].into_iter().flatten() {
            self.step.ledger.push(LedgerStep::Settle { hold, amount });
        }
    }

    pub fn void(&mut self, movement: &Movement) {
        for hold in [movement.value_hold, movement.float_hold].into_iter().flatten() {
            self.step.ledger.push(LedgerStep::Void { hold });
        }
    }

    pub fn promise(&mut self, kind: PromiseKind, subject: Uuid, lane: Lane, due_at: DateTime<Utc>) {
        self.step.promises.push(Promise { kind, subject, lane, due_at });
    }

    /// A promise to the movement's provider, in its lane.
    pub fn promise_for(&mut self, kind: PromiseKind, movement: &Movement, due_at: DateTime<Utc>) {
        let lane = movement.rail.provider().map_or(Lane::Internal, Lane::Provider);
        self.promise(kind, movement.reference.uuid(), lane, due_at);
    }

    pub fn tell(&mut self, notice: NoticeKind) {
        let subject = self.step.transfer.id.uuid();
        self.promise(PromiseKind::Notify(notice), subject, Lane::Sms, self.now);
    }

    pub fn say(&mut self, event: &'static str, movement: Option<&Movement>, detail: &str) {
        self.note(event, movement, detail, false);
    }

    /// For operators and admins only.
    pub fn note_for_staff(&mut self, event: &'static str, movement: &Movement, detail: &str) {
        self.note(event, Some(movement), detail, true);
    }

    fn note(&mut self, event: &'static str, movement: Option<&Movement>, detail: &str, staff_only: bool) {
        let movement = movement.map(|m| (m.reference, m.kind, m.state));
        let detail = detail.to_owned();
        self.step.timeline.push(Happening { at: self.now, event, staff_only, movement, detail });
    }

    fn business(&self) -> BusinessId {
        BusinessId::Transfer(self.step.transfer.id)
    }
}
