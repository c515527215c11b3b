//! Accounts, their entries and the trial balance, read-only.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::AccountId;
use serde::{Deserialize, Serialize};
use store::ledger::accounts::{AccountFilter, StoredAccount};
use store::ledger::entries::StatementLine;
use store::ledger::trial::TrialBalance;
use utoipa::{IntoParams, ToSchema};

use crate::api::extract::{Id, Listing, Page, Query, Staff};
use crate::api::problem::{Problem, ProblemView};
use crate::api::wire::{self, Fields, MoneyView, instant};
use crate::app::App;
use crate::services::books;

/// Which accounts a list shows.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AccountQuery {
    /// How the name begins, as `float:wave:`.
    prefix: Option<String>,
    currency: Option<String>,
}

/// When the books are looked at.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TrialQuery {
    /// RFC 3339; now when absent.
    at: Option<String>,
}

/// One account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub struct AccountView {
    #[schema(example = "acc_01jd3k5x8yf9tq2m7w4c6vbn0e")]
    id: String,
    #[schema(example = "float:wave:sn:XOF")]
    name: String,
    #[schema(example = "asset")]
    kind: &'static str,
    balance: MoneyView,
    /// Reserved by open holds.
    held: MoneyView,
    available: MoneyView,
    opened_at: String,
}

/// What one entry did to an account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccountEntry)]
pub struct LineView {
    /// The entry's place in the sealed journal.
    number: i64,
    entry_id: String,
    #[schema(example = "collection")]
    kind: &'static str,
    /// What it belongs to, as `transfer_…`.
    business_id: String,
    movement: Option<String>,
    /// Signed as the account's kind counts.
    delta: MoneyView,
    balance: MoneyView,
    at: String,
}

/// All accounts at one instant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrialBalance)]
pub struct TrialView {
    /// Null: as kept at the last commit.
    at: Option<String>,
    data: Vec<TrialLineView>,
    /// The two sides of each currency; for admins, who see every account.
    #[serde(skip_serializing_if = "Option::is_none")]
    totals: Option<Vec<TotalView>>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrialLine)]
pub struct TrialLineView {
    account: String,
    kind: &'static str,
    balance: MoneyView,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrialTotal)]
pub struct TotalView {
    #[schema(example = "EUR")]
    currency: &'static str,
    /// Major units.
    #[schema(example = "100101.49")]
    debit: String,
    #[schema(example = "100101.49")]
    credit: String,
    is_balanced: bool,
}

impl From<StoredAccount> for AccountView {
    fn from(stored: StoredAccount) -> AccountView {
        let available = stored.balance.checked_sub(stored.held).unwrap_or(stored.balance);
        AccountView {
            id: stored.id.to_string(),
            name: stored.account.to_string(),
            kind: stored.account.kind().as_str(),
            balance: stored.balance.into(),
            held: stored.held.into(),
            available: available.into(),
            opened_at: instant(stored.opened_at),
        }
    }
}

impl From<StatementLine> for LineView {
    fn from(line: StatementLine) -> LineView {
        LineView {
            number: line.number,
            entry_id: line.entry.to_string(),
            kind: line.kind.as_str(),
            business_id: line.business.to_string(),
            movement: line.movement.map(|reference| reference.to_string()),
            delta: line.delta.into(),
            balance: line.balance.into(),
            at: instant(line.at),
        }
    }
}

impl TrialView {
    fn of(balance: &TrialBalance, is_whole: bool) -> TrialView {
        let line = |line: &store::ledger::trial::TrialLine| TrialLineView {
            account: line.account.to_string(),
            kind: line.account.kind().as_str(),
            balance: line.balance.into(),
        };
        let totals: BTreeMap<_, _> = balance.totals();
        let total = |(currency, sides): (domain::Currency, store::ledger::trial::Sides)| TotalView {
            currency: currency.code(),
            debit: major(sides.debit, currency),
            credit: major(sides.credit, currency),
            is_balanced: sides.debit == sides.credit,
        };
        TrialView {
            at: balance.at.map(instant),
            data: balance.lines.iter().map(line).collect(),
            totals: is_whole.then(|| totals.into_iter().map(total).collect()),
        }
    }
}

/// A sum that may be beyond any one amount, in major units.
fn major(minor: i128, currency: domain::Currency) -> String {
    let digits = format!("{minor:0>width$}", width = currency.exponent() as usize + 1);
    let (whole, decimals) = digits.split_at(digits.len() - currency.exponent() as usize);
    if decimals.is_empty() { whole.to_owned() } else { format!("{whole}.{decimals}") }
}

/// Accounts by name.
#[utoipa::path(
    get, path = "/v1/admin/accounts", tag = "admin",
    params(AccountQuery, ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses(
        (status = 200, description = "By name; `fx:*`, `revenue:*` and `expense:fx_difference` for admins only", body = Listing<AccountView>),
        (status = 403, description = "`forbidden`, `second_factor_required`", body = ProblemView),
    )
)]
pub async fn accounts(
    State(app): State<App>,
    Staff(caller): Staff,
    page: Page<String, AccountQuery>,
) -> Result<Listing<AccountView>, Problem> {
    let mut fields = Fields::default();
    let currency = page.filter.currency.as_deref().map(|code| wire::currency(code, "/currency"));
    let filter = AccountFilter { prefix: page.filter.prefix.clone(), currency: fields.take_some(currency) };
    fields.check()?;
    let rows = books::list_accounts(&app, &caller, &filter, page.before.clone(), page.rows()).await?;
    Ok(page.answer(rows, |row| row.account.to_string(), AccountView::from))
}

/// One account.
#[utoipa::path(
    get, path = "/v1/admin/accounts/{id}", tag = "admin", params(("id" = String, Path)),
    responses(
        (status = 200, description = "The account", body = AccountView),
        (status = 404, description = "`not_found`", body = ProblemView),
    )
)]
pub async fn account(
    State(app): State<App>,
    Staff(caller): Staff,
    Id(id): Id<AccountId>,
) -> Result<Json<AccountView>, Problem> {
    Ok(Json(books::account(&app, &caller, id).await?.into()))
}

/// What was booked on an account.
#[utoipa::path(
    get, path = "/v1/admin/accounts/{id}/entries", tag = "admin",
    params(("id" = String, Path), ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses(
        (status = 200, description = "Newest first; within a second of the commit", body = Listing<LineView>),
        (status = 404, description = "`not_found`", body = ProblemView),
    )
)]
pub async fn entries(
    State(app): State<App>,
    Staff(caller): Staff,
    Id(id): Id<AccountId>,
    page: Page<i64>,
) -> Result<Listing<LineView>, Problem> {
    let rows = books::account_lines(&app, &caller, id, page.before, page.rows()).await?;
    Ok(page.answer(rows, |row| row.number, LineView::from))
}

/// Every account's balance, and that both sides agree.
#[utoipa::path(
    get, path = "/v1/admin/trial_balance", tag = "admin", params(TrialQuery),
    responses(
        (status = 200, description = "By account name", body = TrialView),
        (status = 422, description = "`invalid_query`", body = ProblemView),
    )
)]
pub async fn trial_balance(
    State(app): State<App>,
    Staff(caller): Staff,
    Query(query): Query<TrialQuery>,
) -> Result<Json<TrialView>, Problem> {
    let mut fields = Fields::default();
    let at = fields.take_some(query.at.as_deref().map(|text| wire::parameter::<DateTime<Utc>>(text, "at")));
    fields.check()?;
    let (balance, is_whole) = books::trial_balance(&app, &caller, at).await?;
    Ok(Json(TrialView::of(&balance, is_whole)))
}
