//! The simulator's own record of what moved and what failed; merchants get no statement from W.

use rusqlite::{Transaction, params};
use serde_json::{Value, json};

use super::config::OrangeMerchantConfig;
use super::merchant;
use super::payment::Payment;
use crate::app::Desk;
use crate::books::{instant, words};
use crate::clock::{micros, to_the_second};
use crate::ids;
use crate::money::major;

words! {
    /// What kind of movement an operation is.
    pub enum OperationKind {
        /// From a payer to the merchant.
        Collection = "collection",
        /// Out of the merchant's account, by the portal.
        Sweep = "sweep",
    }
}

struct Operation<'a> {
    id: &'a str,
    merchant: &'a OrangeMerchantConfig,
    kind: OperationKind,
    reference: Option<&'a str>,
    amount: i64,
    fee: i64,
    effect: i64,
    party: Option<&'a str>,
    status: &'static str,
    code: Option<&'a str>,
    transaction_id: Option<&'a str>,
}

/// A payment was paid: the merchant gets it less the fee.
pub fn credit(desk: &Desk<'_>, merchant: &OrangeMerchantConfig, payment: &Payment) -> rusqlite::Result<()> {
    let amount = payment.paid.unwrap_or(payment.amount);
    let fee = merchant.fee(amount);
    let effect = amount - fee;
    merchant::move_balance(desk.tx, &merchant.merchant, effect)?;
    record(desk, &Operation { fee, effect, ..of_payment(merchant, payment, amount, "succeeded") })
}

/// A payer confirmed and nothing moved.
pub fn note_failure(
    desk: &Desk<'_>,
    merchant: &OrangeMerchantConfig,
    payment: &Payment,
) -> rusqlite::Result<()> {
    let amount = payment.paid.unwrap_or(payment.amount);
    record(desk, &of_payment(merchant, payment, amount, "failed"))
}

fn of_payment<'a>(
    merchant: &'a OrangeMerchantConfig,
    payment: &'a Payment,
    amount: i64,
    status: &'static str,
) -> Operation<'a> {
    Operation {
        id: &payment.pay_token,
        merchant,
        kind: OperationKind::Collection,
        reference: Some(&payment.order_id),
        amount,
        fee: 0,
        effect: 0,
        party: payment.payer.as_deref(),
        status,
        code: payment.failure.as_deref(),
        transaction_id: payment.txnid.as_deref(),
    }
}

/// Takes money out of a merchant's account; the caller has looked whether it is there.
pub fn sweep(desk: &Desk<'_>, merchant: &OrangeMerchantConfig, amount: i64) -> rusqlite::Result<String> {
    let id = ids::upper("SW", 12);
    merchant::move_balance(desk.tx, &merchant.merchant, -amount)?;
    let operation = Operation {
        id: &id,
        merchant,
        kind: OperationKind::Sweep,
        reference: None,
        amount,
        fee: 0,
        effect: -amount,
        party: None,
        status: "succeeded",
        code: None,
        transaction_id: Some(&id),
    };
    record(desk, &operation)?;
    Ok(id)
}

fn record(desk: &Desk<'_>, fact: &Operation<'_>) -> rusqlite::Result<()> {
    desk.tx
        .prepare_cached(
            "INSERT INTO orange_operations (id, merchant, kind, reference, amount, fee, effect, currency,
                party, status, code, transaction_id, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .execute(params![
            fact.id,
            fact.merchant.merchant,
            fact.kind,
            fact.reference,
            fact.amount,
            fact.fee,
            fact.effect,
            fact.merchant.currency(),
            fact.party,
            fact.status,
            fact.code,
            fact.transaction_id,
            micros(desk.now),
        ])?;
    Ok(())
}

/// The record, oldest first, in major units. `effect` is signed and adds up to the balance.
pub fn operations(tx: &Transaction<'_>) -> rusqlite::Result<Vec<Value>> {
    tx.prepare_cached("SELECT * FROM orange_operations ORDER BY seq")?
        .query_map([], |row| {
            let currency: String = row.get("currency")?;
            let amount = |column| Ok::<_, rusqlite::Error>(major(row.get(column)?, &currency));
            Ok(json!({
                "id": row.get::<_, String>("id")?,
                "kind": row.get::<_, OperationKind>("kind")?,
                "merchant": row.get::<_, String>("merchant")?,
                "reference": row.get::<_, Option<String>>("reference")?,
                "amount": amount("amount")?,
                "fee": amount("fee")?,
                "effect": amount("effect")?,
                "currency": currency,
                "party": row.get::<_, Option<String>>("party")?,
                "status": row.get::<_, String>("status")?,
                "code": row.get::<_, Option<String>>("code")?,
                "transaction_id": row.get::<_, Option<String>>("transaction_id")?,
                "at": to_the_second(instant(row, "at")?),
            }))
        })?
        .collect()
}
