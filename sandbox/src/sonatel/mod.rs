//! A simulated Orange Sonatel eWallet: Senegal, XOF, collections by QR and payouts by cash-in.
//!
//! Written from notes on Sonatel's documentation of 2026 and on what its clients have met, never
//! from a live account; what no source tells is *chosen* and marked so where it is decided. The
//! merchant code, where collections arrive, and the retailer, who pays cash-ins, are two wallets
//! whose books really move. Payers use their app by the control surface or by a page.
//!
//! Deliberately absent: refunds and reversals, which Sonatel does not have, and fees, which are
//! contractual and in no object.

pub mod account;
pub mod bulk;
pub mod callback;
pub mod cashin;
pub mod config;
pub mod errors;
pub mod fields;
pub mod http;
pub mod keys;
pub mod notify;
pub mod oauth;
pub mod page;
pub mod payment;
pub mod people;
pub mod picture;
pub mod pin;
pub mod progress;
pub mod qr;
pub mod record;
pub mod scan;
pub mod sender;
pub mod transaction;
pub mod wallet;

use std::sync::{PoisonError, RwLock};

use axum::Router;
use axum::routing::{get, post};
use rusqlite::Transaction;

use crate::app::Shared;
use config::{SonatelConfig, SonatelSettings};
use errors::{Reply, SonatelError};

/// The tables.
pub const SCHEMA: &str = include_str!("schema.sql");

/// What a reset empties: all that happened, but neither keys nor registered callbacks.
pub const RESET: &str = "
    DELETE FROM sonatel_tokens; DELETE FROM sonatel_token_calls; DELETE FROM sonatel_people;
    DELETE FROM sonatel_otps; DELETE FROM sonatel_qrcodes; DELETE FROM sonatel_transactions;
    DELETE FROM sonatel_agenda; DELETE FROM sonatel_bulks; DELETE FROM sonatel_operations;
    UPDATE sonatel_wallets SET balance = opening, wrong_pins = 0, must_change_pin = 0;
";

/// The API, at its real paths behind `/sonatel`.
pub fn api() -> Router<Shared> {
    Router::new()
        .route("/sonatel/oauth/v1/token", post(oauth::token))
        .route("/sonatel/api/account/v1/publicKeys", get(keys::public))
        .route("/sonatel/api/eWallet/v4/qrcode", post(qr::create))
        .route("/sonatel/api/eWallet/v1/payments", post(payment::begin))
        .route("/sonatel/api/eWallet/v1/payments/onestep", post(payment::one_step))
        .route("/sonatel/api/eWallet/v1/payments/otp", post(payment::otp))
        .route("/sonatel/api/eWallet/v1/cashins", post(cashin::create))
        .route("/sonatel/api/eWallet/v1/bulkcashins", post(bulk::create))
        .route("/sonatel/api/eWallet/v1/transactions", get(transaction::search))
        .route("/sonatel/api/eWallet/v1/transactions/{id}/status", get(transaction::status))
        .route("/sonatel/api/eWallet/v1/transactions/{id}/confirm", post(payment::confirm))
        .route("/sonatel/api/eWallet/v1/account", get(account::profile))
        .route("/sonatel/api/eWallet/v1/account/retailer/balance", post(account::retailer_balance))
        .route("/sonatel/api/eWallet/v1/account/customer/balance", post(account::customer_balance))
        .route("/sonatel/api/assignments/v1/partner/sim-cards", get(account::sim_cards))
        .route("/sonatel/api/notification/v1/merchantcallback", post(callback::register).get(callback::read))
        .method_not_allowed_fallback(async || wrong_method())
}

/// The pages behind the links of QR codes.
pub fn pages() -> Router<Shared> {
    Router::new()
        .route("/sonatel/q/{id}", get(page::show))
        .route("/sonatel/q/{id}/pay", post(page::pay))
        .route("/sonatel/q/{id}/leave", post(page::leave))
}

/// 405 of a path that exists.
fn wrong_method() -> Reply {
    SonatelError::http(405, "Method Not Allowed").reply(&SonatelSettings::default())
}

/// 404 of a path that does not exist, `/oauth/token` of older integrations among them.
pub fn no_such_path() -> Reply {
    SonatelError::http(404, "Not Found").reply(&SonatelSettings::default())
}

/// What the simulator keeps outside the books: gone with the process.
#[derive(Debug)]
pub struct Loose {
    settings: RwLock<SonatelSettings>,
}

impl Loose {
    /// With the settings of the configuration.
    pub fn new(settings: SonatelSettings) -> Loose {
        Loose { settings: RwLock::new(settings) }
    }

    /// The settings as they are now.
    pub fn settings(&self) -> SonatelSettings {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Other settings from now on.
    pub fn put_settings(&self, settings: SonatelSettings) {
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = settings;
    }
}

/// Opens the configured wallets that the books have not, and writes every configured callback.
pub fn furnish(tx: &Transaction<'_>, config: &SonatelConfig) -> rusqlite::Result<()> {
    for wallet in &config.wallets {
        wallet::open(tx, wallet)?;
    }
    for registered in &config.callbacks {
        callback::put(tx, registered)?;
    }
    Ok(())
}
