//! Banking days of the euro: Monday to Friday, but for the closing days of TARGET.
//!
//! Source: the European Central Bank's calendar of TARGET closing days, unchanged since 2002.

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc, Weekday};

/// The same time of day, `days` banking days later.
pub fn banking_days_after(at: DateTime<Utc>, days: u32) -> DateTime<Utc> {
    let (mut at, mut left) = (at, days);
    while left > 0 {
        let Some(next) = at.checked_add_days(Days::new(1)) else { return at };
        at = next;
        left -= u32::from(is_banking_day(at.date_naive()));
    }
    at
}

/// Whether banks settle euros on this day.
pub fn is_banking_day(date: NaiveDate) -> bool {
    let is_weekend = matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
    let is_fixed = matches!((date.month(), date.day()), (1, 1) | (5, 1) | (12, 25) | (12, 26));
    let from_easter = easter(date.year()).map(|easter| (date - easter).num_days());
    !is_weekend && !is_fixed && !matches!(from_easter, Some(-2 | 1))
}

/// Easter Sunday of the Gregorian calendar, by the anonymous algorithm that Meeus prints.
fn easter(year: i32) -> Option<NaiveDate> {
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 19 * l) / 433;
    let month = (h + l - 7 * m + 90) / 25;
    let day = (h + l - 7 * m + 33 * month + 19) % 32;
    NaiveDate::from_ymd_opt(year, u32::try_from(month).ok()?, u32::try_from(day).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn easter_falls_where_almanacs_say() {
        let known = ["2024-03-31", "2025-04-20", "2026-04-05", "2027-03-28", "2038-04-25", "2285-03-22"];
        for day in known.map(date) {
            assert_eq!(easter(day.year()), Some(day));
        }
    }

    #[test]
    fn banks_rest_on_weekends_and_on_six_days_a_year() {
        let closed = [
            "2026-01-01",
            "2026-04-03",
            "2026-04-06",
            "2026-05-01",
            "2026-12-25",
            "2026-11-21",
            "2026-11-22",
        ];
        for day in closed {
            assert!(!is_banking_day(date(day)), "{day}");
        }
        for day in [
            "2026-11-20",
            "2026-04-07",
            "2026-05-14",
            "2026-12-24",
            "2026-08-15".replace("15", "14").as_str(),
        ] {
            assert!(is_banking_day(date(day)), "{day}");
        }
    }

    #[test]
    fn days_are_counted_over_weekends_and_holidays() {
        let after = |from: &str, days| banking_days_after(from.parse().unwrap(), days).to_rfc3339();
        assert_eq!(after("2026-11-20T10:00:00Z", 0), "2026-11-20T10:00:00+00:00");
        assert_eq!(after("2026-11-20T10:00:00Z", 1), "2026-11-23T10:00:00+00:00");
        assert_eq!(after("2026-11-20T10:00:00Z", 6), "2026-11-30T10:00:00+00:00");
        assert_eq!(after("2026-04-02T10:00:00Z", 1), "2026-04-07T10:00:00+00:00");
        assert_eq!(after("2026-11-21T10:00:00Z", 7), "2026-12-01T10:00:00+00:00");
    }
}
