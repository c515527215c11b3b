//! `POST …/webpayment` and `POST …/transactionstatus`.
//!
//! Checked in this order: `Accept` (406), the token (401), the country (404, code 60), the body
//! (400), the merchant key. *Chosen*, where the documents are silent: a merchant key that is
//! unknown, inactive or of another country is 403 with code 51; a wrong currency, an amount
//! outside of the wallets' ceilings and a local `notif_url` are 400 with code 24; a duplicate
//! `order_id` is 400 with code 1204; a status question whose order, amount, token or country does
//! not match is 404 with code 60. The ceiling of a payer's day is looked at when the payer
//! confirms, since nobody knows the payer before.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::config::OrangeMerchantConfig;
use super::fields::{Fields, is_local, wrong};
use super::merchant;
use super::payment::{self, LIFETIME, Notify, Payment, Status};
use crate::app::{Desk, Shared};
use crate::ids;
use crate::money::major;
use crate::orange_oauth::{OrangeError, accepts_json, check_token, no_such_path};
use crate::reference::uuid_of;

/// What both calls answer.
type Answer = Result<(StatusCode, Json<Value>), OrangeError>;

const LONGEST: usize = 30;

/// The UUID of the order that a body of either call names, for faults that wait for it.
pub fn order_in(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    uuid_of(body.get("order_id")?.as_str()?)
}

/// `POST /orange-money-webpay/{country}/v1/webpayment`.
pub async fn create(
    State(app): State<Shared>,
    Path(country): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    accepts_json(&headers)?;
    app.at_desk(|desk| {
        check_access(desk, &headers, &country)?;
        let payment = read(desk, &country, &Fields::of(&body)?)?;
        if !payment::insert(desk.tx, &payment)? {
            return Err(OrangeError::content(1204, "This order_id was used before."));
        }
        let created = json!({
            "status": 201,
            "message": "OK",
            "pay_token": payment.pay_token,
            "payment_url": payment.page(desk.app),
            "notif_token": payment.notif_token,
        });
        Ok((StatusCode::CREATED, Json(created)))
    })
}

/// `POST /orange-money-webpay/{country}/v1/transactionstatus`.
pub async fn status(
    State(app): State<Shared>,
    Path(country): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    accepts_json(&headers)?;
    app.at_desk(|desk| {
        check_access(desk, &headers, &country)?;
        let fields = Fields::of(&body)?;
        let (order_id, pay_token) = (fields.text("order_id", LONGEST)?, fields.text("pay_token", 255)?);
        let nothing = || OrangeError::not_found("No transaction has this order, amount and token.");
        let payment = payment::by_token(desk.tx, &pay_token)?;
        let amount = fields.amount(payment.as_ref().map_or("OUV", |payment| &payment.currency))?;
        let payment = payment.ok_or_else(nothing)?;
        if (&payment.order_id, payment.amount, &payment.country) != (&order_id, amount, &country) {
            return Err(nothing());
        }
        let merchant = merchant::find(desk.tx, &payment.merchant)?.ok_or_else(nothing)?.portal;
        let status = StatusCode::from_u16(merchant.status_http).unwrap_or(StatusCode::CREATED);
        Ok((status, Json(view(&payment))))
    })
}

fn view(payment: &Payment) -> Value {
    let mut view = json!({"status": payment.status, "order_id": payment.order_id});
    if payment.status == Status::Success {
        view["txnid"] = json!(payment.txnid);
    }
    view
}

fn check_access(desk: &Desk<'_>, headers: &HeaderMap, country: &str) -> Result<(), OrangeError> {
    check_token(desk, headers)?;
    match merchant::is_active(desk.tx, country)? {
        true => Ok(()),
        false => Err(no_such_path()),
    }
}

fn read(desk: &Desk<'_>, country: &str, fields: &Fields) -> Result<Payment, OrangeError> {
    let merchant_key = fields.text("merchant_key", 255)?;
    let currency = fields.text("currency", 3)?;
    let order_id = fields.text("order_id", LONGEST)?;
    let amount = fields.amount(&currency)?;
    let return_url = fields.url("return_url")?;
    let cancel_url = fields.url("cancel_url")?;
    let notif_url = fields.url("notif_url")?;
    let lang = fields.text("lang", 2)?;
    let reference = fields.text("reference", LONGEST)?;
    if !matches!(lang.as_str(), "fr" | "en") {
        return Err(wrong("lang", "fr or en"));
    }
    let merchant = merchant_of(desk, country, &merchant_key)?;
    if currency != merchant.currency() {
        return Err(wrong("currency", merchant.currency()));
    }
    check_ceilings(&merchant, amount)?;
    if merchant.refuse_local_notif_url && is_local(&notif_url) {
        return Err(wrong("notif_url", "a public address"));
    }
    Ok(Payment {
        merchant: merchant.merchant,
        country: country.to_owned(),
        order_id,
        pay_token: ids::lower("v1", 46),
        notif_token: ids::lower("", 32),
        amount,
        currency,
        reference,
        lang,
        return_url,
        cancel_url,
        notif_url,
        status: Status::Initiated,
        txnid: None,
        payer: None,
        paid: None,
        failure: None,
        wrong_otps: 0,
        notify: Notify::After,
        created_at: desk.now,
        expires_at: desk.now + LIFETIME,
        settles_at: None,
    })
}

fn merchant_of(desk: &Desk<'_>, country: &str, key: &str) -> Result<OrangeMerchantConfig, OrangeError> {
    let merchant = merchant::by_key(desk.tx, key)?.map(|merchant| merchant.portal);
    let may = |merchant: &OrangeMerchantConfig| merchant.active && merchant.country == country;
    merchant.filter(may).ok_or_else(|| {
        OrangeError::new(StatusCode::FORBIDDEN, 51, "The merchant_key is not allowed to use this resource.")
    })
}

fn check_ceilings(merchant: &OrangeMerchantConfig, amount: i64) -> Result<(), OrangeError> {
    let shown = |amount| major(amount, merchant.currency());
    match (merchant.min_payment, merchant.max_payment) {
        (Some(least), _) if amount < least => Err(wrong("amount", &format!("at least {}", shown(least)))),
        (_, Some(most)) if amount > most => Err(wrong("amount", &format!("at most {}", shown(most)))),
        _ => Ok(()),
    }
}
