//! A simulated Orange SMS account: messages, under a token of [`orange_oauth`](crate::orange_oauth).
//!
//! Written from notes on Orange's public pages and on what its clients send, not from a live
//! account: `POST /smsmessaging/v1/outbound/{senderAddress}/requests` answers 201 with the
//! request and its `resourceURL`. The sender may be escaped or not. Errors are Orange's two
//! envelopes: `code`/`message`/`description` for credentials, `requestError` for content.
//!
//! Deliberately absent: delivery receipts, replies, and the administration calls. There is no
//! idempotency: a repeated request is a second message.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::app::Shared;
use crate::ids;
use crate::orange_oauth::{OrangeError, accepts_json, check_token};
use crate::sms_book::{self, Message};
use crate::wave::fields::is_e164;

/// The most characters of one message; longer ones are refused as `SVC0280`.
const LONGEST: usize = 1530;
const PART: usize = 160;

/// The API, at its real paths behind `/orange`.
pub fn api() -> Router<Shared> {
    Router::new()
        .route("/orange/smsmessaging/v1/outbound/{sender}/requests", post(send))
        .method_not_allowed_fallback(async || OrangeError::method_not_allowed())
}

fn service(id: &str, text: &str, variable: &str) -> OrangeError {
    exception(StatusCode::BAD_REQUEST, "serviceException", id, text, variable)
}

fn policy(id: &str, text: &str, variable: &str) -> OrangeError {
    exception(StatusCode::FORBIDDEN, "policyException", id, text, variable)
}

fn exception(status: StatusCode, kind: &str, id: &str, text: &str, variable: &str) -> OrangeError {
    let exception = json!({"messageId": id, "text": text, "variables": [variable]});
    OrangeError { status, body: json!({"requestError": {kind: exception}}) }
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
            return Err(policy("POL0001", "A policy error occurred", "no bundle left"));
        }
        let id = ids::lower("", 24);
        let message = Message { id: &id, to: &request.to, sender: &request.sender, body: &request.text };
        sms_book::put(desk.tx, &message, desk.now)?;
        Ok((StatusCode::CREATED, Json(request.view(&app, &id))))
    })
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
    let invalid = |what: &str| service("SVC0002", "Invalid input value for message part %1", what);
    let body: Value =
        serde_json::from_slice(body).map_err(|_| OrangeError::content(22, "The body is not JSON."))?;
    let request = &body["outboundSMSMessageRequest"];
    if !request.is_object() {
        return Err(OrangeError::content(23, "outboundSMSMessageRequest is missing."));
    }
    let sender = number(&request["senderAddress"]).ok_or_else(|| invalid("senderAddress"))?;
    if path_sender.strip_prefix("tel:") != Some(sender.as_str()) {
        return Err(invalid("senderAddress"));
    }
    let text = request["outboundSMSTextMessage"]["message"].as_str();
    let text = text.filter(|text| !text.is_empty()).ok_or_else(|| invalid("message"))?;
    if text.chars().count() > LONGEST {
        return Err(service("SVC0280", "Message too long. Maximum length is %1 characters", "1530"));
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
            return Err(policy("POL0003", "Too many addresses specified in message part %1", "address"));
        }
    };
    number(one)
        .filter(|number| is_e164(number))
        .ok_or_else(|| service("SVC0004", "No valid addresses provided in message part %1", "address"))
}

fn number(value: &Value) -> Option<String> {
    let number = value.as_str()?.strip_prefix("tel:")?;
    number.starts_with('+').then(|| number.to_owned())
}
