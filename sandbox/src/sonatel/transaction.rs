//! Transactions: what the search and the status call show.
//!
//! The search answers a bare array, newest first (*chosen*). `fromDateTime` is a strict bound;
//! any `type` at all finds nothing, as clients have seen; what no document names is ignored.
//! A page has twenty transactions unless `size` says otherwise (*chosen*), at most five hundred.
//! The application sees the transactions of every wallet that it has.

use axum::extract::Path;
use chrono::DateTime;
use rusqlite::{OptionalExtension, Row, Transaction as Tx, params};
use serde_json::{Map, Value, json};

use super::errors::{Reply, SonatelError};
use super::fields::money_view;
use super::http::Call;
use crate::app::Desk;
use crate::books::{instant, instant_or_none, json as json_column, to_json, words};
use crate::clock::{Instant, micros};
use crate::ids;

words! {
    /// Where a transaction is.
    pub enum Status {
        /// Asked for.
        PreInitiated = "PRE_INITIATED",
        /// Begun.
        Initiated = "INITIATED",
        /// Under way.
        Pending = "PENDING",
        /// Taken on.
        Accepted = "ACCEPTED",
        /// Done.
        Success = "SUCCESS",
        /// Not done.
        Failed = "FAILED",
        /// Given up by somebody.
        Cancelled = "CANCELLED",
        /// Refused.
        Rejected = "REJECTED",
    }
}

impl Status {
    /// Whether it stays so.
    pub fn is_final(self) -> bool {
        matches!(self, Status::Success | Status::Failed | Status::Cancelled | Status::Rejected)
    }

    /// As the simulator's own record has it.
    pub fn fact(self) -> &'static str {
        match self {
            Status::Success => "succeeded",
            Status::Failed => "failed",
            Status::Cancelled => "canceled",
            Status::Rejected => "rejected",
            _ => "pending",
        }
    }
}

words! {
    /// Which way the money goes.
    pub enum Type {
        /// From a customer to a merchant.
        Payment = "MERCHANT_PAYMENT",
        /// From a retailer to a customer.
        CashIn = "CASHIN",
    }
}

/// A transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Transaction {
    /// `MP…` or `CI…`.
    pub id: String,
    /// Names the request that began it.
    pub request_id: String,
    /// Which way the money goes.
    pub kind: Type,
    /// `QRCODE`, `ONESTEP`, `CLASSIC` or `CASHIN`.
    pub method: String,
    /// `MAXIT`, `API`.
    pub channel: String,
    /// The wallet of the business.
    pub wallet: String,
    /// The customer's number.
    pub customer: String,
    /// Whole francs.
    pub amount: i64,
    /// The caller's.
    pub reference: Option<String>,
    /// The caller's and Sonatel's own.
    pub metadata: Map<String, Value>,
    /// As the caller wished.
    pub receive_notification: bool,
    /// The address for its notifications, when it has one of its own.
    pub callback_url: Option<String>,
    /// The bulk that it is part of.
    pub bulk_id: Option<String>,
    /// Whether the paying side's money was taken.
    pub is_paid_for: bool,
    /// Where it is.
    pub status: Status,
    /// Why it failed.
    pub code: Option<String>,
    /// When it began.
    pub created_at: Instant,
    /// When its status changed last.
    pub updated_at: Instant,
    /// When its end was told.
    pub told_at: Option<Instant>,
}

impl Transaction {
    /// A name for a new transaction: `MP261120.1147.K20518`.
    pub fn fresh_id(kind: Type, now: Instant) -> String {
        let prefix = match kind {
            Type::Payment => "MP",
            Type::CashIn => "CI",
        };
        ids::upper(&format!("{prefix}{}.", now.format("%y%m%d.%H%M")), 6)
    }

    fn id_type(&self) -> &'static str {
        match self.kind {
            Type::Payment => "CODE",
            Type::CashIn => "MSISDN",
        }
    }

    /// As the search shows it.
    pub fn view(&self) -> Value {
        let mut metadata = self.metadata.clone();
        if self.told_at.is_some() {
            metadata.insert("notification.dispatched".to_owned(), json!("true"));
        }
        json!({
            "amount": money_view(self.amount),
            "requestDate": milliseconds(self.created_at),
            "reference": self.reference,
            "metadata": metadata,
            "receiveNotification": self.receive_notification,
            "partner": {"id": self.wallet, "idType": self.id_type(), "walletType": "PRINCIPAL"},
            "customer": {"id": self.customer, "idType": "MSISDN", "walletType": "PRINCIPAL"},
            "type": self.kind,
            "transactionId": self.id,
            "createdAt": milliseconds(self.created_at),
            "updatedAt": milliseconds(self.updated_at),
            "channel": self.channel,
            "status": self.status,
        })
    }

    /// As the call that began it answers.
    pub fn answer(&self) -> Value {
        let description = match self.status {
            Status::Success => "Transaction done",
            status if status.is_final() => "Transaction not done",
            _ => "Transaction in progress",
        };
        json!({
            "transactionId": self.id,
            "requestId": self.request_id,
            "reference": self.reference,
            "status": self.status,
            "description": description,
        })
    }
}

