//! How the control surface refuses: problem details with a code and a sentence.

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::app::Shared;

/// A refusal.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    code: &'static str,
    detail: String,
}

impl Refusal {
    /// A refusal with its status, code and sentence.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Refusal {
        Refusal { status, code, detail: detail.into() }
    }

    /// 404.
    pub fn not_found(what: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::NOT_FOUND, "not_found", what)
    }

    /// 409.
    pub fn conflict(why: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::CONFLICT, "conflict", why)
    }

    /// 422.
    pub fn invalid(why: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", why)
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Refusal {
        tracing::error!(%error, "the books failed");
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the books failed")
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail,
        });
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        (self.status, kind, body.to_string()).into_response()
    }
}

/// A JSON body of the control surface.
#[derive(Debug)]
pub struct Wish<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Shared> for Wish<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &Shared) -> Result<Wish<T>, Refusal> {
        match axum::Json::from_request(request, app).await {
            Ok(axum::Json(value)) => Ok(Wish(value)),
            Err(JsonRejection::JsonDataError(error)) => Err(Refusal::invalid(error.body_text())),
            Err(error) => Err(Refusal::new(error.status(), "malformed", error.body_text())),
        }
    }
}
