//! `/v1/admin/movements/{id}/evidence`: what people said of a movement.

use axum::Json;
use axum::extract::State;
use domain::Reference;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::extract::{Id, Staff};
use crate::api::problem::{Problem, ProblemView};
use crate::api::wire::instant;
use crate::app::App;
use crate::services::evidence::{self, Seen};

/// What people said of a movement.
#[derive(Debug, Serialize, ToSchema)]
pub struct Evidence {
    /// What counted, oldest first.
    data: Vec<EvidenceView>,
}

/// One person's word, and who agreed to it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Said)]
struct EvidenceView {
    /// `succeeded`, or `declined` when nothing moved.
    #[schema(example = "succeeded")]
    outcome: &'static str,
    /// The number of the receipt.
    #[schema(example = "FT25110042")]
    operator_reference: Option<String>,
    /// What was seen; null when the transfer's owner was forgotten.
    #[schema(example = "Paid from the ICBC counter at 10:12, stamped slip in folder 11")]
    evidence: Option<String>,
    /// Whose word it is.
    made_by: String,
    /// Who agreed to it, where it took two.
    agreed_by: Option<String>,
    #[schema(format = DateTime)]
    at: String,
}

impl From<Seen> for EvidenceView {
    fn from(seen: Seen) -> EvidenceView {
        EvidenceView {
            outcome: if seen.has_moved { "succeeded" } else { "declined" },
            operator_reference: seen.operator_reference,
            evidence: seen.words,
            made_by: seen.made_by.to_string(),
            agreed_by: seen.agreed_by.map(|user| user.to_string()),
            at: instant(seen.at),
        }
    }
}

/// What people said of a movement, and who they are.
#[utoipa::path(
    get, path = "/v1/admin/movements/{id}/evidence", tag = "admin",
    params(("id" = String, Path, description = "Its reference, in either form")),
    responses(
        (status = 200, body = Evidence),
        (status = 404, description = "`not_found`", body = ProblemView),
    )
)]
pub async fn of_movement(
    State(app): State<App>,
    _: Staff,
    Id(movement): Id<Reference>,
) -> Result<Json<Evidence>, Problem> {
    let seen = evidence::of_movement(&app, movement).await?;
    Ok(Json(Evidence { data: seen.into_iter().map(EvidenceView::from).collect() }))
}
