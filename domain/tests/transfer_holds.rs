//! Transfers that screening holds: let go on once, refused to the last unit, and nothing leaves in between.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails in a test should stop it")]

mod support;

use domain::transfer::{Case, Event, Fact, HoldCause, PromiseKind, Refusal, Step};
use domain::{Money, MovementKind, MovementState, Rail, TransferStatus};
use support::{Books, Counter, Exchange, Order, Walked, customer, floats, heard, owner, start, succeeded};

/// A funded transfer in books of its own.
struct Held {
    books: Books,
    walked: Walked,
    fresh: Counter,
}

impl Held {
    fn funded(exchange: Exchange, funding: Rail, payout: Rail) -> Held {
        let order = Order { exchange, funding, payout, send: 100_000, to_self: false };
        let (mut books, mut fresh) = (Books::empty(), Counter::default());
        for float in floats(order) {
            books.endow(&float, 1_000_000_000_000, &mut fresh);
        }
        books.endow(&customer(owner(), exchange.currencies().0), 1_000_000, &mut fresh);
        let (transfer, wallets) = support::transfer(order, 1, start());
        let step = Case::open(transfer.clone(), &wallets, start(), &mut fresh).unwrap();
        let mut held = Held { books, walked: Walked::new(transfer, wallets), fresh };
        held.take(&step);
        if funding != Rail::Balance {
            let collection = held.walked.case.movements[0].clone();
            held.happens(&succeeded(&collection, None, None));
        }
        assert_eq!(held.status(), TransferStatus::Funded);
        held
    }

    fn take(&mut self, step: &Step) {
        self.books.apply(&step.ledger).unwrap();
        self.walked.take(step);
        self.books.check();
        self.walked.check_books(&self.books);
        self.walked.check_promises();
        self.walked.check_status();
    }

    fn advance(&mut self, event: &Event) -> Result<Option<Step>, Refusal> {
        self.walked.case.advance(event, start(), &mut self.fresh)
    }

    fn happens(&mut self, event: &Event) -> Step {
        let step = self.advance(event).unwrap().unwrap_or_else(|| panic!("{event:?} is no news"));
        self.take(&step);
        step
    }

    fn is_no_news(&mut self, event: &Event) {
        assert!(self.advance(event).unwrap().is_none(), "{event:?} is news");
    }

    fn status(&self) -> TransferStatus {
        self.walked.case.transfer.status
    }

    fn movement(&self, kind: MovementKind) -> domain::Movement {
        self.walked.case.movements.iter().rfind(|m| m.kind == kind).unwrap().clone()
    }

    fn dispatch(&self) -> Event {
        Event::Dispatch { movement: self.movement(MovementKind::Disbursement).reference }
    }
}

fn hold() -> Event {
    Event::Hold { cause: HoldCause::Screening, reason: "payee list:1 97".into() }
}

fn refuse() -> Event {
    Event::Refuse { reason: "a true match".into() }
}

const EVERY_PAIR: [(Rail, Rail); 4] = [
    (Rail::Wave, Rail::Wave),
    (Rail::Wave, Rail::Balance),
    (Rail::Balance, Rail::Wave),
    (Rail::Balance, Rail::Balance),
];

#[test]
fn nothing_leaves_while_a_transfer_is_held() {
    for (funding, payout) in EVERY_PAIR {
        let mut held = Held::funded(Exchange::ALL[0], funding, payout);
        let step = held.happens(&hold());
        assert_eq!(held.status(), TransferStatus::OnHold);
        assert!(step.ledger.is_empty(), "the value stays as it is");
        let told: Vec<_> = step.timeline.iter().map(|line| (line.event, line.staff_only)).collect();
        assert_eq!(told, [("on_hold", false), ("screening_hit", true)]);
        assert_eq!(step.timeline[0].detail, "", "the owner is told no reason");
        for event in [hold(), held.dispatch(), Event::Expire] {
            held.is_no_news(&event);
        }
        assert_eq!(
            held.advance(&Event::Cancel).unwrap_err(),
            Refusal::NotCancellable { status: TransferStatus::OnHold }
        );
        let disbursement = held.movement(MovementKind::Disbursement);
        let never_sent = Refusal::Held { reference: disbursement.reference };
        for fact in
            [Fact::Expired, Fact::Declined { code: "no".into() }, Fact::Unknown { reason: "?".into() }]
        {
            assert_eq!(held.advance(&heard(&disbursement, fact)).unwrap_err(), never_sent);
        }
        assert_eq!(held.advance(&succeeded(&disbursement, None, None)).unwrap_err(), never_sent);
    }
}

