//! The queue of events in the books: what is due, and what came of each attempt.
//!
//! An event is repeated until a 2xx or for three days, by a growing pause that Stripe does not
//! publish. *Chosen*: 10 s, 1 min, 5 min, 30 min, 2 h, 5 h, 10 h after an attempt, then every
//! 12 h, by the simulators' clock. A forgery is tried once. What was under way when the simulator
//! stopped is sent again.

use chrono::TimeDelta;
use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde_json::{Value, json};

use super::config::StripeWebhookConfig;
use super::scene::{Scene, text};
use super::{book, endpoint};
use crate::app::Desk;
use crate::books::{instant, json as json_column, to_json};
use crate::clock::{Instant, from_micros, micros};
use crate::wave::webhooks::Proof;

/// How long an event is repeated.
const WINDOW: TimeDelta = TimeDelta::days(3);

const PAUSES_S: [i64; 7] = [10, 60, 300, 1_800, 7_200, 18_000, 36_000];
const LAST_PAUSE_S: i64 = 43_200;

/// A copy of an event to be put into the queue.
#[derive(Debug)]
pub struct NewDelivery<'a> {
    /// The endpoint's name.
    pub webhook: &'a str,
    /// The event.
    pub event: &'a Value,
    /// The bytes to send.
    pub body: String,
    /// How it proves itself.
    pub proof: &'a Proof,
    /// How long it waits.
    pub wait: TimeDelta,
    /// False for forgeries.
    pub is_genuine: bool,
    /// Whether the next event goes first.
    pub waits_for_next: bool,
    /// `pending` or `lost`.
    pub state: &'a str,
}

/// Puts a copy of an event into the queue. It is sent by the present clock, also when the event
/// belongs to an instant over which the clock leapt.
pub fn insert(scene: &Scene<'_>, row: &NewDelivery<'_>) -> rusqlite::Result<()> {
    let now = scene.app.clock.now().max(scene.now);
    scene
        .tx
        .prepare_cached(
            "INSERT INTO stripe_deliveries (event_id, event_type, webhook, body, proof, is_genuine,
                waits_for_next, state, attempts, born_at, due_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9, ?10)",
        )?
        .execute(params![
            text(row.event, "id"),
            text(row.event, "type"),
            row.webhook,
            row.body,
            to_json(row.proof)?,
            row.is_genuine,
            row.waits_for_next,
            row.state,
            micros(now),
            micros(now + row.wait),
        ])?;
    Ok(())
}

/// One copy of one event on its way to one endpoint.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its place in the queue.
    pub id: i64,
    /// The bytes to send.
    pub body: String,
    /// How it proves itself.
    pub proof: Proof,
    event_id: String,
    event_type: String,
    webhook: String,
    is_genuine: bool,
    attempts: usize,
    born_at: Instant,
}

/// What came of an attempt.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Where it went.
    pub url: String,
    /// The receiver's status, or why there is none.
    pub result: Result<u16, String>,
}

/// Deliveries that are due, first promised first.
pub fn due(tx: &Transaction<'_>, now: Instant, limit: i64) -> rusqlite::Result<Vec<Delivery>> {
    tx.prepare_cached(
        "SELECT * FROM stripe_deliveries WHERE state = 'pending' AND due_at <= ?1
         ORDER BY due_at, id LIMIT ?2",
    )?
    .query_map(params![micros(now), limit], from_row)?
    .collect()
}

/// Gives up what was tried in vain for three days, also when the clock leapt over their end.
pub fn give_up(desk: &Desk<'_>) -> rusqlite::Result<usize> {
    desk.tx
        .prepare_cached(
            "UPDATE stripe_deliveries SET state = 'given_up'
             WHERE state = 'pending' AND due_at <= ?1 AND attempts > 0 AND born_at < ?2",
        )?
        .execute([micros(desk.now), micros(desk.now - WINDOW)])
}

/// When the next thing happens by itself: a delivery, or something on the agenda.
pub fn next_due(tx: &Transaction<'_>, now: Instant) -> rusqlite::Result<Option<Instant>> {
    let at: Option<i64> = tx
        .prepare_cached("SELECT min(due_at) FROM stripe_deliveries WHERE state = 'pending' AND due_at > ?1")?
        .query_row([micros(now)], |row| row.get(0))?;
    Ok(at.map(from_micros).into_iter().chain(book::next_due(tx)?).min())
}

/// The endpoint that a delivery is for, unless it was removed meanwhile.
pub fn webhook(tx: &Transaction<'_>, delivery: &Delivery) -> rusqlite::Result<Option<StripeWebhookConfig>> {
    let all = endpoint::all(tx)?.into_iter().map(|endpoint| endpoint.portal);
    Ok(all.into_iter().find(|webhook| webhook.name == delivery.webhook))
}

