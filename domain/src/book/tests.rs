//! The rules of the book, told as a cashier would tell them.

use super::Book;
use super::script::{account, check, entry, hold};
use crate::currency::Currency;
use crate::hold::HoldState;
use crate::ledger::{Balance, LedgerError, LedgerStep};
use crate::money::Money;
use crate::posting::Nature;

fn xof(minor: i64) -> Money {
    Money::new(minor, Currency::XOF)
}

#[test]
fn a_hold_is_resolved_once() {
    check(
        "
        open    merchant 10000
        open    float 50000
        hold    h1 merchant -> float 2500     ok
        balance merchant                      posted 10000 held 2500
        settle  h1 2000                       ok
        void    h1                            hold h1 is already settled
        settle  h1 2000                       hold h1 is already settled
        expire  h1                            hold h1 is already settled
        balance merchant                      posted 8000 held 0
        balance float                         posted 48000 held 0
        ",
    );
}

#[test]
fn what_was_released_can_be_held_again_but_not_resolved_again() {
    check(
        "
        open    merchant 10000
        open    float 50000
        hold    h1 merchant -> float 10000    ok
        void    h1                            ok
        settle  h1 10000                      hold h1 is already voided
        hold    h2 merchant -> float 10000    ok
        expire  h2                            ok
        void    h2                            hold h2 is already expired
        balance merchant                      posted 10000 held 0
        balance float                         posted 50000 held 0
        ",
    );
}

#[test]
fn floors_bind_what_we_intend() {
    check(
        "
        open    merchant 10000
        open    float 50000
        hold    h1 merchant -> float 10001    account merchant has 10000 XOF available, 10001 XOF was requested
        hold    h2 merchant -> float 6000     ok
        hold    h3 merchant -> float 4001     account merchant has 4000 XOF available, 4001 XOF was requested
        intent  merchant -> fees 4001         account merchant has 4000 XOF available, 4001 XOF was requested
        intent  merchant -> fees 4000         ok
        balance merchant                      posted 6000 held 6000
        balance float                         posted 50000 held 6000
        ",
    );
}

#[test]
fn the_float_that_will_pay_is_reserved_too() {
    check(
        "
        open    merchant 10000
        open    float 5000
        hold    h1 merchant -> float 4000     ok
        hold    h2 merchant -> float 2000     account float has 1000 XOF available, 2000 XOF was requested
        balance merchant                      posted 10000 held 4000
        ",
    );
}

#[test]
fn facts_always_post_and_raise_an_alert_below_the_floor() {
    check(
        "
        open    customer 1000
        open    float 1000
        hold    h1 customer -> float 900      ok
        fact    customer -> float 600         alert customer available -500 XOF, alert float available -500 XOF
        balance customer                      posted 400 held 900
        settle  h1 900                        alert customer available -500 XOF, alert float available -500 XOF
        balance customer                      posted -500 held 0
        ",
    );
}

#[test]
fn an_account_below_its_floor_may_be_given_to_and_not_taken_from() {
    check(
        "
        fact    customer -> fees 500          alert customer available -500 XOF
        intent  bank -> customer 200          ok
        intent  customer -> fees 1            account customer has -300 XOF available, 1 XOF was requested
        fact    bank -> customer 400          ok
        intent  customer -> fees 100          ok
        balance customer                      posted 0 held 0
        ",
    );
}

#[test]
fn accounts_without_a_floor_go_either_way() {
    check(
        "
        intent  fx:XOF -> revenue:fx_margin:XOF 70000      ok
        intent  revenue:fx_margin:XOF -> fx:XOF 100000     ok
        balance fx:XOF                                     posted -30000 held 0
        balance revenue:fx_margin:XOF                      posted -30000 held 0
        ",
    );
}

#[test]
fn settling_frees_the_hold_before_the_fact_posts() {
    check(
        "
        open    customer 2500
        open    float 2500
        hold    h1 customer -> float 2500     ok
        settle  h1 2500                       ok
        balance customer                      posted 0 held 0
        balance float                         posted 0 held 0
        ",
    );
}

#[test]
fn an_entry_is_judged_by_what_it_leaves_in_sum() {
    let mut through = entry(Nature::Intent, "customer", "fees", 100);
    through.postings.extend(entry(Nature::Intent, "bank", "customer", 100).postings);
    let mut book = Book::default();
    assert_eq!(book.apply(&[LedgerStep::Post(through)]), Ok(vec![]));
    assert_eq!(book.balance(&account("customer")).balance, 0);
}

#[test]
fn an_alert_is_about_the_end_of_the_steps() {
    let steps = [("customer", "fees"), ("bank", "customer")]
        .map(|(debit, credit)| LedgerStep::Post(entry(Nature::Fact, debit, credit, 100)));
    assert_eq!(Book::default().apply(&steps), Ok(vec![]));
}

#[test]
fn refused_steps_leave_the_book_as_it_was() {
    let mut book = check("open customer 1000\nopen float 1000\n");
    let before = book.clone();
    let opened = hold(1, "customer", 700);
    let steps = [
        LedgerStep::Post(entry(Nature::Fact, "bank", "customer", 500)),
        LedgerStep::Hold(opened.clone()),
        LedgerStep::Hold(hold(2, "float", 1001)),
    ];
    let refused = LedgerError::InsufficientFunds {
        account: account("float"),
        available: xof(1000),
        requested: xof(1001),
    };
    assert_eq!(book.apply(&steps), Err(refused));
    assert_eq!(book, before);
    assert_eq!(book.hold(opened.id), None);
}

