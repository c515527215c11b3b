//! Refunds that a person asks for after the payee was paid: what comes back first, what the payer then has, and what is
//! refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails in a test should stop it")]

mod support;

use chrono::{DateTime, Duration, Utc};
use domain::transfer::{
    Case, Event, Fact, NotRefundable, NoticeKind, PromiseKind, RefundAsk, Refundable, Refusal, Step,
};
use domain::{
    Account, LedgerError, Money, Movement, MovementKind, MovementState, Rail, Transfer, TransferStatus,
};
use support::{Books, Counter, Exchange, Order, Walked, customer, floats, friend, heard, start, succeeded};

/// A completed transfer in books of its own.
struct Paid {
    books: Books,
    walked: Walked,
    fresh: Counter,
    now: DateTime<Utc>,
}

impl Paid {
    fn by(exchange: Exchange, funding: Rail, payout: Rail) -> Paid {
        let order = Order { exchange, funding, payout, send: 100_003, to_self: false };
        let (mut books, mut fresh) = (Books::empty(), Counter::default());
        for float in floats(order) {
            books.endow(&float, 1_000_000_000_000, &mut fresh);
        }
        books.endow(&customer(support::owner(), exchange.currencies().0), 1_000_000, &mut fresh);
        let (transfer, wallets) = support::transfer(order, 1, start());
        let step = Case::open(transfer.clone(), &wallets, start(), &mut fresh).unwrap();
        let mut paid = Paid { books, walked: Walked::new(transfer, wallets), fresh, now: start() };
        paid.take(&step);
        if funding != Rail::Balance {
            let collection = paid.last(MovementKind::Collection);
            paid.happens(&succeeded(&collection, Some(7), None));
        }
        let payout = paid.last(MovementKind::Disbursement);
        paid.happens(&Event::Dispatch { movement: payout.reference });
        if payout.rail != Rail::Balance {
            paid.happens(&succeeded(&payout, Some(11), None));
        }
        assert_eq!(paid.status(), TransferStatus::Completed);
        paid
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
        self.walked.case.advance(event, self.now, &mut self.fresh)
    }

    fn happens(&mut self, event: &Event) -> Step {
        let step = self.advance(event).unwrap().unwrap_or_else(|| panic!("{event:?} is no news"));
        self.take(&step);
        step
    }

    fn refuses(&mut self, event: &Event, refusal: Refusal) {
        assert_eq!(self.advance(event).unwrap_err(), refusal, "{event:?}");
    }

    fn transfer(&self) -> &Transfer {
        &self.walked.case.transfer
    }

    fn status(&self) -> TransferStatus {
        self.transfer().status
    }

    fn last(&self, kind: MovementKind) -> Movement {
        self.walked.case.movements.iter().rfind(|m| m.kind == kind).unwrap().clone()
    }

    fn send(&self, minor: i64) -> Money {
        Money::new(minor, self.transfer().send.currency())
    }

    fn refunded(&self) -> i64 {
        self.transfer().refunded.minor()
    }

    /// The refund that is on its way is dispatched and succeeds.
    fn refund_arrives(&mut self) {
        let refund = self.last(MovementKind::Refund);
        self.happens(&Event::Dispatch { movement: refund.reference });
        self.happens(&succeeded(&refund, None, None));
    }

    fn sum(&self, account: &Account) -> i64 {
        self.books.sums(self.walked.business()).get(account).copied().unwrap_or_default()
    }
}

fn ask() -> RefundAsk {
    RefundAsk {
        amount: None,
        undone_before: None,
        keeps_fee: false,
        reason: "sent twice".into(),
        funding: Refundable::Parts,
        reverse_within: Some(Duration::days(3)),
    }
}

fn part(paid: &Paid, minor: i64) -> Event {
    Event::RefundAsked(RefundAsk { amount: Some(paid.send(minor)), ..ask() })
}

fn whole() -> Event {
    Event::RefundAsked(ask())
}

fn not_refundable(why: NotRefundable) -> Refusal {
    Refusal::NotRefundable { why }
}

fn notices(step: &Step) -> Vec<NoticeKind> {
    let notice = |kind| if let PromiseKind::Notify(notice) = kind { Some(notice) } else { None };
    step.promises.iter().filter_map(|promise| notice(promise.kind)).collect()
}

