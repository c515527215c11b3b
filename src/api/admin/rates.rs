//! `/v1/admin/rates`: what currencies cost us and what customers get, for admins alone.
//!
//! Mids and spreads are in the types of this file and of its neighbour for approvals, and in no other view.

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{Currency, CustomerRate, Pair, Rate, Spread};
use serde::{Deserialize, Serialize};
use store::rates::{FeedState, RateVersion};
use utoipa::ToSchema;

use super::approvals::ApprovalView;
use crate::api::extract::{Admin, Listing, Page, ValidJson};
use crate::api::openapi::PageParams;
use crate::api::problem::{Problem, ProblemView};
use crate::api::wire::{self, Fields, instant};
use crate::app::App;
use crate::services::rates::{self, NewRate, Outcome, Terms};
use crate::services::{FieldError, ServiceError};

/// A rate that is to be in force. Give each customer's rate either outright or as a spread.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRateBody {
    /// What one unit of the base costs us, in the quote currency: decimal text of up to 18 digits.
    #[schema(example = "2500")]
    mid: String,
    /// What customers pay for the base; not below mid.
    #[schema(example = "2812.5")]
    sell_rate: Option<String>,
    /// How far above mid that is, in basis points.
    #[schema(example = "1250")]
    sell_spread_bps: Option<String>,
    /// What customers get for the base; not above mid.
    #[schema(example = "2450")]
    buy_rate: Option<String>,
    /// How far below mid that is, in basis points.
    #[schema(example = "200")]
    buy_spread_bps: Option<String>,
    /// Who says so.
    #[schema(example = "bank of the day")]
    source: String,
    /// When they said so; now when absent.
    as_of: Option<String>,
    /// How long it is quoted, in seconds; as the settings say when absent. A rate fixed by treaty does not age.
    #[schema(example = 86_400)]
    max_age_s: Option<i64>,
    /// The version that this is meant to follow; 409 `changed_meanwhile` when it is not the one in force.
    #[schema(example = 3)]
    version: Option<i64>,
}

/// A rate, in force or once in force. For admins only.
#[derive(Serialize, ToSchema)]
#[schema(as = AdminRate)]
pub struct RateView {
    #[schema(example = "CNY")]
    base: &'static str,
    #[schema(example = "GNF")]
    quote: &'static str,
    /// What one unit of the base costs us, in the quote currency.
    #[schema(example = "2500")]
    mid: String,
    /// What customers pay for the base.
    #[schema(example = "2812.5")]
    sell_rate: String,
    /// Null where the rate was given outright.
    #[schema(example = "1250")]
    sell_spread_bps: Option<String>,
    /// What customers get for the base.
    #[schema(example = "2450")]
    buy_rate: String,
    /// Null where the rate was given outright.
    #[schema(example = "200")]
    buy_spread_bps: Option<String>,
    source: String,
    as_of: String,
    /// Null for what does not age.
    max_age_s: Option<i64>,
    /// Whether it is too old to be quoted.
    is_stale: bool,
    /// Which of its pair's rates it is; 0 for the treaty's, before anybody set a spread on it.
    version: i64,
    /// A user's id, `rate feed`, or `treaty`.
    set_by: String,
    /// The approval it took, if it took one.
    approval_id: Option<String>,
    approved_by: Option<String>,
    /// Since when it is in force.
    set_at: String,
}

/// All rates in force, and how the rate feed does. For admins only.
#[derive(Serialize, ToSchema)]
#[schema(as = AdminRates)]
pub struct RatesView {
    /// By pair.
    data: Vec<RateView>,
    /// Null when the settings name no pair that follows one.
    feed: Option<FeedView>,
}

/// How the rate feed does.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RateFeed)]
pub struct FeedView {
    /// Pairs that follow it.
    pairs: Vec<String>,
    /// Failed readings since the last good one.
    failures: i64,
    succeeded_at: Option<String>,
    failed_at: Option<String>,
    /// What went wrong; null after a good reading.
    last_error: Option<String>,
}

