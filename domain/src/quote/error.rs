//! Why there is no quote, in words that say what could be changed.

use chrono::{DateTime, Utc};

use crate::currency::Currency;
use crate::fee::FeeError;
use crate::fx::{FxError, Pair};
use crate::money::Money;

/// Why there is no quote; in the order of checking.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuoteError {
    /// Zero or less was asked for.
    #[error("{amount} is not above zero")]
    NotPositive { amount: Money },
    /// The amount is not in the currency of its side.
    #[error("{given} was given where {expected} is quoted")]
    CurrencyMismatch { expected: Currency, given: Currency },
    /// The corridor's own terms make no sense; ours to mend, not the customer's.
    #[error("the corridor's terms contradict themselves")]
    Contradictory,
    /// More or less would be sent than the corridor takes.
    #[error("between {min} and {max} can be sent")]
    AmountOutOfRange { min: Money, max: Money },
    /// Neither a pair nor a way through the pivot.
    #[error("no rate leads from {send} to {receive}")]
    NoRate { send: Currency, receive: Currency },
    /// A rate is too old.
    #[error("the rate of {pair} is of {as_of}, which is too old to quote")]
    StaleRate { pair: Pair, as_of: DateTime<Utc> },
    /// Nothing would be received.
    #[error("{amount} is worth less than one minor unit of {receive}")]
    RoundsToZero { amount: Money, receive: Currency },
    /// Beyond what can be counted.
    #[error("the quote is beyond what can be counted")]
    Overflow,
}

impl QuoteError {
    /// Whether the very same request could succeed later, when a fresh rate is there.
    pub const fn is_transient(&self) -> bool {
        matches!(self, QuoteError::StaleRate { .. })
    }
}

impl From<FeeError> for QuoteError {
    fn from(error: FeeError) -> QuoteError {
        match error {
            FeeError::Overflow => QuoteError::Overflow,
            FeeError::CurrencyMismatch { .. } | FeeError::Contradictory => QuoteError::Contradictory,
        }
    }
}

impl From<FxError> for QuoteError {
    fn from(error: FxError) -> QuoteError {
        match error {
            FxError::NotPositive { amount } => QuoteError::NotPositive { amount },
            FxError::CurrencyMismatch { expected, given } => QuoteError::CurrencyMismatch { expected, given },
            FxError::NoRate { send, receive } => QuoteError::NoRate { send, receive },
            FxError::StaleRate { pair, as_of } => QuoteError::StaleRate { pair, as_of },
            FxError::RoundsToZero { amount, receive } => QuoteError::RoundsToZero { amount, receive },
            FxError::Overflow => QuoteError::Overflow,
            FxError::SameCurrency { .. }
            | FxError::StoredTwice { .. }
            | FxError::SellBelowMid { .. }
            | FxError::BuyAboveMid { .. } => QuoteError::Contradictory,
        }
    }
}
