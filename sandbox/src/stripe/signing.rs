//! Stripe's signature: `t=…,v1=…`, where `v1` is an HMAC of the time, a dot and the body.
//!
//! The key is the whole secret, prefix included; one `v1` per secret in force.

use axum::http::HeaderName;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The header of events.
pub const HEADER: HeaderName = HeaderName::from_static("stripe-signature");

/// `hex(HMAC-SHA256(secret, t || "." || body))`.
pub fn v1(secret: &str, t: i64, body: &[u8]) -> String {
    // HMAC takes a key of any length, so the other arm never happens.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(format!("{t}.").as_bytes());
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

/// The header's value, with one `v1` per secret.
pub fn header(secrets: &[String], t: i64, body: &[u8]) -> String {
    let parts = secrets.iter().map(|secret| format!(",v1={}", v1(secret, t, body)));
    format!("t={t}{}", parts.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_stands_between_time_and_body() {
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac whsec_test
        let expected = "38877139021993b830af32feea6e18a8da83eb2f6e49ee50bd9e4cf4ca4d3789";
        assert_eq!(v1("whsec_test", 1_700_000_000, b"{\"a\":1}"), expected);
        let two = header(&["a".to_owned(), "b".to_owned()], 5, b"x");
        assert_eq!(two, format!("t=5,v1={},v1={}", v1("a", 5, b"x"), v1("b", 5, b"x")));
    }
}