#[test]
fn parts_of_a_balance_go_back_and_add_up_to_the_whole() {
    for exchange in Exchange::ALL {
        for funding in [Rail::SepaTransfer, Rail::Balance] {
            let mut paid = Paid::by(exchange, funding, Rail::Balance);
            let total = paid.transfer().total.minor();
            for (minor, so_far) in [(1, 1), (33_333, 33_334), (777, 34_111)] {
                let ask = part(&paid, minor);
                let step = paid.happens(&ask);
                assert_eq!(step.timeline[0].event, "refund_asked");
                if funding != Rail::Balance {
                    assert_eq!(paid.status(), TransferStatus::Refunding);
                    assert_eq!(notices(&step), [NoticeKind::RefundGranted]);
                    paid.refuses(&ask, Refusal::RefundInProgress);
                    paid.refund_arrives();
                }
                assert_eq!((paid.status(), paid.refunded()), (TransferStatus::Completed, so_far));
            }
            let left = paid.send(total - 34_111);
            let too_much = part(&paid, left.minor() + 1);
            paid.refuses(&too_much, Refusal::RefundExceeds { left });
            paid.happens(&whole());
            if funding != Rail::Balance {
                paid.refund_arrives();
            }
            assert_eq!((paid.status(), paid.refunded()), (TransferStatus::Refunded, total));
            paid.refuses(&whole(), not_refundable(NotRefundable::NotCompleted));
        }
    }
}

/// Who may ask depends on what was given back before: of two parts judged over the same, one is judged again.
#[test]
fn a_part_that_was_judged_over_less_is_judged_again() {
    let mut paid = Paid::by(Exchange::ALL[0], Rail::Balance, Rail::Balance);
    let (nothing, some) = (Some(paid.send(0)), Some(paid.send(500)));
    let judged = |before| Event::RefundAsked(RefundAsk { amount: some, undone_before: before, ..ask() });
    paid.happens(&judged(nothing));
    assert_eq!((paid.status(), paid.refunded()), (TransferStatus::Completed, 500));
    paid.refuses(&judged(nothing), Refusal::RefundInProgress);
    paid.happens(&judged(some));
    assert_eq!(paid.refunded(), 1_000);
}

#[test]
fn what_the_payee_has_spent_is_not_given_back() {
    for exchange in Exchange::ALL {
        let mut paid = Paid::by(exchange, Rail::SepaTransfer, Rail::Balance);
        let payee = customer(friend(), exchange.currencies().1);
        let received = paid.transfer().receive.minor();
        paid.books.take(&payee, received - 100, &mut paid.fresh);
        let step = paid.advance(&whole()).unwrap().unwrap();
        let refused = paid.books.apply(&step.ledger).unwrap_err();
        assert!(matches!(refused, LedgerError::InsufficientFunds { account, .. } if account == payee));
        paid.happens(&part(&paid, 5));
    }
}

#[test]
fn a_kept_fee_is_kept_by_every_part() {
    for exchange in Exchange::ALL {
        for funding in [Rail::SepaTransfer, Rail::Balance] {
            let mut paid = Paid::by(exchange, funding, Rail::Balance);
            let (send, fee) = (paid.transfer().send, paid.transfer().fee);
            let amount = Some(paid.send(40_000));
            paid.happens(&Event::RefundAsked(RefundAsk { amount, keeps_fee: true, ..ask() }));
            if funding != Rail::Balance {
                paid.refund_arrives();
            }
            let beyond = part(&paid, send.minor() - 40_000 + 1);
            paid.refuses(&beyond, Refusal::RefundExceeds { left: paid.send(send.minor() - 40_000) });
            paid.happens(&whole());
            if funding != Rail::Balance {
                paid.refund_arrives();
            }
            assert_eq!((paid.status(), paid.refunded()), (TransferStatus::Refunded, send.minor()));
            let revenue = Account::FeeRevenue { currency: send.currency() };
            assert_eq!(paid.sum(&revenue), fee.minor());
        }
    }
}

#[test]
fn a_payout_is_taken_back_whole_before_the_payer_has_anything() {
    for exchange in Exchange::ALL {
        for funding in [Rail::Wave, Rail::SepaTransfer, Rail::Balance] {
            let mut paid = Paid::by(exchange, funding, Rail::Wave);
            let step = paid.happens(&whole());
            assert_eq!(paid.status(), TransferStatus::Refunding);
            assert!(step.ledger.is_empty() && notices(&step).is_empty(), "nothing is promised yet");
            let reversal = paid.last(MovementKind::Reversal);
            assert!(step.promises.iter().any(|p| p.kind == PromiseKind::Submit));
            assert_eq!(reversal.amount, paid.transfer().receive);
            paid.refuses(&whole(), Refusal::RefundInProgress);
            let unknown = Fact::Unknown { reason: "reset".into() };
            paid.happens(&heard(&reversal, unknown));
            assert_eq!(paid.status(), TransferStatus::InReconciliation);
            paid.refuses(&whole(), Refusal::RefundInProgress);
            paid.happens(&succeeded(&reversal, None, None));
            assert_eq!(paid.last(MovementKind::Disbursement).state, MovementState::Reversed);
            if funding != Rail::Balance {
                assert_eq!(paid.status(), TransferStatus::Refunding);
                paid.refund_arrives();
            }
            assert_eq!(paid.status(), TransferStatus::Refunded);
            let float = reversal.float().unwrap();
            if Some(&float) != paid.walked.case.funding().and_then(Movement::float).as_ref() {
                assert_eq!(paid.sum(&float), 0, "amount and fee are back");
            }
            assert!(paid.advance(&succeeded(&reversal, None, None)).unwrap().is_none());
        }
    }
}

