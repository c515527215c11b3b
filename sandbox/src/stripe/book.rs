//! Stripe's objects in the books, and what is due to happen to them.

use rusqlite::types::Value as Sql;
use rusqlite::{OptionalExtension, Transaction, params, params_from_iter};
use serde_json::Value;

use super::errors::StripeError;
use super::scene::{Scene, int, text};
use crate::books::{json as json_column, to_json, words};
use crate::clock::{Instant, from_micros, micros};

/// Adds an object.
pub fn insert(scene: &Scene<'_>, doc: &Value) -> rusqlite::Result<()> {
    scene
        .tx
        .prepare_cached("INSERT INTO stripe_objects (id, object, created, data) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![text(doc, "id"), text(doc, "object"), int(doc, "created"), to_json(doc)?])?;
    Ok(())
}

/// Writes an object over its former self.
pub fn update(scene: &Scene<'_>, doc: &Value) -> rusqlite::Result<()> {
    scene
        .tx
        .prepare_cached("UPDATE stripe_objects SET data = ?2 WHERE id = ?1")?
        .execute(params![text(doc, "id"), to_json(doc)?])?;
    Ok(())
}

/// An object by its id, of whatever kind.
pub fn find(tx: &Transaction<'_>, id: &str) -> rusqlite::Result<Option<Value>> {
    tx.prepare_cached("SELECT data FROM stripe_objects WHERE id = ?1")?
        .query_row([id], |row| json_column(row, "data"))
        .optional()
}

/// An object that must exist and be of this kind; `param` is blamed when it does not.
pub fn get(scene: &Scene<'_>, object: &str, id: &str, param: &str) -> Result<Value, StripeError> {
    find(scene.tx, id)?
        .filter(|doc| text(doc, "object") == object)
        .ok_or_else(|| StripeError::no_such(object.trim_start_matches("checkout."), id, param))
}

/// An object that another one names, so that it is there; null when the name is null.
pub fn named(scene: &Scene<'_>, id: &Value) -> rusqlite::Result<Value> {
    let found = match id.as_str() {
        Some(id) => find(scene.tx, id)?,
        None => None,
    };
    Ok(found.unwrap_or_default())
}

/// Objects of a kind whose members have these values, newest first. Members are paths as
/// `metadata.movement_reference`, and never come from outside.
pub fn of(scene: &Scene<'_>, object: &str, wanted: &[(&str, &str)]) -> rusqlite::Result<Vec<Value>> {
    within(scene, object, wanted, (i64::MIN, i64::MAX))
}

/// The same, created between two instants, both included.
pub fn within(
    scene: &Scene<'_>,
    object: &str,
    wanted: &[(&str, &str)],
    window: (i64, i64),
) -> rusqlite::Result<Vec<Value>> {
    let mut found = Vec::new();
    scan(scene, object, wanted, window, Place::Newest, |doc| {
        found.push(doc);
        true
    })?;
    Ok(found)
}

/// Where a scan begins, and which way it goes.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// With the newest object, towards older ones.
    Newest,
    /// Behind the object of this place in the books, towards older ones.
    After(i64),
    /// Before the object of this place, towards newer ones.
    Before(i64),
}

/// Shows objects to `visit` one by one until it answers false.
pub fn scan(
    scene: &Scene<'_>,
    object: &str,
    wanted: &[(&str, &str)],
    (from, to): (i64, i64),
    place: Place,
    mut visit: impl FnMut(Value) -> bool,
) -> rusqlite::Result<()> {
    let (bound, order) = match place {
        Place::Newest | Place::After(_) => ("seq < ?", "DESC"),
        Place::Before(_) => ("seq > ?", "ASC"),
    };
    let seq = match place {
        Place::Newest => i64::MAX,
        Place::After(seq) | Place::Before(seq) => seq,
    };
    let mut sql =
        format!("SELECT data FROM stripe_objects WHERE object = ? AND created BETWEEN ? AND ? AND {bound}");
    let mut values = vec![Sql::from(object.to_owned()), Sql::from(from), Sql::from(to), Sql::from(seq)];
    for (member, value) in wanted {
        sql.push_str(&format!(" AND json_extract(data, '$.{member}') = ?"));
        values.push(Sql::from((*value).to_owned()));
    }
    sql.push_str(&format!(" ORDER BY seq {order}"));
    let mut statement = scene.tx.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    while let Some(row) = rows.next()? {
        if !visit(json_column(row, "data")?) {
            break;
        }
    }
    Ok(())
}

