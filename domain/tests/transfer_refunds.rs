//! Parts of a transfer given back, paid out, taken back: in any order the books close to the last minor unit.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails in a test should stop it")]

mod support;

use domain::recipes::{self, single, taken_back, unwind, unwind_part};
use domain::transfer::Fresh;
use domain::{
    Account, BusinessId, EntryId, EntryKind, Hold, HoldId, JournalEntry, LedgerError, LedgerStep, Money,
    Nature, Posting, Rail, Transfer,
};
use proptest::prelude::*;
use support::{Books, Counter, Exchange, Order, floats, net, start, transfer};

/// Under both policies about our fee.
fn terms() -> impl Strategy<Value = Transfer> {
    let keeps_fee = prop::sample::select(vec![None, Some(false), Some(true)]);
    (prop::sample::select(&Exchange::ALL[..]), 1_000..50_000_000_i64, keeps_fee).prop_map(
        |(exchange, send, refund_keeps_fee)| {
            let order = Order { exchange, funding: Rail::Wave, payout: Rail::Wave, send, to_self: false };
            Transfer { refund_keeps_fee, ..transfer(order, 1, start()).0 }
        },
    )
}

/// What the payer's account must have got back when `refunded` is undone: just that; but within one currency what was
/// sent never left the account, and only the fee's share returns to it.
fn returned(terms: &Transfer, refunded: i64) -> i128 {
    if terms.send.currency() != terms.receive.currency() {
        return i128::from(refunded);
    }
    let fee = if terms.keeps_fee() { 0 } else { i128::from(terms.fee.minor()) };
    fee * i128::from(refunded) / i128::from(terms.refundable().minor())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000.max(ProptestConfig::default().cases), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parts_that_reach_the_whole_add_up_to_the_unwinding(
        terms in terms(),
        cuts in prop::collection::vec(0..=1_000_i64, 0..12),
    ) {
        let (payer, total) = (terms.payer_account(), terms.refundable().minor());
        let mut ends: Vec<i64> = cuts.iter().map(|cut| share(total, *cut)).collect();
        ends.push(total);
        ends.sort_unstable();
        let (mut before, mut all, mut taken) = (0, Vec::new(), 0);
        for after in ends {
            let at = |minor| Money::new(minor, terms.total.currency());
            let part = unwind_part(&terms, at(before), at(after)).unwrap();
            let given = -net(&part).get(&payer).copied().unwrap_or_default();
            prop_assert_eq!(given, returned(&terms, after) - returned(&terms, before), "{} to {}", before, after);
            let share = taken_back(&terms, at(before), at(after)).unwrap();
            prop_assert!(!share.is_negative());
            prop_assert_eq!(share.currency(), terms.receive.currency());
            if terms.send.currency() == terms.receive.currency() {
                prop_assert_eq!(i128::from(share.minor()) + given, i128::from(after - before));
            } else {
                let unwound = net(&part).get(&terms.converted_account()).copied().unwrap_or_default();
                prop_assert_eq!(i128::from(share.minor()), unwound, "what the payee gives is what is undone");
            }
            taken += share.minor();
            all.extend(part);
            before = after;
        }
        prop_assert_eq!(taken, terms.receive.minor());
        let kept = i128::from(if terms.keeps_fee() { terms.fee.minor() } else { 0 });
        let conversion = net(&recipes::conversion(&terms).unwrap());
        let undone = net(&all);
        for (account, minor) in &conversion {
            let left = minor + undone.get(account).copied().unwrap_or_default();
            let expected = match account {
                Account::FeeRevenue { .. } => -kept,
                account if *account == payer => kept,
                _ => 0,
            };
            prop_assert_eq!(left, expected, "left on {}", account);
        }
        prop_assert_eq!(net(&all), net(&unwind(&terms).unwrap()));
    }

    #[test]
    fn more_than_the_whole_is_refused(terms in terms(), beyond in 1..1_000_i64) {
        let too_much = Money::new(terms.refundable().minor() + beyond, terms.total.currency());
        let negative = Money::new(-beyond, terms.total.currency());
        let nothing = Money::zero(terms.total.currency());
        prop_assert!(unwind_part(&terms, nothing, too_much).is_err());
        prop_assert!(unwind_part(&terms, negative, nothing).is_err());
    }
}

