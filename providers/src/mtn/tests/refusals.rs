//! Errors that say what is safe to do.

use domain::movement::MovementKind::{Collection, Disbursement, Refund as Refunding};

use super::*;

#[test]
fn a_refusal_by_500_counts_only_when_asking_confirms_it() {
    let codes = [
        "PAYER_NOT_FOUND",
        "PAYEE_NOT_FOUND",
        "NOT_ALLOWED",
        "NOT_ENOUGH_FUNDS",
        "PAYER_LIMIT_REACHED",
        "PAYEE_NOT_ALLOWED_TO_RECEIVE",
    ];
    for operation in effects() {
        for code in codes {
            for status in [400, 404, 409, 500] {
                assert_eq!(shape(&read(&operation, &coded(status, code))), format!("refused {code}"));
            }
            assert_eq!(shape(&read(&operation, &coded(503, code))), "uncertain", "{code}");
        }
        assert_eq!(shape(&read(&operation, &fixture("refused_payee"))), "refused PAYEE_NOT_FOUND");
    }
    for kind in [Collection, Disbursement, Refunding] {
        assert_eq!(shape(&read(&ask(kind), &fixture("refused_payee"))), "uncertain", "a question");
    }
    assert_eq!(shape(&read(&Operation::Balance, &fixture("refused_payee"))), "uncertain");
}

#[test]
fn a_refund_of_what_mtn_does_not_know_is_refused() {
    for status in [404, 500] {
        let answer = coded(status, "RESOURCE_NOT_FOUND");
        assert_eq!(shape(&read(&Operation::Refund(refund()), &answer)), "refused RESOURCE_NOT_FOUND");
        assert_eq!(shape(&read(&Operation::Disburse(disburse()), &answer)), "uncertain");
        assert_eq!(shape(&read(&Operation::Collect(collect()), &answer)), "uncertain");
    }
    assert_eq!(shape(&read(&ask(Refunding), &coded(500, "RESOURCE_NOT_FOUND"))), "uncertain");
}

#[test]
fn what_only_a_setting_can_cause_waits_for_a_person() {
    let table = [
        fixture("refused_callback_host"),
        coded(500, "NOT_ALLOWED_TARGET_ENVIRONMENT"),
        coded(500, "INVALID_CURRENCY"),
        coded(400, "INVALID_CURRENCY"),
        fixture("key_refused"),
        fixture("token_refused"),
        fixture("forbidden"),
        response(401, b""),
        response(411, b""),
        response(400, b""),
        response(400, br#"{"message":"no code"}"#),
        response(404, br#"{"statusCode":404,"message":"Resource not found"}"#),
    ];
    for answer in table {
        for operation in effects().into_iter().chain([ask(Collection), Operation::Balance]) {
            assert_eq!(shape(&read(&operation, &answer)), "misconfigured", "{answer:?} {operation:?}");
        }
    }
}

#[test]
fn everything_else_is_uncertain() {
    let table = [
        fixture("failed_internally"),
        fixture("unavailable"),
        coded(500, "RESOURCE_ALREADY_EXIST"),
        coded(500, "SOMETHING_NEW"),
        coded(409, "SOMETHING_NEW"),
        coded(422, "NOT_ALLOWED"),
        response(500, b""),
        response(500, b"<html>oops</html>"),
        response(404, b""),
        response(409, b""),
        response(400, b"<html>Request Rejected</html>"),
        response(403, b"<html>Request Rejected</html>"),
        response(408, b""),
        response(502, b""),
        response(504, b""),
        response(302, b""),
        response(100, b""),
    ];
    for answer in table {
        for operation in effects().into_iter().chain([ask(Disbursement)]) {
            let body = String::from_utf8_lossy(&answer.body);
            assert_eq!(shape(&read(&operation, &answer)), "uncertain", "{answer:?} {body}");
        }
    }
}

#[test]
fn a_rate_limit_tells_how_long_when_it_says_so() {
    let mut limited = response(429, b"");
    assert_eq!(read(&Operation::Balance, &limited), Err(ProviderError::RateLimited { retry_after: None }));
    limited.headers.insert("retry-after", "7".parse().unwrap());
    let seven = ProviderError::RateLimited { retry_after: Some(Duration::from_secs(7)) };
    assert_eq!(read(&Operation::Disburse(disburse()), &limited), Err(seven));
}
