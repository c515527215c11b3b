//! The simulator's own record: one append-only fact for each movement of money that ended.
//!
//! `id` is the caller's `X-Reference-Id`, `reference` its `externalId`, or the former when there
//! is none. `effect` is signed and adds up to the balance; a failure's is zero. MTN tells no fee.

use rusqlite::{Transaction, params};
use serde_json::{Value, json};

use super::kind::{Kind, OperationKind, Status};
use super::movement::Movement;
use super::portal::{self, Environment};
use crate::app::Desk;
use crate::books::instant;
use crate::clock::{micros, to_the_second};
use crate::ids;
use crate::money::major;

/// Writes down how a movement ended.
pub fn note(desk: &Desk<'_>, movement: &Movement) -> rusqlite::Result<()> {
    let Some(operation) = movement.kind.operation() else { return Ok(()) };
    let (status, effect) = match movement.status {
        Status::Successful => ("succeeded", movement.kind.effect(movement.amount)),
        _ => ("failed", 0),
    };
    desk.tx
        .prepare_cached(
            "INSERT INTO mtn_operations (id, environment, operation, kind, reference, amount, effect,
                currency, party, status, reason, transaction_id, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .execute(params![
            movement.reference,
            movement.environment,
            operation,
            movement.kind,
            movement.external_id.as_ref().unwrap_or(&movement.reference),
            movement.amount,
            effect,
            movement.currency,
            movement.party.as_ref().map(|party| &party.id),
            status,
            movement.reason,
            movement.transaction,
            micros(desk.now),
        ])?;
    Ok(())
}

/// Moves money between our wallet and the outside, as an operator of the portal can, and writes it
/// down: a positive `effect` tops up, a negative one sweeps.
pub fn move_by_portal(desk: &Desk<'_>, environment: &Environment, effect: i64) -> rusqlite::Result<String> {
    let id = ids::upper("PT_", 10);
    let operation = if effect < 0 { OperationKind::Sweep } else { OperationKind::TopUp };
    portal::move_balance(desk.tx, environment.name(), effect)?;
    desk.tx.execute(
        "INSERT INTO mtn_operations (id, environment, operation, reference, amount, effect, currency, status, at)
         VALUES (?1, ?2, ?3, ?1, abs(?4), ?4, ?5, 'succeeded', ?6)",
        params![id, environment.name(), operation, effect, environment.currency(), micros(desk.now)],
    )?;
    Ok(id)
}

/// Every fact, oldest first, in major units.
pub fn all(tx: &Transaction<'_>) -> rusqlite::Result<Vec<Value>> {
    tx.prepare_cached("SELECT * FROM mtn_operations ORDER BY seq")?
        .query_map([], |row| {
            let currency: String = row.get("currency")?;
            let amount = |column| Ok::<_, rusqlite::Error>(major(row.get(column)?, &currency));
            Ok(json!({
                "id": row.get::<_, String>("id")?,
                "kind": row.get::<_, OperationKind>("operation")?,
                "call": row.get::<_, Option<Kind>>("kind")?,
                "environment": row.get::<_, String>("environment")?,
                "reference": row.get::<_, Option<String>>("reference")?,
                "amount": amount("amount")?,
                "fee": major(0, &currency),
                "effect": amount("effect")?,
                "currency": currency,
                "party": row.get::<_, Option<String>>("party")?,
                "status": row.get::<_, String>("status")?,
                "reason": row.get::<_, Option<String>>("reason")?,
                "transaction_id": row.get::<_, Option<String>>("transaction_id")?,
                "at": to_the_second(instant(row, "at")?),
            }))
        })?
        .collect()
}
