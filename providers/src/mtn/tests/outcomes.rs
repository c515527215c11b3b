//! What each answer means: fixtures in, outcomes out.

use domain::movement::MovementKind::{Collection, Disbursement, Refund as Refunding};

use super::*;
use crate::{Balance, NextAction, ProviderRef};

fn approve() -> Option<NextAction> {
    Some(NextAction::ApproveOnPhone { expires_at: None })
}

fn name() -> ProviderRef {
    ProviderRef(REFERENCE.to_owned())
}

#[test]
fn an_accepted_request_is_pending_under_our_own_name() {
    for (operation, next) in effects().into_iter().zip([approve(), None, None]) {
        for body in [b"".as_slice(), b"  \r\n", b"{}"] {
            assert_eq!(
                read(&operation, &response(202, body)),
                Ok(Outcome::pending(name(), next.clone())),
                "{operation:?}"
            );
        }
    }
}

#[test]
fn what_is_there_already_was_submitted() {
    for (operation, next) in effects().into_iter().zip([approve(), None, None]) {
        assert_eq!(read(&operation, &fixture("duplicate")), Ok(Outcome::pending(name(), next)));
    }
    assert_eq!(shape(&read(&ask(Collection), &fixture("duplicate"))), "uncertain");
}

#[test]
fn only_an_empty_202_accepts() {
    let odd = [
        fixture("firewall_page"),
        response(200, b""),
        response(201, b"{}"),
        response(204, b""),
        response(202, b"<html>Request Rejected</html>"),
        response(202, br#"{"status":"SUCCESSFUL"}"#),
        fixture("request_successful"),
    ];
    for operation in effects() {
        for answer in &odd {
            assert_eq!(shape(&read(&operation, answer)), "uncertain", "{answer:?}");
        }
    }
}

#[test]
fn what_a_status_can_say() {
    let table = [
        (Collection, "request_created", "pending"),
        (Collection, "request_pending", "pending"),
        (Collection, "request_successful", "succeeded"),
        (Collection, "request_successful_numbers", "succeeded"),
        (Collection, "request_failed", "declined NOT_ENOUGH_FUNDS"),
        (Collection, "request_failed_object", "declined APPROVAL_REJECTED"),
        (Collection, "not_found", "not_found"),
        (Collection, "firewall_page", "uncertain"),
        (Disbursement, "transfer_successful", "succeeded"),
        (Disbursement, "transfer_failed", "declined PAYEE_NOT_ALLOWED_TO_RECEIVE"),
        (Disbursement, "not_found", "not_found"),
        (Refunding, "refund_successful", "succeeded"),
        (Refunding, "not_found", "not_found"),
    ];
    for (kind, name, expected) in table {
        assert_eq!(shape(&read(&ask(kind), &fixture(name))), expected, "{name}");
    }
}

#[test]
fn a_success_names_mtn_s_transaction_where_it_is_told() {
    for name in ["request_successful", "request_successful_numbers"] {
        let expected = Outcome::Succeeded {
            provider_ref: self::name(),
            amount: gnf(15_000),
            fee: None,
            at: None,
            transaction: Some("771234001".to_owned()),
            mandate: None,
        };
        assert_eq!(read(&ask(Collection), &fixture(name)), Ok(expected), "{name}");
    }
    let untold = altered("request_successful", r#""financialTransactionId":"771234001""#, r#""other":1"#);
    match read(&ask(Collection), &untold).unwrap() {
        Outcome::Succeeded { transaction: None, .. } => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_request_that_waits_keeps_telling_the_payer_what_to_do() {
    let waits = read(&ask(Collection), &fixture("request_pending"));
    assert_eq!(waits, Ok(Outcome::pending(name(), approve())));
    let paying = altered("transfer_successful", "SUCCESSFUL", "PENDING");
    assert_eq!(read(&ask(Disbursement), &paying), Ok(Outcome::pending(name(), None)));
}

#[test]
fn every_word_of_a_status() {
    let table = [
        ("CREATED", "pending"),
        ("PENDING", "pending"),
        ("ONGOING", "pending"),
        ("DELAYED", "pending"),
        ("SUCCESSFUL", "succeeded"),
        ("FAILED", "declined FAILED"),
        ("REJECTED", "declined REJECTED"),
        ("TIMEOUT", "declined TIMEOUT"),
        ("EXPIRED", "declined EXPIRED"),
        ("successful", "pending"),
        ("failed", "pending"),
        ("SUCCESSFUL ", "pending"),
        ("SUCCESS", "pending"),
        ("", "pending"),
    ];
    for (word, expected) in table {
        let answer = altered("request_pending", r#""status":"PENDING""#, &format!(r#""status":"{word}""#));
        assert_eq!(shape(&read(&ask(Collection), &answer)), expected, "{word:?}");
    }
}

#[test]
fn a_payment_that_is_not_ours_is_never_final() {
    let changes = [
        (r#""amount":"15000""#, r#""amount":"14999""#),
        (r#""amount":"15000""#, r#""amount":"150000""#),
        (r#""amount":"15000""#, r#""amount":"-15000""#),
        (r#""amount":"15000""#, r#""amount":"15000.5""#),
        (r#""amount":"15000""#, r#""amount":"1.5e4""#),
        (r#""amount":"15000""#, r#""amount":15000.000001"#),
        (r#""amount":"15000""#, r#""amount":1.5e4"#),
        (r#""amount":"15000""#, r#""amount":null"#),
        (r#""amount":"15000""#, r#""amount":["15000"]"#),
        (r#""amount":"15000""#, r#""sum":"15000""#),
        (r#""currency":"GNF""#, r#""currency":"EUR""#),
        (r#""currency":"GNF""#, r#""currency":"gnf""#),
        (r#""currency":"GNF""#, r#""unit":"GNF""#),
        (r#""externalId":"6f"#, r#""externalId":"7f"#),
        (r#""externalId":"6f9619ff"#, r#""externalId":"ORDER"#),
        (r#""externalId":"6f9619ff-8b86-4d01-b42d-00cf4fc964ff""#, r#""externalId":null"#),
        (r#""status":"#, r#""state":"#),
    ];
    for name in ["request_successful", "request_failed"] {
        for (from, to) in changes {
            let answer = altered(name, from, to);
            assert_eq!(shape(&read(&ask(Collection), &answer)), "uncertain", "{name}: {from} -> {to}");
        }
    }
}

#[test]
fn amounts_are_compared_as_money() {
    for (currency, minor, texts) in [
        (Currency::GNF, 15_000, vec!["15000", "15000.0", "15000.00", "15000.000"]),
        (Currency::GMD, 1_250, vec!["12.50", "12.5", "12.500"]),
        (Currency::parse("TND").unwrap(), 12_340, vec!["12.340", "12.34", "12.3400"]),
    ] {
        let config = MtnConfig { currency, wire_currency: Some(Currency::EUR), ..config() };
        let mtn = Mtn::new(config).unwrap();
        let amount = Money::new(minor, currency);
        let operation = Operation::Inquire(Inquire { amount, ..inquire(Collection) });
        for text in texts {
            for written in [format!("\"{text}\""), text.to_owned()] {
                let body = format!(
                    r#"{{"status":"SUCCESSFUL","amount":{written},"currency":"EUR","externalId":"{REFERENCE}"}}"#
                );
                let answer = mtn.outcome(&operation, &response(200, body.as_bytes()));
                assert_eq!(shape(&answer), "succeeded", "{written}");
            }
        }
    }
}

#[test]
fn a_refusal_without_a_reason_is_a_refusal() {
    for reason in [r#""reason":"""#, r#""reason":null"#, r#""reason":{}"#, r#""reason":7"#, r#""other":1"#] {
        let answer = altered("request_failed", r#""reason":"NOT_ENOUGH_FUNDS""#, reason);
        assert_eq!(shape(&read(&ask(Collection), &answer)), "declined FAILED", "{reason}");
    }
    let odd = altered("request_failed", "NOT_ENOUGH_FUNDS", r"é\n<b>");
    assert_eq!(shape(&read(&ask(Collection), &odd)), "declined ??<b>");
}

#[test]
fn the_float_is_what_mtn_says_in_the_wallet_s_currency() {
    let read_balance = |answer: &Response| read(&Operation::Balance, answer);
    let held = Ok(Outcome::Balance(Balance::available(gnf(915_000))));
    assert_eq!(read_balance(&fixture("balance")), held);
    assert_eq!(shape(&read_balance(&altered("balance", "GNF", "EUR"))), "misconfigured");
    assert_eq!(shape(&read_balance(&altered("balance", "915000", "915,000"))), "uncertain");
    assert_eq!(shape(&read_balance(&fixture("firewall_page"))), "uncertain");
    let relabelled = Mtn::new(MtnConfig { wire_currency: Some(Currency::EUR), ..config() }).unwrap();
    assert_eq!(relabelled.outcome(&Operation::Balance, &altered("balance", "GNF", "EUR")), held);
}