/// The place of an object in the books.
pub fn place_of(scene: &Scene<'_>, object: &str, id: &str) -> rusqlite::Result<Option<i64>> {
    scene
        .tx
        .prepare_cached("SELECT seq FROM stripe_objects WHERE id = ?1 AND object = ?2")?
        .query_row([id, object], |row| row.get(0))
        .optional()
}

/// Objects of any kind that carry the caller's reference, newest first.
pub fn by_reference(scene: &Scene<'_>, reference: &str) -> rusqlite::Result<Vec<Value>> {
    scene
        .tx
        .prepare_cached(
            "SELECT data FROM stripe_objects
             WHERE json_extract(data, '$.metadata.movement_reference') = ?1 ORDER BY seq DESC",
        )?
        .query_map([reference], |row| json_column(row, "data"))?
        .collect()
}

/// The caller's reference on the object of this id.
pub fn reference_of(tx: &Transaction<'_>, id: &str) -> rusqlite::Result<Option<String>> {
    let found = find(tx, id)?;
    let reference = |doc: Value| Some(doc["metadata"]["movement_reference"].as_str()?.to_owned());
    Ok(found.and_then(reference))
}

words! {
    /// What time alone brings about.
    pub enum Due {
        /// A debit in processing was paid.
        DebitSucceeds = "debit_succeeds",
        /// A debit in processing came back.
        DebitFails = "debit_fails",
        /// Money that was pending can be used.
        FundsAvailable = "funds_available",
        /// A refund reached the payer.
        RefundSucceeds = "refund_succeeds",
        /// A refund without cover tries again.
        RefundTriesAgain = "refund_tries_again",
        /// A refund that waited for bank details is given up.
        RefundExpires = "refund_expires",
        /// A dispute is opened by the payer's bank.
        DisputeOpens = "dispute_opens",
        /// A dispute reaches its end.
        DisputeCloses = "dispute_closes",
        /// A payout is on its way.
        PayoutLeaves = "payout_leaves",
        /// A payout arrives, or does not.
        PayoutArrives = "payout_arrives",
        /// A payout that had arrived comes back.
        PayoutReturns = "payout_returns",
        /// A checkout session that nobody completed.
        SessionExpires = "session_expires",
    }
}

/// Puts something on the agenda.
pub fn plan(scene: &Scene<'_>, at: Instant, what: Due, target: &str) -> rusqlite::Result<()> {
    scene
        .tx
        .prepare_cached("INSERT INTO stripe_agenda (at, what, target) VALUES (?1, ?2, ?3)")?
        .execute(params![micros(at), what, target])?;
    Ok(())
}

/// Takes everything about an object off the agenda.
pub fn unplan(scene: &Scene<'_>, target: &str) -> rusqlite::Result<()> {
    scene.tx.prepare_cached("DELETE FROM stripe_agenda WHERE target = ?1")?.execute([target])?;
    Ok(())
}

/// Takes the next thing that is due off the agenda.
pub fn take_due(tx: &Transaction<'_>, now: Instant) -> rusqlite::Result<Option<(Instant, Due, String)>> {
    let next = tx
        .prepare_cached(
            "SELECT id, at, what, target FROM stripe_agenda WHERE at <= ?1 ORDER BY at, id LIMIT 1",
        )?
        .query_row([micros(now)], |row| {
            Ok((row.get::<_, i64>(0)?, from_micros(row.get(1)?), row.get(2)?, row.get(3)?))
        })
        .optional()?;
    let Some((id, at, what, target)) = next else { return Ok(None) };
    tx.prepare_cached("DELETE FROM stripe_agenda WHERE id = ?1")?.execute([id])?;
    Ok(Some((at, what, target)))
}

/// When the next thing is due.
pub fn next_due(tx: &Transaction<'_>) -> rusqlite::Result<Option<Instant>> {
    let at: Option<i64> =
        tx.prepare_cached("SELECT min(at) FROM stripe_agenda")?.query_row([], |row| row.get(0))?;
    Ok(at.map(from_micros))
}
