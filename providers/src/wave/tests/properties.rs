//! What no input may bring about.

use domain::movement::MovementKind::{Collection, Disbursement, Refund, Reversal};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::testkit::{chance_proves_nothing, json_value, unknown_codes_never_end_a_movement, unknown_word};
use crate::{Page, Trust};

/// Words that Wave documents for a status; every other one is unknown.
const KNOWN: [&str; 9] =
    ["open", "complete", "expired", "processing", "succeeded", "cancelled", "failed", "reversed", "paid"];

/// Codes that end a movement where they are documented.
const REFUSALS: [&str; 12] = [
    "request-validation-error",
    "country-mismatch",
    "insufficient-funds",
    "recipient-minor",
    "recipient-account-blocked",
    "recipient-account-inactive",
    "recipient-limit-exceeded",
    "checkout-refund-failed",
    "checkout-session-not-found",
    "not-found",
    "payout-reversal-time-limit-exceeded",
    "payout-reversal-account-terminated",
];

fn word() -> impl Strategy<Value = String> {
    unknown_word(&KNOWN)
}

fn every_operation() -> Vec<Operation> {
    vec![
        Operation::Collect(collect()),
        Operation::Disburse(disburse()),
        refund(),
        reverse(),
        cancel(),
        ask(Collection),
        ask_about(Collection, session_ref()),
        ask(Disbursement),
        ask_about(Disbursement, payout_ref()),
        ask(Refund),
        ask(Reversal),
        Operation::Balance,
        Operation::Transactions(Page { date: now().date_naive(), cursor: None }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_500))]

    #[test]
    fn an_unknown_payout_status_is_uncertain(status in word()) {
        let mut body: serde_json::Value = serde_json::from_slice(&fixture("payout_succeeded").body).unwrap();
        body["status"] = json!(status);
        let answer = response(200, body.to_string().as_bytes());
        for operation in [Operation::Disburse(disburse()), ask_about(Disbursement, payout_ref()), ask(Reversal)] {
            prop_assert_eq!(shape(&read(&operation, &answer)), "uncertain");
        }
    }

    #[test]
    fn an_unknown_session_status_is_uncertain(checkout in word(), payment in word(), which in 0..3) {
        let mut body: serde_json::Value = serde_json::from_slice(&fixture("session_paid").body).unwrap();
        if which != 0 { body["checkout_status"] = json!(checkout); }
        if which != 1 { body["payment_status"] = json!(payment); }
        let answer = response(200, body.to_string().as_bytes());
        prop_assert_eq!(shape(&read(&ask_about(Collection, session_ref()), &answer)), "uncertain");
        let event = json!({"id": "EV_1", "type": "checkout.session.completed", "data": body});
        let callback = wave().translate(event.to_string().as_bytes(), Trust::Proven).unwrap();
        prop_assert_eq!(callback.outcome, None);
    }

    #[test]
    fn a_server_error_never_ends_a_movement(code in prop::sample::select(REFUSALS.to_vec()), status in 500_u16..600) {
        let answer = response(status, json!({"code": code}).to_string().as_bytes());
        for operation in every_operation() {
            prop_assert_eq!(shape(&read(&operation, &answer)), "uncertain");
        }
    }

    #[test]
    fn another_amount_is_never_a_success(minor in any::<i64>()) {
        prop_assume!(minor != 15_000);
        let given = format!(r#""receive_amount":"{minor}""#);
        let answer = altered("payout_succeeded", r#""receive_amount":"15000""#, &given);
        prop_assert_eq!(shape(&read(&Operation::Disburse(disburse()), &answer)), "uncertain");
    }

    #[test]
    fn events_of_any_shape_never_panic_and_prove_nothing(data in document(), kind in "\\PC{0,30}|checkout\\.session\\.completed") {
        let event = json!({"id": "EV_1", "type": kind, "data": data});
        let callback = wave().translate(event.to_string().as_bytes(), Trust::Proven).unwrap();
        let succeeded = matches!(callback.outcome, Some(Outcome::Succeeded { .. }));
        prop_assert!(!succeeded);
    }

    #[test]
    fn amounts_survive_the_way_there_and_back(minor in 1_i64..i64::MAX) {
        for currency in [Currency::XOF, Currency::GMD, Currency::UGX] {
            let money = Money::new(minor, currency);
            prop_assert_eq!(crate::wave::amount::parse(&money.major(), currency), Ok(money));
        }
    }
}

/// Documents of any shape, with what the adapter reads among others.
fn document() -> impl Strategy<Value = serde_json::Value> {
    let keys = &["id", "amount", "currency", "checkout_status", "client_reference"];
    json_value(vec![json!("12500"), json!("XOF")], keys)
}

#[test]
fn an_unknown_code_never_ends_a_movement() {
    unknown_codes_never_end_a_movement(&wave(), &every_operation(), |code| {
        vec![
            json!({"code": code, "message": "m"}),
            json!({"error_code": code, "error_message": "m"}),
            json!({"error": code, "message": "m"}),
            json!({"error": {"code": code, "message": "m"}}),
        ]
    });
}

#[test]
fn random_bytes_are_never_an_outcome() {
    testkit::random_bytes_are_never_an_outcome(&wave(), &every_operation(), false);
}

#[test]
fn callbacks_never_panic() {
    chance_proves_nothing(&wave(), "wave-signature", now());
}
