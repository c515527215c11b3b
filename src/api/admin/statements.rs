//! Providers' statements as they were read, and how far.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::{LineKind, Provider, Rail, Reference, Wallet};
use providers::Statements;
use serde::{Deserialize, Serialize};
use store::provider_lines::{Difference, LineFilter};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::api::extract::{Listing, Page, Staff};
use crate::api::openapi::PageParams;
use crate::api::problem::{Problem, ProblemView};
use crate::api::wire::{self, Fields, MoneyView, instant};
use crate::app::App;
use crate::services::FieldError;
use crate::services::statements::{self, Progress, Shown};

type At = (DateTime<Utc>, Uuid);

/// Which lines a list shows.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LinesQuery {
    /// A rail: lines of its provider, which may serve other rails too.
    rail: Option<String>,
    /// One of our wallets, as `sn`.
    wallet: Option<String>,
    /// Not earlier than this instant.
    from: Option<String>,
    /// Earlier than this instant.
    to: Option<String>,
    /// A movement's reference, in either form.
    reference: Option<String>,
    /// `collection`, `disbursement`, `refund`, `reversal`, `fee`, `sweep`, `top_up` or `other`.
    kind: Option<String>,
}

impl LinesQuery {
    fn parse(&self) -> Result<LineFilter, Problem> {
        let mut fields = Fields::default();
        let rail = fields.take_some(self.rail.as_deref().map(rail));
        let wallet =
            fields.take_some(self.wallet.as_deref().map(|it| wire::parameter::<Wallet>(it, "wallet")));
        let kind = fields.take_some(self.kind.as_deref().map(|it| wire::parameter::<LineKind>(it, "kind")));
        let reference = self.reference.as_deref();
        let reference = fields.take_some(reference.map(|it| wire::parameter::<Reference>(it, "reference")));
        let from = fields.take_some(self.from.as_deref().map(|it| at(it, "from")));
        let to = fields.take_some(self.to.as_deref().map(|it| at(it, "to")));
        fields.check()?;
        Ok(LineFilter { provider: rail, wallet, kind, reference, from, to })
    }
}

/// Whose statement tells of a rail. What never leaves our books is in none.
fn rail(text: &str) -> Result<Provider, FieldError> {
    let rail = wire::parameter::<Rail>(text, "rail")?;
    rail.provider().ok_or_else(|| FieldError::new("/rail", "invalid_query").with("field", "rail"))
}

fn at(text: &str, name: &'static str) -> Result<DateTime<Utc>, FieldError> {
    let refused = || FieldError::new(format!("/{name}"), "invalid_query").with("field", name);
    DateTime::parse_from_rfc3339(text).map(|at| at.to_utc()).map_err(|_| refused())
}

/// One line of a provider's statement. Amounts are positive for what comes into our float.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatementLine)]
pub struct LineView {
    /// A UUID.
    #[schema(example = "0193a1f2-5c1e-7b7e-9d3c-2f5d8a1b4c6e")]
    id: String,
    #[schema(example = "wave")]
    provider: &'static str,
    #[schema(example = "sn")]
    wallet: String,
    /// The provider's name for the line.
    #[schema(example = "T_7QK2M4ZX9A")]
    line: String,
    #[schema(example = "collection")]
    kind: &'static str,
    /// The provider's own word for its kind; empty where it has none.
    #[schema(example = "api_checkout")]
    word: String,
    gross: MoneyView,
    /// What the provider took; negative when it gave it back.
    fee: MoneyView,
    /// `gross` less `fee`.
    net: MoneyView,
    /// Our reference, where the line carries one.
    #[schema(example = "f47ac10b-58cc-4372-a567-0e02b2c3d479")]
    reference: Option<String>,
    /// The provider's name for what moved.
    #[schema(example = "cos-2f7k1m9xq100b")]
    provider_ref: Option<String>,
    #[schema(format = DateTime)]
    occurred_at: String,
    /// From when on the money can be used, where the line said.
    #[schema(format = DateTime)]
    available_at: Option<String>,
    /// The statement's day, by UTC.
    #[schema(example = "2026-11-21")]
    day: String,
    /// `list`: the provider's list; `status`: the answer that ended the movement; `person`: somebody's word.
    #[schema(example = "list")]
    learned: &'static str,
    #[schema(format = DateTime)]
    fetched_at: String,
    /// What the line said other times; empty unless the provider contradicts itself.
    differences: Vec<DifferenceView>,
}

/// What a line said another time.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatementDifference)]
pub struct DifferenceView {
    #[schema(example = "collection")]
    kind: &'static str,
    gross: MoneyView,
    fee: MoneyView,
    net: MoneyView,
    #[schema(example = "f47ac10b-58cc-4372-a567-0e02b2c3d479")]
    reference: Option<String>,
    #[schema(example = "cos-2f7k1m9xq100b")]
    provider_ref: Option<String>,
    #[schema(format = DateTime)]
    occurred_at: String,
    /// When it was first seen to say so.
    #[schema(format = DateTime)]
    fetched_at: String,
}

impl From<Difference> for DifferenceView {
    fn from(other: Difference) -> DifferenceView {
        DifferenceView {
            kind: other.kind.as_str(),
            gross: other.gross.into(),
            fee: other.fee.into(),
            net: other.net.into(),
            reference: other.reference.map(|reference| reference.to_string()),
            provider_ref: other.provider_ref,
            occurred_at: instant(other.occurred_at),
            fetched_at: instant(other.fetched_at),
        }
    }
}

