//! HTTP, and nothing else: a handler parses, calls a service once, and renders.
//!
//! What always holds: every refusal is a problem with a code in two languages; every route is in the permission
//! table and in the OpenAPI document, which are checked against each other; nothing is answered for a name that is
//! not ours; no body, token or number reaches the log.
//!
//! Deliberately absent: decisions, SQL, providers, and the store.

mod admin;
mod auth;
pub mod codes;
pub mod context;
mod docs;
pub mod extract;
mod gate;
mod headers;
mod hosts;
mod language;
pub mod limits;
mod mandates;
mod me;
pub mod metrics;
pub mod openapi;
mod pages;
pub mod permissions;
mod phone;
pub mod problem;
mod quotes;
mod sandbox;
mod serve;
mod service;
mod stored;
mod transfers;
mod webhooks;
pub mod wire;

pub use serve::serve;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::Method;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use tower::ServiceBuilder;
use tower::util::option_layer;
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::config::Mode;
use limits::Limits;
use problem::Problem;

/// Every route of this mode, with its description.
fn routes(mode: Mode) -> OpenApiRouter<App> {
    let routes = OpenApiRouter::with_openapi(openapi::base())
        .merge(service::routes())
        .merge(docs::routes())
        .merge(auth::routes())
        .merge(mandates::routes())
        .merge(me::routes())
        .merge(phone::routes())
        .merge(quotes::routes())
        .merge(transfers::routes())
        .merge(webhooks::routes())
        .merge(pages::routes())
        .merge(admin::routes());
    match mode {
        Mode::Sandbox => routes.merge(sandbox::routes()),
        Mode::Live => routes,
    }
}

/// The API of `app`, ready to be served.
///
/// Around the routes, from the outside: the context, which writes problems and the log line; panics; names that are
/// not ours; other origins; too many in work; a full disk; too long in work; too many from one sender; who may pass.
pub fn router(app: App) -> Router {
    let limits = Limits::new(&app.config);
    let deadline = Duration::from_secs(app.config.limits.request_timeout_s);
    let around = ServiceBuilder::new()
        .layer(from_fn_with_state(app.clone(), context::around))
        .layer(from_fn(catch_panics))
        .layer(from_fn_with_state(app.clone(), hosts::check))
        .layer(option_layer(hosts::cors(&app.config)))
        .layer(from_fn_with_state(limits.clone(), limits::shed))
        .layer(from_fn_with_state(app.clone(), limits::spare_the_disk))
        .layer(from_fn_with_state(deadline, limits::deadline))
        .layer(from_fn_with_state((app.clone(), limits), limits::meter));
    let (router, _) = routes(app.config.mode).split_for_parts();
    router
        .route_layer(from_fn_with_state(app.clone(), gate::pass))
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(around)
        .with_state(app)
}

async fn no_route() -> Problem {
    Problem::new("not_found")
}

async fn no_method(method: Method) -> Problem {
    let shown: String = method.as_str().chars().take(20).collect();
    Problem::new("method_not_allowed").with("method", shown)
}

/// A handler that panics answers like any other fault of ours; the panic's own line is written by its hook.
async fn catch_panics(request: Request, next: Next) -> Response {
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => Problem::new("internal_error").into_response(),
    }
}

#[cfg(test)]
mod tests;
