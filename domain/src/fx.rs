//! Rates and conversions.
//!
//! A pair is stored one way only: CNY/GNF at 2500 means that one yuan costs us 2500 francs. Customers
//! buy the base at the sell rate and sell it at the buy rate; the mid is ours alone. Between two
//! currencies without a pair the way goes through a pivot, and each leg keeps its rate.
//!
//! What always holds: what a customer pays rounds up and what one receives rounds down, each by less
//! than one minor unit; a conversion is rounded once, however many legs it has; the margin is an
//! integer, never negative, and together with what was given it is what was paid at mid. Arithmetic
//! between the two roundings is exact (fractions of big integers), so nothing is lost on the way.
//!
//! Deliberately absent: where rates come from, and "now", which callers pass in.

mod convert;
mod limits;
mod pair;
mod rate;
mod route;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use convert::Conversion;
pub use limits::{Consent, RateLimits, RateRefusal};
pub use pair::{CustomerRate, EUR_XOF_PARITY, Pair, PairRate};
pub use rate::{Rate, RateError, Spread};
pub use route::{Direction, Leg, RateTable, Route};

use chrono::{DateTime, Utc};

use crate::currency::Currency;
use crate::money::Money;

/// Why there is no rate, or no conversion at it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FxError {
    /// A currency has no rate against itself.
    #[error("{currency} has no rate against itself")]
    SameCurrency { currency: Currency },
    /// A pair is stored one way only.
    #[error("{pair} is stored twice, or both ways")]
    StoredTwice { pair: Pair },
    /// Customers would buy below what it costs us.
    #[error("the sell rate of {pair} is below its mid")]
    SellBelowMid { pair: Pair },
    /// Customers would sell above what it brings us.
    #[error("the buy rate of {pair} is above its mid")]
    BuyAboveMid { pair: Pair },
    /// Neither a pair nor a way through the pivot.
    #[error("no rate leads from {send} to {receive}")]
    NoRate { send: Currency, receive: Currency },
    /// Older than its `max_age`.
    #[error("the rate of {pair} is of {as_of}, which is too old to quote")]
    StaleRate { pair: Pair, as_of: DateTime<Utc> },
    /// The amount is in another currency than the one asked for.
    #[error("{given} was given where {expected} is converted")]
    CurrencyMismatch { expected: Currency, given: Currency },
    /// Nothing to convert.
    #[error("{amount} is not above zero")]
    NotPositive { amount: Money },
    /// Below one minor unit of what would be received.
    #[error("{amount} is worth less than one minor unit of {receive}")]
    RoundsToZero { amount: Money, receive: Currency },
    /// Beyond what can be counted.
    #[error("the conversion is beyond what can be counted")]
    Overflow,
}

impl FxError {
    /// Whether the very same request could succeed later, when a fresh rate is there.
    pub const fn is_transient(&self) -> bool {
        matches!(self, FxError::StaleRate { .. })
    }
}
