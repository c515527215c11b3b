//! The simulator's own record: append-only facts for whoever compares.
//!
//! `effect` is what the wallet gained or lost, so the effects of one wallet add up to its balance
//! less its opening. A movement that takes time has a fact when the wallet's money moves and
//! another at its end.

use rusqlite::{Transaction, params};
use serde_json::{Value, json};

use super::fields::CURRENCY;
use crate::app::Desk;
use crate::books::{instant, words};
use crate::clock::{micros, to_the_second};
use crate::money::major;

words! {
    /// What kind of movement a fact is about.
    pub enum Kind {
        /// From a payer to a merchant.
        Collection = "collection",
        /// From a retailer to a payee.
        Disbursement = "disbursement",
        /// By people: between two wallets of the business, to its bank, or from it.
        Transfer = "transfer",
    }
}

/// One fact.
#[derive(Clone, Copy, Debug)]
pub struct Fact<'a> {
    /// The transaction that it is about.
    pub id: &'a str,
    /// What kind of movement.
    pub kind: Kind,
    /// Whose books it concerns.
    pub wallet: &'a str,
    /// The caller's reference.
    pub reference: Option<&'a str>,
    /// Positive, whole francs.
    pub amount: i64,
    /// Signed effect on the wallet.
    pub effect: i64,
    /// The other end.
    pub party: &'a str,
    /// `pending`, `succeeded`, `failed`, `canceled` or `rejected`.
    pub status: &'a str,
    /// Why it failed.
    pub code: Option<&'a str>,
}

/// Writes a fact down.
pub fn note(desk: &Desk<'_>, fact: &Fact<'_>) -> rusqlite::Result<()> {
    desk.tx
        .prepare_cached(
            "INSERT INTO sonatel_operations (id, kind, wallet, reference, amount, effect, party, status, code, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            fact.id,
            fact.kind,
            fact.wallet,
            fact.reference,
            fact.amount,
            fact.effect,
            fact.party,
            fact.status,
            fact.code,
            micros(desk.now),
        ])?;
    Ok(())
}

/// Every fact, oldest first, in major units. Sonatel's fees are contractual and none is kept.
pub fn all(tx: &Transaction<'_>) -> rusqlite::Result<Vec<Value>> {
    tx.prepare_cached("SELECT * FROM sonatel_operations ORDER BY seq")?
        .query_map([], |row| {
            let id: String = row.get("id")?;
            Ok(json!({
                "kind": row.get::<_, Kind>("kind")?,
                "wallet": row.get::<_, String>("wallet")?,
                "reference": row.get::<_, Option<String>>("reference")?,
                "amount": major(row.get("amount")?, CURRENCY),
                "fee": "0",
                "effect": major(row.get("effect")?, CURRENCY),
                "currency": CURRENCY,
                "party": row.get::<_, Option<String>>("party")?,
                "status": row.get::<_, String>("status")?,
                "code": row.get::<_, Option<String>>("code")?,
                "transaction_id": id,
                "id": id,
                "at": to_the_second(instant(row, "at")?),
            }))
        })?
        .collect()
}
