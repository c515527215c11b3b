//! Genuine webhooks, and the ways to spoil one. None may pass.

use super::*;
use crate::testkit::Genuine;

fn genuine(wire: &Stripe) -> Genuine<'_> {
    Genuine {
        wire,
        header: "stripe-signature",
        separator: ".",
        secret: SECRET,
        now: now(),
        past_s: 300,
        future_s: 300,
        body: fixture("event_succeeded").body,
        wrong_secrets: &[
            ("another secret", "whsec_stranger"),
            ("the api key", "sk_test_invented"),
            ("the secret without prefix", "correct-horse"),
            ("the prefix alone", "whsec_"),
        ],
        changes: &[
            ("10950", "10951"),
            ("\"eur\"", "\"usd\""),
            (REFERENCE, "6f9619ff-8b86-4d01-b42d-00cf4fc964fe"),
            (INTENT, "pi_3Sx2"),
            ("payment_intent.succeeded", "payment_intent.canceled"),
            ("evt_1succeeded", "evt_2succeeded"),
        ],
        another: fixture("event_processing").body,
    }
}

#[test]
fn no_forgery_passes() {
    genuine(&stripe()).lets_no_forgery_pass(vec![]);
}

#[test]
fn a_signature_of_any_live_secret_proves() {
    genuine(&stripe()).is_proven_by(&[SECRET, OLD_SECRET], "evt_1succeeded");
}

#[test]
fn one_good_signature_among_several_is_enough_while_a_secret_is_rolled() {
    genuine(&stripe()).needs_one_good_signature();
}

#[test]
fn a_signature_lives_for_5_minutes_either_way() {
    genuine(&stripe()).lives_as_long_as_documented();
}

#[test]
fn an_odd_body_that_is_authentic_is_kept_under_its_digest() {
    let long = format!(r#"{{"id":"evt_{}"}}"#, "x".repeat(125));
    genuine(&stripe()).keeps_odd_bodies_under_their_digest(&[br#"{"id":"evt 1"}"#, long.as_bytes()]);
}

#[test]
fn an_account_without_secrets_accepts_nothing() {
    let closed = Stripe::new(StripeConfig { webhook_secrets: vec![], ..config() }).unwrap();
    let genuine = genuine(&closed);
    for secret in [SECRET, ""] {
        let request = genuine.over("", genuine.signed(secret, &genuine.body), genuine.body.clone());
        assert!(genuine.verify(&request).is_err());
    }
    assert!(!closed.capabilities().callbacks.signed);
}
