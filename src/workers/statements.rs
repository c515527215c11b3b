//! Reads providers' statements when it is time: one gateway at a time, the others look whether it still does.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::services::statements;

/// How long a gateway that does not read waits until it looks again.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// Runs until `stop`; at once over when the settings say that nothing is read.
pub async fn run(app: App, stop: CancellationToken) {
    if app.config.statements.every_s == 0 {
        return;
    }
    let holder = app.ids.next().to_string();
    loop {
        let next = statements::read_when_due(&app, &holder, &stop).await.unwrap_or_else(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "statements could not be kept");
            None
        });
        let pause = async {
            match next {
                Some(instant) => app.clock.sleep_until(instant).await,
                None => app.clock.sleep(LOOK_AGAIN).await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = pause => {}
        }
    }
}
