//! What Wave keeps.
//!
//! Collections: 1 % of the gross, rounded half up to the minor unit (a real statement shows
//! exactly 1 %: 3400 → 34). Payouts: the published samples are 500 → 5, 1000 → 10, 1200 → 10,
//! 15000 → 150 and 16000 → 160; the simplest rule that gives all of them is 1 % rounded down to
//! a multiple of five, which is used here, in whole units of the currency. Both are the
//! simulator's own rules: clients must read the fee, never compute it.

use crate::money::decimals;

/// The fee taken from a collection of `gross` minor units.
pub fn of_collection(gross: i64) -> i64 {
    gross / 100 + i64::from(gross % 100 >= 50)
}

/// The fee added to a payout of `net` minor units.
pub fn of_payout(net: i64, currency: &str) -> i64 {
    let step = if decimals(currency) == 0 { 5 } else { 500 };
    net / 100 / step * step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fees_agree_with_every_published_sample() {
        for (gross, fee) in [(3_400, 34), (12_500, 125), (2_000, 20), (49, 0), (50, 1), (150, 2)] {
            assert_eq!(of_collection(gross), fee, "collection of {gross}");
        }
        for (net, fee) in [(500, 5), (1_000, 10), (1_200, 10), (15_000, 150), (16_000, 160), (100, 0)] {
            assert_eq!(of_payout(net, "XOF"), fee, "payout of {net}");
        }
        assert_eq!(of_payout(120_000, "GMD"), 1_000);
    }
}
