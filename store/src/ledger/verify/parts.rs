//! Parts: what was undone of a conversion, given back and valued, told again from entries and movements.

use std::collections::BTreeMap;

use domain::{EntryKind, Money, Movement, MovementKind, MovementState, Rail, TransferStatus, recipes};
use uuid::Uuid;

use super::transfers::Dossier;

/// Every way in which what a transfer says of its refunds is not what happened.
pub(super) fn wrong(dossier: &Dossier) -> Vec<String> {
    let t = &dossier.transfer;
    let (refunded, unwound, whole) = (t.refunded.minor(), t.unwound.minor(), t.refundable().minor());
    let is_ordered = 0 <= refunded && refunded <= unwound && unwound <= whole;
    if !is_ordered || !(0..=unwound).contains(&t.revalued.minor()) {
        return vec!["what was refunded, undone and valued of it do not fit".into()];
    }
    let mut wrong = Vec::new();
    if t.status == TransferStatus::Refunded && refunded != whole {
        wrong.push("what was refunded does not fit its status".into());
    }
    if let Some(off) = unwound_otherwise(dossier) {
        wrong.push(off);
    }
    if t.funding_rail == Rail::Balance {
        return wrong;
    }
    let given = sum(dossier, |state| state == MovementState::Succeeded);
    if given != i128::from(refunded) {
        wrong.push(format!("{refunded} is refunded, its refunds come to {given}"));
    }
    let under_way = sum(dossier, |state| !state.is_final());
    if under_way > i128::from(unwound - refunded) {
        wrong.push(format!("{under_way} is on its way back, and only {} was undone", unwound - refunded));
    }
    wrong
}

/// What its refunds come to, but for late money.
fn sum(dossier: &Dossier, counts: impl Fn(MovementState) -> bool) -> i128 {
    let is_late = |refund: &Movement| {
        dossier.movements.iter().any(|m| Some(m.reference) == refund.original && m.is_late())
    };
    let own = dossier.movements.iter().filter(|m| m.kind == MovementKind::Refund && counts(m.state));
    own.filter(|m| !is_late(m)).map(|m| i128::from(m.amount.minor())).sum()
}

/// Why its unwindings are not the share that it says, to the last unit on every account.
fn unwound_otherwise(dossier: &Dossier) -> Option<String> {
    let t = &dossier.transfer;
    let Ok(part) = recipes::unwind_part(t, Money::zero(t.send.currency()), t.unwound) else {
        return Some("what was undone cannot be computed".into());
    };
    let mut off: BTreeMap<Uuid, i128> = BTreeMap::new();
    for flow in dossier.flows.iter().filter(|flow| flow.kind == EntryKind::Unwind.as_str()) {
        *off.entry(flow.account).or_default() += i128::from(flow.minor);
    }
    for posting in &part {
        for (account, is_debit) in [(&posting.debit, true), (&posting.credit, false)] {
            let raises = account.kind().is_debit_normal() == is_debit;
            let minor = i128::from(posting.amount.minor());
            *off.entry(account.id().uuid()).or_default() -= if raises { minor } else { -minor };
        }
    }
    off.retain(|_, minor| *minor != 0);
    (!off.is_empty()).then(|| format!("its unwindings are off by {:?}", off.values()))
}