/// Writes down an attempt and decides what happens next.
pub fn note(desk: &Desk<'_>, delivery: &Delivery, attempt: &Attempt) -> rusqlite::Result<()> {
    let (status, error) = match &attempt.result {
        Ok(status) => (Some(*status), None),
        Err(error) => (None, Some(error)),
    };
    desk.tx.execute(
        "INSERT INTO stripe_attempts (delivery, event_id, event_type, url, status, error, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            delivery.id,
            delivery.event_id,
            delivery.event_type,
            attempt.url,
            status,
            error,
            micros(desk.now)
        ],
    )?;
    let is_done = status.is_some_and(|status| (200..300).contains(&status));
    let (state, due_at) = match next_attempt(delivery, desk.now) {
        _ if is_done => ("delivered", desk.now),
        Some(at) => ("pending", at),
        None => ("given_up", desk.now),
    };
    close(desk, delivery, state, due_at)?;
    release_overtaken(desk, delivery)
}

/// Writes down that a delivery has nowhere to go.
pub fn orphan(desk: &Desk<'_>, delivery: &Delivery) -> rusqlite::Result<()> {
    close(desk, delivery, "orphaned", desk.now)
}

fn close(desk: &Desk<'_>, delivery: &Delivery, state: &str, due_at: Instant) -> rusqlite::Result<()> {
    desk.tx.execute(
        "UPDATE stripe_deliveries SET state = ?2, attempts = attempts + 1, due_at = ?3, waits_for_next = 0
         WHERE id = ?1",
        params![delivery.id, state, micros(due_at)],
    )?;
    Ok(())
}

fn next_attempt(delivery: &Delivery, now: Instant) -> Option<Instant> {
    let pause = PAUSES_S.get(delivery.attempts).copied().unwrap_or(LAST_PAUSE_S);
    let at = now + TimeDelta::seconds(pause);
    (delivery.is_genuine && at <= delivery.born_at + WINDOW).then_some(at)
}

/// An event that waited to be overtaken goes once a later one has been tried.
fn release_overtaken(desk: &Desk<'_>, delivery: &Delivery) -> rusqlite::Result<()> {
    let released = desk.tx.execute(
        "UPDATE stripe_deliveries SET waits_for_next = 0, due_at = ?2
         WHERE waits_for_next AND state = 'pending' AND id < ?1",
        params![delivery.id, micros(desk.now)],
    )?;
    if released > 0 {
        desk.owe_callbacks();
    }
    Ok(())
}

/// Every attempt, oldest first, and what was never tried.
pub fn journal(tx: &Transaction<'_>) -> rusqlite::Result<Vec<Value>> {
    tx.prepare_cached(
        "SELECT d.id, d.event_id, d.event_type, d.webhook, d.state, d.is_genuine, a.url, a.status, a.error, a.at
         FROM stripe_deliveries d LEFT JOIN stripe_attempts a ON a.delivery = d.id
         ORDER BY a.id IS NULL, a.id, d.id",
    )?
    .query_map([], |row| {
        Ok(json!({
            "delivery": row.get::<_, i64>("id")?,
            "event_id": row.get::<_, String>("event_id")?,
            "event_type": row.get::<_, String>("event_type")?,
            "webhook": row.get::<_, String>("webhook")?,
            "url": row.get::<_, Option<String>>("url")?,
            "status": row.get::<_, Option<u16>>("status")?,
            "error": row.get::<_, Option<String>>("error")?,
            "state": row.get::<_, String>("state")?,
            "genuine": row.get::<_, bool>("is_genuine")?,
            "at": row.get::<_, Option<i64>>("at")?.map(from_micros),
        }))
    })?
    .collect()
}

/// Whether anything is still to be sent, now or later.
pub fn is_idle(tx: &Transaction<'_>) -> rusqlite::Result<bool> {
    let pending = tx
        .prepare_cached("SELECT 1 FROM stripe_deliveries WHERE state = 'pending' LIMIT 1")?
        .query_row([], |_| Ok(()))
        .optional()?;
    Ok(pending.is_none())
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        id: row.get("id")?,
        body: row.get("body")?,
        proof: json_column(row, "proof")?,
        event_id: row.get("event_id")?,
        event_type: row.get("event_type")?,
        webhook: row.get("webhook")?,
        is_genuine: row.get("is_genuine")?,
        attempts: row.get::<_, i64>("attempts")?.try_into().unwrap_or_default(),
        born_at: instant(row, "born_at")?,
    })
}
