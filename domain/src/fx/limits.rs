//! What a rate may be, and when one person alone may not set it.
//!
//! Three questions about a rate that somebody wants in force: is it possible at all (a treaty, the bounds of its pair,
//! a customer's rate that is near its mid), is it absurd beside the rate before it, and is the step so large that a
//! second person has to agree. Arithmetic is exact.
//!
//! Deliberately absent: who asks, how old a rate may be, and which rates came before; callers pass them in.

use std::collections::BTreeMap;

use num_rational::BigRational;
use rust_decimal::Decimal;

use crate::fx::rate::{fraction, ten_thousand};
use crate::fx::{FxError, Pair, PairRate, Rate};

/// How far rates may go, from the settings.
#[derive(Clone, Debug, PartialEq)]
pub struct RateLimits {
    /// A step of mid, sell or buy beyond so many basis points needs a second person.
    pub approval_above_bps: Decimal,
    /// Whether the first rate of a pair needs one too.
    pub approve_new_pairs: bool,
    /// A mid of more than so many times the one before, or less than that part of it, is refused.
    pub most_factor: Decimal,
    /// A customer's rate further from mid than so many basis points is refused.
    pub most_spread_bps: Decimal,
    /// The lowest and highest mid of some pairs.
    pub bounds: BTreeMap<Pair, (Rate, Rate)>,
}

/// Whether somebody else has to agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// The step is small: it may be put in force at once.
    NotNeeded,
    /// A second person decides.
    SecondPerson,
}

/// Why a rate is refused, whoever agrees.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RateRefusal {
    /// The mid is fixed by treaty and this is another one.
    #[error("the mid of {pair} is fixed by treaty")]
    Fixed {
        /// Which pair.
        pair: Pair,
    },
    /// Customers would get better than mid, or the rate cannot be written.
    #[error(transparent)]
    Fx(#[from] FxError),
    /// A customer's rate is too far from mid.
    #[error("a customer's rate of {pair} is too far from its mid")]
    SpreadTooWide {
        /// Which pair.
        pair: Pair,
    },
    /// The mid is outside of what was configured, or many times the one before.
    #[error("the mid of {pair} is out of bounds")]
    OutOfBounds {
        /// Which pair.
        pair: Pair,
    },
}

impl RateLimits {
    /// Whether `new` may come into force after `earlier`: the rate in force, and whichever others its step is measured
    /// from. Without one, it is the first of its pair.
    ///
    /// Errors: [`RateRefusal`], in the order of its variants.
    pub fn judge(&self, new: &PairRate, earlier: &[&PairRate]) -> Result<Consent, RateRefusal> {
        let pair = new.pair;
        if pair.fixed_mid().is_some_and(|fixed| fixed != new.mid) {
            return Err(RateRefusal::Fixed { pair });
        }
        new.check()?;
        let (sell, buy) = (new.sell_rate()?, new.buy_rate()?);
        if [sell, buy].into_iter().any(|rate| moved_beyond(new.mid, rate, self.most_spread_bps)) {
            return Err(RateRefusal::SpreadTooWide { pair });
        }
        let within = |(low, high): &(Rate, Rate)| (*low..=*high).contains(&new.mid);
        let is_in_bounds = self.bounds.get(&pair).is_none_or(within);
        let is_near = |before: &&PairRate| within_factor(before.mid, new.mid, self.most_factor);
        if !is_in_bounds || !earlier.first().is_none_or(is_near) {
            return Err(RateRefusal::OutOfBounds { pair });
        }
        if earlier.is_empty() {
            return Ok(if self.approve_new_pairs { Consent::SecondPerson } else { Consent::NotNeeded });
        }
        for before in earlier {
            let steps = [(before.mid, new.mid), (before.sell_rate()?, sell), (before.buy_rate()?, buy)];
            if steps.into_iter().any(|(from, to)| moved_beyond(from, to, self.approval_above_bps)) {
                return Ok(Consent::SecondPerson);
            }
        }
        Ok(Consent::NotNeeded)
    }
}

/// Whether `to` is further from `from` than `bps` basis points of it.
fn moved_beyond(from: Rate, to: Rate, bps: Decimal) -> bool {
    let (from, to) = (from.ratio(), to.ratio());
    let distance = if to > from { &to - &from } else { &from - &to };
    distance * ten_thousand() > from * fraction(bps)
}

