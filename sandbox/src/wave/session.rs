//! Checkout sessions in the books, and as Wave shows them.

use chrono::TimeDelta;
use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde_json::{Value, json};

use super::merchant_book;
use crate::app::Desk;
use crate::books::{instant, instant_or_none, words};
use crate::clock::{Instant, micros, to_the_second};
use crate::money::major;

/// How long a session may be paid.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(30);

words! {
    /// Where a session stands.
    pub enum CheckoutStatus {
        /// It may still be paid.
        Open = "open",
        /// Closed by a payment.
        Complete = "complete",
        /// Timed out, or expired by the merchant.
        Expired = "expired",
    }
}

words! {
    /// Where its payment stands.
    pub enum PaymentStatus {
        /// Not settled.
        Processing = "processing",
        /// Money received.
        Succeeded = "succeeded",
        /// An attempt failed; final only once the session is closed.
        Cancelled = "cancelled",
    }
}

/// One checkout session.
#[derive(Clone, Debug)]
pub struct Session {
    /// `cos-…`.
    pub id: String,
    /// The wallet that collects.
    pub wallet: String,
    /// Gross, minor units.
    pub amount: i64,
    /// Taken from a payment, minor units.
    pub fee: i64,
    /// The wallet's currency.
    pub currency: String,
    /// The merchant's own name for it.
    pub client_reference: Option<String>,
    /// For aggregators.
    pub aggregated_merchant_id: Option<String>,
    /// The only number that may pay.
    pub restrict_payer_mobile: Option<String>,
    /// Where a paying browser goes.
    pub success_url: String,
    /// Where any other browser goes.
    pub error_url: String,
    /// Where it stands.
    pub checkout_status: CheckoutStatus,
    /// Where its payment stands.
    pub payment_status: PaymentStatus,
    /// `T_…` of the payment.
    pub transaction_id: Option<String>,
    /// Who paid.
    pub payer_mobile: Option<String>,
    /// Code and message of the last failed attempt.
    pub last_error: Option<(String, String)>,
    /// When it was created.
    pub created_at: Instant,
    /// From then on it cannot be paid.
    pub expires_at: Instant,
    /// When it was paid.
    pub completed_at: Option<Instant>,
    /// When it was given back.
    pub refunded_at: Option<Instant>,
}

impl Session {
    /// The session object of the API and of events.
    pub fn view(&self, desk: &Desk<'_>) -> Value {
        let (code, message) = self.last_error.clone().unwrap_or_default();
        let last_error = self.last_error.as_ref().map(|_| json!({"code": code, "message": message}));
        json!({
            "id": self.id,
            "amount": major(self.amount, &self.currency),
            "currency": self.currency,
            "checkout_status": self.checkout_status,
            "payment_status": self.payment_status,
            "client_reference": self.client_reference,
            "aggregated_merchant_id": self.aggregated_merchant_id,
            "business_name": self.business_name(desk.tx),
            "success_url": self.success_url,
            "error_url": self.error_url,
            "restrict_payer_mobile": self.restrict_payer_mobile,
            "transaction_id": self.transaction_id,
            "last_payment_error": last_error,
            "wave_launch_url": format!("{}/wave/c/{}", desk.app.public_url(), self.id),
            "when_created": to_the_second(self.created_at),
            "when_expires": to_the_second(self.expires_at),
            "when_completed": self.completed_at.map(to_the_second),
        })
    }

    /// Whom the payer pays: the aggregated merchant that was named, else the business of the wallet.
    pub fn business_name(&self, tx: &Transaction<'_>) -> Option<String> {
        let merchant = self.aggregated_merchant_id.as_deref();
        let merchant = merchant.and_then(|id| merchant_book::name_of(tx, &self.wallet, id).ok()?);
        merchant.or_else(|| business_name(tx, &self.wallet))
    }

