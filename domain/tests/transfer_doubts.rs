//! Refusals that asking has to confirm, and requests that were lost: what is decided when, and what never twice.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails in a test should stop it")]

mod support;

use chrono::{DateTime, Duration, Utc};
use domain::transfer::{Case, Event, Fact, PromiseKind, Step};
use domain::{Movement, MovementKind, MovementState, Rail, TransferStatus};
use support::{Counter, Exchange, Order, Walked, heard, start, succeeded, transfer};

/// The time that a provider needs until a question finds what it took.
const SETTLING_S: i64 = 120;

/// One transfer, and the time.
struct Life {
    walked: Walked,
    fresh: Counter,
    now: DateTime<Utc>,
}

impl Life {
    fn begin(funding: Rail, payout: Rail) -> Life {
        let order = Order { exchange: Exchange::ALL[0], funding, payout, send: 50_000, to_self: false };
        let (transfer, wallets) = transfer(order, 1, start());
        let mut fresh = Counter::default();
        let step = Case::open(transfer.clone(), &wallets, start(), &mut fresh).unwrap();
        let mut walked = Walked::new(transfer, wallets);
        walked.take(&step);
        Life { walked, fresh, now: start() }
    }

    /// One that is paid for, and whose payout was just dispatched.
    fn paying(payout: Rail) -> Life {
        let mut life = Life::begin(Rail::Wave, payout);
        let paid = succeeded(life.last(MovementKind::Collection), Some(0), None);
        life.happen(&paid).unwrap();
        let movement = life.last(MovementKind::Disbursement).reference;
        life.happen(&Event::Dispatch { movement }).unwrap();
        life
    }

    fn last(&self, kind: MovementKind) -> &Movement {
        self.walked.case.movements.iter().rfind(|m| m.kind == kind).unwrap()
    }

    fn happen(&mut self, event: &Event) -> Option<Step> {
        let step = self.walked.case.advance(event, self.now, &mut self.fresh).unwrap()?;
        self.walked.take(&step);
        self.walked.check_promises();
        self.walked.check_status();
        Some(step)
    }

    fn hear(&mut self, kind: MovementKind, fact: Fact) -> Option<Step> {
        let event = heard(self.last(kind), fact);
        self.happen(&event)
    }

    /// Waits, asks, and is told that there is no such movement.
    fn not_found_after(&mut self, kind: MovementKind, seconds: i64) -> Option<Step> {
        self.now += Duration::seconds(seconds);
        let settling = Duration::seconds(SETTLING_S);
        self.hear(kind, Fact::NotFound { resend: true, settling })
    }

    fn status(&self) -> TransferStatus {
        self.walked.case.transfer.status
    }

    fn state(&self, kind: MovementKind) -> (MovementState, Option<&str>) {
        let movement = self.last(kind);
        (movement.state, movement.code.as_deref())
    }
}

fn refused() -> Fact {
    Fact::RefusedUnlessFound { code: "PAYEE_NOT_FOUND".into() }
}

fn pending() -> Fact {
    Fact::Pending { provider_ref: Some("p".into()), next_action: None, executing: false }
}

fn promises(step: &Step, kind: PromiseKind) -> usize {
    step.promises.iter().filter(|promise| promise.kind == kind).count()
}

#[test]
fn a_refused_payout_goes_back_once_it_is_surely_not_there_and_is_never_sent_again() {
    use MovementKind::{Disbursement, Refund};
    let mut life = Life::paying(Rail::Wave);
    let step = life.hear(Disbursement, refused()).unwrap();
    assert_eq!(step.movements.len(), 1);
    assert_eq!(promises(&step, PromiseKind::Inquire), 1, "it is asked about");
    assert_eq!(life.status(), TransferStatus::InReconciliation);
    for seconds in [5, 15, 40] {
        let step = life.not_found_after(Disbursement, seconds).unwrap();
        assert_eq!(promises(&step, PromiseKind::Submit), 0);
        assert_eq!(life.state(Disbursement), (MovementState::Uncertain, Some("PAYEE_NOT_FOUND")));
    }
    let step = life.not_found_after(Disbursement, SETTLING_S - 60).unwrap();
    assert_eq!(promises(&step, PromiseKind::Submit), 0);
    assert_eq!(life.state(Disbursement), (MovementState::Declined, Some("PAYEE_NOT_FOUND")));
    assert_eq!((life.status(), life.state(Refund).0), (TransferStatus::Refunding, MovementState::Intended));
}

#[test]
fn a_refused_refund_is_left_to_a_person() {
    use MovementKind::{Disbursement, Refund};
    let mut life = Life::paying(Rail::Wave);
    life.hear(Disbursement, Fact::Declined { code: "no".into() }).unwrap();
    let movement = life.last(Refund).reference;
    life.happen(&Event::Dispatch { movement }).unwrap();
    life.hear(Refund, refused()).unwrap();
    assert_eq!(life.status(), TransferStatus::InReconciliation);
    life.not_found_after(Refund, SETTLING_S).unwrap();
    assert_eq!(life.status(), TransferStatus::NeedsAttention);
    assert_eq!(life.state(Refund), (MovementState::Declined, Some("PAYEE_NOT_FOUND")));
}

#[test]
fn what_is_found_was_not_refused() {
    use MovementKind::Disbursement;
    for is_pending_first in [true, false] {
        let mut life = Life::paying(Rail::Wave);
        life.hear(Disbursement, refused()).unwrap();
        if is_pending_first {
            life.hear(Disbursement, pending()).unwrap();
            assert_eq!(life.state(Disbursement), (MovementState::Submitted, None));
            assert_eq!(life.status(), TransferStatus::Disbursing);
        }
        let paid = succeeded(life.last(Disbursement), None, None);
        life.happen(&paid).unwrap();
        assert_eq!(life.state(Disbursement), (MovementState::Succeeded, None));
        assert_eq!(life.status(), TransferStatus::Completed);
    }
}

