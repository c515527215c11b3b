//! The queue in the books: what is promised, what is due, and what came of each attempt.
//!
//! A promise commits with what it tells of. Faults have their say here: a callback may be doubled,
//! delayed, lost, overtaken by the next one, or sent under two secrets. A forgery is tried once.
//! What was under way when the simulators stopped is sent again.

use axum::http::Method;
use chrono::TimeDelta;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::{Attempt, Proof, SENDERS, Sender};
use crate::app::Desk;
use crate::books::{instant, json as json_column, to_json};
use crate::clock::{Instant, from_micros, micros};
use crate::fault::Mischief;

/// How long a callback waits for the next one to overtake it.
const PATIENCE: TimeDelta = TimeDelta::seconds(60);

/// Where a callback goes.
#[derive(Clone, Copy, Debug)]
pub enum To<'a> {
    /// To the webhook of that name; where that is, and how it is signed, is known at each attempt.
    Webhook(&'a str),
    /// To an address that somebody named for this one.
    Address {
        /// The address.
        url: &'a str,
        /// Almost always POST.
        method: &'a Method,
        /// Headers of this callback alone, such as a key that stays the same at every attempt.
        headers: &'a [(&'a str, String)],
    },
}

/// A callback to be promised.
#[derive(Clone, Debug)]
pub struct Message<'a> {
    /// [`Sender::name`].
    pub provider: &'static str,
    /// What its order counts for: only callbacks of one account overtake each other.
    pub account: Option<&'a str>,
    /// Names what it tells of; the same in every copy.
    pub event_id: &'a str,
    /// What it tells.
    pub event_type: &'a str,
    /// Where it goes.
    pub to: To<'a>,
    /// The bytes to send.
    pub body: String,
}

/// Promises a genuine callback, in as many copies as the faults want. `secrets` are those of the
/// receiver, none where nothing is signed.
pub fn promise(
    desk: &Desk<'_>,
    message: &Message<'_>,
    mischief: &Mischief,
    secrets: &[String],
) -> rusqlite::Result<()> {
    for proof in Proof::genuine(mischief, secrets) {
        for _ in 0..=mischief.copies {
            insert(desk, message, &proof, Some(mischief))?;
        }
    }
    desk.owe_callbacks();
    Ok(())
}

/// Sends a forgery, once and at once.
pub fn forge(desk: &Desk<'_>, message: &Message<'_>, proof: &Proof) -> rusqlite::Result<()> {
    insert(desk, message, proof, None)?;
    desk.owe_callbacks();
    Ok(())
}

/// A callback is sent by the present clock, also when it belongs to an instant over which the
/// clock leapt.
fn insert(
    desk: &Desk<'_>,
    message: &Message<'_>,
    proof: &Proof,
    genuine: Option<&Mischief>,
) -> rusqlite::Result<()> {
    let now = desk.app.clock.now().max(desk.now);
    let is_overtaken = genuine.is_some_and(|mischief| mischief.is_overtaken);
    let is_lost = genuine.is_some_and(|mischief| mischief.is_lost);
    let delay = genuine.map_or(TimeDelta::zero(), |mischief| mischief.delay);
    let due_at = if is_overtaken { now + delay + PATIENCE } else { now + delay };
    let (webhook, url, method, headers) = match message.to {
        To::Webhook(name) => (Some(name), None, &Method::POST, &[][..]),
        To::Address { url, method, headers } => (None, Some(url), method, headers),
    };
    desk.tx
        .prepare_cached(
            "INSERT INTO deliveries (provider, account, event_id, event_type, webhook, url, method, headers,
                body, proof, is_genuine, waits_for_next, state, attempts, born_at, due_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 0, ?14, ?15)",
        )?
        .execute(params![
            message.provider,
            message.account,
            message.event_id,
            message.event_type,
            webhook,
            url,
            method.as_str(),
            to_json(&headers)?,
            message.body,
            to_json(proof)?,
            genuine.is_some(),
            is_overtaken,
            if is_lost { "lost" } else { "pending" },
            micros(now),
            micros(due_at),
        ])?;
    Ok(())
}

/// One copy of one callback on its way to one receiver.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its place in the queue.
    pub id: i64,
    /// Whose account it tells of.
    pub account: Option<String>,
    /// What it tells of.
    pub event_id: String,
    /// The webhook that it is for.
    pub webhook: Option<String>,
    /// Its own address.
    pub url: Option<String>,
    /// The bytes to send.
    pub body: String,
    /// How it proves itself.
    pub proof: Proof,
    pub(super) provider: String,
    pub(super) method: Method,
    pub(super) headers: Vec<(String, String)>,
    is_genuine: bool,
    attempts: usize,
    born_at: Instant,
}

/// Deliveries that are due, first promised first.
pub(super) fn due(tx: &Transaction<'_>, now: Instant, limit: i64) -> rusqlite::Result<Vec<Delivery>> {
    tx.prepare_cached(
        "SELECT * FROM deliveries WHERE state = 'pending' AND due_at <= ?1
         ORDER BY due_at, id LIMIT ?2",
    )?
    .query_map(params![micros(now), limit], from_row)?
    .collect()
}

