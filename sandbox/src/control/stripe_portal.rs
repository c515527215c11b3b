//! What people do by hand in Stripe's dashboard: webhook endpoints.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::refusal::{Refusal, Wish};
use crate::app::Shared;
use crate::clock::micros;
use crate::stripe::config::StripeWebhookConfig;
use crate::stripe::endpoint;

/// `GET /_control/stripe/webhooks`, with their secrets.
pub async fn webhooks(State(app): State<Shared>) -> Result<Json<Value>, Refusal> {
    let all = app.at_desk(|desk| endpoint::all(desk.tx).map_err(Refusal::from))?;
    let portal: Vec<StripeWebhookConfig> = all.into_iter().map(|endpoint| endpoint.portal).collect();
    Ok(Json(json!({ "data": portal })))
}

/// `POST /_control/stripe/webhooks`: writes an endpoint over the one of that name.
pub async fn put_webhook(
    State(app): State<Shared>,
    Wish(wish): Wish<StripeWebhookConfig>,
) -> Result<Json<StripeWebhookConfig>, Refusal> {
    let url = reqwest::Url::parse(&wish.url);
    if !url.is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
        return Err(Refusal::invalid(format!("{} is not an http URL", wish.url)));
    }
    app.at_desk(|desk| endpoint::put(desk.tx, &wish, micros(desk.now)).map_err(Refusal::from))?;
    let secrets = wish.secrets_or_default();
    Ok(Json(StripeWebhookConfig { secrets, ..wish }))
}

/// Which endpoint to remove; all when nothing is given.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    name: Option<String>,
}

/// `DELETE /_control/stripe/webhooks?name=`.
pub async fn clear_webhooks(
    State(app): State<Shared>,
    Query(which): Query<Which>,
) -> Result<StatusCode, Refusal> {
    app.at_desk(|desk| endpoint::clear(desk.tx, which.name.as_deref()).map_err(Refusal::from))?;
    Ok(StatusCode::NO_CONTENT)
}
