//! Movements that people carry out, and what people say of those that nobody else tells about.

use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::{MovementKind, MovementState, Reference, Wallet};
use serde::{Deserialize, Serialize};
use store::movements::ByHand as Filter;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::approvals::ApprovalView;
use crate::api::extract::{Command, Id, Listing, Page, Staff};
use crate::api::openapi::{IdempotencyParams, PageParams};
use crate::api::problem::{Problem, ProblemView};
use crate::api::transfers::PartyView;
use crate::api::wire::{self, Fields, MoneyView, instant};
use crate::app::App;
use crate::services::FieldError;
use crate::services::evidence::{self, Answered, ByHand, Said};
use crate::services::transfers::Stored;

const LONGEST_REFERENCE: usize = 64;
const SHORTEST_EVIDENCE: usize = 10;
const LONGEST_EVIDENCE: usize = 1000;
const LONGEST_CODE: usize = 40;

/// Which movements a list shows.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MovementQuery {
    /// `manual`, also when absent: what other rails carry out, their providers do.
    rail: Option<String>,
    /// `submitted` when absent: what is to be done. Else a state of a movement.
    state: Option<String>,
    /// `collection`, `disbursement` or `refund`; all when absent.
    kind: Option<String>,
    /// One of the pots, as `cn`.
    wallet: Option<String>,
}

/// Something that a person does, or did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ManualMovement)]
pub struct ManualView {
    /// A UUID.
    #[schema(example = "f47ac10b-58cc-4372-a567-0e02b2c3d479")]
    id: String,
    /// The same in 26 characters, as payers write it.
    #[schema(example = "7m8z0gxp4cb1sacx98e2sfjn3r")]
    reference: String,
    /// `collection`: see that it came; `disbursement`: pay the payee; `refund`: give it back to the payer.
    #[schema(example = "disbursement")]
    kind: &'static str,
    /// `submitted` while it waits for somebody.
    #[schema(example = "submitted")]
    state: &'static str,
    #[schema(example = "cn")]
    wallet: String,
    amount: MoneyView,
    /// Whose word it takes: 1 or 2 people's.
    people: u8,
    transfer_id: String,
    payer: PartyView,
    payee: PartyView,
    /// Where a refund goes that another rail could not carry.
    refund_to: Option<PartyView>,
    /// What it is for, as the payer said.
    purpose: String,
    /// Since when it waits.
    since: String,
    /// The number of the receipt, once it was confirmed.
    operator_reference: Option<String>,
}

impl From<ByHand> for ManualView {
    fn from(row: ByHand) -> ManualView {
        let (m, people) = (row.movement, row.seen.people);
        ManualView {
            id: m.reference.to_string(),
            reference: m.reference.base32(),
            kind: m.kind.as_str(),
            state: m.state.as_str(),
            wallet: m.wallet.to_string(),
            amount: m.amount.into(),
            people: if row.needs_two { 2 } else { 1 },
            transfer_id: m.transfer.to_string(),
            payer: (&people.payer).into(),
            payee: (&people.payee).into(),
            refund_to: people
                .refund_to
                .as_ref()
                .filter(|_| m.kind == MovementKind::Refund)
                .map(PartyView::from),
            purpose: people.purpose,
            since: instant(m.submitted_at.unwrap_or(m.created_at)),
            operator_reference: m.transaction_ref,
        }
    }
}

/// What somebody says of a movement by hand.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// `done`, or `refused` when it cannot be done.
    #[schema(example = "done")]
    outcome: String,
    /// The number of the receipt or of the line in the bank's statement; needed when it was done. It serves once.
    #[schema(example = "FT25110042", max_length = 64)]
    operator_reference: Option<String>,
    /// What was seen, 10 to 1000 characters. It is kept sealed.
    #[schema(
        example = "Paid from the ICBC counter at 10:12, stamped slip in folder 11",
        min_length = 10,
        max_length = 1000
    )]
    evidence: String,
    /// How much; another amount than the movement's is refused.
    amount: Option<MoneyView>,
    /// Why it was refused, in a word of small letters that its owner reads.
    #[schema(example = "account_closed", max_length = 40)]
    code: Option<String>,
}

