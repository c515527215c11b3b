//! The payer's app: scanning a QR and paying by it, or not.
//!
//! The app refuses less than 10 XOF, though the API makes such QRs, a QR that expired or was used
//! up (4004), and a payer whose number is refused; none of that leaves a transaction behind. A
//! payment that was tried and failed does, beside any other of the same reference.

use chrono::TimeDelta;
use serde_json::json;

use super::errors::SonatelError;
use super::people;
use super::progress::{self, Steps};
use super::qr::{self, Qr};
use super::transaction::{Status, Transaction, Type};
use crate::app::Desk;
use crate::ids;

/// The least that an app pays.
pub const LEAST: i64 = 10;

/// Who pays when nobody says who.
pub const USUAL_PAYER: &str = "770001122";

/// What a payer does with a QR.
#[derive(Clone, Debug)]
pub struct Payment<'a> {
    /// Nine digits.
    pub payer: &'a str,
    /// Another amount than the QR's, whole francs.
    pub amount: Option<i64>,
    /// The end to come to, in place of what the payer's number says.
    pub end: Option<(Status, Option<String>)>,
}

/// Pays by a QR.
///
/// Errors: 4004, 4099 below the least amount, and what the payer's number is refused with.
pub fn pay(desk: &Desk<'_>, qr: &Qr, payment: &Payment<'_>) -> Result<Transaction, SonatelError> {
    if qr.expires_at <= desk.now {
        return Err(SonatelError::new("4004", "The QR code expired"));
    }
    if qr.is_single_use && qr.is_used {
        return Err(SonatelError::new("4004", "The QR code was used"));
    }
    let amount = payment.amount.unwrap_or(qr.amount);
    if amount < LEAST {
        return Err(SonatelError::bad(format!("The app pays no less than {LEAST} XOF")));
    }
    let behaviour = people::find(desk.tx, payment.payer)?.behaviour;
    if let Some(code) = behaviour.refusal() {
        return Err(SonatelError::new(code, "The payer cannot pay"));
    }
    let mut transaction = of(desk, qr, payment.payer, amount);
    match &payment.end {
        Some((status, code)) if status.is_final() && *status != Status::Success => {
            progress::leave(desk, &mut transaction, *status, code.clone())?;
        }
        Some((status, _)) => begin(desk, &mut transaction, &[(TimeDelta::zero(), *status)])?,
        None => begin(desk, &mut transaction, &behaviour.steps())?,
    }
    if transaction.is_paid_for {
        qr::put_used(desk.tx, &qr.id)?;
    }
    Ok(transaction)
}

/// A payer who has too little leaves a failed payment.
fn begin(desk: &Desk<'_>, transaction: &mut Transaction, steps: &Steps) -> Result<(), SonatelError> {
    match progress::begin(desk, transaction, steps) {
        Err(error) if error.code == "2021" => {
            Ok(progress::leave(desk, transaction, Status::Failed, Some(error.code))?)
        }
        other => other,
    }
}

/// The transaction of a payment, before anything moved.
pub fn of(desk: &Desk<'_>, qr: &Qr, payer: &str, amount: i64) -> Transaction {
    let mut metadata = qr.metadata.clone();
    metadata.insert("idempotencyKey".to_owned(), json!(ids::uuid()));
    Transaction {
        id: Transaction::fresh_id(Type::Payment, desk.now),
        request_id: ids::lower("", 8),
        kind: Type::Payment,
        method: "QRCODE".to_owned(),
        channel: "MAXIT".to_owned(),
        wallet: qr.code.clone(),
        customer: payer.to_owned(),
        amount,
        reference: qr.reference.clone(),
        metadata,
        receive_notification: true,
        callback_url: qr.callback_url.clone(),
        bulk_id: None,
        is_paid_for: false,
        status: Status::Initiated,
        code: None,
        created_at: desk.now,
        updated_at: desk.now,
        told_at: None,
    }
}
