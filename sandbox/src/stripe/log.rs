//! The events of the last thirty days, for whoever missed one.

use axum::extract::Path;
use chrono::TimeDelta;

use super::book;
use super::errors::{Reply, StripeError};
use super::http::Call;
use super::list;
use super::scene::{int, text};

const KEPT: TimeDelta = TimeDelta::days(30);

/// `GET /v1/events`, by `type` (with `*`), `types` and `created`.
pub async fn list(call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        let wanted: Vec<String> = match params.text("type")? {
            Some(kind) => vec![kind],
            None => params.list("types")?.unwrap_or_default(),
        };
        params.ignore(&["delivery_success"]);
        let oldest = (scene.now - KEPT).timestamp();
        let fits = |kind: &str, wanted: &String| match wanted.split_once('*') {
            Some((start, end)) => kind.starts_with(start) && kind.ends_with(end),
            None => kind == wanted,
        };
        list::page_of(scene, params, "event", "/v1/events", &[], |event| {
            let kind = text(event, "type");
            int(event, "created") >= oldest
                && (wanted.is_empty() || wanted.iter().any(|want| fits(kind, want)))
        })
    })
}

/// `GET /v1/events/{id}`.
pub async fn get(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        params.finish()?;
        book::get(scene, "event", &id, "id")
    })
}
