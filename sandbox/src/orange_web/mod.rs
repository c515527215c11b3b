//! A simulated Orange Web Payment ("M-Payment"), collections only.
//!
//! Written from notes on what its clients send and meet, and on Orange's public pages, not from a
//! live account; what no source tells is *chosen* and marked so where it is decided. A payment is
//! made by the merchant, confirmed by a payer on the hosted page, and known afterwards by its
//! `pay_token` alone; notifications carry three keys, no signature and no amount.
//!
//! Deliberately absent, as in the real one: refunds, payouts, balances, lists, and any look-up by
//! `order_id`. What the portal can do (taking the money out) is a wish at the control surface.

pub mod config;
pub mod fields;
pub mod ledger;
pub mod merchant;
pub mod notification;
pub mod page;
pub mod pay;
pub mod payer;
pub mod payment;
pub mod sender;
pub mod webpayment;

use axum::Router;
use axum::routing::{get, post};
use rusqlite::Transaction;

use crate::app::Shared;
use crate::orange_oauth::OrangeError;
use config::OrangeWebConfig;

/// The tables of W and of the OAuth that it shares with SMS.
pub const SCHEMA: &str = include_str!("schema.sql");

/// What a reset empties: merchants stay, and return to their opening balance.
pub const RESET: &str = "
    DELETE FROM orange_tokens; DELETE FROM orange_payments; DELETE FROM orange_operations;
    UPDATE orange_merchants SET balance = opening;
";

/// The API, at its real paths behind `/orange`.
pub fn api() -> Router<Shared> {
    Router::new()
        .route("/orange/orange-money-webpay/{country}/v1/webpayment", post(webpayment::create))
        .route("/orange/orange-money-webpay/{country}/v1/transactionstatus", post(webpayment::status))
        .method_not_allowed_fallback(async || OrangeError::method_not_allowed())
}

/// The hosted page.
pub fn pages() -> Router<Shared> {
    Router::new()
        .route("/orange/payment/pay_token/{token}", get(page::show))
        .route("/orange/payment/pay_token/{token}/confirm", post(page::confirm))
        .route("/orange/payment/pay_token/{token}/cancel", post(page::cancel))
}

/// Opens the merchants that the books do not have.
pub fn furnish(tx: &Transaction<'_>, config: &OrangeWebConfig) -> rusqlite::Result<()> {
    for portal in &config.merchants {
        if merchant::find(tx, &portal.merchant)?.is_none() {
            merchant::put(tx, portal)?;
        }
    }
    Ok(())
}
