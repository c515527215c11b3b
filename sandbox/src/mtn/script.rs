//! What will come of a movement: by MTN's test values in the sandbox, by people in a market.
//!
//! `46733123450` to `46733123463` follow MTN's table, product by product. `…453` is pending and
//! `…454` created, as measured in September 2026; *chosen* is that the former succeeds after an
//! hour, the latter after 25 seconds. Any other number of the sandbox succeeds, unless it is none.

use chrono::TimeDelta;

use super::kind::{Kind, Status};
use super::movement::{self, Movement};
use super::people::{self, Behaviour};
use super::portal::Environment;
use crate::app::Desk;

/// Why something fails of which nobody tells why.
pub const NO_REASON: &str = "";

/// How long a test value keeps everybody waiting.
const ONGOING: TimeDelta = TimeDelta::hours(1);
const DELAYED: TimeDelta = TimeDelta::seconds(25);
const SOON: TimeDelta = TimeDelta::seconds(2);
const SLOWLY: TimeDelta = TimeDelta::hours(1);

/// The course of a movement when nobody interferes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Script {
    /// Its first status.
    pub first: Status,
    /// When `CREATED` becomes `PENDING`, if it does.
    pub pends_after: Option<TimeDelta>,
    /// When it ends.
    pub ends_after: TimeDelta,
    /// Why it fails; `None` when it succeeds.
    pub reason: Option<&'static str>,
}

#[derive(Clone, Copy, Debug)]
enum Magic {
    Fails(&'static str),
    Ongoing,
    Delayed,
}

use Magic::{Delayed, Fails, Ongoing};

/// Requests to pay and to withdraw, deposits, invoices.
const PAY: [Magic; 14] = [
    Fails("INTERNAL_PROCESSING_ERROR"),
    Fails("APPROVAL_REJECTED"),
    Fails("EXPIRED"),
    Ongoing,
    Delayed,
    Fails("PAYER_NOT_FOUND"),
    Fails("PAYEE_NOT_ALLOWED_TO_RECEIVE"),
    Fails("NOT_ALLOWED"),
    Fails("NOT_ALLOWED_TARGET_ENVIRONMENT"),
    Fails("INVALID_CALLBACK_URL_HOST"),
    Fails("INVALID_CURRENCY"),
    Fails("INTERNAL_PROCESSING_ERROR"),
    Fails("SERVICE_UNAVAILABLE"),
    Fails("COULD_NOT_PERFORM_TRANSACTION"),
];

/// Transfers of both products, and refunds to such a payer.
const TRANSFER: [Magic; 14] = [
    Fails("INTERNAL_PROCESSING_ERROR"),
    Fails("APPROVAL_REJECTED"),
    Fails("EXPIRED"),
    Ongoing,
    Delayed,
    Fails("NOT_ENOUGH_FUNDS"),
    Fails("PAYER_LIMIT_REACHED"),
    Fails("PAYEE_NOT_FOUND"),
    Fails("NOT_ALLOWED"),
    Fails("NOT_ALLOWED_TARGET_ENVIRONMENT"),
    Fails("INVALID_CALLBACK_URL_HOST"),
    Fails("INVALID_CURRENCY"),
    Fails("INTERNAL_PROCESSING_ERROR"),
    Fails("SERVICE_UNAVAILABLE"),
];

/// The first one fails without a reason, as a client of MTN's measured.
const PRE_APPROVAL: [Magic; 12] = [
    Fails(NO_REASON),
    Fails("APPROVAL_REJECTED"),
    Fails("EXPIRED"),
    Ongoing,
    Delayed,
    Fails("PAYER_NOT_FOUND"),
    Fails("NOT_ALLOWED"),
    Fails("NOT_ALLOWED_TARGET_ENVIRONMENT"),
    Fails("INVALID_CALLBACK_URL_HOST"),
    Fails("INVALID_CURRENCY"),
    Fails("INTERNAL_PROCESSING_ERROR"),
    Fails("SERVICE_UNAVAILABLE"),
];

/// Which of MTN's test numbers this is, from 0 for `46733123450`.
pub fn test_value(party: &str) -> Option<usize> {
    let number: usize = party.strip_prefix("46733123").filter(|tail| tail.len() == 3)?.parse().ok()?;
    number.checked_sub(450).filter(|place| *place < PAY.len())
}

fn magic(kind: Kind, party: &str) -> Option<Magic> {
    let place = test_value(party)?;
    match kind {
        Kind::PreApproval => PRE_APPROVAL.get(place),
        Kind::Transfer | Kind::Remittance | Kind::CashTransfer | Kind::Refund => TRANSFER.get(place),
        _ => PAY.get(place),
    }
    .copied()
}

/// What will come of a movement that is about to begin.
pub fn of(desk: &Desk<'_>, environment: &Environment, movement: &Movement) -> rusqlite::Result<Script> {
    let usual = Usual::of(environment);
    if let Some(reason) = refusal_of_refund(desk, movement)? {
        return Ok(usual.at_once(Some(reason)));
    }
    let Some(party) = &movement.party else { return Ok(usual.at_once(None)) };
    let is_number = party.kind == "MSISDN";
    if is_number && !environment.portal.can_have(&party.id) {
        return Ok(usual.at_once(Some(not_found(movement.kind))));
    }
    if environment.portal.is_sandbox() {
        return Ok(of_test_value(&usual, movement.kind, &party.id));
    }
    let behaviour = match is_number {
        true => people::behaviour(desk.tx, &party.id)?,
        false => Behaviour::Normal,
    };
    match movement.kind.needs_approval() {
        false => Ok(of_payee(&usual, movement.kind, behaviour)),
        true => of_payer(desk, environment, movement, behaviour),
    }
}

fn of_test_value(usual: &Usual, kind: Kind, party: &str) -> Script {
    let waiting = if kind == Kind::PreApproval { Status::Created } else { Status::Pending };
    let script = |first, ends_after| Script { first, pends_after: None, ends_after, reason: None };
    match magic(kind, party) {
        Some(Fails(reason)) => usual.at_once(Some(reason)),
        Some(Ongoing) => script(waiting, ONGOING),
        Some(Delayed) => script(Status::Created, DELAYED),
        None => usual.at_once(None),
    }
}

fn of_payee(usual: &Usual, kind: Kind, behaviour: Behaviour) -> Script {
    match behaviour {
        Behaviour::Unknown => usual.at_once(Some(not_found(kind))),
        Behaviour::Blocked => usual.at_once(Some("PAYEE_NOT_ALLOWED_TO_RECEIVE")),
        Behaviour::LimitReached => usual.at_once(Some("NOT_ENOUGH_FUNDS")),
        Behaviour::Unmapped => usual.at_once(Some("INTERNAL_PROCESSING_ERROR")),
        Behaviour::FailsLater => usual.after(SOON, Some("PAYEE_NOT_ALLOWED_TO_RECEIVE")),
        Behaviour::SettlesLater => usual.after(SOON, None),
        Behaviour::SettlesSlowly => usual.after(SLOWLY, None),
        _ => usual.at_once(None),
    }
}

fn of_payer(
    desk: &Desk<'_>,
    environment: &Environment,
    movement: &Movement,
    behaviour: Behaviour,
) -> rusqlite::Result<Script> {
    let usual = Usual::of(environment);
    let party = movement.party.as_ref().map(|party| party.id.as_str()).unwrap_or_default();
    let is_debit = movement.kind == Kind::RequestToPay;
    Ok(match behaviour {
        Behaviour::Unknown => usual.at_once(Some(not_found(movement.kind))),
        Behaviour::Blocked => usual.at_once(Some("SENDER_ACCOUNT_NOT_ACTIVE")),
        Behaviour::LimitReached => usual.at_once(Some("PAYER_LIMIT_REACHED")),
        Behaviour::Unmapped => usual.at_once(Some("INTERNAL_PROCESSING_ERROR")),
        Behaviour::Poor => usual.at_once(Some("NOT_ENOUGH_FUNDS")),
        Behaviour::SettlesSlowly => usual.after(SLOWLY, Some("COULD_NOT_PERFORM_TRANSACTION")),
        Behaviour::Rejects => usual.after(SOON, Some("APPROVAL_REJECTED")),
        Behaviour::Approves => usual.after(SOON, None),
        _ if is_debit && movement::is_pre_approved(desk.tx, environment.name(), party, desk.now)? => {
            usual.at_once(None)
        }
        _ if environment.portal.auto_approve => usual.after(SOON, None),
        _ => usual.unanswered(movement),
    })
}

fn not_found(kind: Kind) -> &'static str {
    if kind.needs_approval() { "PAYER_NOT_FOUND" } else { "PAYEE_NOT_FOUND" }
}

