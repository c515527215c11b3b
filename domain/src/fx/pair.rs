//! A pair of currencies and what its base costs: us, and customers.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use crate::currency::Currency;
use crate::fx::{FxError, Rate, Spread};
use crate::words::UnknownWord;

/// How many francs of West Africa one euro is worth, by treaty; Central Africa's are worth the same.
pub const EUR_XOF_PARITY: Decimal = Decimal::from_parts(655_957, 0, 0, false, 3);

/// Two currencies, in the one order in which they are stored.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct Pair {
    /// What is bought and sold.
    pub base: Currency,
    /// What it is paid in.
    pub quote: Currency,
}

impl Pair {
    /// `base/quote`. Errors: [`FxError::SameCurrency`].
    pub fn new(base: Currency, quote: Currency) -> Result<Pair, FxError> {
        if base == quote { Err(FxError::SameCurrency { currency: base }) } else { Ok(Pair { base, quote }) }
    }

    /// The mid that a treaty fixes for this pair, as it is stored: of EUR/XOF. Nobody sets another one.
    pub fn fixed_mid(self) -> Option<Rate> {
        let is_fixed = self == Pair { base: Currency::EUR, quote: Currency::XOF };
        is_fixed.then(|| Rate::new(EUR_XOF_PARITY).ok()).flatten()
    }

    /// The same two currencies, the other way round.
    pub const fn flipped(self) -> Pair {
        Pair { base: self.quote, quote: self.base }
    }
}

impl fmt::Display for Pair {
    /// `CNY/GNF`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.quote)
    }
}

impl FromStr for Pair {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (base, quote) = text.split_once('/')?;
            Pair::new(Currency::parse(base).ok()?, Currency::parse(quote).ok()?).ok()
        };
        read().ok_or_else(|| UnknownWord { kind: "pair", word: text.to_owned() })
    }
}

/// What customers get: a rate of its own, or a distance from mid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CustomerRate {
    /// This rate, whatever the mid does.
    Outright(Rate),
    /// So far from mid, to our side.
    Spread(Spread),
}

/// What the base of a pair costs, in its quote currency, as of an instant.
#[derive(Clone, PartialEq, Eq)]
pub struct PairRate {
    /// Which currencies.
    pub pair: Pair,
    /// What it costs us. For admins only.
    pub mid: Rate,
    /// What customers pay to buy the base; not below mid.
    pub sell: CustomerRate,
    /// What customers get who sell the base; not above mid.
    pub buy: CustomerRate,
    /// Who says so: an admin, a feed, a treaty.
    pub source: String,
    /// When they said so.
    pub as_of: DateTime<Utc>,
    /// How long it may be quoted; `None` for what does not age.
    pub max_age: Option<TimeDelta>,
}

/// Which pair and since when: no figure of it.
impl fmt::Debug for PairRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("PairRate");
        shown.field("pair", &self.pair).field("as_of", &self.as_of).finish_non_exhaustive()
    }
}

impl PairRate {
    /// The fixed parity of the euro and the franc of West Africa; it does not age.
    ///
    /// Source: 655.957 francs to the euro, fixed since 1 January 1999.
    pub fn eur_xof(sell: CustomerRate, buy: CustomerRate, as_of: DateTime<Utc>) -> Result<PairRate, FxError> {
        let rate = PairRate {
            pair: Pair { base: Currency::EUR, quote: Currency::XOF },
            mid: Rate::new(EUR_XOF_PARITY).map_err(|_| FxError::Overflow)?,
            sell,
            buy,
            source: "fixed parity".to_owned(),
            as_of,
            max_age: None,
        };
        rate.check()?;
        Ok(rate)
    }

    /// What customers pay for the base: `mid × (1 + s)`, or outright.
    ///
    /// Errors: [`FxError::SellBelowMid`], [`FxError::Overflow`].
    pub fn sell_rate(&self) -> Result<Rate, FxError> {
        let rate = match self.sell {
            CustomerRate::Outright(rate) => rate,
            CustomerRate::Spread(spread) => spread.above(self.mid).ok_or(FxError::Overflow)?,
        };
        if rate < self.mid { Err(FxError::SellBelowMid { pair: self.pair }) } else { Ok(rate) }
    }

    /// What customers get for the base: `mid × (1 − s)`, or outright.
    ///
    /// Errors: [`FxError::BuyAboveMid`], [`FxError::Overflow`].
    pub fn buy_rate(&self) -> Result<Rate, FxError> {
        let rate = match self.buy {
            CustomerRate::Outright(rate) => rate,
            CustomerRate::Spread(spread) => spread.below(self.mid).ok_or(FxError::Overflow)?,
        };
        if rate > self.mid { Err(FxError::BuyAboveMid { pair: self.pair }) } else { Ok(rate) }
    }

    /// Whether it is older than its `max_age`; at exactly that age it still stands.
    pub fn is_stale(&self, now: DateTime<Utc>) -> bool {
        self.max_age.is_some_and(|max_age| now.signed_duration_since(self.as_of) > max_age)
    }

    /// That the two currencies differ and that customers never get better than mid.
    pub fn check(&self) -> Result<(), FxError> {
        Pair::new(self.pair.base, self.pair.quote)?;
        self.sell_rate()?;
        self.buy_rate().map(|_| ())
    }
}
