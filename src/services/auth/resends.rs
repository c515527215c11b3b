//! Who was sent a code a moment ago and has not used it: asking again has to wait.
//!
//! This spares people double messages; it is not what bounds their cost, so it lives in memory, and a restart or
//! another gateway forgets it. Numbers are held as blind indexes.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// Numbers remembered at most; beyond, those whose wait is over are dropped, and then all.
const REMEMBERED: usize = 100_000;

/// Numbers that have an unused code on its way.
#[derive(Debug)]
pub struct Resends {
    wait: TimeDelta,
    asked: Mutex<HashMap<[u8; 32], DateTime<Utc>>>,
}

impl Resends {
    /// Asking again is possible after `wait`.
    pub fn new(wait: TimeDelta) -> Resends {
        Resends { wait, asked: Mutex::default() }
    }

    /// Notes that `number` asks at `now`, or says how long it has to wait. Of any number that race, one is noted.
    pub fn ask(&self, number: [u8; 32], now: DateTime<Utc>) -> Result<(), Duration> {
        let mut asked = self.locked();
        if let Some(left) = asked.get(&number).and_then(|at| (*at + self.wait - now).to_std().ok())
            && !left.is_zero()
        {
            return Err(left);
        }
        if asked.len() >= REMEMBERED {
            asked.retain(|_, at| *at + self.wait > now);
        }
        if asked.len() >= REMEMBERED {
            asked.clear();
        }
        asked.insert(number, now);
        Ok(())
    }

    /// The code was used, or none was sent: `number` may ask at once.
    pub fn forget(&self, number: &[u8; 32]) {
        self.locked().remove(number);
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<[u8; 32], DateTime<Utc>>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_waits_until_its_code_is_used_or_old() {
        let resends = Resends::new(TimeDelta::seconds(60));
        let at = |s: i64| DateTime::from_timestamp(1_800_000_000 + s, 0).unwrap();
        let (one, other) = ([1; 32], [2; 32]);
        assert_eq!(resends.ask(one, at(0)), Ok(()));
        assert_eq!(resends.ask(one, at(15)), Err(Duration::from_secs(45)));
        assert_eq!(resends.ask(other, at(15)), Ok(()));
        assert_eq!(resends.ask(one, at(60)), Ok(()), "the wait is counted from what was sent");
        assert_eq!(resends.ask(one, at(61)), Err(Duration::from_secs(59)));
        resends.forget(&one);
        assert_eq!(resends.ask(one, at(61)), Ok(()));
    }
}
