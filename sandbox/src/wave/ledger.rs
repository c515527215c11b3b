//! Where a wallet's money moves: the statement that Wave serves, and the simulator's own record.
//!
//! A [`Line`] is what `/v1/transactions` shows: `amount` is the signed net effect on the wallet,
//! `fee` carries the sign of what Wave kept (negative when it is given back), so `amount + fee`
//! is the signed gross. Every line moves the balance by its amount, and nothing else does.
//! An [`Operation`] is a fact for whoever compares: amount and fee positive, `effect` signed.

use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde_json::{Map, Value, json};

use super::{merchant_book, wallet};
use crate::app::Desk;
use crate::books::{instant, json as json_column, to_json, words};
use crate::clock::{Instant, micros, to_the_second};
use crate::money::major;

/// One movement of a wallet's balance.
#[derive(Clone, Debug)]
pub struct Line {
    /// `T_…`.
    pub transaction_id: String,
    /// One of Wave's types, as `api_checkout`.
    pub transaction_type: &'static str,
    /// Signed net effect, minor units.
    pub amount: i64,
    /// What Wave kept, negative when given back.
    pub fee: i64,
    /// For a reversal, the transaction that it undoes.
    pub reverses: Option<String>,
    /// Optional fields, absent where there is nothing to say.
    pub extra: Map<String, Value>,
}

words! {
    /// What kind of movement an operation is.
    pub enum OperationKind {
        /// From a payer to the wallet.
        Collection = "collection",
        /// From the wallet to a payee.
        Disbursement = "disbursement",
        /// A collection given back.
        Refund = "refund",
        /// A disbursement taken back.
        Reversal = "reversal",
    }
}

/// One fact of the simulator's own record.
#[derive(Clone, Debug)]
pub struct Operation<'a> {
    /// The provider's id of the session, payout or transaction.
    pub id: &'a str,
    /// What kind of movement.
    pub kind: OperationKind,
    /// The caller's reference.
    pub reference: Option<&'a str>,
    /// Gross, positive, minor units.
    pub amount: i64,
    /// Fee of the movement, or given back with it; positive.
    pub fee: i64,
    /// Signed effect on the wallet's balance.
    pub effect: i64,
    /// The other end's number.
    pub party: Option<&'a str>,
    /// `succeeded` or `failed`.
    pub status: &'static str,
    /// The line that moved the money.
    pub transaction_id: Option<&'a str>,
}

/// Posts a line to the wallet's statement and moves its balance. A line that is about an aggregated
/// merchant tells its name, as it is then.
pub fn post(desk: &Desk<'_>, wallet: &str, line: &Line) -> rusqlite::Result<()> {
    let balance = wallet::move_balance(desk.tx, wallet, line.amount)?;
    let mut extra = line.extra.clone();
    if let Some(id) = extra.get("aggregated_merchant_id").and_then(Value::as_str)
        && let Some(name) = merchant_book::name_of(desk.tx, wallet, id)?
    {
        extra.insert("aggregated_merchant_name".to_owned(), Value::from(name));
    }
    desk.tx
        .prepare_cached(
            "INSERT INTO lines (wallet, at, transaction_id, transaction_type, amount, fee, balance,
                currency, is_reversal, reverses, extra)
             SELECT wallet, ?2, ?3, ?4, ?5, ?6, ?7, currency, ?8, ?9, ?10
             FROM wallets WHERE wallet = ?1",
        )?
        .execute(params![
            wallet,
            micros(desk.now),
            line.transaction_id,
            line.transaction_type,
            line.amount,
            line.fee,
            balance,
            line.reverses.is_some(),
            line.reverses,
            to_json(&extra)?,
        ])?;
    Ok(())
}

/// Adds to the simulator's own record.
pub fn record(desk: &Desk<'_>, wallet: &str, fact: &Operation<'_>) -> rusqlite::Result<()> {
    desk.tx
        .prepare_cached(
            "INSERT INTO operations (id, wallet, kind, reference, amount, fee, effect, currency,
                party, status, transaction_id, at)
             SELECT ?2, wallet, ?3, ?4, ?5, ?6, ?7, currency, ?8, ?9, ?10, ?11
             FROM wallets WHERE wallet = ?1",
        )?
        .execute(params![
            wallet,
            fact.id,
            fact.kind,
            fact.reference,
            fact.amount,
            fact.fee,
            fact.effect,
            fact.party,
            fact.status,
            fact.transaction_id,
            micros(desk.now),
        ])?;
    Ok(())
}

