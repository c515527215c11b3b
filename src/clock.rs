//! Time and fresh names: the only place of the gateway that asks the machine for either.
//!
//! A [`Clock`] is real time plus an offset that a sandbox may move forward, never back. Instants are
//! cut to the microsecond, which both databases keep whole. Whoever sleeps by the clock wakes when
//! it is moved. [`Ids`] grow with the clock's time; references are random.
//!
//! Deliberately absent: stopwatches. A duration in a log or a metric is measured by
//! [`std::time::Instant`], which nobody moves.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use domain::Reference;
use tokio::sync::watch;
use uuid::{ContextV7, Timestamp, Uuid};

/// A handle on the gateway's time; clones show and move the same time.
#[derive(Clone, Debug)]
pub struct Clock {
    offset: watch::Sender<TimeDelta>,
}

/// The clock cannot be moved so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// Time that has been told stays told.
    #[error("the clock shows {now} and does not go back to {asked}")]
    Backwards {
        /// What it shows.
        now: DateTime<Utc>,
        /// What was asked for.
        asked: DateTime<Utc>,
    },
    /// Past the end of the calendar.
    #[error("the clock cannot be moved that far")]
    TooFar,
}

/// The latest instant that a clock can be moved to: the last that four digits of a year can write.
const LAST: &str = "9999-12-31T00:00:00Z";

impl Default for Clock {
    fn default() -> Clock {
        Clock { offset: watch::Sender::new(TimeDelta::zero()) }
    }
}

impl Clock {
    /// The present instant, cut to the microsecond.
    pub fn now(&self) -> DateTime<Utc> {
        let offset = *self.offset.borrow();
        machine_time().checked_add_signed(offset).unwrap_or(DateTime::<Utc>::MAX_UTC).trunc_subsecs(6)
    }

    /// How far the clock is ahead of real time.
    pub fn offset(&self) -> TimeDelta {
        *self.offset.borrow()
    }

    /// Moves the clock forward by `step` and tells what it shows then.
    ///
    /// Errors: [`ClockError::Backwards`] for a negative step, [`ClockError::TooFar`] past the year 9999.
    pub fn advance(&self, step: TimeDelta) -> Result<DateTime<Utc>, ClockError> {
        self.move_to(|now| now.checked_add_signed(step).ok_or(ClockError::TooFar))
    }

    /// Moves the clock to `instant`, from where it goes on.
    ///
    /// Errors: as [`Clock::advance`].
    pub fn set(&self, instant: DateTime<Utc>) -> Result<DateTime<Utc>, ClockError> {
        self.move_to(|_| Ok(instant))
    }

    fn move_to(
        &self,
        target: impl Fn(DateTime<Utc>) -> Result<DateTime<Utc>, ClockError>,
    ) -> Result<DateTime<Utc>, ClockError> {
        let mut moved = Err(ClockError::TooFar);
        self.offset.send_if_modified(|offset| {
            let real = machine_time();
            moved = steer(real, *offset, &target).map(|(next, shows)| {
                *offset = next;
                shows.trunc_subsecs(6)
            });
            moved.is_ok()
        });
        moved
    }

    /// Returns when the clock shows `instant` or later, by waiting or by being moved.
    pub async fn sleep_until(&self, instant: DateTime<Utc>) {
        let mut moves = self.offset.subscribe();
        while let Ok(left) = (instant - self.now()).to_std() {
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                _ = moves.changed() => {}
            }
        }
    }

    /// Returns after `wait` by the clock, by waiting or by being moved.
    pub async fn sleep(&self, wait: Duration) {
        let wait = TimeDelta::from_std(wait).unwrap_or(TimeDelta::MAX);
        let until = self.now().checked_add_signed(wait).unwrap_or(DateTime::<Utc>::MAX_UTC);
        self.sleep_until(until).await;
    }

    /// Changes whenever the clock is moved: for loops that wait for several things.
    pub fn moves(&self) -> watch::Receiver<TimeDelta> {
        self.offset.subscribe()
    }
}

/// The offset that makes a clock, now `offset` ahead of `real`, show its target, and that target.
fn steer(
    real: DateTime<Utc>,
    offset: TimeDelta,
    target: impl Fn(DateTime<Utc>) -> Result<DateTime<Utc>, ClockError>,
) -> Result<(TimeDelta, DateTime<Utc>), ClockError> {
    let now = real.checked_add_signed(offset).ok_or(ClockError::TooFar)?;
    let asked = target(now)?;
    if asked < now {
        return Err(ClockError::Backwards { now, asked });
    }
    if LAST.parse::<DateTime<Utc>>().is_ok_and(|last| asked > last) {
        return Err(ClockError::TooFar);
    }
    Ok((asked - real, asked))
}

