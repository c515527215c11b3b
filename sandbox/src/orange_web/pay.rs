//! What payers do: confirm, well or not, at once or after a while; and cancel.
//!
//! A confirmed payment is `PENDING` until its transaction ends, which is at once unless the
//! confirmation says otherwise. Only a payment that is `INITIATED` can be confirmed by a payer;
//! the control surface may confirm a `FAILED` or `EXPIRED` one again, because no document promises
//! that those are final.
//!
//! *Chosen*: a payer above the day's ceiling fails with `daily_ceiling`; a failed attempt has a
//! `txnid` of its own, which its notification tells and the status does not.

use chrono::TimeDelta;

use super::config::{OnCancel, OrangeMerchantConfig};
use super::payment::{self, Notify, Payment, Status};
use super::{ledger, merchant, notification};
use crate::app::Desk;
use crate::clock::Instant;
use crate::ids;

/// The wrong OTPs after which a payment fails.
const OTP_TRIES: i64 = 3;

/// A payer's confirmation.
#[derive(Clone, Debug)]
pub struct Confirmation {
    /// The payer, E.164 with `+`.
    pub payer: String,
    /// Minor units, when it differs from what is asked. Real payers cannot do that; it is here
    /// because neither status nor notification tells an amount.
    pub amount: Option<i64>,
    /// Why it fails; `None` pays.
    pub failure: Option<String>,
    /// How long the transaction runs.
    pub wait: TimeDelta,
    /// When its end is told.
    pub notify: Notify,
}

impl Confirmation {
    /// Pays what is asked, at once.
    pub fn by(payer: &str) -> Confirmation {
        Confirmation {
            payer: payer.to_owned(),
            amount: None,
            failure: None,
            wait: TimeDelta::zero(),
            notify: Notify::After,
        }
    }
}

/// Confirms a payment, whatever state the caller found acceptable.
pub fn confirm(desk: &Desk<'_>, payment: Payment, given: &Confirmation) -> rusqlite::Result<Payment> {
    let merchant = merchant_of(desk, &payment)?;
    let paid = given.amount.unwrap_or(payment.amount);
    let failure = match &given.failure {
        Some(code) => Some(code.clone()),
        None => above_ceiling(desk, &merchant, &given.payer, paid)?,
    };
    let payment = Payment {
        status: Status::Pending,
        txnid: Some(txnid(desk.now)),
        payer: Some(given.payer.clone()),
        paid: Some(paid),
        failure,
        notify: given.notify,
        settles_at: Some(desk.now + given.wait),
        ..payment
    };
    payment::update(desk.tx, &payment)?;
    if matches!(given.notify, Notify::Before | Notify::Both) {
        notification::announce(desk, &payment)?;
    }
    match given.wait > TimeDelta::zero() {
        true => {
            // Whoever sleeps until the next thing is due must hear of this one.
            desk.owe_callbacks();
            Ok(payment)
        }
        false => finish(desk, payment),
    }
}

/// Ends a running payment.
pub fn finish(desk: &Desk<'_>, mut payment: Payment) -> rusqlite::Result<Payment> {
    let merchant = merchant_of(desk, &payment)?;
    payment.settles_at = Some(desk.now);
    payment.status = match payment.failure {
        Some(_) => Status::Failed,
        None => Status::Success,
    };
    payment::update(desk.tx, &payment)?;
    match payment.status {
        Status::Success => ledger::credit(desk, &merchant, &payment)?,
        _ => ledger::note_failure(desk, &merchant, &payment)?,
    }
    if matches!(payment.notify, Notify::After | Notify::Both) {
        notification::announce(desk, &payment)?;
    }
    Ok(payment)
}

/// The payer cancels on the page.
pub fn cancel(desk: &Desk<'_>, mut payment: Payment) -> rusqlite::Result<Payment> {
    let merchant = merchant_of(desk, &payment)?;
    match merchant.on_cancel {
        OnCancel::Stays => Ok(payment),
        OnCancel::Fails => {
            payment.failure = Some("cancelled".to_owned());
            payment.txnid = Some(txnid(desk.now));
            finish(desk, payment)
        }
    }
}

/// The payer typed a wrong OTP; the third one fails the payment.
pub fn mistype(desk: &Desk<'_>, mut payment: Payment, payer: &str) -> rusqlite::Result<Payment> {
    payment.wrong_otps += 1;
    payment.payer = Some(payer.to_owned());
    if payment.wrong_otps < OTP_TRIES {
        payment::update(desk.tx, &payment)?;
        return Ok(payment);
    }
    payment.failure = Some("wrong_otp".to_owned());
    payment.txnid = Some(txnid(desk.now));
    finish(desk, payment)
}

fn merchant_of(desk: &Desk<'_>, payment: &Payment) -> rusqlite::Result<OrangeMerchantConfig> {
    let merchant = merchant::find(desk.tx, &payment.merchant)?;
    Ok(merchant.ok_or(rusqlite::Error::QueryReturnedNoRows)?.portal)
}

fn above_ceiling(
    desk: &Desk<'_>,
    merchant: &OrangeMerchantConfig,
    payer: &str,
    amount: i64,
) -> rusqlite::Result<Option<String>> {
    let Some(ceiling) = merchant.payer_daily else { return Ok(None) };
    let before = payment::paid_today(desk.tx, payer, merchant.currency(), desk.now)?;
    let is_above = before.saturating_add(amount) > ceiling;
    Ok(is_above.then(|| "daily_ceiling".to_owned()))
}

/// `MP<yymmdd>.<hhmm>.<letter and five digits>`.
fn txnid(now: Instant) -> String {
    let number = ids::below(100_000);
    let letter = char::from(b'A' + u8::try_from(ids::below(26)).unwrap_or_default());
    format!("MP{}.{letter}{number:05}", now.format("%y%m%d.%H%M"))
}
