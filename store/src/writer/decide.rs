//! Decides a batch in memory, item by item and in order, against what was loaded and locked for it.
//!
//! An item sees the effects of those before it; a refused item leaves no trace. No two items of a batch carry the same
//! claim (the queue sees to that). What comes out is the set of rows to
//! write, each account, hold, transfer and movement once in its last state.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use domain::{
    Balance, Book, FloorAlert, Hold, HoldId, JournalEntry, LedgerStep, Movement, TransferId, TreasuryMovement,
};
use uuid::Uuid;

use super::change::{
    Agreed, Answer, Applied, Change, Claim, Kept, NewAudit, NewCallback, NewPromise, TransferWrite,
    WriteError, Written,
};
use super::evidence;
use super::treasury::{self, Pending};
use crate::approvals::Approval;
use crate::evidence::{Evidence, Receipt};

pub(super) type Verdict = Result<Written, WriteError>;

/// What the database says of everything that a batch names.
#[derive(Default)]
pub(super) struct Loaded {
    /// Stored answers of claims that are taken, with their fingerprints.
    pub answers: HashMap<[u8; 32], ([u8; 32], Answer)>,
    pub used_quotes: HashSet<Uuid>,
    /// Versions of the transfers to be changed.
    pub transfers: HashMap<TransferId, i64>,
    /// Versions of the treasury movements to be changed.
    pub treasury: HashMap<Uuid, i64>,
    /// Approvals that wait, of those that somebody agrees to.
    pub approvals: HashMap<Uuid, Pending>,
    /// Receipts that have served, of those that somebody brings.
    pub receipts: HashSet<Receipt>,
    /// The current attempt of each promise and callback that is not finished.
    pub attempts: HashMap<Uuid, i64>,
    pub balances: Vec<Balance>,
    pub holds: Vec<Hold>,
}

/// The effects of all items that were not refused.
pub(super) struct Effects {
    pub at: DateTime<Utc>,
    pub batch: Uuid,
    pub claims: Vec<Claim>,
    pub new_transfers: Vec<TransferWrite>,
    /// Changed transfers with the version that was loaded.
    pub transfers: Vec<(TransferWrite, i64)>,
    pub new_movements: Vec<Movement>,
    pub movements: Vec<Movement>,
    pub new_treasury: Vec<TreasuryMovement>,
    /// Changed treasury movements with the version that was loaded.
    pub treasury: Vec<(TreasuryMovement, i64)>,
    pub proposed: Vec<Approval>,
    pub agreed: Vec<Agreed>,
    pub evidence: Vec<Evidence>,
    /// Timeline lines: transfer, version, and its place within the version.
    pub timeline: Vec<(TransferId, i64, i64, domain::transfer::Happening)>,
    pub entries: Vec<JournalEntry>,
    pub promises: Vec<NewPromise>,
    pub kept: Vec<Kept>,
    pub received: Vec<NewCallback>,
    pub applied: Vec<Applied>,
    pub audit: Vec<NewAudit>,
    pub balances: Vec<Balance>,
    pub new_holds: Vec<Hold>,
    pub holds: Vec<Hold>,
}

/// The batch's working set.
struct Deciding {
    loaded: Loaded,
    book: Book,
    known_holds: HashSet<HoldId>,
    quotes: HashSet<Uuid>,
    transfers: HashMap<TransferId, (TransferWrite, Option<i64>)>,
    movements: HashMap<Uuid, (Movement, bool)>,
    order: Vec<TransferId>,
    /// Treasury movements in their last version, and those versions.
    treasury: HashMap<Uuid, TreasuryMovement>,
    treasury_versions: HashMap<Uuid, i64>,
    /// Receipts that this batch has used.
    receipts: HashSet<Receipt>,
    effects: Effects,
}

