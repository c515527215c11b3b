//! Callbacks of providers: verified over their raw bytes, stored, answered.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use domain::Provider;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Empty, read_body};
use super::problem::{Problem, ProblemView};
use crate::app::App;
use crate::services::ServiceError;
use crate::services::callbacks::{self, CallbackError};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(wave))
        .routes(routes!(stripe))
        .routes(routes!(orange_money))
        .routes(routes!(sonatel))
        .routes(routes!(mtn_momo, mtn_momo_put))
}

/// Larger callbacks are refused.
const LONGEST: usize = 1024 * 1024;

impl From<CallbackError> for Problem {
    fn from(error: CallbackError) -> Problem {
        match error {
            CallbackError::Unauthentic(_) => Problem::new("webhook_unauthentic"),
            CallbackError::UnknownDoor => Problem::new("not_found"),
            CallbackError::Write(error) => ServiceError::from(error).into(),
        }
    }
}

/// Wave's events.
#[utoipa::path(
    post, path = "/webhooks/wave", tag = "webhooks", request_body(content = String, content_type = "application/json"),
    params(("Wave-Signature" = Option<String>, Header, description = "`t=…,v1=…`; or the shared secret as Bearer")),
    responses(
        (status = 200, description = "Stored, now or before", body = Received),
        (status = 401, description = "`webhook_unauthentic`", body = ProblemView),
        (status = 413, description = "`payload_too_large`", body = ProblemView),
        (status = 503, description = "`overloaded`: nothing was stored, send it again", body = ProblemView),
    )
)]
pub async fn wave(State(app): State<App>, headers: HeaderMap, body: Body) -> Result<Json<Received>, Problem> {
    receive(&app, Provider::Wave, &headers, body).await
}

/// Stripe's events.
#[utoipa::path(
    post, path = "/webhooks/stripe", tag = "webhooks", request_body(content = String, content_type = "application/json"),
    params(("Stripe-Signature" = String, Header, description = "`t=…,v1=…`, several `v1` while a secret is rolled")),
    responses(
        (status = 200, description = "Stored, now or before", body = Received),
        (status = 401, description = "`webhook_unauthentic`", body = ProblemView),
        (status = 413, description = "`payload_too_large`", body = ProblemView),
        (status = 503, description = "`overloaded`: nothing was stored, send it again", body = ProblemView),
    )
)]
pub async fn stripe(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Received>, Problem> {
    receive(&app, Provider::Stripe, &headers, body).await
}

/// Orange Web Payment's notifications. They prove nothing: the payment is asked about.
#[utoipa::path(
    post, path = "/webhooks/orange-money/{token}", tag = "webhooks",
    request_body(content = String, content_type = "application/json"),
    params(("token" = String, Path, description = "One per payment; only Orange was told it")),
    responses(
        (status = 200, description = "Stored, now or before", body = Received),
        (status = 404, description = "`not_found`: no payment has this path", body = ProblemView),
        (status = 413, description = "`payload_too_large`", body = ProblemView),
        (status = 503, description = "`overloaded`: nothing was stored, send it again", body = ProblemView),
    )
)]
pub async fn orange_money(
    State(app): State<App>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Received>, Problem> {
    receive_at_door(&app, Provider::OrangeWeb, &token, &headers, body).await
}

/// Sonatel's notifications. A 4xx would be the last we heard of a payment, so only forgeries get one.
#[utoipa::path(
    post, path = "/webhooks/sonatel", tag = "webhooks", request_body(content = String, content_type = "application/json"),
    params(
        ("X-Sonatel-Signature" = Option<String>, Header, description = "`t=…,v1=…` over time, comma and body"),
        ("Authorization" = Option<String>, Header, description = "`Basic` and the key that we registered"),
    ),
    responses(
        (status = 200, description = "Stored, now or before", body = Received),
        (status = 401, description = "`webhook_unauthentic`", body = ProblemView),
        (status = 413, description = "`payload_too_large`", body = ProblemView),
        (status = 503, description = "`overloaded`: nothing was stored, send it again", body = ProblemView),
    )
)]
pub async fn sonatel(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Received>, Problem> {
    receive(&app, Provider::OrangeSonatel, &headers, body).await
}

/// MTN's callbacks, first version. They prove nothing: the movement is asked about.
#[utoipa::path(
    post, path = "/webhooks/mtn-momo/{token}", tag = "webhooks",
    request_body(content = String, content_type = "application/json"),
    params(("token" = String, Path, description = "One per movement; only MTN was told it")),
    responses(
        (status = 200, description = "Stored, now or before", body = Received),
        (status = 404, description = "`not_found`: no movement has this path", body = ProblemView),
        (status = 413, description = "`payload_too_large`", body = ProblemView),
        (status = 503, description = "`overloaded`: nothing was stored, send it again", body = ProblemView),
    )
)]
pub async fn mtn_momo(
    State(app): State<App>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Received>, Problem> {
    receive_at_door(&app, Provider::MtnMomo, &token, &headers, body).await
}

/// MTN's callbacks, second version: as the first, by PUT.
#[utoipa::path(
    put, path = "/webhooks/mtn-momo/{token}", tag = "webhooks",
    request_body(content = String, content_type = "application/json"),
    params(("token" = String, Path, description = "One per movement; only MTN was told it")),
    responses(
        (status = 200, description = "Stored, now or before", body = Received),
        (status = 404, description = "`not_found`: no movement has this path", body = ProblemView),
        (status = 413, description = "`payload_too_large`", body = ProblemView),
        (status = 503, description = "`overloaded`: nothing was stored, send it again", body = ProblemView),
    )
)]
pub async fn mtn_momo_put(
    State(app): State<App>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Received>, Problem> {
    receive_at_door(&app, Provider::MtnMomo, &token, &headers, body).await
}

/// An empty object.
pub type Received = Empty;

async fn receive(
    app: &App,
    provider: Provider,
    headers: &HeaderMap,
    body: Body,
) -> Result<Json<Received>, Problem> {
    let body = read_body(headers, body, LONGEST).await?;
    callbacks::receive(app, provider, headers, &body).await?;
    Ok(Json(Empty {}))
}

async fn receive_at_door(
    app: &App,
    provider: Provider,
    token: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<Json<Received>, Problem> {
    let body = read_body(headers, body, LONGEST).await?;
    callbacks::receive_at_door(app, provider, token, headers, &body).await?;
    Ok(Json(Empty {}))
}
