//! Values as they travel: twins of the domain's, read strictly and pointed at when they do not read.
//!
//! Request types hold these twins and texts; `parse` functions turn them into the domain's own and collect every
//! field that is not right, so that one answer names them all.

use chrono::{DateTime, SecondsFormat, Utc};
use domain::{Country, Currency, Money, MoneyError, Msisdn};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::problem::Problem;
use crate::services::{FieldError, ServiceError};

/// An amount of money: a decimal text in major units, with no more decimals than the currency has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Money)]
#[serde(deny_unknown_fields)]
pub struct MoneyView {
    /// Major units as plain decimal text, no exponent.
    #[schema(example = "28125000", pattern = r"^-?[0-9]+(\.[0-9]+)?$")]
    pub amount: String,
    /// ISO 4217, in capitals.
    #[schema(example = "XOF", pattern = "^[A-Z]{3}$")]
    pub currency: String,
}

impl From<Money> for MoneyView {
    fn from(money: Money) -> MoneyView {
        MoneyView { amount: money.major(), currency: money.currency().code().to_owned() }
    }
}

/// An instant as answers write it: RFC 3339, UTC, `Z`.
pub fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// Collects what is wrong with the fields of one request.
#[derive(Debug, Default)]
pub struct Fields(Vec<FieldError>);

impl Fields {
    /// The value, or its mistake noted.
    pub fn take<T>(&mut self, read: Result<T, FieldError>) -> Option<T> {
        read.map_err(|mistake| self.0.push(mistake)).ok()
    }

    /// The value of a field that may be absent.
    pub fn take_some<T>(&mut self, read: Option<Result<T, FieldError>>) -> Option<T> {
        read.and_then(|read| self.take(read))
    }

    /// Every mistake at once, or nothing.
    pub fn check(self) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(ServiceError::Invalid(self.0).into()) }
    }

    /// What was made of the fields, when every one of them was right.
    pub fn finish<T>(self, made: Option<T>) -> Result<T, Problem> {
        self.check()?;
        made.ok_or_else(|| Problem::new("validation_failed"))
    }
}

/// Money above zero.
///
/// Errors: `invalid_amount` at its `amount`, `invalid_currency` at its `currency`.
pub fn money(money: &MoneyView, pointer: &str) -> Result<Money, FieldError> {
    let currency = currency(&money.currency, &format!("{pointer}/currency"))?;
    let refused = |_: MoneyError| FieldError::new(format!("{pointer}/amount"), "invalid_amount");
    let money = Money::parse(&money.amount, currency).map_err(refused)?;
    let is_more = money.is_positive();
    if is_more { Ok(money) } else { Err(FieldError::new(format!("{pointer}/amount"), "invalid_amount")) }
}

/// A currency by its code. Errors: `invalid_currency`.
pub fn currency(code: &str, pointer: &str) -> Result<Currency, FieldError> {
    Currency::parse(code).map_err(|_| FieldError::new(pointer, "invalid_currency"))
}

/// A country by its code. Errors: `invalid_country`.
pub fn country(code: &str, pointer: &str) -> Result<Country, FieldError> {
    Country::parse(code).map_err(|_| FieldError::new(pointer, "invalid_country"))
}

/// A phone number. Errors: `invalid_phone`.
pub fn phone(text: &str, pointer: &str) -> Result<Msisdn, FieldError> {
    Msisdn::parse(text).map_err(|_| FieldError::new(pointer, "invalid_phone"))
}

/// Anything that reads from text: ids, rails, instants. Errors: `invalid_value`.
pub fn word<T: std::str::FromStr>(text: &str, pointer: &str) -> Result<T, FieldError> {
    text.parse().map_err(|_| FieldError::new(pointer, "invalid_value"))
}

/// Likewise of a query parameter. Errors: `invalid_query`.
pub fn parameter<T: std::str::FromStr>(text: &str, name: &'static str) -> Result<T, FieldError> {
    text.parse().map_err(|_| FieldError::new(format!("/{name}"), "invalid_query").with("field", name))
}

/// A text for people, of 1 to `max` characters, without control characters and without space at its ends.
///
/// Errors: `invalid_text`.
pub fn text(value: &str, pointer: &str, max: usize) -> Result<String, FieldError> {
    let trimmed = value.trim();
    let is_fine = (1..=max).contains(&trimmed.chars().count()) && !trimmed.chars().any(is_unseen);
    if is_fine {
        return Ok(trimmed.to_owned());
    }
    Err(FieldError::new(pointer, "invalid_text").with("min", 1).with("max", max))
}