impl RateView {
    fn of(kept: &RateVersion, now: DateTime<Utc>) -> Result<RateView, ServiceError> {
        let terms = Terms::of(&kept.rate).map_err(ServiceError::internal)?;
        Ok(RateView {
            base: kept.rate.pair.base.code(),
            quote: kept.rate.pair.quote.code(),
            mid: terms.mid,
            sell_rate: terms.sell_rate,
            sell_spread_bps: terms.sell_spread_bps,
            buy_rate: terms.buy_rate,
            buy_spread_bps: terms.buy_spread_bps,
            source: terms.source,
            as_of: terms.as_of,
            max_age_s: terms.max_age_s,
            is_stale: kept.rate.is_stale(now),
            version: kept.version,
            set_by: kept.set_by.clone(),
            approval_id: kept.consent.map(|(approval, _)| approval.to_string()),
            approved_by: kept.consent.map(|(_, user)| user.to_string()),
            set_at: instant(kept.created_at),
        })
    }
}

impl FeedView {
    fn of(app: &App, state: FeedState) -> FeedView {
        let pairs = app.config.rates.feed.iter().flat_map(|feed| &feed.pairs);
        FeedView {
            pairs: pairs.map(Pair::to_string).collect(),
            failures: state.failures,
            succeeded_at: state.succeeded_at.map(instant),
            failed_at: state.failed_at.map(instant),
            last_error: state.last_error,
        }
    }
}

/// `{base}/{quote}` of the path. What is no pair does not exist.
pub struct PairPath(Pair);

impl FromRequestParts<App> for PairPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<PairPath, Problem> {
        let not_found = || Problem::new("not_found");
        let path = Path::<(String, String)>::from_request_parts(parts, app).await;
        let Path((base, quote)) = path.map_err(|_| not_found())?;
        let pair = Currency::parse(&base).ok().zip(Currency::parse(&quote).ok());
        pair.and_then(|(base, quote)| Pair::new(base, quote).ok()).map(PairPath).ok_or_else(not_found)
    }
}

impl NewRateBody {
    fn parse(self, pair: Pair) -> Result<NewRate, Problem> {
        let mut fields = Fields::default();
        let mid = fields.take(rate(&self.mid, "/mid"));
        let sell = fields.take(customer(self.sell_rate, self.sell_spread_bps, "sell"));
        let buy = fields.take(customer(self.buy_rate, self.buy_spread_bps, "buy"));
        let source = fields.take(wire::text(&self.source, "/source", 100));
        let as_of = fields.take_some(self.as_of.map(|text| wire::word(&text, "/as_of")));
        let max_age = fields.take_some(self.max_age_s.map(age));
        let new = (|| {
            let (mid, sell, buy, source) = (mid?, sell?, buy?, source?);
            Some(NewRate { pair, mid, sell, buy, source, as_of, max_age, version: self.version })
        })();
        fields.finish(new)
    }
}

fn rate(text: &str, pointer: &str) -> Result<Rate, FieldError> {
    Rate::parse(text).map_err(|_| FieldError::new(pointer, "invalid_rate"))
}

fn age(seconds: i64) -> Result<TimeDelta, FieldError> {
    let age = TimeDelta::try_seconds(seconds).filter(|_| (1..=31_536_000).contains(&seconds));
    age.ok_or_else(|| FieldError::new("/max_age_s", "invalid_value"))
}

/// One of the two, and not both.
fn customer(
    outright: Option<String>,
    bps: Option<String>,
    side: &'static str,
) -> Result<CustomerRate, FieldError> {
    let at = |what: &str| format!("/{side}_{what}");
    match (outright, bps) {
        (Some(text), None) => rate(&text, &at("rate")).map(CustomerRate::Outright),
        (None, Some(text)) => {
            let refused = |_| FieldError::new(at("spread_bps"), "invalid_rate");
            Spread::parse(&text).map(CustomerRate::Spread).map_err(refused)
        }
        (Some(_), Some(_)) => Err(FieldError::new(at("spread_bps"), "invalid_value")),
        (None, None) => {
            Err(FieldError::new(at("rate"), "missing_field").with("field", format!("{side}_rate")))
        }
    }
}

