//! What each answer means: fixtures in, outcomes out.

use domain::movement::MovementKind::{Collection, Refund, Treasury};
use serde_json::json;

use super::*;
use crate::{Balance, Mandate, NextAction};

fn kept() -> Option<Mandate> {
    Some(Mandate {
        mandate: named("mandate_1Sx1"),
        payment_method: named("pm_1Sx1"),
        last4: Some("3000".to_owned()),
        country: Some("DE".to_owned()),
        bank_code: Some("37040044".to_owned()),
        fingerprint: Some("fp9invented0001".to_owned()),
    })
}

fn instructions(remaining: i64) -> Option<NextAction> {
    Some(NextAction::BankTransfer {
        iban: "IE29AIBK93115212345678".to_owned(),
        bic: Some("STRXIE2D".to_owned()),
        account_holder: "Exemple Transferts".to_owned(),
        reference: "HKT7QXW4ZZP2".to_owned(),
        amount: eur(remaining),
    })
}

fn executing(mandate: Option<Mandate>) -> Outcome {
    Outcome::Pending { provider_ref: Some(named(INTENT)), next: None, executing: true, mandate }
}

#[test]
fn a_debit_is_executed_for_days_and_leaves_its_mandate() {
    for operation in [by_debit(), ask(Collection, Some(INTENT))] {
        assert_eq!(read(&operation, &fixture("debit_processing")), Ok(executing(kept())));
        assert_eq!(read(&operation, &fixture("debit_processing_plain")), Ok(executing(None)));
    }
}

#[test]
fn a_debit_that_succeeded_names_its_charge_and_mandate() {
    let expected = Outcome::Succeeded {
        provider_ref: named(INTENT),
        amount: eur(10_950),
        fee: None,
        at: None,
        transaction: Some("py_3Sx1".to_owned()),
        mandate: kept(),
    };
    assert_eq!(read(&ask(Collection, Some(INTENT)), &fixture("debit_succeeded")), Ok(expected));
}

#[test]
fn a_refused_debit_says_the_banks_word_before_its_own() {
    let answer = read(&ask(Collection, Some(INTENT)), &fixture("debit_failed"));
    let expected = Outcome::Declined {
        code: "insufficient_funds".to_owned(),
        message: "The account has not enough money.".to_owned(),
    };
    assert_eq!(answer, Ok(expected));
    let plain = read(&ask(Collection, Some(INTENT)), &fixture("debit_failed_plain"));
    assert_eq!(shape(&plain), "declined debit_not_authorized");
}

#[test]
fn a_transfer_is_awaited_with_instructions_for_what_is_missing() {
    for (name, remaining) in [("transfer_awaited", 10_950), ("transfer_in_part", 4_950)] {
        let expected = Outcome::pending(named(INTENT), instructions(remaining));
        assert_eq!(read(&by_transfer(), &fixture(name)), Ok(expected.clone()));
        assert_eq!(read(&ask_transfer(), &fixture(name)), Ok(expected));
    }
}

#[test]
fn instructions_that_are_not_plain_are_none() {
    let at = "/next_action/display_bank_transfer_instructions";
    let changes = [
        ("amount_remaining", json!(10_951)),
        ("amount_remaining", json!(0)),
        ("amount_remaining", json!(-1)),
        ("amount_remaining", json!("10950")),
        ("currency", json!("usd")),
        ("reference", json!(" ")),
        ("financial_addresses", json!([])),
        ("financial_addresses", json!([{"type": "sort_code"}])),
    ];
    for (key, value) in changes {
        let answer = with("transfer_awaited", &format!("{at}/{key}"), value.clone());
        assert_eq!(read(&by_transfer(), &answer), Ok(Outcome::pending(named(INTENT), None)), "{key} {value}");
    }
    for iban in ["", "IE", "IE29 AIBK 9311", "ie29AIBK93115212345678", "<b>IE29AIBK93115212345678"] {
        let answer = altered("transfer_awaited", "IE29AIBK93115212345678", iban);
        assert_eq!(read(&by_transfer(), &answer), Ok(Outcome::pending(named(INTENT), None)), "{iban}");
    }
    let other_network = with(
        "transfer_awaited",
        &format!("{at}/financial_addresses"),
        json!([{"type": "swift", "swift": {}}, {"iban": {"account_holder_name": "X", "iban": "IE29AIBK93115212345678"}}]),
    );
    assert!(matches!(
        read(&by_transfer(), &other_network),
        Ok(Outcome::Pending { next: Some(NextAction::BankTransfer { bic: None, .. }), .. })
    ));
}

