//! How a wallet does, counted from its answers to what was really sent and asked, within a sliding window.
//!
//! A refusal is an answer: a provider that declines is well. Only what is sent can trip a breaker; what is asked about
//! is counted beside it, because a movement that cannot be looked up would else speak for all that could be sent.
//!
//! Deliberately absent: what follows from tripping (see [`crate::breaker`]), and clocks.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

use crate::breaker::BreakerTerms;

/// Parts of the window; what is older than the window is forgotten one part at a time.
const PARTS: i32 = 10;
/// Failures in a row that are trouble, and percent of at least so many calls.
const TROUBLE: u32 = 2;
const TROUBLE_CALLS: u64 = 5;
const TROUBLE_PERCENT: u64 = 20;

words! {
    /// What came of a call.
    pub enum Call as "call" {
        /// A documented answer, refusals included.
        Answered = "answered",
        /// No answer, none that can be read, or a failure of the provider's own.
        Unanswered = "unanswered",
        /// Our credentials or contract were refused.
        Misconfigured = "misconfigured",
        /// Refused for pace alone.
        Limited = "rate_limited",
    }
}

impl Call {
    /// Whether it speaks against sending more. Haste does not: whoever says so is there.
    pub const fn is_failure(self) -> bool {
        matches!(self, Call::Unanswered | Call::Misconfigured)
    }
}

words! {
    /// How a rail does, in one word.
    pub enum Health as "health" {
        /// Nothing fails to speak of.
        Operational = "operational",
        /// Some of it fails.
        Degraded = "degraded",
        /// Nothing is sent for now.
        Down = "down",
    }
}

/// Calls within the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub answered: u64,
    pub unanswered: u64,
    pub misconfigured: u64,
    pub limited: u64,
    /// Questions that were answered.
    pub asked: u64,
    /// Questions that were not.
    pub asked_in_vain: u64,
}

impl Counts {
    /// What was sent and failed.
    pub const fn failed(&self) -> u64 {
        self.unanswered + self.misconfigured
    }

    fn add(&mut self, other: &Counts) {
        self.answered += other.answered;
        self.unanswered += other.unanswered;
        self.misconfigured += other.misconfigured;
        self.limited += other.limited;
        self.asked += other.asked;
        self.asked_in_vain += other.asked_in_vain;
    }
}

/// What one gateway saw of one wallet in one direction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallWindow {
    /// Parts by their beginning, the oldest first.
    parts: VecDeque<(DateTime<Utc>, Counts)>,
    in_a_row: u32,
    pub last_answered: Option<DateTime<Utc>>,
    pub last_failed: Option<DateTime<Utc>>,
}

impl CallWindow {
    /// Counts what came of sending something.
    pub fn sent(&mut self, call: Call, now: DateTime<Utc>, terms: &BreakerTerms) {
        let part = self.part(now, terms);
        match call {
            Call::Answered => part.answered += 1,
            Call::Unanswered => part.unanswered += 1,
            Call::Misconfigured => part.misconfigured += 1,
            Call::Limited => part.limited += 1,
        }
        if call == Call::Answered {
            self.in_a_row = 0;
            self.last_answered = Some(now);
        }
        if call.is_failure() {
            let goes_on = self.last_failed.is_some_and(|last| now - last <= terms.window);
            self.in_a_row = if goes_on { self.in_a_row.saturating_add(1) } else { 1 };
            self.last_failed = Some(now);
        }
    }

    /// Counts what came of asking about something.
    pub fn asked(&mut self, is_answered: bool, now: DateTime<Utc>, terms: &BreakerTerms) {
        let part = self.part(now, terms);
        match is_answered {
            true => part.asked += 1,
            false => part.asked_in_vain += 1,
        }
    }

    /// What is within the window that ends `now`.
    pub fn counts(&self, now: DateTime<Utc>, terms: &BreakerTerms) -> Counts {
        let mut sum = Counts::default();
        let is_within = |begin: &DateTime<Utc>| now - *begin < terms.window;
        self.parts.iter().filter(|(begin, _)| is_within(begin)).for_each(|(_, counts)| sum.add(counts));
        sum
    }

    /// Failures since the last answer, none longer after the one before than the window.
    pub fn in_a_row(&self, now: DateTime<Utc>, terms: &BreakerTerms) -> u32 {
        let goes_on = self.last_failed.is_some_and(|last| now - last <= terms.window);
        if goes_on { self.in_a_row } else { 0 }
    }

    /// Whether a breaker has to open.
    pub fn trips(&self, now: DateTime<Utc>, terms: &BreakerTerms) -> bool {
        let counts = self.counts(now, terms);
        let calls = counts.answered + counts.failed();
        let are_many = calls >= u64::from(terms.min_calls)
            && counts.failed() * 100 >= calls * u64::from(terms.failure_percent);
        self.in_a_row(now, terms) >= terms.failures || (counts.failed() > 0 && are_many)
    }