#[test]
fn what_was_released_is_sent_and_never_held_again() {
    for (funding, payout) in EVERY_PAIR {
        let mut held = Held::funded(Exchange::ALL[0], funding, payout);
        held.happens(&hold());
        let step = held.happens(&Event::Release);
        assert_eq!(held.status(), TransferStatus::Funded);
        let reference = held.movement(MovementKind::Disbursement).reference.uuid();
        let dispatches = step.promises.iter().filter(|p| p.kind == PromiseKind::Dispatch);
        assert_eq!(dispatches.map(|p| p.subject).collect::<Vec<_>>(), [reference]);
        held.is_no_news(&hold());
        for event in [Event::Release, refuse()] {
            let refused = held.advance(&event).unwrap_err();
            assert_eq!(refused, Refusal::NotOnHold { status: TransferStatus::Funded });
        }
        let dispatch = held.dispatch();
        held.happens(&dispatch);
        if payout != Rail::Balance {
            assert_eq!(held.status(), TransferStatus::Disbursing);
            let disbursement = held.movement(MovementKind::Disbursement);
            held.happens(&succeeded(&disbursement, None, None));
        }
        assert_eq!(held.status(), TransferStatus::Completed);
        held.is_no_news(&hold());
    }
}

#[test]
fn a_refused_transfer_goes_back_to_the_last_unit() {
    for exchange in Exchange::ALL {
        for (funding, payout) in EVERY_PAIR {
            let mut held = Held::funded(exchange, funding, payout);
            held.happens(&hold());
            let step = held.happens(&refuse());
            let words: Vec<_> = step.timeline.iter().map(|line| (line.event, line.staff_only)).collect();
            assert_eq!(words[..2], [("transfer_refused", false), ("refusal_reason", true)]);
            assert_eq!(held.movement(MovementKind::Disbursement).state, MovementState::Cancelled);
            if funding != Rail::Balance {
                assert_eq!(held.status(), TransferStatus::Refunding);
                let refund = held.movement(MovementKind::Refund);
                assert_eq!(refund.amount, held.walked.case.transfer.total);
                held.happens(&Event::Dispatch { movement: refund.reference });
                held.happens(&succeeded(&refund, None, None));
            }
            assert_eq!(held.status(), TransferStatus::Refunded);
            let left = held.books.sums(held.walked.business());
            let floats = |account: &domain::Account| matches!(account, domain::Account::Float { .. });
            assert_eq!(left.keys().filter(|a| !floats(a)).count(), 0, "{left:?}");
            for event in [Event::Release, refuse()] {
                let refused = held.advance(&event).unwrap_err();
                assert_eq!(refused, Refusal::NotOnHold { status: TransferStatus::Refunded });
            }
        }
    }
}

#[test]
fn what_is_not_funded_or_already_under_way_is_not_held() {
    let mut held = Held::funded(Exchange::ALL[0], Rail::Wave, Rail::Wave);
    for event in [Event::Release, refuse()] {
        let refused = held.advance(&event).unwrap_err();
        assert_eq!(refused, Refusal::NotOnHold { status: TransferStatus::Funded });
    }
    let dispatch = held.dispatch();
    held.happens(&dispatch);
    held.is_no_news(&hold());
    let order = Order {
        exchange: Exchange::ALL[0],
        funding: Rail::Wave,
        payout: Rail::Wave,
        send: 5_000,
        to_self: false,
    };
    let (transfer, wallets) = support::transfer(order, 2, start());
    let mut fresh = Counter::default();
    let step = Case::open(transfer.clone(), &wallets, start(), &mut fresh).unwrap();
    let case = Case { transfer: step.transfer, movements: step.movements, wallets };
    assert!(case.advance(&hold(), start(), &mut fresh).unwrap().is_none());
}

/// What a collection cost is learned later, and one that was asked for again may be paid too: both as ever.
#[test]
fn other_news_of_a_held_transfer_is_taken_in() {
    let mut held = Held::funded(Exchange::ALL[0], Rail::Wave, Rail::Wave);
    held.happens(&hold());
    let collection = held.movement(MovementKind::Collection);
    held.is_no_news(&succeeded(&collection, None, None));
    let fee = Money::new(3, collection.amount.currency());
    held.happens(&Event::FeeLearned { movement: collection.reference, fee, available_at: None });
    assert_eq!(held.status(), TransferStatus::OnHold);
    held.happens(&Event::Release);
}