#[test]
fn what_an_intent_can_say() {
    let table = [
        (ask_transfer(), "transfer_succeeded", "succeeded"),
        (by_transfer(), "transfer_succeeded", "succeeded"), // the customer's cash was enough
        (ask_transfer(), "intent_cancelled", "cancelled"),
        (ask_transfer(), "intent_expired", "expired"),
        (cancel(), "intent_cancelled", "cancelled"),
        (cancel(), "intent_expired", "expired"),
        (cancel(), "debit_processing", "pending"),
        (cancel(), "debit_succeeded", "pending"), // somebody has to ask
        (ask(Collection, None), "intents_with_ours", "executing"),
        (ask(Collection, None), "intents_without_ours", "not_found"),
        (ask(Collection, None), "intents_more", "uncertain"), // not read to its end
        (ask(Collection, None), "intents_two", "uncertain"),
        (ask(Collection, None), "intents_retried", "executing"),
    ];
    for (operation, name, expected) in table {
        assert_eq!(shape(&read(&operation, &fixture(name))), expected, "{operation:?} {name}");
    }
}

#[test]
fn what_a_refund_can_say() {
    let table = [
        ("refund_pending", "executing"),
        ("refund_asks", "pending"),
        ("refund_succeeded", "succeeded"),
        ("refund_failed", "declined declined"),
        ("refund_cancelled", "declined canceled"),
    ];
    for (name, expected) in table {
        for operation in [refund(), ask(Refund, Some("re_3Sx1"))] {
            assert_eq!(shape(&read(&operation, &fixture(name))), expected, "{name}");
        }
    }
    assert_eq!(shape(&read(&ask(Refund, None), &fixture("refunds_with_ours"))), "executing");
    let expected = Outcome::Succeeded {
        provider_ref: named("re_3Sx1"),
        amount: eur(500),
        fee: None,
        at: None,
        transaction: None,
        mandate: None,
    };
    assert_eq!(read(&refund(), &fixture("refund_succeeded")), Ok(expected));
}

#[test]
fn what_a_sweep_can_say() {
    let table = [
        ("payout_pending", "executing"),
        ("payout_in_transit", "executing"),
        ("payout_paid", "succeeded"),
        ("payout_failed", "declined account_closed"),
        ("payout_cancelled", "declined canceled"),
    ];
    for (name, expected) in table {
        for operation in [sweep(), ask(Treasury, Some("po_1Sw1"))] {
            assert_eq!(shape(&read(&operation, &fixture(name))), expected, "{name}");
        }
    }
    assert_eq!(shape(&read(&ask(Treasury, None), &fixture("payouts_with_ours"))), "succeeded");
}

#[test]
fn a_payer_becomes_a_customer_under_our_key() {
    let registered = Outcome::Registered { customer: named("cus_Qa7") };
    assert_eq!(read(&register(), &fixture("customer")), Ok(registered));
    let others = [
        altered("customer", "person-7", "person-8"),
        altered("customer", "cus_Qa7", "cus Qa7"),
        with("customer", "/metadata", json!(null)),
        response(200, br#"{"id":"cus_Qa7","deleted":true,"metadata":{"customer_key":"person-7"}}"#),
    ];
    for other in others {
        assert_eq!(shape(&read(&register(), &other)), "uncertain");
    }
}

#[test]
fn the_balance_tells_what_can_be_used_from_what_is_on_its_way() {
    let expected = Balance { available: eur(1_203_450), pending: eur(-4_500) };
    assert_eq!(read(&Operation::Balance, &fixture("balance")), Ok(Outcome::Balance(expected)));
    let elsewhere = altered("balance", "\"eur\"", "\"gbp\"");
    let nothing = Balance { available: eur(0), pending: eur(0) };
    assert_eq!(read(&Operation::Balance, &elsewhere), Ok(Outcome::Balance(nothing)));
    for key in ["/available", "/pending"] {
        let answer = read(&Operation::Balance, &with("balance", key, json!(null)));
        assert_eq!(shape(&answer), "uncertain");
    }
}

#[test]
fn a_search_reads_page_after_page_until_it_finds() {
    let (stripe, operation) = (stripe(), ask(Collection, None));
    let first = stripe.request(&operation, &Grants::none(), now()).unwrap();
    let second = stripe.follow(&operation, &first, &fixture("intents_more"), &Grants::none(), now()).unwrap();
    assert_eq!(second.query_value("starting_after"), Some("pi_last"));
    assert_eq!(second.query_value("customer"), Some("cus_Qa7"));
    assert!(second.headers.contains_key("authorization"));
    let further = altered("intents_more", "pi_last", "pi_later");
    let third = stripe.follow(&operation, &second, &further, &Grants::none(), now()).unwrap();
    assert_eq!(third.query_value("starting_after"), Some("pi_later"));
    assert_eq!(third.query.len(), second.query.len());
    for name in ["intents_with_ours", "intents_without_ours", "error_server", "error_html"] {
        assert_eq!(stripe.follow(&operation, &first, &fixture(name), &Grants::none(), now()), None, "{name}");
    }
    for (operation, name) in
        [(ask(Collection, Some(INTENT)), "debit_processing"), (by_debit(), "intents_more")]
    {
        assert_eq!(stripe.follow(&operation, &first, &fixture(name), &Grants::none(), now()), None);
    }
}
