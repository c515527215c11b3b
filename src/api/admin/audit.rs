//! The audit trail: who did what to which object, chained with the sealed ledger.

use axum::extract::State;
use serde::Serialize;
use store::audit::{AuditLine, Position};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::extract::{Listing, Page, Staff};
use crate::api::problem::{Problem, ProblemView};
use crate::api::wire::instant;
use crate::app::App;
use crate::services::{ServiceError, books};

/// One thing that somebody did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub struct AuditView {
    id: String,
    at: String,
    /// A user's id, or the part of the house that acted by itself.
    actor: String,
    #[schema(example = "transfer.create")]
    action: String,
    object: String,
    detail: serde_json::Value,
    /// The sealed block that it is chained into; null until it is sealed, within a second.
    block: Option<i64>,
}

impl From<AuditLine> for AuditView {
    fn from(line: AuditLine) -> AuditView {
        AuditView {
            id: line.id.to_string(),
            at: instant(line.at),
            actor: line.actor,
            action: line.action,
            object: line.object,
            detail: line.detail,
            block: line.block,
        }
    }
}

/// The audit trail.
#[utoipa::path(
    get, path = "/v1/admin/audit", tag = "admin",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses(
        (status = 200, description = "Newest first", body = Listing<AuditView>),
        (status = 403, description = "`forbidden`, `second_factor_required`", body = ProblemView),
    )
)]
pub async fn list(
    State(app): State<App>,
    _: Staff,
    page: Page<(Uuid, i64)>,
) -> Result<Listing<AuditView>, Problem> {
    let before = page.before.map(|(batch, ord)| Position { batch, ord });
    let rows = books::list_audit(&app, before, page.rows()).await.map_err(ServiceError::from)?;
    Ok(page.answer(rows, |row| (row.position.batch, row.position.ord), AuditView::from))
}
