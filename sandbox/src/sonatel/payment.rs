//! Payments that an API call begins: in one step with the payer's OTP, or in two with their PIN.
//!
//! An OTP has six digits, lives ten minutes and pays once (*chosen*). Payers obtain it by USSD,
//! which the control surface plays; `payments/otp` is the sandbox's own helper and is reserved to
//! merchants. A two-step payment that nobody confirms is `CANCELLED` after a day (*chosen*). Less
//! than 10 XOF is 4099, the payer's refusal in this form.

use axum::extract::Path;
use chrono::TimeDelta;
use rand::Rng;
use rusqlite::params;
use serde_json::json;

use super::config::WalletKind;
use super::errors::{Reply, SonatelError};
use super::fields::{Actor, Fields};
use super::http::Call;
use super::scan::LEAST;
use super::transaction::{self, Status, Transaction, Type};
use super::wallet::{self, Wallet};
use super::{people, pin, progress};
use crate::app::Desk;
use crate::clock::micros;
use crate::ids;

const OTP_LIFE: TimeDelta = TimeDelta::minutes(10);
const PATIENCE: TimeDelta = TimeDelta::hours(24);

/// `POST /api/eWallet/v1/payments/onestep`.
pub async fn one_step(call: Call) -> Result<Reply, Reply> {
    call.answer(|desk, call| {
        let fields = Fields::of(&call.body)?;
        let merchant = merchant(desk, &fields)?;
        let mut transaction = read(desk, call, &fields, &merchant, "ONESTEP")?;
        let steps = allowed(desk, &transaction)?;
        spend_otp(desk, &transaction.customer, fields.inner("customer")?.text("otp")?)?;
        progress::begin(desk, &mut transaction, &steps)
            .map_err(|error| progress::refuse(desk, &mut transaction, error))?;
        Ok(Reply::json(&transaction.answer()))
    })
}

/// `POST /api/eWallet/v1/payments`: the first of two steps.
pub async fn begin(call: Call) -> Result<Reply, Reply> {
    call.answer(|desk, call| {
        let fields = Fields::of(&call.body)?;
        if fields.text("method")? != "CLASSIC" {
            return Err(fields.wrong("method", "must be CLASSIC"));
        }
        let merchant = merchant(desk, &fields)?;
        let transaction = read(desk, call, &fields, &merchant, "CLASSIC")?;
        allowed(desk, &transaction)?;
        pin::check_wallet(desk, &merchant, &fields.inner("partner")?)?;
        progress::open(desk, &transaction)?;
        progress::plan(desk, desk.now + PATIENCE, &transaction.id, Some(Status::Cancelled))?;
        Ok(Reply::json(&transaction.answer()))
    })
}

/// `POST /api/eWallet/v1/transactions/{transactionId}/confirm`: the second of two steps.
pub async fn confirm(Path(id): Path<String>, call: Call) -> Result<Reply, Reply> {
    call.answer(|desk, call| {
        let found = transaction::find(desk.tx, &id)?;
        let found = found.filter(|transaction| transaction.method == "CLASSIC");
        let mut transaction =
            found.ok_or_else(|| SonatelError::http(404, format!("No payment {id} to confirm")))?;
        let fields = Fields::of(&call.body)?;
        if fields.actor()? != Actor::Msisdn(&transaction.customer) {
            return Err(SonatelError::new("2043", "Another customer pays"));
        }
        if transaction.is_paid_for || transaction.status.is_final() {
            return Err(SonatelError::new("2041", "The payment is confirmed or over already"));
        }
        pin::check_customer(desk, &transaction.customer, &fields)?;
        let steps = allowed(desk, &transaction)?;
        progress::proceed(desk, &mut transaction, &steps)?;
        Ok(Reply::json(&transaction.answer()))
    })
}

/// `POST /api/eWallet/v1/payments/otp`.
pub async fn otp(call: Call) -> Result<Reply, Reply> {
    call.answer(|desk, call| {
        let fields = Fields::of(&call.body)?;
        let Actor::Msisdn(msisdn) = fields.actor()? else {
            return Err(fields.wrong("idType", "must be MSISDN"));
        };
        if wallet::first(desk.tx, WalletKind::Merchant)?.is_none() {
            return Err(SonatelError::new("2042", "Reserved to accounts of the merchant type"));
        }
        pin::check_customer(desk, msisdn, &fields)?;
        Ok(Reply::json(&json!({"otp": fresh_otp(desk, msisdn)?})))
    })
}

/// An OTP, as a payer obtains it by USSD.
pub fn fresh_otp(desk: &Desk<'_>, msisdn: &str) -> rusqlite::Result<String> {
    let otp = format!("{:06}", rand::rng().random_range(0..1_000_000));
    desk.tx.execute(
        "INSERT OR REPLACE INTO sonatel_otps VALUES (?1, ?2, ?3)",
        params![msisdn, otp, micros(desk.now + OTP_LIFE)],
    )?;
    Ok(otp)
}

fn spend_otp(desk: &Desk<'_>, msisdn: &str, otp: &str) -> Result<(), SonatelError> {
    let spent = desk.tx.execute(
        "DELETE FROM sonatel_otps WHERE msisdn = ?1 AND otp = ?2 AND expires_at > ?3",
        params![msisdn, otp, micros(desk.now)],
    )?;
    match spent {
        1 => Ok(()),
        _ => Err(SonatelError::bad("The OTP is wrong, used or over")),
    }
}

fn merchant(desk: &Desk<'_>, fields: &Fields<'_>) -> Result<Wallet, SonatelError> {
    match fields.inner("partner")?.actor()? {
        Actor::Code(code) => wallet::merchant(desk.tx, code),
        Actor::Msisdn(_) => Err(fields.wrong("partner.idType", "must be CODE")),
    }
}

fn allowed(desk: &Desk<'_>, transaction: &Transaction) -> Result<Vec<(TimeDelta, Status)>, SonatelError> {
    let behaviour = people::find(desk.tx, &transaction.customer)?.behaviour;
    match behaviour.refusal() {
        Some(code) => Err(SonatelError::new(code, "The customer cannot pay")),
        None => Ok(behaviour.steps()),
    }
}

fn read(
    desk: &Desk<'_>,
    call: &Call,
    fields: &Fields<'_>,
    merchant: &Wallet,
    method: &str,
) -> Result<Transaction, SonatelError> {
    let Actor::Msisdn(customer) = fields.inner("customer")?.actor()? else {
        return Err(fields.wrong("customer.idType", "must be MSISDN"));
    };
    let amount = fields.money("amount")?;
    if amount < LEAST {
        return Err(SonatelError::bad(format!("The payer pays no less than {LEAST} XOF")));
    }
    let mut metadata = fields.metadata()?;
    metadata.insert("idempotencyKey".to_owned(), json!(ids::uuid()));
    Ok(Transaction {
        id: Transaction::fresh_id(Type::Payment, desk.now),
        request_id: ids::lower("", 8),
        kind: Type::Payment,
        method: method.to_owned(),
        channel: "API".to_owned(),
        wallet: merchant.id.clone(),
        customer: customer.to_owned(),
        amount,
        reference: fields.text_or_none("reference")?.map(str::to_owned),
        metadata,
        receive_notification: fields.flag("receiveNotification", true)?,
        callback_url: call.callback_url.clone(),
        bulk_id: None,
        is_paid_for: false,
        status: Status::Initiated,
        code: None,
        created_at: desk.now,
        updated_at: desk.now,
        told_at: None,
    })
}
