//! Sonatel, as the courier knows it: Basic keys, signatures, and when it gives up.
//!
//! A 4xx ends a delivery for good; a timeout or any other answer that is no 2xx is tried again,
//! with the same `X-Sonatel-Idempotency-Key`. The schedule is unknown; *chosen*: 10 s, 1 min,
//! 5 min, 30 min and 2 h after an attempt, then every 6 h, for a day. `t` of a signature is the
//! instant of the attempt.

use axum::http::{HeaderName, header};
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit, Mac};
use rusqlite::OptionalExtension;
use sha2::Sha256;

use super::config::{DEFAULT_API_KEY, ProofMode};
use super::{callback, progress};
use crate::app::Desk;
use crate::clock::Instant;
use crate::courier::proof::Ink;
use crate::courier::{Delivery, Letter, Proof, Schedule, Sender};

/// Sonatel's name in the books and among faults.
pub const NAME: &str = "sonatel";

const SIGNATURE: HeaderName = HeaderName::from_static("x-sonatel-signature");
const KEY: HeaderName = HeaderName::from_static("x-sonatel-idempotency-key");

/// Sonatel, as the courier knows it.
#[derive(Debug)]
pub struct Sonatel;

impl Sender for Sonatel {
    fn name(&self) -> &'static str {
        NAME
    }

    fn schedule(&self) -> Schedule {
        const PAUSES_S: &[i64] = &[10, 60, 300, 1_800, 7_200];
        Schedule { pauses_s: PAUSES_S, then_s: 21_600, window: TimeDelta::days(1) }
    }

    fn is_final(&self, status: u16) -> bool {
        (400..500).contains(&status)
    }

    fn letter(&self, desk: &Desk<'_>, delivery: &Delivery) -> rusqlite::Result<Option<Letter>> {
        let registered = match &delivery.webhook {
            Some(code) => callback::find(desk.tx, code)?.map(|callback| callback.url),
            None => None,
        };
        let Some(url) = delivery.url.clone().or(registered) else { return Ok(None) };
        let settings = desk.app.sonatel.settings();
        let mut letter = Letter::to(url).with(KEY, &delivery.event_id);
        if settings.proof != ProofMode::Signature
            && let Some(key) = basic(desk, delivery, settings.proof)?
        {
            letter = letter.with(header::AUTHORIZATION, &format!("Basic {key}"));
        }
        if settings.proof != ProofMode::Basic
            && let Some(ink) = delivery.proof.ink(settings.secrets, &delivery.body, desk.now)
        {
            letter = letter.with(SIGNATURE, &signature(&ink));
        }
        Ok(Some(letter))
    }

    fn settle(&self, desk: &Desk<'_>) -> rusqlite::Result<()> {
        progress::settle(desk)
    }

    fn next_due(&self, desk: &Desk<'_>) -> rusqlite::Result<Option<Instant>> {
        progress::next_due(desk)
    }

    fn account_word(&self) -> &'static str {
        "wallet"
    }
}

/// The key after `Basic`: literally the merchant's own, not the base64 of anything.
///
/// An altered body keeps the key where a signature beside it shows the forgery, and has a wrong
/// one where nothing else would.
fn basic(desk: &Desk<'_>, delivery: &Delivery, mode: ProofMode) -> rusqlite::Result<Option<String>> {
    match delivery.proof {
        Proof::Nothing => return Ok(None),
        Proof::Stranger => return Ok(Some("a key that nobody shared".to_owned())),
        Proof::Borrowed { .. } if mode == ProofMode::Basic => {
            return Ok(Some("a key that nobody shared".to_owned()));
        }
        _ => {}
    }
    // A retailer registers no callback; its notifications carry a merchant's key.
    let own = delivery.account.as_deref().or(delivery.webhook.as_deref()).unwrap_or_default();
    let key: Option<String> = desk
        .tx
        .prepare_cached("SELECT api_key FROM sonatel_callbacks ORDER BY code <> ?1, code LIMIT 1")?
        .query_row([own], |row| row.get(0))
        .optional()?;
    Ok(Some(key.unwrap_or_else(|| DEFAULT_API_KEY.to_owned())))
}

/// `t=<unix seconds>,v1=<hex>` with one `v1` per secret, over `t`, a comma and the raw body.
fn signature(ink: &Ink<'_>) -> String {
    let v1 = ink.secrets.iter().filter_map(|secret| {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
        mac.update(format!("{},{}", ink.t, ink.body).as_bytes());
        Some(format!(",v1={}", hex::encode(mac.finalize().into_bytes())))
    });
    format!("t={}{}", ink.t, v1.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_stands_between_the_time_and_the_body() {
        // printf '1700000000,{"a":1}' | openssl dgst -sha256 -hmac secret
        let ink = Ink { secrets: vec!["secret".to_owned()], t: 1_700_000_000, body: r#"{"a":1}"# };
        let expected = "637c48ef386ee9f112d0c98ed0d833f54c5f11d0268203bf2a9dc946892fd7b0";
        assert_eq!(signature(&ink), format!("t=1700000000,v1={expected}"));
    }
}
