//! Wave's refusals: the codes that it documents, in the four shapes that its clients have met.
//!
//! Where no document gives a status or a code, the module that decides it marks it *chosen*.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How an error body is laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// `{"code","message","details":[…]}`, the general form.
    #[default]
    General,
    /// `{"error_code","error_message"}`, of payout execution and reversal.
    Execution,
    /// `{"error":"<code>","message"}`.
    Bare,
    /// `{"error":{"code","message","httpcode"}}`.
    Nested,
    /// No body at all.
    Empty,
}

/// What is wrong with one field: `loc` mixes names and indexes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Detail {
    /// Path to the field.
    pub loc: Vec<Value>,
    /// For a person.
    pub msg: String,
    /// For a program.
    #[serde(rename = "type")]
    pub kind: String,
}

/// A refusal with its status, code and shape.
#[derive(Clone, Debug, PartialEq)]
pub struct WaveError {
    /// HTTP status.
    pub status: u16,
    /// One of Wave's codes.
    pub code: String,
    /// For a person.
    pub message: String,
    /// Field by field, on validation errors.
    pub details: Vec<Detail>,
    /// How the body is laid out.
    pub shape: Shape,
}

impl WaveError {
    /// A refusal in the general form, without details.
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> WaveError {
        let (code, message) = (code.to_owned(), message.into());
        WaveError { status, code, message, details: Vec::new(), shape: Shape::General }
    }

    /// A refusal of payout execution or reversal.
    pub fn execution(status: u16, code: &str, message: impl Into<String>) -> WaveError {
        WaveError { shape: Shape::Execution, ..WaveError::new(status, code, message) }
    }

    /// 400 `request-validation-error` with one entry per field.
    pub fn validation(details: Vec<Detail>) -> WaveError {
        let message = "Request invalid";
        WaveError { details, ..WaveError::new(400, "request-validation-error", message) }
    }

    /// 400 `request-validation-error` about one field.
    pub fn field(loc: &[&str], msg: &str, kind: &str) -> WaveError {
        let loc = loc.iter().map(|part| Value::from(*part)).collect();
        WaveError::validation(vec![Detail { loc, msg: msg.to_owned(), kind: kind.to_owned() }])
    }

    /// 404 `not-found`.
    pub fn not_found(what: &str) -> WaveError {
        WaveError::new(404, "not-found", format!("{what} not found"))
    }

    /// 404 `checkout-session-not-found`.
    pub fn session_not_found() -> WaveError {
        WaveError::new(404, "checkout-session-not-found", "Checkout session not found")
    }

    /// A refusal by the state of things, which a repeated request must get again.
    pub fn is_business(&self) -> bool {
        self.status == 422
    }

    /// The body's bytes.
    pub fn body(&self) -> Vec<u8> {
        let (code, message) = (&self.code, &self.message);
        let body = match self.shape {
            Shape::General if self.details.is_empty() => json!({"code": code, "message": message}),
            Shape::General => json!({"code": code, "message": message, "details": self.details}),
            Shape::Execution => json!({"error_code": code, "error_message": message}),
            Shape::Bare => json!({"error": code, "message": message}),
            Shape::Nested => {
                json!({"error": {"code": code, "message": message, "httpcode": self.status}})
            }
            Shape::Empty => return Vec::new(),
        };
        body.to_string().into_bytes()
    }
}

impl From<rusqlite::Error> for WaveError {
    fn from(error: rusqlite::Error) -> WaveError {
        tracing::error!(%error, "the books failed");
        WaveError::new(500, "internal-server-error", "Internal server error")
    }
}

impl IntoResponse for WaveError {
    fn into_response(self) -> Response {
        Reply { status: self.status, body: self.body() }.into_response()
    }
}

/// An answer as bytes, so that it can be kept and given again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// JSON, or nothing.
    pub body: Vec<u8>,
}

impl Reply {
    /// 200 with a JSON body.
    pub fn json(value: &impl Serialize) -> Result<Reply, WaveError> {
        let body = serde_json::to_vec(value).map_err(|error| {
            tracing::error!(%error, "an answer could not be written");
            WaveError::new(500, "internal-server-error", "Internal server error")
        })?;
        Ok(Reply { status: 200, body })
    }

    /// 200 with an empty body: how refund, expire and reverse succeed.
    pub fn empty() -> Reply {
        Reply { status: 200, body: Vec::new() }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        match self.body.is_empty() {
            true => status.into_response(),
            false => (status, [(header::CONTENT_TYPE, "application/json")], self.body).into_response(),
        }
    }
}