#[test]
fn a_refused_reversal_leaves_the_transfer_as_it_was() {
    let mut paid = Paid::by(Exchange::EurosToFrancs, Rail::SepaTransfer, Rail::Wave);
    paid.happens(&Event::RefundAsked(RefundAsk { keeps_fee: true, ..ask() }));
    let reversal = paid.last(MovementKind::Reversal);
    let step = paid.happens(&heard(&reversal, Fact::Declined { code: "too-late".into() }));
    assert_eq!((paid.status(), paid.refunded()), (TransferStatus::Completed, 0));
    assert_eq!((step.timeline[0].event, step.timeline[0].detail.as_str()), ("reversal_refused", "too-late"));
    assert_eq!(paid.transfer().refund_keeps_fee, None, "the next one chooses again");
    paid.happens(&whole());
    assert_eq!(paid.transfer().refund_keeps_fee, Some(false));
}

#[test]
fn a_payout_that_its_provider_took_back_first_is_given_back_once() {
    for (fact, state) in [
        (Fact::Reversed, MovementState::Succeeded),
        (Fact::FailedLater { code: "closed".into() }, MovementState::Cancelled),
    ] {
        let mut paid = Paid::by(Exchange::EurosToFrancs, Rail::SepaTransfer, Rail::Wave);
        paid.happens(&whole());
        let (reversal, payout) = (paid.last(MovementKind::Reversal), paid.last(MovementKind::Disbursement));
        paid.happens(&heard(&payout, fact));
        assert_eq!(paid.last(MovementKind::Reversal).state, state);
        assert!(!matches!(paid.advance(&succeeded(&reversal, None, None)), Ok(Some(_))));
        paid.refund_arrives();
        assert_eq!(paid.status(), TransferStatus::Refunded);
    }
}

#[test]
fn what_no_rail_gives_back_is_refused_with_its_reason() {
    use NotRefundable::{FundingIsFinal, FundingIsWhole, PayoutIsFinal, PayoutIsWhole, TooLate};
    let with = |change: fn(&mut RefundAsk)| {
        let mut asked = ask();
        change(&mut asked);
        Event::RefundAsked(asked)
    };
    let mut paid = Paid::by(Exchange::Francs, Rail::Wave, Rail::Wave);
    let some = Some(paid.send(500));
    let a_part = Event::RefundAsked(RefundAsk { amount: some, ..ask() });
    paid.refuses(&a_part, not_refundable(PayoutIsWhole));
    paid.refuses(&with(|ask| ask.reverse_within = None), not_refundable(PayoutIsFinal));
    paid.refuses(&with(|ask| ask.funding = Refundable::Nothing), not_refundable(FundingIsFinal));
    let without_fee = with(|ask| (ask.keeps_fee, ask.funding) = (true, Refundable::Whole));
    paid.refuses(&without_fee, not_refundable(FundingIsWhole));
    paid.now += Duration::days(3) + Duration::seconds(1);
    paid.refuses(&whole(), not_refundable(TooLate));
    let mut paid = Paid::by(Exchange::Francs, Rail::Wave, Rail::Manual);
    paid.refuses(&with(|ask| ask.reverse_within = None), not_refundable(PayoutIsFinal));
    let mut paid = Paid::by(Exchange::EurosToFrancs, Rail::Wave, Rail::Balance);
    for amount in [0, -1] {
        let (ask, left) = (part(&paid, amount), paid.transfer().total);
        paid.refuses(&ask, Refusal::RefundExceeds { left });
    }
    let francs = Some(Money::new(5, domain::Currency::XOF));
    let left = paid.transfer().total;
    let other_currency = Event::RefundAsked(RefundAsk { amount: francs, ..ask() });
    paid.refuses(&other_currency, Refusal::RefundExceeds { left });
}

#[test]
fn a_part_that_its_rail_refuses_waits_for_a_person() {
    let mut paid = Paid::by(Exchange::EurosToFrancs, Rail::SepaTransfer, Rail::Balance);
    paid.happens(&part(&paid, 300));
    let refund = paid.last(MovementKind::Refund);
    paid.happens(&Event::Dispatch { movement: refund.reference });
    paid.happens(&heard(&refund, Fact::Declined { code: "no".into() }));
    assert_eq!((paid.status(), paid.refunded()), (TransferStatus::NeedsAttention, 0));
    assert_eq!(paid.sum(&paid.transfer().payer_account()), 300);
    paid.refuses(&whole(), not_refundable(NotRefundable::NotCompleted));
}

