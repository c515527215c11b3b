//! A rate as a row: decimal text that reads back as it was written.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{ApprovalId, CustomerRate, Pair, PairRate, Rate, Spread, UserId};
use uuid::Uuid;

use super::RateVersion;
use crate::error::StoreError;
use crate::read::currency;

/// The rate that customers get, where it was given.
pub(super) fn outright(rate: CustomerRate) -> Option<String> {
    match rate {
        CustomerRate::Outright(rate) => Some(rate.to_string()),
        CustomerRate::Spread(_) => None,
    }
}

/// Its distance from mid, where that was given.
pub(super) fn spread(rate: CustomerRate) -> Option<String> {
    match rate {
        CustomerRate::Outright(_) => None,
        CustomerRate::Spread(spread) => Some(spread.to_string()),
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct RateRow {
    pair: String,
    version: i64,
    base: String,
    quote: String,
    mid: String,
    sell_rate: Option<String>,
    sell_spread_bps: Option<String>,
    buy_rate: Option<String>,
    buy_spread_bps: Option<String>,
    source: String,
    as_of: DateTime<Utc>,
    max_age_s: Option<i64>,
    set_by: String,
    approval_id: Option<Uuid>,
    approved_by: Option<Uuid>,
    created_at: DateTime<Utc>,
}

impl TryFrom<RateRow> for RateVersion {
    type Error = StoreError;

    fn try_from(row: RateRow) -> Result<RateVersion, StoreError> {
        let corrupt = || StoreError::corrupt("rate", format!("{} {}", row.pair, row.version));
        let what = ("rate", Uuid::nil());
        let (base, quote) = (currency(what, &row.base)?, currency(what, &row.quote)?);
        let customer = |rate: &Option<String>, spread: &Option<String>| match (rate, spread) {
            (Some(rate), None) => Rate::parse(rate).map(CustomerRate::Outright).ok(),
            (None, Some(bps)) => Spread::parse(bps).map(CustomerRate::Spread).ok(),
            _ => None,
        };
        let consent = row.approval_id.zip(row.approved_by);
        Ok(RateVersion {
            rate: PairRate {
                pair: Pair::new(base, quote).map_err(|_| corrupt())?,
                mid: Rate::parse(&row.mid).map_err(|_| corrupt())?,
                sell: customer(&row.sell_rate, &row.sell_spread_bps).ok_or_else(corrupt)?,
                buy: customer(&row.buy_rate, &row.buy_spread_bps).ok_or_else(corrupt)?,
                source: row.source.clone(),
                as_of: row.as_of,
                max_age: row
                    .max_age_s
                    .map(|age| TimeDelta::try_seconds(age).ok_or_else(corrupt))
                    .transpose()?,
            },
            version: row.version,
            set_by: row.set_by.clone(),
            consent: consent
                .map(|(approval, user)| (ApprovalId::from_uuid(approval), UserId::from_uuid(user))),
            created_at: row.created_at,
        })
    }
}