/// What two people say of a movement that nobody tells about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Resolution {
    /// `succeeded`, or `failed` when nothing moved.
    #[schema(example = "succeeded")]
    outcome: String,
    /// What the provider's statement or support calls it; needed when it succeeded. It serves once.
    #[schema(example = "MP251121.1012.A00042", max_length = 64)]
    operator_reference: Option<String>,
    /// What was seen, 10 to 1000 characters. It is kept sealed.
    #[schema(example = "In the portal's statement of the 21st, 10:12", min_length = 10, max_length = 1000)]
    evidence: String,
    /// What the provider took for it, as its statement says.
    fee: Option<MoneyView>,
}

/// It counts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Confirmed)]
pub struct ConfirmedView {
    #[schema(example = "f47ac10b-58cc-4372-a567-0e02b2c3d479")]
    id: String,
    #[schema(example = "disbursement")]
    kind: &'static str,
    /// `succeeded` or `declined`.
    #[schema(example = "succeeded")]
    state: &'static str,
    amount: MoneyView,
    transfer_id: String,
    /// How the transfer stands by it.
    #[schema(example = "completed")]
    transfer_status: &'static str,
}

fn bytes(answered: Answered<'_>) -> Vec<u8> {
    match answered {
        Answered::Waits(approval) => serde_json::to_vec(&ApprovalView::from(approval.clone())),
        Answered::Counted { movement, has_moved, status } => serde_json::to_vec(&ConfirmedView {
            id: movement.reference.to_string(),
            kind: movement.kind.as_str(),
            state: if has_moved { MovementState::Succeeded } else { MovementState::Declined }.as_str(),
            amount: movement.amount.into(),
            transfer_id: movement.transfer.to_string(),
            transfer_status: status.as_str(),
        }),
    }
    .unwrap_or_default()
}

impl Confirmation {
    fn parse(self, movement: Reference) -> Result<Said, Problem> {
        let mut fields = Fields::default();
        let has_moved = fields.take(outcome(&self.outcome, "done", "refused"));
        let amount = fields.take_some(self.amount.map(|amount| wire::money(&amount, "/amount")));
        let code = fields.take_some(self.code.map(|code| small_word(&code)));
        let operator_reference = number(self.operator_reference, &mut fields);
        let evidence = fields.take(words(&self.evidence));
        let said = (|| {
            let (has_moved, evidence) = (has_moved?, evidence?);
            Some(Said { movement, has_moved, operator_reference, evidence, amount, fee: None, code })
        })();
        fields.finish(said)
    }
}

impl Resolution {
    fn parse(self, movement: Reference) -> Result<Said, Problem> {
        let mut fields = Fields::default();
        let has_moved = fields.take(outcome(&self.outcome, "succeeded", "failed"));
        let operator_reference = number(self.operator_reference, &mut fields);
        let evidence = fields.take(words(&self.evidence));
        let fee = fields.take_some(self.fee.map(|fee| wire::money(&fee, "/fee")));
        let said = (|| {
            let (has_moved, evidence) = (has_moved?, evidence?);
            Some(Said { movement, has_moved, operator_reference, evidence, amount: None, fee, code: None })
        })();
        fields.finish(said)
    }
}

fn outcome(word: &str, yes: &str, no: &str) -> Result<bool, FieldError> {
    match word {
        word if word == yes => Ok(true),
        word if word == no => Ok(false),
        _ => Err(FieldError::new("/outcome", "invalid_value")),
    }
}

pub(super) fn number(text: Option<String>, fields: &mut Fields) -> Option<String> {
    fields.take_some(text.map(|text| wire::text(&text, "/operator_reference", LONGEST_REFERENCE)))
}

pub(super) fn words(text: &str) -> Result<String, FieldError> {
    let words = wire::text(text, "/evidence", LONGEST_EVIDENCE)?;
    if words.chars().count() >= SHORTEST_EVIDENCE {
        return Ok(words);
    }
    let refused = FieldError::new("/evidence", "invalid_text");
    Err(refused.with("min", SHORTEST_EVIDENCE).with("max", LONGEST_EVIDENCE))
}

fn small_word(text: &str) -> Result<String, FieldError> {
    let is_one = (1..=LONGEST_CODE).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if is_one { Ok(text.to_owned()) } else { Err(FieldError::new("/code", "invalid_value")) }
}

