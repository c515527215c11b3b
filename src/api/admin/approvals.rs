//! `/v1/admin/approvals`: what waits for a second person, and what became of it. For admins alone: today's kinds tell
//! what the house earns.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::{ApprovalId, ApprovalState};
use serde::{Deserialize, Serialize};
use store::approvals::{Approval, ApprovalFilter};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::api::extract::{Admin, Id, Listing, Page, ValidJson};
use crate::api::openapi::PageParams;
use crate::api::problem::{Problem, ProblemView};
use crate::api::wire::{self, Fields, instant};
use crate::app::App;
use crate::services::{ServiceError, approvals};

/// Which approvals a list shows.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ApprovalQuery {
    /// `pending` (when absent), `approved`, `rejected` or `voided`.
    status: Option<String>,
    /// `rate_change`, `treasury`, `refund`, `movement_confirmation`, `movement_resolution` or `refund_by_hand`; every
    /// kind when absent.
    kind: Option<String>,
}

/// Something that takes two people. For admins only.
#[derive(Serialize, ToSchema)]
#[schema(as = Approval)]
pub struct ApprovalView {
    #[schema(example = "approval_01jd3k5x8yf9tq2m7w4c6vbn0e")]
    id: String,
    #[schema(example = "rate_change")]
    kind: &'static str,
    /// What it is about.
    #[schema(example = "CNY/GNF")]
    subject: String,
    /// `pending`, `approved`, `rejected`, or `voided` when what it is about changed first.
    #[schema(example = "pending")]
    status: &'static str,
    /// Over everything that is asked for, in hexadecimal: whoever agrees sends it back.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    digest: String,
    /// A user's id, or the part of the house that asks.
    made_by: String,
    /// What is asked for: of a rate change, `pair`, the `version` it is over, `before` and `after`; of treasury, `kind`,
    /// `reference`, `amount`, `from`, `to` and the `bank_account` in the provider's words; of a movement, what was said of
    /// it and the `evidence`; of a refund, `transfer`, `amount`, `refunded_total` before it, `fee` and `reason`.
    #[schema(value_type = Object)]
    change: serde_json::Value,
    created_at: String,
    decided_at: Option<String>,
    decided_by: Option<String>,
    /// Why it was rejected or voided.
    reason: Option<String>,
}

impl From<Approval> for ApprovalView {
    fn from(approval: Approval) -> ApprovalView {
        ApprovalView {
            id: approval.id.to_string(),
            kind: approval.kind.as_str(),
            subject: approval.subject,
            status: approval.state.as_str(),
            digest: hex::encode(approval.digest),
            made_by: approval.made_by,
            change: serde_json::from_str(&approval.payload).unwrap_or_default(),
            created_at: instant(approval.created_at),
            decided_at: approval.decided_at.map(instant),
            decided_by: approval.decided_by,
            reason: approval.reason,
        }
    }
}

/// What somebody agrees to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// The digest of what was shown.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    digest: String,
}

/// Why something is refused.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rejection {
    /// For whoever asked; 1 to 200 characters.
    #[schema(example = "the bank says 2480")]
    reason: String,
}

/// What waits for a second person.
#[utoipa::path(
    get, path = "/v1/admin/approvals", tag = "admin", params(ApprovalQuery, PageParams),
    responses((status = 200, description = "Newest first", body = Listing<ApprovalView>))
)]
pub async fn list(
    State(app): State<App>,
    Admin(caller): Admin,
    page: Page<(DateTime<Utc>, Uuid), ApprovalQuery>,
) -> Result<Listing<ApprovalView>, Problem> {
    let mut fields = Fields::default();
    let state = fields.take_some(page.filter.status.as_deref().map(|word| wire::parameter(word, "status")));
    let kind = fields.take_some(page.filter.kind.as_deref().map(|word| wire::parameter(word, "kind")));
    fields.check()?;
    let filter = ApprovalFilter { kind, state: Some(state.unwrap_or(ApprovalState::Pending)) };
    let rows = approvals::list(&app, &caller, filter, page.before, page.rows()).await?;
    Ok(page.answer(rows, |row| (row.created_at, row.id.uuid()), ApprovalView::from))
}

/// One of them.
#[utoipa::path(
    get, path = "/v1/admin/approvals/{id}", tag = "admin",
    params(("id" = String, Path, description = "`approval_…`")),
    responses(
        (status = 200, description = "The approval", body = ApprovalView),
        (status = 404, description = "`not_found`", body = ProblemView),
    )
)]
pub async fn find(
    State(app): State<App>,
    Admin(caller): Admin,
    Id(id): Id<ApprovalId>,
) -> Result<Json<ApprovalView>, Problem> {
    Ok(Json(approvals::find(&app, &caller, id).await?.into()))
}

/// Agrees to what another person asked for, which is done at once.
#[utoipa::path(
    post, path = "/v1/admin/approvals/{id}/approve", tag = "admin", request_body = Agreement,
    params(("id" = String, Path, description = "`approval_…`")),
    responses(
        (status = 200, description = "Agreed to and done", body = ApprovalView),
        (status = 403, description = "`own_request`", body = ProblemView),
        (status = 404, description = "`not_found`", body = ProblemView),
        (status = 409, description = "`digest_mismatch`, `approval_decided`, `changed_meanwhile`, \
            `operator_reference_used`, `account_opened`, `transfer_not_refundable`", body = ProblemView),
        (status = 422, description = "`rate_outdated`, `rate_out_of_bounds`, `insufficient_funds`", body = ProblemView),
    )
)]
pub async fn approve(
    State(app): State<App>,
    Admin(caller): Admin,
    Id(id): Id<ApprovalId>,
    ValidJson(body): ValidJson<Agreement>,
) -> Result<Json<ApprovalView>, Problem> {
    let mut digest = [0; 32];
    // What is no digest is not the one that was shown; all zeros is nobody's either.
    if hex::decode_to_slice(&body.digest, &mut digest).is_err() {
        digest = [0; 32];
    }
    Ok(Json(approvals::approve(&app, &caller, id, digest).await?.into()))
}

/// Refuses what was asked for; whoever asked may take it back.
#[utoipa::path(
    post, path = "/v1/admin/approvals/{id}/reject", tag = "admin", request_body = Rejection,
    params(("id" = String, Path, description = "`approval_…`")),
    responses(
        (status = 200, description = "Refused, for good", body = ApprovalView),
        (status = 404, description = "`not_found`", body = ProblemView),
        (status = 409, description = "`approval_decided`", body = ProblemView),
        (status = 422, description = "`invalid_text`", body = ProblemView),
    )
)]
pub async fn reject(
    State(app): State<App>,
    Admin(caller): Admin,
    Id(id): Id<ApprovalId>,
    ValidJson(body): ValidJson<Rejection>,
) -> Result<Json<ApprovalView>, Problem> {
    let reason =
        wire::text(&body.reason, "/reason", 200).map_err(|error| ServiceError::Invalid(vec![error]))?;
    Ok(Json(approvals::reject(&app, &caller, id, &reason).await?.into()))
}