#[allow(clippy::disallowed_methods, reason = "the one place that asks the machine for the time")]
fn machine_time() -> DateTime<Utc> {
    Utc::now()
}

/// Fresh identifiers; clones share one sequence.
#[derive(Clone, Debug)]
pub struct Ids {
    clock: Clock,
    sequence: Arc<Mutex<ContextV7>>,
}

impl Ids {
    /// Identifiers that carry the time of `clock`.
    pub fn new(clock: Clock) -> Ids {
        Ids { clock, sequence: Arc::new(Mutex::new(ContextV7::new())) }
    }

    /// The clock whose time the identifiers carry.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// A UUID v7 of the clock's time: each is larger than the one before, from whichever clone.
    pub fn next(&self) -> Uuid {
        let now = self.clock.now();
        let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
        Uuid::new_v7(Timestamp::from_unix(&*self.sequence, seconds, now.timestamp_subsec_nanos()))
    }

    /// A movement's reference: random, so that nobody guesses another's.
    pub fn reference(&self) -> Reference {
        Reference::from_uuid(Uuid::new_v4())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_cut_to_the_microsecond() {
        let clock = Clock::default();
        assert!((0..1000).all(|_| clock.now().timestamp_subsec_nanos().is_multiple_of(1000)));
    }

    #[test]
    fn clones_are_moved_together_and_go_on() {
        let (clock, before) = (Clock::default(), Clock::default().now());
        let other = clock.clone();
        let shown = clock.advance(TimeDelta::days(1)).unwrap();
        assert!(other.now() >= shown && shown - before >= TimeDelta::days(1));
        let later = other.now() + TimeDelta::hours(1);
        assert_eq!(other.set(later), Ok(later));
        assert!(clock.now() >= later && clock.now() < later + TimeDelta::minutes(1));
        assert!(clock.offset() > TimeDelta::days(1));
    }

    #[test]
    fn time_does_not_go_back_nor_off_the_calendar() {
        let clock = Clock::default();
        let before = clock.now();
        assert!(matches!(clock.advance(TimeDelta::seconds(-1)), Err(ClockError::Backwards { .. })));
        assert!(matches!(clock.set(before - TimeDelta::days(1)), Err(ClockError::Backwards { .. })));
        assert_eq!(clock.advance(TimeDelta::MAX), Err(ClockError::TooFar));
        assert_eq!(clock.set(DateTime::<Utc>::MAX_UTC), Err(ClockError::TooFar));
        assert_eq!(clock.offset(), TimeDelta::zero());
    }

    #[tokio::test]
    async fn sleepers_wake_when_the_clock_is_moved() {
        let clock = Clock::default();
        let asleep = tokio::spawn({
            let clock = clock.clone();
            let until = clock.now() + TimeDelta::days(30);
            async move { clock.sleep_until(until).await }
        });
        clock.advance(TimeDelta::days(29)).unwrap();
        tokio::task::yield_now().await;
        assert!(!asleep.is_finished(), "a day is left");
        clock.advance(TimeDelta::days(2)).unwrap();
        tokio::time::timeout(Duration::from_secs(10), asleep).await.unwrap().unwrap();
        clock.sleep_until(clock.now() - TimeDelta::days(1)).await;
        clock.sleep(Duration::ZERO).await;
    }

    #[test]
    fn ids_grow_and_carry_the_clock_s_time() {
        let clock = Clock::default();
        let ids = Ids::new(clock.clone());
        let other = ids.clone();
        let mut drawn: Vec<Uuid> = (0..1000).flat_map(|_| [ids.next(), other.next()]).collect();
        clock.advance(TimeDelta::days(1)).unwrap();
        drawn.push(ids.next());
        assert!(drawn.windows(2).all(|pair| pair[0] < pair[1]));
        let (seconds, _) = drawn[2000].get_timestamp().unwrap().to_unix();
        let shown = u64::try_from(clock.now().timestamp()).unwrap();
        assert!(shown - seconds < 60);
        assert_ne!(ids.reference(), ids.reference());
        assert_eq!(ids.reference().uuid().get_version_num(), 4);
    }
}
