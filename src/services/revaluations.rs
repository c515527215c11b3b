//! Valuing what an unwound conversion gave back, at today's mid. The figures are for admins alone.

use chrono::TimeDelta;
use domain::TransferId;
use domain::transfer::{Event, Step};
use store::outbox::Claimed;
use store::writer::Kept;

use super::cases::{self, With};
use super::promises::{End, KeepError};
use crate::app::App;

/// How long to wait for a rate that is stale or missing.
const NEXT_LOOK: TimeDelta = TimeDelta::minutes(10);

/// Books the difference at the mid of now; waits while there is none that stands.
pub(super) async fn revalue(app: &App, promise: &Claimed) -> Result<Option<End>, KeepError> {
    let id = TransferId::from_uuid(promise.subject);
    let transfer = cases::open(app, id).await?.case.transfer;
    let (send, receive) = (transfer.send.currency(), transfer.receive.currency());
    let today = match super::rates::mid_route(app, send, receive).await {
        Ok(route) => route,
        Err(error) => return Ok(Some(End::Again { after: NEXT_LOOK, error: error.to_string() })),
    };
    let kept =
        |_: Option<&Step>| Kept { id: promise.id, attempt: promise.attempt, again_at: None, error: None };
    let with = With { kept: Some(&kept), ..With::default() };
    cases::apply(app, id, &Event::Revalue { today }, with).await?;
    Ok(None)
}