impl From<Shown> for LineView {
    fn from(shown: Shown) -> LineView {
        let line = shown.line;
        LineView {
            id: line.id.to_string(),
            provider: line.provider.as_str(),
            wallet: line.wallet.to_string(),
            line: line.key,
            kind: line.kind.as_str(),
            word: line.word,
            gross: line.gross.into(),
            fee: line.fee.into(),
            net: line.net.into(),
            reference: line.reference.map(|reference| reference.to_string()),
            provider_ref: line.provider_ref,
            occurred_at: instant(line.occurred_at),
            available_at: line.available_at.map(instant),
            day: line.day.to_string(),
            learned: line.learned.as_str(),
            fetched_at: instant(line.fetched_at),
            differences: shown.differences.into_iter().map(DifferenceView::from).collect(),
        }
    }
}

/// Lines of providers' statements, as they were first seen.
#[utoipa::path(
    get, path = "/v1/admin/statement_lines", tag = "admin", operation_id = "list_statement_lines",
    params(LinesQuery, PageParams),
    responses(
        (status = 200, description = "Newest first", body = Listing<LineView>),
        (status = 422, description = "`invalid_query`", body = ProblemView),
    )
)]
pub async fn lines(
    State(app): State<App>,
    _: Staff,
    page: Page<At, LinesQuery>,
) -> Result<Listing<LineView>, Problem> {
    let filter = page.filter.parse()?;
    let rows = statements::list(&app, &filter, page.before, page.rows()).await?;
    Ok(page.answer(rows, |row| (row.line.occurred_at, row.line.id), LineView::from))
}

/// How far one wallet's statement is read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatementProgress)]
pub struct ProgressView {
    #[schema(example = "wave")]
    provider: &'static str,
    #[schema(example = "sn")]
    wallet: String,
    /// `days`: the provider lists whole days; `newest`: the newest only; `none`: lines follow from single movements.
    #[schema(example = "days")]
    list: &'static str,
    /// The first day that was read.
    #[schema(example = "2026-11-01")]
    first_day: Option<String>,
    /// The first day that is not read for good.
    #[schema(example = "2026-11-21")]
    open_day: Option<String>,
    /// Up to when everything was read.
    #[schema(format = DateTime)]
    read_until: Option<String>,
    /// When it is read next.
    #[schema(format = DateTime)]
    next_at: Option<String>,
    /// How many lines are kept.
    lines: i64,
    /// How many of them said something else another time.
    differences: i64,
    /// The sum of what they moved.
    net: Option<MoneyView>,
    #[schema(format = DateTime)]
    last_line_at: Option<String>,
    /// Attempts in a row that failed.
    failures: i64,
    /// What went wrong at the last of them, or what could not be seen.
    error: Option<String>,
}

impl From<Progress> for ProgressView {
    fn from(progress: Progress) -> ProgressView {
        let read = progress.read.as_ref();
        let money = |minor| progress.currency.map(|currency| domain::Money::new(minor, currency).into());
        ProgressView {
            provider: progress.provider.as_str(),
            wallet: progress.wallet.to_string(),
            list: match progress.statements {
                Statements::None => "none",
                Statements::Days => "days",
                Statements::Newest { .. } => "newest",
            },
            first_day: read.map(|read| read.first_day.to_string()),
            open_day: read.map(|read| read.open_day.to_string()),
            read_until: read.and_then(|read| read.whole_at).map(instant),
            next_at: read.map(|read| instant(read.due_at)),
            lines: read.map_or(0, |read| read.lines),
            differences: read.map_or(0, |read| read.differences),
            net: read.and_then(|read| money(read.net_minor)),
            last_line_at: read.and_then(|read| read.last_line_at).map(instant),
            failures: read.map_or(0, |read| read.failures),
            error: read.and_then(|read| read.error.clone()),
        }
    }
}

/// Every wallet's statement, and when they are read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Statements)]
pub struct StatementsView {
    /// By wallet.
    data: Vec<ProgressView>,
    /// When the job last ended.
    #[schema(format = DateTime)]
    last_run_at: Option<String>,
    /// When it is due again.
    #[schema(format = DateTime)]
    next_run_at: Option<String>,
    /// `ok`, or what went wrong; null before the first run.
    #[schema(example = "ok")]
    outcome: Option<String>,
}

/// How far each wallet's statement is read, and what stands in the way.
#[utoipa::path(
    get, path = "/v1/admin/statements", tag = "admin", operation_id = "list_statements",
    responses((status = 200, description = "Every configured wallet", body = StatementsView))
)]
pub async fn progress(State(app): State<App>, _: Staff) -> Result<Json<StatementsView>, Problem> {
    let (progress, job) = (statements::progress(&app).await?, statements::job(&app).await?);
    let job = job.as_ref();
    Ok(Json(StatementsView {
        data: progress.into_iter().map(ProgressView::from).collect(),
        last_run_at: job.and_then(|job| job.last_run_at).map(instant),
        next_run_at: job.and_then(|job| job.next_run_at).map(instant),
        outcome: job.and_then(|job| job.last_outcome.clone()),
    }))
}
