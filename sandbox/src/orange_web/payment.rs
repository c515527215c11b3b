//! Payments in the books, from `INITIATED` to their end.

use chrono::{NaiveTime, TimeDelta};
use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde_json::{Value, json};

use crate::app::{App, Desk};
use crate::books::{instant, instant_or_none, words};
use crate::clock::{Instant, from_micros, micros, to_the_second};
use crate::money::major;
use crate::reference::spellings;

/// How long a `pay_token` is valid.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(10);

words! {
    /// Where a payment stands.
    pub enum Status {
        /// Waits for the payer.
        Initiated = "INITIATED",
        /// The payer confirmed; the transaction runs.
        Pending = "PENDING",
        /// Paid.
        Success = "SUCCESS",
        /// Not paid.
        Failed = "FAILED",
        /// Nobody confirmed in time.
        Expired = "EXPIRED",
    }
}

words! {
    /// When the shop is notified of a payment's end.
    pub enum Notify {
        /// Once the status tells it.
        After = "after",
        /// At the confirmation, while the status is still `PENDING`.
        Before = "before",
        /// Both.
        Both = "both",
        /// Not at all.
        Never = "never",
    }
}

/// One payment.
#[derive(Clone, Debug)]
pub struct Payment {
    /// The merchant that collects.
    pub merchant: String,
    /// The path by which it was made.
    pub country: String,
    /// The merchant's name for it.
    pub order_id: String,
    /// Opens the page, and the status.
    pub pay_token: String,
    /// The only thing by which a notification is known.
    pub notif_token: String,
    /// What is asked, minor units.
    pub amount: i64,
    /// The currency of its country.
    pub currency: String,
    /// The label that the payer sees.
    pub reference: String,
    /// `fr` or `en`.
    pub lang: String,
    /// Where a paying browser goes.
    pub return_url: String,
    /// Where any other browser goes.
    pub cancel_url: String,
    /// Where its end is told.
    pub notif_url: String,
    /// Where it stands.
    pub status: Status,
    /// `MP…` of the last attempt; the API tells it of a paid one only.
    pub txnid: Option<String>,
    /// Who confirmed, E.164 with `+`.
    pub payer: Option<String>,
    /// What was or will be paid, minor units; `None` before the confirmation.
    pub paid: Option<i64>,
    /// Why it fails, when it does.
    pub failure: Option<String>,
    /// How often a wrong OTP was typed.
    pub wrong_otps: i64,
    /// When its end is told.
    pub notify: Notify,
    /// When it was created.
    pub created_at: Instant,
    /// From then on it cannot be confirmed.
    pub expires_at: Instant,
    /// When a confirmed one ends, or ended.
    pub settles_at: Option<Instant>,
}

impl Payment {
    /// The hosted page, which `payment_url` names.
    pub fn page(&self, app: &App) -> String {
        format!("{}/orange/payment/pay_token/{}", app.public_url(), self.pay_token)
    }

    /// Everything, for the control surface.
    pub fn view(&self, app: &App) -> Value {
        json!({
            "merchant": self.merchant,
            "order_id": self.order_id,
            "pay_token": self.pay_token,
            "amount": major(self.amount, &self.currency),
            "currency": self.currency,
            "status": self.status,
            "txnid": self.txnid,
            "payer": self.payer,
            "paid": self.paid.map(|paid| major(paid, &self.currency)),
            "code": self.failure,
            "payment_url": self.page(app),
            "notif_url": self.notif_url,
            "created_at": to_the_second(self.created_at),
            "expires_at": to_the_second(self.expires_at),
            "settles_at": self.settles_at.map(to_the_second),
        })
    }

    fn from_row(row: &Row<'_>) -> rusqlite::Result<Payment> {
        Ok(Payment {
            merchant: row.get("merchant")?,
            country: row.get("country")?,
            order_id: row.get("order_id")?,
            pay_token: row.get("pay_token")?,
            notif_token: row.get("notif_token")?,
            amount: row.get("amount")?,
            currency: row.get("currency")?,
            reference: row.get("reference")?,
            lang: row.get("lang")?,
            return_url: row.get("return_url")?,
            cancel_url: row.get("cancel_url")?,
            notif_url: row.get("notif_url")?,
            status: row.get("status")?,
            txnid: row.get("txnid")?,
            payer: row.get("payer")?,
            paid: row.get("paid")?,
            failure: row.get("failure")?,
            wrong_otps: row.get("wrong_otps")?,
            notify: row.get("notify")?,
            created_at: instant(row, "created_at")?,
            expires_at: instant(row, "expires_at")?,
            settles_at: instant_or_none(row, "settles_at")?,
        })
    }
}

