//! Webhooks that are what they seem.

use super::*;
use crate::{Trust, Verified};

fn verify(
    headers: &[(&'static str, &str)],
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<Verified, &'static str> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, value.parse().unwrap());
    }
    stripe().verify(&map, body, now).map_err(|refused| refused.reason)
}

#[test]
fn the_signature_matches_an_independent_computation() {
    // Python: hmac.new(b"whsec_correct-horse", b"1795169100." + b'{"id":"evt_1"}', "sha256").hexdigest()
    let header = "t=1795169100,v1=16084459d06a89d26220a9d61ab7a78886486b91192b40a143aee0db0baae6ad";
    assert!(verify(&[("stripe-signature", header)], br#"{"id":"evt_1"}"#, now()).is_ok());
    assert!(verify(&[("stripe-signature", header)], br#"{"id":"evt_2"}"#, now()).is_err());
}

#[test]
fn what_is_no_event_is_unreadable() {
    for body in [b"".as_slice(), b"[]", b"null", b"{}", br#"{"id":"evt_1"}"#, br#"{"type":"x"}"#, b"\xff"] {
        assert!(stripe().translate(body, Trust::Proven).is_err());
    }
}
