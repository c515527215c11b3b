//! The courier: one queue, one task, whoever's callbacks they are.
//!
//! A provider describes itself once as a [`Sender`] in [`SENDERS`]: its name, how often it tries,
//! which answers end a delivery, and where one goes. It promises callbacks with
//! [`queue::promise`], in the transaction of what they tell of; everything after is done here,
//! by the simulators' clock. A delivery goes to a named webhook, looked up at the instant of the
//! attempt, or to an address of its own, as a request may have named one.

pub mod journal;
pub mod proof;
pub mod queue;
mod task;
#[cfg(test)]
mod tests;

use std::fmt::Debug;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use chrono::TimeDelta;

use crate::app::Desk;
use crate::clock::Instant;
use crate::config::SandboxConfig;
use crate::{mtn, orange_web, sonatel, stripe, wave};
pub use proof::Proof;
pub use queue::Delivery;
pub use task::{post, run};

/// Every provider that does something by itself, or calls back.
pub static SENDERS: &[&dyn Sender] = &[
    &wave::sender::Wave,
    &stripe::sender::Stripe,
    &orange_web::sender::OrangeWeb,
    &mtn::sender::Mtn,
    &mtn::sender::MtnLadder,
    &sonatel::sender::Sonatel,
    #[cfg(test)]
    &tests::Office,
];

/// A provider, as the courier knows it.
pub trait Sender: Debug + Sync {
    /// Its name in the books, in the control surface and among faults.
    fn name(&self) -> &'static str;

    /// How often, and how long, it tries.
    fn schedule(&self) -> Schedule;

    /// The same where the simulators' settings may say otherwise.
    fn schedule_under(&self, _config: &SandboxConfig) -> Schedule {
        self.schedule()
    }

    /// Whether an answer that is not a 2xx ends a delivery all the same. Usually none does.
    fn is_final(&self, _status: u16) -> bool {
        false
    }

    /// Where a delivery goes, with every header that proves it, at this instant; `None` when its
    /// webhook was removed meanwhile. Unless a provider signs or has webhooks, a delivery goes to
    /// its own address.
    fn letter(&self, _desk: &Desk<'_>, delivery: &Delivery) -> rusqlite::Result<Option<Letter>> {
        Ok(delivery.url.clone().map(Letter::to))
    }

    /// Does everything whose time has come. Runs before every piece of work and whenever the
    /// courier wakes.
    fn settle(&self, desk: &Desk<'_>) -> rusqlite::Result<()>;

    /// When the next thing happens by itself, other than a delivery.
    fn next_due(&self, desk: &Desk<'_>) -> rusqlite::Result<Option<Instant>>;

    /// What the journal calls the account that a delivery belongs to.
    fn account_word(&self) -> &'static str {
        "account"
    }
}

/// Does everything whose time has come, at every provider.
pub fn settle(desk: &Desk<'_>) -> rusqlite::Result<()> {
    for sender in SENDERS {
        queue::give_up(desk, *sender)?;
        sender.settle(desk)?;
    }
    Ok(())
}

/// The provider of that name.
pub fn sender(name: &str) -> Option<&'static dyn Sender> {
    SENDERS.iter().copied().find(|sender| sender.name() == name)
}

/// When a delivery is tried again, counted from the last attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Seconds after the first attempt, after the second, and so on.
    pub pauses_s: &'static [i64],
    /// Seconds after every later attempt.
    pub then_s: i64,
    /// How long after its promise a callback may still be tried.
    pub window: TimeDelta,
}

impl Schedule {
    /// One attempt and no other.
    pub const ONCE: Schedule = Schedule { pauses_s: &[], then_s: 1, window: TimeDelta::zero() };

    /// The attempt after the one that was made `now`, when there may be another.
    fn next(&self, attempts: usize, born_at: Instant, now: Instant) -> Option<Instant> {
        let pause = self.pauses_s.get(attempts).copied().unwrap_or(self.then_s);
        let at = now + TimeDelta::seconds(pause);
        (at <= born_at + self.window).then_some(at)
    }
}

/// An address and the headers of one attempt.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Where it goes.
    pub url: String,
    /// Its headers, over which those of the delivery itself are written.
    pub headers: HeaderMap,
}

impl Letter {
    /// A JSON body to an address, unsigned.
    pub fn to(url: String) -> Letter {
        let json = HeaderValue::from_static("application/json");
        Letter { url, headers: HeaderMap::from_iter([(header::CONTENT_TYPE, json)]) }
    }

    /// With a header; a value that no header can carry is left out.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: &str) -> Letter {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

/// What came of an attempt.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Where it went.
    pub url: String,
    /// The receiver's status, or why there is none.
    pub result: Result<u16, String>,
}
