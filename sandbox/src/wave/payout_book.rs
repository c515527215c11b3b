//! Payouts in the books, and as Wave shows them.

use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde_json::{Map, Value, json};

use super::ledger;
use crate::books::{instant, instant_or_none, words};
use crate::clock::{Instant, micros, to_the_second};
use crate::money::major;

words! {
    /// Where a payout stands.
    pub enum PayoutStatus {
        /// Accepted, executing.
        Processing = "processing",
        /// The recipient has the money.
        Succeeded = "succeeded",
        /// It did not happen.
        Failed = "failed",
        /// It was taken back.
        Reversed = "reversed",
    }
}

/// One payout.
#[derive(Clone, Debug)]
pub struct Payout {
    /// `pt-…`.
    pub id: String,
    /// The wallet that pays.
    pub wallet: String,
    /// `pb-…` when it came in a batch.
    pub batch_id: Option<String>,
    /// The wallet's currency.
    pub currency: String,
    /// What the recipient gets, minor units.
    pub amount: i64,
    /// What the wallet pays on top, minor units.
    pub fee: i64,
    /// The recipient.
    pub mobile: String,
    /// The recipient's name, as the caller wrote it.
    pub name: Option<String>,
    /// The caller's own name for it.
    pub client_reference: Option<String>,
    /// Printed on the recipient's receipt.
    pub payment_reason: Option<String>,
    /// For aggregators.
    pub aggregated_merchant_id: Option<String>,
    /// Where it stands.
    pub status: PayoutStatus,
    /// Code and message of a failure.
    pub error: Option<(String, String)>,
    /// `T_…` once it moved money.
    pub transaction_id: Option<String>,
    /// When it was submitted: Wave's `timestamp`.
    pub submitted_at: Instant,
    /// When processing ends.
    pub settles_at: Option<Instant>,
    /// When it was taken back.
    pub reversed_at: Option<Instant>,
}

impl Payout {
    /// The payout object of the API: optional fields are absent rather than null.
    pub fn view(&self) -> Value {
        let mut view = json!({
            "id": self.id,
            "currency": self.currency,
            "receive_amount": major(self.amount, &self.currency),
            "fee": major(self.fee, &self.currency),
            "mobile": self.mobile,
            "status": self.status,
            "timestamp": to_the_second(self.submitted_at),
        });
        if let Some(view) = view.as_object_mut() {
            view.extend(ledger::fields(&[
                ("name", self.name.as_deref()),
                ("client_reference", self.client_reference.as_deref()),
                ("payment_reason", self.payment_reason.as_deref()),
                ("aggregated_merchant_id", self.aggregated_merchant_id.as_deref()),
            ]));
            if let Some((code, message)) = &self.error {
                let error = json!({"error_code": code, "error_message": message});
                view.insert("payout_error".to_owned(), error);
            }
        }
        view
    }

    /// The optional fields of a statement line about it.
    pub fn extra(&self) -> Map<String, Value> {
        ledger::fields(&[
            ("counterparty_name", self.name.as_deref()),
            ("counterparty_mobile", Some(&self.mobile)),
            ("client_reference", self.client_reference.as_deref()),
            ("payment_reason", self.payment_reason.as_deref()),
            ("batch_id", self.batch_id.as_deref()),
            ("aggregated_merchant_id", self.aggregated_merchant_id.as_deref()),
        ])
    }

    fn from_row(row: &Row<'_>) -> rusqlite::Result<Payout> {
        let code: Option<String> = row.get("error_code")?;
        let message: Option<String> = row.get("error_message")?;
        Ok(Payout {
            id: row.get("id")?,
            wallet: row.get("wallet")?,
            batch_id: row.get("batch_id")?,
            currency: row.get("currency")?,
            amount: row.get("amount")?,
            fee: row.get("fee")?,
            mobile: row.get("mobile")?,
            name: row.get("name")?,
            client_reference: row.get("client_reference")?,
            payment_reason: row.get("payment_reason")?,
            aggregated_merchant_id: row.get("aggregated_merchant_id")?,
            status: row.get("status")?,
            error: code.map(|code| (code, message.unwrap_or_default())),
            transaction_id: row.get("transaction_id")?,
            submitted_at: instant(row, "submitted_at")?,
            settles_at: instant_or_none(row, "settles_at")?,
            reversed_at: instant_or_none(row, "reversed_at")?,
        })
    }
}

/// Writes a new payout.
pub fn insert(tx: &Transaction<'_>, payout: &Payout) -> rusqlite::Result<()> {
    let (code, message) = payout.error.clone().unzip();
    tx.prepare_cached(
        "INSERT INTO payouts (id, wallet, batch_id, currency, amount, fee, mobile, name,
            client_reference, payment_reason, aggregated_merchant_id, status, error_code,
            error_message, transaction_id, submitted_at, settles_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
    )?
    .execute(params![
        payout.id,
        payout.wallet,
        payout.batch_id,
        payout.currency,
        payout.amount,
        payout.fee,
        payout.mobile,
        payout.name,
        payout.client_reference,
        payout.payment_reason,
        payout.aggregated_merchant_id,
        payout.status,
        code,
        message,
        payout.transaction_id,
        micros(payout.submitted_at),
        payout.settles_at.map(micros),
    ])?;
    Ok(())
}

/// Writes what can change about a payout.
pub fn update(tx: &Transaction<'_>, payout: &Payout) -> rusqlite::Result<()> {
    let (code, message) = payout.error.clone().unzip();
    tx.prepare_cached(
        "UPDATE payouts SET status = ?2, error_code = ?3, error_message = ?4, transaction_id = ?5,
            settles_at = ?6, reversed_at = ?7
         WHERE id = ?1",
    )?
    .execute(params![
        payout.id,
        payout.status,
        code,
        message,
        payout.transaction_id,
        payout.settles_at.map(micros),
        payout.reversed_at.map(micros),
    ])?;
    Ok(())
}

/// A payout by its id, whosever it is.
pub fn find(tx: &Transaction<'_>, id: &str) -> rusqlite::Result<Option<Payout>> {
    tx.prepare_cached("SELECT * FROM payouts WHERE id = ?1")?.query_row([id], Payout::from_row).optional()
}

/// Every payout of a wallet with this reference, oldest first.
pub fn by_reference(tx: &Transaction<'_>, wallet: &str, reference: &str) -> rusqlite::Result<Vec<Payout>> {
    tx.prepare_cached("SELECT * FROM payouts WHERE client_reference = ?1 AND wallet = ?2 ORDER BY seq")?
        .query_map([reference, wallet], Payout::from_row)?
        .collect()
}

/// Every payout of a batch, in its order.
pub fn by_batch(tx: &Transaction<'_>, batch: &str) -> rusqlite::Result<Vec<Payout>> {
    tx.prepare_cached("SELECT * FROM payouts WHERE batch_id = ?1 ORDER BY seq")?
        .query_map([batch], Payout::from_row)?
        .collect()
}

/// Every payout whose processing is over.
pub fn due(tx: &Transaction<'_>, now: Instant) -> rusqlite::Result<Vec<Payout>> {
    tx.prepare_cached(
        "SELECT * FROM payouts WHERE status = 'processing' AND settles_at <= ?1
         ORDER BY settles_at, seq",
    )?
    .query_map([micros(now)], Payout::from_row)?
    .collect()
}
