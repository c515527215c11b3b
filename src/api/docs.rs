//! The contract for people: a page that reads `/openapi.json` and can send requests.
//!
//! Three files of our own, compiled in: nothing is loaded from anywhere else, and the page's policy forbids it.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::Id;
use super::openapi;
use super::problem::Problem;
use crate::app::App;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The routes of this file.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(document)).routes(routes!(page)).routes(routes!(asset))
}

/// The contract, OpenAPI 3.1.
#[utoipa::path(get, path = "/openapi.json", tag = "service",
    responses((status = 200, description = "This document.", content_type = "application/json")))]
async fn document(State(app): State<App>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], openapi::text(app.config.mode)).into_response()
}

/// The contract, to read and to try.
#[utoipa::path(get, path = "/docs", tag = "service",
    responses((status = 200, description = "A page.", content_type = "text/html; charset=utf-8")))]
async fn page() -> Response {
    file("text/html; charset=utf-8", include_str!("docs/page.html"))
}

/// A part of the page.
#[utoipa::path(get, path = "/docs/{asset}", tag = "service",
    params(("asset" = String, Path, description = "`page.js` or `page.css`.", example = "page.js")),
    responses((status = 200, description = "A part of the page.",
        content((String = "text/javascript; charset=utf-8"), (String = "text/css; charset=utf-8")))),
    extensions(("x-problems" = json!(["not_found"]))))]
async fn asset(Id(asset): Id<String>) -> Result<Response, Problem> {
    match asset.as_str() {
        "page.js" => Ok(file("text/javascript; charset=utf-8", include_str!("docs/page.js"))),
        "page.css" => Ok(file("text/css; charset=utf-8", include_str!("docs/page.css"))),
        _ => Err(Problem::new("not_found")),
    }
}

fn file(kind: &'static str, content: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, content).into_response()
}
