//! What no input may bring about, whoever's adapter reads it.

use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::response;
use crate::{Operation, Outcome, ProviderError, Trust, Wire};

/// Whether an answer ends a movement.
fn is_final(answer: &Result<Outcome, ProviderError>) -> bool {
    !matches!(answer, Err(_) | Ok(Outcome::Pending { .. }))
}

/// Random bytes under any status end nothing. `blank` tells whether an empty body is such bytes; somewhere it
/// is how success looks.
pub(crate) fn random_bytes_are_never_an_outcome(wire: &dyn Wire, operations: &[Operation], blank: bool) {
    let config = ProptestConfig::with_cases(1_000);
    proptest!(config, |(body in prop::collection::vec(any::<u8>(), 0..200), status in 100_u16..600)| {
        prop_assume!(blank || !body.trim_ascii().is_empty());
        let answer = response(status, &body);
        for operation in operations {
            prop_assert!(!is_final(&wire.outcome(operation, &answer)), "{operation:?}");
        }
    });
}

/// A refusal whose code no document has ends nothing. `bodies` writes a code in every form in which the provider
/// sends one.
pub(crate) fn unknown_codes_never_end_a_movement(
    wire: &dyn Wire,
    operations: &[Operation],
    bodies: impl Fn(&str) -> Vec<Value>,
) {
    let config = ProptestConfig::with_cases(1_000);
    let code = "\\PC{0,30}|x[a-z]{2,9}([-_][a-z]{2,9}){0,3}";
    proptest!(config, |(code in code, status in 100_u16..600)| {
        prop_assume!(!(200..300).contains(&status));
        for body in bodies(&code) {
            let answer = response(status, body.to_string().as_bytes());
            for operation in operations {
                prop_assert!(!is_final(&wire.outcome(operation, &answer)), "{operation:?} {status} {body}");
            }
        }
    });
}

/// No random header and no random bytes are a proof, and none make us panic.
pub(crate) fn chance_proves_nothing(wire: &dyn Wire, header: &'static str, now: DateTime<Utc>) {
    let bytes = prop::collection::vec(any::<u8>(), 0..300);
    let value = prop::collection::vec(32_u8..255, 0..120);
    proptest!(ProptestConfig::with_cases(1_000), |(body in bytes, value in value)| {
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            headers.insert(HeaderName::from_static(header), value);
        }
        let verified = wire.verify(&headers, &body, now);
        prop_assert!(!verified.is_ok_and(|verified| verified.trust == Trust::Proven));
        let _ = wire.translate(&body, Trust::Proven);
    });
}

/// A word that is none of `known`, though often nearly one.
pub(crate) fn unknown_word(known: &'static [&'static str]) -> impl Strategy<Value = String> {
    let near = || prop::sample::select(known.to_vec());
    prop_oneof![
        "\\PC{0,24}",
        "[a-z_-]{0,24}",
        near().prop_map(str::to_uppercase),
        near().prop_map(|word| format!("{word} ")),
        near().prop_map(|word| format!("{word}ed")),
    ]
    .prop_filter("an unknown word", |word| !known.contains(&word.as_str()))
}

/// Documents of any shape, with the leaves and keys that the adapter reads among others.
pub(crate) fn json_value(leaves: Vec<Value>, keys: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        1 => Just(json!(null)),
        1 => any::<bool>().prop_map(|value| json!(value)),
        1 => any::<i64>().prop_map(|value| json!(value)),
        1 => "\\PC{0,20}".prop_map(|value| json!(value)),
        3 => prop::sample::select(leaves),
    ];
    let key =
        prop_oneof![3 => prop::sample::select(keys.to_vec()).prop_map(str::to_owned), 1 => "[a-z_]{1,10}"];
    leaf.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}