/// A refund takes no more than is left of a collection that succeeded. *Chosen*: it is accepted
/// and then fails, since no source tells.
fn refusal_of_refund(desk: &Desk<'_>, movement: &Movement) -> rusqlite::Result<Option<&'static str>> {
    let Some(reference) = &movement.refunds else { return Ok(None) };
    let collection = movement::find(desk.tx, &movement.environment, reference)?;
    let Some(collection) = collection.filter(|found| found.kind == Kind::RequestToPay) else {
        return Ok(Some("TRANSACTION_NOT_FOUND"));
    };
    let left = collection.amount - movement::refunded(desk.tx, &movement.environment, reference)?;
    let is_good = collection.status == Status::Successful && movement.amount <= left;
    Ok((!is_good).then_some("NOT_ALLOWED"))
}

/// The delays of an environment.
struct Usual {
    created_for: TimeDelta,
    settles_after: TimeDelta,
    approval: TimeDelta,
}

impl Usual {
    fn of(environment: &Environment) -> Usual {
        let seconds = |seconds: u32| TimeDelta::seconds(seconds.into());
        Usual {
            created_for: seconds(environment.portal.created_for_seconds),
            settles_after: seconds(environment.portal.settles_after_seconds),
            approval: seconds(environment.portal.approval_seconds),
        }
    }

    fn after(&self, delay: TimeDelta, reason: Option<&'static str>) -> Script {
        let (first, pends_after) = match self.created_for > TimeDelta::zero() {
            true => (Status::Created, Some(self.created_for)),
            false => (Status::Pending, None),
        };
        Script { first, pends_after, ends_after: self.created_for + delay, reason }
    }

    fn at_once(&self, reason: Option<&'static str>) -> Script {
        self.after(self.settles_after, reason)
    }

    fn unanswered(&self, movement: &Movement) -> Script {
        match (movement.kind, movement.expires_at) {
            (Kind::Invoice, Some(at)) => self.after(at - movement.created_at, Some("EXPIRED")),
            (Kind::PreApproval, _) => self.after(self.approval, Some("EXPIRED")),
            _ => self.after(self.approval, Some("COULD_NOT_PERFORM_TRANSACTION")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_values_are_fourteen() {
        assert_eq!(test_value("46733123450"), Some(0));
        assert_eq!(test_value("46733123463"), Some(13));
        for other in ["46733123449", "46733123464", "467331234630", "46733123", "224660123450"] {
            assert_eq!(test_value(other), None, "{other}");
        }
    }
}
