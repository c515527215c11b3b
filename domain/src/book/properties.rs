//! Random steps on a book, checked after each call against what must always hold.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::Book;
use super::script::{account, entry, hold};
use crate::account::Account;
use crate::currency::Currency;
use crate::hold::HoldState;
use crate::ids::HoldId;
use crate::ledger::LedgerStep;
use crate::money::Money;
use crate::posting::Nature;

const ACCOUNTS: [&str; 10] = [
    "customer",
    "merchant",
    "float",
    "bank",
    "fees",
    "fx:XOF",
    "fx:EUR",
    "equity:opening:EUR",
    "float:stripe:main:EUR",
    "suspense:wave:sn:XOF",
];
const HOLDS: u128 = 16;

fn hold_id(number: u128) -> HoldId {
    hold(number, "customer", 1).id
}

fn minor() -> impl Strategy<Value = i64> {
    prop_oneof![20 => 1..500_i64, 1 => Just(0), 1 => Just(i64::MAX)]
}

fn step() -> impl Strategy<Value = LedgerStep> {
    let name = || prop::sample::select(&ACCOUNTS[..]);
    let nature = prop_oneof![Just(Nature::Intent), Just(Nature::Fact)];
    prop_oneof![
        4 => (nature, name(), name(), minor())
            .prop_map(|(nature, debit, credit, minor)| LedgerStep::Post(entry(nature, debit, credit, minor))),
        3 => (0..HOLDS, name(), minor())
            .prop_map(|(number, name, minor)| LedgerStep::Hold(hold(number, name, minor))),
        2 => (0..HOLDS, minor()).prop_map(|(number, minor)| LedgerStep::Settle {
            hold: hold_id(number),
            amount: Money::new(minor, Currency::XOF),
        }),
        1 => (0..HOLDS).prop_map(|number| LedgerStep::Void { hold: hold_id(number) }),
        1 => (0..HOLDS).prop_map(|number| LedgerStep::Expire { hold: hold_id(number) }),
    ]
}

/// What the book should say, kept the slow way: every posting that was accepted.
#[derive(Default)]
struct Journal {
    accepted: Vec<(Account, Account, i64)>,
    resolved: BTreeMap<HoldId, HoldState>,
}

impl Journal {
    fn record(&mut self, steps: &[LedgerStep]) {
        for step in steps {
            match step {
                LedgerStep::Post(entry) => self.accepted.extend(
                    entry
                        .postings
                        .iter()
                        .map(|one| (one.debit.clone(), one.credit.clone(), one.amount.minor())),
                ),
                LedgerStep::Hold(_) => {}
                LedgerStep::Settle { hold, .. } => self.resolve(*hold, HoldState::Settled),
                LedgerStep::Void { hold } => self.resolve(*hold, HoldState::Voided),
                LedgerStep::Expire { hold } => self.resolve(*hold, HoldState::Expired),
            }
        }
    }

    fn resolve(&mut self, hold: HoldId, state: HoldState) {
        assert_eq!(self.resolved.insert(hold, state), None, "{hold} was resolved twice");
    }

    fn balance(&self, account: &Account) -> i128 {
        let side = |wanted: &Account, minor| if wanted == account { i128::from(minor) } else { 0 };
        let net: i128 = self
            .accepted
            .iter()
            .map(|(debit, credit, minor)| side(debit, *minor) - side(credit, *minor))
            .sum();
        if account.kind().is_debit_normal() { net } else { -net }
    }
}

fn held(book: &Book, account: &Account) -> i64 {
    let holds = (0..HOLDS).filter_map(|number| book.hold(hold_id(number)));
    let open = holds.filter(|hold| hold.state == HoldState::Open && hold.account == *account);
    open.map(|hold| hold.amount.minor()).sum()
}

/// Debit-normal balances of a currency less its credit-normal ones.
fn imbalance(book: &Book, currency: Currency) -> i128 {
    let accounts = ACCOUNTS.iter().map(|name| account(name)).filter(|one| one.currency() == currency);
    accounts
        .map(|account| {
            let balance = i128::from(book.balance(&account).balance);
            if account.kind().is_debit_normal() { balance } else { -balance }
        })
        .sum()
}

fn check(book: &Book, journal: &Journal) -> Result<(), TestCaseError> {
    for name in ACCOUNTS {
        let account = account(name);
        let balance = book.balance(&account);
        prop_assert_eq!(i128::from(balance.balance), journal.balance(&account), "{}", name);
        prop_assert_eq!(balance.held, held(book, &account), "{}", name);
    }
    for currency in [Currency::XOF, Currency::EUR] {
        prop_assert_eq!(imbalance(book, currency), 0);
    }
    for (id, state) in &journal.resolved {
        prop_assert_eq!(book.hold(*id).map(|hold| hold.state), Some(*state));
    }
    Ok(())
}

/// After a step that floors bind, no account that it left with less is below its floor.
fn floors_bound(before: &Book, after: &Book, step: &LedgerStep) -> Result<(), TestCaseError> {
    let binding = match step {
        LedgerStep::Post(entry) => entry.nature == Nature::Intent,
        LedgerStep::Hold(_) => true,
        _ => false,
    };
    for account in ACCOUNTS.iter().map(|name| account(name)).filter(|_| binding) {
        let available = |book: &Book| book.balance(&account).available().unwrap().minor();
        if available(after) < available(before) {
            prop_assert!(account.floor().is_none_or(|floor| available(after) >= floor), "{}", account);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    #[test]
    fn a_book_balances_after_any_steps(calls in prop::collection::vec(prop::collection::vec(step(), 1..4), 1..40)) {
        let (mut book, mut journal) = (Book::default(), Journal::default());
        for steps in calls {
            let before = book.clone();
            match book.apply(&steps) {
                Ok(_) => journal.record(&steps),
                Err(_) => prop_assert_eq!(&book, &before),
            }
            check(&book, &journal)?;
            if let [step] = &steps[..] {
                floors_bound(&before, &book, step)?;
            }
        }
    }

    #[test]
    fn steps_apply_together_as_one_after_the_other(steps in prop::collection::vec(step(), 1..8)) {
        let (mut together, mut apart) = (Book::default(), Book::default());
        let all = together.apply(&steps).is_ok();
        let each = steps.iter().all(|step| apart.apply(std::slice::from_ref(step)).is_ok());
        prop_assert_eq!(all, each);
        for account in ACCOUNTS.iter().map(|name| account(name)).filter(|_| all) {
            let (one, other) = (together.balance(&account), apart.balance(&account));
            prop_assert_eq!((one.balance, one.held), (other.balance, other.held));
        }
    }
}
