//! The closing rule: what a final transfer may leave behind.
//!
//! On customers' and suspense accounts its postings come to zero; with the rail `balance`, to exactly what was paid
//! from or into one, less what went back since. Late money in suspense that was neither reused nor given back is open, and rightly so. After a full
//! refund nothing is left of the exchange and its margin, revaluation aside. No hold is open but for late money that is
//! on its way back.

use std::collections::{BTreeMap, HashMap};

use domain::movement::Late;
use domain::{Account, AccountId, EntryKind, Movement, MovementKind, MovementState, Rail, TransferStatus};
use uuid::Uuid;

use super::accounts::{Fold, Role};
use super::transfers::Dossier;

/// Every way in which a final transfer breaks the rule.
pub(super) fn wrong(dossier: &Dossier, accounts: &HashMap<Uuid, Fold>) -> Vec<String> {
    let mut wrong = wrong_sums(dossier, accounts);
    let open = dossier.movements.iter().filter(|m| !m.state.is_final());
    for movement in open.filter(|m| m.kind != MovementKind::Collection && !returns_late_money(dossier, m)) {
        let status = dossier.transfer.status;
        wrong.push(format!("{} {} is under way while it is {status}", movement.kind, movement.reference));
    }
    let under_way: Vec<Uuid> = dossier
        .movements
        .iter()
        .filter(|m| !m.state.is_final())
        .flat_map(|m| [m.value_hold, m.float_hold])
        .flatten()
        .map(|hold| hold.uuid())
        .collect();
    let open = |hold: &&crate::rows::HoldRow| hold.state == "open" && !under_way.contains(&hold.id);
    for hold in dossier.holds.iter().filter(open) {
        wrong.push(format!("{} is still open", domain::HoldId::from_uuid(hold.id)));
    }
    wrong
}

fn wrong_sums(dossier: &Dossier, accounts: &HashMap<Uuid, Fold>) -> Vec<String> {
    let is_refunded = dossier.transfer.status == TransferStatus::Refunded;
    let role = |id: &Uuid| accounts.get(id).map_or(Role::Other, |fold| fold.role);
    let mut sums: BTreeMap<Uuid, i128> = BTreeMap::new();
    for flow in dossier.flows.iter().filter(|flow| flow.kind != EntryKind::Revaluation.as_str()) {
        let counts = match role(&flow.account) {
            Role::Owed => true,
            Role::Traded => is_refunded,
            Role::Other => false,
        };
        if counts {
            *sums.entry(flow.account).or_default() += i128::from(flow.minor);
        }
    }
    for (account, minor) in expected(dossier) {
        *sums.entry(account.id().uuid()).or_default() -= i128::from(minor);
    }
    sums.retain(|_, off| *off != 0);
    let told = |(id, off): (Uuid, i128)| format!("{} is off by {off}", AccountId::from_uuid(id));
    sums.into_iter().map(told).collect()
}

/// What its postings must come to where that is not zero.
fn expected(dossier: &Dossier) -> Vec<(Account, i64)> {
    let transfer = &dossier.transfer;
    let late = late_money(dossier).filter_map(|m| Some((m.suspense()?, m.amount.minor())));
    let mut expected: Vec<(Account, i64)> = late.collect();
    let is_funded = matches!(transfer.status, TransferStatus::Completed | TransferStatus::Refunded);
    if is_funded && transfer.funding_rail == Rail::Balance {
        expected.push((transfer.payer_account(), transfer.refunded.minor() - transfer.total.minor()));
    }
    let is_paid = |m: &&Movement| m.kind == MovementKind::Disbursement && m.state == MovementState::Succeeded;
    if let Some(paid) = dossier.movements.iter().find(is_paid)
        && paid.rail == Rail::Balance
    {
        let taken = dossier.movements.iter().filter(|m| m.original == Some(paid.reference));
        let taken: i64 = taken.map(|m| m.amount.minor()).sum();
        let payee = transfer.payee_account.clone();
        expected.extend(payee.map(|payee| (payee, transfer.receive.minor().saturating_sub(taken))));
    }
    expected
}

/// Collections whose money came late and is still in suspense.
pub(super) fn late_money(dossier: &Dossier) -> impl Iterator<Item = &Movement> {
    dossier.movements.iter().filter(|movement| match movement.late() {
        Some(Late::Waiting) => true,
        // Its loss was booked when it was disputed; it is in suspense until what returns it ends.
        Some(Late::Returned) if movement.state == MovementState::Disputed => {
            let returns = |refund: &&Movement| refund.original == Some(movement.reference);
            dossier.movements.iter().filter(returns).any(|refund| !refund.state.is_final())
        }
        Some(Late::Returned) => !dossier.movements.iter().any(|refund| {
            refund.original == Some(movement.reference) && refund.state == MovementState::Succeeded
        }),
        Some(Late::Reused) | None => false,
    })
}

fn returns_late_money(dossier: &Dossier, refund: &Movement) -> bool {
    let original = dossier.movements.iter().find(|m| Some(m.reference) == refund.original);
    refund.kind == MovementKind::Refund && original.is_some_and(Movement::is_late)
}
