//! Scripts that a cashier could check, one command a line; what follows a command is its outcome.
//!
//! ```text
//! open    ACCOUNT N                 N arrives on ACCOUNT
//! hold    NAME FROM -> TO N         reserves N on both, as before a disbursement
//! settle  NAME N                    settles both and posts FROM -> TO for N, as when it succeeded
//! void    NAME | expire NAME        releases both
//! intent  FROM -> TO N              posts what we mean to do
//! fact    FROM -> TO N              posts what happened
//! balance ACCOUNT                   posted N held N
//! ```

use std::collections::BTreeMap;

use chrono::DateTime;
use uuid::Uuid;

use super::Book;
use crate::account::Account;
use crate::hold::Hold;
use crate::ids::{EntryId, HoldId};
use crate::ledger::{FloorAlert, LedgerError, LedgerStep};
use crate::money::Money;
use crate::posting::{BusinessId, EntryKind, JournalEntry, Nature, Posting};

/// Short names for scripts; anything else is an account's own name.
const ALIASES: &[(&str, &str)] = &[
    ("merchant", "merchant:merchant_01h2xcejqtf2nbrexx3vqjhp41:XOF"),
    ("customer", "customer:user_01h2xcejqtf2nbrexx3vqjhp41:XOF"),
    ("float", "float:wave:sn:XOF"),
    ("bank", "bank:till:XOF"),
    ("fees", "revenue:fees:XOF"),
];

/// Runs a script on an empty book and returns the book.
pub(crate) fn check(script: &str) -> Book {
    let mut cashier = Cashier::default();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (outcome, used) = cashier.run(&words);
        assert_eq!(outcome, words[used..].join(" "), "in: {line}");
    }
    cashier.book
}

pub(crate) fn account(name: &str) -> Account {
    let full = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, full)| full);
    full.parse().unwrap()
}

pub(crate) fn entry(nature: Nature, debit: &str, credit: &str, minor: i64) -> JournalEntry {
    let debit = account(debit);
    let amount = Money::new(minor, debit.currency());
    JournalEntry {
        id: EntryId::from_uuid(Uuid::nil()),
        kind: EntryKind::Transfer,
        nature,
        business: BusinessId::Opening,
        movement: None,
        at: DateTime::UNIX_EPOCH,
        postings: vec![Posting { debit, credit: account(credit), amount }],
    }
}

pub(crate) fn hold(number: u128, name: &str, minor: i64) -> Hold {
    let (id, account) = (HoldId::from_uuid(Uuid::from_u128(number)), account(name));
    let amount = Money::new(minor, account.currency());
    Hold::open(id, account, amount, BusinessId::Opening, DateTime::UNIX_EPOCH)
}

#[derive(Default)]
struct Cashier {
    book: Book,
    /// By name: the two holds of a disbursement, and its ends.
    held: BTreeMap<String, ([HoldId; 2], String, String)>,
    holds_made: u128,
}

impl Cashier {
    /// What came of one command, and how many words it was.
    fn run(&mut self, words: &[&str]) -> (String, usize) {
        match *words {
            ["open", name, minor, ..] => {
                let (debit, credit) = if account(name).kind().is_debit_normal() {
                    (name, "equity:opening:XOF")
                } else {
                    ("bank", name)
                };
                self.post(Nature::Fact, debit, credit, minor);
                (String::new(), 3)
            }
            ["hold", name, from, "->", to, minor, ..] => (self.hold(name, from, to, number(minor)), 6),
            ["settle", name, minor, ..] => (self.settle(name, number(minor)), 3),
            ["void", name, ..] => (self.release(name, |hold| LedgerStep::Void { hold }), 2),
            ["expire", name, ..] => (self.release(name, |hold| LedgerStep::Expire { hold }), 2),
            ["intent", from, "->", to, minor, ..] => (self.post(Nature::Intent, from, to, minor), 5),
            ["fact", from, "->", to, minor, ..] => (self.post(Nature::Fact, from, to, minor), 5),
            ["balance", name, ..] => {
                let balance = self.book.balance(&account(name));
                (format!("posted {} held {}", balance.balance, balance.held), 2)
            }
            _ => panic!("no such command: {words:?}"),
        }
    }

    fn hold(&mut self, name: &str, from: &str, to: &str, minor: i64) -> String {
        let holds = [from, to].map(|account| {
            self.holds_made += 1;
            hold(self.holds_made, account, minor)
        });
        let ids = [holds[0].id, holds[1].id];
        self.held.insert(name.to_owned(), (ids, from.to_owned(), to.to_owned()));
        self.apply(&holds.map(LedgerStep::Hold))
    }

    fn settle(&mut self, name: &str, minor: i64) -> String {
        let (ids, from, to) = self.held[name].clone();
        let posting = entry(Nature::Fact, &from, &to, minor);
        let amount = posting.postings[0].amount;
        let mut steps = ids.map(|hold| LedgerStep::Settle { hold, amount }).to_vec();
        steps.push(LedgerStep::Post(posting));
        self.apply(&steps)
    }

    fn release(&mut self, name: &str, step: fn(HoldId) -> LedgerStep) -> String {
        let ids = self.held[name].0;
        self.apply(&ids.map(step))
    }

    fn post(&mut self, nature: Nature, from: &str, to: &str, minor: &str) -> String {
        let posting = entry(nature, from, to, number(minor));
        self.apply(&[LedgerStep::Post(posting)])
    }

    fn apply(&mut self, steps: &[LedgerStep]) -> String {
        let outcome = self.book.apply(steps);
        self.in_short_names(in_words(outcome))
    }

    fn in_short_names(&self, mut text: String) -> String {
        for (alias, full) in ALIASES {
            text = text.replace(full, alias);
        }
        for (name, (ids, ..)) in &self.held {
            for id in ids {
                text = text.replace(&id.to_string(), name);
            }
        }
        text
    }
}

fn in_words(outcome: Result<Vec<FloorAlert>, LedgerError>) -> String {
    match outcome {
        Err(error) => error.to_string(),
        Ok(alerts) if alerts.is_empty() => "ok".to_owned(),
        Ok(alerts) => {
            let each = alerts.iter().map(|one| format!("alert {} available {}", one.account, one.available));
            each.collect::<Vec<_>>().join(", ")
        }
    }
}

fn number(word: &str) -> i64 {
    word.parse().unwrap()
}
