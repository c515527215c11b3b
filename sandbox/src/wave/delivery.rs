//! The webhook queue in the books: what is due, and what came of each attempt.
//!
//! Wave repeats an event until a 2xx or for three days; its schedule is unpublished. *Chosen*
//! here: 10 s, 30 s, 1 min, 5 min, 15 min, 1 h, 3 h, 6 h after an attempt, then every 12 h, while
//! less than three days have passed since the event, all by the simulators' clock. A forgery is
//! tried once. What was under way when the simulator stopped is sent again.

use chrono::TimeDelta;
use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde_json::{Value, json};

use super::webhooks::{self, Proof};
use crate::app::Desk;
use crate::books::{instant, json as json_column};
use crate::clock::{Instant, from_micros, micros};
use crate::config::WaveWebhookConfig;

/// How long an event is repeated.
pub const WINDOW: TimeDelta = TimeDelta::days(3);

const PAUSES_S: [i64; 8] = [10, 30, 60, 300, 900, 3600, 10_800, 21_600];
const LAST_PAUSE_S: i64 = 43_200;

/// One copy of one event on its way to one webhook.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its place in the queue.
    pub id: i64,
    /// The event.
    pub event_id: String,
    /// The event's type.
    pub event_type: String,
    /// The text to send.
    pub body: String,
    /// How it proves itself.
    pub proof: Proof,
    wallet: String,
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
        "SELECT * FROM deliveries WHERE state = 'pending' AND due_at <= ?1
         ORDER BY due_at, id LIMIT ?2",
    )?
    .query_map(params![micros(now), limit], from_row)?
    .collect()
}

/// Gives up what was tried in vain for three days, also when the clock leapt over their end.
pub fn give_up(desk: &Desk<'_>) -> rusqlite::Result<usize> {
    desk.tx
        .prepare_cached(
            "UPDATE deliveries SET state = 'given_up'
             WHERE state = 'pending' AND due_at <= ?1 AND attempts > 0 AND born_at < ?2",
        )?
        .execute([micros(desk.now), micros(desk.now - WINDOW)])
}

/// When the next thing happens by itself: a delivery, an expiry or a payout's end.
pub fn next_due(tx: &Transaction<'_>, now: Instant) -> rusqlite::Result<Option<Instant>> {
    let at: Option<i64> = tx
        .prepare_cached(
            "SELECT min(at) FROM (
                SELECT min(due_at) AS at FROM deliveries WHERE state = 'pending' AND due_at > ?1
                UNION ALL SELECT min(expires_at) FROM sessions WHERE checkout_status = 'open'
                UNION ALL SELECT min(settles_at) FROM payouts WHERE status = 'processing')",
        )?
        .query_row([micros(now)], |row| row.get(0))?;
    Ok(at.map(from_micros))
}

/// The webhook that a delivery is for, unless it was removed meanwhile.
pub fn webhook(tx: &Transaction<'_>, delivery: &Delivery) -> rusqlite::Result<Option<WaveWebhookConfig>> {
    let all = webhooks::of_wallet(tx, &delivery.wallet)?;
    Ok(all.into_iter().find(|webhook| webhook.name == delivery.webhook))
}

/// Writes down an attempt and decides what happens next.
pub fn note(desk: &Desk<'_>, delivery: &Delivery, attempt: &Attempt) -> rusqlite::Result<()> {
    let (status, error) = match &attempt.result {
        Ok(status) => (Some(*status), None),
        Err(error) => (None, Some(error)),
    };
    desk.tx.execute(
        "INSERT INTO attempts (delivery, event_id, event_type, url, status, error, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            delivery.id,
            delivery.event_id,
            delivery.event_type,
            attempt.url,
            status,
            error,
            micros(desk.now),
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
        "UPDATE deliveries SET state = ?2, attempts = attempts + 1, due_at = ?3, waits_for_next = 0
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
        "UPDATE deliveries SET waits_for_next = 0, due_at = ?3
         WHERE waits_for_next AND state = 'pending' AND wallet = ?1 AND id < ?2",
        params![delivery.wallet, delivery.id, micros(desk.now)],
    )?;
    if released > 0 {
        desk.owe_callbacks();
    }
    Ok(())
}

/// Every attempt, oldest first, and what was never tried.
pub fn journal(tx: &Transaction<'_>) -> rusqlite::Result<Vec<Value>> {
    let mut journal = tx
        .prepare_cached(
            "SELECT attempts.*, deliveries.wallet, deliveries.state, deliveries.is_genuine
             FROM attempts LEFT JOIN deliveries ON deliveries.id = delivery ORDER BY attempts.id",
        )?
        .query_map([], |row| {
            Ok(json!({
                "delivery": row.get::<_, i64>("delivery")?,
                "event_id": row.get::<_, String>("event_id")?,
                "event_type": row.get::<_, String>("event_type")?,
                "wallet": row.get::<_, Option<String>>("wallet")?,
                "url": row.get::<_, String>("url")?,
                "status": row.get::<_, Option<u16>>("status")?,
                "error": row.get::<_, Option<String>>("error")?,
                "state": row.get::<_, Option<String>>("state")?,
                "genuine": row.get::<_, Option<bool>>("is_genuine")?,
                "at": instant(row, "at")?,
            }))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    journal.extend(untried(tx)?);
    Ok(journal)
}

fn untried(tx: &Transaction<'_>) -> rusqlite::Result<Vec<Value>> {
    tx.prepare_cached("SELECT * FROM deliveries WHERE attempts = 0 ORDER BY id")?
        .query_map([], |row| {
            Ok(json!({
                "delivery": row.get::<_, i64>("id")?,
                "event_id": row.get::<_, String>("event_id")?,
                "event_type": row.get::<_, String>("event_type")?,
                "wallet": row.get::<_, String>("wallet")?,
                "url": null,
                "status": null,
                "error": null,
                "state": row.get::<_, String>("state")?,
                "genuine": row.get::<_, bool>("is_genuine")?,
                "at": null,
            }))
        })?
        .collect()
}

/// Whether anything is still to be sent, now or later.
pub fn is_idle(tx: &Transaction<'_>) -> rusqlite::Result<bool> {
    let pending = tx
        .prepare_cached("SELECT 1 FROM deliveries WHERE state = 'pending' LIMIT 1")?
        .query_row([], |_| Ok(()))
        .optional()?;
    Ok(pending.is_none())
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        id: row.get("id")?,
        event_id: row.get("event_id")?,
        event_type: row.get("event_type")?,
        wallet: row.get("wallet")?,
        webhook: row.get("webhook")?,
        body: row.get("body")?,
        proof: json_column(row, "proof")?,
        is_genuine: row.get("is_genuine")?,
        attempts: row.get::<_, i64>("attempts")?.try_into().unwrap_or_default(),
        born_at: instant(row, "born_at")?,
    })
}
