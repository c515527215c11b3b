//! From one currency to another: directly, or through the pivot.

use std::fmt;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use num_rational::BigRational;

use crate::currency::Currency;
use crate::fx::{FxError, Pair, PairRate, Rate};

words! {
    /// What the customer does with the base of a pair.
    pub enum Direction as "direction" {
        /// Pays in the quote currency, at the sell rate.
        BuyBase = "buy_base",
        /// Is paid in the quote currency, at the buy rate.
        SellBase = "sell_base",
    }
}

/// One step of a route, with the rates that it is taken at.
#[derive(Clone, PartialEq, Eq)]
pub struct Leg {
    /// Which pair.
    pub pair: Pair,
    /// Which way.
    pub direction: Direction,
    /// What the base costs us. For admins only.
    pub mid: Rate,
    /// What the customer gets, in quote per base.
    pub rate: Rate,
    /// Who says so.
    pub source: String,
    /// Since when.
    pub as_of: DateTime<Utc>,
}

/// Everything but the mid.
impl fmt::Debug for Leg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Leg");
        shown.field("pair", &self.pair).field("direction", &self.direction).field("rate", &self.rate);
        shown.field("as_of", &self.as_of).finish_non_exhaustive()
    }
}

impl Leg {
    fn of(stored: &PairRate, send: Currency, now: DateTime<Utc>) -> Result<Leg, FxError> {
        if stored.is_stale(now) {
            return Err(FxError::StaleRate { pair: stored.pair, as_of: stored.as_of });
        }
        let (direction, rate) = if stored.pair.base == send {
            (Direction::SellBase, stored.buy_rate()?)
        } else {
            (Direction::BuyBase, stored.sell_rate()?)
        };
        let (pair, mid, source, as_of) = (stored.pair, stored.mid, stored.source.clone(), stored.as_of);
        Ok(Leg { pair, direction, mid, rate, source, as_of })
    }

    /// What `rate` makes of one unit sent, as a fraction.
    fn factor(&self, rate: Rate) -> BigRational {
        match self.direction {
            Direction::BuyBase => rate.ratio().recip(),
            Direction::SellBase => rate.ratio(),
        }
    }
}

/// A way from one currency to another, at the rates of an instant; none, one or two legs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    send: Currency,
    receive: Currency,
    legs: Vec<Leg>,
    rate: Rate,
    inverse: Rate,
}

impl Route {
    /// From a currency to itself: rate 1, no margin.
    pub const fn same(currency: Currency) -> Route {
        Route { send: currency, receive: currency, legs: Vec::new(), rate: Rate::ONE, inverse: Rate::ONE }
    }

    fn through(send: Currency, receive: Currency, legs: Vec<Leg>) -> Result<Route, FxError> {
        let mut route = Route { send, receive, legs, ..Route::same(send) };
        let factor = route.factor();
        route.rate = route.written(Direction::SellBase, &factor)?;
        route.inverse = route.written(Direction::BuyBase, &factor.recip())?;
        Ok(route)
    }

    /// The stored rate where this side of the one leg is stored, else the nearest of 12 digits.
    fn written(&self, stored: Direction, factor: &BigRational) -> Result<Rate, FxError> {
        match &self.legs[..] {
            [leg] if leg.direction == stored => Ok(leg.rate),
            _ => Rate::nearest(factor).ok_or(FxError::Overflow),
        }
    }

    /// What is sent.
    pub const fn send(&self) -> Currency {
        self.send
    }

    /// What is received.
    pub const fn receive(&self) -> Currency {
        self.receive
    }

    /// The legs, in the order in which money takes them.
    pub fn legs(&self) -> &[Leg] {
        &self.legs
    }

    /// Received per unit sent, at the customer's rate. Exact where the pair is stored this way.
    pub const fn rate(&self) -> Rate {
        self.rate
    }

    /// Sent per unit received, at the customer's rate. Exact where the pair is stored that way.
    pub const fn inverse(&self) -> Rate {
        self.inverse
    }

    /// The instant of the oldest rate within; `None` from a currency to itself.
    pub fn as_of(&self) -> Option<DateTime<Utc>> {
        self.legs.iter().map(|leg| leg.as_of).min()
    }

    /// Received per unit sent, exact, at the customer's rates.
    pub(super) fn factor(&self) -> BigRational {
        self.product(|leg| leg.rate)
    }

    /// Received per unit sent, exact, at mid.
    pub(super) fn mid_factor(&self) -> BigRational {
        self.product(|leg| leg.mid)
    }

    fn product(&self, rate: fn(&Leg) -> Rate) -> BigRational {
        let one = BigRational::from_integer(1.into());
        self.legs.iter().fold(one, |product, leg| product * leg.factor(rate(leg)))
    }
}

/// The rates in force, each pair stored one way, and the pivot for what has no pair.
#[derive(Clone, Debug)]
pub struct RateTable {
    rates: BTreeMap<Pair, PairRate>,
    pivot: Currency,
}

impl RateTable {
    /// A table of checked rates.
    ///
    /// Errors: [`FxError::StoredTwice`] if a pair is there twice or both ways, and those of
    /// [`PairRate::check`].
    pub fn new(rates: impl IntoIterator<Item = PairRate>, pivot: Currency) -> Result<RateTable, FxError> {
        let mut table = RateTable { rates: BTreeMap::new(), pivot };
        for rate in rates {
            rate.check()?;
            let pair = rate.pair;
            if table.find(pair.base, pair.quote).is_some() {
                return Err(FxError::StoredTwice { pair });
            }
            table.rates.insert(pair, rate);
        }
        Ok(table)
    }

    /// The way from `send` to `receive`, direct if there is a pair, else through the pivot.
    ///
    /// Errors: [`FxError::NoRate`], [`FxError::StaleRate`] if a leg is too old at `now`,
    /// [`FxError::Overflow`] if the rate cannot be written.
    pub fn route(&self, send: Currency, receive: Currency, now: DateTime<Utc>) -> Result<Route, FxError> {
        if send == receive {
            return Ok(Route::same(send));
        }
        let legs = match self.find(send, receive) {
            Some(direct) => vec![Leg::of(direct, send, now)?],
            None => {
                let (first, second) = self.cross(send, receive).ok_or(FxError::NoRate { send, receive })?;
                vec![Leg::of(first, send, now)?, Leg::of(second, self.pivot, now)?]
            }
        };
        Route::through(send, receive, legs)
    }

    fn cross(&self, send: Currency, receive: Currency) -> Option<(&PairRate, &PairRate)> {
        Some((self.find(send, self.pivot)?, self.find(self.pivot, receive)?))
    }

    fn find(&self, one: Currency, other: Currency) -> Option<&PairRate> {
        let pair = Pair::new(one, other).ok()?;
        self.rates.get(&pair).or_else(|| self.rates.get(&pair.flipped()))
    }
}
