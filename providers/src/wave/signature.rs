//! `Wave-Signature: t=<unix seconds>,v1=<hex>[,v1=<hex>…]`, the same for requests and webhooks.
//!
//! The message is `t` as written, directly followed by the raw body: no dot, no separator. Much
//! public sample code has a dot, or signs the body alone; both are wrong. The secret is used as
//! text, prefix included. Source: docs.wave.com/webhook and /business, read 2026-11.

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

/// How old a signature may be, in seconds.
const PAST_S: i64 = 300;
/// How far ahead of our clock it may be, in seconds.
const FUTURE_S: i64 = 30;
/// More signatures than any rotation brings are not worth computing.
const MOST_SIGNATURES: usize = 8;

/// The header's value for a body that is sent at `t`.
pub(super) fn header(secret: &str, t: i64, body: &[u8]) -> String {
    format!("t={t},v1={}", mac(secret, &t.to_string(), body))
}

/// Whether any of the header's signatures was made by any of the secrets over exactly this body, recently.
///
/// Every pair is compared, in constant time. Errors: a fixed text that says what was wrong.
pub(super) fn check(
    secrets: &[SecretString],
    header: &str,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<(), &'static str> {
    let parts = Parts::read(header)?;
    let mut matched = Choice::from(0);
    for secret in secrets {
        let expected = mac(secret.expose_secret(), parts.t, body);
        for given in &parts.v1 {
            matched |= expected.as_bytes().ct_eq(given.as_bytes());
        }
    }
    if !bool::from(matched) {
        return Err("no signature matches");
    }
    // Time comes last: a stale forgery and a fresh one look the same from outside.
    match now.timestamp().checked_sub(parts.at) {
        Some(age) if age > PAST_S => Err("signature is too old"),
        Some(age) if age >= -FUTURE_S => Ok(()),
        _ => Err("signature is from the future"),
    }
}

/// A header taken apart; `t` stays as written because it is part of the message.
struct Parts<'h> {
    t: &'h str,
    at: i64,
    v1: Vec<&'h str>,
}

impl<'h> Parts<'h> {
    fn read(header: &'h str) -> Result<Parts<'h>, &'static str> {
        let mut t = None;
        let mut v1 = Vec::new();
        for part in header.split(',') {
            match part.trim_matches(' ').split_once('=') {
                Some(("t", value)) if t.replace(value).is_some() => {
                    return Err("signature has two timestamps");
                }
                Some(("v1", value)) if v1.len() < MOST_SIGNATURES => v1.push(value),
                _ => {}
            }
        }
        let t = t.ok_or("signature has no timestamp")?;
        let digits = (1..=12).contains(&t.len()) && t.bytes().all(|byte| byte.is_ascii_digit());
        let at = t.parse().ok().filter(|_| digits).ok_or("signature timestamp is not a number of seconds")?;
        match v1.is_empty() {
            true => Err("signature has no v1"),
            false => Ok(Parts { t, at, v1 }),
        }
    }
}

fn mac(secret: &str, t: &str, body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        unreachable!("HMAC takes keys of any length")
    };
    mac.update(t.as_bytes());
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}
