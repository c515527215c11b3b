//! What an answer must agree with before it counts, and how MTN writes numbers.
//!
//! The schema says that amounts and ids are strings, its examples show numbers, and MTN normalises what it was sent
//! (`12.50` comes back as `12.5`): so both are read, digit by digit, and amounts are compared as money.

use domain::{Currency, Money, Reference};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::{Balance, ProviderError, Response};

/// A JSON string or number as its text. Numbers keep their digits: none becomes a float.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Text(pub String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        match raw.get().as_bytes().first() {
            Some(b'"') => serde_json::from_str(raw.get()).map(Text).map_err(serde::de::Error::custom),
            Some(b'-' | b'0'..=b'9') => Ok(Text(raw.get().to_owned())),
            _ => Err(serde::de::Error::custom("neither text nor number")),
        }
    }
}

/// What we asked for.
pub(super) struct Terms {
    pub reference: Reference,
    pub amount: Money,
    /// The currency's name on the wire.
    pub wire_currency: Currency,
}

impl Terms {
    /// Whether amount, currency and `externalId` are ours. What is missing is not.
    pub fn check(
        &self,
        amount: Option<&Text>,
        currency: Option<&str>,
        external_id: Option<&Text>,
    ) -> Result<(), ProviderError> {
        if currency != Some(self.wire_currency.code()) {
            return Err(ProviderError::uncertain("currency differs or is missing"));
        }
        let given = amount.ok_or_else(|| ProviderError::uncertain("amount is missing"))?;
        let given = parse(&given.0, self.amount.currency())?;
        if given != self.amount {
            let asked = self.amount;
            return Err(ProviderError::uncertain(format!("amount differs: asked {asked}, answered {given}")));
        }
        match external_id.map(|text| text.0.parse::<Reference>()) {
            Some(Ok(reference)) if reference == self.reference => Ok(()),
            Some(_) => Err(ProviderError::uncertain("externalId differs")),
            None => Err(ProviderError::uncertain("externalId is missing")),
        }
    }
}

/// Reads major units of `currency`, which may have superfluous zeros.
pub(super) fn parse(text: &str, currency: Currency) -> Result<Money, ProviderError> {
    let text = match text.split_once('.') {
        Some((whole, decimals))
            if decimals.bytes().all(|byte| byte.is_ascii_digit()) && !decimals.is_empty() =>
        {
            let decimals = decimals.trim_end_matches('0');
            if decimals.is_empty() { whole.to_owned() } else { format!("{whole}.{decimals}") }
        }
        _ => text.to_owned(),
    };
    Money::parse(&text, currency).map_err(|error| ProviderError::uncertain(error.to_string()))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Held {
    available_balance: Text,
    currency: String,
}

/// What the wallet holds. Another currency than is spoken means that the keys belong to another wallet.
pub(super) fn balance(
    response: &Response,
    currency: Currency,
    wire_currency: Currency,
) -> Result<Balance, ProviderError> {
    let held: Held = response.json()?;
    if held.currency != wire_currency.code() {
        let other = word(&held.currency);
        return Err(ProviderError::misconfigured(format!("the wallet holds {other}, not {wire_currency}")));
    }
    parse(&held.available_balance.0, currency).map(Balance::available)
}

/// A foreign word made fit for a log line: at most 48 characters, printable ASCII.
pub(super) fn word(text: &str) -> String {
    text.chars().take(48).map(|letter| if letter.is_ascii_graphic() { letter } else { '?' }).collect()
}
