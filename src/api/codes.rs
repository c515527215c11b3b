//! Every problem the API can answer with: its code, its status, and whether trying again makes sense.
//!
//! The texts of each, in both languages, are in `locales/` under the same name. Codes never change and are never
//! taken away.

use axum::http::StatusCode;

/// Whether the request may be sent again, as clients read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Sending it again does not help.
    Never,
    /// It may have had its effect: send the very same, with the same idempotency key.
    SameKey,
    /// Something has to be different: the request, or who sends it.
    AfterChange,
    /// Nothing happened: the same request may succeed later.
    Later,
}

impl Retry {
    /// The word in a problem's `retry`.
    pub fn as_str(self) -> &'static str {
        match self {
            Retry::Never => "never",
            Retry::SameKey => "same_key",
            Retry::AfterChange => "after_change",
            Retry::Later => "later",
        }
    }
}

/// A problem's fixed part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// What clients branch on.
    pub name: &'static str,
    /// The HTTP status.
    pub status: StatusCode,
    /// Whether to try again.
    pub retry: Retry,
}

const fn code(name: &'static str, status: StatusCode, retry: Retry) -> Code {
    Code { name, status, retry }
}

/// What is answered when a code is not in the table, which is our fault.
const INTERNAL: Code = code("internal_error", StatusCode::INTERNAL_SERVER_ERROR, Retry::SameKey);

