//! The control surface: what people and tests may do to the simulators, and gateways never.
//!
//! Everything lives under `/_control`, but for the simulated phone at `/sms/inbox`. Unknown
//! fields are refused, so that a mistyped wish is not silently ignored.

pub mod clock;
pub mod deliveries;
pub mod faults;
pub mod money;
pub mod mtn;
pub mod orange;
pub mod pay;
pub mod portal;
pub mod refusal;
pub mod sms;
pub mod sonatel;
pub mod sonatel_portal;
pub mod stripe;
pub mod stripe_portal;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::Shared;
use crate::fault::Forgery;
use crate::rates;
use refusal::Refusal;

/// Every route of the control surface.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/_control/clock", get(clock::show).post(clock::change))
        .route("/_control/reset", post(reset))
        .route("/_control/{provider}/faults", get(faults::list).post(faults::set).delete(faults::clear))
        .route("/_control/{provider}/deliveries", get(deliveries::list))
        .route("/_control/wave/pay", post(pay::pay))
        .route("/_control/wave/direct", post(pay::direct))
        .route("/_control/wave/forge", post(pay::forge))
        .route("/_control/wave/operations", get(money::operations))
        .route("/_control/wave/balance", get(money::balance))
        .route("/_control/wave/sweep", post(money::sweep))
        .route("/_control/wave/recipients", post(money::recipient))
        .route("/_control/wave/wallets", get(portal::wallets).post(portal::put_wallet))
        .route("/_control/wave/merchants", post(portal::review))
        .route(
            "/_control/wave/webhooks",
            get(portal::webhooks).post(portal::put_webhook).delete(portal::clear_webhooks),
        )
        .route("/_control/wave/tester", post(portal::tester))
        .route("/_control/stripe/pay", post(stripe::pay))
        .route("/_control/stripe/disputes", post(stripe::dispute))
        .route("/_control/stripe/dispute", post(stripe::dispute))
        .route("/_control/stripe/forge", post(stripe::forge))
        .route("/_control/stripe/operations", get(stripe::operations))
        .route("/_control/stripe/balance", get(stripe::balance))
        .route(
            "/_control/stripe/webhooks",
            get(stripe_portal::webhooks)
                .post(stripe_portal::put_webhook)
                .delete(stripe_portal::clear_webhooks),
        )
        .route("/_control/orange/pay", post(orange::pay))
        .route("/_control/orange/forge", post(orange::forge))
        .route("/_control/orange/operations", get(orange::operations))
        .route("/_control/orange/balance", get(orange::balance))
        .route("/_control/orange/sweep", post(orange::sweep))
        .route("/_control/orange/merchants", get(orange::merchants).post(orange::put_merchant))
        .route("/_control/mtn/pay", post(mtn::pay))
        .route("/_control/mtn/forge", post(mtn::forge))
        .route("/_control/mtn/deliveries", get(mtn::deliveries))
        .route("/_control/mtn/consents", post(mtn::consent))
        .route("/_control/mtn/operations", get(mtn::operations))
        .route("/_control/mtn/balance", get(mtn::balance))
        .route("/_control/mtn/top_up", post(mtn::top_up))
        .route("/_control/mtn/sweep", post(mtn::sweep))
        .route("/_control/mtn/people", post(mtn::person))
        .route("/_control/mtn/environments", get(mtn::environments).post(mtn::put_environment))
        .route("/_control/mtn/users", get(mtn::users).post(mtn::put_user))
        .route("/_control/mtn/subscriptions", get(mtn::subscriptions).post(mtn::put_subscription))
        .merge(of_sonatel())
        .route("/_control/sms/credits", post(sms::credits))
        .route("/_control/rates/values", get(rates::show).post(rates::set).delete(rates::clear))
        .route("/sms/inbox", get(sms::inbox))
        .method_not_allowed_fallback(async || {
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "wrong method")
        })
}

/// Orange Sonatel's part.
fn of_sonatel() -> Router<Shared> {
    Router::new()
        .route("/_control/sonatel/pay", post(sonatel::pay))
        .route("/_control/sonatel/operations", get(sonatel::operations))
        .route("/_control/sonatel/balance", get(sonatel::balance))
        .route("/_control/sonatel/forge", post(sonatel::forge))
        .route("/_control/sonatel/sweep", post(sonatel::sweep))
        .route("/_control/sonatel/fund", post(sonatel::fund))
        .route("/_control/sonatel/people", post(sonatel::person))
        .route("/_control/sonatel/keys", get(sonatel_portal::keys).post(sonatel_portal::rotate))
        .route("/_control/sonatel/pin", post(sonatel_portal::pin))
        .route("/_control/sonatel/otp", post(sonatel_portal::otp))
        .route("/_control/sonatel/settings", get(sonatel_portal::settings).post(sonatel_portal::put_settings))
}

/// The body of `POST /_control/{provider}/forge`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForgeWish {
    /// What the callback tells of.
    pub reference: String,
    /// What is wrong with it.
    #[serde(default)]
    pub variant: Forgery,
}

/// `POST /_control/reset`: empty books and no faults; wallets, keys and webhooks stay.
async fn reset(State(app): State<Shared>) -> Result<Json<Value>, Refusal> {
    app.books.reset()?;
    app.faults.clear_all();
    Ok(Json(json!({ "data": "empty books" })))
}
