//! A working set of balances and holds, and the rules by which steps change it.
//!
//! What always holds: steps apply all or none; a balance is kept with the sign of its kind, so the
//! debit-normal balances of a currency sum to its credit-normal ones; `held` is the sum of an
//! account's open holds; a hold is resolved once; no arithmetic wraps.
//!
//! Deliberately absent: loading and storing. A writer loads what its steps touch, applies, and
//! stores what [`Book::changed_balances`] and [`Book::changed_holds`] name. An account that was not
//! loaded counts as never touched, a hold that was not loaded as unknown.
//!
//! Cost: logarithmic in the size of the set per account touched; a set of steps works on copies of
//! the few balances it touches and never on the whole book.

use std::collections::{BTreeMap, BTreeSet};

use crate::account::Account;
use crate::hold::{Hold, HoldState};
use crate::ids::HoldId;
use crate::ledger::{Balance, FloorAlert, LedgerError, LedgerStep};
use crate::money::Money;
use crate::posting::{JournalEntry, Nature, check_amount};

/// Balances and holds that steps are decided against.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    balances: BTreeMap<Account, Balance>,
    holds: BTreeMap<HoldId, Hold>,
    changed_balances: BTreeSet<Account>,
    changed_holds: BTreeSet<HoldId>,
}

impl Book {
    /// A book of what was loaded; nothing in it counts as changed.
    pub fn new(balances: impl IntoIterator<Item = Balance>, holds: impl IntoIterator<Item = Hold>) -> Book {
        Book {
            balances: balances.into_iter().map(|one| (one.account.clone(), one)).collect(),
            holds: holds.into_iter().map(|hold| (hold.id, hold)).collect(),
            ..Book::default()
        }
    }

    /// Applies the steps in order, all or none; on an error the book is as before.
    ///
    /// Floors bind after each hold and each entry of nature [`Nature::Intent`], on the accounts that
    /// it leaves with less; an account already below its floor may still be given to. Facts post
    /// regardless: the alerts tell, once each, the accounts that a fact took from and that are below
    /// their floor when all steps are done.
    ///
    /// The `version` of every account that a step touched goes up by one per call.
    pub fn apply(&mut self, steps: &[LedgerStep]) -> Result<Vec<FloorAlert>, LedgerError> {
        let mut draft = Draft::of(self);
        for step in steps {
            draft.take(step)?;
        }
        let alerts = draft.alerts()?;
        let (balances, holds) = (draft.balances, draft.holds);
        self.commit(balances, holds);
        Ok(alerts)
    }

    /// What an account has; zeroes if it was never touched.
    pub fn balance(&self, account: &Account) -> Balance {
        self.balances.get(account).cloned().unwrap_or_else(|| Balance::zero(account.clone()))
    }

    /// A hold, open or resolved.
    pub fn hold(&self, id: HoldId) -> Option<&Hold> {
        self.holds.get(&id)
    }

    /// What must be stored, in account order.
    pub fn changed_balances(&self) -> impl Iterator<Item = &Balance> {
        self.changed_balances.iter().filter_map(|account| self.balances.get(account))
    }

    /// What must be stored, in id order; opened and resolved holds alike.
    pub fn changed_holds(&self) -> impl Iterator<Item = &Hold> {
        self.changed_holds.iter().filter_map(|id| self.holds.get(id))
    }

    fn commit(&mut self, balances: BTreeMap<Account, Balance>, holds: BTreeMap<HoldId, Hold>) {
        for (account, mut balance) in balances {
            balance.version += 1;
            self.changed_balances.insert(account.clone());
            self.balances.insert(account, balance);
        }
        self.changed_holds.extend(holds.keys());
        self.holds.extend(holds);
    }
}

/// Copies of what the steps touch, over a book that is not touched yet.
struct Draft<'b> {
    book: &'b Book,
    balances: BTreeMap<Account, Balance>,
    holds: BTreeMap<HoldId, Hold>,
    taken_by_facts: BTreeSet<Account>,
}

