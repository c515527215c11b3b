//! Reading a request's JSON field by field, collecting all that is wrong before refusing.

use serde_json::{Map, Value};

use super::errors::{Detail, WaveError};
use super::wallet::Wallet;
use crate::money;

/// One JSON object being read; `prefix` is where it stands in the request.
#[derive(Debug)]
pub struct Fields<'a> {
    object: &'a Map<String, Value>,
    prefix: Vec<Value>,
    wrong: Vec<Detail>,
}

impl<'a> Fields<'a> {
    /// Starts to read `value`, which must be an object.
    pub fn of(value: &'a Value, prefix: Vec<Value>) -> Result<Fields<'a>, WaveError> {
        match value.as_object() {
            Some(object) => Ok(Fields { object, prefix, wrong: Vec::new() }),
            None => Err(WaveError::validation(vec![Detail {
                loc: prefix,
                msg: "value is not a valid dict".to_owned(),
                kind: "type_error.dict".to_owned(),
            }])),
        }
    }

    /// Notes that `name` is wrong.
    pub fn wrong(&mut self, name: &str, msg: &str, kind: &str) {
        let mut loc = self.prefix.clone();
        loc.push(Value::from(name));
        self.wrong.push(Detail { loc, msg: msg.to_owned(), kind: kind.to_owned() });
    }

    /// An optional string of at most `max` characters; null counts as absent.
    pub fn text(&mut self, name: &str, max: usize) -> Option<String> {
        match self.object.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if text.chars().count() <= max => Some(text.clone()),
            Some(Value::String(_)) => {
                let msg = format!("ensure this value has at most {max} characters");
                self.wrong(name, &msg, "value_error.any_str.max_length");
                None
            }
            Some(_) => {
                self.wrong(name, "str type expected", "type_error.str");
                None
            }
        }
    }

    /// A string that must be there; what is returned for a wrong one is never used.
    pub fn required(&mut self, name: &str, max: usize) -> String {
        if matches!(self.object.get(name), None | Some(Value::Null)) {
            self.wrong(name, "field required", "value_error.missing");
        }
        self.text(name, max).unwrap_or_default()
    }

    /// Three upper-case letters; whether they are the wallet's is a question for later.
    pub fn currency(&mut self, name: &str) -> String {
        let code = self.required(name, 255);
        let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        if !code.is_empty() && !is_code {
            self.wrong(name, "not a valid ISO 4217 currency code", "value_error.currency");
        }
        code
    }

    /// A strictly positive amount in `currency`, in minor units.
    pub fn amount(&mut self, name: &str, currency: &str) -> i64 {
        let before = self.wrong.len();
        let text = self.required(name, 64);
        if self.wrong.len() > before {
            return 0;
        }
        money::parse(&text, currency).unwrap_or_else(|error| {
            self.wrong(name, &error.to_string(), "value_error.amount");
            0
        })
    }

    /// An optional E.164 number.
    pub fn mobile(&mut self, name: &str) -> Option<String> {
        let number = self.text(name, 32)?;
        if !is_e164(&number) {
            self.wrong(name, "not a valid E.164 phone number", "value_error.phone");
        }
        Some(number)
    }

    /// An E.164 number that must be there.
    pub fn required_mobile(&mut self, name: &str) -> String {
        let before = self.wrong.len();
        let number = self.required(name, 32);
        if self.wrong.len() == before && !is_e164(&number) {
            self.wrong(name, "not a valid E.164 phone number", "value_error.phone");
        }
        number
    }

    /// A URL to send a browser to: https, or http where `allow_http` or the host is loopback.
    pub fn redirect(&mut self, name: &str, allow_http: bool) -> String {
        let before = self.wrong.len();
        let url = self.required(name, 2048);
        if self.wrong.len() == before && !is_redirect(&url, allow_http) {
            self.wrong(name, "not a valid https URL", "value_error.url.scheme");
        }
        url
    }

    /// How much was wrong so far.
    pub fn faults(&self) -> usize {
        self.wrong.len()
    }

    /// What was wrong, if anything.
    pub fn finish(self) -> Vec<Detail> {
        self.wrong
    }
}

/// Refuses when any field was wrong.
pub fn check(wrong: Vec<Detail>) -> Result<(), WaveError> {
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(WaveError::validation(wrong)),
    }
}

/// A currency must be the wallet's own.
pub fn check_currency(currency: &str, wallet: &Wallet) -> Result<(), WaveError> {
    match currency == wallet.currency {
        true => Ok(()),
        false => Err(WaveError::new(
            400,
            "currency-mismatch",
            format!("the wallet holds {}, not {currency}", wallet.currency),
        )),
    }
}

/// A payee must be of the wallet's country.
pub fn check_country(mobile: &str, wallet: &Wallet) -> Result<(), WaveError> {
    match mobile.starts_with(wallet.dial_prefix()) {
        true => Ok(()),
        false => Err(WaveError::new(
            400,
            "country-mismatch",
            "the recipient's country is not the wallet's country",
        )),
    }
}

/// Leading `+` and seven to fifteen digits; where the country is one of Wave's, as many as
/// numbers have there.
pub fn is_e164(number: &str) -> bool {
    let Some(digits) = number.strip_prefix('+') else { return false };
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    let length = match digits.get(..3) {
        Some("221") => 12..=12,
        Some("225") => 13..=13,
        Some("223" | "226") => 11..=11,
        _ => 7..=15,
    };
    is_number && length.contains(&digits.len())
}

fn is_redirect(url: &str, allow_http: bool) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    let is_loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    url.scheme() == "https" || (url.scheme() == "http" && (allow_http || is_loopback))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_length_of_their_country() {
        for good in ["+221770001122", "+2250102030405", "+22370001122", "+256700000000"] {
            assert!(is_e164(good), "{good}");
        }
        for bad in ["221770001122", "+22177000112", "+22501020304", "+0221770001", "+22177000112a", "+"] {
            assert!(!is_e164(bad), "{bad}");
        }
    }

    #[test]
    fn redirects_are_https_or_loopback() {
        assert!(is_redirect("https://shop.example/ok", false));
        assert!(is_redirect("http://127.0.0.1:8080/ok", false));
        assert!(is_redirect("http://localhost/ok", false));
        assert!(!is_redirect("http://shop.example/ok", false));
        assert!(is_redirect("http://shop.example/ok", true));
        assert!(!is_redirect("ftp://shop.example", true));
        assert!(!is_redirect("/ok", true));
    }
}