/// Decides all of `changes`; the verdicts are in their order.
pub(super) fn decide(
    changes: &[Change],
    mut loaded: Loaded,
    batch: Uuid,
    at: DateTime<Utc>,
) -> (Vec<Verdict>, Effects) {
    let (balances, holds) = (std::mem::take(&mut loaded.balances), std::mem::take(&mut loaded.holds));
    let known_holds = holds.iter().map(|hold| hold.id).collect();
    let mut deciding = Deciding {
        loaded,
        book: Book::new(balances, holds),
        known_holds,
        quotes: HashSet::new(),
        transfers: HashMap::new(),
        movements: HashMap::new(),
        order: Vec::new(),
        treasury: HashMap::new(),
        treasury_versions: HashMap::new(),
        receipts: HashSet::new(),
        effects: Effects::none(batch, at),
    };
    let verdicts = changes.iter().map(|change| deciding.take(change)).collect();
    (verdicts, deciding.finish())
}

impl Deciding {
    fn take(&mut self, change: &Change) -> Verdict {
        if let Some(answered) = self.answered(change)? {
            return Ok(Written::Replayed(answered));
        }
        self.check_versions(change)?;
        treasury::check(change, &self.loaded, &self.treasury_versions, &self.book)?;
        evidence::check(change, &self.loaded, &self.receipts)?;
        self.check_leases(change)?;
        self.book.apply(&change.ledger)?.iter().for_each(raise);
        self.keep(change);
        Ok(Written::Done)
    }

    fn answered(&self, change: &Change) -> Result<Option<Answer>, WriteError> {
        let Some(claim) = &change.claim else { return Ok(None) };
        match self.loaded.answers.get(&claim.claim) {
            Some((fingerprint, _)) if *fingerprint != claim.fingerprint => Err(WriteError::KeyReused),
            Some((_, answer)) => Ok(Some(answer.clone())),
            None => Ok(None),
        }
    }

    fn check_versions(&self, change: &Change) -> Result<(), WriteError> {
        for write in &change.transfers {
            let transfer = &write.transfer;
            if transfer.version == 1 {
                let quote = transfer.quote;
                if self.loaded.used_quotes.contains(&quote.uuid()) || self.quotes.contains(&quote.uuid()) {
                    return Err(WriteError::QuoteUsed { quote });
                }
                continue;
            }
            let here = self.transfers.get(&transfer.id).map(|(write, _)| write.transfer.version);
            let current = here.or_else(|| self.loaded.transfers.get(&transfer.id).copied());
            if current != Some(transfer.version - 1) {
                return Err(WriteError::Stale { transfer: transfer.id });
            }
        }
        Ok(())
    }

    fn check_leases(&self, change: &Change) -> Result<(), WriteError> {
        let kept = change.kept.as_ref().map(|kept| (kept.id.uuid(), kept.attempt));
        let applied = change.applied.as_ref().map(|applied| (applied.id.uuid(), applied.attempt));
        let lost = |(id, attempt)| self.loaded.attempts.get(&id) != Some(&attempt);
        if kept.into_iter().chain(applied).any(lost) {
            return Err(WriteError::LeaseLost);
        }
        Ok(())
    }

    fn keep(&mut self, change: &Change) {
        self.effects.claims.extend(change.claim.clone());
        for write in &change.transfers {
            self.keep_transfer(write);
        }
        for movement in &change.movements {
            self.keep_movement(movement);
        }
        for movement in &change.treasury {
            self.treasury_versions.insert(movement.reference.uuid(), movement.version);
            self.treasury.insert(movement.reference.uuid(), movement.clone());
        }
        for agreed in &change.agreed {
            self.loaded.approvals.remove(&agreed.approval.uuid());
        }
        if let Some(kept) = &change.kept {
            self.loaded.attempts.remove(&kept.id.uuid());
        }
        if let Some(applied) = &change.applied {
            self.loaded.attempts.remove(&applied.id.uuid());
        }
        let effects = &mut self.effects;
        effects.entries.extend(change.ledger.iter().filter_map(|step| match step {
            LedgerStep::Post(entry) => Some(entry.clone()),
            _ => None,
        }));
        effects.promises.extend(change.promises.iter().cloned());
        effects.kept.extend(change.kept.clone());
        effects.received.extend(change.received.clone());
        effects.applied.extend(change.applied.clone());
        effects.audit.extend(change.audit.iter().cloned());
        effects.proposed.extend(change.proposed.iter().cloned());
        effects.agreed.extend(change.agreed.iter().copied());
        self.receipts.extend(change.evidence.iter().filter_map(Evidence::receipt));
        effects.evidence.extend(change.evidence.iter().cloned());
    }

