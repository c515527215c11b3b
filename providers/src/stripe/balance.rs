//! `/v1/balance`: what can be used, and what is ours but still on its way.
//!
//! Source: docs.stripe.com/api/balance, read 2026-11.

use domain::{Currency, Money};
use serde::Deserialize;

use super::terms;
use crate::{Balance, ProviderError, Response};

#[derive(Deserialize)]
struct Body {
    available: Vec<Row>,
    pending: Vec<Row>,
}

/// One row per currency; how it came in does not matter to us.
#[derive(Deserialize)]
struct Row {
    amount: i64,
    currency: String,
}

/// Reads both balances in `currency`; a currency in which nothing ever came has no row.
pub(super) fn read(response: &Response, currency: Currency) -> Result<Balance, ProviderError> {
    let body: Body = response.json()?;
    Ok(Balance { available: sum(&body.available, currency)?, pending: sum(&body.pending, currency)? })
}

fn sum(rows: &[Row], currency: Currency) -> Result<Money, ProviderError> {
    let mut total = Money::zero(currency);
    for row in rows.iter().filter(|row| row.currency.eq_ignore_ascii_case(currency.code())) {
        total = total
            .checked_add(terms::money(row.amount, &row.currency)?)
            .map_err(|error| ProviderError::uncertain(error.to_string()))?;
    }
    Ok(total)
}
