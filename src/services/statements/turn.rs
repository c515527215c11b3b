//! One turn of the job: what is written in it is written only while nobody else has taken it over.

use chrono::{DateTime, TimeDelta, Utc};
use domain::AlertKind;
use store::jobs::{self, Run};
use store::provider_lines::{self, Kept, ProviderLine};
use store::statement_reads::{self, StatementRead};
use store::{StoreError, Tx};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::services::alerts::{Seen, TELL};

/// Longer than a page takes; each page prolongs it.
const LEASE: TimeDelta = TimeDelta::minutes(3);
/// The longest text of what went wrong that is kept.
const LONGEST_ERROR: usize = 300;

/// A turn that this gateway holds.
pub(super) struct Turn<'a> {
    pub app: &'a App,
    /// Told when the gateway stops: no further page is asked for.
    pub stop: &'a CancellationToken,
    token: i64,
}

impl<'a> Turn<'a> {
    /// `None` when it is not due or another holds it.
    pub async fn take(
        app: &'a App,
        holder: &str,
        stop: &'a CancellationToken,
    ) -> Result<Option<Turn<'a>>, StoreError> {
        let now = app.clock.now();
        let mut tx = app.db.begin().await?;
        let token = jobs::claim(&mut tx, super::NAME, holder, now, now + LEASE).await?;
        tx.commit().await?;
        Ok(token.map(|token| Turn { app, stop, token }))
    }

    /// Keeps lines and how far they lead, in one commit, and raises what they say differently than before. `false`:
    /// another has taken over, and nothing is written.
    pub async fn keep(&self, read: &mut StatementRead, lines: &[ProviderLine]) -> Result<bool, StoreError> {
        let mut tx = self.app.db.begin().await?;
        let now = self.app.clock.now();
        if !jobs::renew(&mut tx, super::NAME, self.token, now + LEASE).await? {
            return Ok(false);
        }
        let kept = provider_lines::keep(&mut tx, lines).await?;
        count(read, lines, &kept);
        self.tell(&mut tx, read, &kept).await?;
        read.updated_at = now;
        statement_reads::save(&mut tx, read).await?;
        tx.commit().await?;
        if !kept.changed.is_empty() {
            self.app.wakes.lane(TELL).notify_one();
        }
        let provider = read.provider.as_str();
        let new = u64::try_from(kept.new.len()).unwrap_or_default();
        metrics::counter!("statement_lines_total", "provider" => provider).increment(new);
        Ok(true)
    }

    /// Notes that nothing could be read this time, and why. `false` as in [`Turn::keep`].
    pub async fn fail(&self, read: &mut StatementRead, error: &str) -> Result<bool, StoreError> {
        let clean = error.chars().filter(|letter| !letter.is_control()).take(LONGEST_ERROR).collect();
        read.error = Some(clean);
        let (provider, wallet) = (read.provider.as_str(), read.wallet.as_str());
        metrics::counter!("statement_failures_total", "provider" => provider).increment(1);
        tracing::warn!(
            call.provider = provider,
            call.wallet = wallet,
            reason = error,
            "a statement is not read"
        );
        self.keep(read, &[]).await
    }

    async fn tell(&self, tx: &mut Tx, read: &StatementRead, kept: &Kept) -> Result<(), StoreError> {
        for key in &kept.changed {
            let subject = format!("{}:{}:{key}", read.provider, read.wallet);
            let seen = Seen::new(AlertKind::StatementChanged, subject).with("line", key);
            seen.with("provider", read.provider).with("wallet", &read.wallet).keep(self.app, tx).await?;
        }
        Ok(())
    }

    /// Gives the job back until `next_at`. `false`: another has taken it over.
    pub async fn end(self, next_at: DateTime<Utc>, outcome: &str) -> Result<bool, StoreError> {
        let run = Run { ended_at: self.app.clock.now(), next_at, outcome };
        let mut tx = self.app.db.begin().await?;
        let was_ours = jobs::finish(&mut tx, super::NAME, self.token, run).await?;
        tx.commit().await?;
        Ok(was_ours)
    }
}

/// Adds what is new to the wallet's figures. A sum that is too large for its column stays at the largest.
fn count(read: &mut StatementRead, lines: &[ProviderLine], kept: &Kept) {
    let mut counted = std::collections::BTreeSet::new();
    for line in lines {
        if kept.new.contains(&line.key) && counted.insert(&line.key) {
            read.net_minor = read.net_minor.saturating_add(line.net.minor());
            read.last_line_at = read.last_line_at.max(Some(line.occurred_at));
        }
    }
    let many = |keys: &[String]| i64::try_from(keys.len()).unwrap_or(i64::MAX);
    read.lines = read.lines.saturating_add(many(&kept.new));
    read.differences = read.differences.saturating_add(many(&kept.changed));
}