/// All of them.
pub const CODES: &[Code] = {
    use Retry::{AfterChange, Later, Never, SameKey};
    &[
        code("not_found", StatusCode::NOT_FOUND, Never),
        code("method_not_allowed", StatusCode::METHOD_NOT_ALLOWED, Never),
        code("host_not_allowed", StatusCode::BAD_REQUEST, AfterChange),
        code("unauthenticated", StatusCode::UNAUTHORIZED, AfterChange),
        code("forbidden", StatusCode::FORBIDDEN, Never),
        code("account_frozen", StatusCode::FORBIDDEN, Never),
        code("second_factor_required", StatusCode::FORBIDDEN, AfterChange),
        code("second_factor_not_enrolled", StatusCode::FORBIDDEN, Never),
        code("rate_limited", StatusCode::TOO_MANY_REQUESTS, Later),
        code("overloaded", StatusCode::SERVICE_UNAVAILABLE, Later),
        code("unavailable", StatusCode::SERVICE_UNAVAILABLE, SameKey),
        code("request_timeout", StatusCode::SERVICE_UNAVAILABLE, SameKey),
        INTERNAL,
        code("invalid_json", StatusCode::BAD_REQUEST, AfterChange),
        code("invalid_body", StatusCode::BAD_REQUEST, AfterChange),
        code("unsupported_media_type", StatusCode::UNSUPPORTED_MEDIA_TYPE, AfterChange),
        code("payload_too_large", StatusCode::PAYLOAD_TOO_LARGE, AfterChange),
        code("validation_failed", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("unknown_field", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("repeated_field", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("missing_field", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("invalid_type", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("invalid_value", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("invalid_text", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("invalid_name", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("invalid_query", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("invalid_cursor", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("idempotency_key_missing", StatusCode::BAD_REQUEST, AfterChange),
        code("idempotency_key_invalid", StatusCode::BAD_REQUEST, AfterChange),
        code("idempotency_key_reused", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("idempotency_in_flight", StatusCode::CONFLICT, SameKey),
        code("changed_meanwhile", StatusCode::CONFLICT, Later),
        code("invalid_amount", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("invalid_currency", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("currency_mismatch", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("invalid_phone", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("invalid_country", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("clock_refused", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("otp_invalid", StatusCode::UNAUTHORIZED, AfterChange),
        code("otp_expired", StatusCode::UNAUTHORIZED, AfterChange),
        code("token_reused", StatusCode::UNAUTHORIZED, AfterChange),
        code("phone_taken", StatusCode::CONFLICT, AfterChange),
        code("resting", StatusCode::CONFLICT, Later),
        code("corridor_unavailable", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("amount_out_of_range", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("rail_unavailable", StatusCode::SERVICE_UNAVAILABLE, Later),
        code("rate_stale", StatusCode::SERVICE_UNAVAILABLE, Later),
        code("invalid_rate", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("rate_out_of_bounds", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("rate_outdated", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("rate_fixed", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("pair_reversed", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("own_request", StatusCode::FORBIDDEN, Never),
        code("digest_mismatch", StatusCode::CONFLICT, AfterChange),
        code("approval_decided", StatusCode::CONFLICT, Never),
        code("quote_used", StatusCode::CONFLICT, AfterChange),
        code("quote_expired", StatusCode::GONE, AfterChange),
        code("insufficient_funds", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("no_bank_account", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("transfer_not_cancellable", StatusCode::CONFLICT, Never),
        code("transfer_not_on_hold", StatusCode::CONFLICT, Never),
        code("transfer_not_retriable", StatusCode::CONFLICT, Never),
        code("account_opened", StatusCode::CONFLICT, Never),
        code("not_for_this_kind", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("transfer_not_refundable", StatusCode::CONFLICT, Never),
        code("refund_in_progress", StatusCode::CONFLICT, Later),
        code("refund_exceeds", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("movement_not_open", StatusCode::CONFLICT, Never),
        code("movement_not_stuck", StatusCode::CONFLICT, Later),
        code("operator_reference_used", StatusCode::CONFLICT, AfterChange),
        code("confirmation_pending", StatusCode::CONFLICT, Never),
        code("amount_differs", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("no_late_payment", StatusCode::CONFLICT, Never),
        code("late_amount_differs", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("no_receipt_yet", StatusCode::CONFLICT, Later),
        code("too_many_items", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("rail_mismatch", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("country_mismatch", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("number_not_on_rail", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("unknown_account", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("same_account", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("not_for_this_rail", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("invalid_iban", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("iban_outside_sepa", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("unknown_mandate", StatusCode::UNPROCESSABLE_ENTITY, AfterChange),
        code("webhook_unauthentic", StatusCode::UNAUTHORIZED, AfterChange),
    ]
};

/// The code of this name. One that is not in the table is answered as a fault of ours, and told to the log.
pub fn of(name: &str) -> Code {
    CODES.iter().copied().find(|code| code.name == name).unwrap_or_else(|| {
        tracing::error!(problem.code = name, "a problem is not in the table of codes");
        INTERNAL
    })
}

/// The code that fits a bare status, as other people's middlewares answer it.
pub fn of_status(status: StatusCode) -> Code {
    of(match status {
        StatusCode::NOT_FOUND => "not_found",
        StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
        StatusCode::UNAUTHORIZED => "unauthenticated",
        StatusCode::FORBIDDEN => "forbidden",
        StatusCode::PAYLOAD_TOO_LARGE => "payload_too_large",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "unsupported_media_type",
        StatusCode::TOO_MANY_REQUESTS => "rate_limited",
        StatusCode::SERVICE_UNAVAILABLE => "unavailable",
        StatusCode::UNPROCESSABLE_ENTITY => "validation_failed",
        other if other.is_client_error() => "invalid_body",
        _ => "internal_error",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::Language;
    use crate::services::texts::{detail, text};
    use std::collections::BTreeSet;

    #[test]
    fn every_code_speaks_both_languages() {
        for code in CODES {
            let [fr, en] = [Language::Fr, Language::En]
                .map(|language| (text(language, code.name, &[]), detail(language, code.name, &[])));
            assert_ne!((&fr.0, &fr.1), (&en.0, &en.1), "{}", code.name);
            for said in [&fr.0, &fr.1, &en.0, &en.1] {
                assert_ne!(said, code.name, "a text is missing");
            }
        }
    }

    #[test]
    fn codes_are_distinct_words_of_one_status() {
        let names: BTreeSet<_> = CODES.iter().map(|code| code.name).collect();
        assert_eq!(names.len(), CODES.len());
        assert!(CODES.iter().all(|code| code.status.is_client_error() || code.status.is_server_error()));
        let word = |name: &str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        assert!(names.iter().all(|name| word(name)));
    }

    /// The contract's own words.
    #[test]
    fn the_contract_s_codes_have_its_statuses() {
        for (name, status) in [
            ("unknown_field", 422),
            ("invalid_amount", 422),
            ("invalid_phone", 422),
            ("idempotency_key_missing", 400),
            ("idempotency_key_reused", 422),
            ("idempotency_in_flight", 409),
            ("unauthenticated", 401),
            ("forbidden", 403),
            ("not_found", 404),
            ("rate_limited", 429),
            ("overloaded", 503),
            ("otp_invalid", 401),
            ("otp_expired", 401),
            ("token_reused", 401),
            ("corridor_unavailable", 422),
            ("amount_out_of_range", 422),
            ("rate_stale", 503),
            ("own_request", 403),
            ("digest_mismatch", 409),
            ("quote_used", 409),
            ("quote_expired", 410),
            ("transfer_not_cancellable", 409),
            ("webhook_unauthentic", 401),
        ] {
            assert_eq!(of(name).status.as_u16(), status, "{name}");
        }
    }
}
