//! The book's own work: sealing what was committed, rotating stored answers, forgetting and measuring.

use std::time::Duration;

use store::ledger::sealer;
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// Committed entries are sealed within a second.
const SEAL: Duration = Duration::from_millis(500);
const ROTATE: Duration = Duration::from_secs(600);
const MEASURE: Duration = Duration::from_secs(10);
const FORGET: Duration = Duration::from_secs(3600);
/// Days that ended challenges, sessions and counters are kept, for questions about them.
const KEPT_D: i64 = 7;
/// Days that alerts which are over can be read.
const ALERTS_KEPT_D: i64 = 90;

/// Seals what was committed, until `stop`, and once more after it.
pub async fn seal(app: App, stop: CancellationToken) {
    let holder = app.ids.next().to_string();
    loop {
        let stopped = paused(SEAL, &stop).await;
        while let Some(true) = seal_once(&app, &holder).await {}
        if stopped {
            return;
        }
    }
}

/// Whether more waits than was sealed; `None` when it went wrong.
async fn seal_once(app: &App, holder: &str) -> Option<bool> {
    match sealer::seal(&app.db, &app.ids, holder).await {
        Ok(sealed) => Some(sealed.is_behind),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the book could not be sealed");
            None
        }
    }
}

/// Opens a new bucket of stored answers when the open one is old, and drops those out of life.
pub async fn rotate(app: App, stop: CancellationToken) {
    let mut moves = app.clock.moves();
    loop {
        if let Err(error) = store::idempotency::rotate(&app.db, app.clock.now()).await {
            tracing::error!(error = &error as &dyn std::error::Error, "stored answers could not be rotated");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            _ = moves.changed() => {}
            () = tokio::time::sleep(ROTATE) => {}
        }
    }
}

/// Forgets what nobody needs any more: challenges, sessions and counters that ended long ago.
pub async fn forget(app: App, stop: CancellationToken) {
    loop {
        if let Err(error) = purge(&app).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "what has ended could not be forgotten");
        }
        if paused(FORGET, &stop).await {
            return;
        }
    }
}

async fn purge(app: &App) -> Result<(), store::StoreError> {
    let before = app.clock.now() - chrono::TimeDelta::days(KEPT_D);
    let mut tx = app.db.begin().await?;
    store::otp::purge(&mut tx, before).await?;
    store::budgets::purge(&mut tx, before).await?;
    store::sessions::purge(&mut tx, before).await?;
    store::sms::purge(&mut tx, before).await?;
    store::alerts::purge(&mut tx, app.clock.now() - chrono::TimeDelta::days(ALERTS_KEPT_D)).await?;
    tx.commit().await
}

/// Shows what waits, for whoever watches the metrics.
pub async fn measure(app: App, stop: CancellationToken) {
    loop {
        if let Err(error) = gauge(&app).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "what waits could not be counted");
        }
        if paused(MEASURE, &stop).await {
            return;
        }
    }
}

/// Takes changed screening lists into use.
pub async fn screen(app: App, stop: CancellationToken) {
    let wait = Duration::from_secs(app.config.screening.reload_s);
    while !paused(wait, &stop).await {
        crate::services::screening::refresh(&app).await;
    }
}

async fn gauge(app: &App) -> Result<(), store::StoreError> {
    let mut reader = app.db.read().await?;
    for (status, count) in store::transfers::count_by_status(&mut reader.conn()).await? {
        metrics::gauge!("transfers", "status" => status).set(as_gauge(count));
    }
    let waiting = store::inbox::count_waiting(&mut reader.conn()).await?;
    metrics::gauge!("inbox_waiting").set(as_gauge(waiting));
    let waiting = store::outbox::count_waiting(&mut reader.conn()).await?;
    metrics::gauge!("outbox_waiting").set(as_gauge(waiting));
    let open = store::alerts::count_open(&mut reader.conn()).await?;
    for kind in domain::AlertKind::ALL {
        let count = open.iter().find(|(open, _)| open == kind.as_str()).map_or(0, |(_, count)| *count);
        metrics::gauge!("alerts_open", "kind" => kind.as_str()).set(as_gauge(count));
    }
    crate::services::rails::gauge(app, &mut reader.conn()).await?;
    metrics::gauge!("writer_queue").set(as_gauge(i64::try_from(app.writer.waiting()).unwrap_or(i64::MAX)));
    Ok(())
}

/// Counts, never money.
fn as_gauge(count: i64) -> f64 {
    f64::from(i32::try_from(count).unwrap_or(i32::MAX))
}

/// Waits; true when it is time to stop.
async fn paused(wait: Duration, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => true,
        () = tokio::time::sleep(wait) => false,
    }
}
