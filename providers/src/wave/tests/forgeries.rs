//! Genuine webhooks, and the ways to spoil one. None may pass.

use super::*;
use crate::testkit::{Forgery, Genuine};

fn genuine(wire: &Wave) -> Genuine<'_> {
    Genuine {
        wire,
        header: "wave-signature",
        separator: "",
        secret: WHS,
        now: now(),
        past_s: 300,
        future_s: 30,
        body: fixture("event_completed").body,
        wrong_secrets: &[
            ("another secret", "wave_sn_WHS_stranger"),
            ("the request-signing secret", AKS),
            ("the bearer secret", SHARED),
            ("the api key", "wave_sn_prod_key"),
            ("the secret without prefix", "correct-horse"),
        ],
        changes: &[
            ("/", "\\/"),
            ("12500", "12501"),
            ("XOF", "EUR"),
            (REFERENCE, "6f9619ff-8b86-4d01-b42d-00cf4fc964fe"),
            (SESSION, "cos-2f7k1m9xq100c"),
            ("EV_9fKq2LmZ0aBc", "EV_9fKq2LmZ0aBd"),
        ],
        another: fixture("event_payment_failed").body,
    }
}

fn bearing(name: &str, values: &[&str]) -> Forgery {
    let headers = values.iter().map(|value| ("authorization".to_owned(), (*value).to_owned())).collect();
    Forgery { name: name.to_owned(), headers, body: fixture("event_completed").body }
}

fn wrong_bearers() -> Vec<Forgery> {
    let values = [
        ("a stranger's bearer", "Bearer stranger".to_owned()),
        ("an empty bearer", "Bearer ".to_owned()),
        ("no scheme", SHARED.to_owned()),
        ("another scheme", format!("Basic {SHARED}")),
        ("lower-case scheme", format!("bearer {SHARED}")),
        ("two spaces", format!("Bearer  {SHARED}")),
        ("half a bearer", format!("Bearer {}", &SHARED[..10])),
        ("the api key as bearer", "Bearer wave_sn_prod_key".to_owned()),
    ];
    let mut made: Vec<_> = values.iter().map(|(name, value)| bearing(name, &[value])).collect();
    let good = format!("Bearer {SHARED}");
    made.push(bearing("two bearers", &[&good, &good]));
    let mut rescued = bearing("a bad signature is not rescued by a bearer", &[&good]);
    let bad = format!("t={},v1={}", now().timestamp(), "0".repeat(64));
    rescued.headers.push(("wave-signature".to_owned(), bad));
    made.push(rescued);
    made
}

#[test]
fn no_forgery_passes() {
    genuine(&wave()).lets_no_forgery_pass(wrong_bearers());
}

#[test]
fn a_signature_of_any_live_secret_proves() {
    genuine(&wave()).is_proven_by(&[WHS, OLD_WHS], "EV_9fKq2LmZ0aBc");
}

#[test]
fn one_good_signature_among_several_is_enough() {
    genuine(&wave()).needs_one_good_signature();
}

#[test]
fn a_signature_lives_from_30_seconds_ahead_to_5_minutes_past() {
    genuine(&wave()).lives_as_long_as_documented();
}

#[test]
fn an_odd_body_that_is_authentic_is_kept_under_its_digest() {
    genuine(&wave()).keeps_odd_bodies_under_their_digest(&[br#"{"id":"EV 1"}"#]);
}

#[test]
fn a_wallet_without_secrets_accepts_nothing() {
    let closed = Wave::new(WaveConfig { webhook: WebhookAuth::default(), ..config() }).unwrap();
    let genuine = genuine(&closed);
    for secret in [WHS, ""] {
        let request = genuine.over("", genuine.signed(secret, &genuine.body), genuine.body.clone());
        assert!(genuine.verify(&request).is_err());
    }
    for value in [format!("Bearer {SHARED}"), "Bearer ".to_owned()] {
        assert!(genuine.verify(&bearing("", &[&value])).is_err());
    }
}