    /// How it does while its breaker is closed.
    pub fn health(&self, now: DateTime<Utc>, terms: &BreakerTerms) -> Health {
        let counts = self.counts(now, terms);
        let failed = counts.failed() + counts.asked_in_vain;
        let calls = failed + counts.answered + counts.asked;
        let is_part = calls >= TROUBLE_CALLS && failed * 100 >= calls * TROUBLE_PERCENT;
        match self.in_a_row(now, terms) >= TROUBLE || is_part {
            true => Health::Degraded,
            false => Health::Operational,
        }
    }

    fn part(&mut self, now: DateTime<Utc>, terms: &BreakerTerms) -> &mut Counts {
        let length = (terms.window / PARTS).max(TimeDelta::seconds(1));
        while self.parts.front().is_some_and(|(begin, _)| now - *begin >= terms.window) {
            self.parts.pop_front();
        }
        if self.parts.back().is_none_or(|(begin, _)| now - *begin >= length) {
            self.parts.push_back((now, Counts::default()));
        }
        let last = self.parts.len().saturating_sub(1);
        &mut self.parts[last].1
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TERMS: BreakerTerms = BreakerTerms {
        failures: 5,
        window: TimeDelta::seconds(300),
        min_calls: 20,
        failure_percent: 50,
        open: TimeDelta::seconds(30),
        open_max: TimeDelta::seconds(600),
    };

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn sent(calls: &[(i64, Call)]) -> CallWindow {
        let mut window = CallWindow::default();
        calls.iter().for_each(|(second, call)| window.sent(*call, at(*second), &TERMS));
        window
    }

    #[test]
    fn failures_in_a_row_trip_and_an_answer_between_them_does_not() {
        use Call::{Answered, Limited, Misconfigured, Unanswered};
        let five: Vec<_> = (0..5).map(|n| (n, Unanswered)).collect();
        assert!(!sent(&five[..4]).trips(at(4), &TERMS));
        assert!(sent(&five).trips(at(5), &TERMS));
        let with = |third: Call| [five[0], five[1], (2, third), five[3], five[4], (5, Unanswered)];
        assert!(!sent(&with(Answered)).trips(at(6), &TERMS));
        assert!(sent(&with(Limited)).trips(at(6), &TERMS), "haste is neither");
        assert!(sent(&with(Misconfigured)).trips(at(6), &TERMS));
    }

    #[test]
    fn failures_that_are_far_apart_are_not_in_a_row() {
        let hourly: Vec<_> = (0..9).map(|n| (n * 3600, Call::Unanswered)).collect();
        assert!(!sent(&hourly).trips(at(8 * 3600), &TERMS));
        assert_eq!(sent(&hourly[..2]).in_a_row(at(2 * 3600), &TERMS), 0);
    }

    #[test]
    fn half_of_many_trip_and_half_of_few_do_not() {
        let half = |n: i64| -> Vec<_> {
            (0..n).map(|i| (i, if i % 2 == 0 { Call::Unanswered } else { Call::Answered })).collect()
        };
        assert!(!sent(&half(19)).trips(at(19), &TERMS));
        assert!(sent(&half(20)).trips(at(20), &TERMS));
        assert!(!sent(&half(20)).trips(at(400), &TERMS), "it is long ago");
    }

    #[test]
    fn what_is_asked_in_vain_is_trouble_and_trips_nothing() {
        let mut window = CallWindow::default();
        (0..50).for_each(|second| window.asked(false, at(second), &TERMS));
        assert!(!window.trips(at(50), &TERMS));
        assert_eq!(window.health(at(50), &TERMS), Health::Degraded);
        assert_eq!(sent(&[(0, Call::Answered)]).health(at(1), &TERMS), Health::Operational);
    }

    proptest! {
        /// Counts are those of the calls within the window, but for the part that is being forgotten.
        #[test]
        fn the_window_forgets_what_is_older(gaps in prop::collection::vec(0..60_i64, 1..200)) {
            let (mut window, mut now, mut calls) = (CallWindow::default(), 0, Vec::new());
            for (n, gap) in gaps.iter().enumerate() {
                now += gap;
                let call = if n % 3 == 0 { Call::Unanswered } else { Call::Answered };
                window.sent(call, at(now), &TERMS);
                calls.push((now, call));
                let counts = window.counts(at(now), &TERMS);
                let within = |age: i64| calls.iter().filter(|(then, _)| now - then < age).count() as u64;
                let counted = counts.answered + counts.failed();
                prop_assert!(counted <= within(300) && counted >= within(270), "{counted}");
                prop_assert!(window.parts.len() <= 11);
            }
        }
    }
}
