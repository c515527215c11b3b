//! `/v1/me/mandates`: the caller's standing consents to be debited.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::MandateId;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::Id;
use super::problem::Problem;
use super::wire::instant;
use crate::app::App;
use crate::services::Caller;
use crate::services::mandates::{self, Given};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(revoke))
}

/// All of them, newest first.
#[derive(Serialize, ToSchema)]
struct Mandates {
    data: Vec<MandateView>,
}

/// A standing consent to be debited.
#[derive(Serialize, ToSchema)]
#[schema(as = Mandate)]
struct MandateView {
    #[schema(example = "mandate_01jd3k5x8yf9tq2m7w4c6vbn0e")]
    id: String,
    #[schema(example = "sepa_debit")]
    rail: &'static str,
    /// Where the account is.
    #[schema(example = "FR")]
    country: Option<String>,
    /// The end of its IBAN.
    #[schema(example = "2606")]
    last4: String,
    /// `active` or `ended`: revoked here, or at the bank.
    #[schema(example = "active")]
    status: &'static str,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<Given> for MandateView {
    fn from(given: Given) -> MandateView {
        MandateView {
            id: given.id.to_string(),
            rail: given.rail.as_str(),
            country: given.account.country,
            last4: given.account.last4,
            status: if given.is_active { "active" } else { "ended" },
            created_at: instant(given.created_at),
        }
    }
}

/// Your mandates.
///
/// One is made with your first direct debit from an account; name it as `payer.mandate` to pay from there again.
#[utoipa::path(get, path = "/v1/me/mandates", tag = "me",
    responses((status = 200, description = "Newest first, at most 100", body = Mandates)))]
async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Mandates>, Problem> {
    let given = mandates::list(&app, &caller).await?;
    Ok(Json(Mandates { data: given.into_iter().map(MandateView::from).collect() }))
}

/// Take a mandate back.
///
/// Nothing is debited under it from now on; what is under way goes on.
#[utoipa::path(delete, path = "/v1/me/mandates/{id}", tag = "me",
    params(("id" = String, Path, description = "A mandate's id.", example = "mandate_01jd3k5x8yf9tq2m7w4c6vbn0e")),
    responses((status = 204, description = "The mandate is over.")),
    extensions(("x-problems" = json!(["not_found"]))))]
async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<MandateId>,
) -> Result<StatusCode, Problem> {
    mandates::revoke(&app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
