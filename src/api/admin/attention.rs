//! What waits for a person, and the decisions that end the wait.

use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::{TransferId, TransferStatus};
use serde::{Deserialize, Serialize};
use store::transfers::Before;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::api::context::RequestContext;
use crate::api::extract::{Command, Empty, Id, Listing, Page, Staff};
use crate::api::openapi::{IdempotencyParams, PageParams};
use crate::api::problem::{Problem, ProblemView};
use crate::api::transfers::{PartyView, TransferView};
use crate::api::wire::{self, Fields, MoneyView, instant};
use crate::app::App;
use crate::services::attention::{self, Waiting};
use crate::services::transfers::{self, Stored};
use crate::services::{FieldError, Language, ServiceError, texts};

const LONGEST_REASON: usize = 280;

/// Which transfers are listed.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AttentionQuery {
    /// `on_hold`, `needs_attention` or `in_reconciliation`; all three when absent.
    status: Option<String>,
}

/// A transfer that waits for a person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WaitingTransfer)]
pub struct WaitingView {
    #[schema(example = "transfer_01jd3k5x8yf9tq2m7w4c6vbn0e")]
    transfer_id: String,
    /// `on_hold`, `needs_attention` or `in_reconciliation`.
    #[schema(example = "on_hold")]
    status: &'static str,
    /// When it came to stand so.
    since: String,
    /// The word of the timeline that brought it there.
    #[schema(example = "screening_hit")]
    reason: String,
    /// The same in words, in the language of `Accept-Language`.
    text: String,
    /// A provider's code; for a transfer on hold which entries of which lists were met, and how near the names are.
    #[schema(example = "payee un_sc:NK-1 97% (words: 2 same, 0 alike, 0 left over; same country; UN-SCCAR)")]
    detail: String,
    send: MoneyView,
    receive: MoneyView,
    total_to_pay: MoneyView,
    #[schema(example = "FR")]
    from_country: String,
    #[schema(example = "SN")]
    to_country: String,
    payer: PartyView,
    payee: PartyView,
    purpose: String,
    version: i64,
    created_at: String,
}

/// Why a transfer is not carried out.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// For the audit trail and for staff; the customer does not read it. Nothing of it can be erased, so name nobody.
    #[schema(example = "True match, ticket 4711", max_length = 280)]
    reason: String,
}

impl WaitingView {
    fn of(waiting: Waiting, language: Language) -> WaitingView {
        let (t, people) = (&waiting.seen.transfer, &waiting.seen.people);
        WaitingView {
            transfer_id: t.id.to_string(),
            status: t.status.as_str(),
            since: instant(waiting.since),
            text: texts::text(language, &format!("timeline-{}", waiting.event), &[]),
            reason: waiting.event,
            detail: waiting.detail,
            send: t.send.into(),
            receive: t.receive.into(),
            total_to_pay: t.total.into(),
            from_country: t.from_country.to_string(),
            to_country: t.to_country.to_string(),
            payer: (&people.payer).into(),
            payee: (&people.payee).into(),
            purpose: people.purpose.clone(),
            version: t.version,
            created_at: instant(t.created_at),
        }
    }
}

/// Transfers that wait for a person, the oldest order first.
#[utoipa::path(
    get, path = "/v1/admin/attention", tag = "admin", params(AttentionQuery, PageParams),
    responses(
        (status = 200, description = "The oldest order first", body = Listing<WaitingView>),
        (status = 422, description = "`invalid_query`", body = ProblemView),
    )
)]
pub async fn list(
    State(app): State<App>,
    _: Staff,
    context: RequestContext,
    page: Page<(DateTime<Utc>, Uuid), AttentionQuery>,
) -> Result<Listing<WaitingView>, Problem> {
    let status = page.filter.status.as_deref().map(status).transpose().map_err(Problem::field)?;
    let after = page.before.map(|(created_at, id)| Before { created_at, id });
    let rows = attention::list(&app, status, after, page.rows()).await.map_err(ServiceError::from)?;
    let position = |row: &Waiting| (row.seen.transfer.created_at, row.seen.transfer.id.uuid());
    let language = context.language();
    Ok(page.answer(rows, position, |row| WaitingView::of(row, language)))
}

fn status(word: &str) -> Result<TransferStatus, FieldError> {
    let known = word.parse().ok().filter(|status| attention::STATUSES.contains(status));
    known.ok_or_else(|| FieldError::new("/status", "invalid_query").with("field", "status"))
}

/// Lets a held transfer go on.
///
/// It is paid out as any other, and not screened again.
#[utoipa::path(
    post, path = "/v1/admin/transfers/{id}/release", tag = "admin", request_body = Empty,
    params(("id" = String, Path), IdempotencyParams),
    responses(
        (status = 200, description = "Released; also the replay, with `Idempotency-Replayed: true`", body = TransferView),
        (status = 404, description = "`not_found`", body = ProblemView),
        (status = 409, description = "`transfer_not_on_hold`: somebody decided already", body = ProblemView),
    )
)]
pub async fn release(
    State(app): State<App>,
    Id(id): Id<TransferId>,
    command: Command<Empty>,
) -> Result<Stored, Problem> {
    Ok(transfers::release(&app, &command.caller, command.key, id, TransferView::bytes).await?)
}

/// Refuses a held transfer: its payer gets everything back.
#[utoipa::path(
    post, path = "/v1/admin/transfers/{id}/refuse", tag = "admin", request_body = Refusal,
    params(("id" = String, Path), IdempotencyParams),
    responses(
        (status = 200, description = "Refused, the refund has begun; also the replay", body = TransferView),
        (status = 404, description = "`not_found`", body = ProblemView),
        (status = 409, description = "`transfer_not_on_hold`: somebody decided already", body = ProblemView),
        (status = 422, description = "`invalid_text`", body = ProblemView),
    )
)]
pub async fn refuse(
    State(app): State<App>,
    Id(id): Id<TransferId>,
    command: Command<Refusal>,
) -> Result<Stored, Problem> {
    let mut fields = Fields::default();
    let reason = fields.take(wire::text(&command.body.reason, "/reason", LONGEST_REASON));
    let reason = fields.finish(reason)?;
    Ok(transfers::refuse(&app, &command.caller, command.key, id, reason, TransferView::bytes).await?)
}