/// `2026-11-20T11:47:20.115Z`.
pub fn milliseconds(instant: Instant) -> String {
    instant.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// Writes a new transaction down.
pub fn insert(desk: &Desk<'_>, new: &Transaction) -> rusqlite::Result<()> {
    desk.tx
        .prepare_cached(
            "INSERT INTO sonatel_transactions (transaction_id, request_id, type, method, channel, wallet,
                customer, amount, reference, metadata, receive_notification, callback_url, bulk_id,
                is_paid_for, status, code, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?17)",
        )?
        .execute(params![
            new.id,
            new.request_id,
            new.kind,
            new.method,
            new.channel,
            new.wallet,
            new.customer,
            new.amount,
            new.reference,
            to_json(&new.metadata)?,
            new.receive_notification,
            new.callback_url,
            new.bulk_id,
            new.is_paid_for,
            new.status,
            new.code,
            micros(new.created_at),
        ])?;
    Ok(())
}

/// Writes down what changed.
pub fn save(desk: &Desk<'_>, transaction: &Transaction) -> rusqlite::Result<()> {
    desk.tx
        .prepare_cached(
            "UPDATE sonatel_transactions SET status = ?2, code = ?3, is_paid_for = ?4, updated_at = ?5
             WHERE transaction_id = ?1",
        )?
        .execute(params![
            transaction.id,
            transaction.status,
            transaction.code,
            transaction.is_paid_for,
            micros(transaction.updated_at),
        ])?;
    Ok(())
}

/// A transaction by its id.
pub fn find(tx: &Tx<'_>, id: &str) -> rusqlite::Result<Option<Transaction>> {
    tx.prepare_cached("SELECT * FROM sonatel_transactions WHERE transaction_id = ?1")?
        .query_row([id], from_row)
        .optional()
}

/// Every transaction of a reference, newest first.
pub fn by_reference(tx: &Tx<'_>, reference: &str) -> rusqlite::Result<Vec<Transaction>> {
    tx.prepare_cached("SELECT * FROM sonatel_transactions WHERE reference = ?1 ORDER BY seq DESC")?
        .query_map([reference], from_row)?
        .collect()
}

/// Every transaction of a bulk, in its order.
pub fn by_bulk(tx: &Tx<'_>, bulk: &str) -> rusqlite::Result<Vec<Transaction>> {
    tx.prepare_cached("SELECT * FROM sonatel_transactions WHERE bulk_id = ?1 ORDER BY seq")?
        .query_map([bulk], from_row)?
        .collect()
}

/// `GET /api/eWallet/v1/transactions/{transactionId}/status`.
pub async fn status(Path(id): Path<String>, call: Call) -> Result<Reply, Reply> {
    call.answer(|desk, _| {
        let found = find(desk.tx, &id)?;
        let found = found.ok_or_else(|| SonatelError::http(404, format!("No transaction {id}")))?;
        Ok(Reply::json(&json!({"status": found.status})))
    })
}

/// `GET /api/eWallet/v1/transactions`.
pub async fn search(call: Call) -> Result<Reply, Reply> {
    call.answer(|desk, call| {
        let given = |name: &str| call.query.get(name).filter(|value| !value.is_empty());
        let from = given("fromDateTime").map(|text| since(text)).transpose()?;
        let size = given("size").map_or(Ok(20), |text| text.parse::<i64>());
        let size = size.ok().filter(|size| (1..=500).contains(size));
        let size = size.ok_or_else(|| SonatelError::bad("size must be between 1 and 500"))?;
        if given("type").is_some() {
            return Ok(Reply::json(&json!([])));
        }
        let found =
            matching(desk.tx, (given("reference"), given("status"), given("transactionId")), from, size)?;
        let views: Vec<Value> = found.iter().map(Transaction::view).collect();
        Ok(Reply::json(&Value::Array(views)))
    })
}

/// Milliseconds since the epoch, as precise as the instants that the search shows.
fn since(text: &str) -> Result<i64, SonatelError> {
    // A plus sign that nobody escaped arrives as a space.
    let parsed = DateTime::parse_from_rfc3339(&text.replace(' ', "+"));
    let parsed = parsed.map_err(|_| SonatelError::bad("fromDateTime must be an ISO 8601 instant"))?;
    Ok(parsed.timestamp_millis())
}

type Wanted<'a> = (Option<&'a String>, Option<&'a String>, Option<&'a String>);

fn matching(
    tx: &Tx<'_>,
    (reference, status, id): Wanted<'_>,
    from: Option<i64>,
    size: i64,
) -> rusqlite::Result<Vec<Transaction>> {
    tx.prepare_cached(
        "SELECT * FROM sonatel_transactions
         WHERE (?1 IS NULL OR reference = ?1) AND (?2 IS NULL OR status = ?2)
           AND (?3 IS NULL OR transaction_id = ?3) AND (?4 IS NULL OR created_at / 1000 > ?4)
         ORDER BY seq DESC LIMIT ?5",
    )?
    .query_map(params![reference, status, id, from, size], from_row)?
    .collect()
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Transaction> {
    Ok(Transaction {
        id: row.get("transaction_id")?,
        request_id: row.get("request_id")?,
        kind: row.get("type")?,
        method: row.get("method")?,
        channel: row.get("channel")?,
        wallet: row.get("wallet")?,
        customer: row.get("customer")?,
        amount: row.get("amount")?,
        reference: row.get("reference")?,
        metadata: json_column(row, "metadata")?,
        receive_notification: row.get("receive_notification")?,
        callback_url: row.get("callback_url")?,
        bulk_id: row.get("bulk_id")?,
        is_paid_for: row.get("is_paid_for")?,
        status: row.get("status")?,
        code: row.get("code")?,
        created_at: instant(row, "created_at")?,
        updated_at: instant(row, "updated_at")?,
        told_at: instant_or_none(row, "told_at")?,
    })
}
