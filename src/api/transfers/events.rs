//! `GET /v1/transfers/{id}/events`: a server-sent event for each change, resumable by the version last seen.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use domain::TransferId;
use futures::stream::{self, Stream};

use super::TransferView;
use crate::api::context::RequestContext;
use crate::api::extract::Id;
use crate::api::problem::{Problem, ProblemView};
use crate::app::App;
use crate::services::auth;
use crate::services::transfers::{self, Seen};
use crate::services::{Caller, Language};

/// How long one look at the book waits for a change.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where a stream stands.
struct Watch {
    app: App,
    caller: Caller,
    id: TransferId,
    language: Language,
    /// The version last sent.
    sent: i64,
    is_over: bool,
}

/// Changes of a transfer as they come; ends with the transfer.
#[utoipa::path(
    get, path = "/v1/transfers/{id}/events", tag = "transfers",
    params(("id" = String, Path), ("Last-Event-ID" = Option<String>, Header, description = "The version last seen")),
    responses(
        (status = 200, description = "`transfer` events; each `id` is the version, each `data` a Transfer", content_type = "text/event-stream", body = TransferView),
        (status = 404, description = "`not_found`", body = ProblemView),
    )
)]
pub async fn stream(
    State(app): State<App>,
    caller: Caller,
    context: RequestContext,
    Id(id): Id<TransferId>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    transfers::find(&app, caller.viewer(), id).await?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let watch =
        Watch { app, caller, id, language: context.language(), sent: last.unwrap_or(0), is_over: false };
    Ok(Sse::new(stream::unfold(watch, next)).keep_alive(KeepAlive::default()))
}

/// The next change; the stream ends when the transfer has, when it can be seen no more, and when its caller's session
/// has ended, before anything else is told.
async fn next(mut watch: Watch) -> Option<(Result<Event, Infallible>, Watch)> {
    while !watch.is_over {
        let viewer = watch.caller.viewer();
        let seen = transfers::wait(&watch.app, viewer, watch.id, Some(watch.sent), PATIENCE).await.ok()?;
        if !auth::stands(&watch.app, &watch.caller).await {
            return None;
        }
        watch.is_over = seen.transfer.status.is_final();
        if seen.transfer.version > watch.sent {
            watch.sent = seen.transfer.version;
            return Some((Ok(event(&seen, watch.language)), watch));
        }
    }
    None
}

fn event(seen: &Seen, language: Language) -> Event {
    let data = serde_json::to_string(&TransferView::of(seen, language)).unwrap_or_default();
    Event::default().event("transfer").id(seen.transfer.version.to_string()).data(data)
}