#[test]
fn holds_that_make_no_sense_are_refused() {
    let mut book = check("open customer 1000\n");
    let open = hold(1, "customer", 700);
    let refusals = [
        (LedgerStep::Void { hold: open.id }, LedgerError::UnknownHold { hold: open.id }),
        (LedgerStep::Hold(hold(2, "customer", 0)), LedgerError::NotPositive { amount: xof(0) }),
        (
            LedgerStep::Hold(crate::Hold { state: HoldState::Voided, ..hold(3, "customer", 1) }),
            LedgerError::HoldAlreadyResolved { hold: hold(3, "customer", 1).id, state: HoldState::Voided },
        ),
        (
            LedgerStep::Hold(crate::Hold { amount: Money::new(1, Currency::EUR), ..hold(4, "customer", 1) }),
            LedgerError::CurrencyMismatch { account: account("customer"), currency: Currency::EUR },
        ),
    ];
    for (step, error) in refusals {
        assert_eq!(book.apply(&[step]), Err(error));
    }
    book.apply(&[LedgerStep::Hold(open.clone())]).unwrap();
    let duplicate = book.apply(&[LedgerStep::Hold(open.clone())]);
    assert_eq!(duplicate, Err(LedgerError::DuplicateHold { hold: open.id }));
    let settle = |amount| LedgerStep::Settle { hold: open.id, amount };
    let exceeds = LedgerError::SettleExceedsHold { hold: open.id, held: xof(700), requested: xof(701) };
    assert_eq!(book.apply(&[settle(xof(701))]), Err(exceeds));
    assert_eq!(book.apply(&[settle(xof(0))]), Err(LedgerError::NotPositive { amount: xof(0) }));
    assert!(book.apply(&[settle(Money::new(700, Currency::EUR))]).is_err());
    assert_eq!(book.hold(open.id), Some(&open));
}

#[test]
fn entries_that_make_no_sense_are_refused() {
    let mut empty = entry(Nature::Fact, "bank", "customer", 1);
    empty.postings.clear();
    let refusals = [
        (empty.clone(), LedgerError::EmptyEntry { entry: empty.id }),
        (entry(Nature::Fact, "bank", "customer", -5), LedgerError::NotPositive { amount: xof(-5) }),
        (entry(Nature::Fact, "bank", "bank", 5), LedgerError::SameAccount { account: account("bank") }),
        (
            entry(Nature::Fact, "bank", "fx:EUR", 5),
            LedgerError::CurrencyMismatch { account: account("fx:EUR"), currency: Currency::XOF },
        ),
    ];
    for (entry, error) in refusals {
        assert_eq!(Book::default().apply(&[LedgerStep::Post(entry)]), Err(error));
    }
}

#[test]
fn nothing_wraps() {
    let full = |name: &str, balance| Balance { balance, ..Balance::zero(account(name)) };
    let mut book = Book::new([full("bank", i64::MAX), full("fees", i64::MIN)], []);
    let overflow = |name: &str| Err(LedgerError::Overflow { account: account(name) });
    let more = LedgerStep::Post(entry(Nature::Fact, "bank", "customer", 1));
    assert_eq!(book.apply(&[more]), overflow("bank"));
    let less = LedgerStep::Post(entry(Nature::Fact, "fees", "customer", 1));
    assert_eq!(book.apply(&[less]), overflow("fees"));
    assert_eq!(book.apply(&[LedgerStep::Hold(hold(1, "fees", 1))]), overflow("fees"));
    let mut doubled = entry(Nature::Fact, "bank", "customer", i64::MAX);
    doubled.postings.extend(doubled.postings.clone());
    assert_eq!(book.apply(&[LedgerStep::Post(doubled)]), overflow("bank"));
}

#[test]
fn a_version_counts_the_calls_that_touched_the_account() {
    let loaded = Balance { account: account("customer"), balance: 500, held: 0, version: 41 };
    let mut book = Book::new([loaded], []);
    assert_eq!(book.changed_balances().count(), 0);
    let post = |nature| LedgerStep::Post(entry(nature, "customer", "fees", 100));
    book.apply(&[post(Nature::Intent), post(Nature::Fact)]).unwrap();
    assert_eq!(book.balance(&account("customer")).version, 42);
    assert_eq!(book.balance(&account("fees")).version, 1);
    book.apply(&[LedgerStep::Hold(hold(1, "customer", 300))]).unwrap();
    assert!(book.apply(&[post(Nature::Intent)]).is_err());
    assert_eq!(book.balance(&account("customer")).version, 43);
    assert_eq!(book.balance(&account("fees")).version, 1);
}

#[test]
fn what_changed_is_what_must_be_stored() {
    let loaded =
        ["customer", "merchant"].map(|name| Balance { balance: 900, ..Balance::zero(account(name)) });
    let known = [hold(7, "customer", 100), hold(8, "customer", 100)];
    let held = Balance { held: 200, ..loaded[0].clone() };
    let mut book = Book::new([held, loaded[1].clone()], known);
    book.apply(&[LedgerStep::Expire { hold: hold(7, "customer", 1).id }]).unwrap();
    book.apply(&[LedgerStep::Hold(hold(9, "float", 1))]).unwrap_err();
    let balances: Vec<_> = book.changed_balances().collect();
    let expected = Balance { held: 100, balance: 900, version: 1, account: account("customer") };
    assert_eq!(balances, [&expected]);
    let holds: Vec<_> = book.changed_holds().map(|hold| (hold.id, hold.state)).collect();
    assert_eq!(holds, [(hold(7, "customer", 1).id, HoldState::Expired)]);
}
