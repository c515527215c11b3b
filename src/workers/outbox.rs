//! One lane of the outbox: claims what is due, keeps it, and writes down what became of it.

use std::sync::Arc;
use std::time::Duration;

use store::outbox::{self, Claimed};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::services::promises;

/// Runs until `stop`, then waits for what it has claimed.
pub async fn run(app: App, lane: String, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(app.config.workers.outbox_concurrency));
    let tasks = TaskTracker::new();
    let wake = app.wakes.lane(&lane);
    let mut moves = app.clock.moves();
    while !stop.is_cancelled() {
        let claimed = claim(&app, &lane, &places).await;
        if claimed.is_empty() {
            tokio::select! {
                () = stop.cancelled() => break,
                () = wake.notified() => {}
                _ = moves.changed() => {}
                () = tokio::time::sleep(Duration::from_millis(app.config.workers.poll_ms)) => {}
            }
        }
        for (promise, place) in claimed {
            let app = app.clone();
            tasks.spawn(async move {
                promises::keep(&app, &promise).await;
                drop(place);
            });
        }
    }
    tasks.close();
    tasks.wait().await;
}

/// As many as there are places for; a free place waits for nobody.
async fn claim(app: &App, lane: &str, places: &Arc<Semaphore>) -> Vec<(Claimed, OwnedSemaphorePermit)> {
    let Ok(first) = places.clone().acquire_owned().await else { return vec![] };
    let mut free = vec![first];
    while let Ok(place) = places.clone().try_acquire_owned() {
        free.push(place);
    }
    match claim_due(app, lane, free.len()).await {
        Ok(claimed) => claimed.into_iter().zip(free).collect(),
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                outbox.lane = lane,
                "promises could not be claimed"
            );
            tokio::time::sleep(Duration::from_secs(1)).await;
            vec![]
        }
    }
}

async fn claim_due(app: &App, lane: &str, limit: usize) -> Result<Vec<Claimed>, store::StoreError> {
    let now = app.clock.now();
    if !outbox::is_due(&mut app.db.read().await?.conn(), lane, now).await? {
        return Ok(vec![]);
    }
    let mut tx = app.db.begin().await?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let claimed = outbox::claim(&mut tx, lane, now, app.config.workers.lease_s, limit).await?;
    tx.commit().await?;
    Ok(claimed)
}
