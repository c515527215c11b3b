//! What an operator reads in the books does not depend on the margin, so no margin can be reckoned from it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails in a test should stop it")]

mod support;

use std::collections::BTreeMap;

use domain::recipes::{conversion, revaluation, unwind, unwind_part};
use domain::{Account, ForAdmins, Money, Posting, Rail, Transfer};
use proptest::prelude::*;
use support::{Exchange, Order, start, transfer};

/// What one entry does to each account that is not for admins alone: what a statement and a trial balance show.
fn seen(postings: &[Posting]) -> BTreeMap<Account, i128> {
    let mut seen: BTreeMap<Account, i128> = BTreeMap::new();
    for posting in postings {
        let minor = i128::from(posting.amount.minor());
        *seen.entry(posting.debit.clone()).or_default() += minor;
        *seen.entry(posting.credit.clone()).or_default() -= minor;
    }
    seen.retain(|account, minor| *minor != 0 && !account.is_admin_only());
    seen
}

/// The same order at another mid: customers see the same, we earn another margin.
fn at_another_margin(terms: &Transfer, part: i64) -> Transfer {
    let earned = terms.margin.reveal();
    let most = match earned.currency() == terms.send.currency() {
        true => terms.send.minor(),
        false => terms.receive.minor(),
    };
    let other = i64::try_from(i128::from(most) * i128::from(part) / 1_000).unwrap();
    Transfer { margin: ForAdmins::new(Money::new(other, earned.currency())), ..terms.clone() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000.max(ProptestConfig::default().cases), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn statements_are_the_same_whatever_was_earned(
        exchange in prop::sample::select(&Exchange::ALL[..]),
        send in 1_000..50_000_000_i64,
        part in 0..1_000_i64,
        cuts in (0..=1_000_i64, 0..=1_000_i64),
    ) {
        let order = Order { exchange, funding: Rail::Wave, payout: Rail::Wave, send, to_self: false };
        let terms = transfer(order, 1, start()).0;
        prop_assume!(terms.send.currency() != terms.receive.currency());
        let other = at_another_margin(&terms, part);
        prop_assert_eq!(seen(&conversion(&terms).unwrap()), seen(&conversion(&other).unwrap()));
        prop_assert_eq!(seen(&unwind(&terms).unwrap()), seen(&unwind(&other).unwrap()));
        let (total, (one, two)) = (terms.total, cuts);
        let cut = |part: i64| Money::new(i64::try_from(i128::from(total.minor()) * i128::from(part) / 1_000).unwrap(), total.currency());
        let (before, after) = (cut(one.min(two)), cut(one.max(two)));
        let (this, that) = (unwind_part(&terms, before, after).unwrap(), unwind_part(&other, before, after).unwrap());
        prop_assert_eq!(seen(&this), seen(&that));
    }

    #[test]
    fn a_revaluation_is_not_seen_at_all(unwound in 0..1_000_000_000_i64, worth in 0..1_000_000_000_i64) {
        let euros = |minor| Money::new(minor, domain::Currency::EUR);
        prop_assert!(seen(&revaluation(euros(unwound), euros(worth)).unwrap()).is_empty());
    }
}
