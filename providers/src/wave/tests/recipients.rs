//! Recipient checks, and what leaves under the name of an aggregated merchant.

use super::*;
use crate::wave::WaveConfigError;
use crate::{NameMatch, OperationKind, Recipient, VerifyRecipient};

fn check() -> VerifyRecipient {
    VerifyRecipient {
        payee: Payee::Phone(Msisdn::parse("+221770003344").unwrap()),
        name: Some("Awa Exemple".to_owned()),
        amount: xof(15_000),
    }
}

fn body(wave: &Wave, operation: &Operation) -> String {
    String::from_utf8(wave.request(operation, &Grants::none(), now()).unwrap().body).unwrap()
}

fn verdict(body: &str) -> Result<Outcome, ProviderError> {
    read(&Operation::VerifyRecipient(check()), &response(200, body.as_bytes()))
}

#[test]
fn a_check_names_number_name_and_amount_and_moves_nothing() {
    let operation = Operation::VerifyRecipient(check());
    let request = wave().request(&operation, &Grants::none(), now()).unwrap();
    assert_eq!(request.url, "https://wave.test/v1/verify_recipient/", "with its slash");
    assert!(request.headers.get("idempotency-key").is_none());
    assert_eq!(
        body(&wave(), &operation),
        "{\"mobile\":\"+221770003344\",\"name\":\"Awa Exemple\",\"amount\":\"15000\",\"currency\":\"XOF\"}"
    );
    assert!(wave().capabilities().supports(OperationKind::VerifyRecipient));
    assert!(!OperationKind::VerifyRecipient.has_effect());
    assert_eq!(wave().capabilities().check(&operation), Ok(()));
    let nameless = Operation::VerifyRecipient(VerifyRecipient { name: Some(" ".to_owned()), ..check() });
    assert!(!body(&wave(), &nameless).contains("name"));
    let words = Operation::VerifyRecipient(VerifyRecipient { payee: Payee::Words("x".into()), ..check() });
    assert!(wave().request(&words, &Grants::none(), now()).is_err());
    assert!(!format!("{operation:?}").contains("Awa"), "names stay out of logs");
}

#[test]
fn a_verdict_is_read_loosely_and_never_made_up() {
    let told = |name, within_limits, registered| {
        Ok(Outcome::Recipient(Recipient { name, within_limits, registered }))
    };
    let all = r#"{"within_limits":true,"name_match":"MATCH","national_id_match":null,"more":[1]}"#;
    assert_eq!(verdict(all), told(NameMatch::Full, Some(true), Some(true)));
    let none = r#"{"within_limits":false,"name_match":"NO_MATCH"}"#;
    assert_eq!(verdict(none), told(NameMatch::None, Some(false), Some(true)));
    for unclear in [
        r#"{"within_limits":null,"name_match":"NAME_NOT_KNOWN","national_id_match":"ID_NOT_KNOWN"}"#,
        r#"{"within_limits":"yes","name_match":"match"}"#,
        r#"{"name_match":7}"#,
        "{}",
    ] {
        assert_eq!(verdict(unclear), told(NameMatch::Unknown, None, None), "{unclear}");
    }
    for unreadable in ["", "[1]", "<html>"] {
        assert_eq!(verdict(unreadable).unwrap_err().as_str(), "uncertain", "{unreadable:?}");
    }
}

#[test]
fn a_refused_check_is_no_verdict() {
    let asked = |status, code: &str| {
        let body = format!("{{\"code\":\"{code}\",\"message\":\"m\"}}");
        read(&Operation::VerifyRecipient(check()), &response(status, body.as_bytes())).unwrap_err().as_str()
    };
    assert_eq!(asked(429, "too-many-requests"), "rate_limited");
    assert_eq!(asked(403, "missing-permission"), "misconfigured");
    for (status, code) in [(422, "recipient-account-blocked"), (404, "not-found"), (400, "odd"), (500, "x")] {
        assert_eq!(asked(status, code), "uncertain", "{status} {code}");
    }
}

#[test]
fn checkouts_and_payouts_name_the_aggregated_merchant_that_was_set() {
    let named = WaveConfig { aggregated_merchant_id: Some("am-7lks22ap113t4".to_owned()), ..config() };
    let named = Wave::new(named).unwrap();
    for operation in [Operation::Collect(collect()), Operation::Disburse(disburse())] {
        let body = body(&named, &operation);
        assert!(body.ends_with(",\"aggregated_merchant_id\":\"am-7lks22ap113t4\"}"), "{body}");
        assert!(!self::body(&wave(), &operation).contains("aggregated"));
    }
    assert!(!body(&named, &Operation::VerifyRecipient(check())).contains("aggregated"));
    assert!(!body(&named, &refund()).contains("aggregated"));
    for bad in ["", " ", "am 1", "am-\n", &"x".repeat(65)] {
        let config = WaveConfig { aggregated_merchant_id: Some(bad.to_owned()), ..config() };
        assert_eq!(Wave::new(config).err(), Some(WaveConfigError::AggregatedMerchant), "{bad:?}");
    }
}

#[test]
fn a_merchant_that_wave_does_not_know_is_ours_to_mend() {
    for code in ["invalid-aggregated-merchant-id", "aggregated-merchant-required"] {
        let body = format!("{{\"code\":\"{code}\",\"message\":\"m\"}}");
        for operation in [Operation::Collect(collect()), Operation::Disburse(disburse())] {
            let error = read(&operation, &response(400, body.as_bytes())).unwrap_err();
            assert_eq!(error.as_str(), "misconfigured", "{code}");
        }
    }
}
