//! Who is calling: bearer key, address, request signature, wallet and scope, in that order.
//!
//! A [`Call`] exists only for a caller that passed all of them, and it sees only its own wallet.
//! Signatures are checked over the bytes that arrived, by the simulators' clock. Codes that no
//! source names are *chosen*: `missing-permission` (scope; `no-permission` for aggregated merchants is
//! documented) and `invalid-signature`.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, FromRequest, Request};
use axum::http::{HeaderMap, header, request::Parts};
use serde_json::Value;

use super::errors::WaveError;
use super::signing;
use super::wallet::{self, Wallet};
use crate::app::{Desk, Shared};
use crate::config::WaveKeyConfig;
use crate::connection::Peer;

const MAX_BODY: usize = 1 << 20;

/// An authenticated request.
#[derive(Debug)]
pub struct Call {
    /// The simulators.
    pub app: Shared,
    /// The wallet of the key.
    pub wallet: Wallet,
    /// `POST /v1/payout`, with neither prefix nor trailing slash.
    pub route: String,
    /// The caller's name for one intent.
    pub idempotency_key: Option<String>,
    query: String,
    content_type: Option<String>,
    body: Bytes,
}

impl FromRequest<Shared> for Call {
    type Rejection = WaveError;

    async fn from_request(request: Request, app: &Shared) -> Result<Call, WaveError> {
        let (parts, body) = request.into_parts();
        let body = read(body).await?;
        let (wallet, key) = authenticate(&parts.headers, app)?;
        check_address(&parts, &key)?;
        check_signature(&parts.headers, &key, &body, app.clock.now().timestamp())?;
        let route = route(&parts);
        check_scope(&route, &wallet, &key)?;
        Ok(Call {
            app: app.clone(),
            wallet,
            route,
            idempotency_key: text(&parts.headers, "idempotency-key"),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            content_type: text(&parts.headers, "content-type"),
            body,
        })
    }
}

impl Call {
    /// The request's JSON.
    pub fn json(&self) -> Result<Value, WaveError> {
        let is_json = |kind: &String| kind.to_ascii_lowercase().starts_with("application/json");
        if !self.content_type.as_ref().is_some_and(is_json) {
            let message = "Content-Type must be application/json";
            return Err(WaveError::new(400, "request-not-json", message));
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            WaveError::new(400, "request-parsing-error", format!("cannot parse the body: {error}"))
        })
    }

    /// A query parameter; an empty one counts as absent.
    pub fn query(&self, name: &str) -> Option<String> {
        let url = reqwest::Url::parse(&format!("http://wave/?{}", self.query)).ok()?;
        let value = url.query_pairs().find(|(key, _)| key == name)?.1.into_owned();
        (!value.is_empty()).then_some(value)
    }

    /// A query parameter that must be there.
    pub fn required_query(&self, name: &str) -> Result<String, WaveError> {
        self.query(name).ok_or_else(|| WaveError::field(&[name], "field required", "value_error.missing"))
    }

    /// Does `work` in one transaction.
    pub fn at_desk<T>(&self, work: impl FnOnce(&Desk<'_>) -> Result<T, WaveError>) -> Result<T, WaveError> {
        self.app.at_desk(work)
    }
}

async fn read(body: Body) -> Result<Bytes, WaveError> {
    to_bytes(body, MAX_BODY)
        .await
        .map_err(|_| WaveError::new(413, "request-validation-error", "Request body too large"))
}

fn route(parts: &Parts) -> String {
    let path = parts.uri.path();
    let path = path.strip_prefix("/wave").unwrap_or(path).trim_end_matches('/');
    format!("{} {path}", parts.method)
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

fn authenticate(headers: &HeaderMap, app: &Shared) -> Result<(Wallet, WaveKeyConfig), WaveError> {
    let refuse = |code, message| WaveError::new(401, code, message);
    let header = headers
        .get(header::AUTHORIZATION)
        .ok_or_else(|| refuse("missing-auth-header", "Authorization header is missing"))?;
    let header = header.to_str().unwrap_or_default().trim();
    let (scheme, key) = header.split_once(' ').unwrap_or((header, ""));
    if !scheme.eq_ignore_ascii_case("bearer") || key.trim().contains(' ') {
        return Err(refuse("invalid-auth", "Authorization header cannot be parsed"));
    }
    let key = key.trim();
    if key.is_empty() {
        return Err(refuse("api-key-not-provided", "No API key in the Authorization header"));
    }
    let found = app.books.write(|tx| wallet::by_key(tx, key)).map_err(WaveError::from)?;
    let (wallet, key) = found.ok_or_else(|| refuse("no-matching-api-key", "No such API key"))?;
    match key.revoked {
        true => Err(refuse("api-key-revoked", "This API key was revoked")),
        false => Ok((wallet, key)),
    }
}

fn check_address(parts: &Parts, key: &WaveKeyConfig) -> Result<(), WaveError> {
    let peer = parts.extensions.get::<ConnectInfo<Peer>>();
    let address = peer.map(|ConnectInfo(peer)| peer.address.ip().to_string());
    let is_listed = |ip: &String| Some(ip) == address.as_ref();
    match key.allowed_ips.is_empty() || key.allowed_ips.iter().any(is_listed) {
        true => Ok(()),
        false => Err(WaveError::new(403, "ip-not-allowed", "This address may not use the key")),
    }
}

fn check_signature(headers: &HeaderMap, key: &WaveKeyConfig, body: &[u8], now: i64) -> Result<(), WaveError> {
    let Some(secret) = &key.signing_secret else { return Ok(()) };
    let header = text(headers, signing::HEADER.as_str()).ok_or_else(|| {
        WaveError::new(401, "missing-signature", "This key requires a Wave-Signature header")
    })?;
    signing::verify(&header, secret, body, now)
        .map_err(|error| WaveError::new(401, "invalid-signature", error.to_string()))
}

fn check_scope(route: &str, wallet: &Wallet, key: &WaveKeyConfig) -> Result<(), WaveError> {
    let api = api_of(route);
    if wallet.portal.disabled && route != "GET /v1/balance" {
        return Err(WaveError::new(403, "disabled-wallet", "This wallet is disabled"));
    }
    if !wallet.portal.apis.iter().any(|name| name == api) {
        return Err(WaveError::new(403, "invalid-wallet", "This wallet may not use this API"));
    }
    match key.scopes.iter().any(|name| name == api) {
        true => Ok(()),
        false => Err(WaveError::new(403, scope_code(api), format!("The key lacks {api}"))),
    }
}

fn scope_code(api: &str) -> &'static str {
    match api {
        "aggregated_merchants" => "no-permission",
        _ => "missing-permission",
    }
}

fn api_of(route: &str) -> &'static str {
    match route {
        _ if route.contains("/v1/aggregated_merchants") => "aggregated_merchants",
        _ if route.contains("/v1/checkout") || route.ends_with("/refund") => "checkout",
        _ if route.contains("/v1/balance") || route.contains("/v1/transactions") => "balance",
        _ => "payout",
    }
}
