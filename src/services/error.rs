//! How a use-case is refused: one enum at the edge of the services.
//!
//! A refusal carries the code that the API shows, and never the text of a database or provider: that goes to
//! the log, once. Which status a code has, and what it says in which language, is chosen by the API.
//!
//! Deliberately absent: HTTP, and words for people.

use std::error::Error;
use std::time::Duration;

use domain::LedgerError;
use store::StoreError;
use store::writer::WriteError;

use super::numbers::NotOnRail;

/// Why a service did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// Nothing of that name exists for this caller; somebody else's is the same.
    #[error("not found")]
    NotFound,
    /// The caller's roles do not allow it.
    #[error("forbidden")]
    Forbidden,
    /// Nobody is signed in, or not any more.
    #[error("unauthenticated")]
    Unauthenticated,
    /// Something was not proven or not allowed, in a way that has a code of its own: `otp_invalid`.
    #[error("denied: {code}")]
    Denied {
        /// The problem's code.
        code: &'static str,
    },
    /// Fields of the request do not make sense.
    #[error("{} fields are refused", .0.len())]
    Invalid(Vec<FieldError>),
    /// A number cannot be on the rail that was asked for.
    #[error("a number is not on {}", .0.rail)]
    NotOnRail(Box<NotOnRail>),
    /// The request reads well and is refused as a whole: `idempotency_key_reused`.
    #[error("refused: {code}")]
    Refused {
        /// The problem's code.
        code: &'static str,
    },
    /// The object's state stands in the way: `quote_used`.
    #[error("conflict: {code}")]
    Conflict {
        /// The problem's code.
        code: &'static str,
    },
    /// A transfer cannot be given back.
    #[error("not refundable: {why}")]
    NotRefundable {
        /// The word that the text names the reason by.
        why: &'static str,
    },
    /// It was there and is over: `quote_expired`.
    #[error("gone: {code}")]
    Gone {
        /// The problem's code.
        code: &'static str,
    },
    /// Too much was asked for; nothing was done.
    #[error("rate limited for {} s", retry_after.as_secs())]
    RateLimited {
        /// When to come back.
        retry_after: Duration,
    },
    /// Nothing was accepted, there is too much to do already.
    #[error("overloaded")]
    Overloaded,
    /// Something that is needed is not there now: `rate_stale`, `unavailable`.
    #[error("unavailable: {code}")]
    Unavailable {
        /// The problem's code.
        code: &'static str,
    },
    /// A fault of ours. The cause is for the log and is never shown.
    #[error("internal error")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// A JSON pointer into the body, `/payee/phone`; for a query parameter `/limit`.
    pub pointer: String,
    /// `invalid_phone`, `missing_field` …
    pub code: &'static str,
    /// The text that explains it; the code's own unless a closer one exists.
    pub detail_key: &'static str,
    /// What the text names, as `("field", "phone")`.
    pub args: Vec<(&'static str, String)>,
}

impl FieldError {
    /// Refuses the field at `pointer`.
    pub fn new(pointer: impl Into<String>, code: &'static str) -> FieldError {
        FieldError { pointer: pointer.into(), code, detail_key: code, args: Vec::new() }
    }

    /// Names something that the text mentions.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> FieldError {
        self.args.push((name, value.to_string()));
        self
    }

    /// Explains the field by another text than the code's own.
    #[must_use]
    pub fn explained_by(mut self, detail_key: &'static str) -> FieldError {
        self.detail_key = detail_key;
        self
    }
}

impl ServiceError {
    /// One refused field.
    pub fn field(pointer: impl Into<String>, code: &'static str) -> ServiceError {
        ServiceError::Invalid(vec![FieldError::new(pointer, code)])
    }