/// The record, oldest first, in major units.
pub fn operations(tx: &Transaction<'_>) -> rusqlite::Result<Vec<Value>> {
    tx.prepare_cached("SELECT * FROM operations ORDER BY seq")?
        .query_map([], |row| {
            let currency: String = row.get("currency")?;
            let amount = |column| Ok::<_, rusqlite::Error>(major(row.get(column)?, &currency));
            Ok(json!({
                "id": row.get::<_, String>("id")?,
                "kind": row.get::<_, OperationKind>("kind")?,
                "wallet": row.get::<_, String>("wallet")?,
                "reference": row.get::<_, Option<String>>("reference")?,
                "amount": amount("amount")?,
                "fee": amount("fee")?,
                "effect": amount("effect")?,
                "currency": currency,
                "party": row.get::<_, Option<String>>("party")?,
                "status": row.get::<_, String>("status")?,
                "transaction_id": row.get::<_, Option<String>>("transaction_id")?,
                "at": to_the_second(instant(row, "at")?),
            }))
        })?
        .collect()
}

/// What a posted line says, with its place in the statement.
#[derive(Clone, Debug)]
pub struct Posted {
    /// Place in the statement.
    pub seq: i64,
    /// Its type.
    pub transaction_type: String,
    /// Signed net effect.
    pub amount: i64,
    /// What Wave kept.
    pub fee: i64,
    /// As `/v1/transactions` shows it.
    pub view: Value,
}

/// Lines of one wallet in `[from, to)` after a place in the statement, oldest first.
pub fn lines(
    tx: &Transaction<'_>,
    wallet: &str,
    (from, to): (Instant, Instant),
    after: i64,
    limit: i64,
) -> rusqlite::Result<Vec<Posted>> {
    tx.prepare_cached(
        "SELECT * FROM lines WHERE wallet = ?1 AND at >= ?2 AND at < ?3 AND seq > ?4
         ORDER BY seq LIMIT ?5",
    )?
    .query_map(params![wallet, micros(from), micros(to), after, limit], posted)?
    .collect()
}

/// One line of one wallet by its transaction.
pub fn line(tx: &Transaction<'_>, wallet: &str, transaction: &str) -> rusqlite::Result<Option<Posted>> {
    tx.prepare_cached("SELECT * FROM lines WHERE wallet = ?1 AND transaction_id = ?2")?
        .query_row(params![wallet, transaction], posted)
        .optional()
}

/// Whether a transaction was already undone.
pub fn is_reversed(tx: &Transaction<'_>, transaction: &str) -> rusqlite::Result<bool> {
    tx.prepare_cached("SELECT 1 FROM lines WHERE reverses = ?1")?.exists([transaction])
}

fn posted(row: &Row<'_>) -> rusqlite::Result<Posted> {
    let currency: String = row.get("currency")?;
    let transaction_type: String = row.get("transaction_type")?;
    let (amount, fee) = (row.get("amount")?, row.get("fee")?);
    let mut view = json!({
        "timestamp": to_the_second(instant(row, "at")?),
        "transaction_id": row.get::<_, String>("transaction_id")?,
        "transaction_type": transaction_type,
        "amount": major(amount, &currency),
        "fee": major(fee, &currency),
        "balance": major(row.get("balance")?, &currency),
        "currency": currency,
        "is_reversal": row.get::<_, bool>("is_reversal")?,
    });
    let extra: Map<String, Value> = json_column(row, "extra")?;
    if let Some(view) = view.as_object_mut() {
        view.extend(extra);
    }
    Ok(Posted { seq: row.get("seq")?, transaction_type, amount, fee, view })
}

/// An object of the fields that have a value.
pub fn fields(pairs: &[(&str, Option<&str>)]) -> Map<String, Value> {
    let present =
        |(name, value): &(&str, Option<&str>)| value.map(|value| ((*name).to_owned(), Value::from(value)));
    pairs.iter().filter_map(present).collect()
}
