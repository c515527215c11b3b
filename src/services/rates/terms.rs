//! A rate as admins read it, and as an approval keeps it: the same words in both.

use std::fmt;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use domain::{CustomerRate, FxError, Pair, PairRate, Rate, Spread};
use serde::{Deserialize, Serialize};

/// What a rate says, in decimal text. For admins only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// What the base costs us.
    pub mid: String,
    /// What customers pay for it.
    pub sell_rate: String,
    /// How far that is above mid, where it was given so.
    pub sell_spread_bps: Option<String>,
    /// What customers get for it.
    pub buy_rate: String,
    /// How far that is below mid, where it was given so.
    pub buy_spread_bps: Option<String>,
    /// Who says so.
    pub source: String,
    /// When they said so.
    pub as_of: String,
    /// How long it is quoted; null for what does not age.
    pub max_age_s: Option<i64>,
}

/// No figure of them.
impl fmt::Debug for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terms")
            .field("source", &self.source)
            .field("as_of", &self.as_of)
            .finish_non_exhaustive()
    }
}

impl Terms {
    /// The terms of `rate`. Errors: those of [`PairRate::check`].
    pub fn of(rate: &PairRate) -> Result<Terms, FxError> {
        let spread = |rate| match rate {
            CustomerRate::Spread(spread) => Some(Spread::to_string(&spread)),
            CustomerRate::Outright(_) => None,
        };
        Ok(Terms {
            mid: rate.mid.to_string(),
            sell_rate: rate.sell_rate()?.to_string(),
            sell_spread_bps: spread(rate.sell),
            buy_rate: rate.buy_rate()?.to_string(),
            buy_spread_bps: spread(rate.buy),
            source: rate.source.clone(),
            as_of: rate.as_of.to_rfc3339_opts(SecondsFormat::AutoSi, true),
            max_age_s: rate.max_age.map(|age| age.num_seconds()),
        })
    }

    /// The rate of `pair` with these terms; `None` when they do not read.
    pub fn read(&self, pair: Pair) -> Option<PairRate> {
        let customer = |rate: &str, bps: &Option<String>| match bps {
            Some(bps) => Spread::parse(bps).ok().map(CustomerRate::Spread),
            None => Rate::parse(rate).ok().map(CustomerRate::Outright),
        };
        Some(PairRate {
            pair,
            mid: Rate::parse(&self.mid).ok()?,
            sell: customer(&self.sell_rate, &self.sell_spread_bps)?,
            buy: customer(&self.buy_rate, &self.buy_spread_bps)?,
            source: self.source.clone(),
            as_of: self.as_of.parse::<DateTime<Utc>>().ok()?,
            max_age: match self.max_age_s {
                Some(seconds) => Some(TimeDelta::try_seconds(seconds)?),
                None => None,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_read_back() {
        let spread = |bps| CustomerRate::Spread(Spread::parse(bps).unwrap());
        let rate = PairRate {
            pair: "CNY/GNF".parse().unwrap(),
            mid: Rate::parse("2500.000000000001").unwrap(),
            sell: CustomerRate::Outright(Rate::parse("2812.5").unwrap()),
            buy: spread("37.5"),
            source: "bank".to_owned(),
            as_of: DateTime::from_timestamp_micros(1_768_467_600_123_456).unwrap(),
            max_age: Some(TimeDelta::seconds(90)),
        };
        for rate in [rate.clone(), PairRate { sell: spread("0.0001"), max_age: None, ..rate }] {
            let terms = Terms::of(&rate).unwrap();
            let text = serde_json::to_string(&terms).unwrap();
            let read: Terms = serde_json::from_str(&text).unwrap();
            assert_eq!(read.read(rate.pair), Some(rate));
        }
    }
}
