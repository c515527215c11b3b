//! One intent, one effect, for a day: the store behind `Idempotency-Key`.
//!
//! The same key with the same route and parameters gets the first status and bytes again, a 500
//! included; with others, 400 `idempotency_error`. What was refused before anything began leaves
//! the key free. Keys are forgotten after twenty-four hours by the simulators' clock. Without a
//! key every request is a new one.

use chrono::TimeDelta;
use rusqlite::{OptionalExtension, params};

use super::errors::{Reply, StripeError};
use super::scene::Scene;
use crate::app::App;
use crate::clock::micros;

const LIFETIME: TimeDelta = TimeDelta::hours(24);

/// Does `work` once for the request's key, and answers the same for a day.
pub fn once(
    scene: &Scene<'_>,
    route: &str,
    params: &str,
    work: impl FnOnce() -> Result<Reply, StripeError>,
) -> Result<Reply, StripeError> {
    let key = scene.cause.and_then(|cause| cause.idempotency_key.as_deref());
    let Some(key) = key else { return kept(work()) };
    if let Some(found) = find(scene, key, route, params)? {
        return found;
    }
    let reply = kept(work())?;
    scene
        .tx
        .prepare_cached("INSERT INTO stripe_idempotency VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![key, route, params, reply.status, reply.body, micros(scene.now)])?;
    Ok(reply)
}

/// A refusal that stands is an answer like another, so that what was written commits.
fn kept(result: Result<Reply, StripeError>) -> Result<Reply, StripeError> {
    match result {
        Err(error) if error.is_kept => Ok(error.reply()),
        other => other,
    }
}

type Found = Option<Result<Reply, StripeError>>;

fn find(scene: &Scene<'_>, key: &str, route: &str, params: &str) -> rusqlite::Result<Found> {
    scene
        .tx
        .prepare_cached("DELETE FROM stripe_idempotency WHERE at <= ?1")?
        .execute([micros(scene.now - LIFETIME)])?;
    scene
        .tx
        .prepare_cached("SELECT * FROM stripe_idempotency WHERE idempotency_key = ?1")?
        .query_row([key], |row| {
            let is_same =
                row.get::<_, String>("route")? == route && row.get::<_, String>("params")? == params;
            let reply = Reply { status: row.get("status")?, body: row.get("answer")?, is_replay: true };
            Ok(if is_same { Ok(reply) } else { Err(mismatch(key)) })
        })
        .optional()
}

fn mismatch(key: &str) -> StripeError {
    let message = format!(
        "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '{key}' if you meant to execute a different request."
    );
    StripeError { kind: "idempotency_error", ..StripeError::invalid("", message) }
}

/// What the key answers from now on: a 500 after the effect is what the caller gets again.
pub fn overwrite(app: &App, key: &str, status: u16, body: &[u8]) -> rusqlite::Result<()> {
    app.books.write(|tx| {
        tx.execute(
            "UPDATE stripe_idempotency SET status = ?2, answer = ?3 WHERE idempotency_key = ?1",
            params![key, status, body],
        )
    })?;
    Ok(())
}
