//! What goes wrong between an adapter and its provider, and a layer that makes it go wrong.
//!
//! The simulators of `sandbox` have faults of their own; [`faults`] is for those that have none.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde_json::{Value, json};

/// One thing that goes wrong with one request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    // Before anything happened.
    ResetBefore,
    TimeoutBefore,
    ErrorBefore(u16),
    // After it happened.
    LoseReply,
    ResetAfter,
    TimeoutAfter,
    ErrorAfterSuccess(u16),
    Slow,
    Html(u16),
    TruncatedJson,
    Empty,
    UnknownStatus,
    UnknownField,
    MissingFields,
    Redirect(u16),
}

pub const BEFORE: [Fault; 5] = [
    Fault::ResetBefore,
    Fault::TimeoutBefore,
    Fault::ErrorBefore(429),
    Fault::ErrorBefore(500),
    Fault::ErrorBefore(503),
];

pub const AFTER: [Fault; 15] = [
    Fault::LoseReply,
    Fault::ResetAfter,
    Fault::TimeoutAfter,
    Fault::ErrorAfterSuccess(500),
    Fault::ErrorAfterSuccess(502),
    Fault::ErrorAfterSuccess(503),
    Fault::Slow,
    Fault::Html(200),
    Fault::Html(502),
    Fault::TruncatedJson,
    Fault::Empty,
    Fault::UnknownStatus,
    Fault::UnknownField,
    Fault::MissingFields,
    Fault::Redirect(307),
];

impl Fault {
    /// Its name in the sandbox.
    pub fn name(self) -> &'static str {
        match self {
            Fault::ResetBefore => "reset_before",
            Fault::TimeoutBefore => "timeout_before",
            Fault::ErrorBefore(_) => "error_before",
            Fault::LoseReply => "lose_reply",
            Fault::ResetAfter => "reset_after",
            Fault::TimeoutAfter => "timeout_after",
            Fault::ErrorAfterSuccess(_) => "error_after_success",
            Fault::Slow => "slow",
            Fault::Html(_) => "html",
            Fault::TruncatedJson => "truncated_json",
            Fault::Empty => "empty_200",
            Fault::UnknownStatus => "unknown_status",
            Fault::UnknownField => "unknown_field",
            Fault::MissingFields => "missing_fields",
            Fault::Redirect(_) => "redirect",
        }
    }

    pub fn status(self) -> Option<u16> {
        match self {
            Fault::ErrorBefore(status)
            | Fault::ErrorAfterSuccess(status)
            | Fault::Html(status)
            | Fault::Redirect(status) => Some(status),
            _ => None,
        }
    }

    /// Whether the caller's patience ends it.
    pub fn is_of_time(self) -> bool {
        matches!(self, Fault::TimeoutBefore | Fault::TimeoutAfter | Fault::Slow)
    }
}

/// The one fault that is set, and whether it happened.
#[derive(Clone, Default)]
pub struct Faulty(Arc<Mutex<(Option<Fault>, bool)>>);

impl Faulty {
    pub fn set(&self, fault: Fault) {
        *self.0.lock().unwrap() = (Some(fault), false);
    }

    pub fn happened(&self) -> bool {
        self.0.lock().unwrap().1
    }

    pub fn mend(&self) {
        *self.0.lock().unwrap() = (None, false);
    }

    fn take(&self) -> Option<Fault> {
        let mut held = self.0.lock().unwrap();
        let fault = held.0.take();
        held.1 |= fault.is_some();
        fault
    }
}

/// A layer for a simulator: `from_fn_with_state(faulty, faults)`.
pub async fn faults(State(faulty): State<Faulty>, request: Request, next: Next) -> Response {
    let Some(fault) = faulty.take() else { return next.run(request).await };
    match fault {
        Fault::ResetBefore => hang_up(),
        Fault::TimeoutBefore => hang().await,
        Fault::ErrorBefore(status) => return error(status),
        _ => {}
    }
    let answer = next.run(request).await;
    match fault {
        Fault::LoseReply | Fault::ResetAfter => hang_up(),
        Fault::TimeoutAfter | Fault::Slow => hang().await,
        Fault::ErrorAfterSuccess(status) => return error(status),
        Fault::Redirect(status) => {
            return (code(status), [(header::LOCATION, "https://elsewhere.invalid/")]).into_response();
        }
        Fault::Html(status) => {
            return (code(status), [(header::CONTENT_TYPE, "text/html")], "<html>Bad</html>").into_response();
        }
        _ => {}
    }
    spoiled(fault, answer).await
}

async fn spoiled(fault: Fault, answer: Response) -> Response {
    let (mut parts, body) = answer.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let body = match (fault, serde_json::from_slice::<Value>(&body)) {
        (Fault::TruncatedJson, _) => body[..body.len() / 2].to_vec(),
        (Fault::Empty, _) => Vec::new(),
        (Fault::UnknownStatus, Ok(mut value)) => {
            value["status"] = json!("somewhere_between");
            value.to_string().into_bytes()
        }
        (Fault::UnknownField, Ok(mut value)) => {
            value["loyalty"] = json!({"points": 12});
            value.to_string().into_bytes()
        }
        _ => body.to_vec(),
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(body))
}

fn error(status: u16) -> Response {
    (code(status), r#"{"error":"simulated"}"#).into_response()
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap()
}

async fn hang() {
    tokio::time::sleep(Duration::from_secs(5)).await;
}

/// Ends the task of this connection, which closes it.
fn hang_up() {
    std::panic::resume_unwind(Box::new("the connection is cut"))
}
