//! The Checkout API: create, look up, search, expire.
//!
//! Creating has no idempotency key: the same request twice makes two sessions, and a reference
//! may name several. Another wallet's session is as unknown as none. The 409 of expire has the
//! *chosen* code `checkout-session-not-open`.

use axum::extract::Path;
use serde_json::{Value, json};

use super::auth::Call;
use super::errors::{Reply, WaveError};
use super::fields::{self, Fields};
use super::merchant;
use super::session::{self, CheckoutStatus, LIFETIME, PaymentStatus, Session};
use super::wallet::Wallet;
use crate::app::Desk;
use crate::clock::Instant;
use crate::ids;

/// `POST /v1/checkout/sessions`.
pub async fn create(call: Call) -> Result<Reply, WaveError> {
    let body = call.json()?;
    call.at_desk(|desk| {
        let session = read(&body, &call.wallet, desk)?;
        session::insert(desk.tx, &session)?;
        Reply::json(&session.view(desk))
    })
}

/// `GET /v1/checkout/sessions/{id}`.
pub async fn get(Path(id): Path<String>, call: Call) -> Result<Reply, WaveError> {
    call.at_desk(|desk| Reply::json(&own(desk, &call, &id)?.view(desk)))
}

/// `GET /v1/checkout/sessions?transaction_id=…`.
pub async fn by_transaction(call: Call) -> Result<Reply, WaveError> {
    let transaction = call.required_query("transaction_id")?;
    call.at_desk(|desk| {
        let session = session::by_transaction(desk.tx, &transaction)?
            .filter(|session| session.wallet == call.wallet.name())
            .ok_or_else(WaveError::session_not_found)?;
        Reply::json(&session.view(desk))
    })
}

/// `GET /v1/checkout/sessions/search?client_reference=…`.
pub async fn search(call: Call) -> Result<Reply, WaveError> {
    let reference = call.required_query("client_reference")?;
    call.at_desk(|desk| {
        let found = session::by_reference(desk.tx, Some(call.wallet.name()), &reference)?;
        let found: Vec<Value> = found.iter().map(|session| session.view(desk)).collect();
        Reply::json(&json!({ "result": found }))
    })
}

/// `POST /v1/checkout/sessions/{id}/expire`.
pub async fn expire(Path(id): Path<String>, call: Call) -> Result<Reply, WaveError> {
    call.at_desk(|desk| {
        let mut session = own(desk, &call, &id)?;
        if session.checkout_status != CheckoutStatus::Open {
            let message = format!("the session is already {}", session.checkout_status.as_str());
            return Err(WaveError::new(409, "checkout-session-not-open", message));
        }
        session.checkout_status = CheckoutStatus::Expired;
        session.payment_status = PaymentStatus::Cancelled;
        session::update(desk.tx, &session)?;
        Ok(Reply::empty())
    })
}

/// The caller's own session.
pub fn own(desk: &Desk<'_>, call: &Call, id: &str) -> Result<Session, WaveError> {
    session::find(desk.tx, id)?
        .filter(|session| session.wallet == call.wallet.name())
        .ok_or_else(WaveError::session_not_found)
}

fn read(body: &Value, wallet: &Wallet, desk: &Desk<'_>) -> Result<Session, WaveError> {
    let allow_http = desk.app.config.allow_plain_http;
    let mut fields = Fields::of(body, Vec::new())?;
    let currency = fields.currency("currency");
    let session = Session {
        amount: fields.amount("amount", &currency),
        currency,
        client_reference: fields.text("client_reference", 255),
        aggregated_merchant_id: fields.text("aggregated_merchant_id", 255),
        restrict_payer_mobile: fields.mobile("restrict_payer_mobile"),
        success_url: fields.redirect("success_url", allow_http),
        error_url: fields.redirect("error_url", allow_http),
        ..open(wallet, desk.now)
    };
    fields::check(fields.finish())?;
    fields::check_currency(&session.currency, wallet)?;
    merchant::named(desk, session.aggregated_merchant_id.as_deref(), wallet)?;
    Ok(session)
}

fn open(wallet: &Wallet, now: Instant) -> Session {
    Session {
        id: ids::lower("cos-", 13),
        wallet: wallet.name().to_owned(),
        amount: 0,
        fee: 0,
        currency: String::new(),
        client_reference: None,
        aggregated_merchant_id: None,
        restrict_payer_mobile: None,
        success_url: String::new(),
        error_url: String::new(),
        checkout_status: CheckoutStatus::Open,
        payment_status: PaymentStatus::Processing,
        transaction_id: None,
        payer_mobile: None,
        last_error: None,
        created_at: now,
        expires_at: now + LIFETIME,
        completed_at: None,
        refunded_at: None,
    }
}
