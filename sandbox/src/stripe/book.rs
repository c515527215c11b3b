//! Stripe's objects in the books, and what is due to happen to them.

use rusqlite::types::Value as Sql;
use rusqlite::{OptionalExtension, Row, Transaction, params, params_from_iter};
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
        /// A test clock reaches the instant to which it was sent.
        ClockAdvances = "clock_advances",
        /// A subscription's period is over.
        PeriodEnds = "period_ends",
        /// A trial is about to end.
        TrialWillEnd = "trial_will_end",
        /// A first invoice that was not paid in time.
        SubscriptionExpires = "subscription_expires",
        /// A subscription ends at an instant that was given.
        SubscriptionCancels = "subscription_cancels",
        /// A pause of collection is over.
        CollectionResumes = "collection_resumes",
        /// A draft becomes an invoice to be paid.
        InvoiceFinalizes = "invoice_finalizes",
        /// An invoice that was not paid tries again.
        InvoiceRetries = "invoice_retries",
        /// An invoice that was sent was not paid in time.
        InvoiceOverdue = "invoice_overdue",
        /// And not after a last delay either.
        InvoiceGivenUp = "invoice_given_up",
    }
}

/// Puts something on the agenda of the clock by which the work is done.
pub fn plan(scene: &Scene<'_>, at: Instant, what: Due, target: &str) -> rusqlite::Result<()> {
    let Some(clock) = scene.clock else { return plan_by_wall(scene, at, what, target) };
    scene
        .tx
        .prepare_cached("INSERT INTO stripe_clock_agenda (clock, at, what, target) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![clock, micros(at), what, target])?;
    Ok(())
}

/// Puts something on the agenda of the simulators' clock.
pub fn plan_by_wall(scene: &Scene<'_>, at: Instant, what: Due, target: &str) -> rusqlite::Result<()> {
    scene
        .tx
        .prepare_cached("INSERT INTO stripe_agenda (at, what, target) VALUES (?1, ?2, ?3)")?
        .execute(params![micros(at), what, target])?;
    Ok(())
}

/// Takes everything about an object off every agenda.
pub fn unplan(scene: &Scene<'_>, target: &str) -> rusqlite::Result<()> {
    scene.tx.prepare_cached("DELETE FROM stripe_agenda WHERE target = ?1")?.execute([target])?;
    scene.tx.prepare_cached("DELETE FROM stripe_clock_agenda WHERE target = ?1")?.execute([target])?;
    Ok(())
}

/// Takes one thing about an object off every agenda.
pub fn unplan_one(scene: &Scene<'_>, what: Due, target: &str) -> rusqlite::Result<()> {
    for table in ["stripe_agenda", "stripe_clock_agenda"] {
        let sql = format!("DELETE FROM {table} WHERE target = ?1 AND what = ?2");
        scene.tx.prepare_cached(&sql)?.execute(params![target, what])?;
    }
    Ok(())
}

/// Takes the next thing that is due off the agenda of the simulators' clock.
pub fn take_due(tx: &Transaction<'_>, now: Instant) -> rusqlite::Result<Option<(Instant, Due, String)>> {
    let sql = "DELETE FROM stripe_agenda WHERE id =
        (SELECT id FROM stripe_agenda WHERE at <= ?1 ORDER BY at, id LIMIT 1) RETURNING at, what, target";
    tx.prepare_cached(sql)?.query_row([micros(now)], due_of).optional()
}

/// The same of a test clock.
pub fn take_due_by(
    tx: &Transaction<'_>,
    clock: &str,
    now: Instant,
) -> rusqlite::Result<Option<(Instant, Due, String)>> {
    let sql = "DELETE FROM stripe_clock_agenda WHERE id =
        (SELECT id FROM stripe_clock_agenda WHERE clock = ?1 AND at <= ?2 ORDER BY at, id LIMIT 1)
        RETURNING at, what, target";
    tx.prepare_cached(sql)?.query_row(params![clock, micros(now)], due_of).optional()
}

fn due_of(row: &Row<'_>) -> rusqlite::Result<(Instant, Due, String)> {
    Ok((from_micros(row.get(0)?), row.get(1)?, row.get(2)?))
}

/// Takes an object out of the books.
pub fn remove(scene: &Scene<'_>, id: &str) -> rusqlite::Result<()> {
    scene.tx.prepare_cached("DELETE FROM stripe_objects WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// When the next thing is due.
pub fn next_due(tx: &Transaction<'_>) -> rusqlite::Result<Option<Instant>> {
    let at: Option<i64> =
        tx.prepare_cached("SELECT min(at) FROM stripe_agenda")?.query_row([], |row| row.get(0))?;
    Ok(at.map(from_micros))
}
