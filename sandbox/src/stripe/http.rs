//! Requests: who calls, in which version, with what parameters, and under which key.
//!
//! Every answer carries `Request-Id` and `Stripe-Version`, those spoiled by a fault included. The
//! key of a request is taken from its arrival until its answer has left.

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::errors::{Reply, StripeError};
use super::params::Params;
use super::scene::{Cause, Scene};
use super::{idempotency, view};
use crate::app::Shared;
use crate::ids;

const MAX_BODY: usize = 1 << 20;
const KEY: &str = "idempotency-key";
const VERSION: &str = "stripe-version";

/// From this version on `payment_method_types` is refused.
const WITHOUT_TYPES: &str = "2026-09-30";
/// From this version on `allowed_payment_method_types` exists.
const WITH_ALLOWED_TYPES: &str = "2026-07-29";

/// A version of the API, which begins with its day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version(String);

impl Version {
    fn read(text: &str) -> Result<Version, StripeError> {
        let day = text.split('.').next().unwrap_or_default();
        match chrono::NaiveDate::parse_from_str(day, "%Y-%m-%d") {
            Ok(_) if day.len() == 10 => Ok(Version(text.to_owned())),
            _ => Err(StripeError::invalid("", format!("Invalid Stripe API version: {text}"))),
        }
    }

    fn is_since(&self, day: &str) -> bool {
        self.0.get(..10).is_some_and(|own| own >= day)
    }

    /// Whether `payment_method_types` may be written.
    pub fn takes_payment_method_types(&self) -> bool {
        !self.is_since(WITHOUT_TYPES)
    }

    /// Whether `allowed_payment_method_types` is known.
    pub fn takes_allowed_types(&self) -> bool {
        self.is_since(WITH_ALLOWED_TYPES)
    }
}

/// Around everything, faults included: ids, versions, and keys that are under way.
pub async fn envelope(State(app): State<Shared>, mut request: Request, next: Next) -> Response {
    let id = ids::lower("req_", 14);
    let key = text(request.headers(), KEY).filter(|_| request.method() == Method::POST);
    let version = text(request.headers(), VERSION).unwrap_or(app.config.stripe.api_version.clone());
    request.extensions_mut().insert(Cause { id: id.clone(), idempotency_key: key.clone() });
    let mut response = match key.as_deref().map(|key| app.stripe.begin(key)) {
        Some(None) => in_use().into_response(),
        _taken_until_here => next.run(request).await,
    };
    let key = key.as_deref().unwrap_or_default();
    for (name, value) in [("request-id", id.as_str()), (VERSION, version.as_str()), (KEY, key)] {
        if let (Ok(value), false) = (HeaderValue::from_str(value), value.is_empty()) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

fn in_use() -> StripeError {
    let message = "There is currently another in-progress request using this Idempotent Key.";
    StripeError {
        status: 409,
        kind: "idempotency_error",
        ..StripeError::invalid("idempotency_key_in_use", message)
    }
}

/// An authenticated request.
#[derive(Debug)]
pub struct Call {
    /// The simulators.
    pub app: Shared,
    /// `POST /v1/refunds`, without the prefix.
    pub route: String,
    /// Its id and key.
    pub cause: Cause,
    /// In which version it wants to be understood.
    pub version: Version,
    params: Params,
}

impl FromRequest<Shared> for Call {
    type Rejection = StripeError;

    async fn from_request(request: Request, app: &Shared) -> Result<Call, StripeError> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, MAX_BODY).await;
        let body = body.map_err(|_| StripeError::invalid("", "Request body too large"))?;
        authenticate(&parts.headers, app)?;
        let version = text(&parts.headers, VERSION).unwrap_or(app.config.stripe.api_version.clone());
        let cause = parts.extensions.get::<Cause>().cloned().unwrap_or_default();
        if cause.idempotency_key.as_ref().is_some_and(|key| key.is_empty() || key.chars().count() > 255) {
            let message = "The idempotency key must have between 1 and 255 characters";
            return Err(StripeError { kind: "idempotency_error", ..StripeError::invalid("", message) });
        }
        let path = parts.uri.path().strip_prefix("/stripe").unwrap_or_default().trim_end_matches('/');
        let query = parts.uri.query().unwrap_or_default();
        let params = Params::decode(&format!("{query}&{}", form(&parts.headers, &body)?))?;
        let version = Version::read(&version)?;
        let route = format!("{} {path}", parts.method);
        Ok(Call { app: app.clone(), route, cause, version, params })
    }
}

impl Call {
    /// Answers without a change.
    pub fn read(
        self,
        work: impl FnOnce(&Scene<'_>, &mut Params) -> Result<Value, StripeError>,
    ) -> Result<Reply, StripeError> {
        let mut params = self.params;
        self.app.at_desk(|desk| {
            let scene = Scene { desk, cause: Some(&self.cause), clock: None };
            let expand = params.list("expand")?.unwrap_or_default();
            let found = work(&scene, &mut params)?;
            Ok(Reply::json(&view::expanded(&scene, &found, &expand)?))
        })
    }

    /// Does something once for its key.
    pub fn write(
        self,
        work: impl FnOnce(&Scene<'_>, &mut Params) -> Result<Value, StripeError>,
    ) -> Result<Reply, StripeError> {
        let Call { app, route, cause, mut params, .. } = self;
        app.at_desk(|desk| {
            let scene = Scene { desk, cause: Some(&cause), clock: None };
            let fingerprint = params.fingerprint();
            idempotency::once(&scene, &route, &fingerprint, || {
                let expand = params.list("expand")?.unwrap_or_default();
                let done = work(&scene, &mut params)?;
                Ok(Reply::json(&view::expanded(&scene, &done, &expand)?))
            })
        })
    }
}

fn form(headers: &HeaderMap, body: &Bytes) -> Result<String, StripeError> {
    let kind = text(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default().to_ascii_lowercase();
    if body.is_empty() {
        return Ok(String::new());
    }
    if !kind.starts_with("application/x-www-form-urlencoded") {
        let message = "Invalid request: the content type must be application/x-www-form-urlencoded";
        return Err(StripeError::invalid("", message));
    }
    String::from_utf8(body.to_vec()).map_err(|_| StripeError::invalid("", "Invalid UTF-8 in the parameters"))
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.trim().to_owned())
}

fn authenticate(headers: &HeaderMap, app: &Shared) -> Result<(), StripeError> {
    let none = "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth.";
    let header = text(headers, header::AUTHORIZATION.as_str()).filter(|value| !value.is_empty());
    let header = header.ok_or_else(|| StripeError::unauthorized(none))?;
    let (scheme, rest) = header.split_once(' ').unwrap_or((&header, ""));
    let key = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Some(rest.trim().to_owned()),
        "basic" => user_name(rest.trim()),
        _ => None,
    };
    let key = key.filter(|key| !key.is_empty()).ok_or_else(|| StripeError::unauthorized(none))?;
    let account = &app.config.stripe;
    if key != account.key {
        let shown: String = key.chars().take(7).collect();
        return Err(StripeError::unauthorized(format!("Invalid API Key provided: {shown}****")));
    }
    match text(headers, "stripe-account").is_none_or(|other| other == account.account) {
        true => Ok(()),
        false => {
            let message = "The provided key does not have access to that account";
            Err(StripeError { status: 403, ..StripeError::invalid("account_invalid", message) })
        }
    }
}

fn user_name(encoded: &str) -> Option<String> {
    let decoded = String::from_utf8(BASE64_STANDARD.decode(encoded).ok()?).ok()?;
    Some(decoded.split(':').next().unwrap_or_default().to_owned())
}
