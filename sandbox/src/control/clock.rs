//! Moving the simulators' clock.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::refusal::{Refusal, Wish};
use crate::app::Shared;
use crate::clock::Instant;

/// `{"advance_seconds"}` or `{"set"}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Move {
    advance_seconds: Option<u64>,
    set: Option<Instant>,
}

/// `GET /_control/clock`.
pub async fn show(State(app): State<Shared>) -> Json<Value> {
    Json(json!({ "now": app.clock.now() }))
}

/// `POST /_control/clock`: one or the other.
pub async fn change(State(app): State<Shared>, Wish(wish): Wish<Move>) -> Result<Json<Value>, Refusal> {
    match (wish.advance_seconds, wish.set) {
        (Some(seconds), None) if seconds <= 100 * 366 * 86_400 => {
            app.clock.advance(Duration::from_secs(seconds));
        }
        (Some(_), None) => return Err(Refusal::invalid("advance_seconds is more than a century")),
        (None, Some(instant)) => app.clock.set(instant),
        _ => return Err(Refusal::invalid("give either advance_seconds or set")),
    }
    Ok(show(State(app)).await)
}
