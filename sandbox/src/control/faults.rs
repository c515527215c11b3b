//! Setting, listing and clearing faults.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::refusal::{Refusal, Wish};
use crate::app::Shared;
use crate::fault::{Listed, Setting};

const PROVIDERS: [&str; 7] = ["wave", "stripe", "orange", "mtn", "sonatel", "sms", "rates"];

/// `GET /_control/{provider}/faults`.
pub async fn list(State(app): State<Shared>, Path(provider): Path<String>) -> Result<Json<Value>, Refusal> {
    check(&provider)?;
    Ok(Json(json!({ "data": app.faults.list(&provider) })))
}

/// `POST /_control/{provider}/faults`.
pub async fn set(
    State(app): State<Shared>,
    Path(provider): Path<String>,
    Wish(setting): Wish<Setting>,
) -> Result<(StatusCode, Json<Listed>), Refusal> {
    check(&provider)?;
    setting.check(&provider).map_err(|error| Refusal::invalid(error.to_string()))?;
    Ok((StatusCode::CREATED, Json(app.faults.set(&provider, setting))))
}

/// `DELETE /_control/{provider}/faults`.
pub async fn clear(State(app): State<Shared>, Path(provider): Path<String>) -> Result<StatusCode, Refusal> {
    check(&provider)?;
    app.faults.clear(&provider);
    Ok(StatusCode::NO_CONTENT)
}

fn check(provider: &str) -> Result<(), Refusal> {
    match PROVIDERS.contains(&provider) {
        true => Ok(()),
        false => Err(Refusal::not_found(format!("no simulator is called {provider}"))),
    }
}
