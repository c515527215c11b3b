//! Transfers: a customer's order, from a quote to its end.
//!
//! Accepting one is a single commit with its idempotency claim; what only a provider can supply comes later, by the
//! workers. Readers see their own transfers; staff see all.

mod create;
mod decide;
mod late;
mod read;
mod refund;
mod refund_by_hand;

pub use create::{AccountAsk, Ask, DebitAsk, PartyAsk, Stored, create};
pub(super) use create::{claim, replay, stored};
pub use decide::{refuse, release, retry};
pub use late::reuse_late;
pub use read::{Seen, Viewer, cancel, find, list, timeline, wait};
pub(super) use refund::agree_to_refund;
pub use refund::{RefundAnswer, Wish, refund};
pub use refund_by_hand::{ByHand, refund_by_hand};
pub(super) use refund_by_hand::{agree, reveal};

use chrono::{DateTime, Utc};
use domain::transfer::{NotRefundable, Refusal};
use domain::{LedgerError, Money, TransferStatus};
use store::StoreError;
use store::writer::WriteError;

use super::cases::CaseError;
use super::error::{FieldError, ServiceError};
use super::numbers::NotOnRail;

/// Why a transfer was not accepted or changed. Nothing of it was written, but for `Unknown`.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    #[error("there is no such object for this caller")]
    NotFound,
    #[error("the quote has expired")]
    QuoteExpired,
    #[error("the quote serves another transfer")]
    QuoteUsed,
    #[error("the key was used for another request")]
    KeyReused,
    #[error("transfer is {status} and cannot be cancelled")]
    NotCancellable { status: TransferStatus },
    /// The request contradicts its quote or names nobody who can be paid.
    #[error("{pointer}: {code}")]
    Invalid { pointer: &'static str, code: &'static str },
    /// A number that cannot be on its rail.
    #[error("{}: a number is not on {}", .0.pointer, .0.rail)]
    NotOnRail(Box<NotOnRail>),
    #[error("the balance does not suffice")]
    InsufficientFunds,
    #[error("transfer is {status} and waits for nobody's release")]
    NotOnHold { status: TransferStatus },
    /// Its owner changed their number a short while ago: nothing leaves the house from their balance.
    #[error("the balance rests until {until}")]
    Resting { until: DateTime<Utc> },
    /// It does not wait for a person, or its value is not where this could be tried again.
    #[error("transfer is {status} and cannot be tried again so")]
    NotRetriable { status: TransferStatus },
    #[error("there is no late payment to use")]
    NoLatePayment,
    #[error("the quote is not over the amount that came late")]
    AmountDiffers,
    #[error("transfer cannot be given back: {why}")]
    NotRefundable { why: NotRefundable },
    #[error("another refund is under way")]
    RefundInProgress,
    #[error("{left} can be given back, at most")]
    RefundExceeds { left: Money },
    #[error("too much is waiting")]
    Overloaded,
    #[error(transparent)]
    Internal(anyhow::Error),
}

impl TransferError {
    fn invalid(pointer: &'static str, code: &'static str) -> TransferError {
        TransferError::Invalid { pointer, code }
    }
}

impl From<NotOnRail> for TransferError {
    fn from(why: NotOnRail) -> TransferError {
        TransferError::NotOnRail(Box::new(why))
    }
}

impl From<StoreError> for TransferError {
    fn from(error: StoreError) -> TransferError {
        TransferError::Internal(error.into())
    }
}

impl From<WriteError> for TransferError {
    fn from(error: WriteError) -> TransferError {
        match error {
            WriteError::QuoteUsed { .. } => TransferError::QuoteUsed,
            WriteError::KeyReused => TransferError::KeyReused,
            WriteError::Overloaded => TransferError::Overloaded,
            WriteError::Ledger(LedgerError::InsufficientFunds { .. }) => TransferError::InsufficientFunds,
            other => TransferError::Internal(other.into()),
        }
    }
}

impl From<Refusal> for TransferError {
    fn from(refusal: Refusal) -> TransferError {
        match refusal {
            Refusal::NotCancellable { status } => TransferError::NotCancellable { status },
            Refusal::NotOnHold { status } => TransferError::NotOnHold { status },
            Refusal::NotRetriable { status } => TransferError::NotRetriable { status },
            Refusal::NotLate { .. } => TransferError::NoLatePayment,
            Refusal::AmountDiffers { .. } => TransferError::AmountDiffers,
            Refusal::NotRefundable { why } => TransferError::NotRefundable { why },
            Refusal::RefundInProgress => TransferError::RefundInProgress,
            Refusal::RefundExceeds { left } => TransferError::RefundExceeds { left },
            other => TransferError::Internal(other.into()),
        }
    }
}

impl From<CaseError> for TransferError {
    fn from(error: CaseError) -> TransferError {
        match error {
            CaseError::NotFound(_) => TransferError::NotFound,
            CaseError::Overtaken => TransferError::Internal(anyhow::anyhow!("a movement was overtaken")),
            CaseError::Refused(refusal) => refusal.into(),
            CaseError::Write(error) => error.into(),
            CaseError::Store(error) => error.into(),
        }
    }
}

impl From<TransferError> for ServiceError {
    fn from(error: TransferError) -> ServiceError {
        match error {
            TransferError::NotFound => ServiceError::NotFound,
            TransferError::QuoteExpired => ServiceError::Gone { code: "quote_expired" },
            TransferError::QuoteUsed => ServiceError::Conflict { code: "quote_used" },
            TransferError::KeyReused => ServiceError::Refused { code: "idempotency_key_reused" },
            TransferError::NotCancellable { .. } => {
                ServiceError::Conflict { code: "transfer_not_cancellable" }
            }
            TransferError::NotOnHold { .. } => ServiceError::Conflict { code: "transfer_not_on_hold" },
            TransferError::NotRetriable { .. } => ServiceError::Conflict { code: "transfer_not_retriable" },
            TransferError::Invalid { pointer, code } => ServiceError::field(pointer, code),
            TransferError::NotOnRail(why) => ServiceError::NotOnRail(why),
            TransferError::InsufficientFunds => ServiceError::Refused { code: "insufficient_funds" },
            TransferError::Resting { .. } => ServiceError::Conflict { code: "resting" },
            TransferError::NoLatePayment => ServiceError::Conflict { code: "no_late_payment" },
            TransferError::AmountDiffers => ServiceError::Refused { code: "late_amount_differs" },
            TransferError::NotRefundable { why } => ServiceError::NotRefundable { why: why.as_str() },
            TransferError::RefundInProgress => ServiceError::Conflict { code: "refund_in_progress" },
            TransferError::RefundExceeds { left } => {
                ServiceError::Invalid(vec![FieldError::new("/amount", "refund_exceeds").with("left", left)])
            }
            TransferError::Overloaded => ServiceError::Overloaded,
            TransferError::Internal(error) => ServiceError::internal(error),
        }
    }
}
