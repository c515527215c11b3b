//! What is said when it is not 2xx, and what is safe to do then.

use domain::movement::MovementKind::{Collection, Refund, Treasury};
use serde_json::json;

use super::*;
use crate::Line;

#[test]
fn a_refusal_counts_where_it_is_documented() {
    let table = [
        (by_debit(), "error_not_supported", "declined sepa_debit_bank_not_supported"),
        (by_debit(), "error_too_small", "declined amount_too_small"),
        (by_debit(), "error_missing", "declined resource_missing"), // the customer, or the mandate's account
        (refund(), "error_already_refunded", "declined charge_already_refunded"),
        (refund(), "error_disputed", "declined charge_disputed"),
        (refund(), "error_balance", "declined balance_insufficient"),
        (sweep(), "error_balance", "declined balance_insufficient"),
        (sweep(), "error_instant", "declined instant_payouts_limit_exceeded"),
        (by_debit(), "error_already_refunded", "uncertain"),
        (refund(), "error_instant", "uncertain"),
        (refund(), "error_not_supported", "uncertain"),
        (by_debit(), "error_unknown", "uncertain"),
        (sweep(), "error_missing", "uncertain"),
        (by_debit(), "error_types_removed", "misconfigured"),
    ];
    for (operation, name, expected) in table {
        assert_eq!(shape(&read(&operation, &fixture(name))), expected, "{operation:?} {name}");
    }
}

#[test]
fn a_card_error_is_a_refusal_of_a_collection_only() {
    let error = |intent: &str| {
        let intent = json!({"id": "pi_3Sx1", "status": intent});
        let error =
            json!({"type": "card_error", "code": "a_new_word", "message": "m", "payment_intent": intent});
        response(402, json!({"error": error}).to_string().as_bytes())
    };
    assert_eq!(shape(&read(&by_debit(), &error("requires_payment_method"))), "declined a_new_word");
    assert_eq!(shape(&read(&refund(), &error("requires_payment_method"))), "uncertain");
    for moving in ["processing", "succeeded", "requires_action", "a_new_state"] {
        assert_eq!(shape(&read(&by_debit(), &error(moving))), "uncertain", "{moving} is no refusal");
    }
}

#[test]
fn what_people_typed_is_refused_whatever_the_word_for_it() {
    let error = |kind: &str, param: &str, status: u16| {
        let error = json!({"type": kind, "code": "a_new_word", "message": "m", "param": param});
        response(status, json!({"error": error}).to_string().as_bytes())
    };
    let iban = error("invalid_request_error", "payment_method_data[sepa_debit][iban]", 400);
    let email = error("invalid_request_error", "email", 400);
    assert_eq!(shape(&read(&by_debit(), &iban)), "declined a_new_word");
    assert_eq!(shape(&read(&register(), &email)), "declined a_new_word");
    for operation in [refund(), sweep(), register(), ask(Collection, Some(INTENT))] {
        assert_eq!(shape(&read(&operation, &iban)), "uncertain", "{operation:?}");
    }
    for other in [
        error("invalid_request_error", "payment_method_data[sepa_debit][iban]", 409),
        error("invalid_request_error", "amount", 400),
        error("idempotency_error", "payment_method_data[sepa_debit][iban]", 400),
    ] {
        assert_eq!(shape(&read(&by_debit(), &other)), "uncertain");
    }
}

#[test]
fn what_is_refused_for_pace_may_come_again() {
    for operation in [by_debit(), refund(), sweep(), cancel(), register(), ask(Collection, Some(INTENT))] {
        for name in ["error_key_in_use", "error_rate", "error_lock"] {
            assert_eq!(shape(&read(&operation, &fixture(name))), "rate_limited", "{name}");
        }
    }
    let waits = read(&by_debit(), &fixture("error_rate"));
    assert_eq!(waits, Err(ProviderError::RateLimited { retry_after: Some(Duration::from_secs(7)) }));
}

#[test]
fn stripes_own_advice_overrides_ours() {
    let advised = |name: &str, advice: &'static str| {
        let mut answer = fixture(name);
        answer.headers.insert("stripe-should-retry", advice.parse().unwrap());
        shape(&read(&by_debit(), &answer))
    };
    assert_eq!(advised("error_unknown", "true"), "rate_limited");
    assert_eq!(advised("error_not_supported", "true"), "rate_limited");
    assert_eq!(advised("error_key_in_use", "false"), "uncertain");
    assert_eq!(advised("error_rate", "false"), "uncertain");
    assert_eq!(advised("error_rate", "maybe"), "rate_limited");
    // It may have happened, and no advice makes that untrue.
    assert_eq!(advised("error_server", "true"), "uncertain");
    assert_eq!(advised("error_external", "true"), "uncertain");
}

#[test]
fn a_server_error_is_uncertain_even_when_it_is_a_replay() {
    for operation in [by_debit(), by_transfer(), refund(), sweep(), cancel(), register()] {
        for name in ["error_server", "error_html", "error_external", "error_other_parameters"] {
            assert_eq!(shape(&read(&operation, &fixture(name))), "uncertain", "{operation:?} {name}");
        }
    }
    let Err(error) = read(&refund(), &fixture("error_server")) else { panic!("an outcome") };
    assert!(error.to_string().contains("req_invented500"), "{error} does not help to find it");
}

#[test]
fn a_wrong_key_is_a_matter_for_people() {
    for operation in [by_debit(), refund(), cancel(), ask(Collection, Some(INTENT)), Operation::Balance] {
        for name in ["error_key", "error_permission"] {
            assert_eq!(shape(&read(&operation, &fixture(name))), "misconfigured", "{operation:?} {name}");
        }
    }
}

#[test]
fn what_was_made_is_never_forgotten_by_its_own_account() {
    let line = Operation::Line(Line { source: named("py_3Sx1"), amount: eur(10_950) });
    let asked = [
        ask(Collection, Some(INTENT)),
        ask(Collection, None),
        ask(Refund, Some("re_3Sx1")),
        ask(Refund, None),
        ask(Treasury, Some("po_1Sw1")),
        line,
    ];
    for operation in asked {
        assert_eq!(shape(&read(&operation, &fixture("error_missing"))), "misconfigured", "{operation:?}");
    }
    assert_eq!(shape(&read(&cancel(), &fixture("error_missing"))), "not_found");
}

#[test]
fn closing_too_late_is_asked_about_and_closing_twice_is_closed() {
    assert_eq!(shape(&read(&cancel(), &fixture("error_unexpected_state"))), "pending");
    assert_eq!(shape(&read(&cancel(), &fixture("error_cancelled_already"))), "cancelled");
    let bare = response(400, br#"{"error":{"code":"payment_intent_unexpected_state"}}"#);
    assert_eq!(shape(&read(&cancel(), &bare)), "pending");
}

#[test]
fn a_message_that_repeats_the_account_is_kept_without_it() {
    for account in [IBAN, "FR1420041010050500013M02606", "370400440532013000"] {
        let error = json!({"error": {"type": "card_error", "code": "invalid_account_number",
            "message": format!("The account '{account}' is (in: {account}) closed.\u{7}")}});
        let answer = read(&by_debit(), &response(402, error.to_string().as_bytes()));
        let message = "The account '…' is (in: …) closed.".to_owned();
        assert_eq!(answer, Ok(Outcome::Declined { code: "invalid_account_number".to_owned(), message }));
    }
}
