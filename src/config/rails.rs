//! When a rail counts as down, for how long nothing is sent to it then, and what shortage stops payouts: `[rails]`.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use domain::{BreakerTerms, Currency, Money};

use super::reader::Reader;

/// The policy of breakers and of the drift switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rails {
    /// When a breaker opens, and for how long.
    pub breaker: BreakerTerms,
    /// How much less than our ledger says a provider may hold before its wallet pays out no more; of a currency that
    /// is not there, anything.
    pub stop_payouts_on_drift: BTreeMap<Currency, Money>,
}

impl Rails {
    /// Whether so much less at a provider stops the wallet's payouts.
    pub fn stops_payouts(&self, shortage: Money) -> bool {
        self.stop_payouts_on_drift
            .get(&shortage.currency())
            .is_some_and(|most| shortage.minor() > most.minor())
    }
}

/// Reads the table.
pub fn rails(r: &mut Reader) -> Rails {
    let seconds = |number: i64| TimeDelta::seconds(number);
    let count = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    let breaker = BreakerTerms {
        failures: count(r.number("rails.failures", 1..=1_000)),
        window: seconds(r.number("rails.window_s", 10..=3_600)),
        min_calls: count(r.number("rails.min_calls", 1..=100_000)),
        failure_percent: count(r.number("rails.failure_percent", 1..=100)),
        open: seconds(r.number("rails.open_s", 1..=3_600)),
        open_max: seconds(r.number("rails.open_max_s", 1..=86_400)),
    };
    if breaker.open_max < breaker.open {
        r.refuse("rails.open_max_s", "is less than rails.open_s", "make it at least as long");
    }
    let limits = r.parsed_list(
        "rails.stop_payouts_on_drift",
        super::refunds::limit,
        "as [\"EUR 500\", \"XOF 300000\"]",
    );
    let mut stop_payouts_on_drift = BTreeMap::new();
    for limit in limits {
        if stop_payouts_on_drift.insert(limit.currency(), limit).is_some() {
            r.refuse("rails.stop_payouts_on_drift", "names a currency twice", "name each currency once");
        }
    }
    Rails { breaker, stop_payouts_on_drift }
}
