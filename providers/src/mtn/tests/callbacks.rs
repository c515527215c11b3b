//! Callbacks: every one a hint, none believed.

use super::*;
use crate::Trust;

fn verified(body: &[u8]) -> crate::Verified {
    mtn().verify(&HeaderMap::new(), body, now()).unwrap()
}

#[test]
fn whatever_comes_is_a_hint_under_its_digest() {
    for body in [fixture("request_successful").body, b"".to_vec(), b"<html>".to_vec(), vec![0xff, 0xfe]] {
        let verified = verified(&body);
        assert_eq!(verified.trust, Trust::Hint);
        assert!(verified.event_key.starts_with("sha256:") && verified.event_key.len() == 71);
    }
    assert_eq!(verified(b"{}"), verified(b"{}"));
    assert_ne!(verified(b"{}"), verified(b"{ }"));
}

#[test]
fn a_callback_names_a_movement_at_most() {
    for trust in [Trust::Hint, Trust::Proven] {
        let callback = mtn().translate(&fixture("request_successful").body, trust).unwrap();
        assert_eq!((callback.reference, callback.kind.as_str()), (Some(reference()), "SUCCESSFUL"));
        assert_eq!((callback.outcome, callback.amount, callback.news), (None, None, None));
        assert_eq!((callback.provider_ref, callback.trust), (None, Trust::Hint));
    }
}

#[test]
fn odd_bodies_are_read_as_far_as_they_go() {
    for body in ["{}", "[]", "7", "null", r#"{"externalId":7,"status":[]}"#, r#"{"externalId":"ORDER-7"}"#] {
        let callback = mtn().translate(body.as_bytes(), Trust::Hint).unwrap();
        assert_eq!((callback.reference, callback.kind.as_str()), (None, "callback"), "{body}");
    }
    for body in [b"".as_slice(), b"<html>", b"{", b"\xff"] {
        assert!(mtn().translate(body, Trust::Hint).is_err());
    }
}
