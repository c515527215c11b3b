//! A sheet of rates, read from JSON.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use domain::{Currency, Pair, Rate};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Digits that are kept of a rate. More are a division's, and say nothing.
const DIGITS: u32 = 12;

/// Why an answer is not a sheet of rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SheetError {
    /// Not JSON of that shape.
    #[error("not a sheet of rates")]
    Malformed,
    /// The service itself says that it failed.
    #[error("the service reports a failure")]
    Failed,
    /// Neither `base` nor `base_code`, or no currency.
    #[error("the sheet has no base")]
    Base,
    /// Neither an instant nor a day.
    #[error("the sheet has no instant")]
    AsOf,
}

/// What one unit of a currency was worth in others, at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateSheet {
    base: Currency,
    /// When; for a day, its first instant.
    pub as_of: DateTime<Utc>,
    worth: BTreeMap<Currency, Decimal>,
}

#[derive(Deserialize)]
struct Wire<'a> {
    base: Option<String>,
    base_code: Option<String>,
    result: Option<String>,
    success: Option<bool>,
    timestamp: Option<i64>,
    time_last_update_unix: Option<i64>,
    date: Option<String>,
    #[serde(borrow)]
    rates: Option<BTreeMap<String, &'a RawValue>>,
}

impl RateSheet {
    /// Reads a sheet. Currencies that we do not know and worths that are not plain positive numbers are left out.
    ///
    /// Errors: [`SheetError`].
    pub fn parse(body: &[u8]) -> Result<RateSheet, SheetError> {
        let wire: Wire<'_> = serde_json::from_slice(body).map_err(|_| SheetError::Malformed)?;
        let says_failed = wire.result.as_deref().is_some_and(|result| result != "success");
        if says_failed || wire.success == Some(false) {
            return Err(SheetError::Failed);
        }
        let rates = wire.rates.ok_or(SheetError::Malformed)?;
        let base = wire.base.or(wire.base_code).and_then(|code| Currency::parse(&code).ok());
        let base = base.ok_or(SheetError::Base)?;
        let instant = wire.timestamp.or(wire.time_last_update_unix);
        let as_of = match (instant, wire.date) {
            (Some(seconds), _) => DateTime::from_timestamp(seconds, 0),
            (None, Some(date)) => day(&date),
            (None, None) => None,
        };
        let as_of = as_of.ok_or(SheetError::AsOf)?;
        let known =
            |(code, raw): (String, &RawValue)| Some((Currency::parse(&code).ok()?, number(raw.get())?));
        let mut worth: BTreeMap<Currency, Decimal> = rates.into_iter().filter_map(known).collect();
        worth.insert(base, Decimal::ONE);
        Ok(RateSheet { base, as_of, worth })
    }

    /// What one unit of the pair's base is worth in its quote currency, to twelve digits.
    ///
    /// `None` when the sheet lacks one of the two, or the rate cannot be written.
    pub fn mid(&self, pair: Pair) -> Option<Rate> {
        let (base, quote) = (self.worth.get(&pair.base)?, self.worth.get(&pair.quote)?);
        let mid = if pair.base == self.base { *quote } else { quote.checked_div(*base)? };
        Rate::new(mid.round_sf(DIGITS)?).ok()
    }
}

fn day(text: &str) -> Option<DateTime<Utc>> {
    let date: NaiveDate = text.parse().ok()?;
    Some(date.and_time(NaiveTime::MIN).and_utc())
}

/// A JSON number, or one in quotes, as it is written.
fn number(raw: &str) -> Option<Decimal> {
    let text = raw.trim_matches('"');
    let value = match text.contains(['e', 'E']) {
        true => Decimal::from_scientific(text).ok()?,
        false => Decimal::from_str_exact(text).ok()?,
    };
    (value > Decimal::ZERO).then_some(value)
}
