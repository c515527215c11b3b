//! A breaker: what a wallet does not answer is not sent to it for a while, and then one movement is sent to see.
//!
//! ```text
//! closed ──failures──► open ──time──► half open ──answered──► closed
//!                       ▲                 │
//!                       └── not answered, for longer
//! ```
//!
//! Half open belongs to one movement, the probe, by its reference, until it was heard of or its time is over. What is
//! only asked about never closes a breaker, because looking up may work where sending does not; but where asking was
//! in vain too and works again, the probe need not wait any longer.
//!
//! Deliberately absent: counting what fails (see [`crate::health`]), and where a breaker is kept.

use chrono::{DateTime, TimeDelta, Utc};

use crate::Reference;
use crate::health::Call;

/// How long a probe may take to be heard of; then another one is sent.
const PROBE: TimeDelta = TimeDelta::seconds(120);

/// When a breaker opens and how long it stays so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerTerms {
    /// It opens after so many failures in a row, none longer than `window` after the one before.
    pub failures: u32,
    /// How far back calls are counted.
    pub window: TimeDelta,
    /// It opens too when of so many calls within the window …
    pub min_calls: u32,
    /// … so many percent failed.
    pub failure_percent: u32,
    /// The first time it is open for so long, then twice as long each time …
    pub open: TimeDelta,
    /// … but no longer than this.
    pub open_max: TimeDelta,
}

/// What may be sent to a wallet now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Breaker {
    /// Everything.
    #[default]
    Closed,
    /// Nothing before `until`, then one movement.
    Open {
        /// When it opened first.
        since: DateTime<Utc>,
        until: DateTime<Utc>,
        /// How often in a row, from 1.
        opens: i64,
        /// Whether asking is in vain too.
        silent: bool,
    },
    /// The probe alone, until it was heard of; another one from `until` on.
    HalfOpen { since: DateTime<Utc>, until: DateTime<Utc>, opens: i64, probe: Reference },
}

/// What a breaker says to a movement that wants to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Go.
    Free,
    /// Go: it is the probe.
    Mine,
    /// Whoever takes [`Breaker::probing`] first is the probe.
    Probe,
    /// Not before this.
    Wait { until: DateTime<Utc> },
}

