//! Webhooks that are what they seem, and what each event means.

use super::*;
use crate::{Callback, Trust, Verified};

fn verify(
    headers: &[(&'static str, &str)],
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<Verified, &'static str> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, value.parse().unwrap());
    }
    wave().verify(&map, body, now).map_err(|refused| refused.reason)
}

fn translate(name: &str, trust: Trust) -> Callback {
    wave().translate(&fixture(name).body, trust).unwrap()
}

#[test]
fn the_signature_matches_an_independent_computation() {
    // Python: hmac.new(b"wave_sn_WHS_correct-horse", b"1795169100" + b'{"id":"EV_1"}', "sha256").hexdigest()
    let header = "t=1795169100,v1=b6d2900b585aa50413fe4a5a6d1402fd22d7beb644e2492caea976d70ba8ac0a";
    assert!(verify(&[("wave-signature", header)], br#"{"id":"EV_1"}"#, now()).is_ok());
}

#[test]
fn a_bearer_secret_is_known_but_proves_nothing() {
    let body = fixture("event_completed").body;
    let verified = verify(&[("authorization", &format!("Bearer {SHARED}"))], &body, now()).unwrap();
    assert_eq!(verified.trust, Trust::Hint);
    let callback = translate("event_completed", Trust::Hint);
    assert_eq!(callback.outcome, None, "a hint makes us ask");
    assert_eq!((callback.reference, callback.provider_ref), (Some(reference()), Some(session_ref())));
}

#[test]
fn completed_proves_a_payment() {
    let callback = translate("event_completed", Trust::Proven);
    assert_eq!(
        callback,
        Callback {
            event_id: "EV_9fKq2LmZ0aBc".into(),
            kind: "checkout.session.completed".into(),
            reference: Some(reference()),
            provider_ref: Some(session_ref()),
            outcome: Some(Outcome::Succeeded {
                provider_ref: session_ref(),
                amount: xof(12_500),
                fee: None,
                at: Some(at("2026-11-20T10:02:11Z")),
                transaction: Some("T7QK2M4ZX9A".into()),
                mandate: None,
            }),
            trust: Trust::Proven,
            amount: Some(xof(12_500)),
            news: None,
        }
    );
}

#[test]
fn completed_that_contradicts_itself_proves_nothing_but_can_be_asked_about() {
    let changes = [
        (r#""checkout_status":"complete""#, r#""checkout_status":"open""#),
        (r#""payment_status":"succeeded""#, r#""payment_status":"processing""#),
        (r#""payment_status":"succeeded""#, r#""payment_status":"SUCCEEDED""#),
        (r#""amount":"12500""#, r#""amount":"twelve""#),
        (r#""currency":"XOF""#, r#""currency":"FCFA""#),
    ];
    for (from, to) in changes {
        let body = altered("event_completed", from, to).body;
        let callback = wave().translate(&body, Trust::Proven).unwrap();
        assert_eq!((callback.outcome, callback.reference), (None, Some(reference())), "{from} -> {to}");
    }
    let body = altered("event_completed", REFERENCE, "ORDER-7").body;
    let callback = wave().translate(&body, Trust::Proven).unwrap();
    assert_eq!((callback.outcome, callback.reference), (None, None));
}

#[test]
fn direct_payments_and_unknown_events_change_nothing() {
    for (name, kind, amount) in [
        ("event_merchant_payment", "merchant.payment_received", Some(xof(1_980))),
        ("event_b2b_received", "b2b.payment_received", Some(xof(40_250))),
        ("event_b2b_failed", "b2b.payment_failed", Some(xof(40_250))),
        ("event_test", "test.test_event", None),
    ] {
        let callback = translate(name, Trust::Proven);
        assert_eq!((callback.kind.as_str(), callback.amount), (kind, amount));
        assert_eq!(
            (callback.outcome, callback.reference),
            (None, None),
            "{name}: its payer chose the reference"
        );
    }
    let unknown = wave().translate(br#"{"id":"EV_1","type":"moon.full","data":[1]}"#, Trust::Proven).unwrap();
    assert_eq!((unknown.outcome, unknown.provider_ref, unknown.amount), (None, None, None));
}

#[test]
fn what_is_no_event_is_unreadable() {
    for body in [b"".as_slice(), b"[]", b"{}", br#"{"id":"EV_1"}"#, br#"{"id":1,"type":"x"}"#, b"\xff"] {
        assert!(wave().translate(body, Trust::Proven).is_err());
    }
}
