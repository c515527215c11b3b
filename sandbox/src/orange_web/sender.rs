//! Orange Web Payment, as the courier knows it.

use super::{pay, payment};
use crate::app::Desk;
use crate::clock::Instant;
use crate::config::SandboxConfig;
use crate::courier::{Schedule, Sender};

/// The name in the books, in the control surface and among faults.
pub const NAME: &str = "orange";

/// Orange Web Payment, as the courier knows it.
#[derive(Debug)]
pub struct OrangeWeb;

impl Sender for OrangeWeb {
    fn name(&self) -> &'static str {
        NAME
    }

    /// No document promises a second attempt.
    fn schedule(&self) -> Schedule {
        Schedule::ONCE
    }

    fn schedule_under(&self, config: &SandboxConfig) -> Schedule {
        config.orange_web.notifications
    }

    /// Transactions end, each at its own instant, and tokens expire.
    fn settle(&self, desk: &Desk<'_>) -> rusqlite::Result<()> {
        for running in payment::running_due(desk.tx, desk.now)? {
            let at = running.settles_at.unwrap_or(desk.now);
            pay::finish(&desk.at(at), running)?;
        }
        payment::expire_due(desk)?;
        Ok(())
    }

    fn next_due(&self, desk: &Desk<'_>) -> rusqlite::Result<Option<Instant>> {
        payment::next_end(desk.tx)
    }

    fn account_word(&self) -> &'static str {
        "merchant"
    }
}