impl Breaker {
    /// The word in storage and in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Breaker::Closed => "closed",
            Breaker::Open { .. } => "open",
            Breaker::HalfOpen { .. } => "half_open",
        }
    }

    /// Whether everything may be sent.
    pub const fn is_closed(self) -> bool {
        matches!(self, Breaker::Closed)
    }

    /// Since when not everything may be sent.
    pub const fn since(self) -> Option<DateTime<Utc>> {
        match self {
            Breaker::Closed => None,
            Breaker::Open { since, .. } | Breaker::HalfOpen { since, .. } => Some(since),
        }
    }

    /// When the next one is sent at the latest.
    pub const fn until(self) -> Option<DateTime<Utc>> {
        match self {
            Breaker::Closed => None,
            Breaker::Open { until, .. } | Breaker::HalfOpen { until, .. } => Some(until),
        }
    }

    /// A closed one opens.
    pub fn opened(now: DateTime<Utc>, terms: &BreakerTerms) -> Breaker {
        Breaker::reopened(now, now, 1, terms)
    }

    /// What it says to the movement `who`.
    pub fn admission(self, who: Reference, now: DateTime<Utc>) -> Admission {
        match self {
            Breaker::Closed => Admission::Free,
            Breaker::HalfOpen { probe, .. } if probe == who => Admission::Mine,
            Breaker::Open { until, .. } | Breaker::HalfOpen { until, .. } if now < until => {
                Admission::Wait { until }
            }
            Breaker::Open { .. } | Breaker::HalfOpen { .. } => Admission::Probe,
        }
    }

    /// `who` becomes the probe, where it may.
    pub fn probing(self, who: Reference, now: DateTime<Utc>) -> Option<Breaker> {
        let (Admission::Probe, Breaker::Open { since, opens, .. } | Breaker::HalfOpen { since, opens, .. }) =
            (self.admission(who, now), self)
        else {
            return None;
        };
        Some(Breaker::HalfOpen { since, until: now + PROBE, opens, probe: who })
    }

    /// What was heard of the movement `who`: of the probe, it closes or opens again. `None`: no change.
    ///
    /// A probe that was refused for pace alone is tried again after the same time.
    pub fn heard(
        self,
        who: Reference,
        call: Call,
        now: DateTime<Utc>,
        terms: &BreakerTerms,
    ) -> Option<Breaker> {
        let Breaker::HalfOpen { since, opens, probe, .. } = self else { return None };
        if probe != who {
            return None;
        }
        Some(match call {
            Call::Answered => Breaker::Closed,
            Call::Limited => Breaker::reopened(since, now, opens, terms),
            Call::Unanswered | Call::Misconfigured => Breaker::reopened(since, now, opens + 1, terms),
        })
    }

    /// Something was asked about. An answer after silence ends the waiting, not the breaker. `None`: no change.
    pub fn asked(self, is_answered: bool, now: DateTime<Utc>) -> Option<Breaker> {
        match self {
            Breaker::Open { since, until, opens, silent: false } if !is_answered => {
                Some(Breaker::Open { since, until, opens, silent: true })
            }
            Breaker::Open { since, until, opens, silent: true } if is_answered => {
                Some(Breaker::Open { since, until: until.min(now), opens, silent: false })
            }
            _ => None,
        }
    }

    fn reopened(since: DateTime<Utc>, now: DateTime<Utc>, opens: i64, terms: &BreakerTerms) -> Breaker {
        let doublings = u32::try_from(opens.saturating_sub(1).clamp(0, 20)).unwrap_or(0);
        let wait = terms.open.checked_mul(1_i32 << doublings).unwrap_or(terms.open_max);
        Breaker::Open { since, until: now + wait.min(terms.open_max), opens, silent: false }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const TERMS: BreakerTerms = BreakerTerms {
        failures: 3,
        window: TimeDelta::seconds(300),
        min_calls: 10,
        failure_percent: 50,
        open: TimeDelta::seconds(30),
        open_max: TimeDelta::seconds(600),
    };

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn who(n: u128) -> Reference {
        Reference::from_uuid(Uuid::from_u128(n))
    }

    #[test]
    fn it_waits_twice_as_long_each_time_and_closes_when_its_probe_is_answered() {
        let mut breaker = Breaker::opened(at(0), &TERMS);
        let (mut now, mut waits) = (at(0), Vec::new());
        for _ in 0..7 {
            let until = breaker.until().unwrap();
            assert_eq!(breaker.admission(who(1), until - TimeDelta::seconds(1)), Admission::Wait { until });
            waits.push((until - now).num_seconds());
            now = until;
            breaker = breaker.probing(who(1), now).unwrap();
            breaker = breaker.heard(who(1), Call::Unanswered, now, &TERMS).unwrap();
        }
        assert_eq!(waits, [30, 60, 120, 240, 480, 600, 600]);
        assert_eq!(breaker.since(), Some(at(0)));
        let now = breaker.until().unwrap();
        let probing = breaker.probing(who(2), now).unwrap();
        assert_eq!(probing.heard(who(2), Call::Answered, now, &TERMS), Some(Breaker::Closed));
    }

    #[test]
    fn a_probe_that_is_never_heard_of_is_replaced() {
        let probing = Breaker::opened(at(0), &TERMS).probing(who(1), at(30)).unwrap();
        assert_eq!(probing.admission(who(2), at(149)), Admission::Wait { until: at(150) });
        assert_eq!(probing.admission(who(1), at(149)), Admission::Mine);
        let second = probing.probing(who(2), at(150)).unwrap();
        assert_eq!(second.heard(who(1), Call::Answered, at(151), &TERMS), None, "no longer the probe");
        assert_eq!(second.heard(who(2), Call::Answered, at(151), &TERMS), Some(Breaker::Closed));
    }

    #[test]
    fn an_answer_after_silence_ends_the_waiting_only() {
        let open = Breaker::opened(at(0), &TERMS);
        assert_eq!(open.asked(true, at(5)), None, "looking up works all the time");
        let silent = open.asked(false, at(5)).unwrap();
        assert_eq!(silent.asked(false, at(6)), None);
        let hopeful = silent.asked(true, at(9)).unwrap();
        assert_eq!(hopeful.admission(who(1), at(9)), Admission::Probe);
        assert!(!hopeful.is_closed());
        assert_eq!(hopeful.asked(true, at(10)), None);
    }

    #[test]
    fn haste_makes_a_probe_wait_as_long_again() {
        let probing = Breaker::opened(at(0), &TERMS).probing(who(1), at(30)).unwrap();
        let again = probing.heard(who(1), Call::Limited, at(31), &TERMS).unwrap();
        assert_eq!(again.until(), Some(at(61)));
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Try(u128),
        Heard(u128, Call),
        Asked(bool),
        Pass(i64),
    }

    fn step() -> impl Strategy<Value = Step> {
        let call = prop::sample::select(Call::ALL);
        prop_oneof![
            (0..4_u128).prop_map(Step::Try),
            (0..4_u128, call).prop_map(|(who, call)| Step::Heard(who, call)),
            any::<bool>().prop_map(Step::Asked),
            (1..400_i64).prop_map(Step::Pass),
        ]
    }

    proptest! {
        /// Whatever happens: it lets out one at a time, never for longer than the longest wait, and only an answered
        /// probe closes it.
        #[test]
        fn one_at_a_time_leaves_an_open_breaker(steps in prop::collection::vec(step(), 1..80)) {
            let (mut breaker, mut now) = (Breaker::opened(at(0), &TERMS), 0);
            let mut out: Option<(u128, i64)> = None;
            for step in steps {
                match step {
                    Step::Pass(seconds) => now += seconds,
                    Step::Try(n) => match breaker.admission(who(n), at(now)) {
                        Admission::Probe => {
                            prop_assert!(out.is_none_or(|(_, since)| now - since >= 120), "two are out");
                            breaker = breaker.probing(who(n), at(now)).unwrap();
                            out = Some((n, now));
                        }
                        Admission::Mine => prop_assert_eq!(out.map(|(who, _)| who), Some(n)),
                        Admission::Wait { until } => {
                            prop_assert!(breaker.probing(who(n), at(now)).is_none());
                            prop_assert!(until > at(now) && until <= at(now) + TERMS.open_max);
                        }
                        Admission::Free => prop_assert!(false, "an open breaker lets nobody go freely"),
                    },
                    Step::Heard(n, call) => {
                        let next = breaker.heard(who(n), call, at(now), &TERMS);
                        prop_assert_eq!(next.is_some(), out.is_some_and(|(who, _)| who == n));
                        if next == Some(Breaker::Closed) {
                            prop_assert_eq!(call, Call::Answered);
                            return Ok(());
                        }
                        if let Some(next) = next {
                            (breaker, out) = (next, None);
                        }
                    }
                    Step::Asked(is_answered) => {
                        let next = breaker.asked(is_answered, at(now)).unwrap_or(breaker);
                        prop_assert!(!next.is_closed() && next.until() <= breaker.until());
                        breaker = next;
                    }
                }
            }
        }
    }
}
