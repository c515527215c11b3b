//! What every product behind `api.orange.com` shares: tokens, the `Accept` rule and refusals.
//!
//! One OAuth client serves SMS and Web Payment. `POST /oauth/v3/token` (older: `v2`) takes Basic
//! authentication and `grant_type=client_credentials`; a `v3` token lives an hour and a `v2` one
//! 90 days by default, both by the simulators' clock, and `expires_in` is a string or a number by
//! a switch. A token of either version opens both products, as no document separates them.
//!
//! Codes 40, 41, 42 and 60 are documented; the rest of the table is what other interfaces of the
//! same gateway publish. *Chosen*: a 406 carries 62 of that table.

use std::collections::HashMap;
use std::time::Duration;

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rusqlite::{OptionalExtension, Transaction, params};
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use crate::app::{App, Desk, Shared};
use crate::clock::{Instant, from_micros, micros};
use crate::ids;

/// The token endpoints, behind `/orange`.
pub fn api() -> Router<Shared> {
    Router::new()
        .route("/orange/oauth/v3/token", post(token))
        .route("/orange/oauth/v2/token", post(token_v2))
        .method_not_allowed_fallback(async || OrangeError::method_not_allowed())
}

/// How Orange refuses: a status and one of its layouts.
#[derive(Clone, Debug, PartialEq)]
pub struct OrangeError {
    /// HTTP status.
    pub status: StatusCode,
    /// JSON.
    pub body: Value,
}

impl OrangeError {
    /// `{code,message,description}` with an integer code.
    pub fn new(status: StatusCode, code: u16, description: impl Into<String>) -> OrangeError {
        let description = description.into();
        let body = json!({"code": code, "message": message_of(code), "description": description});
        OrangeError { status, body }
    }

    /// 400 with one of the codes of content.
    pub fn content(code: u16, description: impl Into<String>) -> OrangeError {
        OrangeError::new(StatusCode::BAD_REQUEST, code, description)
    }

    /// 404, code 60: no such path, or nothing there.
    pub fn not_found(description: &str) -> OrangeError {
        OrangeError::new(StatusCode::NOT_FOUND, 60, description)
    }

    /// 405, code 61.
    pub fn method_not_allowed() -> OrangeError {
        let why = "The requested method is not allowed on this resource.";
        OrangeError::new(StatusCode::METHOD_NOT_ALLOWED, 61, why)
    }

    /// What a fault answers with: the status's usual code unless another is asked for.
    pub fn simulated(status: u16, code: Option<&str>) -> OrangeError {
        let usual = match status {
            400 => 22,
            401 => 42,
            403 => 50,
            404 => 60,
            405 => 61,
            406 => 62,
            408 => 63,
            429 => 53,
            503 => 5,
            _ => 1,
        };
        let code = code.and_then(|code| code.parse().ok()).unwrap_or(usual);
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        OrangeError::new(status, code, "Simulated failure")
    }

    fn credentials(code: u16, description: &str) -> OrangeError {
        OrangeError::new(StatusCode::UNAUTHORIZED, code, description)
    }

    fn oauth(status: StatusCode, error: &str, description: &str) -> OrangeError {
        OrangeError { status, body: json!({"error": error, "error_description": description}) }
    }
}

fn message_of(code: u16) -> &'static str {
    match code {
        5 => "Service unavailable",
        21 => "Missing body",
        22 => "Invalid body",
        23 => "Missing body field",
        24 => "Invalid body field",
        40 => "Missing credentials",
        41 => "Invalid credentials",
        42 => "Expired credentials",
        50 => "Access denied",
        51 => "Forbidden requester",
        53 => "Too many requests",
        60 => "Resource not found",
        61 => "Method not allowed",
        62 => "Not acceptable",
        63 => "Request time-out",
        1204 => "Duplicate order",
        _ => "Internal error",
    }
}

impl From<rusqlite::Error> for OrangeError {
    fn from(error: rusqlite::Error) -> OrangeError {
        tracing::error!(%error, "the books failed");
        OrangeError::new(StatusCode::INTERNAL_SERVER_ERROR, 1, "Internal error")
    }
}

impl IntoResponse for OrangeError {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}

