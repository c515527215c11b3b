//! `/v1/admin/quotes`: what a quote earned us and the rates it was made of, for admins alone.

use axum::Json;
use axum::extract::State;
use domain::{Quote, QuoteId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::extract::{Admin, Id};
use crate::api::problem::{Problem, ProblemView};
use crate::api::wire::{MoneyView, instant};
use crate::app::App;
use crate::services::quotes;

/// A quote with what it earns. For admins only.
#[derive(Serialize, ToSchema)]
#[schema(as = AdminQuote)]
pub struct AdminQuoteView {
    #[schema(example = "quote_01jd3k5x8yf9tq2m7w4c6vbn0e")]
    id: String,
    owner: String,
    send: MoneyView,
    receive: MoneyView,
    fee: MoneyView,
    /// The customer's rate: received per unit sent.
    rate: String,
    /// What the conversion earns us, in what is sent or in what is received.
    margin: MoneyView,
    /// The rates that it was made of, in the order in which money takes them: `pair`, `direction`, `mid`, `rate`,
    /// `source`, `as_of`. Null where nothing was converted.
    #[schema(value_type = Option<Vec<Object>>)]
    legs: Option<serde_json::Value>,
    created_at: String,
}

impl AdminQuoteView {
    fn of(quote: &Quote, legs: Option<serde_json::Value>) -> AdminQuoteView {
        AdminQuoteView {
            id: quote.id.to_string(),
            owner: quote.owner.to_string(),
            send: quote.send.into(),
            receive: quote.receive.into(),
            fee: quote.fee.into(),
            rate: quote.rate.normalize().to_string(),
            margin: (*quote.margin.reveal()).into(),
            legs,
            created_at: instant(quote.created_at),
        }
    }
}

/// A quote, with the mids it was made of.
#[utoipa::path(
    get, path = "/v1/admin/quotes/{id}", tag = "admin",
    params(("id" = String, Path, description = "`quote_…`")),
    responses(
        (status = 200, description = "The quote and its legs", body = AdminQuoteView),
        (status = 404, description = "`not_found`", body = ProblemView),
    )
)]
pub async fn find(
    State(app): State<App>,
    Admin(caller): Admin,
    Id(id): Id<QuoteId>,
) -> Result<Json<AdminQuoteView>, Problem> {
    let (quote, legs) = quotes::find_with_legs(&app, &caller, id).await?;
    Ok(Json(AdminQuoteView::of(&quote, legs)))
}