/// One thing done to a transfer's value; numbers are parts of a thousand of what is there.
#[derive(Clone, Debug)]
enum Deed {
    Hold(i64),
    Settle { hold: usize, part: i64 },
    Void(usize),
    Expire(usize),
    Refund(i64),
    Reverse(i64),
}

fn deed() -> impl Strategy<Value = Deed> {
    let part = || 1..=1_000_i64;
    prop_oneof![
        5 => part().prop_map(Deed::Hold),
        4 => (0..8_usize, part()).prop_map(|(hold, part)| Deed::Settle { hold, part }),
        1 => (0..8_usize).prop_map(Deed::Void),
        1 => (0..8_usize).prop_map(Deed::Expire),
        3 => part().prop_map(Deed::Refund),
        2 => part().prop_map(Deed::Reverse),
    ]
}

/// A transfer's value on its way, in books of its own.
struct Purse {
    terms: Transfer,
    books: Books,
    fresh: Counter,
    floats: Vec<Account>,
    open: Vec<(HoldId, i64)>,
    disbursed: i64,
    refunded: i64,
}

impl Purse {
    /// Collected and converted.
    fn filled(exchange: Exchange, send: i64) -> Purse {
        let order = Order { exchange, funding: Rail::Wave, payout: Rail::Manual, send, to_self: false };
        let (terms, floats) = (transfer(order, 1, start()).0, floats(order));
        let (mut books, mut fresh) = (Books::empty(), Counter::default());
        for float in &floats {
            books.endow(float, 1_000_000_000_000, &mut fresh);
        }
        let mut purse = Purse { terms, books, fresh, floats, open: vec![], disbursed: 0, refunded: 0 };
        let payer = purse.terms.payer_account();
        let collected = single(&purse.floats[0], &payer, purse.terms.total).unwrap();
        purse.post(EntryKind::Collection, collected).unwrap();
        let converted = recipes::conversion(&purse.terms).unwrap();
        purse.post(EntryKind::Conversion, converted).unwrap();
        purse
    }

    fn business(&self) -> BusinessId {
        BusinessId::Transfer(self.terms.id)
    }

    fn entry(&mut self, kind: EntryKind, postings: Vec<Posting>) -> LedgerStep {
        LedgerStep::Post(JournalEntry {
            id: EntryId::from_uuid(self.fresh.id()),
            kind,
            nature: Nature::Intent,
            business: self.business(),
            movement: None,
            at: start(),
            postings,
        })
    }

    fn post(&mut self, kind: EntryKind, postings: Vec<Posting>) -> Result<(), LedgerError> {
        if postings.is_empty() {
            return Ok(());
        }
        let step = self.entry(kind, postings);
        self.books.apply(&[step])
    }

    fn receive(&self, minor: i64) -> Money {
        Money::new(minor, self.terms.receive.currency())
    }

    fn available(&self) -> i64 {
        self.books.book.balance(&self.terms.converted_account()).available().unwrap().minor()
    }

    fn act(&mut self, deed: &Deed) {
        match deed {
            Deed::Hold(part) => self.hold(share(self.available(), *part)),
            Deed::Settle { hold, part } => {
                if let Some((id, amount)) = self.chosen(*hold) {
                    self.settle(id, share(amount, *part));
                }
            }
            Deed::Void(hold) => {
                if let Some((hold, _)) = self.chosen(*hold) {
                    self.books.apply(&[LedgerStep::Void { hold }]).unwrap();
                }
            }
            Deed::Expire(hold) => {
                if let Some((hold, _)) = self.chosen(*hold) {
                    self.books.apply(&[LedgerStep::Expire { hold }]).unwrap();
                }
            }
            Deed::Refund(part) => self.refund(share(self.terms.total.minor() - self.refunded, *part)),
            Deed::Reverse(part) => self.reverse(share(self.disbursed, *part)),
        }
    }

