//! Which names this gateway answers for, and whose web pages may call it.
//!
//! A request for another `Host` is refused before anything else: no URL is built from that header, but proxies,
//! caches and browsers in between may believe it.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::context::{REQUEST_ID, text};
use super::extract::DEVICE_ID;
use super::problem::Problem;
use crate::app::App;
use crate::config::Config;

/// How long a browser may remember what it may send.
const PREFLIGHT: Duration = Duration::from_secs(600);
/// What is repeated to whoever came with a wrong name.
const LONGEST_NAME: usize = 100;

/// Refuses requests for names that are not ours.
pub async fn check(State(app): State<App>, request: Request, next: Next) -> Response {
    let host = text(request.headers(), header::HOST).unwrap_or_default();
    let authority = request.uri().authority().map_or(host, axum::http::uri::Authority::as_str);
    let allowed = &app.config.allowed_hosts;
    if allowed.allows(host) && allowed.allows(authority) {
        return next.run(request).await;
    }
    let shown: String = host.chars().filter(char::is_ascii_graphic).take(LONGEST_NAME).collect();
    tracing::info!(http.host = shown, "a request for a name that is not in allowed_hosts");
    Problem::new("host_not_allowed").with("host", shown).into_response()
}

/// What pages of `cors.allowed_origins` may send and read; `None` when there are no such pages.
pub fn cors(config: &Config) -> Option<CorsLayer> {
    let origins: Vec<HeaderValue> =
        config.allowed_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
    if origins.is_empty() {
        return None;
    }
    let own =
        |names: &[&'static str]| names.iter().map(|name| HeaderName::from_static(name)).collect::<Vec<_>>();
    let mut sent = own(&["idempotency-key", "last-event-id", "traceparent"]);
    sent.extend([
        header::AUTHORIZATION,
        header::CONTENT_TYPE,
        header::ACCEPT_LANGUAGE,
        REQUEST_ID,
        DEVICE_ID,
    ]);
    let mut read = own(&["idempotency-replayed", "ratelimit", "ratelimit-policy"]);
    read.extend([header::LOCATION, header::RETRY_AFTER, REQUEST_ID]);
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let layer = CorsLayer::new().allow_origin(AllowOrigin::list(origins)).allow_methods(methods);
    Some(layer.allow_headers(sent).expose_headers(read).max_age(PREFLIGHT))
}
