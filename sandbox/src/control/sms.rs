//! The simulated phone, and the bundle that pays for what it receives.

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::refusal::{Refusal, Wish};
use crate::app::Shared;
use crate::sms_book;

/// Whose messages; everybody's when absent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Whose {
    to: Option<String>,
}

/// `GET /sms/inbox?to=%2B224620123456`: newest first. A `+` that arrived as a space is understood.
pub async fn inbox(State(app): State<Shared>, Query(whose): Query<Whose>) -> Result<Json<Value>, Refusal> {
    let number = |to: String| format!("+{}", to.trim().trim_start_matches('+'));
    let to = whose.to.map(number);
    let messages = app.at_desk(|desk| sms_book::inbox(desk.tx, to.as_deref()).map_err(Refusal::from))?;
    Ok(Json(json!({ "data": messages })))
}

/// The body of `POST /_control/sms/credits`; null never runs out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreditsWish {
    left: Option<u32>,
}

/// `POST /_control/sms/credits`: how many messages the bundle still pays for.
pub async fn credits(
    State(app): State<Shared>,
    Wish(wish): Wish<CreditsWish>,
) -> Result<Json<Value>, Refusal> {
    app.at_desk(|desk| sms_book::set_credits(desk.tx, wish.left).map_err(Refusal::from))?;
    Ok(Json(json!({ "left": wish.left })))
}
