//! What no input may bring about.

use domain::movement::MovementKind::{Collection, Refund, Treasury};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::stripe::{refusal, terms};
use crate::testkit::{chance_proves_nothing, json_value, unknown_codes_never_end_a_movement, unknown_word};
use crate::{Line, NextAction, Page, Trust};

/// Words that Stripe documents for a status; every other one is unknown.
const KNOWN: [&str; 11] = [
    "processing",
    "succeeded",
    "canceled",
    "requires_action",
    "requires_confirmation",
    "requires_payment_method",
    "pending",
    "failed",
    "paid",
    "in_transit",
    "won",
];

fn word() -> impl Strategy<Value = String> {
    // Documented, and never asked for.
    prop_oneof![4 => unknown_word(&KNOWN), 1 => Just("requires_capture".to_owned())]
}

fn every_operation() -> Vec<Operation> {
    vec![
        register(),
        by_debit(),
        by_transfer(),
        refund(),
        sweep(),
        cancel(),
        ask(Collection, None),
        ask(Collection, Some(INTENT)),
        ask_transfer(),
        ask(Refund, None),
        ask(Refund, Some("re_3Sx1")),
        ask(Treasury, None),
        ask(Treasury, Some("po_1Sw1")),
        Operation::Balance,
        Operation::Transactions(Page { date: now().date_naive(), cursor: None }),
        Operation::Line(Line { source: named("py_3Sx1"), amount: eur(10_950) }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn an_unknown_status_is_uncertain(status in word()) {
        let table = [
            (by_debit(), "debit_succeeded"),
            (ask_transfer(), "transfer_succeeded"),
            (refund(), "refund_succeeded"),
            (sweep(), "payout_paid"),
        ];
        for (operation, name) in table {
            let answer = with(name, "/status", json!(status));
            prop_assert_eq!(shape(&read(&operation, &answer)), "uncertain");
        }
        let event = with("event_succeeded", "/data/object/status", json!(status));
        prop_assert_eq!(stripe().translate(&event.body, Trust::Proven).unwrap().outcome, None);
    }

    #[test]
    fn a_server_error_never_ends_a_movement(
        code in prop::sample::select(vec!["amount_too_small", "charge_disputed", "balance_insufficient", "lock_timeout"]),
        kind in prop::sample::select(vec!["card_error", "api_error", "idempotency_error"]),
        status in 500_u16..600,
        advice in prop::option::of(prop::sample::select(vec!["true", "false"])),
    ) {
        let mut answer = response(status, json!({"error": {"type": kind, "code": code}}).to_string().as_bytes());
        if let Some(advice) = advice {
            answer.headers.insert("stripe-should-retry", advice.parse().unwrap());
        }
        for operation in every_operation() {
            prop_assert_eq!(shape(&read(&operation, &answer)), "uncertain");
        }
    }

    #[test]
    fn another_amount_is_never_a_success(minor in any::<i64>()) {
        prop_assume!(![10_950, 500, 50_000].contains(&minor));
        for (operation, name) in [(by_debit(), "debit_succeeded"), (refund(), "refund_succeeded"), (sweep(), "payout_paid")] {
            prop_assert_eq!(shape(&read(&operation, &with(name, "/amount", json!(minor)))), "uncertain");
        }
    }

    #[test]
    fn an_amount_and_a_reference_survive_the_way_there_and_back(minor in 1_i64..100_000_000, bits in any::<u128>()) {
        let reference = Reference::from_uuid(uuid::Uuid::from_u128(bits));
        let collect = Collect { reference, amount: eur(minor), ..collect(Rail::SepaTransfer, None) };
        let operation = Operation::Collect(collect);
        let sent = stripe().request(&operation, &Grants::none(), now()).unwrap();
        let form: Vec<(String, String)> = serde_urlencoded::from_bytes(&sent.body).unwrap();
        let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap();
        let metadata = json!({
            "movement_reference": field("metadata[movement_reference]"),
            "movement_kind": field("metadata[movement_kind]"),
        });
        let amount: i64 = field("amount").parse().unwrap();
        let intent = json!({"id": "pi_1", "status": "succeeded", "amount": amount, "currency": field("currency"),
            "metadata": metadata});
        let answer = read(&operation, &response(200, intent.to_string().as_bytes()));
        let is_whole = matches!(answer, Ok(Outcome::Succeeded { amount, .. }) if amount == eur(minor));
        prop_assert!(is_whole, "{answer:?}");
    }

    #[test]
    fn instructions_never_ask_for_more_than_the_collection(remaining in any::<i64>()) {
        let pointer = "/next_action/display_bank_transfer_instructions/amount_remaining";
        let answer = read(&by_transfer(), &with("transfer_awaited", pointer, json!(remaining)));
        match answer {
            Ok(Outcome::Pending { next: Some(NextAction::BankTransfer { amount, .. }), .. }) => {
                prop_assert!(amount == eur(remaining) && (1..=10_950).contains(&remaining));
            }
            Ok(Outcome::Pending { next: None, .. }) => prop_assert!(!(1..=10_950).contains(&remaining)),
            other => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn what_is_kept_of_a_message_is_short_and_without_accounts(text in "\\PC{0,400}", iban in "[A-Z]{2}[0-9]{14,22}") {
        let kept = refusal::shortened(&format!("({iban}) {text}"));
        prop_assert!(kept.chars().count() <= 300 && !kept.contains(&iban), "{kept}");
        prop_assert!(!kept.chars().any(char::is_control));
    }

    #[test]
    fn a_plausible_id_needs_no_escaping(id in "\\PC{0,300}") {
        if terms::is_plausible(&id) {
            prop_assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'));
        }
    }

    #[test]
    fn objects_of_any_shape_never_panic_and_prove_no_money(object in document(), kind in event_kind()) {
        let event = json!({"id": "evt_1", "type": kind, "data": {"object": object}});
        let callback = stripe().translate(event.to_string().as_bytes(), Trust::Proven).unwrap();
        let proves = matches!(callback.outcome, Some(Outcome::Succeeded { .. } | Outcome::FailedLater { .. }));
        prop_assert!(!proves);
        for operation in every_operation() {
            let answer = read(&operation, &response(200, object.to_string().as_bytes()));
            let moved = matches!(answer, Ok(Outcome::Succeeded { .. } | Outcome::Declined { .. }));
            prop_assert!(!moved, "{operation:?}");
        }
    }
}

fn event_kind() -> impl Strategy<Value = String> {
    let known = [
        "payment_intent.succeeded",
        "payment_intent.payment_failed",
        "refund.failed",
        "refund.updated",
        "payout.paid",
        "payout.failed",
        "charge.dispute.created",
        "charge.dispute.closed",
        "mandate.updated",
        "cash_balance.funds_available",
    ];
    prop_oneof!["\\PC{0,30}", prop::sample::select(known.to_vec()).prop_map(str::to_owned)]
}

/// Documents of any shape, with what the adapter reads among others.
fn document() -> impl Strategy<Value = serde_json::Value> {
    let leaves = KNOWN.map(|word| json!(word)).into_iter().chain([json!(10_950), json!("eur")]).collect();
    let keys = &[
        "id",
        "amount",
        "currency",
        "status",
        "metadata",
        "latest_charge",
        "next_action",
        "data",
        "available",
    ];
    json_value(leaves, keys)
}

#[test]
fn an_unknown_code_never_ends_a_movement() {
    unknown_codes_never_end_a_movement(&stripe(), &every_operation(), |code| {
        vec![json!({"error": {"type": "invalid_request_error", "code": code, "message": "m"}})]
    });
}

#[test]
fn random_bytes_are_never_an_outcome() {
    testkit::random_bytes_are_never_an_outcome(&stripe(), &every_operation(), true);
}

#[test]
fn callbacks_never_panic() {
    chance_proves_nothing(&stripe(), "stripe-signature", now());
}
