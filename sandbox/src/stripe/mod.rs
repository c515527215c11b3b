//! A simulated Stripe account that takes euros: SEPA debits, bank transfers, refunds, payouts,
//! and subscriptions with their invoices.
//!
//! Written from notes on Stripe's published documentation (<https://docs.stripe.com>, version
//! `2026-09-30.endive`), never from a live account; what no source tells is *chosen* and marked so
//! where it is decided. Requests are forms, answers JSON; every change of money is a balance
//! transaction, and events commit with what they tell of.
//!
//! Deliberately absent: cards, other currencies, connected accounts.

pub mod agree;
pub mod balance;
pub mod basket;
pub mod billing;
pub mod book;
pub mod calendar;
pub mod charge;
pub mod checkout;
pub mod config;
pub mod confirm;
pub mod customer;
pub mod debit;
pub mod dispute;
pub mod endpoint;
pub mod errors;
pub mod event;
pub mod http;
pub mod iban;
pub mod idempotency;
pub mod intent;
pub mod list;
pub mod log;
pub mod mandate;
pub mod method;
pub mod page;
pub mod params;
pub mod payout;
pub mod record;
pub mod refund;
pub mod scene;
pub mod sender;
pub mod settle;
pub mod setup;
pub mod signing;
pub mod transfer;
pub mod view;

use axum::Router;
use axum::http::{Method, Uri};
use axum::routing::{get, post};
use rusqlite::Transaction;

use crate::app::Shared;
use config::StripeAccountConfig;
use errors::StripeError;
pub use scene::Loose;

/// The API, at its real paths behind `/stripe`.
pub fn api() -> Router<Shared> {
    Router::new()
        .merge(people())
        .merge(payments())
        .merge(money())
        .merge(billing::api())
        .method_not_allowed_fallback(async |method: Method, uri: Uri| no_such_path(&method, &uri))
}

fn people() -> Router<Shared> {
    Router::new()
        .route("/stripe/v1/customers", post(customer::create).get(customer::list))
        .route("/stripe/v1/customers/search", get(customer::search))
        .route("/stripe/v1/customers/{id}", get(customer::get).post(customer::change))
        .route("/stripe/v1/customers/{id}/cash_balance", get(customer::cash).post(customer::change_cash))
        .route("/stripe/v1/customers/{id}/cash_balance_transactions", get(customer::cash_transactions))
        .route("/stripe/v1/customers/{id}/funding_instructions", post(transfer::instructions))
        .route("/stripe/v1/customers/{id}/payment_methods", get(method::of_customer))
        .route("/stripe/v1/test_helpers/customers/{id}/fund_cash_balance", post(transfer::fund))
        .route("/stripe/v1/payment_methods", post(method::create).get(method::list))
        .route("/stripe/v1/payment_methods/{id}", get(method::get))
        .route("/stripe/v1/payment_methods/{id}/attach", post(method::attach))
        .route("/stripe/v1/payment_methods/{id}/detach", post(method::detach))
        .route("/stripe/v1/mandates/{id}", get(mandate::get))
        .route("/stripe/v1/setup_intents", post(setup::create).get(setup::list))
        .route("/stripe/v1/setup_intents/{id}", get(setup::get))
        .route("/stripe/v1/setup_intents/{id}/confirm", post(setup::confirm_existing))
        .route("/stripe/v1/setup_intents/{id}/cancel", post(setup::cancel))
}

fn payments() -> Router<Shared> {
    Router::new()
        .route("/stripe/v1/payment_intents", post(intent::create).get(intent::list))
        .route("/stripe/v1/payment_intents/search", get(intent::search))
        .route("/stripe/v1/payment_intents/{id}", get(intent::get).post(intent::change))
        .route("/stripe/v1/payment_intents/{id}/confirm", post(intent::confirm))
        .route("/stripe/v1/payment_intents/{id}/cancel", post(intent::cancel))
        .route("/stripe/v1/payment_intents/{id}/apply_customer_balance", post(intent::apply))
        .route("/stripe/v1/charges", get(charge::list))
        .route("/stripe/v1/charges/search", get(charge::search))
        .route("/stripe/v1/charges/{id}", get(charge::get).post(charge::change))
        .route("/stripe/v1/refunds", post(refund::create).get(refund::list))
        .route("/stripe/v1/refunds/{id}", get(refund::get).post(refund::change))
        .route("/stripe/v1/refunds/{id}/cancel", post(refund::cancel))
        .route("/stripe/v1/disputes", get(dispute::list))
        .route("/stripe/v1/disputes/{id}", get(dispute::get))
        .route("/stripe/v1/checkout/sessions", post(checkout::create).get(checkout::list))
        .route("/stripe/v1/checkout/sessions/{id}", get(checkout::get))
        .route("/stripe/v1/checkout/sessions/{id}/expire", post(checkout::expire))
}

fn money() -> Router<Shared> {
    Router::new()
        .route("/stripe/v1/balance", get(balance::get))
        .route("/stripe/v1/balance_transactions", get(balance::list))
        .route("/stripe/v1/balance_transactions/{id}", get(balance::transaction))
        .route("/stripe/v1/payouts", post(payout::create).get(payout::list))
        .route("/stripe/v1/payouts/{id}", get(payout::get).post(payout::change))
        .route("/stripe/v1/payouts/{id}/cancel", post(payout::cancel))
        .route("/stripe/v1/accounts/{id}/external_accounts", get(payout::accounts))
        .route("/stripe/v1/events", get(log::list))
        .route("/stripe/v1/events/{id}", get(log::get))
        .route("/stripe/v1/webhook_endpoints", post(endpoint::create).get(endpoint::list))
        .route(
            "/stripe/v1/webhook_endpoints/{id}",
            get(endpoint::get).post(endpoint::change).delete(endpoint::delete),
        )
}

/// The pages that people open.
pub fn pages() -> Router<Shared> {
    Router::new()
        .merge(billing::pages())
        .route("/stripe/c/{id}", get(page::session))
        .route("/stripe/c/{id}/pay", post(page::pay_session))
        .route("/stripe/c/{id}/leave", post(page::leave_session))
        .route("/stripe/t/{id}", get(page::transfer))
        .route("/stripe/t/{id}/pay", post(page::pay_transfer))
        .route("/stripe/m/{id}", get(page::mandate))
}

/// 404 of a path or method that does not exist.
pub fn no_such_path(method: &Method, uri: &Uri) -> StripeError {
    let path = uri.path().trim_start_matches("/stripe");
    let message = format!("Unrecognized request URL ({method}: {path}).");
    StripeError { status: 404, ..StripeError::invalid("", message) }
}

/// Writes the opening balance, once, and every configured endpoint.
pub fn furnish(tx: &Transaction<'_>, account: &StripeAccountConfig, now: i64) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT OR IGNORE INTO stripe_account (only, opening) VALUES (1, ?1)",
        [account.opening_balance],
    )?;
    for webhook in &account.webhooks {
        endpoint::put(tx, webhook, now)?;
    }
    Ok(())
}