#[test]
fn what_the_provider_has_is_not_refused_by_a_second_request() {
    let mut life = Life::paying(Rail::Wave);
    life.hear(MovementKind::Disbursement, pending()).unwrap();
    assert!(life.hear(MovementKind::Disbursement, refused()).is_none());
    assert_eq!(life.state(MovementKind::Disbursement), (MovementState::Submitted, None));
}

#[test]
fn a_payer_who_was_refused_is_told_at_the_first_confirmation() {
    let mut life = Life::begin(Rail::MtnMomo, Rail::Wave);
    life.hear(MovementKind::Collection, refused()).unwrap();
    assert_eq!(life.status(), TransferStatus::AwaitingPayment);
    life.not_found_after(MovementKind::Collection, 5).unwrap();
    assert_eq!(life.status(), TransferStatus::CollectionFailed);
    let paid = succeeded(life.last(MovementKind::Collection), Some(0), None);
    life.happen(&paid).unwrap();
    assert!(life.last(MovementKind::Collection).is_late(), "and should it be paid after all, it goes back");
}

/// The request is sent again under its reference where the payer is asked on their phone; elsewhere it is replaced.
#[test]
fn a_payer_is_never_asked_twice_on_their_phone() {
    for (rail, asked) in [(Rail::MtnMomo, 1), (Rail::Wave, 2), (Rail::OrangeWeb, 2)] {
        let mut life = Life::begin(rail, Rail::Wave);
        life.hear(MovementKind::Collection, Fact::Unknown { reason: "timeout".into() }).unwrap();
        for seconds in [5, 15] {
            life.not_found_after(MovementKind::Collection, seconds).unwrap();
        }
        let step = life.not_found_after(MovementKind::Collection, SETTLING_S).unwrap();
        assert_eq!(promises(&step, PromiseKind::Submit), 1);
        let collections =
            life.walked.case.movements.iter().filter(|m| m.kind == MovementKind::Collection).count();
        assert_eq!(collections, asked, "{rail}");
        life.hear(MovementKind::Collection, pending()).unwrap();
        assert_eq!(life.state(MovementKind::Collection).0, MovementState::Submitted);
    }
}

#[test]
fn nobody_is_asked_again_for_a_transfer_that_ended() {
    let mut life = Life::begin(Rail::MtnMomo, Rail::Wave);
    life.hear(MovementKind::Collection, Fact::Unknown { reason: "timeout".into() }).unwrap();
    life.happen(&Event::Cancel).unwrap();
    for seconds in [5, 15] {
        life.not_found_after(MovementKind::Collection, seconds).unwrap();
    }
    let step = life.not_found_after(MovementKind::Collection, SETTLING_S).unwrap();
    assert_eq!(promises(&step, PromiseKind::Submit), 0);
    assert_eq!(life.state(MovementKind::Collection).0, MovementState::Expired);
}

#[test]
fn where_only_asking_tells_an_expired_collection_is_asked_about_once_more() {
    use MovementKind::Collection;
    for (rail, looks) in [(Rail::OrangeWeb, 1), (Rail::OrangeSonatel, 1), (Rail::Wave, 0)] {
        let mut life = Life::begin(rail, Rail::Wave);
        life.hear(Collection, pending()).unwrap();
        life.now += Duration::minutes(13);
        let step = life.hear(Collection, Fact::Expired).unwrap();
        assert_eq!(promises(&step, PromiseKind::Inquire), looks, "{rail}");
        assert_eq!(life.status(), TransferStatus::Expired);
        assert!(life.hear(Collection, Fact::Expired).is_none(), "nothing new, and no further look");
        let paid = succeeded(life.last(Collection), Some(0), None);
        life.happen(&paid).unwrap();
        assert!(life.last(Collection).is_late(), "{rail}: money that came after all");
    }
}

#[test]
fn what_its_wallet_cannot_give_back_goes_out_of_the_one_that_can() {
    use MovementKind::{Disbursement, Refund};
    let mut life = Life::begin(Rail::OrangeSonatel, Rail::Wave);
    let other = domain::Wallet::parse("other").unwrap();
    life.walked.case.wallets.refund = other.clone();
    let paid = succeeded(life.last(MovementKind::Collection), Some(0), None);
    life.happen(&paid).unwrap();
    let movement = life.last(Disbursement).reference;
    life.happen(&Event::Dispatch { movement }).unwrap();
    life.hear(Disbursement, Fact::Declined { code: "no".into() }).unwrap();
    assert_eq!(life.last(Refund).wallet, other);
    assert_eq!(life.last(MovementKind::Collection).wallet, life.walked.case.wallets.funding);
}

#[test]
fn a_refund_that_the_rail_does_not_offer_is_left_to_a_person_before_anything_is_reserved() {
    use MovementKind::{Disbursement, Refund};
    let mut life = Life::begin(Rail::OrangeWeb, Rail::Wave);
    let paid = succeeded(life.last(MovementKind::Collection), Some(0), None);
    life.happen(&paid).unwrap();
    let movement = life.last(Disbursement).reference;
    life.happen(&Event::Dispatch { movement }).unwrap();
    life.hear(Disbursement, Fact::Declined { code: "no".into() }).unwrap();
    assert!(life.last(Refund).float_hold.is_none());
    life.hear(Refund, Fact::Declined { code: "not_offered".into() }).unwrap();
    assert_eq!(life.status(), TransferStatus::NeedsAttention);
    let movement = life.last(Refund).reference;
    assert!(life.happen(&Event::Dispatch { movement }).is_none(), "and nothing is sent later");
}
