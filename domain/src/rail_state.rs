//! Whether something may be sent through one of our wallets now: its breaker, and whether a person paused it.
//!
//! Both are of a rail, a wallet and a direction, since a provider may pay out and not collect, and a person may want
//! the one stopped and not the other. Whatever leaves a wallet, refunds too, goes by [`Direction::Disburse`].
//!
//! Deliberately absent: floats, which [`WaitReason::FloatLow`] only names.

use chrono::{DateTime, TimeDelta, Utc};

use crate::breaker::{Admission, Breaker};
use crate::{MovementKind, Rail, Reference, Wallet};

/// What waits for a person is looked at again after so long, should nobody wake it.
const LOOK_AGAIN: TimeDelta = TimeDelta::minutes(10);

words! {
    /// Which way money goes, as seen from a wallet.
    pub enum Direction as "direction" {
        /// It comes in.
        Collect = "collect",
        /// It goes out.
        Disburse = "disburse",
    }
}

impl MovementKind {
    /// Which way a movement of this kind goes.
    pub const fn direction(self) -> Direction {
        match self {
            MovementKind::Collection => Direction::Collect,
            _ => Direction::Disburse,
        }
    }
}

words! {
    /// Why a movement is not sent yet.
    pub enum WaitReason as "wait reason" {
        /// The provider does not answer.
        RailDown = "rail_down",
        /// A person, or the drift switch, paused the rail.
        RailPaused = "rail_paused",
        /// Our float does not suffice.
        FloatLow = "float_low",
    }
}

/// That a movement is not sent yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    pub reason: WaitReason,
    /// When it is tried next; `None` when a person decides.
    pub until: Option<DateTime<Utc>>,
}

impl Wait {
    /// When to look again, if nobody says so before.
    pub fn due(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.until.unwrap_or(now + LOOK_AGAIN)
    }
}

/// Which wallet, for which rail, which way.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RailKey {
    pub rail: Rail,
    pub wallet: Wallet,
    pub direction: Direction,
}

impl std::fmt::Display for RailKey {
    /// As `mtn_momo:gn:disburse`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.rail, self.wallet, self.direction)
    }
}

/// That a person stopped it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// A user's id, or `gateway`.
    pub by: String,
    pub at: DateTime<Utc>,
    /// For staff.
    pub reason: String,
    /// When it ends by itself.
    pub until: Option<DateTime<Utc>>,
}

/// How one wallet stands in one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RailState {
    pub key: RailKey,
    pub breaker: Breaker,
    /// The last pause, which may be over: see [`RailState::paused`].
    pub pause: Option<Pause>,
    /// When a person last ended a pause.
    pub resumed_at: Option<DateTime<Utc>>,
    /// What went wrong last, in the words of the log; empty when nothing ever did.
    pub trouble: String,
    /// The last answer, and the last failure, as known when this was written.
    pub answered_at: Option<DateTime<Utc>>,
    pub failed_at: Option<DateTime<Utc>>,
    /// 0 when it was never written; each change adds one.
    pub version: i64,
}

/// What a movement that wants to be sent is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Go.
    Free,
    /// Go: it is the probe.
    Mine,
    /// Become the probe, and go.
    Probe,
    /// Not now.
    Wait(Wait),
}

impl RailState {
    /// One that nothing is known of.
    pub fn new(key: RailKey) -> RailState {
        RailState {
            key,
            breaker: Breaker::Closed,
            pause: None,
            resumed_at: None,
            trouble: String::new(),
            answered_at: None,
            failed_at: None,
            version: 0,
        }
    }

    /// The pause that is in force at `now`.
    pub fn paused(&self, now: DateTime<Utc>) -> Option<&Pause> {
        self.pause.as_ref().filter(|pause| pause.until.is_none_or(|until| now < until))
    }

    /// What the movement `who` is told. A pause stops the probe too.
    pub fn gate(&self, who: Reference, now: DateTime<Utc>) -> Gate {
        if let Some(pause) = self.paused(now) {
            return Gate::Wait(Wait { reason: WaitReason::RailPaused, until: pause.until });
        }
        match self.breaker.admission(who, now) {
            Admission::Free => Gate::Free,
            Admission::Mine => Gate::Mine,
            Admission::Probe => Gate::Probe,
            Admission::Wait { until } => {
                Gate::Wait(Wait { reason: WaitReason::RailDown, until: Some(until) })
            }
        }
    }

    /// Why nothing new can be promised by this way now. Once a probe is due somebody has to be it, so then it can.
    pub fn blocked(&self, now: DateTime<Utc>) -> Option<Wait> {
        if let Some(pause) = self.paused(now) {
            return Some(Wait { reason: WaitReason::RailPaused, until: pause.until });
        }
        match self.breaker {
            Breaker::Open { until, .. } if now < until => {
                Some(Wait { reason: WaitReason::RailDown, until: Some(until) })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::breaker::BreakerTerms;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn state() -> RailState {
        let wallet = Wallet::parse("gn").unwrap();
        RailState::new(RailKey { rail: Rail::MtnMomo, wallet, direction: Direction::Disburse })
    }

    #[test]
    fn a_pause_comes_before_the_breaker_and_ends_by_itself() {
        let terms = BreakerTerms {
            failures: 5,
            window: TimeDelta::seconds(300),
            min_calls: 20,
            failure_percent: 50,
            open: TimeDelta::seconds(30),
            open_max: TimeDelta::seconds(600),
        };
        let who = Reference::from_uuid(Uuid::from_u128(1));
        let mut state = state();
        assert_eq!(state.gate(who, at(0)), Gate::Free);
        state.breaker = Breaker::opened(at(0), &terms);
        let down = Wait { reason: WaitReason::RailDown, until: Some(at(30)) };
        assert_eq!((state.gate(who, at(1)), state.blocked(at(1))), (Gate::Wait(down), Some(down)));
        let pause = Pause { by: "x".into(), at: at(1), reason: "r".into(), until: Some(at(60)) };
        state.pause = Some(pause);
        let paused = Wait { reason: WaitReason::RailPaused, until: Some(at(60)) };
        assert_eq!(state.gate(who, at(40)), Gate::Wait(paused), "a probe is due and must not go");
        assert_eq!((state.gate(who, at(60)), state.blocked(at(60))), (Gate::Probe, None));
        if let Some(pause) = &mut state.pause {
            pause.until = None;
        }
        let wait = state.blocked(at(9_999)).unwrap();
        assert_eq!((wait.until, wait.due(at(0))), (None, at(600)));
    }
}
