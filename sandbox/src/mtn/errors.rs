//! MTN's refusals, in the shapes of the layers that refuse: the API gateway, the wallet behind
//! it, the token endpoint, the firewall before all of them, and nothing at all.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::wave::errors::Reply;

/// What the firewall shows, with status 200.
pub const REJECTED: &str = "<html><head><title>Request Rejected</title></head><body>The requested URL was \
    rejected. Please consult with your administrator.<br><br>Your support ID is: 4711\
    </body></html>";

const NO_LENGTH: &str = "<html><head><title>Length Required</title></head><body><h2>Length Required</h2>\
    <hr><p>HTTP Error 411. The request must be chunked or have a content length.</p></body></html>";

/// A refusal.
#[derive(Clone, Debug, PartialEq)]
pub struct MtnError {
    /// HTTP status.
    pub status: u16,
    body: Body,
}

#[derive(Clone, Debug, PartialEq)]
enum Body {
    Gateway(String),
    Wallet(String),
    OAuth(&'static str),
    Page(&'static str),
    Empty,
}

impl MtnError {
    /// The API gateway refuses: `{"statusCode","message"}`.
    pub fn gateway(status: u16, message: &str) -> MtnError {
        MtnError { status, body: Body::Gateway(message.to_owned()) }
    }

    /// The wallet refuses: `{"code","message"}`.
    pub fn wallet(status: u16, code: &str) -> MtnError {
        MtnError { status, body: Body::Wallet(code.to_owned()) }
    }

    /// A refusal of what was asked, which comes as a 500.
    pub fn logical(code: &str) -> MtnError {
        MtnError::wallet(500, code)
    }

    /// 401 of a product call.
    pub fn unauthorized() -> MtnError {
        MtnError::gateway(401, "Unauthorized")
    }

    /// 401 of the token endpoint: `{"error"}`. *Chosen*; its shape is known by hearsay.
    pub fn bad_credentials() -> MtnError {
        MtnError { status: 401, body: Body::OAuth("login_failed") }
    }

    /// 400 of a consent that nobody has given yet, and its like: `{"error"}`.
    pub fn consent(error: &'static str) -> MtnError {
        MtnError { status: 400, body: Body::OAuth(error) }
    }

    /// 400 without a body.
    pub fn bad_request() -> MtnError {
        MtnError { status: 400, body: Body::Empty }
    }

    /// 404 of a reference that the wallet does not know.
    pub fn not_found() -> MtnError {
        MtnError::wallet(404, "RESOURCE_NOT_FOUND")
    }

    /// 409 of a reference that the wallet knows already.
    pub fn duplicate() -> MtnError {
        MtnError::wallet(409, "RESOURCE_ALREADY_EXIST")
    }

    /// 411 of a POST that does not say how long it is.
    pub fn no_length() -> MtnError {
        MtnError { status: 411, body: Body::Page(NO_LENGTH) }
    }

    /// The firewall's page, with status 200.
    pub fn rejected() -> MtnError {
        MtnError { status: 200, body: Body::Page(REJECTED) }
    }

    /// What a fault answers with: the layer that usually has this status speaks.
    pub fn simulated(status: u16, code: Option<&str>) -> MtnError {
        match (status, code) {
            (_, Some(code)) => MtnError::wallet(status, code),
            (400, None) => MtnError::bad_request(),
            (404, None) => MtnError::not_found(),
            (409, None) => MtnError::duplicate(),
            (503, None) => MtnError::wallet(503, "SERVICE_UNAVAILABLE"),
            (status, None) => {
                let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
                MtnError::gateway(status, reason.unwrap_or("Error"))
            }
        }
    }

    /// The body's bytes.
    pub fn body(&self) -> Vec<u8> {
        let body = match &self.body {
            Body::Gateway(message) => json!({"statusCode": self.status, "message": message}),
            Body::Wallet(code) => json!({"code": code, "message": message_of(code)}),
            Body::OAuth(error) => json!({"error": error}),
            Body::Page(page) => return page.as_bytes().to_vec(),
            Body::Empty => return Vec::new(),
        };
        body.to_string().into_bytes()
    }
}

impl From<rusqlite::Error> for MtnError {
    fn from(error: rusqlite::Error) -> MtnError {
        tracing::error!(%error, "the books failed");
        MtnError::gateway(500, "Internal Server Error")
    }
}

impl IntoResponse for MtnError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        match self.body {
            Body::Page(page) => (status, [(header::CONTENT_TYPE, "text/html")], page).into_response(),
            _ => Reply { status: self.status, body: self.body() }.into_response(),
        }
    }
}

/// 202 with a truly empty body: accepted, and nothing more is promised.
pub fn accepted() -> Reply {
    Reply { status: 202, body: Vec::new() }
}

/// 200 with JSON.
pub fn shown(value: &Value) -> Reply {
    Reply { status: 200, body: value.to_string().into_bytes() }
}

/// What a person is told about a code.
pub fn message_of(code: &str) -> String {
    let known = match code {
        "RESOURCE_NOT_FOUND" => "Requested resource was not found.",
        "RESOURCE_ALREADY_EXIST" => "Duplicated reference id. Creation of resource failed.",
        "INVALID_CALLBACK_URL_HOST" => "Callback URL with different host name then configured for API User.",
        "INVALID_CURRENCY" => "Currency not supported.",
        "NOT_ALLOWED" => "Authorization failed. Insufficient permissions.",
        "NOT_ALLOWED_TARGET_ENVIRONMENT" => "Access to target environment is forbidden.",
        "SERVICE_UNAVAILABLE" => "Service temporarily unavailable, try again later.",
        "INTERNAL_PROCESSING_ERROR" => "An internal error occurred while processing.",
        "PAYER_NOT_FOUND" => "Payer does not exist.",
        "PAYEE_NOT_FOUND" => "Payee does not exist.",
        "APPROVAL_REJECTED" => "Transaction rejected.",
        "EXPIRED" => "Transaction expired.",
        other => return other.to_ascii_lowercase().replace('_', " "),
    };
    known.to_owned()
}