/// What a person or company is called: a text with a letter of any script in it.
///
/// Errors: `invalid_text`, `invalid_name`.
pub fn name(value: &str, pointer: &str, max: usize) -> Result<String, FieldError> {
    let name = text(value, pointer, max)?;
    let is_one = name.chars().any(char::is_alphabetic);
    if is_one { Ok(name) } else { Err(FieldError::new(pointer, "invalid_name")) }
}

/// Control characters, and those that turn the direction of what stands beside them.
fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Tells an absent field from a null one: `None`, `Some(None)`; for `#[serde(default, deserialize_with)]`.
pub fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(amount: &str, currency: &str) -> MoneyView {
        MoneyView { amount: amount.into(), currency: currency.into() }
    }

    #[test]
    fn money_is_read_strictly() {
        for (amount, currency, minor) in [
            ("2500", "XOF", 2_500),
            ("10000.50", "CNY", 1_000_050),
            ("0.01", "EUR", 1),
            ("28125000", "GNF", 28_125_000),
        ] {
            let read = money(&view(amount, currency), "/amount").unwrap();
            assert_eq!((read.minor(), MoneyView::from(read).currency.as_str()), (minor, currency));
        }
        for (amount, currency, pointer, code) in [
            ("0", "XOF", "/amount/amount", "invalid_amount"),
            ("-1", "XOF", "/amount/amount", "invalid_amount"),
            ("1.5", "XOF", "/amount/amount", "invalid_amount"),
            ("1.001", "EUR", "/amount/amount", "invalid_amount"),
            ("1e3", "XOF", "/amount/amount", "invalid_amount"),
            ("+1", "XOF", "/amount/amount", "invalid_amount"),
            (" 1", "XOF", "/amount/amount", "invalid_amount"),
            ("", "XOF", "/amount/amount", "invalid_amount"),
            ("NaN", "XOF", "/amount/amount", "invalid_amount"),
            ("99999999999999999999", "XOF", "/amount/amount", "invalid_amount"),
            ("1", "xof", "/amount/currency", "invalid_currency"),
            ("1", "ZZZ", "/amount/currency", "invalid_currency"),
            ("1", "", "/amount/currency", "invalid_currency"),
        ] {
            let refused = money(&view(amount, currency), "/amount").unwrap_err();
            assert_eq!((refused.pointer.as_str(), refused.code), (pointer, code), "{amount} {currency}");
        }
    }

    #[test]
    fn texts_are_short_and_seen() {
        assert_eq!(text("  Awa Diop ", "/name", 80).as_deref(), Ok("Awa Diop"));
        assert_eq!(text("é".repeat(80).as_str(), "/name", 80).map(|name| name.len()), Ok(160));
        for bad in ["", "   ", "a\nb", "a\u{0}b", "\u{202e}abc", &"x".repeat(81)] {
            assert_eq!(text(bad, "/name", 80).unwrap_err().code, "invalid_text", "{bad:?}");
        }
    }

    #[test]
    fn names_have_letters() {
        for good in ["Awa", " Ndèye Fatou ", "习近平", "محمد", "Boutique 2000", "O"] {
            assert_eq!(name(good, "/name", 80).as_deref(), Ok(good.trim()));
        }
        for (bad, code) in [
            ("12", "invalid_name"),
            ("…", "invalid_name"),
            ("--", "invalid_name"),
            (" ", "invalid_text"),
            ("A\u{202e}wa", "invalid_text"),
            (&*"a".repeat(81), "invalid_text"),
        ] {
            assert_eq!(name(bad, "/name", 80).unwrap_err().code, code, "{bad:?}");
        }
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let mut fields = Fields::default();
        let number = fields.take(phone("77", "/phone"));
        let land = fields.take(country("sn", "/country"));
        assert_eq!((number.is_none(), land.is_none()), (true, true));
        let problem = fields.finish(number.zip(land)).unwrap_err();
        assert_eq!((problem.code(), problem.pointers()), ("validation_failed", vec!["/phone", "/country"]));
    }

    #[test]
    fn instants_end_in_z() {
        let at = DateTime::from_timestamp_micros(1_768_467_600_120_000).unwrap();
        assert_eq!(instant(at), "2026-01-15T09:00:00.120Z");
    }

    #[test]
    fn null_is_not_absent() {
        #[derive(Deserialize)]
        struct Change {
            #[serde(default, deserialize_with = "nullable")]
            name: Option<Option<String>>,
        }
        let read = |json: &str| serde_json::from_str::<Change>(json).unwrap().name;
        assert_eq!(read("{}"), None);
        assert_eq!(read("{\"name\":null}"), Some(None));
        assert_eq!(read("{\"name\":\"a\"}"), Some(Some("a".into())));
    }
}
