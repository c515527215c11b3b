//! The simulators' clock: real time plus an offset that people and tests may move.
//!
//! Sessions expire, payouts settle and callbacks are repeated by this clock, so a day passes in a
//! call. Handles are cheap clones of one clock; whoever waits for it hears of every move. The
//! clock keeps ticking after a move. Instants are cut to the microsecond.
//!
//! Deliberately absent: persistence. A restarted simulator is back at real time, because a
//! gateway beside it is too, and signatures compare the two.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

/// An instant of the simulated world.
pub type Instant = DateTime<Utc>;

/// A handle on one movable clock.
#[derive(Clone, Debug)]
pub struct Clock {
    offset_us: Arc<AtomicI64>,
    moves: watch::Sender<u64>,
}

impl Default for Clock {
    fn default() -> Clock {
        Clock { offset_us: Arc::default(), moves: watch::Sender::new(0) }
    }
}

impl Clock {
    /// The instant by this clock, in whole microseconds.
    pub fn now(&self) -> Instant {
        let offset = TimeDelta::microseconds(self.offset_us.load(Ordering::SeqCst));
        from_micros(micros(wall()).saturating_add(offset.num_microseconds().unwrap_or(0)))
    }

    /// Moves the clock forward; the largest step is about 292 thousand years.
    pub fn advance(&self, step: Duration) {
        let step = i64::try_from(step.as_micros()).unwrap_or(i64::MAX);
        let _ = self
            .offset_us
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |offset| Some(offset.saturating_add(step)));
        self.moves.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Sets the clock to `instant`, which may lie before its present time.
    pub fn set(&self, instant: Instant) {
        let offset = micros(instant).saturating_sub(micros(wall()));
        self.offset_us.store(offset, Ordering::SeqCst);
        self.moves.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// A receiver that changes whenever somebody moves the clock.
    pub fn moves(&self) -> watch::Receiver<u64> {
        self.moves.subscribe()
    }
}

#[allow(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
fn wall() -> Instant {
    Utc::now()
}

/// Microseconds since the Unix epoch: how the books keep an instant.
pub fn micros(instant: Instant) -> i64 {
    instant.timestamp_micros()
}

/// The instant of [`micros`]; beyond what a calendar can hold it is the epoch.
pub fn from_micros(micros: i64) -> Instant {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

/// `YYYY-MM-DDThh:mm:ssZ`: how Wave writes an instant, to the second.
pub fn to_the_second(instant: Instant) -> String {
    instant.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moved_clock_keeps_ticking_and_tells_who_waits() {
        let clock = Clock::default();
        let other = clock.clone();
        let mut moves = other.moves();
        let before = clock.now();
        clock.advance(Duration::from_secs(3600));
        assert!(moves.has_changed().unwrap());
        moves.mark_unchanged();
        let gone = other.now() - before;
        assert!(gone >= TimeDelta::seconds(3600) && gone < TimeDelta::seconds(3660), "{gone}");

        let start = from_micros(1_000_000);
        clock.set(start);
        assert!(moves.has_changed().unwrap());
        assert!(other.now() >= start && other.now() < start + TimeDelta::seconds(60));
        assert_eq!(to_the_second(start), "1970-01-01T00:00:01Z");
    }
}
