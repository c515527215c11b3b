//! Movements: each fits its transfer, holds what it should, and is booked once.

use std::collections::{BTreeMap, HashSet};

use domain::movement::Late;
use domain::{EntryKind, Money, Movement, MovementKind, MovementState, Rail, Transfer};
use uuid::Uuid;

use super::transfers::{Dossier, Flow, business};
use super::{Check, Verifier};
use crate::rows::HoldRow;

impl Verifier<'_> {
    pub(super) fn look_at_movements(&mut self, dossier: &Dossier) {
        for movement in &dossier.movements {
            let place = format!("movement {}", movement.reference);
            if let Some(wrong) = wrong_terms(&dossier.transfer, movement) {
                self.report.find(Check::Transfer, &*place, wrong);
            }
            if let Some(wrong) = wrong_booking(dossier, movement) {
                self.report.find(Check::Transfer, &*place, wrong);
            }
            if let Some(wrong) = wrong_disputes(dossier, movement) {
                self.report.find(Check::Transfer, &*place, wrong);
            }
            if let Some(wrong) = wrong_holds(dossier, movement) {
                self.report.find(Check::Hold, &*place, wrong);
            }
        }
        let known: HashSet<Uuid> = dossier.movements.iter().map(|m| m.reference.uuid()).collect();
        let unknown = |flow: &&Flow| flow.movement.is_some_and(|movement| !known.contains(&movement));
        if let Some(flow) = dossier.flows.iter().find(unknown) {
            let place = domain::EntryId::from_uuid(flow.entry).to_string();
            self.report.find(Check::Stray, place, "its movement is none of its transfer's");
        }
    }
}

fn wrong_terms(transfer: &Transfer, movement: &Movement) -> Option<&'static str> {
    let amount = movement.amount;
    let is_part = |whole: Money| {
        amount.currency() == whole.currency() && amount.is_positive() && amount.minor() <= whole.minor()
    };
    let fits = match movement.kind {
        MovementKind::Collection => amount == transfer.total,
        MovementKind::Disbursement => amount == transfer.receive,
        MovementKind::Refund => is_part(transfer.total),
        MovementKind::Reversal if movement.rail == Rail::Balance => is_part(transfer.receive),
        MovementKind::Reversal => amount == transfer.receive,
        MovementKind::Treasury => true,
    };
    (!fits).then_some("its amount is not that of its transfer")
}

/// Each movement that happened is booked by one entry of its whole amount, and by none before.
fn wrong_booking(dossier: &Dossier, movement: &Movement) -> Option<String> {
    let mut booked: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    let mut entries = HashSet::new();
    for flow in &dossier.flows {
        let about = flow.movement == Some(movement.reference.uuid()) && is_booking(&flow.kind);
        if about && entries.insert(flow.entry) {
            booked.entry(&flow.kind).or_default().push(flow.minor.saturating_abs());
        }
    }
    let expected = expected_bookings(dossier, movement);
    let is_whole = |kind: &EntryKind| booked.get(kind.as_str()) == Some(&vec![movement.amount.minor()]);
    let fits = booked.len() == expected.len() && expected.iter().all(is_whole);
    (!fits).then(|| {
        let words: Vec<&str> = expected.iter().map(|kind| kind.as_str()).collect();
        format!("being {}, it should be booked as {words:?} and is as {booked:?}", movement.state)
    })
}

/// What a dispute took is booked once more than what won ones brought back, while the collection is disputed; each time
/// the whole amount.
fn wrong_disputes(dossier: &Dossier, movement: &Movement) -> Option<String> {
    if movement.kind != MovementKind::Collection {
        return None;
    }
    let float = movement.float().map(|float| float.id().uuid());
    let is_about = |flow: &&Flow| {
        flow.movement == Some(movement.reference.uuid())
            && flow.kind == EntryKind::Dispute.as_str()
            && Some(flow.account) == float
    };
    let booked: BTreeMap<Uuid, i64> =
        dossier.flows.iter().filter(is_about).map(|flow| (flow.entry, flow.minor.saturating_abs())).collect();
    let is_taken = booked.len() % 2 == 1;
    let fits = is_taken == (movement.state == MovementState::Disputed)
        && booked.values().all(|minor| *minor == movement.amount.minor());
    (!fits).then(|| format!("being {}, its disputes are booked as {:?}", movement.state, booked.values()))
}

fn is_booking(kind: &str) -> bool {
    let kinds = [
        EntryKind::Collection,
        EntryKind::LateMoney,
        EntryKind::Release,
        EntryKind::Disbursement,
        EntryKind::Reversal,
        EntryKind::Refund,
    ];
    kinds.iter().any(|booking| booking.as_str() == kind)
}

fn expected_bookings(dossier: &Dossier, movement: &Movement) -> Vec<EntryKind> {
    match (movement.kind, movement.state) {
        (MovementKind::Collection, MovementState::Succeeded | MovementState::Disputed) => {
            match movement.late() {
                None => vec![EntryKind::Collection],
                Some(Late::Reused) => vec![EntryKind::LateMoney, EntryKind::Release],
                Some(Late::Waiting | Late::Returned) => vec![EntryKind::LateMoney],
            }
        }
        (MovementKind::Disbursement, MovementState::Succeeded) => {
            let own = movement.rail == Rail::Balance
                && dossier.transfer.payee_account.as_ref() == Some(&movement.source);
            if own { vec![] } else { vec![EntryKind::Disbursement] }
        }
        (MovementKind::Disbursement, MovementState::Reversed | MovementState::FailedLater) => {
            vec![EntryKind::Disbursement, EntryKind::Reversal]
        }
        // A provider's reversal is booked as its disbursement's.
        (MovementKind::Reversal, MovementState::Succeeded) if movement.rail == Rail::Balance => {
            let own = dossier.transfer.payee_account.as_ref() == Some(&movement.source);
            if own { vec![] } else { vec![EntryKind::Reversal] }
        }
        (MovementKind::Refund, MovementState::Succeeded) => vec![EntryKind::Refund],
        (MovementKind::Refund, MovementState::FailedLater) => vec![EntryKind::Refund, EntryKind::Reversal],
        _ => vec![],
    }
}

/// What is under way is held, what happened was settled whole, what did not was let go.
fn wrong_holds(dossier: &Dossier, movement: &Movement) -> Option<String> {
    for id in [movement.value_hold, movement.float_hold].into_iter().flatten() {
        let Some(hold) = dossier.holds.iter().find(|hold| hold.id == id.uuid()) else {
            return Some(format!("{id} is not there"));
        };
        if hold.business != business(dossier.transfer.id.uuid())
            || hold.amount_minor != movement.amount.minor()
        {
            return Some(format!("{id} is another's"));
        }
        if !fits(hold, movement) {
            return Some(format!("{id} is {} while it is {}", hold.state, movement.state));
        }
    }
    None
}

fn fits(hold: &HoldRow, movement: &Movement) -> bool {
    use MovementState::{Cancelled, Declined, Expired, Intended, Submitted, Uncertain};
    match movement.state {
        Intended | Submitted | Uncertain => hold.state == "open",
        Declined | Expired | Cancelled => matches!(&*hold.state, "voided" | "expired"),
        _ => hold.state == "settled" && hold.settled_minor == hold.amount_minor,
    }
}