/// Every rate in force.
#[utoipa::path(
    get, path = "/v1/admin/rates", tag = "admin",
    responses((status = 200, description = "By pair, with how the rate feed does", body = RatesView))
)]
pub async fn list(State(app): State<App>, Admin(caller): Admin) -> Result<Json<RatesView>, Problem> {
    let now = app.clock.now();
    let kept = rates::in_force(&app, &caller).await?;
    let data = kept.iter().map(|kept| RateView::of(kept, now)).collect::<Result<Vec<_>, _>>()?;
    let feed = rates::feed_state(&app, &caller).await?.map(|state| FeedView::of(&app, state));
    Ok(Json(RatesView { data, feed }))
}

/// The rate in force of a pair.
#[utoipa::path(
    get, path = "/v1/admin/rates/{base}/{quote}", tag = "admin",
    params(("base" = String, Path, example = "CNY"), ("quote" = String, Path, example = "GNF")),
    responses(
        (status = 200, description = "The rate, in the direction that it is stored in", body = RateView),
        (status = 404, description = "`not_found`", body = ProblemView),
    )
)]
pub async fn find(
    State(app): State<App>,
    Admin(caller): Admin,
    PairPath(pair): PairPath,
) -> Result<Json<RateView>, Problem> {
    let kept = rates::find(&app, &caller, pair).await?;
    Ok(Json(RateView::of(&kept, app.clock.now())?))
}

/// Sets the rate of a pair, or asks a second admin for it.
///
/// A step beyond what one person may take answers 202 with the approval that waits for another admin. A newer change
/// voids it.
#[utoipa::path(
    put, path = "/v1/admin/rates/{base}/{quote}", tag = "admin", request_body = NewRateBody,
    params(("base" = String, Path, example = "CNY"), ("quote" = String, Path, example = "GNF")),
    responses(
        (status = 200, description = "In force from now on", body = RateView),
        (status = 202, description = "Waits for a second admin", body = ApprovalView),
        (status = 404, description = "`not_found`", body = ProblemView),
        (status = 409, description = "`changed_meanwhile`", body = ProblemView),
        (status = 422, description = "`invalid_rate`, `rate_out_of_bounds`, `rate_outdated`, `rate_fixed`, \
            `pair_reversed`, `invalid_text`", body = ProblemView),
    )
)]
pub async fn set(
    State(app): State<App>,
    Admin(caller): Admin,
    PairPath(pair): PairPath,
    ValidJson(body): ValidJson<NewRateBody>,
) -> Result<Response, Problem> {
    match rates::set(&app, &caller, body.parse(pair)?).await? {
        Outcome::InForce(kept) => Ok(Json(RateView::of(&kept, app.clock.now())?).into_response()),
        Outcome::Waits(approval) => {
            let location = [(header::LOCATION, format!("/v1/admin/approvals/{}", approval.id))];
            Ok((StatusCode::ACCEPTED, location, Json(ApprovalView::from(approval))).into_response())
        }
    }
}

/// What was in force of a pair.
#[utoipa::path(
    get, path = "/v1/admin/rates/{base}/{quote}/history", tag = "admin",
    params(("base" = String, Path, example = "CNY"), ("quote" = String, Path, example = "GNF"), PageParams),
    responses(
        (status = 200, description = "Newest first, in the direction that each was stored in", body = Listing<RateView>),
        (status = 404, description = "`not_found`", body = ProblemView),
    )
)]
pub async fn history(
    State(app): State<App>,
    Admin(caller): Admin,
    PairPath(pair): PairPath,
    page: Page<i64>,
) -> Result<Listing<RateView>, Problem> {
    let now = app.clock.now();
    let rows = rates::history(&app, &caller, pair, page.before, page.rows()).await?;
    let shown: Result<Vec<_>, _> = rows.iter().map(|kept| RateView::of(kept, now)).collect();
    Ok(page.answer(shown?, |shown| shown.version, |shown| shown))
}
