//! `/v1/admin/treasury`: our own money between floats and our bank, by two admins.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::{Provider, Reference, TreasuryKind, TreasuryMovement, Wallet};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::approvals::ApprovalView;
use super::movements;
use crate::api::extract::{Admin, Command, Id, Listing, Page};
use crate::api::openapi::{IdempotencyParams, PageParams};
use crate::api::problem::{Problem, ProblemView};
use crate::api::wire::{self, Fields, MoneyView, instant};
use crate::app::App;
use crate::services::transfers::Stored;
use crate::services::treasury::{self, NewTreasury};

/// A movement of our own money that is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTreasuryBody {
    /// `sweep`: from the float to our bank, sent by the provider. `top_up`: from our bank to the float, `opening`: what a
    /// float held before its first posting, `opening_bank`: what our bank held; these have happened and are booked.
    #[schema(example = "sweep")]
    kind: String,
    /// At whom the float is.
    #[schema(example = "stripe")]
    provider: String,
    /// Which of our wallets there.
    #[schema(example = "main")]
    wallet: String,
    amount: MoneyView,
    /// What the book calls our bank, as in `bank:main:XOF`, for what has happened; else the settings say.
    #[schema(example = "main")]
    bank: Option<String>,
    /// The line of the bank's statement, needed for a top-up. It serves once.
    #[schema(example = "VIR-251121-0042", max_length = 64)]
    operator_reference: Option<String>,
    /// What was seen, 10 to 1000 characters that name nobody; needed for what has happened.
    #[schema(min_length = 10, max_length = 1000)]
    evidence: Option<String>,
}

/// A movement of our own money. For admins only.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TreasuryMovement)]
pub struct TreasuryView {
    /// What the provider knows it by.
    #[schema(example = "f47ac10b-58cc-4372-a567-0e02b2c3d479")]
    id: String,
    #[schema(example = "sweep")]
    kind: &'static str,
    /// `intended`, `submitted`, `uncertain`, `succeeded`, `declined`, `expired`, `cancelled`, or `failed_later` when it
    /// was paid and came back.
    #[schema(example = "succeeded")]
    status: &'static str,
    #[schema(example = "stripe")]
    provider: &'static str,
    #[schema(example = "main")]
    wallet: String,
    amount: MoneyView,
    /// The account of the book that it leaves.
    #[schema(example = "float:stripe:main:EUR")]
    from: String,
    /// The account of the book that it comes to.
    #[schema(example = "bank:main:EUR")]
    to: String,
    /// The provider's own id of it; null until it named one.
    #[schema(example = "po_1OoAM2LkdIwHu7ixG9kGvXyz")]
    provider_ref: Option<String>,
    /// Why the provider refused it or gave it back, in its word.
    #[schema(example = "account_closed")]
    code: Option<String>,
    /// The consent of two admins.
    #[schema(example = "approval_01jd3k5x8yf9tq2m7w4c6vbn0e")]
    approval_id: String,
    created_at: String,
    /// When it was first sent.
    submitted_at: Option<String>,
    /// When we heard that it was paid.
    succeeded_at: Option<String>,
    updated_at: String,
}

impl From<TreasuryMovement> for TreasuryView {
    fn from(movement: TreasuryMovement) -> TreasuryView {
        TreasuryView {
            id: movement.reference.to_string(),
            kind: movement.kind.as_str(),
            status: movement.state.as_str(),
            provider: movement.provider.as_str(),
            wallet: movement.wallet.to_string(),
            from: movement.from().to_string(),
            to: movement.to().to_string(),
            amount: movement.amount.into(),
            provider_ref: movement.provider_ref,
            code: movement.code,
            approval_id: movement.approval.to_string(),
            created_at: instant(movement.created_at),
            submitted_at: movement.submitted_at.map(instant),
            succeeded_at: movement.succeeded_at.map(instant),
            updated_at: instant(movement.updated_at),
        }
    }
}

impl NewTreasuryBody {
    fn parse(self) -> Result<NewTreasury, Problem> {
        let mut fields = Fields::default();
        let kind = fields.take(wire::word::<TreasuryKind>(&self.kind, "/kind"));
        let provider = fields.take(wire::word::<Provider>(&self.provider, "/provider"));
        let wallet = fields.take(wire::word::<Wallet>(&self.wallet, "/wallet"));
        let amount = fields.take(wire::money(&self.amount, "/amount"));
        let bank = fields.take_some(self.bank.map(|name| wire::word::<Wallet>(&name, "/bank")));
        let operator_reference = movements::number(self.operator_reference, &mut fields);
        let evidence = fields.take_some(self.evidence.map(|text| movements::words(&text)));
        let new = (|| {
            let (kind, provider, wallet, amount) = (kind?, provider?, wallet?, amount?);
            Some(NewTreasury { kind, provider, wallet, amount, bank, operator_reference, evidence })
        })();
        fields.finish(new)
    }
}

/// Asks a second admin for a movement of our own money.
///
/// Nothing is reserved or sent before another admin agrees, who is shown from where to where and how much. It begins
/// with that consent, which is refused with `insufficient_funds` while the float has too little. A sweep takes days, and
/// what was paid can still come back. A top-up or an opening is booked by that consent, and nothing is sent.
#[utoipa::path(
    post, path = "/v1/admin/treasury", tag = "admin", request_body = NewTreasuryBody, params(IdempotencyParams),
    responses(
        (status = 202, description = "Waits for a second admin; also the replay", body = ApprovalView),
        (status = 422, description = "`invalid_value`, `invalid_amount`, `invalid_currency`, `currency_mismatch`, \
            `no_bank_account`, `not_for_this_kind`, `missing_field`, `invalid_text`", body = ProblemView),
        (status = 409, description = "`account_opened`", body = ProblemView),
    )
)]
pub async fn propose(State(app): State<App>, command: Command<NewTreasuryBody>) -> Result<Stored, Problem> {
    let ask = command.body.parse()?;
    let render = |approval| serde_json::to_vec(&ApprovalView::from(approval)).unwrap_or_default();
    Ok(treasury::propose(&app, &command.caller, command.key, ask, render).await?)
}

/// What moved and what is under way.
#[utoipa::path(
    get, path = "/v1/admin/treasury", tag = "admin", params(PageParams),
    responses((status = 200, description = "Newest first", body = Listing<TreasuryView>))
)]
pub async fn list(
    State(app): State<App>,
    Admin(caller): Admin,
    page: Page<(DateTime<Utc>, Uuid)>,
) -> Result<Listing<TreasuryView>, Problem> {
    let rows = treasury::list(&app, &caller, page.before, page.rows()).await?;
    Ok(page.answer(rows, |row| (row.created_at, row.reference.uuid()), TreasuryView::from))
}

/// One of them.
#[utoipa::path(
    get, path = "/v1/admin/treasury/{id}", tag = "admin",
    params(("id" = String, Path, description = "Its reference, a UUID")),
    responses(
        (status = 200, description = "The movement", body = TreasuryView),
        (status = 404, description = "`not_found`", body = ProblemView),
    )
)]
pub async fn find(
    State(app): State<App>,
    Admin(caller): Admin,
    Id(reference): Id<Reference>,
) -> Result<Json<TreasuryView>, Problem> {
    Ok(Json(treasury::find(&app, &caller, reference).await?.into()))
}
