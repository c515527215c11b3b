//! Sonatel's refusals: `{"type","instance","status","code","title","detail"}`.
//!
//! The documents give the codes and no HTTP status. *Chosen* here, per code: 404 for who or what
//! does not exist, 403 for PINs, blocked and barred accounts, 409 for balances and ceilings, 410
//! for a QR that expired, 401 and 500 for codes 10 and 50, 400 for the rest. One client reads the
//! same body out of 4xx and 5xx answers, so `refusal_status` gives every code of 2000 and above
//! one status, of either kind. The content type is *chosen* as `application/problem+json`.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::config::SonatelSettings;
use crate::ids;

/// Every code of the documents, with its status and title.
const CODES: &[(&str, u16, &str)] = &[
    ("10", 401, "Invalid credentials"),
    ("50", 500, "Internal error"),
    ("2000", 404, "Customer account does not exist"),
    ("2001", 400, "Invalid customer MSISDN"),
    ("2010", 403, "PIN code must be changed"),
    ("2011", 403, "Wrong PIN code, two attempts left"),
    ("2012", 403, "Wrong PIN code, one attempt left"),
    ("2013", 403, "Wrong PIN code, account blocked"),
    ("2020", 409, "Insufficient balance"),
    ("2021", 409, "Payer's balance is insufficient"),
    ("2022", 409, "Payee's balance is insufficient"),
    ("2023", 409, "Ceiling reached"),
    ("2024", 409, "Payer's ceiling reached"),
    ("2025", 409, "Payee's ceiling reached"),
    ("2041", 403, "Operation not allowed"),
    ("2042", 403, "Operation not allowed for the partner"),
    ("2043", 403, "Operation not allowed for the customer"),
    ("4003", 400, "PIN code cannot be decrypted, public key revoked"),
    ("4004", 410, "QR code expired"),
    ("4099", 400, "Bad request"),
];

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SonatelError {
    /// One of Sonatel's codes; another text when a test asked for it.
    pub code: String,
    /// The HTTP status, when it is not the code's own.
    pub status: Option<u16>,
    /// For a person.
    pub detail: String,
    /// Whether what was written on the way to it stays written, as a count of wrong PINs does.
    pub commits: bool,
    is_oauth: bool,
}

impl SonatelError {
    /// A refusal by its code.
    pub fn new(code: &str, detail: impl Into<String>) -> SonatelError {
        let (code, detail) = (code.to_owned(), detail.into());
        SonatelError { code, status: None, detail, commits: false, is_oauth: false }
    }

    /// 4099.
    pub fn bad(detail: impl Into<String>) -> SonatelError {
        SonatelError::new("4099", detail)
    }

    /// 4099 with a status of its own, for what the gateway in front of the API refuses.
    pub fn http(status: u16, detail: impl Into<String>) -> SonatelError {
        SonatelError { status: Some(status), ..SonatelError::bad(detail) }
    }

    /// `{"error","error_description"}`, as the token endpoint and approvals refuse.
    pub fn oauth(status: u16, error: &str, description: &str) -> SonatelError {
        SonatelError { status: Some(status), is_oauth: true, ..SonatelError::new(error, description) }
    }

    /// Keeps what was written on the way to it.
    #[must_use]
    pub fn committed(self) -> SonatelError {
        SonatelError { commits: true, ..self }
    }

    /// The refusal of a fault.
    pub fn simulated(status: u16, code: Option<&str>) -> SonatelError {
        let usual = match status {
            401 => "10",
            500.. => "50",
            _ => "4099",
        };
        SonatelError { status: Some(status), ..SonatelError::new(code.unwrap_or(usual), "Simulated failure") }
    }

    /// The answer, as the settings want refusals.
    pub fn reply(&self, settings: &SonatelSettings) -> Reply {
        let (status, title) = entry(&self.code);
        let is_business = !self.is_oauth && self.code.len() == 4 && self.status.is_none();
        let status = match settings.refusal_status.filter(|_| is_business) {
            Some(status) => status,
            None => self.status.unwrap_or(status),
        };
        if self.is_oauth {
            return Reply::json(&json!({"error": self.code, "error_description": self.detail}))
                .status(status);
        }
        let number = self.code.parse::<u32>().ok().filter(|_| settings.numeric_codes);
        let body = json!({
            "type": "about:blank",
            "instance": format!("/{}", ids::lower("", 12)),
            "status": status.to_string(),
            "code": number.map_or_else(|| json!(self.code), |number| json!(number)),
            "title": title,
            "detail": self.detail,
        });
        Reply { status, kind: "application/problem+json", body: body.to_string().into_bytes() }
    }
}

/// Status and title of a code.
fn entry(code: &str) -> (u16, &'static str) {
    let known = CODES.iter().find(|(known, _, _)| *known == code);
    known.map_or((400, "Refused"), |(_, status, title)| (*status, *title))
}

impl From<rusqlite::Error> for SonatelError {
    fn from(error: rusqlite::Error) -> SonatelError {
        tracing::error!(%error, "the books failed");
        SonatelError::new("50", "Internal error")
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Content type, where there is content.
    pub kind: &'static str,
    /// JSON, or nothing.
    pub body: Vec<u8>,
}

impl Reply {
    /// 200 with a JSON body.
    pub fn json(value: &Value) -> Reply {
        Reply { status: 200, kind: "application/json", body: value.to_string().into_bytes() }
    }

    /// No body at all.
    pub fn empty(status: u16) -> Reply {
        Reply { status, kind: "application/json", body: Vec::new() }
    }

    /// With another status.
    #[must_use]
    pub fn status(self, status: u16) -> Reply {
        Reply { status, ..self }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        match self.body.is_empty() {
            true => status.into_response(),
            false => (status, [(header::CONTENT_TYPE, self.kind)], self.body).into_response(),
        }
    }
}