/// 404 of a path that does not exist.
pub fn no_such_path() -> OrangeError {
    OrangeError::not_found("The requested URI or the requested resource does not exist.")
}

type TokenForm = Result<Form<HashMap<String, String>>, FormRejection>;

/// `POST /oauth/v3/token`.
async fn token(
    State(app): State<Shared>,
    headers: HeaderMap,
    form: TokenForm,
) -> Result<Json<Value>, OrangeError> {
    issue(&app, &headers, form, app.config.sms.token_lifetime)
}

/// `POST /oauth/v2/token`.
async fn token_v2(
    State(app): State<Shared>,
    headers: HeaderMap,
    form: TokenForm,
) -> Result<Json<Value>, OrangeError> {
    issue(&app, &headers, form, app.config.sms.token_lifetime_v2)
}

fn issue(
    app: &App,
    headers: &HeaderMap,
    form: TokenForm,
    lifetime: Duration,
) -> Result<Json<Value>, OrangeError> {
    accepts_json(headers)?;
    let form = form.map(|Form(form)| form).unwrap_or_default();
    let client = &app.config.sms;
    let pair = STANDARD.encode(format!("{}:{}", client.client_id, client.client_secret));
    let (expected, given) = (format!("Basic {pair}"), text(headers, header::AUTHORIZATION.as_str()));
    if !bool::from(given.unwrap_or_default().as_bytes().ct_eq(expected.as_bytes())) {
        let why = "The requested service needs credentials, but the ones provided were invalid.";
        return Err(OrangeError::oauth(StatusCode::UNAUTHORIZED, "invalid_client", why));
    }
    if form.get("grant_type").map(String::as_str) != Some("client_credentials") {
        let why = "grant_type must be client_credentials";
        return Err(OrangeError::oauth(StatusCode::BAD_REQUEST, "unsupported_grant_type", why));
    }
    let token = ids::lower("", 28);
    app.at_desk(|desk| put_token(desk.tx, &token, desk.now + lifetime).map_err(OrangeError::from))?;
    let seconds = lifetime.as_secs();
    let expires_in = match client.numeric_expires_in {
        true => json!(seconds),
        false => json!(seconds.to_string()),
    };
    Ok(Json(json!({"token_type": "Bearer", "access_token": token, "expires_in": expires_in})))
}

/// Refuses a caller that does not take JSON: 406.
pub fn accepts_json(headers: &HeaderMap) -> Result<(), OrangeError> {
    let accept = text(headers, header::ACCEPT.as_str()).unwrap_or_default();
    match accept.contains("application/json") || accept.contains("*/*") {
        true => Ok(()),
        false => {
            let why = "The Accept header must allow application/json.";
            Err(OrangeError::new(StatusCode::NOT_ACCEPTABLE, 62, why))
        }
    }
}

/// Refuses a caller without a token (40), with one never issued (41) or one gone by (42): 401.
pub fn check_token(desk: &Desk<'_>, headers: &HeaderMap) -> Result<(), OrangeError> {
    let given = text(headers, header::AUTHORIZATION.as_str()).unwrap_or_default();
    let Some(token) = given.strip_prefix("Bearer ").filter(|token| !token.is_empty()) else {
        return Err(OrangeError::credentials(
            40,
            "The requested service needs credentials, but none were provided.",
        ));
    };
    match token_expiry(desk.tx, token)? {
        None => Err(OrangeError::credentials(41, "The provided credentials are not valid.")),
        Some(expires_at) if expires_at <= desk.now => {
            Err(OrangeError::credentials(42, "The provided credentials have expired."))
        }
        Some(_) => Ok(()),
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

fn put_token(tx: &Transaction<'_>, token: &str, expires_at: Instant) -> rusqlite::Result<()> {
    tx.execute("INSERT INTO orange_tokens VALUES (?1, ?2)", params![token, micros(expires_at)])?;
    Ok(())
}

fn token_expiry(tx: &Transaction<'_>, token: &str) -> rusqlite::Result<Option<Instant>> {
    let at: Option<i64> = tx
        .prepare_cached("SELECT expires_at FROM orange_tokens WHERE token = ?1")?
        .query_row([token], |row| row.get(0))
        .optional()?;
    Ok(at.map(from_micros))
}
