//! What each event means, and what none of them means.

use serde_json::{Value, json};

use super::*;
use crate::{Callback, News, Trust};

fn translate(name: &str, trust: Trust) -> Callback {
    stripe().translate(&fixture(name).body, trust).unwrap()
}

/// An event fixture with one field set; `null` removes it.
fn changed(name: &str, pointer: &str, value: Value) -> Callback {
    stripe().translate(&with(name, pointer, value).body, Trust::Proven).unwrap()
}

#[test]
fn a_success_is_proven_and_dated_by_its_event() {
    let expected = Callback {
        event_id: "evt_1succeeded".into(),
        kind: "payment_intent.succeeded".into(),
        reference: Some(reference()),
        provider_ref: Some(named(INTENT)),
        outcome: Some(Outcome::Succeeded {
            provider_ref: named(INTENT),
            amount: eur(10_950),
            fee: None,
            at: Some(at("2026-11-20T14:33:20Z")),
            transaction: Some("py_3Sx1".into()),
            mandate: None,
        }),
        trust: Trust::Proven,
        amount: Some(eur(10_950)),
        news: None,
    };
    assert_eq!(translate("event_succeeded", Trust::Proven), expected);
    assert_eq!(translate("event_older", Trust::Proven).outcome, expected.outcome, "whatever its version");
}

#[test]
fn what_each_event_proves() {
    let table = [
        ("event_processing", "executing"),
        ("event_succeeded", "succeeded"),
        ("event_payment_failed", "declined debit_not_authorized"),
        ("event_canceled", "expired"),
        ("event_partially_funded", "nothing"),
        ("event_refund_updated", "succeeded"),
        ("event_refund_updated_failed", "declined insufficient_funds"), // it was pending until now
        ("event_refund_failed", "failed_later"),
        ("event_charge_refunded", "nothing"), // cumulative: it names no refund
        ("event_dispute_created", "disputed"),
        ("event_dispute_withdrawn", "disputed"),
        ("event_dispute_lost", "disputed"),
        ("event_dispute_won", "dispute_won"),
        ("event_dispute_reinstated", "dispute_won"),
        ("event_dispute_warning", "nothing"),
        ("event_payout_paid", "succeeded"),
        ("event_payout_failed", "failed_later"),
        ("event_payout_automatic", "nothing"),
        ("event_mandate_inactive", "nothing"),
        ("event_funds_available", "nothing"),
        ("event_cash_applied", "nothing"),
        ("event_connected", "nothing"),
    ];
    for (name, expected) in table {
        let callback = translate(name, Trust::Proven);
        let outcome = callback.outcome.map_or("nothing".to_owned(), |outcome| shape(&Ok(outcome)));
        assert_eq!(outcome, expected, "{name}");
        let hint = translate(name, Trust::Hint);
        assert_eq!((hint.outcome, hint.news), (None, None), "{name}");
    }
}

#[test]
fn what_each_event_is_about() {
    let table = [
        ("event_processing", true, Some(INTENT)),
        ("event_partially_funded", true, Some(INTENT)),
        ("event_charge_refunded", true, Some(INTENT)),
        ("event_refund_failed", true, Some("re_3Sx1")),
        ("event_payout_paid", true, Some("po_1Sw1")),
        ("event_payout_automatic", false, Some("po_1Sw1")),
        ("event_dispute_created", false, Some(INTENT)),
        ("event_cash_applied", false, Some(INTENT)),
        ("event_mandate_inactive", false, None),
        ("event_funds_available", false, None),
        ("event_connected", false, None),
    ];
    for (name, has_reference, about) in table {
        let callback = translate(name, Trust::Proven);
        let given = (callback.reference, callback.provider_ref);
        assert_eq!(given, (Some(reference()).filter(|_| has_reference), about.map(named)), "{name}");
    }
    let bare = changed("event_dispute_created", "/data/object/payment_intent", Value::Null);
    assert_eq!(bare.provider_ref, Some(named("py_3Sx1")), "a dispute without intent names its charge");
}

#[test]
fn a_dispute_tells_its_fee_once_it_is_booked() {
    let told = |name| translate(name, Trust::Proven).outcome;
    let disputed = |fee| Some(Outcome::Disputed { dispute: named("du_1Sx1"), amount: eur(10_950), fee });
    assert_eq!(told("event_dispute_created"), disputed(None));
    assert_eq!(told("event_dispute_withdrawn"), disputed(Some(eur(750))));
    assert_eq!(translate("event_dispute_created", Trust::Proven).amount, None, "not the movement's amount");
    for (pointer, value) in [
        ("/data/object/status", json!("prevented")),
        ("/data/object/status", json!("a_new_status")),
        ("/data/object/amount", json!(0)),
        ("/data/object/amount", json!(-10_950)),
        ("/data/object/id", json!("")),
    ] {
        assert_eq!(
            changed("event_dispute_created", pointer, value.clone()).outcome,
            None,
            "{pointer} {value}"
        );
    }
}