    /// A fault of ours, with its cause.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> ServiceError {
        ServiceError::Internal(cause.into())
    }

    /// The code that the API shows.
    pub fn code(&self) -> &'static str {
        match self {
            ServiceError::NotFound => "not_found",
            ServiceError::Forbidden => "forbidden",
            ServiceError::Unauthenticated => "unauthenticated",
            ServiceError::Invalid(fields) => common_code(fields),
            ServiceError::RateLimited { .. } => "rate_limited",
            ServiceError::NotRefundable { .. } => "transfer_not_refundable",
            ServiceError::NotOnRail(_) => "number_not_on_rail",
            ServiceError::Overloaded => "overloaded",
            ServiceError::Internal(_) => "internal_error",
            ServiceError::Denied { code }
            | ServiceError::Refused { code }
            | ServiceError::Conflict { code }
            | ServiceError::Gone { code }
            | ServiceError::Unavailable { code } => code,
        }
    }

    /// Could the very same request succeed later?
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            ServiceError::RateLimited { .. } | ServiceError::Overloaded | ServiceError::Unavailable { .. }
        )
    }
}

/// The code that all fields share; several kinds of mistakes are `validation_failed`.
fn common_code(fields: &[FieldError]) -> &'static str {
    let mut codes = fields.iter().map(|field| match field.code {
        "repeated_field" => "unknown_field",
        code => code,
    });
    match codes.next() {
        Some(first) if codes.all(|code| code == first) => first,
        _ => "validation_failed",
    }
}

impl From<StoreError> for ServiceError {
    /// What may pass by itself is `unavailable`; it is logged here, because the answer does not carry it.
    fn from(error: StoreError) -> ServiceError {
        let passes =
            error.is_transient() || error.is_fatal() || matches!(error, StoreError::CommitUnknown(_));
        if !passes {
            return ServiceError::internal(error);
        }
        tracing::error!(error = &error as &dyn Error, "the book cannot be used now");
        ServiceError::Unavailable { code: "unavailable" }
    }
}

impl From<WriteError> for ServiceError {
    fn from(error: WriteError) -> ServiceError {
        match error {
            WriteError::Stale { .. } => ServiceError::Conflict { code: "changed_meanwhile" },
            WriteError::QuoteUsed { .. } => ServiceError::Conflict { code: "quote_used" },
            WriteError::KeyReused => ServiceError::Refused { code: "idempotency_key_reused" },
            WriteError::Ledger(LedgerError::InsufficientFunds { .. }) => {
                ServiceError::Conflict { code: "insufficient_funds" }
            }
            WriteError::Overloaded => ServiceError::Overloaded,
            WriteError::Stopped => ServiceError::Unavailable { code: "unavailable" },
            WriteError::Store(shared) if shared.is_transient() || shared.is_fatal() => {
                tracing::error!(error = &*shared as &dyn Error, "the writer cannot use the book now");
                ServiceError::Unavailable { code: "unavailable" }
            }
            other => ServiceError::internal(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_share_a_code_or_fail_together() {
        let unknown = FieldError::new("/a", "unknown_field");
        let repeated = FieldError::new("/b", "repeated_field");
        let phone = FieldError::new("/phone", "invalid_phone").with("field", "phone");
        let code =
            |fields: &[&FieldError]| ServiceError::Invalid(fields.iter().copied().cloned().collect()).code();
        assert_eq!(code(&[&unknown, &repeated]), "unknown_field");
        assert_eq!(code(&[&phone, &phone]), "invalid_phone");
        assert_eq!(code(&[&phone, &unknown]), "validation_failed");
        assert_eq!(code(&[]), "validation_failed");
    }

    #[test]
    fn what_the_writer_refuses_has_a_public_code() {
        for (error, code, transient) in [
            (WriteError::KeyReused, "idempotency_key_reused", false),
            (WriteError::Overloaded, "overloaded", true),
            (WriteError::Stopped, "unavailable", true),
            (WriteError::LeaseLost, "internal_error", false),
        ] {
            let refused = ServiceError::from(error);
            assert_eq!((refused.code(), refused.is_transient()), (code, transient));
        }
    }

    #[test]
    fn a_damaged_row_is_our_fault_and_not_shown() {
        let refused = ServiceError::from(StoreError::corrupt("user", "user_x"));
        assert_eq!(refused.code(), "internal_error");
        assert_eq!(refused.to_string(), "internal error");
    }
}
