//! `t=<unix seconds>,v1=<hex>[,v1=<hex>…]`: the signature that several providers use, each its own way.
//!
//! An HMAC-SHA256 over `t` as written, a separator and the raw body; the secret is used as text,
//! prefix included. Several `v1` come while a secret is rolled; parts of any other name prove
//! nothing. A provider is a [`Scheme`]: what differs is the separator and how far the time may be
//! from ours.

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use crate::Unauthentic;

/// More signatures than any rotation brings are not worth computing.
const MOST_SIGNATURES: usize = 8;

/// The one value of a header; two would let somebody in between choose which is checked.
pub(crate) fn single(headers: &HeaderMap, name: HeaderName) -> Result<Option<&str>, Unauthentic> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            value.to_str().map(Some).map_err(|_| Unauthentic { reason: "a header is not plain text" })
        }
        (Some(_), Some(_)) => Err(Unauthentic { reason: "a header comes twice" }),
    }
}

/// One provider's way of signing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scheme {
    /// What stands between the time and the body.
    pub(crate) separator: &'static str,
    /// How old a signature may be, in seconds.
    pub(crate) past_s: i64,
    /// How far ahead of our clock it may be, in seconds.
    pub(crate) future_s: i64,
}

impl Scheme {
    /// The header's value for a body that is sent at `t`.
    pub(crate) fn header(self, secret: &str, t: i64, body: &[u8]) -> String {
        format!("t={t},v1={}", self.mac(secret, &t.to_string(), body))
    }

    /// Whether any of the header's signatures was made by any of the secrets over exactly this body,
    /// recently.
    ///
    /// Every pair is compared, in constant time. Errors: a fixed text that says what was wrong.
    pub(crate) fn check(
        self,
        secrets: &[SecretString],
        header: &str,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<(), &'static str> {
        let parts = Parts::read(header)?;
        let mut matched = Choice::from(0);
        for secret in secrets {
            let expected = self.mac(secret.expose_secret(), parts.t, body);
            for given in &parts.v1 {
                matched |= expected.as_bytes().ct_eq(given.as_bytes());
            }
        }
        if !bool::from(matched) {
            return Err("no signature matches");
        }
        // Time comes last: a stale forgery and a fresh one look the same from outside.
        match now.timestamp().checked_sub(parts.at) {
            Some(age) if age > self.past_s => Err("signature is too old"),
            Some(age) if age >= -self.future_s => Ok(()),
            _ => Err("signature is from the future"),
        }
    }

    fn mac(self, secret: &str, t: &str, body: &[u8]) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
            unreachable!("HMAC takes keys of any length")
        };
        mac.update(t.as_bytes());
        mac.update(self.separator.as_bytes());
        mac.update(body);
        hex::encode(mac.finalize().into_bytes())
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

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEME: Scheme = Scheme { separator: ",", past_s: 300, future_s: 30 };
    const NOW: i64 = 1_700_000_000;

    fn check(scheme: Scheme, secrets: &[&str], header: &str, body: &[u8]) -> Result<(), &'static str> {
        let secrets: Vec<SecretString> = secrets.iter().map(|secret| (*secret).into()).collect();
        scheme.check(&secrets, header, body, DateTime::from_timestamp(NOW, 0).unwrap())
    }

    #[test]
    fn the_message_is_time_separator_and_body() {
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac whsec_test; then without the dot, under `secret`
        for (separator, secret, expected) in [
            (".", "whsec_test", "38877139021993b830af32feea6e18a8da83eb2f6e49ee50bd9e4cf4ca4d3789"),
            ("", "secret", "f3a15680551495e7d27302c4d19e4cbedc650f19fa5b40373c00cbea52a64406"),
        ] {
            let scheme = Scheme { separator, ..SCHEME };
            assert_eq!(scheme.header(secret, NOW, b"{\"a\":1}"), format!("t={NOW},v1={expected}"));
        }
    }

    #[test]
    fn any_secret_may_have_signed_and_the_window_is_the_schemes_own() {
        let signed = |t| SCHEME.header("new", t, b"{}");
        for (t, verdict) in [
            (NOW - 301, Err("signature is too old")),
            (NOW - 300, Ok(())),
            (NOW + 30, Ok(())),
            (NOW + 31, Err("signature is from the future")),
        ] {
            assert_eq!(check(SCHEME, &["old", "new"], &signed(t), b"{}"), verdict, "{t}");
        }
        assert_eq!(check(SCHEME, &["old"], &signed(NOW), b"{}"), Err("no signature matches"));
        assert_eq!(check(SCHEME, &["new"], &signed(NOW), b"{ }"), Err("no signature matches"));
        assert_eq!(check(SCHEME, &[], &signed(NOW), b"{}"), Err("no signature matches"));
        let other = Scheme { separator: ".", ..SCHEME };
        assert_eq!(check(other, &["new"], &signed(NOW), b"{}"), Err("no signature matches"));
        let two = SCHEME.header("old", NOW, b"{}").replace(",v1=", ",v0=x, v1=00,v1=");
        assert_eq!(check(SCHEME, &["old"], &two, b"{}"), Ok(()));
        let twice = format!("t=1,{}", signed(NOW));
        assert_eq!(check(SCHEME, &["new"], &twice, b"{}"), Err("signature has two timestamps"));
    }
}
