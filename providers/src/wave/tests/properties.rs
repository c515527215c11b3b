//! What no input may bring about.

use domain::movement::MovementKind::{Collection, Disbursement, Refund, Reversal};
use proptest::prelude::*;
use serde_json::json;

use super::*;
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

fn is_final(answer: &Result<Outcome, ProviderError>) -> bool {
    !matches!(answer, Err(_) | Ok(Outcome::Pending { .. }))
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,24}",
        "[a-z-]{0,24}",
        prop::sample::select(KNOWN.to_vec()).prop_map(|word| word.to_uppercase()),
        prop::sample::select(KNOWN.to_vec()).prop_map(|word| format!("{word} ")),
        prop::sample::select(KNOWN.to_vec()).prop_map(|word| format!("{word}ed")),
    ]
    .prop_filter("an unknown word", |word| !KNOWN.contains(&word.as_str()))
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
    fn an_unknown_code_never_ends_a_movement(
        code in "\\PC{0,30}|[a-z]{2,9}(-[a-z]{2,9}){0,3}",
        status in 100_u16..600,
        form in 0..4,
    ) {
        prop_assume!(!REFUSALS.contains(&code.as_str()) && !(200..300).contains(&status));
        let body = match form {
            0 => json!({"code": code, "message": "m"}),
            1 => json!({"error_code": code, "error_message": "m"}),
            2 => json!({"error": code, "message": "m"}),
            _ => json!({"error": {"code": code, "message": "m"}}),
        };
        let answer = response(status, body.to_string().as_bytes());
        for operation in every_operation() {
            prop_assert!(!is_final(&read(&operation, &answer)), "{operation:?} {status} {body}");
        }
    }

    #[test]
    fn a_server_error_never_ends_a_movement(code in prop::sample::select(REFUSALS.to_vec()), status in 500_u16..600) {
        let answer = response(status, json!({"code": code}).to_string().as_bytes());
        for operation in every_operation() {
            prop_assert_eq!(shape(&read(&operation, &answer)), "uncertain");
        }
    }

    #[test]
    fn random_bytes_are_never_an_outcome(body in prop::collection::vec(any::<u8>(), 1..200), status in 100_u16..600) {
        prop_assume!(!body.trim_ascii().is_empty());
        let answer = response(status, &body);
        for operation in every_operation() {
            prop_assert!(!is_final(&read(&operation, &answer)), "{operation:?}");
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
    fn callbacks_never_panic(
        body in prop::collection::vec(any::<u8>(), 0..300),
        header in prop::collection::vec(32_u8..255, 0..120),
    ) {
        let mut headers = HeaderMap::new();
        if let Ok(value) = http::HeaderValue::from_bytes(&header) {
            headers.insert("wave-signature", value);
        }
        prop_assert!(wave().verify(&headers, &body, now()).is_err());
        let _ = wave().translate(&body, Trust::Proven);
    }

    #[test]
    fn events_of_any_shape_never_panic_and_prove_nothing(data in json_value(), kind in "\\PC{0,30}|checkout\\.session\\.completed") {
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

/// Documents of any shape, with the keys that the adapter reads among others.
fn json_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|value| json!(value)),
        any::<i64>().prop_map(|value| json!(value)),
        "\\PC{0,20}".prop_map(|value| json!(value)),
        Just(json!("12500")),
        Just(json!("XOF")),
    ];
    let key = prop_oneof![
        Just("id".to_owned()),
        Just("amount".to_owned()),
        Just("currency".to_owned()),
        Just("checkout_status".to_owned()),
        Just("client_reference".to_owned()),
        "[a-z_]{1,10}",
    ];
    leaf.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|pairs| serde_json::Value::Object(pairs.into_iter().collect())),
        ]
    })
}
