//! A simulated Wave Business API.
//!
//! Written from notes on Wave's published documentation (<https://docs.wave.com>: business,
//! checkout, payout, balance, aggregated merchants and webhooks) and on what its clients have met, not from a live
//! account; what no source tells is *chosen* and marked so where it is decided. Wallets hold real
//! balances, every movement is a statement line, and callbacks commit with what they tell of.
//!
//! Deliberately absent: business-to-business payouts, whose fields are unknown.

pub mod auth;
pub mod batch;
pub mod checkout;
pub mod collect;
pub mod errors;
pub mod fee;
pub mod fields;
pub mod idempotency;
pub mod ledger;
pub mod merchant;
pub mod merchant_book;
pub mod page;
pub mod payout;
pub mod payout_book;
pub mod recipient;
pub mod refund;
pub mod reverse;
pub mod sender;
pub mod session;
pub mod settle;
pub mod signing;
pub mod statement;
pub mod wallet;
pub mod webhooks;

use axum::Router;
use axum::routing::{get, post};

use crate::app::Shared;
use errors::WaveError;

/// The API, at its real paths behind `/wave`.
pub fn api() -> Router<Shared> {
    Router::new()
        .route("/wave/v1/checkout/sessions", post(checkout::create).get(checkout::by_transaction))
        .route("/wave/v1/checkout/sessions/search", get(checkout::search))
        .route("/wave/v1/checkout/sessions/{id}", get(checkout::get))
        .route("/wave/v1/checkout/sessions/{id}/expire", post(checkout::expire))
        .route("/wave/v1/checkout/sessions/{id}/refund", post(refund::of_session))
        .route("/wave/v1/transactions", get(statement::transactions))
        .route("/wave/v1/transactions/{id}/refund", post(refund::of_transaction))
        .route("/wave/v1/balance", get(statement::balance))
        .route("/wave/v1/payout", post(payout::create))
        .route("/wave/v1/payout/{id}", get(payout::get))
        .route("/wave/v1/payout/{id}/reverse", post(reverse::reverse))
        .route("/wave/v1/payouts/search", get(payout::search))
        .route("/wave/v1/payout-batch", post(batch::create))
        .route("/wave/v1/payout-batch/", post(batch::create))
        .route("/wave/v1/payout-batch/{id}", get(batch::get))
        .route("/wave/v1/aggregated_merchants", post(merchant::create).get(merchant::list))
        .route(
            "/wave/v1/aggregated_merchants/{id}",
            get(merchant::get).put(merchant::update).delete(merchant::delete),
        )
        .route("/wave/v1/verify_recipient", post(recipient::verify))
        .route("/wave/v1/verify_recipient/", post(recipient::verify))
        .method_not_allowed_fallback(async || wrong_method())
}

/// The hosted pages.
pub fn pages() -> Router<Shared> {
    Router::new()
        .route("/wave/c/{id}", get(page::show))
        .route("/wave/c/{id}/pay", post(page::pay))
        .route("/wave/c/{id}/decline", post(page::decline))
}

/// 405 of a path that exists.
fn wrong_method() -> WaveError {
    WaveError::new(405, "method-not-allowed", "This path does not answer that method")
}

/// 404 of a path that does not exist.
pub fn no_such_path() -> WaveError {
    WaveError::not_found("Path")
}
