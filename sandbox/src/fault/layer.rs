//! Where faults meet requests: around a provider's API, never around its control.
//!
//! Before the effect a request may be reset, refused or left hanging; after it, the answer may be
//! spoiled, delayed, or never leave. One fault of each of the three kinds at most per request.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, OriginalUri, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use rusqlite::OptionalExtension;

use super::RequestFacts;
use super::answer;
use super::setting::{Kind, Setting};
use crate::app::Shared;
use crate::connection::Peer;
use crate::mtn::movement;
use crate::orange_web::webpayment;
use crate::stripe::{book, idempotency};
use crate::wave::errors::Reply;

const MAX_BODY: usize = 2 << 20;
/// Parts of the paths to which a POST changes nothing that matters.
const NO_EFFECT: [&str; 6] =
    ["/oauth/", "/token/", "/bc-authorize", "verify_recipient", "/transactionstatus", "/account/"];
const HANG: Duration = Duration::from_secs(60);
const SLOW: Duration = Duration::from_secs(2);

/// The simulators, as seen by one provider's faults.
#[derive(Clone, Debug)]
pub struct Around {
    /// The simulators.
    pub app: Shared,
    /// `wave`, `stripe`, `orange`, `sonatel` or `sms`.
    pub provider: &'static str,
}

/// Lets a request through, or not.
pub async fn around(
    State(Around { app, provider }): State<Around>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    OriginalUri(uri): OriginalUri,
    request: Request,
    next: Next,
) -> Response {
    if !app.faults.concern(provider) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let line = format!("{} {uri}", parts.method);
    let has_effect = parts.method == Method::POST && !NO_EFFECT.iter().any(|part| line.contains(part));
    let haystack = haystack(&app, uri.path(), &line, &body);
    let facts = RequestFacts { provider, line, haystack, has_effect };
    if let Some(setting) = app.faults.on_request(&facts, is_before) {
        return before(&app, &peer, provider, &setting).await;
    }
    let key = parts.headers.get("idempotency-key").or(parts.headers.get("x-reference-id"));
    let key = key.and_then(|key| key.to_str().ok()).map(str::to_owned);
    let answer = next.run(Request::from_parts(parts, Body::from(body))).await;
    after(&app, &peer, &facts, key.as_deref(), answer).await
}

fn is_before(setting: &Setting) -> bool {
    use Kind::{ErrorBefore, ErrorShape, ResetBefore, TimeoutBefore};
    matches!(setting.fault, ResetBefore | TimeoutBefore | ErrorBefore | ErrorShape)
}

async fn before(app: &Shared, peer: &Peer, provider: &str, setting: &Setting) -> Response {
    match setting.fault {
        Kind::ErrorBefore => return answer::error(provider, setting, 503).into_response(),
        Kind::ErrorShape => return answer::error(provider, setting, 500).into_response(),
        Kind::TimeoutBefore => hang(app, setting, HANG).await,
        _ => {
            peer.reset();
            return nobody();
        }
    }
    peer.close();
    nobody()
}

async fn after(
    app: &Shared,
    peer: &Peer,
    facts: &RequestFacts,
    key: Option<&str>,
    response: Response,
) -> Response {
    if let Some(setting) = app.faults.on_request(facts, |setting| setting.fault == Kind::Slow) {
        hang(app, &setting, SLOW).await;
    }
    let (parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else { return nobody() };
    let reply = Reply { status: parts.status.as_u16(), body: body.to_vec() };
    let suits = |setting: &Setting| answer::can_spoil(facts.provider, setting, &reply);
    let Some(setting) = app.faults.on_request(facts, suits) else {
        return Response::from_parts(parts, Body::from(body));
    };
    match setting.fault {
        Kind::LoseReply => peer.close(),
        Kind::ResetAfter => peer.reset(),
        Kind::TimeoutAfter => {
            hang(app, &setting, HANG).await;
            peer.close();
        }
        Kind::Redirect => return redirect(&setting),
        Kind::Lag => {
            hide(app, key, &setting);
            return reply.into_response();
        }
        Kind::Html => return html(&answer::spoiled(facts.provider, &setting, &reply)),
        _ => {
            let spoiled = answer::spoiled(facts.provider, &setting, &reply);
            remember(app, facts, key, &spoiled);
            return spoiled.into_response();
        }
    }
    nobody()
}

/// At Stripe an error of status 500 is what the same key gets again; a 502 or 503 comes from
/// something in between and is not.
fn remember(app: &Shared, facts: &RequestFacts, key: Option<&str>, spoiled: &Reply) {
    let Some(key) = key.filter(|_| facts.provider == "stripe" && spoiled.status == 500) else { return };
    if let Err(error) = idempotency::overwrite(app, key, spoiled.status, &spoiled.body) {
        tracing::error!(%error, "the books failed");
    }
}

/// What was created under this reference is not found for a while.
fn hide(app: &Shared, reference: Option<&str>, setting: &Setting) {
    let (reference, until) = (reference.unwrap_or_default(), app.clock.now() + setting.lag());
    let hidden = app.books.write(|tx| movement::hide(tx, &reference.to_ascii_lowercase(), until));
    if let Err(error) = hidden {
        tracing::error!(%error, "the books failed");
    }
}

async fn hang(app: &Shared, setting: &Setting, usual: Duration) {
    let pause = setting.delay_ms.map_or(usual, Duration::from_millis);
    tokio::select! {
        () = tokio::time::sleep(pause) => {}
        () = app.stop.cancelled() => {}
    }
}

/// What the handler returns when nobody will see it.
fn nobody() -> Response {
    StatusCode::BAD_GATEWAY.into_response()
}

fn redirect(setting: &Setting) -> Response {
    let status = setting.status.and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.unwrap_or(StatusCode::TEMPORARY_REDIRECT);
    (status, [(header::LOCATION, "https://elsewhere.invalid/")]).into_response()
}

fn html(page: &Reply) -> Response {
    let status = StatusCode::from_u16(page.status).unwrap_or(StatusCode::BAD_GATEWAY);
    (status, [(header::CONTENT_TYPE, "text/html")], page.body.clone()).into_response()
}

/// Body, query and the caller's references of what the path names.
fn haystack(app: &Shared, path: &str, line: &str, body: &Bytes) -> String {
    let mut haystack = format!("{line}\n{}", String::from_utf8_lossy(body));
    if let Some(order) = webpayment::order_in(body).filter(|_| line.contains("/orange-money-webpay/")) {
        haystack.push('\n');
        haystack.push_str(&order);
    }
    for id in path.split('/').filter(|part| part.contains(['-', '_', '.'])) {
        if let Some(reference) = reference_of(app, id) {
            haystack.push('\n');
            haystack.push_str(&reference);
        }
    }
    haystack
}

fn reference_of(app: &Shared, id: &str) -> Option<String> {
    const SQL: &str = "SELECT client_reference FROM sessions WHERE id = ?1
        UNION ALL SELECT client_reference FROM payouts WHERE id = ?1
        UNION ALL SELECT reference FROM sonatel_transactions WHERE transaction_id = ?1";
    let found = app.books.write(|tx| {
        let found: Option<Option<String>> = tx.query_row(SQL, [id], |row| row.get(0)).optional()?;
        match found {
            Some(reference) => Ok(reference),
            None => Ok(book::reference_of(tx, id)?.or(movement::external_id_of(tx, id)?)),
        }
    });
    found.unwrap_or_else(|error: rusqlite::Error| {
        tracing::error!(%error, "the books failed");
        None
    })
}
