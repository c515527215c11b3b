//! Cues: what in one scene must wait for the others, because it happens to the gateway and so to all of them.
//!
//! Nobody is killed before everybody else has paid, and no clock moves before the gateway is back. A scene that ends,
//! well or not, has given every cue of its own, so that nobody waits for it in vain.

use std::collections::BTreeSet;

use tokio::sync::watch;

/// Scenes that are still to be heard of.
#[derive(Debug)]
pub struct Cue(watch::Sender<BTreeSet<usize>>);

impl Cue {
    /// Waits for these scenes.
    pub fn of(scenes: impl IntoIterator<Item = usize>) -> Cue {
        Cue(watch::Sender::new(scenes.into_iter().collect()))
    }

    /// `scene` has come so far; saying it again changes nothing.
    pub fn give(&self, scene: usize) {
        self.0.send_if_modified(|missing| missing.remove(&scene));
    }

    /// Returns when every scene has.
    pub async fn given_by_all(&self) {
        // Fails only when the sender is gone, which is `self`.
        let _ = self.0.subscribe().wait_for(BTreeSet::is_empty).await;
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn a_cue_waits_for_the_last_one() {
        let cue = Cue::of([1, 2]);
        let is_given = || cue.given_by_all().now_or_never().is_some();
        assert!(!is_given());
        cue.give(1);
        cue.give(1);
        assert!(!is_given(), "one said it twice, the other not at all");
        cue.give(2);
        assert!(is_given());
        assert!(Cue::of([]).given_by_all().now_or_never().is_some());
    }
}
