//! Two loops of alerts: one looks the book over, the other promises to tell what is due.
//!
//! Which gateway looks is decided by a leased job; who tells an alert, by the row that its transaction locks.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::services::alerts::{TELL, checks, tell};

/// How often a loop looks whether a check is due; checks are seconds apart at the least.
const LOOK: Duration = Duration::from_secs(2);

/// Runs the checks until `stop`. The first waits its time, so that a gateway that was down catches up before.
pub async fn check(app: App, stop: CancellationToken) {
    let holder = app.ids.next().to_string();
    let mut moves = app.clock.moves();
    let first = app.clock.now() + chrono::TimeDelta::seconds(app.config.alerts.check_s);
    tokio::select! {
        () = stop.cancelled() => return,
        () = app.clock.sleep_until(first) => {}
    }
    loop {
        if let Err(error) = checks::run_due(&app, &holder).await {
            tracing::error!(error = &error as &dyn std::error::Error, "the book could not be looked over");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            _ = moves.changed() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Promises what is due until `stop`.
pub async fn tell(app: App, stop: CancellationToken) {
    let wake = app.wakes.lane(TELL);
    let mut moves = app.clock.moves();
    let pause = Duration::from_millis(app.config.workers.poll_ms);
    loop {
        if let Err(error) = tell::tell_due(&app).await {
            tracing::error!(error = &error as &dyn std::error::Error, "alerts could not be told");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = wake.notified() => {}
            _ = moves.changed() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}
