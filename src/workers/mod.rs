//! Loops that drain: promises of the outbox, callbacks of the inbox, rates and statements read outside, and the book's
//! own housekeeping.
//!
//! Each lane of the outbox (a provider, text messages, our own work) has a loop with places of its own, so that a dead
//! provider slows nobody else. Whatever stops a worker, the lease ends and another takes the work up again.

pub mod alerts;
pub mod housekeeping;
pub mod inbox;
pub mod outbox;
pub mod rates;
pub mod statements;

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// Lanes beside those of the providers.
const OWN_LANES: [&str; 4] = ["sms", "internal", "alert_webhook", "alert_mail"];

/// Wakes the loops when a commit left work for them.
#[derive(Clone, Default)]
pub struct Wakes {
    lanes: Arc<std::sync::Mutex<HashMap<String, Arc<Notify>>>>,
    inbox: Arc<Notify>,
}

impl Wakes {
    /// After a commit: promises in these lanes, and whether a callback came.
    pub fn wake(&self, lanes: &[String], received: bool) {
        for lane in lanes {
            self.lane(lane).notify_one();
        }
        if received {
            self.inbox.notify_one();
        }
    }

    /// Returns when a callback came.
    pub(crate) async fn inbox(&self) {
        self.inbox.notified().await;
    }

    pub(crate) fn lane(&self, name: &str) -> Arc<Notify> {
        let mut lanes = self.lanes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        lanes.entry(name.to_owned()).or_default().clone()
    }
}

/// The running loops; stopping lets what was claimed come to its end.
pub struct Workers {
    loops: JoinSet<()>,
    stop: CancellationToken,
}

impl Workers {
    /// Starts every loop of this gateway; those of the outbox and the inbox only where the settings give them places.
    pub fn start(app: &App) -> Workers {
        let stop = CancellationToken::new();
        let mut loops = JoinSet::new();
        let settings = &app.config.workers;
        for lane in lanes(app).into_iter().filter(|_| settings.outbox_concurrency > 0) {
            loops.spawn(outbox::run(app.clone(), lane, stop.clone()));
        }
        if settings.inbox_concurrency > 0 {
            loops.spawn(inbox::run(app.clone(), stop.clone()));
        }
        loops.spawn(alerts::tell(app.clone(), stop.clone()));
        loops.spawn(alerts::check(app.clone(), stop.clone()));
        loops.spawn(housekeeping::seal(app.clone(), stop.clone()));
        loops.spawn(housekeeping::rotate(app.clone(), stop.clone()));
        loops.spawn(housekeeping::forget(app.clone(), stop.clone()));
        loops.spawn(rates::run(app.clone(), stop.clone()));
        loops.spawn(statements::run(app.clone(), stop.clone()));
        loops.spawn(housekeeping::measure(app.clone(), stop.clone()));
        loops.spawn(housekeeping::screen(app.clone(), stop.clone()));
        Workers { loops, stop }
    }

    /// Stops claiming and waits for what is under way.
    pub async fn stop(mut self) {
        self.stop.cancel();
        while self.loops.join_next().await.is_some() {}
    }
}

/// Every lane that may hold a promise.
fn lanes(app: &App) -> Vec<String> {
    let mut lanes: Vec<String> =
        app.providers.iter().map(|entry| entry.capabilities().provider.as_str().to_owned()).collect();
    lanes.extend(OWN_LANES.map(str::to_owned));
    lanes.sort_unstable();
    lanes.dedup();
    lanes
}
