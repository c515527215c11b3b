//! Wave, as the courier knows it.
//!
//! Wave repeats an event until a 2xx or for three days; its schedule is unpublished and *chosen*
//! here: 10 s, 30 s, 1 min, 5 min, 15 min, 1 h, 3 h, 6 h after an attempt, then every 12 h.

use axum::http::header;
use chrono::TimeDelta;

use super::{settle, signing, webhooks};
use crate::app::Desk;
use crate::clock::{Instant, from_micros};
use crate::config::{Strategy, WaveWebhookConfig};
use crate::courier::{Delivery, Letter, Proof, Schedule, Sender};

/// Wave's name in the books and among faults.
pub const NAME: &str = "wave";

/// Wave, as the courier knows it.
#[derive(Debug)]
pub struct Wave;

impl Sender for Wave {
    fn name(&self) -> &'static str {
        NAME
    }

    fn schedule(&self) -> Schedule {
        const PAUSES_S: &[i64] = &[10, 30, 60, 300, 900, 3600, 10_800, 21_600];
        Schedule { pauses_s: PAUSES_S, then_s: 43_200, window: TimeDelta::days(3) }
    }

    fn letter(&self, desk: &Desk<'_>, delivery: &Delivery) -> rusqlite::Result<Option<Letter>> {
        let all = webhooks::of_wallet(desk.tx, delivery.account.as_deref().unwrap_or_default())?;
        let webhook = all.into_iter().find(|webhook| Some(&webhook.name) == delivery.webhook.as_ref());
        Ok(webhook.map(|webhook| letter(&webhook, &delivery.body, &delivery.proof, desk.now)))
    }

    fn settle(&self, desk: &Desk<'_>) -> rusqlite::Result<()> {
        settle::all_due(desk)
    }

    fn next_due(&self, desk: &Desk<'_>) -> rusqlite::Result<Option<Instant>> {
        let at: Option<i64> = desk
            .tx
            .prepare_cached(
                "SELECT min(at) FROM (
                    SELECT min(expires_at) AS at FROM sessions WHERE checkout_status = 'open'
                    UNION ALL SELECT min(settles_at) FROM payouts WHERE status = 'processing')",
            )?
            .query_row([], |row| row.get(0))?;
        Ok(at.map(from_micros))
    }

    fn account_word(&self) -> &'static str {
        "wallet"
    }
}

/// What goes to a webhook, with its proof at this instant.
pub fn letter(webhook: &WaveWebhookConfig, body: &str, proof: &Proof, now: Instant) -> Letter {
    let letter = Letter::to(webhook.url.clone());
    let is_shared = webhook.strategy == Strategy::Shared;
    // Nothing is signed under a shared secret, so there is no signature to borrow.
    let proof = if is_shared && matches!(proof, Proof::Borrowed { .. }) { &Proof::Stranger } else { proof };
    let Some(ink) = proof.ink(webhook.secrets_or_default(), body, now) else { return letter };
    match (webhook.strategy, ink.secrets.first()) {
        (Strategy::Signing, _) => {
            let value = signing::header(&ink.secrets, ink.t, ink.body.as_bytes());
            letter.with(signing::HEADER, &value)
        }
        (Strategy::Shared, Some(secret)) => letter.with(header::AUTHORIZATION, &format!("Bearer {secret}")),
        (Strategy::Shared, None) => letter,
    }
}
