//! Whether this gateway can take money work now.
//!
//! Each check tries the thing itself: a write that is rolled back, the schema, the space on the disk. What fails is
//! named by a word that a program can read.

use std::time::Duration;

use store::budgets;

use crate::app::App;

/// How long the book may take to let us write before it counts as not writable.
const PATIENCE: Duration = Duration::from_secs(2);

/// What stands in the way; nothing when the gateway is ready.
pub async fn obstacles(app: &App) -> Vec<&'static str> {
    let mut found = Vec::new();
    if *app.writer.fatal().borrow() {
        found.push("book_failed");
    }
    match tokio::time::timeout(PATIENCE, writes(app)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "the book is not writable");
            found.push("database_not_writable");
        }
        Err(_) => found.push("database_too_slow"),
    }
    if !found.contains(&"database_not_writable")
        && store::migrate::pending(&app.db).await.is_ok_and(|pending| !pending.is_empty())
    {
        found.push("migrations_pending");
    }
    if disk_is_low(app) {
        found.push("disk_low");
    }
    found
}

/// A write that leaves nothing behind.
async fn writes(app: &App) -> Result<(), store::StoreError> {
    let mut tx = app.db.begin().await?;
    budgets::spend(&mut tx, "readiness", app.clock.now(), 1).await?;
    Ok(())
}

/// Is there less free space beside the book than its reserve? What cannot be measured is not called low.
pub fn disk_is_low(app: &App) -> bool {
    let reserve = app.config.limits.disk_reserve_mb.saturating_mul(1024 * 1024);
    match rustix::fs::statvfs(&app.config.data_dir) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize) < reserve,
        Err(_) => false,
    }
}
