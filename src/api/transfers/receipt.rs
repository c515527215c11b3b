//! `GET /v1/transfers/{id}/receipt`: what was paid, converted and received, for keeping.

use axum::Json;
use axum::extract::State;
use domain::{MovementKind, MovementState, TransferId};
use serde::Serialize;
use utoipa::ToSchema;

use super::TransferView;
use crate::api::context::RequestContext;
use crate::api::extract::Id;
use crate::api::problem::{Problem, ProblemView};
use crate::api::wire::{MoneyView, instant};
use crate::app::App;
use crate::services::Caller;
use crate::services::transfers::{self, Seen};

/// A transfer with the proofs of its legs.
#[derive(Debug, Serialize, ToSchema)]
pub struct Receipt {
    transfer: TransferView,
    /// Each movement that succeeded, oldest first.
    movements: Vec<ReceiptLine>,
    issued_at: String,
}

/// One leg that moved money.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReceiptLine {
    #[schema(example = "collection")]
    kind: &'static str,
    rail: String,
    reference: String,
    /// The provider's own name for it.
    provider_reference: Option<String>,
    amount: MoneyView,
    at: String,
}

/// The receipt of a transfer that money moved for.
#[utoipa::path(
    get, path = "/v1/transfers/{id}/receipt", tag = "transfers", params(("id" = String, Path)),
    responses(
        (status = 200, description = "The receipt", body = Receipt),
        (status = 404, description = "`not_found`", body = ProblemView),
        (status = 409, description = "`no_receipt_yet`", body = ProblemView),
    )
)]
pub async fn find(
    State(app): State<App>,
    caller: Caller,
    context: RequestContext,
    Id(id): Id<TransferId>,
) -> Result<Json<Receipt>, Problem> {
    let seen = transfers::find(&app, caller.viewer(), id).await?;
    let movements = lines(&seen);
    if movements.is_empty() && !seen.transfer.status.is_final() {
        return Err(Problem::new("no_receipt_yet"));
    }
    let transfer = TransferView::of(&seen, context.language());
    Ok(Json(Receipt { transfer, movements, issued_at: instant(app.clock.now()) }))
}

fn lines(seen: &Seen) -> Vec<ReceiptLine> {
    let moved = |state| matches!(state, MovementState::Succeeded | MovementState::Reversed);
    let shown = |kind| kind != MovementKind::Treasury;
    let line = |m: &domain::Movement| ReceiptLine {
        kind: m.kind.as_str(),
        rail: m.rail.to_string(),
        reference: m.reference.to_string(),
        provider_reference: m.transaction_ref.clone().or(m.provider_ref.clone()),
        amount: m.amount.into(),
        at: instant(m.updated_at),
    };
    seen.movements.iter().filter(|m| moved(m.state) && shown(m.kind)).map(line).collect()
}
