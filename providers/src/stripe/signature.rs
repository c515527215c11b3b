//! `Stripe-Signature: t=<unix seconds>,v1=<hex>[,v1=<hex>…][,v0=<hex>]`.
//!
//! The message is `t` as written, a dot, and the raw body. The secret is used as text, `whsec_`
//! included. Several `v1` come while a secret is rolled; `v0` is a test scheme that proves nothing.
//! Source: docs.stripe.com/webhooks/signature, read 2026-11.

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

/// How far the signature's time may be from ours, either way, in seconds.
const TOLERANCE_S: u64 = 300;
/// More signatures than any rotation brings are not worth computing.
const MOST_SIGNATURES: usize = 8;

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
    match now.timestamp().abs_diff(parts.at) <= TOLERANCE_S {
        true => Ok(()),
        false => Err("signature is too old or from the future"),
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
    mac.update(b".");
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}