#[test]
fn news_come_of_mandates_and_of_money_that_nobody_took() {
    let told = |name| translate(name, Trust::Proven).news;
    assert_eq!(told("event_mandate_inactive"), Some(News::MandateEnded { mandate: named("mandate_1Sx1") }));
    let left = News::UnappliedFunds { customer: named("cus_Qa7"), amount: eur(2_500) };
    assert_eq!(told("event_funds_available"), Some(left));
    for name in ["event_mandate_active", "event_cash_applied", "event_succeeded", "event_dispute_created"] {
        assert_eq!(told(name), None, "{name}");
    }
    for (pointer, value) in [
        ("/data/object/available", json!({"usd": 2500})),
        ("/data/object/available", json!({"eur": 0})),
        ("/data/object/available", json!({"eur": "2500"})),
        ("/data/object/customer", Value::Null),
    ] {
        assert_eq!(changed("event_funds_available", pointer, value.clone()).news, None, "{pointer} {value}");
    }
}

#[test]
fn an_event_that_contradicts_its_own_name_proves_nothing_but_can_be_asked_about() {
    let table = [
        ("event_succeeded", "/data/object/status", json!("processing")),
        ("event_succeeded", "/data/object/status", json!("a_new_status")),
        ("event_succeeded", "/data/object/amount_received", json!(5)),
        ("event_succeeded", "/data/object/amount", json!("10950")),
        ("event_succeeded", "/data/object/currency", Value::Null),
        ("event_succeeded", "/data/object/metadata/movement_kind", json!("refund")),
        ("event_processing", "/data/object/status", json!("succeeded")),
        ("event_canceled", "/data/object/status", json!("requires_action")),
        ("event_payment_failed", "/data/object/last_payment_error", Value::Null),
        ("event_refund_failed", "/data/object/status", json!("succeeded")),
        ("event_refund_updated", "/data/object/metadata/movement_kind", json!("collection")),
        ("event_payout_paid", "/data/object/status", json!("failed")),
        ("event_payout_failed", "/data/object/status", json!("paid")),
    ];
    for (name, pointer, value) in table {
        let callback = changed(name, pointer, value.clone());
        assert_eq!(callback.outcome, None, "{name} {pointer} {value}");
        assert_eq!(callback.reference, Some(reference()), "{name}");
    }
}

#[test]
fn what_failed_was_believed_to_have_succeeded_unless_the_event_says_otherwise() {
    let failed = |name: &str, before: Value| {
        let mut event: Value = serde_json::from_slice(&fixture(name).body).unwrap();
        event["data"]["previous_attributes"] = before;
        let callback = stripe().translate(event.to_string().as_bytes(), Trust::Proven).unwrap();
        callback.outcome.map_or("nothing", |outcome| outcome.as_str())
    };
    for (name, open) in [("event_refund_failed", "requires_action"), ("event_payout_failed", "in_transit")] {
        assert_eq!(failed(name, json!({"status": open})), "declined");
        assert_eq!(failed(name, json!({"status": "pending"})), "declined");
        assert_eq!(failed(name, json!({"status": "succeeded"})), "failed_later");
        assert_eq!(failed(name, json!({"status": "paid"})), "failed_later");
        assert_eq!(failed(name, json!({})), "failed_later");
        assert_eq!(failed(name, Value::Null), "failed_later");
    }
}

#[test]
fn events_of_other_kinds_and_accounts_change_nothing() {
    let mut event: Value = serde_json::from_slice(&fixture("event_succeeded").body).unwrap();
    for kind in ["customer.created", "invoice.paid", "payment_intent.invented", "", "payout", "refund."] {
        event["type"] = json!(kind);
        let callback = stripe().translate(event.to_string().as_bytes(), Trust::Proven).unwrap();
        assert_eq!((callback.outcome, callback.news), (None, None), "{kind}");
    }
    for missing in ["data", "created", "api_version", "pending_webhooks", "livemode"] {
        let mut event: Value = serde_json::from_slice(&fixture("event_succeeded").body).unwrap();
        event.as_object_mut().unwrap().remove(missing);
        assert!(stripe().translate(event.to_string().as_bytes(), Trust::Proven).is_ok(), "{missing}");
    }
}