    fn from_row(row: &Row<'_>) -> rusqlite::Result<Session> {
        let code: Option<String> = row.get("error_code")?;
        let message: Option<String> = row.get("error_message")?;
        Ok(Session {
            id: row.get("id")?,
            wallet: row.get("wallet")?,
            amount: row.get("amount")?,
            fee: row.get("fee")?,
            currency: row.get("currency")?,
            client_reference: row.get("client_reference")?,
            aggregated_merchant_id: row.get("aggregated_merchant_id")?,
            restrict_payer_mobile: row.get("restrict_payer_mobile")?,
            success_url: row.get("success_url")?,
            error_url: row.get("error_url")?,
            checkout_status: row.get("checkout_status")?,
            payment_status: row.get("payment_status")?,
            transaction_id: row.get("transaction_id")?,
            payer_mobile: row.get("payer_mobile")?,
            last_error: code.map(|code| (code, message.unwrap_or_default())),
            created_at: instant(row, "created_at")?,
            expires_at: instant(row, "expires_at")?,
            completed_at: instant_or_none(row, "completed_at")?,
            refunded_at: instant_or_none(row, "refunded_at")?,
        })
    }
}

fn business_name(tx: &Transaction<'_>, wallet: &str) -> Option<String> {
    let mut statement = tx.prepare_cached("SELECT business_name FROM wallets WHERE wallet = ?1").ok()?;
    statement.query_row([wallet], |row| row.get(0)).ok()
}

/// Writes a new session.
pub fn insert(tx: &Transaction<'_>, session: &Session) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO sessions (id, wallet, amount, currency, client_reference,
            aggregated_merchant_id, restrict_payer_mobile, success_url, error_url,
            checkout_status, payment_status, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?
    .execute(params![
        session.id,
        session.wallet,
        session.amount,
        session.currency,
        session.client_reference,
        session.aggregated_merchant_id,
        session.restrict_payer_mobile,
        session.success_url,
        session.error_url,
        session.checkout_status,
        session.payment_status,
        micros(session.created_at),
        micros(session.expires_at),
    ])?;
    Ok(())
}

/// Writes what can change about a session.
pub fn update(tx: &Transaction<'_>, session: &Session) -> rusqlite::Result<()> {
    let (code, message) = session.last_error.clone().unzip();
    tx.prepare_cached(
        "UPDATE sessions SET amount = ?2, fee = ?3, checkout_status = ?4, payment_status = ?5,
            transaction_id = ?6, payer_mobile = ?7, error_code = ?8, error_message = ?9,
            completed_at = ?10, refunded_at = ?11
         WHERE id = ?1",
    )?
    .execute(params![
        session.id,
        session.amount,
        session.fee,
        session.checkout_status,
        session.payment_status,
        session.transaction_id,
        session.payer_mobile,
        code,
        message,
        session.completed_at.map(micros),
        session.refunded_at.map(micros),
    ])?;
    Ok(())
}

/// Closes what nobody paid in time.
pub fn expire_due(desk: &Desk<'_>) -> rusqlite::Result<usize> {
    desk.tx
        .prepare_cached(
            "UPDATE sessions SET checkout_status = 'expired', payment_status = 'cancelled'
             WHERE checkout_status = 'open' AND expires_at <= ?1",
        )?
        .execute([micros(desk.now)])
}

/// A session by its id, whosever it is.
pub fn find(tx: &Transaction<'_>, id: &str) -> rusqlite::Result<Option<Session>> {
    tx.prepare_cached("SELECT * FROM sessions WHERE id = ?1")?.query_row([id], Session::from_row).optional()
}

/// The session that a transaction paid, whosever it is.
pub fn by_transaction(tx: &Transaction<'_>, transaction: &str) -> rusqlite::Result<Option<Session>> {
    tx.prepare_cached("SELECT * FROM sessions WHERE transaction_id = ?1")?
        .query_row([transaction], Session::from_row)
        .optional()
}

/// Every session with this reference, oldest first; of one wallet, or of all.
pub fn by_reference(
    tx: &Transaction<'_>,
    wallet: Option<&str>,
    reference: &str,
) -> rusqlite::Result<Vec<Session>> {
    tx.prepare_cached(
        "SELECT * FROM sessions WHERE client_reference = ?1 AND (?2 IS NULL OR wallet = ?2)
         ORDER BY seq",
    )?
    .query_map(params![reference, wallet], Session::from_row)?
    .collect()
}
