//! What anybody may ask of the gateway: whether it lives, whether it is ready, and what it offers.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::routing::Reach;
use domain::{Country, Health, Rail};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::Query;
use super::problem::{Problem, operators};
use super::wire::{Fields, MoneyView, currency, instant, phone};
use crate::app::App;
use crate::config::Corridor;
use crate::services::offer::{self, Limits, RailOffer, Refunds};
use crate::services::{numbers, readiness};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(alive))
        .routes(routes!(ready))
        .routes(routes!(rails))
        .routes(routes!(corridors))
        .routes(routes!(rate))
}

/// That the process lives.
#[derive(Debug, Serialize, ToSchema)]
struct Alive {
    /// Always `alive`.
    #[schema(example = "alive")]
    status: &'static str,
}

/// Is the process alive?
///
/// Says nothing about the book or the providers: see `/readyz`.
#[utoipa::path(get, path = "/healthz", tag = "service", responses((status = 200, body = Alive)))]
async fn alive() -> Json<Alive> {
    Json(Alive { status: "alive" })
}

/// Whether the gateway can take money work.
#[derive(Debug, Serialize, ToSchema)]
struct Readiness {
    /// `ready` or `not_ready`.
    #[schema(example = "ready")]
    status: &'static str,
    /// What stands in the way: `book_failed`, `database_not_writable`, `database_too_slow`, `migrations_pending`,
    /// `disk_low`.
    reasons: Vec<&'static str>,
    /// Lists that names are screened against; 0: nobody is screened.
    #[schema(example = 1)]
    screening_lists: usize,
}

/// Can the gateway take money work?
///
/// Tries to write to the book, and looks at its schema and at the free space beside it.
#[utoipa::path(get, path = "/readyz", tag = "service", responses(
    (status = 200, description = "It can.", body = Readiness),
    (status = 503, description = "It cannot, for these reasons.", body = Readiness),
))]
async fn ready(State(app): State<App>) -> Response {
    let reasons = readiness::obstacles(&app).await;
    let (status, word) = match reasons.is_empty() {
        true => (StatusCode::OK, "ready"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not_ready"),
    };
    (status, Json(Readiness { status: word, reasons, screening_lists: app.screening.lists().len() }))
        .into_response()
}

/// A list without pages.
#[derive(Debug, Serialize, ToSchema)]
struct All<T> {
    /// All of them.
    data: Vec<T>,
}

/// A way to pay or be paid.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rail)]
struct RailView {
    #[schema(example = "wave")]
    rail: &'static str,
    /// For people.
    #[schema(example = "Wave")]
    name: &'static str,
    /// ISO 3166.
    #[schema(example = json!(["CI", "SN"]))]
    countries: Vec<String>,
    /// Whose numbers it reaches, by the operator that their series was given to; null: anybody's.
    #[schema(example = json!(["orange"]))]
    operators: Option<Vec<&'static str>>,
    /// ISO 4217.
    #[schema(example = json!(["XOF"]))]
    currencies: Vec<&'static str>,
    /// Whether it takes money from payers; null when it does not.
    collect: Option<RangeView>,
    /// Whether it pays; null when it does not.
    disburse: Option<RangeView>,
    /// How much of a collection can be given back: `full`, `partial` (any part) or null.
    #[schema(example = "full")]
    refund: Option<&'static str>,
    /// `operational`, `degraded` or `down` (nothing is quoted that it would collect; payouts by it wait): the worst of
    /// both directions.
    #[schema(example = "operational")]
    health: &'static str,
    /// Taking money from payers; null when it does not.
    #[schema(example = "operational")]
    collect_health: Option<&'static str>,
    /// Paying; null when it does not.
    #[schema(example = "operational")]
    disburse_health: Option<&'static str>,
}

/// How much at once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Range)]
struct RangeView {
    /// The least; null where the provider decides.
    min: Option<MoneyView>,
    /// The most; null where the provider decides.
    max: Option<MoneyView>,
}

impl From<Limits> for RangeView {
    fn from(range: Limits) -> RangeView {
        RangeView { min: range.min.map(MoneyView::from), max: range.max.map(MoneyView::from) }
    }
}

impl From<RailOffer> for RailView {
    fn from(offer: RailOffer) -> RailView {
        RailView {
            rail: offer.rail.as_str(),
            name: name(offer.rail),
            countries: offer.countries.iter().map(Country::to_string).collect(),
            operators: match offer.rail.reach() {
                Reach::Of(of) => operators(of),
                Reach::Any | Reach::NoNumbers => None,
            },
            currencies: offer.currencies.iter().map(|currency| currency.code()).collect(),
            collect: offer.collect.map(RangeView::from),
            disburse: offer.disburse.map(RangeView::from),
            refund: match offer.refunds {
                Refunds::None => None,
                Refunds::Full => Some("full"),
                Refunds::Partial | Refunds::Anew => Some("partial"),
            },
            health: offer.health.worst().as_str(),
            collect_health: offer.health.collect.map(Health::as_str),
            disburse_health: offer.health.disburse.map(Health::as_str),
        }
    }
}

fn name(rail: Rail) -> &'static str {
    match rail {
        Rail::Wave => "Wave",
        Rail::OrangeWeb => "Orange Money (web)",
        Rail::OrangeSonatel => "Orange Money (Sonatel)",
        Rail::MtnMomo => "MTN MoMo",
        Rail::SepaTransfer => "SEPA transfer",
        Rail::SepaDebit => "SEPA direct debit",
        Rail::Manual => "Manual",
        Rail::Balance => "Balance",
    }
}

