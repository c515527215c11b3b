//! Reads the rate service when it is time: one gateway at a time, the others look whether it still does.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::services::rates::feed;

/// How long a gateway that does not read waits until it looks again.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Runs until `stop`; at once over when the settings name no pair.
pub async fn run(app: App, stop: CancellationToken) {
    let holder = app.ids.next().to_string();
    while app.rate_source.is_some() {
        let next = feed::read_when_due(&app, &holder).await.unwrap_or_else(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "rates could not be kept");
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