    fn chosen(&mut self, nth: usize) -> Option<(HoldId, i64)> {
        if self.open.is_empty() { None } else { Some(self.open.remove(nth % self.open.len())) }
    }

    fn hold(&mut self, minor: i64) {
        if minor > 0 {
            let id = HoldId::from_uuid(self.fresh.id());
            let amount = self.receive(minor);
            let hold = Hold::open(id, self.terms.converted_account(), amount, self.business(), start());
            self.books.apply(&[LedgerStep::Hold(hold)]).unwrap();
            self.open.push((id, minor));
        }
    }

    /// Part of a hold leaves; the rest is free again.
    fn settle(&mut self, hold: HoldId, minor: i64) {
        let amount = self.receive(minor.max(1));
        let (from, float) = (self.terms.converted_account(), self.floats.last().unwrap().clone());
        let step = self.entry(EntryKind::Disbursement, single(&from, &float, amount).unwrap());
        self.books.apply(&[LedgerStep::Settle { hold, amount }, step]).unwrap();
        self.disbursed += amount.minor();
    }

    /// Part of the conversion is undone and given back, when what it needs is still there.
    fn refund(&mut self, minor: i64) {
        let currency = self.terms.total.currency();
        let (before, after) = (self.refunded, self.refunded + minor);
        let (before, after) = (Money::new(before, currency), Money::new(after, currency));
        let unwound = unwind_part(&self.terms, before, after).unwrap();
        let (payer, float) = (self.terms.payer_account(), self.floats[0].clone());
        let given = single(&payer, &float, Money::new(minor, currency)).unwrap();
        if unwound.is_empty() || given.is_empty() {
            return;
        }
        let steps = [self.entry(EntryKind::Unwind, unwound), self.entry(EntryKind::Refund, given)];
        match self.books.apply(&steps) {
            Ok(()) => self.refunded += minor,
            Err(LedgerError::InsufficientFunds { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }

    fn reverse(&mut self, minor: i64) {
        let (float, back) = (self.floats.last().unwrap().clone(), self.terms.converted_account());
        let amount = self.receive(minor);
        let postings = single(&float, &back, amount).unwrap();
        self.post(EntryKind::Reversal, postings).unwrap();
        self.disbursed -= minor;
    }

    /// Frees what is held, and sends what is left to the payee.
    fn close(&mut self) {
        while let Some((hold, _)) = self.chosen(0) {
            self.books.apply(&[LedgerStep::Void { hold }]).unwrap();
        }
        self.hold(self.available());
        if let Some((hold, amount)) = self.chosen(0) {
            self.settle(hold, amount);
        }
    }
}

fn share(of: i64, thousandths: i64) -> i64 {
    i64::try_from(i128::from(of) * i128::from(thousandths) / 1_000).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000.max(ProptestConfig::default().cases), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_path_of_holds_parts_refunds_and_reversals_closes(
        exchange in prop::sample::select(&Exchange::ALL[..]),
        send in 1_000..50_000_000_i64,
        deeds in prop::collection::vec(deed(), 0..40),
    ) {
        let mut purse = Purse::filled(exchange, send);
        for deed in &deeds {
            purse.act(deed);
            purse.books.check();
        }
        purse.close();
        purse.books.check();
        let business = purse.business();
        prop_assert!(purse.books.open_holds(business).is_empty());
        let sums = purse.books.sums(business);
        let owed: Vec<_> = sums.keys().filter(|account| matches!(account, Account::Customer { .. })).collect();
        prop_assert!(owed.is_empty(), "{sums:?}");
        if purse.refunded == purse.terms.total.minor() {
            prop_assert!(sums.is_empty(), "a full refund leaves {sums:?}");
        }
        let converted = purse.terms.converted_account();
        prop_assert_eq!(purse.books.book.balance(&converted).balance, 0);
    }
}