/// For whom rails are asked.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RailQuery {
    /// A phone number: only rails that reach it, best first. Write its `+` as `%2B`. Told by its country and series
    /// alone; nobody is asked whether it has an account.
    #[param(example = "+224660001122")]
    phone: Option<String>,
}

/// Ways to pay and be paid; those that reach a number, when one is given.
#[utoipa::path(get, path = "/v1/rails", tag = "service", params(RailQuery),
    responses((status = 200, body = All<RailView>)),
    extensions(("x-problems" = json!(["invalid_query", "invalid_phone"]))))]
async fn rails(
    State(app): State<App>,
    Query(asked): Query<RailQuery>,
) -> Result<Json<All<RailView>>, Problem> {
    let mut fields = Fields::default();
    let phone = fields.take_some(asked.phone.as_deref().map(|text| phone(text, "/phone")));
    fields.check()?;
    let rails = match phone {
        Some(phone) => numbers::rails_for(&app, &phone).await?,
        None => offer::rails(&app).await?,
    };
    Ok(Json(All { data: rails.into_iter().map(RailView::from).collect() }))
}

/// A direction that is served.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Corridor)]
struct CorridorView {
    #[schema(example = "SN")]
    from_country: String,
    #[schema(example = "XOF")]
    send_currency: &'static str,
    #[schema(example = "CI")]
    to_country: String,
    #[schema(example = "XOF")]
    receive_currency: &'static str,
    #[schema(example = json!(["wave", "balance"]))]
    funding_rails: Vec<&'static str>,
    #[schema(example = json!(["wave", "balance"]))]
    payout_rails: Vec<&'static str>,
    fee: FeeView,
    /// The least that can be sent.
    min: MoneyView,
    /// The most that can be sent.
    max: MoneyView,
    /// Seconds from the payment to the delivery, as a rule.
    #[schema(example = 60)]
    delivery_estimate: i64,
}

/// What sending costs: `fixed` and `bps` of what is sent, rounded up, within `min` and `max`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Fee)]
struct FeeView {
    fixed: MoneyView,
    /// Hundredths of a percent, as decimal text.
    #[schema(example = "100")]
    bps: String,
    min: Option<MoneyView>,
    max: Option<MoneyView>,
}

impl From<&Corridor> for CorridorView {
    fn from(corridor: &Corridor) -> CorridorView {
        CorridorView {
            from_country: corridor.from.to_string(),
            send_currency: corridor.send_currency.code(),
            to_country: corridor.to.to_string(),
            receive_currency: corridor.receive_currency.code(),
            funding_rails: corridor.funding_rails.iter().map(|rail| rail.as_str()).collect(),
            payout_rails: corridor.payout_rails.iter().map(|rail| rail.as_str()).collect(),
            fee: FeeView {
                fixed: corridor.fee_fixed.into(),
                bps: corridor.fee_bps.normalize().to_string(),
                min: corridor.fee_min.map(MoneyView::from),
                max: corridor.fee_max.map(MoneyView::from),
            },
            min: corridor.min.into(),
            max: corridor.max.into(),
            delivery_estimate: corridor.delivery_estimate_s,
        }
    }
}

/// Directions that are served.
#[utoipa::path(get, path = "/v1/corridors", tag = "service", responses((status = 200, body = All<CorridorView>)))]
async fn corridors(State(app): State<App>) -> Json<All<CorridorView>> {
    Json(All { data: offer::corridors(&app).iter().map(CorridorView::from).collect() })
}

/// Which rate is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Direction {
    /// What is sent, ISO 4217.
    #[param(example = "XOF")]
    from: String,
    /// What arrives, ISO 4217.
    #[param(example = "XOF")]
    to: String,
}

/// The customer's rate in one direction.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rate)]
struct RateView {
    #[schema(example = "XOF")]
    from: &'static str,
    #[schema(example = "XOF")]
    to: &'static str,
    /// Units received per unit sent.
    #[schema(example = "1")]
    rate: String,
    /// Units sent per unit received.
    #[schema(example = "1")]
    inverse: String,
    /// When it was read.
    #[schema(format = DateTime)]
    as_of: String,
}

/// The customer's rate in one direction.
#[utoipa::path(get, path = "/v1/rates", tag = "service", params(Direction),
    responses((status = 200, body = RateView)),
    extensions(("x-problems" = json!(["invalid_query", "invalid_currency", "not_found", "rate_stale"]))))]
async fn rate(State(app): State<App>, Query(asked): Query<Direction>) -> Result<Json<RateView>, Problem> {
    let mut fields = Fields::default();
    let from = fields.take(currency(&asked.from, "/from"));
    let to = fields.take(currency(&asked.to, "/to"));
    let (from, to) = fields.finish(from.zip(to))?;
    let rate = offer::rate(&app, from, to).await?;
    Ok(Json(RateView {
        from: from.code(),
        to: to.code(),
        rate: rate.rate.normalize().to_string(),
        inverse: rate.inverse.normalize().to_string(),
        as_of: instant(rate.as_of),
    }))
}
