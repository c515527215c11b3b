//! Business days of the euro's settlement system: no weekends, and six holidays a year.

use chrono::{Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Weekday};

use crate::clock::Instant;

/// Debits handed in later than this go with the next business day: 10:30 Central European Time,
/// taken without daylight saving.
const CUT_OFF: TimeDelta = TimeDelta::minutes(9 * 60 + 30);

/// Whether euros are settled on this day.
pub fn is_business_day(day: NaiveDate) -> bool {
    let is_weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    let is_fixed = matches!((day.month(), day.day()), (1, 1) | (5, 1) | (12, 25 | 26));
    let around_easter = [easter(day.year()) - TimeDelta::days(2), easter(day.year()) + TimeDelta::days(1)];
    !is_weekend && !is_fixed && !around_easter.contains(&day)
}

/// Easter Sunday, by the anonymous Gregorian computus.
fn easter(year: i32) -> NaiveDate {
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let rest = h + l - 7 * m + 114;
    let (month, day) = (u32::try_from(rest / 31), u32::try_from(rest % 31));
    NaiveDate::from_ymd_opt(year, month.unwrap_or(4), day.unwrap_or(0) + 1).unwrap_or_default()
}

/// The day itself, or the first business day after it.
pub fn on_or_after(day: NaiveDate) -> NaiveDate {
    let mut day = day;
    while !is_business_day(day) {
        day = day + Days::new(1);
    }
    day
}

/// `count` business days after a day.
pub fn after(day: NaiveDate, count: u32) -> NaiveDate {
    (0..count).fold(on_or_after(day), |day, _| on_or_after(day + Days::new(1)))
}

/// The business day with which a debit handed in at this instant goes.
pub fn submission(at: Instant) -> NaiveDate {
    let is_late = at.time() - NaiveTime::MIN >= CUT_OFF;
    on_or_after(at.date_naive() + Days::new(u64::from(is_late)))
}

/// Midnight UTC at the beginning of a day.
pub fn midnight(day: NaiveDate) -> Instant {
    day.and_time(NaiveTime::MIN).and_utc()
}

/// Midnight UTC, `count` business days after an instant.
pub fn in_business_days(at: Instant, count: u32) -> Instant {
    midnight(after(at.date_naive(), count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    #[test]
    fn holidays_and_weekends_are_not_counted() {
        for closed in
            ["2026-01-01", "2026-04-03", "2026-04-06", "2026-05-01", "2026-12-25", "2027-03-26", "2026-11-21"]
        {
            assert!(!is_business_day(day(closed)), "{closed}");
        }
        for open in ["2026-05-25", "2026-11-11", "2026-12-24", "2026-11-20", "2026-04-07"] {
            assert!(is_business_day(day(open)), "{open}");
        }
        assert_eq!(after(day("2026-11-20"), 6), day("2026-11-30"));
        assert_eq!(after(day("2026-11-21"), 0), day("2026-11-23"), "a Saturday counts as its Monday");
        assert_eq!(after(day("2026-04-02"), 1), day("2026-04-07"), "over Easter");
        assert_eq!(after(day("2026-12-24"), 1), day("2026-12-28"));
    }

    #[test]
    fn what_comes_after_the_cut_off_goes_with_the_next_day() {
        assert_eq!(submission(at("2026-11-20T09:29:59Z")), day("2026-11-20"));
        assert_eq!(submission(at("2026-11-20T09:30:00Z")), day("2026-11-23"));
        assert_eq!(submission(at("2026-11-22T08:00:00Z")), day("2026-11-23"));
    }
}
