//! Answers that went wrong.

use serde_json::{Value, json};

use super::setting::{Kind, Setting};
use crate::mtn::errors::{self, MtnError};
use crate::orange_oauth::OrangeError;
use crate::sonatel::config::SonatelSettings;
use crate::sonatel::errors::SonatelError;
use crate::stripe::errors::StripeError;
use crate::wave::errors::{Reply, Shape, WaveError};

/// Fields that older statements did not have, or that depend on the kind of line.
const OPTIONAL: [&str; 8] = [
    "transaction_type",
    "balance",
    "is_reversal",
    "counterparty_name",
    "counterparty_mobile",
    "client_reference",
    "payment_reason",
    "checkout_api_session_id",
];

/// Fields that older answers of Sonatel did not have.
const OPTIONAL_AT_SONATEL: [&str; 5] = ["qrId", "validFor", "shortLink", "requestId", "description"];

const STATUSES: [&str; 3] = ["status", "checkout_status", "payment_status"];

/// A page as a proxy would show it.
pub const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\
    <body><center><h1>502 Bad Gateway</h1></center></body></html>\n";

/// Whether this fault can be seen in this answer.
pub fn can_spoil(provider: &str, setting: &Setting, answer: &Reply) -> bool {
    let is_success = (200..300).contains(&answer.status);
    match setting.fault {
        Kind::LoseReply | Kind::ResetAfter | Kind::TimeoutAfter | Kind::Html | Kind::Redirect => true,
        Kind::ErrorAfterSuccess | Kind::Lag => is_success,
        Kind::TruncatedJson | Kind::Empty200 => is_success && !answer.body.is_empty(),
        Kind::UnknownStatus | Kind::UnknownField | Kind::MissingFields => {
            is_success && spoiled(provider, setting, answer).body != answer.body
        }
        _ => false,
    }
}

/// The answer after the fault, for faults that leave one.
pub fn spoiled(provider: &str, setting: &Setting, answer: &Reply) -> Reply {
    let status = answer.status;
    match setting.fault {
        Kind::ErrorAfterSuccess => error(provider, setting, 500),
        Kind::Html if provider == "mtn" => {
            Reply { status: setting.status.unwrap_or(200), body: errors::REJECTED.into() }
        }
        Kind::Html => Reply { status: setting.status.unwrap_or(502), body: PAGE.into() },
        Kind::TruncatedJson => Reply { status, body: answer.body[..answer.body.len() / 2].to_vec() },
        Kind::Empty200 => Reply { status: 200, body: Vec::new() },
        Kind::UnknownStatus => edited(answer, |name, value| {
            if STATUSES.contains(&name) && value.is_string() {
                *value = json!("somewhere_between");
            }
            true
        }),
        Kind::MissingFields if provider == "stripe" => edited(answer, |_, value| !value.is_null()),
        Kind::MissingFields if provider == "orange" => {
            edited(answer, |name, _| !["expires_in", "txnid"].contains(&name))
        }
        Kind::MissingFields if provider == "sonatel" => {
            edited(answer, |name, _| !OPTIONAL_AT_SONATEL.contains(&name))
        }
        Kind::MissingFields => edited(answer, |name, _| !OPTIONAL.contains(&name)),
        Kind::UnknownField => with_unknown_field(answer),
        _ => answer.clone(),
    }
}

/// The error that a fault answers with, of `usual` status unless it says another.
pub fn error(provider: &str, setting: &Setting, usual: u16) -> Reply {
    let status = setting.status.unwrap_or(usual);
    if provider == "stripe" && setting.shape.is_none() {
        return Reply { status, body: StripeError::simulated(status, setting.code.as_deref()).body() };
    }
    if provider == "orange" && setting.shape.is_none() {
        let error = OrangeError::simulated(status, setting.code.as_deref());
        return Reply { status, body: error.body.to_string().into_bytes() };
    }
    if provider == "mtn" && setting.shape.is_none() {
        return Reply { status, body: MtnError::simulated(status, setting.code.as_deref()).body() };
    }
    if provider == "sonatel" && setting.shape.is_none() {
        let error = SonatelError::simulated(status, setting.code.as_deref());
        return Reply { status, body: error.reply(&SonatelSettings::default()).body };
    }
    let code = setting.code.as_deref().unwrap_or(code_of(status));
    let shape = setting.shape.unwrap_or(Shape::General);
    let error = WaveError { shape, ..WaveError::new(status, code, "Simulated failure") };
    Reply { status, body: error.body() }
}

fn code_of(status: u16) -> &'static str {
    match status {
        400 => "request-validation-error",
        404 => "not-found",
        408 => "request-timeout",
        409 => "idempotency-mismatch",
        422 => "insufficient-funds",
        429 => "too-many-requests",
        503 => "service-unavailable",
        504 => "gateway-timeout",
        _ => "internal-server-error",
    }
}

fn with_unknown_field(answer: &Reply) -> Reply {
    let Ok(mut body) = serde_json::from_slice::<Value>(&answer.body) else {
        return answer.clone();
    };
    let objects = match &mut body {
        Value::Array(items) => items.as_mut_slice(),
        one => std::slice::from_mut(one),
    };
    for object in objects.iter_mut().filter_map(Value::as_object_mut) {
        object.insert("loyalty".to_owned(), json!({"points": 12, "tier": null}));
    }
    Reply { status: answer.status, body: body.to_string().into_bytes() }
}

/// Walks every field; `keep` may change a value, and drops the field by answering false.
fn edited(answer: &Reply, keep: impl Fn(&str, &mut Value) -> bool) -> Reply {
    let Ok(mut body) = serde_json::from_slice::<Value>(&answer.body) else {
        return answer.clone();
    };
    let before = body.clone();
    walk(&mut body, &keep);
    if body == before {
        return answer.clone();
    }
    Reply { status: answer.status, body: body.to_string().into_bytes() }
}

fn walk(value: &mut Value, keep: &impl Fn(&str, &mut Value) -> bool) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, keep)),
        Value::Object(object) => {
            object.retain(|name, value| keep(name, value));
            object.values_mut().for_each(|value| walk(value, keep));
        }
        _ => {}
    }
}
