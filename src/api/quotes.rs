//! `/v1/quotes`: an offer, priced now and kept until it expires.

use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{Money, Quote, QuoteError, QuoteId, Rail};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Id, ValidJson};
use super::problem::{Problem, ProblemView};
use super::wire::{self, Fields, MoneyView, instant};
use crate::app::App;
use crate::services::quotes::{self, QuoteAsk, QuoteRefusal};
use crate::services::{Caller, FieldError, ServiceError};

/// A rail that a person has to resume is asked for again after so long.
const WITHOUT_END: Duration = Duration::from_secs(300);

/// The routes of this file.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create)).routes(routes!(find))
}

/// What a quote is asked over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewQuote {
    #[schema(example = "XOF")]
    send_currency: String,
    #[schema(example = "XOF")]
    receive_currency: String,
    /// In the send currency for the sides `send` and `total`, in the receive currency for `receive`.
    amount: MoneyView,
    /// Which amount is fixed: `send`, `receive` or `total` (send and fee together).
    #[schema(example = "send")]
    side: String,
    /// How the payer pays.
    #[schema(example = "wave")]
    funding_rail: String,
    /// How the payee is paid.
    #[schema(example = "wave")]
    payout_rail: String,
    /// Needed where several corridors join the two currencies.
    #[schema(example = "SN")]
    from_country: Option<String>,
    #[schema(example = "CI")]
    to_country: Option<String>,
}

/// An offer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Quote)]
pub struct QuoteView {
    #[schema(example = "quote_01jd3k5x8yf9tq2m7w4c6vbn0e")]
    id: String,
    send: MoneyView,
    receive: MoneyView,
    /// Received per unit sent.
    #[schema(example = "1")]
    rate: String,
    /// Sent per unit received.
    #[schema(example = "1")]
    inverse: String,
    fee: MoneyView,
    /// Send and fee together: what the payer pays.
    total_to_pay: MoneyView,
    from_country: String,
    to_country: String,
    funding_rail: String,
    payout_rail: String,
    /// From then on it is refused.
    expires_at: String,
    /// Money that comes later is not converted, but set apart and given back.
    funding_deadline: String,
    /// Seconds from the payment until the payee usually has the money.
    delivery_estimate_s: i64,
    /// SHA-256 of the terms, in hexadecimal: the same terms for whoever holds this quote.
    terms_digest: String,
}

impl From<&Quote> for QuoteView {
    fn from(quote: &Quote) -> QuoteView {
        QuoteView {
            id: quote.id.to_string(),
            send: quote.send.into(),
            receive: quote.receive.into(),
            rate: quote.rate.normalize().to_string(),
            inverse: quote.inverse.normalize().to_string(),
            fee: quote.fee.into(),
            total_to_pay: quote.total_to_pay.into(),
            from_country: quote.from_country.to_string(),
            to_country: quote.to_country.to_string(),
            funding_rail: quote.funding_rail.to_string(),
            payout_rail: quote.payout_rail.to_string(),
            expires_at: instant(quote.expires_at),
            funding_deadline: instant(quote.funding_deadline),
            delivery_estimate_s: quote.delivery_estimate_s,
            terms_digest: quote.terms_digest_hex(),
        }
    }
}

impl NewQuote {
    fn parse(self) -> Result<QuoteAsk, Problem> {
        let mut fields = Fields::default();
        let send = fields.take(wire::currency(&self.send_currency, "/send_currency"));
        let receive = fields.take(wire::currency(&self.receive_currency, "/receive_currency"));
        let amount = fields.take(wire::money(&self.amount, "/amount"));
        let side = fields.take(wire::word(&self.side, "/side"));
        let funding = fields.take(wire::word(&self.funding_rail, "/funding_rail"));
        let payout = fields.take(wire::word(&self.payout_rail, "/payout_rail"));
        let from = fields.take_some(self.from_country.map(|code| wire::country(&code, "/from_country")));
        let to = fields.take_some(self.to_country.map(|code| wire::country(&code, "/to_country")));
        let ask = (|| {
            Some(QuoteAsk {
                send_currency: send?,
                receive_currency: receive?,
                amount: amount?,
                side: side?,
                funding_rail: funding?,
                payout_rail: payout?,
                from_country: from,
                to_country: to,
            })
        })();
        fields.finish(ask)
    }
}

