//! `/v1/transfers`: orders of the caller's, from the quote to the end.

mod ask;
pub mod bulk;
pub mod events;
pub mod receipt;
pub mod refund;
mod view;

pub use ask::NewTransfer;
pub use view::{HappeningView, PartyView, TransferView};

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::{TransferId, TransferStatus};
use serde::Deserialize;
use store::transfers::{Before, TransferFilter};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::context::RequestContext;
use super::extract::{Command, Empty, Id, Listing, Page, Query};
use super::problem::{Problem, ProblemView};
use super::wire::{self, Fields};
use crate::app::App;
use crate::services::auth;
use crate::services::transfers::{self, Stored, TransferError, Viewer};
use crate::services::{Caller, ServiceError};

/// The longest long poll.
const LONGEST_WAIT_S: u64 = 25;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(find))
        .routes(routes!(timeline))
        .routes(routes!(cancel))
        .routes(routes!(late_payment))
        .routes(routes!(refund::create))
        .routes(routes!(bulk::create))
        .routes(routes!(events::stream))
        .routes(routes!(receipt::find))
}

impl From<TransferError> for Problem {
    fn from(error: TransferError) -> Problem {
        ServiceError::from(error).into()
    }
}

impl Caller {
    /// Staff see all transfers, others their own.
    pub fn viewer(&self) -> Viewer {
        if self.is_staff() { Viewer::Staff } else { Viewer::Owner(self.user) }
    }
}

/// Which transfers a list shows.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TransferQuery {
    /// A status word.
    status: Option<String>,
    /// RFC 3339; from this instant on.
    created_after: Option<String>,
    /// RFC 3339; up to this instant, without it.
    created_before: Option<String>,
    /// Your own word for it.
    reference: Option<String>,
}

/// How long to wait for a change.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WaitQuery {
    /// Seconds, 1 to 25: answers at the next change, or at the end of the wait.
    #[param(minimum = 1, maximum = 25)]
    wait: Option<String>,
    /// Answers at once when the transfer is newer than this version.
    since_version: Option<String>,
}

/// Which quote late money shall fund.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LatePayment {
    quote_id: String,
}

impl TransferQuery {
    fn read(&self) -> Result<TransferFilter, Problem> {
        let mut fields = Fields::default();
        let status = self.status.as_deref().map(|word| wire::parameter::<TransferStatus>(word, "status"));
        let instant = |text: &Option<String>, name| {
            text.as_deref().map(|text| wire::parameter::<DateTime<Utc>>(text, name))
        };
        let filter = TransferFilter {
            owner: None,
            status: fields.take_some(status),
            created_after: fields.take_some(instant(&self.created_after, "created_after")),
            created_before: fields.take_some(instant(&self.created_before, "created_before")),
            reference: self.reference.clone(),
        };
        fields.check().map(|()| filter)
    }
}

impl WaitQuery {
    fn read(&self) -> Result<(Option<Duration>, Option<i64>), Problem> {
        let mut fields = Fields::default();
        let seconds = self.wait.as_deref().map(|text| {
            let seconds: u64 = wire::parameter(text, "wait")?;
            let refused = || crate::services::FieldError::new("/wait", "invalid_query").with("field", "wait");
            (1..=LONGEST_WAIT_S).contains(&seconds).then_some(seconds).ok_or_else(refused)
        });
        let seconds = fields.take_some(seconds);
        let version = self.since_version.as_deref().map(|text| wire::parameter(text, "since_version"));
        let version = fields.take_some(version);
        fields.check().map(|()| (seconds.map(Duration::from_secs), version))
    }
}

/// Starts a transfer.
///
/// The answer holds what is known at the commit; what the provider supplies, as `next_action`, follows by
/// `GET …?wait=` or by events.
#[utoipa::path(
    post, path = "/v1/transfers", tag = "transfers", request_body = NewTransfer,
    params(("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters")),
    responses(
        (status = 201, description = "Accepted; also the replay, with `Idempotency-Replayed: true`", body = TransferView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemView),
        (status = 404, description = "`not_found`: no such quote", body = ProblemView),
        (status = 409, description = "`quote_used`, `resting`, `idempotency_in_flight`", body = ProblemView),
        (status = 410, description = "`quote_expired`", body = ProblemView),
        (status = 422, description = "`idempotency_key_reused`, `insufficient_funds`, `invalid_phone`, `invalid_country`, \
            `invalid_text`, `invalid_name`, `rail_mismatch`, `country_mismatch`, `unknown_account`, `same_account`, \
            `not_for_this_rail`, `missing_field`, `invalid_iban`, `iban_outside_sepa`, `unknown_mandate`, \
            `number_not_on_rail` (with `rail` and `proposed_rails`)", body = ProblemView),
        (status = 503, description = "`overloaded`", body = ProblemView),
    )
)]
pub async fn create(
    State(app): State<App>,
    context: RequestContext,
    command: Command<NewTransfer>,
) -> Result<Stored, Problem> {
    let ask = command.body.parse("")?;
    Ok(transfers::create(&app, &command.caller, context.visitor(), command.key, ask, TransferView::bytes)
        .await?)
}

