//! Wave's signature: `t=<unix seconds>,v1=<hex>`, over `t` and the raw body with nothing between.
//!
//! The same scheme signs requests (with a key's signing secret) and webhooks (with a webhook's
//! secrets, one `v1` each). Secrets are used as they are written, prefix included.

use axum::http::HeaderName;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// The header of both directions.
pub const HEADER: HeaderName = HeaderName::from_static("wave-signature");

const MAX_AGE_S: i64 = 300;
const MAX_AHEAD_S: i64 = 30;

/// Why a signature is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not `t=…,v1=…`.
    #[error("signature header is malformed")]
    Malformed,
    /// Older than five minutes.
    #[error("signature timestamp is too old")]
    Stale,
    /// More than thirty seconds ahead.
    #[error("signature timestamp is in the future")]
    Future,
    /// No `v1` fits the body.
    #[error("signature does not match the request body")]
    Wrong,
}

/// `hex(HMAC-SHA256(secret, t || body))`.
pub fn v1(secret: &str, t: i64, body: &[u8]) -> String {
    // HMAC takes a key of any length, so the other arm never happens.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(t.to_string().as_bytes());
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

/// The header's value, with one `v1` per secret.
pub fn header(secrets: &[String], t: i64, body: &[u8]) -> String {
    let parts = secrets.iter().map(|secret| format!(",v1={}", v1(secret, t, body)));
    format!("t={t}{}", parts.collect::<String>())
}

/// Checks a header against the bytes that came with it, at `now` in Unix seconds.
pub fn verify(header: &str, secret: &str, body: &[u8], now: i64) -> Result<(), SignatureError> {
    let mut t = None;
    let mut given = Vec::new();
    for part in header.split(',') {
        match part.trim().split_once('=') {
            Some(("t", value)) => t = value.parse::<i64>().ok(),
            Some(("v1", value)) => given.push(value),
            _ => return Err(SignatureError::Malformed),
        }
    }
    let t = t.filter(|_| !given.is_empty()).ok_or(SignatureError::Malformed)?;
    if now.saturating_sub(t) > MAX_AGE_S {
        return Err(SignatureError::Stale);
    }
    if t.saturating_sub(now) > MAX_AHEAD_S {
        return Err(SignatureError::Future);
    }
    let expected = v1(secret, t, body);
    let is_match = |value: &&str| bool::from(value.as_bytes().ct_eq(expected.as_bytes()));
    given.iter().any(is_match).then_some(()).ok_or(SignatureError::Wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_t_and_body_without_separator() {
        // printf '1700000000{"a":1}' | openssl dgst -sha256 -hmac secret
        let expected = "f3a15680551495e7d27302c4d19e4cbedc650f19fa5b40373c00cbea52a64406";
        assert_eq!(v1("secret", 1_700_000_000, b"{\"a\":1}"), expected);
    }

    #[test]
    fn any_v1_may_match_inside_the_window() {
        let (now, body) = (1_700_000_000, b"{}");
        let secrets = ["old".to_owned(), "new".to_owned()];
        let signed = |t| header(&secrets, t, body);
        assert_eq!(verify(&signed(now), "new", body, now), Ok(()));
        assert_eq!(verify(&signed(now - 300), "old", body, now), Ok(()));
        assert_eq!(verify(&signed(now + 30), "old", body, now), Ok(()));
        assert_eq!(verify(&signed(now - 301), "old", body, now), Err(SignatureError::Stale));
        assert_eq!(verify(&signed(now + 31), "old", body, now), Err(SignatureError::Future));
        assert_eq!(verify(&signed(now), "other", body, now), Err(SignatureError::Wrong));
        assert_eq!(verify(&signed(now), "new", b"{ }", now), Err(SignatureError::Wrong));
        for malformed in ["", "t=1", "v1=aa", "t=x,v1=aa", "nonsense"] {
            assert_eq!(verify(malformed, "new", body, now), Err(SignatureError::Malformed), "{malformed}");
        }
    }
}
