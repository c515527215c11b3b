//! A simulated MTN MoMo Open API: collection, disbursement and remittance.
//!
//! Written from notes on MTN's portal pages, its SDKs and what clients measured, not from a live
//! account; what no source tells is *chosen* and marked so where it is decided. Everything is
//! asynchronous: a call is accepted with an empty 202, and its end is told by a status call and
//! by an unsigned callback. Each target environment has one wallet with real money in it; one of
//! them, `sandbox`, has MTN's test numbers, the others have people (see [`people`]).
//!
//! Deliberately absent: fees, of which no answer tells, and the look-up and cancellation of
//! pre-approvals.

pub mod ask;
pub mod call;
pub mod callback;
pub mod config;
pub mod consent;
pub mod errors;
pub mod fields;
pub mod holder;
pub mod kind;
pub mod movement;
pub mod people;
pub mod portal;
pub mod provision;
pub mod record;
pub mod script;
pub mod sender;
pub mod settle;
pub mod token;

use axum::Router;
use axum::http::Uri;
use axum::middleware::from_fn;
use axum::routing::{delete, get, post};

use crate::app::Shared;
use ask::{creates, everywhere, shows};
use errors::MtnError;
use kind::Kind;
use kind::Verb::{Post, Put};

/// The tables of its books.
pub const SCHEMA: &str = include_str!("schema.sql");

/// What a reset empties: environments, keys and users stay, balances return to their opening.
pub const RESET: &str = "
    DELETE FROM mtn_movements; DELETE FROM mtn_agenda; DELETE FROM mtn_operations;
    DELETE FROM mtn_tokens; DELETE FROM mtn_people; DELETE FROM mtn_consents;
    UPDATE mtn_environments SET balance = opening;
";

/// The API, at its real paths behind `/mtn`.
pub fn api() -> Router<Shared> {
    Router::new()
        .route("/mtn/v1_0/apiuser", post(provision::create))
        .route("/mtn/v1_0/apiuser/{id}", get(provision::get))
        .route("/mtn/v1_0/apiuser/{id}/apikey", post(provision::create_key))
        .merge(shared())
        .merge(collection())
        .merge(disbursement())
        .method_not_allowed_fallback(async |uri: Uri| no_such_path(&uri))
        .layer(from_fn(call::edge))
}

/// What all three products have.
fn shared() -> Router<Shared> {
    let mut router = Router::new();
    for path in everywhere("token/") {
        router = router.route(&path, post(token::create));
    }
    for path in everywhere("v1_0/account/balance") {
        router = router.route(&path, get(ask::balance));
    }
    for path in everywhere("v1_0/account/balance/{currency}") {
        router = router.route(&path, get(ask::balance_in));
    }
    for path in everywhere("v1_0/accountholder/{type}/{id}/active") {
        router = router.route(&path, get(holder::active));
    }
    for path in everywhere("v1_0/accountholder/{type}/{id}/basicuserinfo") {
        router = router.route(&path, get(holder::basic_info));
    }
    for path in everywhere("v1_0/bc-authorize") {
        router = router.route(&path, post(consent::ask));
    }
    for path in everywhere("oauth2/token/") {
        router = router.route(&path, post(consent::exchange));
    }
    for path in everywhere("oauth2/v1_0/userinfo") {
        router = router.route(&path, get(consent::user_info));
    }
    router
}

fn collection() -> Router<Shared> {
    Router::new()
        .route("/mtn/collection/v1_0/requesttopay", creates(Kind::RequestToPay, Post))
        .route("/mtn/collection/v1_0/requesttopay/{id}", shows(Kind::RequestToPay))
        .route("/mtn/collection/v1_0/requesttopay/{id}/deliverynotification", post(ask::notify))
        .route("/mtn/collection/v1_0/requesttowithdraw", creates(Kind::RequestToWithdraw, Post))
        .route("/mtn/collection/v2_0/requesttowithdraw", creates(Kind::RequestToWithdraw, Put))
        .route("/mtn/collection/v1_0/requesttowithdraw/{id}", shows(Kind::RequestToWithdraw))
        .route("/mtn/collection/v2_0/invoice", creates(Kind::Invoice, Put))
        .route("/mtn/collection/v2_0/invoice/{id}", shows(Kind::Invoice).merge(delete(ask::cancel)))
        .route("/mtn/collection/v2_0/payment", creates(Kind::Payment, Put))
        .route("/mtn/collection/v2_0/payment/{id}", shows(Kind::Payment))
        .route("/mtn/collection/v2_0/preapproval", creates(Kind::PreApproval, Put))
        .route("/mtn/collection/v2_0/preapproval/{id}", shows(Kind::PreApproval))
}

fn disbursement() -> Router<Shared> {
    Router::new()
        .route("/mtn/disbursement/v1_0/transfer", creates(Kind::Transfer, Post))
        .route("/mtn/disbursement/v1_0/transfer/{id}", shows(Kind::Transfer))
        .route("/mtn/disbursement/v1_0/deposit", creates(Kind::Deposit, Post))
        .route("/mtn/disbursement/v2_0/deposit", creates(Kind::Deposit, Put))
        .route("/mtn/disbursement/v1_0/deposit/{id}", shows(Kind::Deposit))
        .route("/mtn/disbursement/v1_0/refund", creates(Kind::Refund, Post))
        .route("/mtn/disbursement/v2_0/refund", creates(Kind::Refund, Put))
        .route("/mtn/disbursement/v1_0/refund/{id}", shows(Kind::Refund))
        .route("/mtn/remittance/v1_0/transfer", creates(Kind::Remittance, Post))
        .route("/mtn/remittance/v1_0/transfer/{id}", shows(Kind::Remittance))
        .route("/mtn/remittance/v2_0/cashtransfer", creates(Kind::CashTransfer, Put))
        .route("/mtn/remittance/v2_0/cashtransfer/{id}", shows(Kind::CashTransfer))
}

/// A path or method that does not exist: 404 of the gateway; two slashes in a row are a 400.
pub fn no_such_path(uri: &Uri) -> MtnError {
    match uri.path().contains("//") {
        true => MtnError::bad_request(),
        false => MtnError::gateway(404, "Resource not found"),
    }
}
