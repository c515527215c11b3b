//! Who may notify, and that nothing notified is believed.

use http::HeaderValue;

use super::*;
use crate::orange::sonatel::webhook::{SCHEME, translate, verify};
use crate::{Trust, Unauthentic, Verified};

const BODY: &[u8] = br#"{"reference":"x"}"#;

/// Name and value.
type Header<'a> = (&'static str, &'a str);

fn checked(proof: SonatelProof, headers: &[Header<'_>]) -> Result<Verified, Unauthentic> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, HeaderValue::from_str(value).unwrap());
    }
    verify(&webhooks(proof), &map, BODY, now())
}

fn signed(secret: &str, age: i64) -> String {
    SCHEME.header(secret, now().timestamp() - age, BODY)
}

#[test]
fn a_comma_stands_between_time_and_body() {
    // printf '1795169100,{"reference":"x"}' | openssl dgst -sha256 -hmac sonatel-endpoint-secret
    let header = signed(SECRET, 0);
    assert_eq!(header, "t=1795169100,v1=f17c529ae877140837fddd89e195622f5653f7e30b0730fcbfc11fa03a870268");
    for separator in ["", ".", ";"] {
        let other = crate::signed::Scheme { separator, ..SCHEME };
        let header = other.header(SECRET, now().timestamp(), BODY);
        assert!(checked(SonatelProof::Signature, &[("x-sonatel-signature", &header)]).is_err());
    }
}

#[test]
fn each_mode_wants_its_own_proof() {
    use SonatelProof::{Both, Key, Signature};
    let good = signed(SECRET, 0);
    let (signature, stale) = (("x-sonatel-signature", good.as_str()), signed(SECRET, 301));
    let stale = ("x-sonatel-signature", stale.as_str());
    let older = signed(OLD_SECRET, 300);
    let older = ("x-sonatel-signature", older.as_str());
    let forged = signed("another", 0);
    let forged = ("x-sonatel-signature", forged.as_str());
    let two = good.replace(",v1=", ",v1=00,v1=");
    let two = ("x-sonatel-signature", two.as_str());
    let key = ("authorization", "Basic our-registered-key");
    let other_key = ("authorization", "Basic another-key");
    let coded = ("authorization", "Basic b3VyLXJlZ2lzdGVyZWQta2V5");
    let bearer = ("authorization", "Bearer our-registered-key");
    let table: [(&[Header<'_>], [bool; 3]); 14] = [
        (&[], [false, false, false]),
        (&[signature], [true, false, false]),
        (&[older], [true, false, false]),
        (&[two], [true, false, false]),
        (&[stale], [false, false, false]),
        (&[forged], [false, false, false]),
        (&[key], [false, true, false]),
        (&[other_key], [false, false, false]),
        (&[coded], [false, false, false]),
        (&[bearer], [false, false, false]),
        (&[signature, key], [true, true, true]),
        (&[signature, other_key], [true, false, false]),
        (&[forged, key], [false, true, false]),
        (&[signature, signature, key, key], [false, false, false]),
    ];
    for (headers, expected) in table {
        let passed = [Signature, Key, Both].map(|proof| checked(proof, headers).is_ok());
        assert_eq!(passed, expected, "{headers:?}");
    }
}

#[test]
fn redeliveries_share_a_key_and_nothing_is_proven() {
    let signature = signed(SECRET, 0);
    let with = |key: &str| {
        let headers = [("x-sonatel-signature", signature.as_str()), ("x-sonatel-idempotency-key", key)];
        checked(SonatelProof::Signature, &headers).unwrap()
    };
    assert_eq!(with("6c0e-1"), Verified { event_key: "6c0e-1".to_owned(), trust: Trust::Hint });
    for odd in ["", " ", "a b", &"x".repeat(101)] {
        assert!(with(odd).event_key.starts_with("sha256:"), "{odd}");
    }
}

#[test]
fn a_notification_names_a_movement_and_proves_nothing() {
    for name in ["notification", "notification_nested"] {
        let callback = translate(&fixture(name).body).unwrap();
        assert_eq!(callback.reference, Some(reference()), "{name}");
        assert_eq!(callback.provider_ref, Some(ProviderRef("MP261120.1147.K20518".to_owned())));
        assert_eq!((callback.outcome, callback.trust), (None, Trust::Hint));
        assert_eq!(callback.amount, Some(xof(1_500)));
        assert_eq!(callback.kind, "MERCHANT_PAYMENT");
    }
    for body in ["{}", "[]", "null", r#"{"reference":7,"transaction":"x"}"#, r#"{"amount":"1500"}"#] {
        let callback = translate(body.as_bytes()).unwrap();
        assert_eq!((callback.reference, callback.provider_ref, callback.outcome), (None, None, None));
    }
    for body in ["", "<html>", "{"] {
        assert!(translate(body.as_bytes()).is_err());
    }
}