/// Writes a new payment; false when the merchant has one of that `order_id`.
pub fn insert(tx: &Transaction<'_>, payment: &Payment) -> rusqlite::Result<bool> {
    let added = tx
        .prepare_cached(
            "INSERT INTO orange_payments (merchant, country, order_id, pay_token, notif_token, amount,
                currency, reference, lang, return_url, cancel_url, notif_url, status, notify,
                created_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
             ON CONFLICT (merchant, order_id) DO NOTHING",
        )?
        .execute(params![
            payment.merchant,
            payment.country,
            payment.order_id,
            payment.pay_token,
            payment.notif_token,
            payment.amount,
            payment.currency,
            payment.reference,
            payment.lang,
            payment.return_url,
            payment.cancel_url,
            payment.notif_url,
            payment.status,
            payment.notify,
            micros(payment.created_at),
            micros(payment.expires_at),
        ])?;
    Ok(added == 1)
}

/// Writes what can change about a payment.
pub fn update(tx: &Transaction<'_>, payment: &Payment) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE orange_payments SET status = ?2, txnid = ?3, payer = ?4, paid = ?5, failure = ?6,
            wrong_otps = ?7, notify = ?8, settles_at = ?9
         WHERE pay_token = ?1",
    )?
    .execute(params![
        payment.pay_token,
        payment.status,
        payment.txnid,
        payment.payer,
        payment.paid,
        payment.failure,
        payment.wrong_otps,
        payment.notify,
        payment.settles_at.map(micros),
    ])?;
    Ok(())
}

/// Closes what nobody confirmed in time.
pub fn expire_due(desk: &Desk<'_>) -> rusqlite::Result<usize> {
    desk.tx
        .prepare_cached(
            "UPDATE orange_payments SET status = 'EXPIRED'
             WHERE status = 'INITIATED' AND expires_at <= ?1",
        )?
        .execute([micros(desk.now)])
}

/// Confirmed payments whose end has come, in the order of their ends.
pub fn running_due(tx: &Transaction<'_>, now: Instant) -> rusqlite::Result<Vec<Payment>> {
    tx.prepare_cached(
        "SELECT * FROM orange_payments WHERE status = 'PENDING' AND settles_at <= ?1
         ORDER BY settles_at, seq",
    )?
    .query_map([micros(now)], Payment::from_row)?
    .collect()
}

/// When the next confirmed payment ends.
pub fn next_end(tx: &Transaction<'_>) -> rusqlite::Result<Option<Instant>> {
    let at: Option<i64> = tx
        .prepare_cached("SELECT min(settles_at) FROM orange_payments WHERE status = 'PENDING'")?
        .query_row([], |row| row.get(0))?;
    Ok(at.map(from_micros))
}

/// A payment by its `pay_token`.
pub fn by_token(tx: &Transaction<'_>, pay_token: &str) -> rusqlite::Result<Option<Payment>> {
    tx.prepare_cached("SELECT * FROM orange_payments WHERE pay_token = ?1")?
        .query_row([pay_token], Payment::from_row)
        .optional()
}

/// Whatever a person calls `reference`: by `pay_token` or `txnid`, else by `order_id` in any of
/// its spellings. Among several merchants' the newest that can still be paid, else the newest.
pub fn named(tx: &Transaction<'_>, reference: &str) -> rusqlite::Result<Option<Payment>> {
    let mut found = Vec::new();
    let mut statement = tx.prepare_cached(
        "SELECT * FROM orange_payments WHERE pay_token = ?1 OR txnid = ?1 OR order_id = ?1 ORDER BY seq",
    )?;
    for name in spellings(reference) {
        for payment in statement.query_map([name], Payment::from_row)? {
            found.push(payment?);
        }
    }
    let open = found.iter().rposition(|payment| payment.status == Status::Initiated);
    Ok(open.or(found.len().checked_sub(1)).map(|index| found.swap_remove(index)))
}

/// What a payer paid, or is paying, in a currency on the day (UTC) of `now`: minor units.
pub fn paid_today(tx: &Transaction<'_>, payer: &str, currency: &str, now: Instant) -> rusqlite::Result<i64> {
    let start = now.date_naive().and_time(NaiveTime::MIN).and_utc();
    tx.prepare_cached(
        "SELECT coalesce(sum(paid), 0) FROM orange_payments
         WHERE payer = ?1 AND currency = ?2 AND settles_at >= ?3
            AND status IN ('PENDING', 'SUCCESS') AND failure IS NULL",
    )?
    .query_row(params![payer, currency, micros(start)], |row| row.get(0))
}
