//! Tells whoever watches a transfer that it changed, inside this process.
//!
//! Another gateway's commits are not heard here, and a slow listener may miss some: watchers look at the book again
//! at least once a second, so that the feed only makes them faster.

use domain::TransferId;
use tokio::sync::broadcast;

/// Changes that a slow watcher may lag behind.
const BACKLOG: usize = 1024;

/// The changes of this process's commits, as transfer and version.
#[derive(Clone)]
pub struct Feed(broadcast::Sender<(TransferId, i64)>);

impl Default for Feed {
    fn default() -> Feed {
        Feed(broadcast::Sender::new(BACKLOG))
    }
}

impl Feed {
    pub fn tell(&self, changed: &[(TransferId, i64)]) {
        for change in changed {
            // Nobody listening is no fault.
            let _ = self.0.send(*change);
        }
    }

    /// From now on.
    pub fn watch(&self) -> broadcast::Receiver<(TransferId, i64)> {
        self.0.subscribe()
    }
}
