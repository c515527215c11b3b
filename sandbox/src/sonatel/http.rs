//! Requests: who calls, by what approval, with what content type and body.
//!
//! *Chosen*: the token is looked at first, then the approval, then the content type, which Sonatel
//! wants on a GET, too (415 without it), and last the body.

use std::collections::HashMap;

use axum::body::to_bytes;
use axum::extract::{FromRequest, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use serde_json::Value;

use super::callback::is_address;
use super::config::Approval;
use super::errors::{Reply, SonatelError};
use super::oauth;
use crate::app::{Desk, Shared};

const MAX_BODY: usize = 2 << 20;

/// An authenticated request.
#[derive(Debug)]
pub struct Call {
    /// The simulators.
    pub app: Shared,
    /// Its query.
    pub query: HashMap<String, String>,
    /// Its body; null on a GET.
    pub body: Value,
    /// `X-Callback-Url`.
    pub callback_url: Option<String>,
}

impl FromRequest<Shared> for Call {
    type Rejection = Reply;

    async fn from_request(request: Request, app: &Shared) -> Result<Call, Reply> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, MAX_BODY).await;
        let read = body.map_err(|_| SonatelError::http(413, "Request body too large"));
        read.and_then(|body| Call::read(app, &parts, &body))
            .map_err(|error| error.reply(&app.sonatel.settings()))
    }
}

impl Call {
    fn read(app: &Shared, parts: &Parts, body: &[u8]) -> Result<Call, SonatelError> {
        app.at_desk(|desk| oauth::authenticate(desk, bearer(&parts.headers)))?;
        approve(app, parts.uri.path())?;
        let kind = text(&parts.headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
        if !kind.to_ascii_lowercase().starts_with("application/json") {
            return Err(SonatelError::http(415, "Unsupported Media Type"));
        }
        let query = Query::try_from_uri(&parts.uri).map_err(|_| SonatelError::bad("Invalid query"))?;
        let body = match parts.method == Method::GET {
            true => Value::Null,
            false => serde_json::from_slice(body).map_err(|_| SonatelError::bad("The body is not JSON"))?,
        };
        let callback_url = text(&parts.headers, "x-callback-url").filter(|url| !url.is_empty());
        if callback_url.as_deref().is_some_and(|url| !is_address(url)) {
            return Err(SonatelError::bad("X-Callback-Url must be a URL"));
        }
        Ok(Call { app: app.clone(), query: query.0, body, callback_url })
    }

    /// Does `work` in one transaction and answers. A refusal that commits keeps what was written.
    pub fn answer(
        &self,
        work: impl FnOnce(&Desk<'_>, &Call) -> Result<Reply, SonatelError>,
    ) -> Result<Reply, Reply> {
        let settings = self.app.sonatel.settings();
        let done = self.app.at_desk(|desk| match work(desk, self) {
            Err(error) if error.commits => Ok(Err(error)),
            Err(error) => Err(error),
            Ok(reply) => Ok(Ok(reply)),
        });
        done.and_then(|inner| inner).map_err(|error| error.reply(&settings))
    }
}

/// A bearer token.
fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = text(headers, header::AUTHORIZATION.as_str())?;
    Some(value.strip_prefix("Bearer ")?.trim().to_owned())
}

/// Which approval a path needs, beside that for tokens.
fn approval(path: &str) -> Option<Approval> {
    let path = path.strip_prefix("/sonatel/api/")?;
    let needs = |part: &str| path.contains(part);
    match () {
        () if needs("qrcode") => Some(Approval::QrCode),
        () if needs("cashins") => Some(Approval::CashIn),
        () if needs("notification/") => Some(Approval::Notification),
        () if needs("payments") || needs("/confirm") => Some(Approval::Payment),
        () => None,
    }
}

fn approve(app: &Shared, path: &str) -> Result<(), SonatelError> {
    let Some(needed) = approval(path) else { return Ok(()) };
    match app.sonatel.settings().approvals.contains(&needed) {
        true => Ok(()),
        false => Err(unauthorized()),
    }
}

/// 401 of a client that is known and lacks an approval.
pub fn unauthorized() -> SonatelError {
    SonatelError::oauth(401, "unauthorized_client", "The client is not authorized for this API")
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.trim().to_owned())
}
