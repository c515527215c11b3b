//! What each answer means: fixtures in, outcomes out.

use proptest::prelude::*;

use super::*;
use crate::testkit::unknown_word;
use crate::{NextAction, Trust};

fn asked() -> Operation {
    Operation::Inquire(inquire())
}

fn created() -> Operation {
    Operation::Collect(collect())
}

fn token() -> ProviderRef {
    ProviderRef(PAY_TOKEN.to_owned())
}

#[test]
fn a_created_payment_sends_the_payer_to_the_page_as_it_came() {
    let url =
        "https://webpayment-ow-sb.orange-money.com/payment/pay_token/v1k3d0ex4mpl3p4ytok3n7f2a".to_owned();
    let next = NextAction::Redirect { url, expires_at: None };
    let pending = Outcome::pending(token(), Some(next));
    assert_eq!(read(&created(), &fixture("created")), Ok(pending.clone()));
    // The number in the body is no payment status, and 200 is as good as 201.
    let mut other = fixture("created");
    other.status = 200;
    assert_eq!(read(&created(), &other), Ok(pending));
}

#[test]
fn a_payment_without_page_or_token_is_as_good_as_lost() {
    for body in [
        "",
        "{}",
        "[]",
        "<html></html>",
        r#"{"status":201,"message":"OK","pay_token":"t"}"#,
        r#"{"payment_url":"https://x.test"}"#,
        r#"{"pay_token":"","payment_url":"https://x.test"}"#,
        r#"{"pay_token":"t","payment_url":"javascript:alert(1)"}"#,
        r#"{"pay_token":"t","payment_url":""}"#,
        r#"{"pay_token":"a b","payment_url":"https://x.test"}"#,
        r#"{"status":"SUCCESS","order_id":"x","txnid":"y"}"#,
    ] {
        assert_eq!(shape(&read(&created(), &response(201, body))), "uncertain", "{body}");
    }
}

#[test]
fn a_paid_payment_is_worth_what_was_asked() {
    let paid = Outcome::Succeeded {
        provider_ref: token(),
        amount: gnf(250_000),
        fee: None,
        at: None,
        transaction: Some("MP261120.1005.A00042".to_owned()),
        mandate: None,
    };
    assert_eq!(read(&asked(), &fixture("status_success")), Ok(paid.clone()));
    let mut other = fixture("status_success");
    other.status = 201;
    assert_eq!(read(&asked(), &other), Ok(paid));
}

#[test]
fn what_a_status_can_say() {
    for (name, expected) in [
        ("status_initiated", "pending"),
        ("status_pending", "pending"),
        ("status_success", "succeeded"),
        ("status_failed", "declined FAILED"),
        ("status_expired", "expired"),
        ("error_html", "uncertain"),
        ("error_not_found", "uncertain"),
        ("error_duplicate_order", "uncertain"),
        ("error_no_credentials", "misconfigured"),
        ("error_bad_credentials", "misconfigured"),
        ("error_expired_token", "misconfigured"),
        ("error_not_subscribed", "misconfigured"),
        ("error_missing_field", "misconfigured"),
    ] {
        assert_eq!(shape(&read(&asked(), &fixture(name))), expected, "{name}");
    }
}

#[test]
fn what_a_create_can_be_refused_with() {
    for (name, expected) in [
        ("error_html", "uncertain"),
        ("error_not_found", "misconfigured"),
        ("error_duplicate_order", "uncertain"),
        ("error_no_credentials", "misconfigured"),
        ("error_bad_credentials", "misconfigured"),
        ("error_not_subscribed", "misconfigured"),
        ("error_missing_field", "misconfigured"),
    ] {
        assert_eq!(shape(&read(&created(), &fixture(name))), expected, "{name}");
    }
    for (status, body, expected) in [
        (406, "", "misconfigured"),
        (429, "", "rate_limited"),
        (400, r#"{"code":"23"}"#, "misconfigured"),
        (400, r#"{"code":99}"#, "uncertain"),
        (409, r#"{"code":1204}"#, "uncertain"),
        (403, r#"{"code":"1204"}"#, "uncertain"),
        (302, "", "uncertain"),
        (408, "", "uncertain"),
        (500, r#"{"code":1}"#, "uncertain"),
    ] {
        assert_eq!(shape(&read(&created(), &response(status, body))), expected, "{status} {body}");
    }
}

#[test]
fn an_answer_about_another_order_or_none_is_uncertain() {
    for body in [
        r#"{"status":"SUCCESS","order_id":"ORD7F2A91","txnid":"x"}"#,
        r#"{"status":"FAILED","order_id":""}"#,
        r#"{"status":1}"#,
        r#"{"order_id":"3fjrczz2w69m0v8b80sx7wjs7z"}"#,
        "{}",
        "",
    ] {
        assert_eq!(shape(&read(&asked(), &response(200, body))), "uncertain", "{body}");
    }
}

#[test]
fn only_a_refused_token_is_fetched_anew() {
    let orange = orange();
    let granter = orange.granter().unwrap();
    for name in ["error_expired_token", "error_bad_credentials", "error_no_credentials"] {
        assert_eq!(granter.refused(&created(), &fixture(name)), Some(TOKEN), "{name}");
    }
    for name in ["created", "error_not_subscribed", "error_not_found", "error_html"] {
        assert_eq!(granter.refused(&created(), &fixture(name)), None, "{name}");
    }
}

#[test]
fn a_notification_makes_us_ask_whatever_it_says() {
    let body = fixture("notification_success").body;
    let now = "2026-11-20T10:05:00Z".parse().unwrap();
    for (body, is_readable) in
        [(body.as_slice(), true), (br#"{"status":"SUCCESS"}"#, true), (b"", false), (b"<html>", false)]
    {
        let verified = orange().verify(&HeaderMap::new(), body, now).unwrap();
        assert_eq!(verified.trust, Trust::Hint);
        assert!(verified.event_key.starts_with("sha256:") && verified.event_key.len() <= 128);
        for trust in [Trust::Hint, Trust::Proven] {
            let callback = orange().translate(body, trust);
            assert_eq!(callback.is_ok(), is_readable);
            let Ok(callback) = callback else { continue };
            assert_eq!((callback.outcome, callback.trust, callback.amount), (None, Trust::Hint, None));
            assert_eq!(callback.reference, None);
        }
    }
}

proptest! {
    #[test]
    fn an_unknown_word_ends_nothing(word in unknown_word(&["SUCCESS", "FAILED", "EXPIRED"])) {
        let body = serde_json::json!({"status": word, "order_id": "3fjrczz2w69m0v8b80sx7wjs7z"}).to_string();
        prop_assert_eq!(shape(&read(&asked(), &response(200, &body))), "pending");
    }

    #[test]
    fn random_bytes_are_never_an_outcome(status in 100_u16..600, body in prop::collection::vec(any::<u8>(), 0..64)) {
        let answer = Response { status, headers: HeaderMap::new(), body };
        prop_assert!(read(&created(), &answer).is_err());
        prop_assert!(read(&asked(), &answer).is_err());
    }

    #[test]
    fn a_server_error_ends_nothing(status in 500_u16..600, name in prop::sample::select(vec!["created", "status_success", "status_failed", "status_expired"])) {
        let answer = Response { status, ..fixture(name) };
        prop_assert_eq!(shape(&read(&created(), &answer)), "uncertain");
        prop_assert_eq!(shape(&read(&asked(), &answer)), "uncertain");
    }
}