/// Whether neither is more than `factor` times the other.
fn within_factor(one: Rate, other: Rate, factor: Decimal) -> bool {
    let (one, other, factor): (BigRational, BigRational, BigRational) =
        (one.ratio(), other.ratio(), fraction(factor));
    one <= &other * &factor && other <= one * factor
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;
    use crate::fx::{CustomerRate, Spread};

    fn limits() -> RateLimits {
        let pair = "CNY/GNF".parse().unwrap();
        let (low, high) = (Rate::parse("500").unwrap(), Rate::parse("5000").unwrap());
        RateLimits {
            approval_above_bps: Decimal::from(200),
            approve_new_pairs: true,
            most_factor: Decimal::from(2),
            most_spread_bps: Decimal::from(3000),
            bounds: BTreeMap::from([(pair, (low, high))]),
        }
    }

    fn rate(pair: &str, mid: &str, sell_bps: &str, buy_bps: &str) -> PairRate {
        let spread = |bps| CustomerRate::Spread(Spread::parse(bps).unwrap());
        PairRate {
            pair: pair.parse().unwrap(),
            mid: Rate::parse(mid).unwrap(),
            sell: spread(sell_bps),
            buy: spread(buy_bps),
            source: "test".to_owned(),
            as_of: DateTime::UNIX_EPOCH,
            max_age: None,
        }
    }

    fn judged(new: &PairRate, before: &PairRate) -> String {
        match limits().judge(new, &[before]) {
            Ok(consent) => format!("{consent:?}"),
            Err(refusal) => refusal.to_string(),
        }
    }

    #[test]
    fn a_small_step_needs_nobody_and_a_large_one_a_second_person() {
        let before = rate("EUR/GNF", "9400", "150", "150");
        for (mid, sell, buy, expected) in [
            ("9400", "150", "150", "NotNeeded"),
            ("9588", "150", "150", "NotNeeded"),
            ("9588.01", "150", "150", "SecondPerson"),
            ("9212", "150", "150", "NotNeeded"),
            ("9211.99", "150", "150", "SecondPerson"),
            // Sell and buy count by themselves: 1 + 150 bps to 1 + 353 bps is exactly 200 bps of the former.
            ("9400", "353", "150", "NotNeeded"),
            ("9400", "354", "150", "SecondPerson"),
            ("9400", "150", "348", "SecondPerson"),
            ("9400", "150", "347", "NotNeeded"),
        ] {
            assert_eq!(judged(&rate("EUR/GNF", mid, sell, buy), &before), expected, "{mid} {sell} {buy}");
        }
    }

    #[test]
    fn the_step_is_measured_from_every_earlier_rate() {
        let (now, day_before) = (rate("EUR/GNF", "9500", "0", "0"), rate("EUR/GNF", "9350", "0", "0"));
        let new = rate("EUR/GNF", "9600", "0", "0");
        assert_eq!(limits().judge(&new, &[&now]), Ok(Consent::NotNeeded));
        assert_eq!(limits().judge(&new, &[&now, &day_before]), Ok(Consent::SecondPerson));
    }

    #[test]
    fn a_first_rate_is_agreed_to_where_the_settings_say_so() {
        let new = rate("CNY/GNF", "2500", "1250", "0");
        assert_eq!(limits().judge(&new, &[]), Ok(Consent::SecondPerson));
        let easy = RateLimits { approve_new_pairs: false, ..limits() };
        assert_eq!(easy.judge(&new, &[]), Ok(Consent::NotNeeded));
    }

    #[test]
    fn absurd_rates_are_refused_whoever_agrees() {
        let before = rate("CNY/GNF", "2500", "0", "0");
        for (new, expected) in [
            (rate("CNY/GNF", "4999", "0", "0"), "SecondPerson"),
            (rate("CNY/GNF", "5000.1", "0", "0"), "the mid of CNY/GNF is out of bounds"),
            (rate("CNY/GNF", "1250", "0", "0"), "SecondPerson"),
            (rate("CNY/GNF", "1249.9", "0", "0"), "the mid of CNY/GNF is out of bounds"),
            (rate("CNY/GNF", "2500", "3001", "0"), "a customer's rate of CNY/GNF is too far from its mid"),
            (rate("CNY/GNF", "2500", "0", "3001"), "a customer's rate of CNY/GNF is too far from its mid"),
        ] {
            assert_eq!(judged(&new, &before), expected, "{new:?}");
        }
        let first = rate("CNY/GNF", "499", "0", "0");
        let pair = first.pair;
        assert_eq!(limits().judge(&first, &[]), Err(RateRefusal::OutOfBounds { pair }));
    }

    #[test]
    fn a_treaty_is_not_overridden() {
        let before = rate("EUR/XOF", "655.957", "150", "150");
        assert_eq!(judged(&rate("EUR/XOF", "655.957", "200", "100"), &before), "NotNeeded");
        assert_eq!(
            judged(&rate("EUR/XOF", "655.958", "150", "150"), &before),
            "the mid of EUR/XOF is fixed by treaty"
        );
        assert_eq!(before.pair.flipped().fixed_mid(), None);
    }

    proptest! {
        /// Whatever the numbers: nothing panics, and what needs nobody is near what was before.
        #[test]
        fn what_needs_nobody_is_a_small_step(
            from in 1_i64..10_i64.pow(12), to in 1_i64..10_i64.pow(12), scale in 0_u32..12, bps in 0_i64..5_000,
        ) {
            let of = |digits| {
                let mid = Rate::new(Decimal::new(digits, scale)).unwrap();
                PairRate { mid, ..rate("EUR/GNF", "1", "0", "0") }
            };
            let limits = RateLimits { approval_above_bps: Decimal::from(bps), ..limits() };
            let distance = i128::from(to - from).abs() * 10_000;
            let is_small = distance <= i128::from(from) * i128::from(bps);
            let is_near = to <= from.saturating_mul(2) && from <= to.saturating_mul(2);
            let expected = match (is_near, is_small) {
                (false, _) => Err(RateRefusal::OutOfBounds { pair: "EUR/GNF".parse().unwrap() }),
                (true, true) => Ok(Consent::NotNeeded),
                (true, false) => Ok(Consent::SecondPerson),
            };
            prop_assert_eq!(limits.judge(&of(to), &[&of(from)]), expected);
        }
    }
}
