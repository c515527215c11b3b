//! Stripe, as the courier knows it.
//!
//! An event is repeated until a 2xx or for three days, by a growing pause that Stripe does not
//! publish. *Chosen*: 10 s, 1 min, 5 min, 30 min, 2 h, 5 h, 10 h after an attempt, then every 12 h.

use axum::http::header;
use chrono::TimeDelta;

use super::{book, endpoint, settle, signing};
use crate::app::Desk;
use crate::clock::Instant;
use crate::courier::{Delivery, Letter, Schedule, Sender};

/// Stripe's name in the books and among faults.
pub const NAME: &str = "stripe";

/// Stripe, as the courier knows it.
#[derive(Debug)]
pub struct Stripe;

impl Sender for Stripe {
    fn name(&self) -> &'static str {
        NAME
    }

    fn schedule(&self) -> Schedule {
        const PAUSES_S: &[i64] = &[10, 60, 300, 1_800, 7_200, 18_000, 36_000];
        Schedule { pauses_s: PAUSES_S, then_s: 43_200, window: TimeDelta::days(3) }
    }

    fn letter(&self, desk: &Desk<'_>, delivery: &Delivery) -> rusqlite::Result<Option<Letter>> {
        let all = endpoint::all(desk.tx)?.into_iter().map(|endpoint| endpoint.portal);
        let Some(webhook) = all.into_iter().find(|webhook| Some(&webhook.name) == delivery.webhook.as_ref())
        else {
            return Ok(None);
        };
        let letter = Letter::to(webhook.url.clone())
            .with(header::CONTENT_TYPE, "application/json; charset=utf-8")
            .with(header::USER_AGENT, "Stripe/1.0 (+https://stripe.com/docs/webhooks)");
        let ink = delivery.proof.ink(webhook.secrets_or_default(), &delivery.body, desk.now);
        Ok(Some(match ink {
            Some(ink) => {
                let value = signing::header(&ink.secrets, ink.t, ink.body.as_bytes());
                letter.with(signing::HEADER, &value)
            }
            None => letter,
        }))
    }

    fn settle(&self, desk: &Desk<'_>) -> rusqlite::Result<()> {
        settle::all_due(desk)
    }

    fn next_due(&self, desk: &Desk<'_>) -> rusqlite::Result<Option<Instant>> {
        book::next_due(desk.tx)
    }
}
