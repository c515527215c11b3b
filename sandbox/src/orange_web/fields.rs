//! Reading request bodies as Orange's gateway does: field by field, the first wrong one refuses.

use std::net::IpAddr;

use serde_json::{Map, Value};

use crate::money;
use crate::orange_oauth::OrangeError;

/// The members of a body.
#[derive(Debug)]
pub struct Fields(Map<String, Value>);

impl Fields {
    /// Reads a body: code 21 when there is none, 22 when it is no JSON object.
    pub fn of(body: &[u8]) -> Result<Fields, OrangeError> {
        if body.is_empty() {
            return Err(OrangeError::content(21, "The request has no body."));
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(Fields(members)),
            _ => Err(OrangeError::content(22, "The body is not a JSON object.")),
        }
    }

    fn value(&self, name: &str) -> Result<&Value, OrangeError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Err(missing(name)),
            Some(Value::String(text)) if text.is_empty() => Err(missing(name)),
            Some(value) => Ok(value),
        }
    }

    /// A string of at most `max` characters: code 23 when absent or empty, 24 when too long.
    pub fn text(&self, name: &str, max: usize) -> Result<String, OrangeError> {
        match self.value(name)? {
            Value::String(text) if text.chars().count() <= max => Ok(text.clone()),
            Value::String(_) => Err(wrong(name, &format!("at most {max} characters"))),
            _ => Err(wrong(name, "a string")),
        }
    }

    /// A whole, positive number or the same in a string: minor units of `currency`.
    pub fn amount(&self, currency: &str) -> Result<i64, OrangeError> {
        let text = match self.value("amount")? {
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.clone(),
            _ => return Err(wrong("amount", "a number")),
        };
        let is_whole = text.bytes().all(|byte| byte.is_ascii_digit());
        let amount = is_whole.then(|| money::parse(&text, currency).ok()).flatten();
        amount.ok_or_else(|| wrong("amount", "a positive whole number"))
    }

    /// An http or https address of at most 120 characters.
    pub fn url(&self, name: &str) -> Result<String, OrangeError> {
        let text = self.text(name, 120)?;
        // A parser forgives line breaks, and no header can carry them.
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(wrong(name, "a URL"));
        }
        match reqwest::Url::parse(&text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(text),
            _ => Err(wrong(name, "a URL")),
        }
    }
}

fn missing(name: &str) -> OrangeError {
    let name = pascal(name);
    let why = format!("Key: 'Payment.{name}' Error: Field validation for '{name}' failed on 'required'");
    OrangeError::content(23, why)
}

/// 400, code 24: a field is not what it must be.
pub fn wrong(name: &str, wanted: &str) -> OrangeError {
    let name = pascal(name);
    OrangeError::content(24, format!("Key: 'Payment.{name}' Error: '{name}' must be {wanted}"))
}

/// `order_id` as `OrderId`.
fn pascal(name: &str) -> String {
    let capital = |part: &str| {
        let (first, rest) = part.split_at(part.len().min(1));
        first.to_ascii_uppercase() + rest
    };
    name.split('_').map(capital).collect()
}

/// Whether a URL leads to this very machine.
pub fn is_local(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_loopback = host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    host == "localhost" || host.ends_with(".localhost") || is_loopback
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_several_names() {
        for local in ["http://localhost:1/x", "https://a.localhost/", "http://127.0.0.1/", "http://[::1]:8/"]
        {
            assert!(is_local(local), "{local}");
        }
        for remote in ["https://shop.example/n", "http://10.0.0.7/", "https://localhost.example/"] {
            assert!(!is_local(remote), "{remote}");
        }
    }

    #[test]
    fn field_names_are_told_as_the_live_system_does() {
        assert_eq!(pascal("order_id"), "OrderId");
        assert_eq!(pascal("lang"), "Lang");
    }
}