impl From<QuoteRefusal> for Problem {
    fn from(refusal: QuoteRefusal) -> Problem {
        match refusal {
            QuoteRefusal::CorridorUnavailable => Problem::new("corridor_unavailable"),
            QuoteRefusal::CountryNeeded => Problem::field(
                FieldError::new("/from_country", "missing_field").with("field", "from_country"),
            ),
            QuoteRefusal::Price(error) => of_price(error),
            QuoteRefusal::BeyondRail { rail, min, max, by_hand } => beyond_rail(rail, min, max, by_hand),
            QuoteRefusal::RailUnavailable(refused) => {
                let wait = refused.retry_after.unwrap_or(WITHOUT_END);
                Problem::new("rail_unavailable").about_rail(refused.rail, refused.until).retry_after(wait)
            }
            QuoteRefusal::Store(error) => ServiceError::from(error).into(),
            QuoteRefusal::Rates(error) => error.into(),
        }
    }
}

/// A rail's own limits; for more than they allow, the rail that goes by hand where the corridor has it.
fn beyond_rail(rail: Rail, min: Money, max: Option<Money>, by_hand: bool) -> Problem {
    let text = match (max, by_hand) {
        (Some(_), true) => "amount_beyond_rail_by_hand",
        (Some(_), false) => "amount_beyond_rail",
        (None, _) => "amount_below_rail",
    };
    let field = FieldError::new("/amount", "amount_out_of_range").explained_by(text);
    let field = field.with("rail", rail).with("min", min);
    Problem::field(match max {
        Some(max) => field.with("max", max),
        None => field,
    })
}

fn of_price(error: QuoteError) -> Problem {
    match error {
        QuoteError::AmountOutOfRange { min, max } => Problem::field(
            FieldError::new("/amount", "amount_out_of_range").with("min", min).with("max", max),
        ),
        QuoteError::CurrencyMismatch { expected, .. } => Problem::field(
            FieldError::new("/amount/currency", "currency_mismatch").with("expected", expected),
        ),
        QuoteError::NotPositive { .. } | QuoteError::RoundsToZero { .. } | QuoteError::Overflow => {
            Problem::field(FieldError::new("/amount/amount", "invalid_amount"))
        }
        QuoteError::NoRate { .. } => Problem::new("corridor_unavailable"),
        QuoteError::StaleRate { .. } => Problem::new("rate_stale"),
        QuoteError::Contradictory => ServiceError::internal(error).into(),
    }
}

/// Prices an offer.
#[utoipa::path(
    post, path = "/v1/quotes", tag = "transfers", request_body = NewQuote,
    responses(
        (status = 201, description = "The offer, until `expires_at`", body = QuoteView),
        (status = 401, description = "`unauthenticated`", body = ProblemView),
        (status = 422, description = "`corridor_unavailable`, `amount_out_of_range`, `invalid_amount`, \
            `invalid_currency`, `invalid_country`, `currency_mismatch`", body = ProblemView),
        (status = 503, description = "`rate_stale`, `overloaded`; `rail_unavailable`: the funding rail is down or paused, or \
            the payout rail is paused without an end", body = ProblemView),
    )
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    ValidJson(body): ValidJson<NewQuote>,
) -> Result<Response, Problem> {
    let quote = quotes::create(&app, caller.user, body.parse()?).await?;
    let location = format!("/v1/quotes/{}", quote.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], axum::Json(QuoteView::from(&quote)))
        .into_response())
}

/// An offer of the caller's.
#[utoipa::path(
    get, path = "/v1/quotes/{id}", tag = "transfers", params(("id" = String, Path, description = "`quote_…`")),
    responses(
        (status = 200, description = "The offer", body = QuoteView),
        (status = 401, description = "`unauthenticated`", body = ProblemView),
        (status = 404, description = "`not_found`", body = ProblemView),
    )
)]
pub async fn find(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<QuoteId>,
) -> Result<axum::Json<QuoteView>, Problem> {
    let quote = quotes::find(&app, caller.user, id).await.map_err(ServiceError::from)?;
    let quote = quote.ok_or(ServiceError::NotFound)?;
    Ok(axum::Json(QuoteView::from(&quote)))
}
