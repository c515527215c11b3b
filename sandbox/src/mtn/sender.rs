//! MTN, as the courier knows it: an address per request, no signature, one attempt.
//!
//! The current portal sends a callback once. An older page repeats it: 20 times each second, 30
//! times every two minutes, then hourly, here for a day (*chosen*). Environments choose, so MTN is
//! two senders, of which only the first has anything to do by itself.

use chrono::TimeDelta;

use super::{movement, settle};
use crate::app::Desk;
use crate::clock::Instant;
use crate::courier::{Schedule, Sender};

/// MTN's name in the books and among faults.
pub const NAME: &str = "mtn";
/// The name of the sender that repeats itself.
pub const LADDER: &str = "mtn-ladder";

/// The pauses of the older page before they are hours.
const PAUSES_S: [i64; 50] = {
    let mut pauses = [120; 50];
    let mut place = 0;
    while place < 20 {
        pauses[place] = 1;
        place += 1;
    }
    pauses
};

/// Tries once.
#[derive(Debug)]
pub struct Mtn;

/// Tries for a day.
#[derive(Debug)]
pub struct MtnLadder;

impl Sender for Mtn {
    fn name(&self) -> &'static str {
        NAME
    }

    fn schedule(&self) -> Schedule {
        Schedule::ONCE
    }

    fn settle(&self, desk: &Desk<'_>) -> rusqlite::Result<()> {
        settle::all_due(desk)
    }

    fn next_due(&self, desk: &Desk<'_>) -> rusqlite::Result<Option<Instant>> {
        movement::next_due(desk.tx)
    }

    fn account_word(&self) -> &'static str {
        "environment"
    }
}

impl Sender for MtnLadder {
    fn name(&self) -> &'static str {
        LADDER
    }

    fn schedule(&self) -> Schedule {
        Schedule { pauses_s: &PAUSES_S, then_s: 3600, window: TimeDelta::days(1) }
    }

    fn settle(&self, _: &Desk<'_>) -> rusqlite::Result<()> {
        Ok(())
    }

    fn next_due(&self, _: &Desk<'_>) -> rusqlite::Result<Option<Instant>> {
        Ok(None)
    }

    fn account_word(&self) -> &'static str {
        "environment"
    }
}
