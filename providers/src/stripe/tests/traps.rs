//! Answers that look right and are not.

use domain::movement::MovementKind::{Collection, Refund, Treasury};
use serde_json::json;

use super::*;

#[test]
fn another_amount_currency_or_reference_is_never_a_success_nor_a_refusal() {
    let other = "00000000-0000-4000-8000-000000000001";
    let table = [
        (ask(Collection, Some(INTENT)), "debit_succeeded"),
        (ask(Collection, Some(INTENT)), "debit_failed"),
        (by_debit(), "debit_processing"),
        (by_transfer(), "transfer_awaited"),
        (refund(), "refund_succeeded"),
        (refund(), "refund_failed"),
        (ask(Refund, Some("re_3Sx1")), "refund_cancelled"),
        (sweep(), "payout_paid"),
        (ask(Treasury, Some("po_1Sw1")), "payout_failed"),
    ];
    for (operation, name) in table {
        let changes = [
            with(name, "/amount", json!(1)),
            with(name, "/amount", json!(null)),
            with(name, "/amount", json!("10950")),
            with(name, "/currency", json!("usd")),
            with(name, "/currency", json!(null)),
            with(name, "/metadata/movement_reference", json!(other)),
            with(name, "/metadata/movement_reference", json!("not a reference")),
            with(name, "/metadata/movement_reference", json!(null)),
            with(name, "/metadata/movement_kind", json!("disbursement")),
            with(name, "/metadata", json!(null)),
            with(name, "/id", json!("an id/that is none")),
            with(name, "/status", json!("a_new_status")),
            with(name, "/status", json!(null)),
        ];
        for (number, answer) in changes.iter().enumerate() {
            assert_eq!(shape(&read(&operation, answer)), "uncertain", "{name}, change {number}");
        }
    }
}

#[test]
fn only_all_of_it_is_a_success() {
    for received in [10_949, 10_951, 0, -10_950] {
        let answer = with("debit_succeeded", "/amount_received", json!(received));
        assert_eq!(shape(&read(&ask(Collection, Some(INTENT)), &answer)), "uncertain", "{received}");
    }
    let untold = with("debit_succeeded", "/amount_received", json!(null));
    assert_eq!(shape(&read(&ask(Collection, Some(INTENT)), &untold)), "succeeded");
}

#[test]
fn a_method_that_was_dropped_without_a_word_is_noticed() {
    assert_eq!(shape(&read(&by_debit(), &fixture("debit_without_method"))), "misconfigured");
    let dropped = altered("transfer_awaited", "[\"customer_balance\"]", "[\"card\"]");
    assert_eq!(shape(&read(&by_transfer(), &dropped)), "misconfigured");
    // Something moves although it should not be able to: nobody may call that our fault alone.
    for name in ["debit_processing", "debit_succeeded"] {
        let dropped = altered(name, "[\"sepa_debit\"]", "[]");
        assert_eq!(shape(&read(&ask(Collection, Some(INTENT)), &dropped)), "uncertain");
    }
    let failed = altered("debit_failed", "[\"sepa_debit\"]", "[]");
    assert_eq!(shape(&read(&ask(Collection, Some(INTENT)), &failed)), "declined insufficient_funds");
    let untold = with("debit_processing", "/payment_method_types", json!(null));
    assert_eq!(shape(&read(&by_debit(), &untold)), "executing");
}

#[test]
fn an_intent_that_lost_its_method_without_an_error_says_nothing() {
    let answer = with("debit_failed", "/last_payment_error", json!(null));
    assert_eq!(shape(&read(&ask(Collection, Some(INTENT)), &answer)), "uncertain");
}

#[test]
fn a_half_read_charge_costs_the_mandate_and_nothing_else() {
    let details = "/latest_charge/payment_method_details";
    for (pointer, value) in [
        (details.to_owned(), json!("odd")),
        (format!("{details}/sepa_debit"), json!([])),
        (format!("{details}/sepa_debit/mandate"), json!(7)),
        ("/latest_charge".to_owned(), json!("py_3Sx1")),
        ("/latest_charge".to_owned(), json!([1])),
    ] {
        let answer = read(&by_debit(), &with("debit_processing", &pointer, value.clone()));
        assert!(matches!(answer, Ok(Outcome::Pending { executing: true, mandate: None, .. })), "{value}");
    }
    let untold = with("debit_processing", &format!("{details}/sepa_debit/last4"), json!(7));
    let Ok(Outcome::Pending { mandate: Some(mandate), .. }) = read(&by_debit(), &untold) else {
        panic!("none")
    };
    assert_eq!(mandate.last4, None);
}

#[test]
fn a_refund_of_another_collection_is_not_ours() {
    let other = altered("refund_succeeded", "pi_3Sx1", "pi_other");
    for operation in [refund(), ask(Refund, Some("re_3Sx1"))] {
        assert_eq!(shape(&read(&operation, &other)), "uncertain");
    }
    let untold = with("refund_succeeded", "/payment_intent", json!(null));
    assert_eq!(shape(&read(&refund(), &untold)), "succeeded");
}

#[test]
fn an_answer_about_another_intent_closes_nothing() {
    let other = altered("intent_cancelled", "\"pi_3Sx1\"", "\"pi_other\"");
    assert_eq!(shape(&read(&cancel(), &other)), "uncertain");
}

#[test]
fn payers_are_sent_to_web_pages_only() {
    let redirect = |url: &str| {
        let action = json!({"type": "redirect_to_url", "redirect_to_url": {"url": url, "return_url": null}});
        let answer = with("debit_processing", "/status", json!("requires_action"));
        let mut body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        body["next_action"] = action;
        match read(&by_debit(), &response(200, body.to_string().as_bytes())) {
            Ok(Outcome::Pending { next, executing: false, .. }) => next.is_some(),
            other => panic!("{other:?}"),
        }
    };
    assert!(redirect("https://hooks.stripe.test/redirect"));
    for url in ["javascript:alert(1)", "", "bank://pay"] {
        assert!(!redirect(url), "{url}");
    }
}

#[test]
fn what_is_unreadable_after_a_post_is_uncertain() {
    for operation in [by_debit(), by_transfer(), refund(), sweep(), register(), cancel()] {
        for body in [b"".as_slice(), b"{}", b"[]", b"null", b"<html>", b"{\"id\":\"pi_3Sx1\""] {
            assert_eq!(shape(&read(&operation, &response(200, body))), "uncertain", "{operation:?}");
        }
    }
}
