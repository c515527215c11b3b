//! Reading columns back into the domain's types. What cannot be read was not written by us.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use domain::{Currency, Money};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::StoreError;

/// Later than anything in a book: 9999-12-31, the last day that both engines can order.
pub(crate) const FAR_FUTURE: DateTime<Utc> = match DateTime::from_timestamp(253_402_214_400, 0) {
    Some(instant) => instant,
    None => DateTime::<Utc>::MAX_UTC,
};

/// Which row a column belongs to, for the error.
pub(crate) type What = (&'static str, Uuid);

pub(crate) fn column<T, E>(what: What, value: Result<T, E>) -> Result<T, StoreError> {
    value.map_err(|_| StoreError::corrupt(what.0, what.1))
}

pub(crate) fn word<T: FromStr>(what: What, text: &str) -> Result<T, StoreError> {
    column(what, text.parse())
}

pub(crate) fn currency(what: What, code: &str) -> Result<Currency, StoreError> {
    column(what, Currency::parse(code))
}

pub(crate) fn money(what: What, minor: i64, code: &str) -> Result<Money, StoreError> {
    Ok(Money::new(minor, currency(what, code)?))
}

pub(crate) fn decimal(what: What, text: &str) -> Result<Decimal, StoreError> {
    column(what, Decimal::from_str(text))
}
