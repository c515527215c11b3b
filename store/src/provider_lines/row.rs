//! Rows of provider lines and what they are read into.

use chrono::{DateTime, NaiveDate, Utc};
use domain::{Reference, Wallet};
use uuid::Uuid;

use super::{Difference, ProviderLine};
use crate::StoreError;
use crate::read::{column, money, word};

#[derive(sqlx::FromRow)]
pub(super) struct LineRow {
    id: Uuid,
    provider: String,
    wallet: String,
    line_key: String,
    kind: String,
    word: String,
    gross_minor: i64,
    fee_minor: i64,
    net_minor: i64,
    currency: String,
    reference: Option<Uuid>,
    provider_ref: Option<String>,
    occurred_at: DateTime<Utc>,
    available_at: Option<DateTime<Utc>>,
    day: String,
    learned: String,
    raw: Vec<u8>,
    fetched_at: DateTime<Utc>,
}

impl TryFrom<LineRow> for ProviderLine {
    type Error = StoreError;

    fn try_from(row: LineRow) -> Result<ProviderLine, StoreError> {
        let what = ("provider line", row.id);
        let amount = |minor| money(what, minor, &row.currency);
        Ok(ProviderLine {
            id: row.id,
            provider: word(what, &row.provider)?,
            wallet: column(what, Wallet::parse(&row.wallet))?,
            key: row.line_key,
            kind: word(what, &row.kind)?,
            word: row.word,
            gross: amount(row.gross_minor)?,
            fee: amount(row.fee_minor)?,
            net: amount(row.net_minor)?,
            reference: row.reference.map(Reference::from_uuid),
            provider_ref: row.provider_ref,
            occurred_at: row.occurred_at,
            available_at: row.available_at,
            day: column(what, row.day.parse::<NaiveDate>())?,
            learned: word(what, &row.learned)?,
            raw: column(what, row.raw.try_into())?,
            fetched_at: row.fetched_at,
        })
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct DifferenceRow {
    line: Uuid,
    gross_minor: i64,
    fee_minor: i64,
    net_minor: i64,
    currency: String,
    kind: String,
    reference: Option<Uuid>,
    provider_ref: Option<String>,
    occurred_at: DateTime<Utc>,
    fetched_at: DateTime<Utc>,
}

impl TryFrom<DifferenceRow> for Difference {
    type Error = StoreError;

    fn try_from(row: DifferenceRow) -> Result<Difference, StoreError> {
        let what = ("provider line", row.line);
        let amount = |minor| money(what, minor, &row.currency);
        Ok(Difference {
            line: row.line,
            kind: word(what, &row.kind)?,
            gross: amount(row.gross_minor)?,
            fee: amount(row.fee_minor)?,
            net: amount(row.net_minor)?,
            reference: row.reference.map(Reference::from_uuid),
            provider_ref: row.provider_ref,
            occurred_at: row.occurred_at,
            fetched_at: row.fetched_at,
        })
    }
}
