//! The simulator's own record: append-only facts for whoever compares.
//!
//! Amount and fee are positive, `effect` is what the account's balance gained or lost, pending
//! money included. A movement that takes time has a fact when money moves and another at its end.

use rusqlite::{Transaction, params};
use serde_json::{Value, json};

use super::scene::{Scene, text};
use crate::books::{instant, words};
use crate::clock::{micros, to_the_second};
use crate::money::major;

words! {
    /// What kind of movement a fact is about.
    pub enum Kind {
        /// From a payer to the account.
        Collection = "collection",
        /// From the account to a bank account of the business.
        Disbursement = "disbursement",
        /// A collection given back.
        Refund = "refund",
        /// A collection taken back by the payer's bank, or a dispute won.
        Reversal = "reversal",
    }
}

/// One fact.
#[derive(Clone, Copy, Debug)]
pub struct Fact<'a> {
    /// The object that it is about: `pi_…`, `re_…`, `po_…`, `du_…`.
    pub of: &'a Value,
    /// What kind of movement.
    pub kind: Kind,
    /// Gross, positive, minor units.
    pub amount: i64,
    /// Positive, minor units.
    pub fee: i64,
    /// Signed effect on the balance.
    pub effect: i64,
    /// `pending`, `succeeded`, `failed`, `canceled`, `lost`, `won`.
    pub status: &'a str,
    /// The charge, or whatever else Stripe's ledger names.
    pub transaction: Option<&'a str>,
}

/// Writes a fact down.
pub fn note(scene: &Scene<'_>, fact: &Fact<'_>) -> rusqlite::Result<()> {
    scene
        .tx
        .prepare_cached(
            "INSERT INTO stripe_operations (id, kind, reference, amount, fee, effect, party, status,
                transaction_id, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            text(fact.of, "id"),
            fact.kind,
            fact.of["metadata"]["movement_reference"].as_str(),
            fact.amount,
            fact.fee,
            fact.effect,
            fact.of["customer"].as_str().or(fact.of["destination"].as_str()),
            fact.status,
            fact.transaction,
            micros(scene.now),
        ])?;
    Ok(())
}

/// Every fact, oldest first, in major units.
pub fn all(tx: &Transaction<'_>) -> rusqlite::Result<Vec<Value>> {
    tx.prepare_cached("SELECT * FROM stripe_operations ORDER BY seq")?
        .query_map([], |row| {
            let amount = |column| Ok::<_, rusqlite::Error>(major(row.get(column)?, "EUR"));
            Ok(json!({
                "id": row.get::<_, String>("id")?,
                "kind": row.get::<_, Kind>("kind")?,
                "reference": row.get::<_, Option<String>>("reference")?,
                "amount": amount("amount")?,
                "fee": amount("fee")?,
                "effect": amount("effect")?,
                "currency": "EUR",
                "party": row.get::<_, Option<String>>("party")?,
                "status": row.get::<_, String>("status")?,
                "transaction_id": row.get::<_, Option<String>>("transaction_id")?,
                "at": to_the_second(instant(row, "at")?),
            }))
        })?
        .collect()
}
