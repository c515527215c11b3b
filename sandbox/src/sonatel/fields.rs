//! Reading bodies: money, actors, flat metadata.
//!
//! What is missing or of another type is 4099; a number that is none of a Senegalese customer
//! (nine digits, no country code) is 2001. Members that no document knows are ignored.

use serde_json::{Map, Value, json};

use super::errors::SonatelError;

/// The only currency.
pub const CURRENCY: &str = "XOF";

/// The most that one amount may be, so that no sum overflows the books.
const LARGEST: i64 = 1_000_000_000_000;

/// A JSON object, and what its members are called in refusals.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    object: &'a Map<String, Value>,
    path: &'a str,
}

impl<'a> Fields<'a> {
    /// The members of a body.
    pub fn of(body: &'a Value) -> Result<Fields<'a>, SonatelError> {
        let object = body.as_object().ok_or_else(|| SonatelError::bad("The body is not an object"))?;
        Ok(Fields { object, path: "" })
    }

    /// The members of a member.
    pub fn inner(&self, name: &'a str) -> Result<Fields<'a>, SonatelError> {
        match self.object.get(name) {
            Some(Value::Object(object)) => Ok(Fields { object, path: name }),
            _ => Err(self.wrong(name, "is required and must be an object")),
        }
    }

    /// A text that is not empty.
    pub fn text(&self, name: &str) -> Result<&'a str, SonatelError> {
        self.text_or_none(name)?.ok_or_else(|| self.wrong(name, "is required and must be a string"))
    }

    /// A text; absent, null and empty are the same.
    pub fn text_or_none(&self, name: &str) -> Result<Option<&'a str>, SonatelError> {
        match self.object.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(_) => Err(self.wrong(name, "must be a string")),
        }
    }

    /// A flag.
    pub fn flag(&self, name: &str, usual: bool) -> Result<bool, SonatelError> {
        match self.object.get(name) {
            None | Some(Value::Null) => Ok(usual),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(self.wrong(name, "must be a boolean")),
        }
    }

    /// A whole number.
    pub fn integer(&self, name: &str, usual: i64) -> Result<i64, SonatelError> {
        match self.object.get(name) {
            None | Some(Value::Null) => Ok(usual),
            Some(value) => whole(value).ok_or_else(|| self.wrong(name, "must be an integer")),
        }
    }

    /// `{"value": 1500, "unit": "XOF"}` with a JSON number of whole francs, at least one.
    pub fn money(&self, name: &'a str) -> Result<i64, SonatelError> {
        let money = self.inner(name)?;
        if money.text("unit")? != CURRENCY {
            return Err(money.wrong("unit", "must be XOF"));
        }
        let value = money.object.get("value").and_then(whole);
        let value = value.filter(|value| (1..=LARGEST).contains(value));
        value.ok_or_else(|| money.wrong("value", "must be a positive number of whole francs"))
    }

    /// `idType` and `id` of an actor.
    pub fn actor(&self) -> Result<Actor<'a>, SonatelError> {
        let id = self.text("id")?;
        match self.text("idType")? {
            "MSISDN" if is_msisdn(id) => Ok(Actor::Msisdn(id)),
            "MSISDN" => Err(SonatelError::new("2001", "An MSISDN has nine digits and no country code")),
            "CODE" => Ok(Actor::Code(id)),
            _ => Err(self.wrong("idType", "must be MSISDN or CODE")),
        }
    }

    /// A flat map of texts; empty when absent.
    pub fn metadata(&self) -> Result<Map<String, Value>, SonatelError> {
        match self.object.get("metadata") {
            None | Some(Value::Null) => Ok(Map::new()),
            Some(Value::Object(map)) if map.values().all(Value::is_string) => Ok(map.clone()),
            Some(_) => Err(self.wrong("metadata", "must be a flat map of strings")),
        }
    }

    /// A refusal of one member.
    pub fn wrong(&self, name: &str, why: &str) -> SonatelError {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        SonatelError::bad(format!("{path} {why}"))
    }
}

/// One end of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor<'a> {
    /// Nine digits.
    Msisdn(&'a str),
    /// A merchant code.
    Code(&'a str),
}

/// Nine digits.
pub fn is_msisdn(text: &str) -> bool {
    text.len() == 9 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A JSON number without a fraction, however it is written.
fn whole(value: &Value) -> Option<i64> {
    let text = value.as_number()?.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, "0"));
    fraction.bytes().all(|byte| byte == b'0').then(|| whole.parse().ok())?
}

/// Money as Sonatel writes it back: `{"value": 1500.0, "unit": "XOF"}`.
pub fn money_view(amount: i64) -> Value {
    json!({"value": float(amount), "unit": CURRENCY})
}

/// Whole francs as a JSON number with a fraction; every amount has far fewer than 53 bits.
#[allow(clippy::cast_precision_loss, reason = "at most 10^12")]
fn float(amount: i64) -> f64 {
    amount as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_numbers_of_whole_francs() {
        let table = [
            (json!({"value": 1500, "unit": "XOF"}), Some(1500)),
            (json!({"value": 1500.0, "unit": "XOF"}), Some(1500)),
            (json!({"value": 1500.5, "unit": "XOF"}), None),
            (json!({"value": "1500", "unit": "XOF"}), None),
            (json!({"value": 0, "unit": "XOF"}), None),
            (json!({"value": -5, "unit": "XOF"}), None),
            (json!({"value": 1e15, "unit": "XOF"}), None),
            (json!({"value": 1500, "unit": "GNF"}), None),
            (json!({"value": 1500}), None),
            (json!(1500), None),
        ];
        for (amount, expected) in table {
            let body = json!({"amount": amount});
            let read = Fields::of(&body).unwrap().money("amount");
            assert_eq!(read.clone().ok(), expected, "{body}");
            assert!(read.is_ok() || read.is_err_and(|error| error.code == "4099"));
        }
        assert_eq!(money_view(1500).to_string(), r#"{"unit":"XOF","value":1500.0}"#);
    }
}