#[test]
fn a_part_that_came_back_is_still_owed_when_the_next_one_has_arrived() {
    let mut paid = Paid::by(Exchange::EurosToFrancs, Rail::SepaTransfer, Rail::Balance);
    paid.happens(&part(&paid, 300));
    paid.refund_arrives();
    let first = paid.last(MovementKind::Refund);
    paid.happens(&part(&paid, 200));
    let closed = || Fact::FailedLater { code: "account_closed".into() };
    paid.happens(&heard(&first, closed()));
    assert_eq!((paid.status(), paid.refunded()), (TransferStatus::Refunding, 0));
    paid.refund_arrives();
    assert_eq!((paid.status(), paid.refunded()), (TransferStatus::NeedsAttention, 200));
    assert_eq!(paid.sum(&paid.transfer().payer_account()), 300);
}

/// A bank takes back what a part of was given back already: that, and what the payee has, is our loss.
#[test]
fn a_dispute_of_a_partly_refunded_transfer_costs_what_is_gone() {
    for exchange in Exchange::ALL {
        let mut paid = Paid::by(exchange, Rail::SepaDebit, Rail::Balance);
        let (collection, total) = (paid.last(MovementKind::Collection), paid.transfer().total);
        let loss = Account::DisputeLoss { currency: total.currency() };
        paid.happens(&part(&paid, 300));
        paid.refund_arrives();
        paid.happens(&part(&paid, 200));
        let disputed = Fact::Disputed { dispute: "du_1".into(), amount: total, fee: None };
        paid.happens(&heard(&collection, disputed));
        assert_eq!(paid.status(), TransferStatus::Disputed);
        assert_eq!(paid.last(MovementKind::Refund).state, MovementState::Cancelled);
        assert_eq!(paid.sum(&loss), total.minor() - 200, "what had not left covers it");
        paid.refuses(&whole(), not_refundable(NotRefundable::NotCompleted));
        paid.happens(&heard(&collection, Fact::DisputeWon));
        assert_eq!((paid.status(), paid.sum(&loss)), (TransferStatus::NeedsAttention, 0));
        assert_eq!(paid.refunded(), 300);
    }
}

#[test]
fn a_won_dispute_leaves_a_partly_refunded_transfer_completed() {
    let mut paid = Paid::by(Exchange::EurosToFrancs, Rail::SepaDebit, Rail::Balance);
    let (collection, total) = (paid.last(MovementKind::Collection), paid.transfer().total);
    paid.happens(&part(&paid, 300));
    paid.refund_arrives();
    let disputed = Fact::Disputed { dispute: "du_1".into(), amount: total, fee: None };
    paid.happens(&heard(&collection, disputed));
    paid.happens(&heard(&collection, Fact::DisputeWon));
    assert_eq!((paid.status(), paid.refunded()), (TransferStatus::Completed, 300));
    paid.happens(&whole());
    paid.refund_arrives();
    assert_eq!((paid.status(), paid.refunded()), (TransferStatus::Refunded, total.minor()));
}

/// What was on its way when the dispute came is found out first, and counts whichever way it ends.
#[test]
fn a_dispute_that_is_won_while_a_part_is_on_its_way_leaves_it_on_its_way() {
    for arrives in [true, false] {
        let mut paid = Paid::by(Exchange::EurosToFrancs, Rail::SepaDebit, Rail::Balance);
        let (collection, total) = (paid.last(MovementKind::Collection), paid.transfer().total);
        paid.happens(&part(&paid, 300));
        let refund = paid.last(MovementKind::Refund);
        paid.happens(&Event::Dispatch { movement: refund.reference });
        let disputed = || Fact::Disputed { dispute: "du_1".into(), amount: total, fee: None };
        paid.happens(&heard(&collection, disputed()));
        let end = match arrives {
            true => succeeded(&refund, None, None),
            false => heard(&refund, Fact::Declined { code: "no".into() }),
        };
        if arrives {
            paid.happens(&heard(&collection, Fact::DisputeWon));
            assert_eq!(paid.status(), TransferStatus::Refunding);
            paid.happens(&end);
            assert_eq!((paid.status(), paid.refunded()), (TransferStatus::Completed, 300));
        } else {
            paid.happens(&end);
            assert_eq!(paid.sum(&Account::DisputeLoss { currency: total.currency() }), total.minor() - 300);
            paid.happens(&heard(&collection, Fact::DisputeWon));
            assert_eq!((paid.status(), paid.refunded()), (TransferStatus::NeedsAttention, 0));
        }
    }
}
