//! What became of callbacks, of whichever provider.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::refusal::Refusal;
use crate::app::Shared;
use crate::courier::{self, journal, queue};

/// `GET /_control/{provider}/deliveries`: every attempt, what was never tried, and whether all is
/// sent.
pub async fn list(State(app): State<Shared>, Path(provider): Path<String>) -> Result<Json<Value>, Refusal> {
    let sender = courier::sender(&provider)
        .ok_or_else(|| Refusal::not_found(format!("no simulator called {provider} sends callbacks")))?;
    let (data, idle) = app.at_desk(|desk| {
        Ok::<_, Refusal>((journal::of(desk.tx, sender)?, queue::is_idle(desk.tx, sender.name())?))
    })?;
    Ok(Json(json!({ "data": data, "idle": idle })))
}