    fn keep_transfer(&mut self, write: &TransferWrite) {
        let transfer = &write.transfer;
        let lines = write.timeline.iter().enumerate();
        self.effects.timeline.extend(
            lines.map(|(i, line)| {
                (transfer.id, transfer.version, i64::try_from(i).unwrap_or(0), line.clone())
            }),
        );
        match self.transfers.get_mut(&transfer.id) {
            Some((stored, _)) => {
                let people = write.people.clone().or_else(|| stored.people.take());
                *stored = TransferWrite { people, ..write.clone() };
            }
            None => {
                let loaded = self.loaded.transfers.get(&transfer.id).copied();
                if loaded.is_none() {
                    self.quotes.insert(transfer.quote.uuid());
                }
                self.order.push(transfer.id);
                self.transfers.insert(transfer.id, (write.clone(), loaded));
            }
        }
    }

    fn keep_movement(&mut self, movement: &Movement) {
        let is_new = movement.version == 1
            || self.movements.get(&movement.reference.uuid()).is_some_and(|(_, is_new)| *is_new);
        self.movements.insert(movement.reference.uuid(), (movement.clone(), is_new));
    }

    fn finish(self) -> Effects {
        let mut effects = self.effects;
        let mut transfers = self.transfers;
        for id in self.order {
            match transfers.remove(&id) {
                Some((write, Some(loaded))) => effects.transfers.push((write, loaded)),
                Some((write, None)) => effects.new_transfers.push(write),
                None => {}
            }
        }
        for (movement, is_new) in self.movements.into_values() {
            if is_new { &mut effects.new_movements } else { &mut effects.movements }.push(movement);
        }
        for (id, movement) in self.treasury {
            match self.loaded.treasury.get(&id) {
                Some(loaded) => effects.treasury.push((movement, *loaded)),
                None => effects.new_treasury.push(movement),
            }
        }
        effects.balances = self.book.changed_balances().cloned().collect();
        effects.balances.sort_by_key(|balance| balance.account.id().uuid());
        for hold in self.book.changed_holds().cloned() {
            let known = self.known_holds.contains(&hold.id);
            if known { &mut effects.holds } else { &mut effects.new_holds }.push(hold);
        }
        effects
    }
}

impl Effects {
    fn none(batch: Uuid, at: DateTime<Utc>) -> Effects {
        Effects {
            at,
            batch,
            claims: vec![],
            new_transfers: vec![],
            transfers: vec![],
            new_movements: vec![],
            movements: vec![],
            new_treasury: vec![],
            treasury: vec![],
            proposed: vec![],
            agreed: vec![],
            evidence: vec![],
            timeline: vec![],
            entries: vec![],
            promises: vec![],
            kept: vec![],
            received: vec![],
            applied: vec![],
            audit: vec![],
            balances: vec![],
            new_holds: vec![],
            holds: vec![],
        }
    }
}

/// A fact left an account below its floor: it is booked, and somebody should look.
fn raise(alert: &FloorAlert) {
    metrics::counter!("alerts_total", "kind" => "below_floor").increment(1);
    tracing::error!(
        alert.kind = "below_floor",
        account = %alert.account,
        available = %alert.available,
        floor = %alert.floor,
        "an account is below its floor"
    );
}
