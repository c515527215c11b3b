//! Amounts in Wave's writing: decimal strings in major units, never JSON numbers.
//!
//! XOF has no decimals; other currencies have up to two. Wave writes two for currencies to which
//! ISO 4217 gives none, so superfluous zeros are accepted when reading and never written.

use domain::{Currency, Money};
use serde::Deserialize;

use crate::{ProviderError, Response};

/// Reads `text` as major units of `currency`, which may be negative.
pub(super) fn parse(text: &str, currency: Currency) -> Result<Money, ProviderError> {
    Money::parse(without_superfluous_zeros(text, currency.exponent() as usize), currency)
        .map_err(|error| ProviderError::uncertain(error.to_string()))
}

/// Reads an amount and its currency's code.
pub(super) fn parse_with_code(text: &str, code: &str) -> Result<Money, ProviderError> {
    let currency = Currency::parse(code).map_err(|error| ProviderError::uncertain(error.to_string()))?;
    parse(text, currency)
}

/// `2500.00` is `2500` where there are no decimals; `2500.10` stays and is refused later.
fn without_superfluous_zeros(text: &str, exponent: usize) -> &str {
    let Some((whole, decimals)) = text.split_once('.') else { return text };
    let superfluous = decimals.get(exponent..).unwrap_or_default();
    if superfluous.is_empty() || superfluous.bytes().any(|byte| byte != b'0') {
        return text;
    }
    match exponent {
        0 => whole,
        _ => text.get(..=whole.len() + exponent).unwrap_or(text),
    }
}

#[derive(Deserialize)]
struct Balance {
    amount: String,
    currency: String,
}

/// What the wallet holds. Another currency than configured means the key belongs to another wallet.
pub(super) fn balance(response: &Response, expected: Currency) -> Result<Money, ProviderError> {
    let body: Balance = response.json()?;
    let balance = parse_with_code(&body.amount, &body.currency)?;
    if balance.currency() != expected {
        return Err(ProviderError::misconfigured(format!(
            "the wallet holds {}, configured is {expected}",
            balance.currency()
        )));
    }
    Ok(balance)
}
