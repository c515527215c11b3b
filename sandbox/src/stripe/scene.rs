//! A desk at which Stripe works, with the request that caused the work if there is one.

use std::collections::HashSet;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::config::StripeAccountConfig;
use crate::app::Desk;
use crate::clock::Instant;

/// The request that caused an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    /// `req_…`.
    pub id: String,
    /// Its idempotency key.
    pub idempotency_key: Option<String>,
}

/// Work in one transaction at one instant.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'t> {
    /// Where it is done.
    pub desk: &'t Desk<'t>,
    /// The request behind it; `None` for what Stripe does by itself.
    pub cause: Option<&'t Cause>,
    /// The test clock whose time it is; `None` by the simulators' own clock.
    pub clock: Option<&'t str>,
}

impl<'t> Scene<'t> {
    /// Work that nobody asked the API for.
    pub fn by_itself(desk: &'t Desk<'t>) -> Scene<'t> {
        Scene { desk, cause: None, clock: None }
    }

    /// The account.
    pub fn account(&self) -> &'t StripeAccountConfig {
        &self.desk.app.config.stripe
    }

    /// The instant by the simulators' clock, whatever clock this work is done by.
    pub fn wall(&self) -> Instant {
        let wall = self.desk.app.clock.now();
        if self.clock.is_some() { wall } else { wall.max(self.desk.now) }
    }

    /// Seconds since the epoch.
    pub fn seconds(&self) -> i64 {
        self.desk.now.timestamp()
    }
}

impl<'t> Deref for Scene<'t> {
    type Target = Desk<'t>;

    fn deref(&self) -> &Desk<'t> {
        self.desk
    }
}

/// An instant of Stripe's, in whole seconds.
pub fn instant_of(seconds: i64) -> Instant {
    Instant::from_timestamp(seconds, 0).unwrap_or_default()
}

/// A text member; empty when absent or null.
pub fn text<'a>(doc: &'a Value, name: &str) -> &'a str {
    doc[name].as_str().unwrap_or_default()
}

/// An integer member; zero when absent or null.
pub fn int(doc: &Value, name: &str) -> i64 {
    doc[name].as_i64().unwrap_or_default()
}

/// What the simulator keeps outside the books: gone with the process.
#[derive(Debug, Default)]
pub struct Loose {
    under_way: Arc<Mutex<HashSet<String>>>,
}

impl Loose {
    /// Takes an idempotency key for as long as its request is under way; `None` when another
    /// request has it.
    pub fn begin(&self, key: &str) -> Option<UnderWay> {
        let mut keys = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let is_free = keys.insert(key.to_owned());
        is_free.then(|| UnderWay { key: key.to_owned(), keys: Arc::clone(&self.under_way) })
    }
}

/// A key that is taken until this is dropped.
#[derive(Debug)]
pub struct UnderWay {
    key: String,
    keys: Arc<Mutex<HashSet<String>>>,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}
