//! A simulated Orange SMS account: a token, then messages.
//!
//! Written from notes on Orange's public pages and on what its clients send (token and lifetime
//! checked against excerpts of <https://developer.orange.com/apis/sms/getting-started>, a stored
//! copy seen on 2026-11-20), not from a live account: a client-credentials token of an hour by
//! `POST /oauth/v3/token` with Basic authentication, and
//! `POST /smsmessaging/v1/outbound/{senderAddress}/requests`, which answers 201 with the request
//! and its `resourceURL`. The sender may be escaped or not. Errors are Orange's two envelopes:
//! `code`/`message`/`description` for credentials, `requestError` for content.
//!
//! Deliberately absent: delivery receipts, replies, and the administration calls. There is no
//! idempotency: a repeated request is a second message.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use crate::app::{Desk, Shared};
use crate::ids;
use crate::sms_book::{self, Message};
use crate::wave::fields::is_e164;

/// The most characters of one message; longer ones are refused as `SVC0280`.
const LONGEST: usize = 1530;
const PART: usize = 160;

/// The API, at its real paths behind `/orange`.
pub fn api() -> Router<Shared> {
    Router::new()
        .route("/orange/oauth/v3/token", post(token))
        .route("/orange/oauth/v2/token", post(token))
        .route("/orange/smsmessaging/v1/outbound/{sender}/requests", post(send))
        .method_not_allowed_fallback(async || {
            OrangeError::plain(StatusCode::METHOD_NOT_ALLOWED, 61, "Method not allowed")
        })
}

/// How Orange refuses.
#[derive(Debug)]
pub struct OrangeError {
    status: StatusCode,
    body: Value,
}

impl OrangeError {
    fn plain(status: StatusCode, code: u16, message: &str) -> OrangeError {
        let body = json!({"code": code, "message": message, "description": message});
        OrangeError { status, body }
    }

    fn credentials(code: u16, message: &str) -> OrangeError {
        OrangeError::plain(StatusCode::UNAUTHORIZED, code, message)
    }

    fn oauth(status: StatusCode, error: &str, description: &str) -> OrangeError {
        OrangeError { status, body: json!({"error": error, "error_description": description}) }
    }

    fn service(id: &str, text: &str, variable: &str) -> OrangeError {
        OrangeError::content(StatusCode::BAD_REQUEST, "serviceException", id, text, variable)
    }

    fn policy(id: &str, text: &str, variable: &str) -> OrangeError {
        OrangeError::content(StatusCode::FORBIDDEN, "policyException", id, text, variable)
    }

    fn content(status: StatusCode, kind: &str, id: &str, text: &str, variable: &str) -> OrangeError {
        let exception = json!({"messageId": id, "text": text, "variables": [variable]});
        OrangeError { status, body: json!({"requestError": {kind: exception}}) }
    }
}

impl From<rusqlite::Error> for OrangeError {
    fn from(error: rusqlite::Error) -> OrangeError {
        tracing::error!(%error, "the books failed");
        OrangeError::plain(StatusCode::INTERNAL_SERVER_ERROR, 1, "Internal error")
    }
}

impl IntoResponse for OrangeError {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}

/// 404 of a path that does not exist.
pub fn no_such_path() -> OrangeError {
    OrangeError::plain(StatusCode::NOT_FOUND, 60, "Resource not found")
}

/// `POST /oauth/v3/token`.
async fn token(
    State(app): State<Shared>,
    headers: HeaderMap,
    form: Result<Form<HashMap<String, String>>, FormRejection>,
) -> Result<Json<Value>, OrangeError> {
    accepts_json(&headers)?;
    let form = form.map(|Form(form)| form).unwrap_or_default();
    let sms = &app.config.sms;
    let expected = format!("Basic {}", STANDARD.encode(format!("{}:{}", sms.client_id, sms.client_secret)));
    let given = text(&headers, header::AUTHORIZATION.as_str()).unwrap_or_default();
    if !bool::from(given.as_bytes().ct_eq(expected.as_bytes())) {
        let why = "The requested service needs credentials, but the ones provided were invalid.";
        return Err(OrangeError::oauth(StatusCode::UNAUTHORIZED, "invalid_client", why));
    }
    if form.get("grant_type").map(String::as_str) != Some("client_credentials") {
        let why = "grant_type must be client_credentials";
        return Err(OrangeError::oauth(StatusCode::BAD_REQUEST, "unsupported_grant_type", why));
    }
    let token = ids::lower("", 28);
    app.at_desk(|desk| {
        let expires_at = desk.now + sms.token_lifetime;
        sms_book::put_token(desk.tx, &token, expires_at).map_err(OrangeError::from)
    })?;
    let seconds = sms.token_lifetime.as_secs();
    let expires_in = match sms.numeric_expires_in {
        true => json!(seconds),
        false => json!(seconds.to_string()),
    };
    Ok(Json(json!({"token_type": "Bearer", "access_token": token, "expires_in": expires_in})))
}