/// The caller's transfers; all of them for staff.
#[utoipa::path(
    get, path = "/v1/transfers", tag = "transfers",
    params(TransferQuery, ("limit" = Option<u32>, Query, description = "1 to 100"), ("cursor" = Option<String>, Query)),
    responses(
        (status = 200, description = "Newest first", body = Listing<TransferView>),
        (status = 401, description = "`unauthenticated`", body = ProblemView),
        (status = 422, description = "`invalid_query`, `invalid_cursor`", body = ProblemView),
    )
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    context: RequestContext,
    page: Page<(DateTime<Utc>, Uuid), TransferQuery>,
) -> Result<Listing<TransferView>, Problem> {
    let filter = page.filter.read()?;
    let before = page.before.map(|(created_at, id)| Before { created_at, id });
    let rows = transfers::list(&app, caller.viewer(), filter, before, page.rows()).await?;
    let position = |seen: &transfers::Seen| (seen.transfer.created_at, seen.transfer.id.uuid());
    Ok(page.answer(rows, position, |seen| TransferView::of(&seen, context.language())))
}

/// One transfer, now or at its next change.
#[utoipa::path(
    get, path = "/v1/transfers/{id}", tag = "transfers", params(("id" = String, Path), WaitQuery),
    responses(
        (status = 200, description = "The transfer", body = TransferView),
        (status = 401, description = "`unauthenticated`", body = ProblemView),
        (status = 404, description = "`not_found`", body = ProblemView),
    )
)]
pub async fn find(
    State(app): State<App>,
    caller: Caller,
    context: RequestContext,
    Id(id): Id<TransferId>,
    Query(query): Query<WaitQuery>,
) -> Result<Json<TransferView>, Problem> {
    let (wait, since) = query.read()?;
    let seen = match wait {
        Some(wait) => {
            let seen = transfers::wait(&app, caller.viewer(), id, since, wait).await?;
            if !auth::stands(&app, &caller).await {
                return Err(ServiceError::Unauthenticated.into());
            }
            seen
        }
        None => transfers::find(&app, caller.viewer(), id).await?,
    };
    Ok(Json(TransferView::of(&seen, context.language())))
}

/// What happened so far, in words.
#[utoipa::path(
    get, path = "/v1/transfers/{id}/timeline", tag = "transfers", params(("id" = String, Path)),
    responses(
        (status = 200, description = "Oldest first; provider calls are for staff", body = TimelineView),
        (status = 404, description = "`not_found`", body = ProblemView),
    )
)]
pub async fn timeline(
    State(app): State<App>,
    caller: Caller,
    context: super::context::RequestContext,
    Id(id): Id<TransferId>,
) -> Result<Json<TimelineView>, Problem> {
    let viewer = caller.viewer();
    let lines = transfers::timeline(&app, viewer, id).await?;
    let seen = transfers::find(&app, viewer, id).await?;
    let rail_of = |reference: &str| {
        let of = seen.movements.iter().find(|m| m.reference.to_string() == reference);
        of.map(|m| m.rail.to_string()).unwrap_or_default()
    };
    let language = context.language();
    let data = lines.into_iter().map(|line| HappeningView::of(line, language, rail_of)).collect();
    Ok(Json(TimelineView { data }))
}

/// A transfer's history.
#[derive(Debug, serde::Serialize, ToSchema)]
#[schema(as = Timeline)]
pub struct TimelineView {
    data: Vec<HappeningView>,
}

/// Withdraws a transfer while nothing has left.
#[utoipa::path(
    post, path = "/v1/transfers/{id}/cancel", tag = "transfers", request_body = Empty,
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses(
        (status = 200, description = "Cancelled", body = TransferView),
        (status = 404, description = "`not_found`", body = ProblemView),
        (status = 409, description = "`transfer_not_cancellable`", body = ProblemView),
    )
)]
pub async fn cancel(
    State(app): State<App>,
    Id(id): Id<TransferId>,
    command: Command<Empty>,
) -> Result<Stored, Problem> {
    Ok(transfers::cancel(&app, command.caller.user, command.key, id, TransferView::bytes).await?)
}

/// Funds a new transfer with money that came too late for this one.
#[utoipa::path(
    post, path = "/v1/transfers/{id}/late_payment", tag = "transfers", request_body = LatePayment,
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses(
        (status = 201, description = "The new transfer", body = TransferView),
        (status = 404, description = "`not_found`", body = ProblemView),
        (status = 409, description = "`no_late_payment`, `quote_used`", body = ProblemView),
        (status = 410, description = "`quote_expired`", body = ProblemView),
        (status = 422, description = "`late_amount_differs`", body = ProblemView),
    )
)]
pub async fn late_payment(
    State(app): State<App>,
    Id(id): Id<TransferId>,
    command: Command<LatePayment>,
) -> Result<Stored, Problem> {
    let quote = wire::word(&command.body.quote_id, "/quote_id").map_err(Problem::field)?;
    Ok(transfers::reuse_late(&app, command.caller.user, command.key, id, quote, TransferView::bytes).await?)
}