/// Gives up what was tried in vain to the end of its window, also when the clock leapt over it.
pub(super) fn give_up(desk: &Desk<'_>, sender: &dyn Sender) -> rusqlite::Result<usize> {
    desk.tx
        .prepare_cached(
            "UPDATE deliveries SET state = 'given_up'
             WHERE state = 'pending' AND due_at <= ?1 AND attempts > 0 AND born_at < ?2 AND provider = ?3",
        )?
        .execute(params![
            micros(desk.now),
            micros(desk.now - sender.schedule_under(&desk.app.config).window),
            sender.name()
        ])
}

/// When the next thing happens by itself: a delivery, or something of a provider's own.
pub(super) fn next_due(desk: &Desk<'_>) -> rusqlite::Result<Option<Instant>> {
    let at: Option<i64> = desk
        .tx
        .prepare_cached("SELECT min(due_at) FROM deliveries WHERE state = 'pending' AND due_at > ?1")?
        .query_row([micros(desk.now)], |row| row.get(0))?;
    let mut next = at.map(from_micros);
    for sender in SENDERS {
        next = next.into_iter().chain(sender.next_due(desk)?).min();
    }
    Ok(next)
}

/// Writes down an attempt and decides what happens next.
pub(super) fn note(
    desk: &Desk<'_>,
    sender: &dyn Sender,
    delivery: &Delivery,
    attempt: &Attempt,
) -> rusqlite::Result<()> {
    let (status, error) = match &attempt.result {
        Ok(status) => (Some(*status), None),
        Err(error) => (None, Some(error)),
    };
    let schedule = sender.schedule_under(&desk.app.config);
    let next = || schedule.next(delivery.attempts, delivery.born_at, desk.now);
    let (state, due_at) = match status {
        Some(200..300) => ("delivered", desk.now),
        Some(status) if sender.is_final(status) => ("refused", desk.now),
        _ => match next().filter(|_| delivery.is_genuine) {
            Some(at) => ("pending", at),
            None => ("given_up", desk.now),
        },
    };
    if !close(desk, delivery, state, due_at)? {
        return Ok(()); // The books were emptied while the receiver was thinking.
    }
    desk.tx.execute(
        "INSERT INTO attempts (delivery, url, status, error, at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![delivery.id, attempt.url, status, error, micros(desk.now)],
    )?;
    release_overtaken(desk, delivery)
}

/// Writes down that a delivery has nowhere to go.
pub(super) fn orphan(desk: &Desk<'_>, delivery: &Delivery) -> rusqlite::Result<()> {
    close(desk, delivery, "orphaned", desk.now).map(|_| ())
}

/// Counts an attempt and moves the delivery on; false when it is no longer in the books.
fn close(desk: &Desk<'_>, delivery: &Delivery, state: &str, due_at: Instant) -> rusqlite::Result<bool> {
    let moved = desk.tx.execute(
        "UPDATE deliveries SET state = ?2, attempts = attempts + 1, due_at = ?3, waits_for_next = 0
         WHERE id = ?1",
        params![delivery.id, state, micros(due_at)],
    )?;
    Ok(moved > 0)
}

/// A callback that waited to be overtaken goes once a later one of its account has been tried.
fn release_overtaken(desk: &Desk<'_>, delivery: &Delivery) -> rusqlite::Result<()> {
    let released = desk.tx.execute(
        "UPDATE deliveries SET waits_for_next = 0, due_at = ?4
         WHERE waits_for_next AND state = 'pending' AND provider = ?1 AND account IS ?2 AND id < ?3",
        params![delivery.provider, delivery.account, delivery.id, micros(desk.now)],
    )?;
    if released > 0 {
        desk.owe_callbacks();
    }
    Ok(())
}

/// Whether nothing of a provider is still to be sent, now or later.
pub fn is_idle(tx: &Transaction<'_>, provider: &str) -> rusqlite::Result<bool> {
    let pending = tx
        .prepare_cached("SELECT 1 FROM deliveries WHERE state = 'pending' AND provider = ?1 LIMIT 1")?
        .query_row([provider], |_| Ok(()))
        .optional()?;
    Ok(pending.is_none())
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let method: String = row.get("method")?;
    Ok(Delivery {
        id: row.get("id")?,
        account: row.get("account")?,
        event_id: row.get("event_id")?,
        webhook: row.get("webhook")?,
        url: row.get("url")?,
        body: row.get("body")?,
        proof: json_column(row, "proof")?,
        provider: row.get("provider")?,
        method: Method::from_bytes(method.as_bytes()).unwrap_or(Method::POST),
        headers: json_column(row, "headers")?,
        is_genuine: row.get("is_genuine")?,
        attempts: row.get::<_, i64>("attempts")?.try_into().unwrap_or_default(),
        born_at: instant(row, "born_at")?,
    })
}
