use proptest::prelude::*;

use super::*;
use crate::{Balance, Book, Currency};

struct Counter(u128);

impl Fresh for Counter {
    fn id(&mut self) -> Uuid {
        self.0 += 1;
        Uuid::from_u128(self.0)
    }

    fn reference(&mut self) -> Reference {
        Reference::from_uuid(self.id())
    }
}

const AMOUNT: i64 = 250_000;
const OPENING: i64 = 1_000_000;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_768_467_600 + seconds, 0).unwrap()
}

fn terms() -> TreasuryTerms {
    TreasuryTerms {
        reference: Reference::from_uuid(Uuid::from_u128(7)),
        kind: TreasuryKind::Sweep,
        provider: Provider::Stripe,
        wallet: Wallet::parse("main").unwrap(),
        bank: "main".into(),
        amount: Money::new(AMOUNT, Currency::EUR),
        approval: ApprovalId::from_uuid(Uuid::from_u128(8)),
    }
}

fn pending() -> Fact {
    Fact::Pending { provider_ref: Some("po_1".into()), next_action: None, executing: true }
}

fn paid_by(provider_ref: &str, minor: i64) -> Fact {
    let (provider_ref, amount) = (Some(provider_ref.to_owned()), Money::new(minor, Currency::EUR));
    Fact::Succeeded { provider_ref, transaction_ref: None, amount, fee: None, at: None }
}

fn paid() -> Fact {
    paid_by("po_1", AMOUNT)
}

fn declined() -> Fact {
    Fact::Declined { code: "account_closed".into() }
}

fn came_back() -> Fact {
    Fact::FailedLater { code: "account_closed".into() }
}

fn lost() -> Fact {
    Fact::Unknown { reason: "no answer".into() }
}

fn not_there(resend: bool) -> Fact {
    Fact::NotFound { resend, settling: Duration::seconds(100) }
}

/// A sweep and the book that it is in.
struct Told {
    movement: TreasuryMovement,
    book: Book,
    fresh: Counter,
    submits: usize,
    inquires: usize,
}

impl Told {
    fn begin() -> Told {
        let mut fresh = Counter(100);
        let step = TreasuryMovement::intend(terms(), at(0), &mut fresh);
        let opening = Balance { balance: OPENING, ..Balance::zero(step.movement.float()) };
        let mut told = Told {
            movement: step.movement.clone(),
            book: Book::new(vec![opening], vec![]),
            fresh,
            submits: 0,
            inquires: 0,
        };
        told.take(step);
        told
    }

    fn take(&mut self, step: TreasuryStep) {
        assert!(self.book.apply(&step.ledger).unwrap().is_empty(), "no floor is touched");
        for (kind, _) in &step.promises {
            match kind {
                TreasuryPromise::Submit => self.submits += 1,
                TreasuryPromise::Inquire => self.inquires += 1,
            }
        }
        self.movement = step.movement;
    }

    fn hear(&mut self, fact: &Fact, now: DateTime<Utc>) -> Result<bool, Refusal> {
        let before = self.movement.version;
        let Some(step) = self.movement.hear(fact, now, &mut self.fresh)? else { return Ok(false) };
        assert_eq!(step.movement.version, before + 1);
        self.take(step);
        Ok(true)
    }

    /// Float, held of it, and bank; and nothing else was touched.
    fn books(&self) -> (i64, i64, i64) {
        let (float, bank) = (self.movement.float(), self.movement.bank_account());
        let of = |account: &Account| {
            let found = self.book.changed_balances().find(|balance| balance.account == *account);
            found.map_or((0, 0), |balance| (balance.balance, balance.held))
        };
        assert!(self.book.changed_balances().all(|b| b.account == float || b.account == bank));
        (of(&float).0, of(&float).1, of(&bank).0)
    }
}

#[test]
fn each_end_books_what_happened_and_closes_the_hold() {
    use MovementState::*;
    let swept = (OPENING - AMOUNT, 0, AMOUNT);
    let nothing = (OPENING, 0, 0);
    let under_way = (OPENING, AMOUNT, 0);
    type Row<'a> = (&'a [Fact], MovementState, (i64, i64, i64));
    let rows: [Row<'_>; 12] = [
        (&[], Intended, under_way),
        (&[pending()], Submitted, under_way),
        (&[lost()], Uncertain, under_way),
        (&[pending(), lost()], Submitted, under_way),
        (&[lost(), pending(), paid()], Succeeded, swept),
        (&[paid()], Succeeded, swept),
        (&[pending(), declined()], Declined, nothing),
        (&[pending(), came_back()], Declined, nothing),
        (&[pending(), paid(), came_back()], FailedLater, nothing),
        (&[pending(), paid(), declined()], FailedLater, nothing),
        (&[Fact::Cancelled], Cancelled, nothing),
        (&[lost(), Fact::Expired], Expired, nothing),
    ];
    for (facts, state, books) in rows {
        let mut told = Told::begin();
        for fact in facts {
            told.hear(fact, at(1)).unwrap();
        }
        assert_eq!((told.movement.state, told.books()), (state, books), "{facts:?}");
    }
}