/// What people have to do, or did: money to see coming, payees to pay, payers to give back to.
#[utoipa::path(
    get, path = "/v1/admin/movements", tag = "admin", params(MovementQuery, PageParams),
    responses(
        (status = 200, description = "The oldest first", body = Listing<ManualView>),
        (status = 422, description = "`invalid_query`", body = ProblemView),
    )
)]
pub async fn list(
    State(app): State<App>,
    _: Staff,
    page: Page<(DateTime<Utc>, Uuid), MovementQuery>,
) -> Result<Listing<ManualView>, Problem> {
    let mut fields = Fields::default();
    if page.filter.rail.as_deref().is_some_and(|rail| rail != domain::Rail::Manual.as_str()) {
        fields.take::<()>(Err(FieldError::new("/rail", "invalid_query").with("field", "rail")));
    }
    let state = page.filter.state.as_deref().unwrap_or(MovementState::Submitted.as_str());
    let state = fields.take(wire::parameter(state, "state"));
    let kind = page.filter.kind.as_deref();
    let kind = fields.take_some(kind.map(|word| wire::parameter::<MovementKind>(word, "kind")));
    let wallet = page.filter.wallet.as_deref();
    let wallet = fields.take_some(wallet.map(|word| wire::parameter::<Wallet>(word, "wallet")));
    fields.check()?;
    let rows = evidence::by_hand(&app, &Filter { state, kind, wallet }, page.before, page.rows()).await?;
    let position = |row: &ByHand| (row.movement.created_at, row.movement.reference.uuid());
    Ok(page.answer(rows, position, ManualView::from))
}

/// Says that a movement by hand was done, or cannot be.
///
/// By anybody of the house but the transfer's owner. From the wallet's threshold on it answers 202 with the approval that
/// waits for a second person. Of two who say it at once, one counts; a receipt's number serves one movement.
#[utoipa::path(
    post, path = "/v1/admin/movements/{id}/confirm", tag = "admin", request_body = Confirmation,
    params(("id" = String, Path, description = "Its reference, in either form"), IdempotencyParams),
    responses(
        (status = 200, description = "It counts; also the replay", body = ConfirmedView),
        (status = 202, description = "Waits for a second person; also the replay", body = ApprovalView),
        (status = 403, description = "`own_request`: it is their own transfer", body = ProblemView),
        (status = 404, description = "`not_found`: nothing that is done by hand", body = ProblemView),
        (status = 409, description = "`movement_not_open`, `operator_reference_used`, `confirmation_pending`",
            body = ProblemView),
        (status = 422, description = "`amount_differs`, `missing_field`, `invalid_text`, `invalid_amount`, \
            `invalid_currency`", body = ProblemView),
    )
)]
pub async fn confirm(
    State(app): State<App>,
    Id(movement): Id<Reference>,
    command: Command<Confirmation>,
) -> Result<Stored, Problem> {
    let said = command.body.parse(movement)?;
    Ok(evidence::confirm(&app, &command.caller, command.key, said, &bytes).await?)
}

/// Says how a movement of any rail ended that has been unknown for an hour or more. It always takes two people.
///
/// The answer is the approval that waits for the second one. Whatever the provider says before that voids it.
#[utoipa::path(
    post, path = "/v1/admin/uncertain/{id}/resolve", tag = "admin", request_body = Resolution,
    params(("id" = String, Path, description = "Its reference, in either form"), IdempotencyParams),
    responses(
        (status = 202, description = "Waits for a second person; also the replay", body = ApprovalView),
        (status = 403, description = "`own_request`: it is their own transfer", body = ProblemView),
        (status = 404, description = "`not_found`", body = ProblemView),
        (status = 409, description = "`movement_not_stuck`: its outcome is known, or not unknown for an hour; \
            `operator_reference_used`, `confirmation_pending`", body = ProblemView),
        (status = 422, description = "`missing_field`, `invalid_text`", body = ProblemView),
    )
)]
pub async fn resolve(
    State(app): State<App>,
    Id(movement): Id<Reference>,
    command: Command<Resolution>,
) -> Result<Stored, Problem> {
    let said = command.body.parse(movement)?;
    Ok(evidence::resolve(&app, &command.caller, command.key, said, &bytes).await?)
}
