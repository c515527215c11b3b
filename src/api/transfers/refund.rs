//! `POST /v1/transfers/{id}/refund`: people of the house give a completed transfer back, or a part of it.

use axum::extract::State;
use domain::TransferId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::TransferView;
use crate::api::admin::ApprovalView;
use crate::api::extract::{Command, Id};
use crate::api::openapi::IdempotencyParams;
use crate::api::problem::{Problem, ProblemView};
use crate::api::wire::{self, Fields, MoneyView};
use crate::app::App;
use crate::services::transfers::{self, RefundAnswer, Stored, Wish};

/// The longest reason.
const LONGEST_REASON: usize = 280;

/// What is given back.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRefund {
    /// In the currency that was sent; everything that is left when absent.
    amount: Option<MoneyView>,
    /// For the audit trail and for staff; the customer does not read it. Nothing of it can be erased, so name nobody.
    #[schema(example = "Sent twice by mistake, ticket 4712", max_length = 280)]
    reason: String,
}

/// Gives a completed transfer back, or a part of it.
///
/// What the payee has comes back first: a balance gives its share at once; a provider that takes payouts back is asked
/// for the whole (Wave, for three days); anybody else keeps it. Then the payer has it by the way they paid, at the rate of
/// the original. Above the size in `refunds.max_alone`, together with what was given back before, it waits for an admin.
/// The status is `refunding`, then `refunded`, or `completed` again with a `refunded_total`.
#[utoipa::path(
    post, path = "/v1/transfers/{id}/refund", tag = "transfers", request_body = NewRefund,
    params(("id" = String, Path), IdempotencyParams),
    responses(
        (status = 200, description = "The refund has begun; also the replay", body = TransferView),
        (status = 202, description = "It waits for a second person", body = ApprovalView),
        (status = 403, description = "`own_request`", body = ProblemView),
        (status = 404, description = "`not_found`", body = ProblemView),
        (status = 409, description = "`transfer_not_refundable`, `refund_in_progress`", body = ProblemView),
        (status = 422, description = "`refund_exceeds`, `currency_mismatch`, `invalid_text`", body = ProblemView),
    )
)]
pub async fn create(
    State(app): State<App>,
    Id(id): Id<TransferId>,
    command: Command<NewRefund>,
) -> Result<Stored, Problem> {
    let mut fields = Fields::default();
    let amount = fields.take_some(command.body.amount.as_ref().map(|amount| wire::money(amount, "/amount")));
    let reason = fields.take(wire::text(&command.body.reason, "/reason", LONGEST_REASON));
    let wish = fields.finish(reason.map(|reason| Wish { amount, reason }))?;
    let render = |answer: RefundAnswer<'_>| match answer {
        RefundAnswer::Begun(seen) => TransferView::bytes(seen),
        RefundAnswer::Waits(approval) => {
            serde_json::to_vec(&ApprovalView::from(approval.clone())).unwrap_or_default()
        }
    };
    Ok(transfers::refund(&app, &command.caller, command.key, id, wish, &render).await?)
}
