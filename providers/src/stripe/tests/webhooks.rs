//! Webhooks that are what they seem.

use super::forgeries::sign;
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
fn a_signature_of_any_live_secret_proves() {
    let body = fixture("event_succeeded").body;
    let t = now().timestamp();
    for secret in [SECRET, OLD_SECRET] {
        let header = format!("t={t},v1={}", sign(secret, t, &body));
        let verified = verify(&[("stripe-signature", &header)], &body, now()).unwrap();
        assert_eq!(verified, Verified { event_key: "evt_1succeeded".into(), trust: Trust::Proven });
    }
}

#[test]
fn one_good_signature_among_several_is_enough_while_a_secret_is_rolled() {
    let body = fixture("event_succeeded").body;
    let t = now().timestamp();
    let good = sign(SECRET, t, &body);
    let bad = sign("whsec_another", t, &body);
    for header in [
        format!("t={t},v1={bad},v1={good}"),
        format!("t={t},v1={good},v1={bad}"),
        format!("t={t},v1={good},v0={bad}"),
        format!("v1={good},t={t}"),
        format!("t={t}, v1={good}"),
        format!("t={t},v0=abc,v1={good},unknown"),
    ] {
        assert!(verify(&[("stripe-signature", &header)], &body, now()).is_ok(), "{header}");
    }
}

#[test]
fn the_signature_matches_an_independent_computation() {
    // Python: hmac.new(b"whsec_correct-horse", b"1795169100." + b'{"id":"evt_1"}', "sha256").hexdigest()
    let header = "t=1795169100,v1=16084459d06a89d26220a9d61ab7a78886486b91192b40a143aee0db0baae6ad";
    assert!(verify(&[("stripe-signature", header)], br#"{"id":"evt_1"}"#, now()).is_ok());
    assert!(verify(&[("stripe-signature", header)], br#"{"id":"evt_2"}"#, now()).is_err());
}

#[test]
fn a_signature_lives_for_5_minutes_either_way() {
    let body = fixture("event_succeeded").body;
    for (offset, accepted) in [(-301, false), (-300, true), (0, true), (300, true), (301, false)] {
        let t = now().timestamp() + offset;
        let header = format!("t={t},v1={}", sign(SECRET, t, &body));
        assert_eq!(verify(&[("stripe-signature", &header)], &body, now()).is_ok(), accepted, "{offset}");
    }
}

#[test]
fn an_odd_body_that_is_authentic_is_kept_under_its_digest() {
    let t = now().timestamp();
    let long = format!(r#"{{"id":"evt_{}"}}"#, "x".repeat(125));
    for body in [
        b"".as_slice(),
        b"[]",
        b"not json",
        br#"{"type":"x"}"#,
        br#"{"id":7}"#,
        br#"{"id":""}"#,
        br#"{"id":"a","id":"b"}"#,
        br#"{"id":"evt 1"}"#,
        b"\xff\xfe",
        long.as_bytes(),
    ] {
        let header = format!("t={t},v1={}", sign(SECRET, t, body));
        let verified = verify(&[("stripe-signature", &header)], body, now()).unwrap();
        assert!(verified.event_key.starts_with("sha256:") && verified.event_key.len() == 71, "{verified:?}");
    }
}

#[test]
fn what_is_no_event_is_unreadable() {
    for body in [b"".as_slice(), b"[]", b"null", b"{}", br#"{"id":"evt_1"}"#, br#"{"type":"x"}"#, b"\xff"] {
        assert!(stripe().translate(body, Trust::Proven).is_err());
    }
}
