//! What a simulator needs that stands alone: an address, a clock and faults.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use chrono::{DateTime, Utc};

use super::fault::{Faulty, faults};
use super::inbox::serve;

/// A clock that only moves when it is told to.
#[derive(Clone)]
pub struct TestClock(Arc<Mutex<DateTime<Utc>>>);

impl Default for TestClock {
    fn default() -> TestClock {
        TestClock(Arc::new(Mutex::new("2026-11-20T10:05:00Z".parse().unwrap())))
    }
}

impl TestClock {
    pub fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }

    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

/// Where a simulator is, when it is there, and what goes wrong with it.
pub struct Stage {
    pub url: String,
    pub clock: TestClock,
    pub faulty: Faulty,
}

impl Stage {
    /// Serves `router` behind the faults.
    pub async fn set(router: Router, clock: TestClock) -> Stage {
        let faulty = Faulty::default();
        let url = serve(router.layer(from_fn_with_state(faulty.clone(), faults))).await;
        Stage { url, clock, faulty }
    }
}