#[test]
fn what_is_old_tells_nothing_and_what_contradicts_is_refused() {
    let old: [(&[Fact], Fact); 6] = [
        (&[pending()], pending()),
        (&[pending(), paid()], pending()),
        (&[pending(), paid()], paid()),
        (&[pending(), paid(), came_back()], paid()),
        (&[pending(), declined()], paid()),
        (&[pending(), paid(), came_back()], declined()),
    ];
    for (before, fact) in old {
        let mut told = Told::begin();
        for fact in before {
            told.hear(fact, at(1)).unwrap();
        }
        let books = told.books();
        assert_eq!(told.hear(&fact, at(2)), Ok(false), "{fact:?} after {before:?}");
        assert_eq!(told.books(), books);
    }
    let wrong: [(&[Fact], Fact); 5] = [
        (&[pending()], paid_by("po_1", AMOUNT - 1)),
        (&[declined()], paid()),
        (&[pending(), declined()], paid_by("po_2", AMOUNT)),
        (&[pending(), paid()], Fact::Cancelled),
        (&[pending()], Fact::DisputeWon),
    ];
    for (before, fact) in wrong {
        let mut told = Told::begin();
        for fact in before {
            told.hear(fact, at(1)).unwrap();
        }
        assert!(told.hear(&fact, at(2)).is_err(), "{fact:?} after {before:?}");
    }
}

#[test]
fn a_float_that_does_not_suffice_is_not_reserved() {
    let step = TreasuryMovement::intend(terms(), at(0), &mut Counter(1));
    let short = Balance { balance: AMOUNT - 1, ..Balance::zero(step.movement.float()) };
    assert!(Book::new(vec![short], vec![]).apply(&step.ledger).is_err());
}

#[test]
fn what_is_not_there_is_sent_again_after_three_answers_and_the_settling_time() {
    for (resend, instants, submits) in
        [(true, [10, 50, 100], 2), (true, [10, 50, 99], 1), (false, [10, 50, 100], 1)]
    {
        let mut told = Told::begin();
        told.hear(&lost(), at(0)).unwrap();
        for instant in instants {
            told.hear(&not_there(resend), at(instant)).unwrap();
        }
        assert_eq!((told.submits, told.inquires), (submits, 1), "{resend} {instants:?}");
        assert_eq!(told.movement.state, MovementState::Uncertain);
    }
}

#[test]
fn one_that_was_paid_is_asked_about_once_more_and_one_that_failed_never() {
    let mut told = Told::begin();
    assert_eq!(told.movement.asked_again(at(1), at(5)), Some(at(5)));
    told.hear(&paid(), at(1)).unwrap();
    assert_eq!(told.movement.asked_again(at(2), at(5)), Some(at(1) + WATCHED));
    assert_eq!(told.movement.asked_again(at(1) + WATCHED, at(5)), None);
    told.hear(&came_back(), at(3)).unwrap();
    assert_eq!(told.movement.asked_again(at(4), at(5)), None);
}

fn any_fact() -> impl Strategy<Value = Fact> {
    prop::sample::select(vec![
        pending(),
        paid(),
        paid_by("po_2", AMOUNT),
        paid_by("po_1", AMOUNT + 1),
        declined(),
        came_back(),
        Fact::Expired,
        Fact::Cancelled,
        Fact::Reversed,
        lost(),
        not_there(true),
        not_there(false),
    ])
}

proptest! {
    /// Whatever is heard in whatever order: float and bank together never change, the hold is open exactly while it is
    /// not final, each step is a declared one, and it is asked about from when it left until it ended.
    #[test]
    fn no_order_of_facts_makes_or_loses_money(facts in prop::collection::vec(any_fact(), 0..24)) {
        let mut told = Told::begin();
        for (second, fact) in facts.iter().enumerate() {
            let before = told.movement.clone();
            let now = at(i64::try_from(second).unwrap() * 40);
            let heard = told.hear(fact, now);
            let after = &told.movement;
            let is_declared = before.state == after.state
                || before.state.allows(after.state, MovementKind::Treasury);
            prop_assert!(is_declared, "{} to {}", before.state, after.state);
            if !matches!(heard, Ok(true)) {
                prop_assert_eq!(&before, after);
            }
            let (float, held, bank) = told.books();
            prop_assert_eq!(float + bank, OPENING);
            prop_assert_eq!(held, if after.state.is_final() { 0 } else { AMOUNT });
            prop_assert_eq!(bank, if after.state == MovementState::Succeeded { AMOUNT } else { 0 });
            let is_out = !matches!(after.state, MovementState::Intended);
            prop_assert!(!is_out || after.submitted_at.is_some());
            prop_assert!(told.inquires <= 1);
            prop_assert!(after.state.is_final() || told.inquires == usize::from(is_out));
        }
    }
}

#[test]
fn what_has_happened_is_booked_at_once_from_where_it_was() {
    for (kind, from, to) in [
        (TreasuryKind::TopUp, "bank:main:EUR", "float:stripe:main:EUR"),
        (TreasuryKind::Opening, "equity:opening:EUR", "float:stripe:main:EUR"),
        (TreasuryKind::OpeningBank, "equity:opening:EUR", "bank:main:EUR"),
    ] {
        let terms = TreasuryTerms { kind, ..terms() };
        let step = TreasuryMovement::record(terms, Some("S-1".into()), at(0), &mut Counter(1)).unwrap();
        let movement = &step.movement;
        assert_eq!((movement.state, movement.hold, movement.version), (MovementState::Succeeded, None, 1));
        assert_eq!((movement.from().to_string(), movement.to().to_string()), (from.into(), to.into()));
        assert!(step.promises.is_empty() && !kind.is_sent(), "nothing is sent or asked");
        let [LedgerStep::Post(entry)] = step.ledger.as_slice() else { panic!("{:?}", step.ledger) };
        let posting = &entry.postings[0];
        assert_eq!((posting.debit.to_string(), posting.credit.to_string()), (to.into(), from.into()));
        assert_eq!((posting.amount.minor(), entry.kind), (AMOUNT, EntryKind::Treasury));
        assert_eq!(movement.opens().is_some(), kind != TreasuryKind::TopUp);
    }
}
