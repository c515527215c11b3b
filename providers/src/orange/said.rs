//! What an error body of Orange says. Five shapes are in use, by the interface and the door that answers.
//!
//! `{"code":42,"message","description"}` (the portal), `{"error","error_description"}` (OAuth),
//! `{"requestError":{"serviceException"|"policyException":{"messageId","text"}}}` (messages), and
//! `{"type","status","code":"2020","title","detail"}` (Sonatel), where `code` is a string or a
//! number. Source: developer.orange.com, error handling; clients of Sonatel's interface, read 2026-11.

use serde_json::Value;

use crate::Response;

/// Longest text of a provider that is kept, in characters.
const LONGEST_MESSAGE: usize = 300;
/// Longest code that is kept, in characters.
const LONGEST_CODE: usize = 48;

/// Empty where the body says nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Said {
    /// A number or a word, as text.
    pub code: String,
    /// For the log and for staff.
    pub message: String,
}

impl Said {
    /// Reads any of the shapes; whatever else it is says nothing.
    pub(crate) fn read(response: &Response) -> Said {
        let Ok(body) = serde_json::from_slice::<Value>(&response.body) else { return Said::default() };
        let exception = body
            .pointer("/requestError/serviceException")
            .or_else(|| body.pointer("/requestError/policyException"));
        let code = exception
            .and_then(|exception| exception.get("messageId"))
            .or_else(|| body.get("code"))
            .or_else(|| body.get("error"));
        let message = exception.and_then(|exception| exception.get("text")).or_else(|| {
            ["description", "detail", "error_description", "message", "title"]
                .iter()
                .find_map(|key| body.get(*key))
        });
        Said {
            code: code.map(plain).unwrap_or_default(),
            message: message.and_then(Value::as_str).map(shortened).unwrap_or_default(),
        }
    }

    /// `status 401 with code 42`, for the log.
    pub(crate) fn describe(&self, status: u16) -> String {
        match self.code.is_empty() {
            true => format!("status {status} without a readable code"),
            false => format!("status {status} with code {}", self.code),
        }
    }
}

/// A code as text: `"2020"` and `2020` are one. What is neither word nor number is none.
fn plain(code: &Value) -> String {
    let text = match code {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    text.chars().filter(char::is_ascii_graphic).take(LONGEST_CODE).collect()
}

fn shortened(message: &str) -> String {
    message.chars().filter(|letter| !letter.is_control()).take(LONGEST_MESSAGE).collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    #[test]
    fn every_shape_is_read() {
        for (body, code, message) in [
            (r#"{"code":42,"message":"Expired","description":"The token"}"#, "42", "The token"),
            (r#"{"code":"2020","title":"t","detail":"solde"}"#, "2020", "solde"),
            (r#"{"code":2020,"title":"t"}"#, "2020", "t"),
            (r#"{"error":"invalid_client","error_description":"no"}"#, "invalid_client", "no"),
            (r#"{"requestError":{"serviceException":{"messageId":"SVC0004","text":"x"}}}"#, "SVC0004", "x"),
            (r#"{"requestError":{"policyException":{"messageId":"POL0001","text":"y"}}}"#, "POL0001", "y"),
            (r#"{"code":{"a":1},"message":7}"#, "", ""),
            (r#"{"code":null}"#, "", ""),
            ("[]", "", ""),
            ("<html>", "", ""),
            ("", "", ""),
        ] {
            let answer = Response { status: 400, headers: HeaderMap::new(), body: body.as_bytes().to_vec() };
            let said = Said::read(&answer);
            assert_eq!((said.code.as_str(), said.message.as_str()), (code, message), "{body}");
        }
    }
}