/// `POST /smsmessaging/v1/outbound/{senderAddress}/requests`.
async fn send(
    State(app): State<Shared>,
    Path(sender): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), OrangeError> {
    accepts_json(&headers)?;
    app.at_desk(|desk| {
        check_token(desk, &headers)?;
        let request = read(&body, &sender)?;
        let parts = parts(&request.text);
        if !sms_book::spend(desk.tx, parts)? {
            return Err(OrangeError::policy("POL0001", "A policy error occurred", "no bundle left"));
        }
        let id = ids::lower("", 24);
        let message = Message { id: &id, to: &request.to, sender: &request.sender, body: &request.text };
        sms_book::put(desk.tx, &message, desk.now)?;
        Ok((StatusCode::CREATED, Json(request.view(&app, &id))))
    })
}

fn accepts_json(headers: &HeaderMap) -> Result<(), OrangeError> {
    let accept = text(headers, header::ACCEPT.as_str()).unwrap_or_default();
    match accept.contains("application/json") || accept.contains("*/*") {
        true => Ok(()),
        false => Err(OrangeError::plain(StatusCode::NOT_ACCEPTABLE, 30, "Not acceptable")),
    }
}

fn check_token(desk: &Desk<'_>, headers: &HeaderMap) -> Result<(), OrangeError> {
    let given = text(headers, header::AUTHORIZATION.as_str()).unwrap_or_default();
    let Some(token) = given.strip_prefix("Bearer ").filter(|token| !token.is_empty()) else {
        return Err(OrangeError::credentials(40, "Missing credentials"));
    };
    match sms_book::token_expiry(desk.tx, token)? {
        None => Err(OrangeError::credentials(41, "Invalid credentials")),
        Some(expires_at) if expires_at <= desk.now => {
            Err(OrangeError::credentials(42, "Expired credentials"))
        }
        Some(_) => Ok(()),
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// How many messages of the bundle a text takes.
fn parts(text: &str) -> i64 {
    i64::try_from(text.chars().count().div_ceil(PART).max(1)).unwrap_or(i64::MAX)
}

struct SmsRequest {
    to: String,
    sender: String,
    sender_name: Option<String>,
    text: String,
}

impl SmsRequest {
    fn view(&self, app: &Shared, id: &str) -> Value {
        let path = format!("/orange/smsmessaging/v1/outbound/tel:{}/requests/{id}", self.sender);
        let mut request = json!({
            "address": [format!("tel:{}", self.to)],
            "senderAddress": format!("tel:{}", self.sender),
            "outboundSMSTextMessage": {"message": self.text},
            "resourceURL": format!("{}{path}", app.public_url()),
        });
        if let Some(name) = &self.sender_name {
            request["senderName"] = json!(name);
        }
        json!({"outboundSMSMessageRequest": request})
    }
}

fn read(body: &[u8], path_sender: &str) -> Result<SmsRequest, OrangeError> {
    let invalid =
        |what: &str| OrangeError::service("SVC0002", "Invalid input value for message part %1", what);
    let body: Value = serde_json::from_slice(body)
        .map_err(|_| OrangeError::plain(StatusCode::BAD_REQUEST, 22, "Invalid body"))?;
    let request = &body["outboundSMSMessageRequest"];
    if !request.is_object() {
        return Err(OrangeError::plain(StatusCode::BAD_REQUEST, 23, "Missing body field"));
    }
    let sender = number(&request["senderAddress"]).ok_or_else(|| invalid("senderAddress"))?;
    if path_sender.strip_prefix("tel:") != Some(sender.as_str()) {
        return Err(invalid("senderAddress"));
    }
    let text = request["outboundSMSTextMessage"]["message"].as_str();
    let text = text.filter(|text| !text.is_empty()).ok_or_else(|| invalid("message"))?;
    if text.chars().count() > LONGEST {
        return Err(OrangeError::service(
            "SVC0280",
            "Message too long. Maximum length is %1 characters",
            "1530",
        ));
    }
    Ok(SmsRequest {
        to: address(&request["address"])?,
        sender,
        sender_name: request["senderName"].as_str().map(str::to_owned),
        text: text.to_owned(),
    })
}

/// `tel:+…` as a string, or as the only member of a list.
fn address(value: &Value) -> Result<String, OrangeError> {
    let one = match value.as_array().map(Vec::as_slice) {
        None => value,
        Some([one]) => one,
        Some([]) => &Value::Null,
        Some(_) => {
            return Err(OrangeError::policy(
                "POL0003",
                "Too many addresses specified in message part %1",
                "address",
            ));
        }
    };
    number(one).filter(|number| is_e164(number)).ok_or_else(|| {
        OrangeError::service("SVC0004", "No valid addresses provided in message part %1", "address")
    })
}

fn number(value: &Value) -> Option<String> {
    let number = value.as_str()?.strip_prefix("tel:")?;
    number.starts_with('+').then(|| number.to_owned())
}
