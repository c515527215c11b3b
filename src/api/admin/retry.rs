//! Hands for transfers that wait for a person: paying out again, giving back again, or by hand.

use axum::extract::State;
use domain::TransferId;
use domain::transfer::Again;
use serde::Deserialize;
use utoipa::ToSchema;

use super::approvals::ApprovalView;
use crate::api::extract::{Command, Id};
use crate::api::openapi::IdempotencyParams;
use crate::api::problem::{Problem, ProblemView};
use crate::api::transfers::TransferView;
use crate::api::wire::{self, Fields};
use crate::app::App;
use crate::services::FieldError;
use crate::services::transfers::{self, ByHand, Stored};

const LONGEST: usize = 140;

/// What is tried again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// `payout`, to the same payee, or `refund`.
    #[schema(example = "refund")]
    what: String,
    /// `manual` to give it back by hand, where the payer's rail cannot. It takes two people.
    #[schema(example = "manual")]
    refund_by: Option<String>,
    /// Where it goes then, in words.
    #[schema(example = "Ecobank GN001 0042 00000000042 13", max_length = 140)]
    account: Option<String>,
    /// Whose account that is.
    #[schema(example = "Awa Exemple", max_length = 140)]
    name: Option<String>,
}

enum Asked {
    Again(Again),
    ByHand(ByHand),
}

impl Retry {
    fn parse(self) -> Result<Asked, Problem> {
        let mut fields = Fields::default();
        let refused = |pointer: &str, code| Err::<Asked, _>(FieldError::new(pointer, code));
        let is_by_hand = match self.refund_by.as_deref() {
            None => false,
            Some(rail) if rail == domain::Rail::Manual.as_str() && self.what == "refund" => true,
            Some(_) => return fields_refused(refused("/refund_by", "invalid_value")),
        };
        let account = fields.take_some(self.account.map(|text| wire::text(&text, "/account", LONGEST)));
        let name = fields.take_some(self.name.map(|text| wire::name(&text, "/name", LONGEST)));
        let asked = match (self.what.as_str(), is_by_hand, account, name) {
            ("refund", true, Some(account), Some(name)) => Ok(Asked::ByHand(ByHand { account, name })),
            ("refund", true, None, _) => refused("/account", "missing_field"),
            ("refund", true, ..) => refused("/name", "missing_field"),
            (_, false, Some(_), _) => refused("/account", "not_for_this_kind"),
            (_, false, _, Some(_)) => refused("/name", "not_for_this_kind"),
            ("refund", ..) => Ok(Asked::Again(Again::Refund)),
            ("payout", ..) => Ok(Asked::Again(Again::Payout)),
            _ => refused("/what", "invalid_value"),
        };
        let asked = fields.take(asked);
        fields.finish(asked)
    }
}

fn fields_refused(refused: Result<Asked, FieldError>) -> Result<Asked, Problem> {
    let mut fields = Fields::default();
    let asked = fields.take(refused);
    fields.finish(asked)
}

/// Tries again what a transfer in `needs_attention` waits for.
///
/// A payout that came back is paid out again to the same payee, or unwound and given back; a refund that failed is tried
/// again. By hand it goes to an account that is named here, from a pot of ours; that answers 202 with the approval that
/// waits for a second person, and then waits in `GET /v1/admin/movements`.
#[utoipa::path(
    post, path = "/v1/admin/transfers/{id}/retry", tag = "admin", request_body = Retry,
    params(("id" = String, Path), IdempotencyParams),
    responses(
        (status = 200, description = "It is being tried again; also the replay", body = TransferView),
        (status = 202, description = "Waits for a second person; also the replay", body = ApprovalView),
        (status = 403, description = "`own_request`: it is their own transfer", body = ProblemView),
        (status = 404, description = "`not_found`", body = ProblemView),
        (status = 409, description = "`transfer_not_retriable`: it waits for nobody, or its value is not where this could \
            be done; `confirmation_pending`", body = ProblemView),
        (status = 422, description = "`missing_field`, `not_for_this_kind`, `invalid_text`, `invalid_name`, \
            `corridor_unavailable`: no pot of ours keeps this currency", body = ProblemView),
    )
)]
pub async fn retry(
    State(app): State<App>,
    Id(id): Id<TransferId>,
    command: Command<Retry>,
) -> Result<Stored, Problem> {
    match command.body.parse()? {
        Asked::Again(what) => {
            Ok(transfers::retry(&app, &command.caller, command.key, id, what, TransferView::bytes).await?)
        }
        Asked::ByHand(to) => {
            let render = |approval| serde_json::to_vec(&ApprovalView::from(approval)).unwrap_or_default();
            Ok(transfers::refund_by_hand(&app, &command.caller, command.key, id, to, render).await?)
        }
    }
}
