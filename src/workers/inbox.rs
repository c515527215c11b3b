//! Applies stored callbacks, several at a time, each once.

use std::time::Duration;

use futures::StreamExt;
use store::inbox::{self, ClaimedCallback};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::services::callbacks;

/// Runs until `stop`.
pub async fn run(app: App, stop: CancellationToken) {
    let mut moves = app.clock.moves();
    while !stop.is_cancelled() {
        let claimed = match claim_due(&app).await {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "callbacks could not be claimed");
                vec![]
            }
        };
        if claimed.is_empty() {
            tokio::select! {
                () = stop.cancelled() => break,
                () = app.wakes.inbox() => {}
                _ = moves.changed() => {}
                () = tokio::time::sleep(Duration::from_millis(app.config.workers.poll_ms)) => {}
            }
        }
        let width = app.config.workers.inbox_concurrency;
        futures::stream::iter(&claimed).for_each_concurrent(width, |callback| apply(&app, callback)).await;
    }
}

async fn claim_due(app: &App) -> Result<Vec<ClaimedCallback>, store::StoreError> {
    let now = app.clock.now();
    if !inbox::is_due(&mut app.db.read().await?.conn(), now).await? {
        return Ok(vec![]);
    }
    let limit = i64::try_from(app.config.workers.inbox_concurrency * 4).unwrap_or(64);
    let mut tx = app.db.begin().await?;
    let claimed = inbox::claim(&mut tx, now, app.config.workers.lease_s, limit).await?;
    tx.commit().await?;
    Ok(claimed)
}

async fn apply(app: &App, callback: &ClaimedCallback) {
    match callbacks::apply(app, callback).await {
        Ok(outcome) => tracing::info!(
            inbox.id = %callback.id,
            inbox.provider = callback.provider,
            inbox.outcome = outcome,
            "a callback was applied"
        ),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, inbox.id = %callback.id, "a callback waits");
            if let Err(error) = callbacks::defer(app, callback, &error).await {
                tracing::error!(error = &error as &dyn std::error::Error, inbox.id = %callback.id, "its lease must end first");
            }
        }
    }
}
