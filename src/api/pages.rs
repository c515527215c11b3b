//! The page that a payer's browser comes back to. It proves nothing: the transfer's status does.

use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::context::RequestContext;
use crate::app::App;
use crate::services::texts;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(returned))
}

/// After the provider's page, paid or not.
#[utoipa::path(
    get, path = "/return/{id}/{end}", tag = "webhooks", params(("id" = String, Path), ("end" = String, Path)),
    responses((status = 200, description = "A page for the payer", content_type = "text/html", body = String))
)]
pub async fn returned(context: RequestContext, path: Path<(String, String)>) -> Response {
    let language = context.language();
    let key = if path.0.1 == "paid" { "page-returned-paid" } else { "page-returned-not-paid" };
    let (title, text) = (texts::text(language, key, &[]), texts::detail(language, key, &[]));
    let page = format!(
        "<!doctype html><html lang=\"{language}\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title>\
         <style>body{{font:1.125rem/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1rem}}</style>\
         <main><h1>{title}</h1><p>{text}</p></main></html>",
        language = language.as_str(),
    );
    let mut response = Html(page).into_response();
    let policy =
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}
