//! Billing intervals: from an anchor on, by the calendar.

use chrono::{Months, TimeDelta};
use serde_json::Value;

use crate::clock::Instant;
use crate::stripe::scene::{int, text};

/// How often something is billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    unit: Unit,
    count: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Days,
    Months,
}

impl Interval {
    /// The interval of a price's `recurring`; monthly when it says nothing.
    pub fn of(recurring: &Value) -> Interval {
        let count = u32::try_from(int(recurring, "interval_count")).unwrap_or(1).max(1);
        let (unit, each) = match text(recurring, "interval") {
            "day" => (Unit::Days, 1),
            "week" => (Unit::Days, 7),
            "year" => (Unit::Months, 12),
            _ => (Unit::Months, 1),
        };
        Interval { unit, count: count.saturating_mul(each) }
    }

    /// The first end of a period after `at`, in periods counted from the anchor. A day that a
    /// month does not have is its last one, and comes back in the next month that has it.
    pub fn end_after(self, anchor: Instant, at: Instant) -> Instant {
        let mut number = 1;
        loop {
            let end = self.nth(anchor, number);
            if end > at {
                return end;
            }
            number += 1;
        }
    }

    /// The end of the period of this number.
    fn nth(self, anchor: Instant, number: u32) -> Instant {
        let count = self.count.saturating_mul(number);
        let end = match self.unit {
            Unit::Days => anchor.checked_add_signed(TimeDelta::days(count.into())),
            Unit::Months => anchor.checked_add_months(Months::new(count)),
        };
        end.unwrap_or(Instant::MAX_UTC)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ends(interval: &str, count: u32, anchor: &str, many: usize) -> Vec<String> {
        let interval = Interval::of(&json!({"interval": interval, "interval_count": count}));
        let anchor: Instant = anchor.parse().unwrap();
        let mut at = anchor;
        let next = || {
            at = interval.end_after(anchor, at);
            at.format("%Y-%m-%d").to_string()
        };
        std::iter::repeat_with(next).take(many).collect()
    }

    #[test]
    fn months_remember_their_anchor() {
        assert_eq!(
            ends("month", 1, "2027-01-31T10:00:00Z", 4),
            ["2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"]
        );
        assert_eq!(ends("year", 1, "2028-02-29T00:00:00Z", 4)[2..], ["2031-02-28", "2032-02-29"]);
        assert_eq!(ends("week", 2, "2026-12-25T00:00:00Z", 2), ["2027-01-08", "2027-01-22"]);
        assert_eq!(ends("day", 3, "2026-11-30T00:00:00Z", 1), ["2026-12-03"]);
        assert_eq!(ends("month", 3, "2026-11-30T00:00:00Z", 1), ["2027-02-28"]);
    }
}