impl<'b> Draft<'b> {
    fn of(book: &'b Book) -> Draft<'b> {
        Draft { book, balances: BTreeMap::new(), holds: BTreeMap::new(), taken_by_facts: BTreeSet::new() }
    }

    fn take(&mut self, step: &LedgerStep) -> Result<(), LedgerError> {
        match step {
            LedgerStep::Post(entry) => self.post(entry),
            LedgerStep::Hold(hold) => self.open(hold),
            LedgerStep::Settle { hold, amount } => self.settle(*hold, *amount),
            LedgerStep::Void { hold } => self.resolve(*hold, HoldState::Voided, None),
            LedgerStep::Expire { hold } => self.resolve(*hold, HoldState::Expired, None),
        }
    }

    fn post(&mut self, entry: &JournalEntry) -> Result<(), LedgerError> {
        if entry.postings.is_empty() {
            return Err(LedgerError::EmptyEntry { entry: entry.id });
        }
        for (account, change) in net_changes(entry)? {
            let balance = self.balance_mut(&account);
            let before = balance.available()?;
            balance.balance = balance
                .balance
                .checked_add(change)
                .ok_or_else(|| LedgerError::Overflow { account: account.clone() })?;
            let after = balance.available()?;
            if change < 0 {
                match entry.nature {
                    Nature::Intent => check_floor(&account, before, after)?,
                    Nature::Fact => _ = self.taken_by_facts.insert(account),
                }
            }
        }
        Ok(())
    }

    fn open(&mut self, hold: &Hold) -> Result<(), LedgerError> {
        check_amount(&hold.account, hold.amount)?;
        if self.hold(hold.id).is_some() {
            return Err(LedgerError::DuplicateHold { hold: hold.id });
        }
        if hold.state != HoldState::Open {
            return Err(LedgerError::HoldAlreadyResolved { hold: hold.id, state: hold.state });
        }
        let balance = self.balance_mut(&hold.account);
        let before = balance.available()?;
        balance.held = balance
            .held
            .checked_add(hold.amount.minor())
            .ok_or_else(|| LedgerError::Overflow { account: hold.account.clone() })?;
        check_floor(&hold.account, before, balance.available()?)?;
        let settled = Money::zero(hold.amount.currency());
        self.holds.insert(hold.id, Hold { settled, ..hold.clone() });
        Ok(())
    }

    fn settle(&mut self, id: HoldId, amount: Money) -> Result<(), LedgerError> {
        self.resolve(id, HoldState::Settled, Some(amount))
    }

    /// Ends an open hold and frees all of it; `settled` is what becomes final.
    fn resolve(&mut self, id: HoldId, state: HoldState, settled: Option<Money>) -> Result<(), LedgerError> {
        let mut hold = self.hold(id).cloned().ok_or(LedgerError::UnknownHold { hold: id })?;
        if hold.state != HoldState::Open {
            return Err(LedgerError::HoldAlreadyResolved { hold: id, state: hold.state });
        }
        if let Some(amount) = settled {
            check_settled(&hold, amount)?;
            hold.settled = amount;
        }
        let balance = self.balance_mut(&hold.account);
        balance.held = balance
            .held
            .checked_sub(hold.amount.minor())
            .ok_or_else(|| LedgerError::Overflow { account: hold.account.clone() })?;
        hold.state = state;
        self.holds.insert(id, hold);
        Ok(())
    }

    fn alerts(&self) -> Result<Vec<FloorAlert>, LedgerError> {
        let mut alerts = Vec::new();
        for account in &self.taken_by_facts {
            let (Some(balance), Some(floor)) = (self.balances.get(account), account.floor()) else {
                continue;
            };
            let available = balance.available()?;
            if available.minor() < floor {
                let currency = account.currency();
                alerts.push(FloorAlert {
                    account: account.clone(),
                    balance: Money::new(balance.balance, currency),
                    available,
                    floor: Money::new(floor, currency),
                });
            }
        }
        Ok(alerts)
    }

    fn balance_mut(&mut self, account: &Account) -> &mut Balance {
        self.balances.entry(account.clone()).or_insert_with(|| self.book.balance(account))
    }

    fn hold(&self, id: HoldId) -> Option<&Hold> {
        self.holds.get(&id).or_else(|| self.book.hold(id))
    }
}

/// What an entry does to each account's balance in sum, with the sign of the account's kind.
fn net_changes(entry: &JournalEntry) -> Result<BTreeMap<Account, i64>, LedgerError> {
    let mut changes = BTreeMap::new();
    for posting in &entry.postings {
        posting.check()?;
        let minor = posting.amount.minor();
        for (account, is_debit) in [(&posting.debit, true), (&posting.credit, false)] {
            let raises = account.kind().is_debit_normal() == is_debit;
            let change: &mut i64 = changes.entry(account.clone()).or_default();
            *change = change
                .checked_add(if raises { minor } else { -minor })
                .ok_or_else(|| LedgerError::Overflow { account: account.clone() })?;
        }
    }
    Ok(changes)
}

/// Refuses what would leave less than the floor; `before − after` is what was asked for.
fn check_floor(account: &Account, before: Money, after: Money) -> Result<(), LedgerError> {
    let Some(floor) = account.floor() else { return Ok(()) };
    if after.minor() >= floor {
        return Ok(());
    }
    let requested =
        before.checked_sub(after).map_err(|_| LedgerError::Overflow { account: account.clone() })?;
    Err(LedgerError::InsufficientFunds { account: account.clone(), available: before, requested })
}

fn check_settled(hold: &Hold, amount: Money) -> Result<(), LedgerError> {
    check_amount(&hold.account, amount)?;
    if amount.minor() > hold.amount.minor() {
        return Err(LedgerError::SettleExceedsHold { hold: hold.id, held: hold.amount, requested: amount });
    }
    Ok(())
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod script;
#[cfg(test)]
mod tests;
