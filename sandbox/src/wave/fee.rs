//! What Wave keeps.
//!
//! Collections: 1 % of the gross, rounded half up to the minor unit (a real statement shows
//! exactly 1 %: 3400 → 34). Payouts: the published samples are 500 → 5, 1000 → 10, 1200 → 10,
//! 15000 → 150 and 16000 → 160; the simplest rule that gives all of them is 1 % rounded down to
//! a multiple of five, which is used here, in whole units of the currency. An aggregated merchant
//! may have another rate, which is rounded alike. All are the simulator's own rules: clients must
//! read the fee, never compute it.

use crate::books::words;
use crate::money::decimals;

words! {
    /// What Wave keeps of an aggregated merchant's money. *Chosen*: before a review, one percent.
    pub enum FeeStructure {
        /// 1 %.
        OnePercent = "one_percent",
        /// 1.5 %.
        OneFiftyBps = "one_fifty_bps",
    }
}

impl FeeStructure {
    /// In hundredths of a percent.
    fn basis_points(self) -> i64 {
        match self {
            FeeStructure::OnePercent => 100,
            FeeStructure::OneFiftyBps => 150,
        }
    }
}

/// The fee taken from a collection of `gross` minor units.
pub fn of_collection(gross: i64, structure: Option<FeeStructure>) -> i64 {
    share(gross, structure, 5_000)
}

/// The fee added to a payout of `net` minor units.
pub fn of_payout(net: i64, currency: &str, structure: Option<FeeStructure>) -> i64 {
    let step = if decimals(currency) == 0 { 5 } else { 500 };
    share(net, structure, 0) / step * step
}

/// `rounding` is what a remainder must lack of the next unit, in ten-thousandths, to be rounded up.
fn share(amount: i64, structure: Option<FeeStructure>, rounding: i64) -> i64 {
    let rate = structure.unwrap_or(FeeStructure::OnePercent).basis_points();
    amount / 10_000 * rate + (amount % 10_000 * rate + rounding) / 10_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fees_agree_with_every_published_sample() {
        for (gross, fee) in [(3_400, 34), (12_500, 125), (2_000, 20), (49, 0), (50, 1), (150, 2)] {
            assert_eq!(of_collection(gross, None), fee, "collection of {gross}");
        }
        for (net, fee) in [(500, 5), (1_000, 10), (1_200, 10), (15_000, 150), (16_000, 160), (100, 0)] {
            assert_eq!(of_payout(net, "XOF", None), fee, "payout of {net}");
        }
        assert_eq!(of_payout(120_000, "GMD", None), 1_000);
    }

    #[test]
    fn aggregated_merchants_may_pay_more() {
        let more = Some(FeeStructure::OneFiftyBps);
        assert_eq!(of_collection(12_500, more), 188);
        assert_eq!(of_payout(15_000, "XOF", more), 225);
        assert_eq!(of_collection(12_500, Some(FeeStructure::OnePercent)), 125);
    }
}
