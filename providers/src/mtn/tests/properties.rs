//! What holds for any answer at all.

use domain::movement::MovementKind::{Collection, Disbursement, Refund as Refunding};
use proptest::prelude::*;

use super::*;
use crate::testkit::{chance_proves_nothing, random_bytes_are_never_an_outcome};

fn is_final(answer: &Result<Outcome, ProviderError>) -> bool {
    matches!(
        answer,
        Ok(Outcome::Succeeded { .. }
            | Outcome::Declined { .. }
            | Outcome::Expired
            | Outcome::Cancelled
            | Outcome::FailedLater { .. }
            | Outcome::Reversed { .. })
    )
}

fn questions() -> [Operation; 3] {
    [ask(Collection), ask(Disbursement), ask(Refunding)]
}

#[test]
fn random_bytes_are_never_final() {
    let operations: Vec<Operation> = effects().into_iter().chain(questions()).collect();
    random_bytes_are_never_an_outcome(&mtn(), &operations, true);
}

#[test]
fn a_callback_proves_nothing_whatever_it_brings() {
    chance_proves_nothing(&mtn(), "authorization", now());
}

proptest! {
    /// Whatever a creation is answered, nothing ends by it: a refusal still has to be confirmed.
    #[test]
    fn no_answer_to_a_creation_is_final(status in 100_u16..600, code in "[A-Z_]{0,30}") {
        for operation in effects() {
            prop_assert!(!is_final(&read(&operation, &coded(status, &code))));
        }
    }

    #[test]
    fn a_success_is_over_our_amount(minor in 0_i64..100_000, asked in 1_i64..100_000) {
        let operation = Operation::Inquire(Inquire { amount: gnf(asked), ..inquire(Collection) });
        for told in [minor, asked] {
            let answer = altered("request_successful", r#""15000""#, &format!(r#""{told}""#));
            let is_success = matches!(read(&operation, &answer), Ok(Outcome::Succeeded { .. }));
            prop_assert_eq!(is_success, told == asked);
        }
    }

    #[test]
    fn texts_are_always_what_mtn_takes(text in any::<String>()) {
        let plain = crate::mtn::texts::plain(&text).unwrap_or_default();
        prop_assert!(plain.len() <= 160);
        prop_assert!(plain.chars().all(|l| l.is_ascii_alphanumeric() || matches!(l, ' ' | '.' | '-')));
    }
}
