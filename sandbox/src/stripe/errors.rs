//! Stripe's refusals: `{"error": {"type", "code"?, "message", "param"?, …}}`.
//!
//! A refusal that was decided by the state of things is kept under its idempotency key; one that
//! was decided before anything began is not, so that the key stays free.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// A refusal.
#[derive(Clone, Debug, PartialEq)]
pub struct StripeError {
    /// HTTP status.
    pub status: u16,
    /// `api_error`, `card_error`, `idempotency_error` or `invalid_request_error`.
    pub kind: &'static str,
    /// For a program; some refusals have none.
    pub code: Option<String>,
    /// For a person.
    pub message: String,
    /// Which parameter.
    pub param: Option<String>,
    /// Further members of the error.
    pub extra: Map<String, Value>,
    /// Whether the same key gets this refusal again.
    pub is_kept: bool,
}

impl StripeError {
    /// 400 before anything began.
    pub fn invalid(code: &str, message: impl Into<String>) -> StripeError {
        StripeError {
            status: 400,
            kind: "invalid_request_error",
            code: (!code.is_empty()).then(|| code.to_owned()),
            message: message.into(),
            param: None,
            extra: Map::new(),
            is_kept: false,
        }
    }

    /// 400 by the state of things.
    pub fn state(code: &str, message: impl Into<String>) -> StripeError {
        StripeError { is_kept: true, ..StripeError::invalid(code, message) }
    }

    /// 401.
    pub fn unauthorized(message: impl Into<String>) -> StripeError {
        StripeError { status: 401, ..StripeError::invalid("", message) }
    }

    /// 400 `parameter_missing`.
    pub fn missing(param: &str) -> StripeError {
        StripeError::invalid("parameter_missing", format!("Missing required param: {param}.")).about(param)
    }

    /// 400 `parameter_unknown`.
    pub fn unknown(param: &str) -> StripeError {
        StripeError::invalid("parameter_unknown", format!("Received unknown parameter: {param}")).about(param)
    }

    /// 404 `resource_missing`.
    pub fn no_such(what: &str, id: &str, param: &str) -> StripeError {
        let message = format!("No such {what}: '{id}'");
        StripeError { status: 404, ..StripeError::invalid("resource_missing", message) }.about(param)
    }

    /// 500.
    pub fn internal() -> StripeError {
        let message = "An unknown error occurred";
        StripeError { status: 500, kind: "api_error", ..StripeError::invalid("", message) }
    }

    /// The refusal of a fault, with the type that goes with its status.
    pub fn simulated(status: u16, code: Option<&str>) -> StripeError {
        let usual = match status {
            429 => "rate_limit",
            409 => "idempotency_key_in_use",
            _ => "",
        };
        let code = code.unwrap_or(usual);
        let kind = match status {
            402 => "card_error",
            409 => "idempotency_error",
            500.. => "api_error",
            _ => "invalid_request_error",
        };
        StripeError { status, kind, ..StripeError::invalid(code, "Simulated failure") }
    }

    /// Names the parameter.
    pub fn about(self, param: &str) -> StripeError {
        StripeError { param: (!param.is_empty()).then(|| param.to_owned()), ..self }
    }

    /// Adds a member.
    pub fn with(mut self, name: &str, value: Value) -> StripeError {
        self.extra.insert(name.to_owned(), value);
        self
    }

    /// The body's bytes.
    pub fn body(&self) -> Vec<u8> {
        let mut error = self.extra.clone();
        error.insert("type".to_owned(), json!(self.kind));
        error.insert("message".to_owned(), json!(self.message));
        if let Some(code) = &self.code {
            error.insert("code".to_owned(), json!(code));
            let page = format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-"));
            error.insert("doc_url".to_owned(), json!(page));
        }
        if let Some(param) = &self.param {
            error.insert("param".to_owned(), json!(param));
        }
        json!({ "error": error }).to_string().into_bytes()
    }

    /// The answer.
    pub fn reply(&self) -> Reply {
        Reply { status: self.status, body: self.body(), is_replay: false }
    }
}

impl From<rusqlite::Error> for StripeError {
    fn from(error: rusqlite::Error) -> StripeError {
        tracing::error!(%error, "the books failed");
        StripeError::internal()
    }
}

impl IntoResponse for StripeError {
    fn into_response(self) -> Response {
        self.reply().into_response()
    }
}

/// An answer as bytes, so that it can be kept and given again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// JSON.
    pub body: Vec<u8>,
    /// Whether it was given before.
    pub is_replay: bool,
}

impl Reply {
    /// 200.
    pub fn json(value: &Value) -> Reply {
        Reply { status: 200, body: value.to_string().into_bytes(), is_replay: false }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, [(header::CONTENT_TYPE, "application/json")], self.body).into_response();
        if self.is_replay {
            response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
        }
        response
    }
}
