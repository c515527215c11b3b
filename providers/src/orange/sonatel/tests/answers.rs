//! What each answer means: fixtures in, outcomes out.

use domain::movement::MovementKind::{Collection, Disbursement, Refund as Refunding};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::testkit::unknown_word;
use crate::{Balance, NextAction};

fn read(operation: &Operation, response: &Response) -> Result<Outcome, ProviderError> {
    merchant().outcome(operation, response)
}

fn created() -> Operation {
    Operation::Collect(collect())
}

fn pay() -> Operation {
    Operation::Disburse(disburse())
}

fn paid(id: &str) -> Outcome {
    Outcome::Succeeded {
        provider_ref: ProviderRef(id.to_owned()),
        amount: xof(1_500),
        fee: None,
        at: Some("2026-11-20T11:47:22.640Z".parse().unwrap()),
        transaction: Some(id.to_owned()),
        mandate: None,
    }
}

/// A found transaction, changed.
fn found(change: impl Fn(&mut Value)) -> Response {
    let mut body: Value = serde_json::from_slice(&fixture("search_paid").body).unwrap();
    change(&mut body[0]);
    response(200, &body.to_string())
}

#[test]
fn a_code_is_shown_as_a_picture_and_as_a_link() {
    let next = |payload: &str, link: &str, end: Option<&str>| {
        Some(NextAction::Qr {
            payload: payload.to_owned(),
            deep_link: Some(link.to_owned()),
            expires_at: end.map(|end| end.parse().unwrap()),
        })
    };
    let picture = "data:image/png;base64,iVBORw0KGgo=";
    let qr = next(picture, "https://sugu.example/x1", Some("2026-11-20T10:05:00Z"));
    let expected = Outcome::pending(ProviderRef("q7Hk2Lm9".to_owned()), qr);
    assert_eq!(read(&created(), &fixture("qr_created")), Ok(expected));
    let older = next(picture, "https://om.example/y2", None);
    let expected = Outcome::Pending { provider_ref: None, next: older, executing: false, mandate: None };
    assert_eq!(read(&created(), &fixture("qr_created_older")), Ok(expected));
    let bare = response(201, r#"{"shortLink":"https://s.example/z","qrCode":"<svg>"}"#);
    let Ok(Outcome::Pending { next: Some(NextAction::Qr { payload, .. }), .. }) = read(&created(), &bare)
    else {
        panic!("no code")
    };
    assert_eq!(payload, "https://s.example/z");
}

#[test]
fn a_code_that_shows_nothing_is_as_good_as_lost() {
    for body in [
        "",
        "{}",
        "[]",
        "<html>",
        r#"{"qrId":"q"}"#,
        r#"{"qrId":"q","qrCode":"","deepLink":"javascript:alert(1)"}"#,
        r#"{"qrId":"q","qrCode":"<svg onload=x>"}"#,
    ] {
        assert_eq!(shape(&read(&created(), &response(201, body))), "uncertain", "{body}");
    }
}

#[test]
fn a_payment_by_code_is_asked_about_before_it_counts() {
    let by_code = Operation::Collect(with_code());
    for (name, expected) in [
        ("onestep_success", "executing"),
        ("onestep_pending", "executing"),
        ("cashin_failed", "declined FAILED"),
        ("qr_created", "uncertain"),
        ("search_paid", "uncertain"),
        ("error_insufficient", "declined 2020"),
        ("error_customer_unknown", "declined 2000"),
    ] {
        assert_eq!(shape(&read(&by_code, &fixture(name))), expected, "{name}");
    }
}

#[test]
fn what_a_cash_in_can_be_answered_with() {
    for operation in [pay(), Operation::Refund(refund())] {
        for (name, expected) in [
            ("cashin_success", "succeeded"),
            ("cashin_pending", "pending"),
            ("cashin_failed", "declined FAILED"),
            ("error_customer_unknown", "declined 2000"),
            ("error_customer_number", "declined 2001"),
            ("error_payee_ceiling", "declined 2025"),
            ("error_insufficient", "misconfigured"),
            ("error_partner_not_allowed", "misconfigured"),
            ("error_pin_wrong", "misconfigured"),
            ("error_pin_blocked", "misconfigured"),
            ("error_revoked_key", "misconfigured"),
            ("error_bad_request", "misconfigured"),
            ("error_invalid_client", "misconfigured"),
            ("error_internal", "uncertain"),
            ("error_html", "uncertain"),
        ] {
            assert_eq!(shape(&read(&operation, &fixture(name))), expected, "{name}");
        }
    }
    for (status, body, expected) in [
        (200, "", "uncertain"),
        (200, r#"{"status":"SUCCESS","transactionId":"CI1"}"#, "uncertain"),
        (200, r#"{"status":"SUCCESS","transactionId":"CI1","reference":"PO7F2A91"}"#, "uncertain"),
        (200, &format!(r#"{{"status":"SUCCESS","reference":"{NAME}"}}"#), "uncertain"),
        (200, &format!(r#"{{"status":"DONE","transactionId":"CI1","reference":"{NAME}"}}"#), "uncertain"),
        (500, r#"{"code":2000}"#, "declined 2000"),
        (400, r#"{"code":"9999"}"#, "uncertain"),
        (404, "", "uncertain"),
        (415, "", "misconfigured"),
        (429, "", "rate_limited"),
        (302, "", "uncertain"),
    ] {
        assert_eq!(shape(&read(&pay(), &response(status, body))), expected, "{status} {body}");
    }
}

#[test]
fn a_found_success_is_a_success_with_a_float_that_is_whole() {
    assert_eq!(
        read(&inquire(Collection, Some("q7Hk2Lm9")), &fixture("search_paid")),
        Ok(paid("MP261120.1147.K20518"))
    );
    assert_eq!(
        read(&inquire(Collection, None), &fixture("search_attempts")),
        Ok(paid("MP261120.1147.K20518")),
        "among several attempts"
    );
    for (value, expected) in [
        (json!(1500), "succeeded"),
        (json!(1500.0), "succeeded"),
        (json!(1500.5), "uncertain"),
        (json!(1_499.999_999), "uncertain"),
        (json!(1501.0), "uncertain"),
        (json!(-1500.0), "uncertain"),
        (json!("1500"), "uncertain"),
        (json!(null), "uncertain"),
        (json!(1e300), "uncertain"),
    ] {
        let answer = found(|it| it["amount"]["value"] = value.clone());
        assert_eq!(shape(&read(&inquire(Collection, None), &answer)), expected, "{value}");
    }
    for unit in ["EUR", "", "xof"] {
        let answer = found(|it| it["amount"]["unit"] = json!(unit));
        assert_eq!(shape(&read(&inquire(Collection, None), &answer)), "uncertain", "{unit}");
    }
    let nameless = found(|it| it["transactionId"] = json!(null));
    assert_eq!(shape(&read(&inquire(Collection, None), &nameless)), "uncertain");
}

#[test]
fn every_status_of_a_collection_and_of_a_payout() {
    for (status, collection, payout) in [
        ("PRE_INITIATED", "pending", "pending"),
        ("INITIATED", "pending", "pending"),
        ("PENDING", "executing", "pending"),
        ("ACCEPTED", "executing", "pending"),
        ("SUCCESS", "succeeded", "succeeded"),
        ("FAILED", "not_found", "declined FAILED"),
        ("CANCELLED", "not_found", "declined CANCELLED"),
        ("REJECTED", "not_found", "declined REJECTED"),
        ("success", "uncertain", "uncertain"),
        ("DONE", "uncertain", "uncertain"),
        ("", "uncertain", "uncertain"),
    ] {
        let answer = found(|it| it["status"] = json!(status));
        assert_eq!(shape(&read(&inquire(Collection, Some("q7Hk2Lm9")), &answer)), collection, "{status}");
        for kind in [Disbursement, Refunding] {
            assert_eq!(shape(&read(&inquire(kind, None), &answer)), payout, "{status}");
        }
    }
}

#[test]
fn an_attempt_in_vain_ends_a_payment_by_one_time_code_and_no_qr_code() {
    let answer = fixture("search_failed_attempts");
    assert_eq!(shape(&read(&inquire(Collection, Some("q7Hk2Lm9")), &answer)), "not_found");
    let its_own = inquire(Collection, Some("MP261120.1145.K20101"));
    assert_eq!(shape(&read(&its_own, &answer)), "declined FAILED");
}

#[test]
fn an_attempt_under_way_does_not_take_the_code_s_name() {
    let answer = found(|it| it["status"] = json!("INITIATED"));
    let Ok(Outcome::Pending { provider_ref, .. }) = read(&inquire(Collection, Some("q7Hk2Lm9")), &answer)
    else {
        panic!("not pending")
    };
    assert_eq!(provider_ref, None);
}

#[test]
fn what_is_not_ours_is_left_out() {
    for kind in [Collection, Disbursement, Refunding] {
        for (name, expected) in [
            ("search_none", "not_found"),
            ("search_others", "not_found"),
            ("search_two_paid", "uncertain"),
            ("search_other_amount", "uncertain"),
            ("error_html", "uncertain"),
            ("error_invalid_client", "misconfigured"),
            ("error_customer_unknown", "uncertain"),
        ] {
            assert_eq!(shape(&read(&inquire(kind, None), &fixture(name))), expected, "{name}");
        }
        for body in ["", "{}", "null", "<html>", r#"{"data":[]}"#] {
            assert_eq!(shape(&read(&inquire(kind, None), &response(200, body))), "uncertain", "{body}");
        }
    }
    let nameless = found(|it| it["reference"] = json!(7));
    assert_eq!(shape(&read(&inquire(Collection, None), &nameless)), "not_found");
}

#[test]
fn a_balance_is_an_amount() {
    let held = Outcome::Balance(Balance::available(xof(1_203_450)));
    assert_eq!(read(&Operation::Balance, &fixture("balance")), Ok(held));
    let float = response(200, r#"{"value":5.0,"unit":"XOF"}"#);
    assert_eq!(read(&Operation::Balance, &float), Ok(Outcome::Balance(Balance::available(xof(5)))));
    for body in ["", "{}", r#"{"value":"5","unit":"XOF"}"#, r#"{"value":5.5,"unit":"XOF"}"#] {
        assert_eq!(shape(&read(&Operation::Balance, &response(200, body))), "uncertain", "{body}");
    }
    assert_eq!(shape(&read(&Operation::Balance, &fixture("error_customer_unknown"))), "uncertain");
}

/// Words that are documented for a status.
const KNOWN: [&str; 8] =
    ["PRE_INITIATED", "INITIATED", "PENDING", "ACCEPTED", "SUCCESS", "FAILED", "CANCELLED", "REJECTED"];

fn every_operation() -> Vec<Operation> {
    vec![
        created(),
        Operation::Collect(with_code()),
        pay(),
        Operation::Refund(refund()),
        inquire(Collection, Some("q7Hk2Lm9")),
        inquire(Disbursement, None),
        Operation::Balance,
    ]
}

proptest! {
    #[test]
    fn an_unknown_status_is_uncertain(word in unknown_word(&KNOWN)) {
        let answer = found(|it| it["status"] = json!(word));
        prop_assert_eq!(shape(&read(&inquire(Collection, None), &answer)), "uncertain");
        let body = json!({"transactionId": "CI1", "reference": NAME, "status": word}).to_string();
        for operation in [pay(), Operation::Refund(refund()), Operation::Collect(with_code())] {
            prop_assert_eq!(shape(&read(&operation, &response(200, &body))), "uncertain");
        }
    }

    #[test]
    fn random_bytes_are_never_an_outcome(status in 100_u16..600, body in prop::collection::vec(any::<u8>(), 0..64)) {
        let answer = Response { status, headers: HeaderMap::new(), body };
        for operation in every_operation() {
            prop_assert!(read(&operation, &answer).is_err());
        }
    }

    #[test]
    fn an_unknown_code_never_ends_a_movement(status in 400_u16..600, code in "[0-9]{1,5}|[a-z_]{0,12}") {
        prop_assume!(!["2000", "2001", "2020", "2021", "2022", "2023", "2024", "2025", "2043"].contains(&code.as_str()));
        let answer = response(status, &json!({"code": code}).to_string());
        for operation in every_operation() {
            prop_assert!(read(&operation, &answer).is_err());
        }
    }
}
