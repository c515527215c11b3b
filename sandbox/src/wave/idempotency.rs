//! One intent, one effect: the store behind `Idempotency-Key`, which never forgets.
//!
//! A key belongs to a wallet. The same key with the same route and JSON gets the first answer's
//! bytes again; with anything else, 409 `idempotency-mismatch`. What is kept is what was decided:
//! success, or a refusal by the state of things (422). A malformed request decides nothing, and
//! its key is free. Work on one key cannot overlap, because the books have one writer.

use rusqlite::{OptionalExtension, params};
use serde_json::Value;

use super::auth::Call;
use super::errors::{Reply, WaveError};
use crate::app::Desk;

struct Kept {
    route: String,
    request: String,
    reply: Reply,
}

/// Does `work` once for the call's key, and answers the same ever after.
pub fn once(
    desk: &Desk<'_>,
    call: &Call,
    body: &Value,
    work: impl FnOnce() -> Result<Reply, WaveError>,
) -> Result<Reply, WaveError> {
    let key = key(call)?;
    if let Some(kept) = find(desk, call, key)? {
        return replay(kept, call, body);
    }
    let reply = match work() {
        Err(error) if error.is_business() => Reply { status: error.status, body: error.body() },
        other => other?,
    };
    keep(desk, call, key, body, &reply)?;
    Ok(reply)
}

fn key(call: &Call) -> Result<&str, WaveError> {
    let key = call.idempotency_key.as_deref().filter(|key| !key.is_empty());
    let loc = ["header", "Idempotency-Key"];
    match key {
        None => Err(WaveError::field(
            &loc,
            "Idempotency-Key header is required for POST requests",
            "value_error.missing",
        )),
        Some(key) if key.chars().count() > 255 => Err(WaveError::field(
            &loc,
            "ensure this value has at most 255 characters",
            "value_error.any_str.max_length",
        )),
        Some(key) => Ok(key),
    }
}

fn replay(kept: Kept, call: &Call, body: &Value) -> Result<Reply, WaveError> {
    let is_same = kept.route == call.route
        && serde_json::from_str::<Value>(&kept.request).is_ok_and(|request| request == *body);
    match is_same {
        true => Ok(kept.reply),
        false => Err(WaveError::new(
            409,
            "idempotency-mismatch",
            "this Idempotency-Key was used with another request",
        )),
    }
}

fn find(desk: &Desk<'_>, call: &Call, key: &str) -> rusqlite::Result<Option<Kept>> {
    desk.tx
        .prepare_cached("SELECT * FROM idempotency WHERE wallet = ?1 AND idempotency_key = ?2")?
        .query_row([call.wallet.name(), key], |row| {
            Ok(Kept {
                route: row.get("route")?,
                request: row.get("request")?,
                reply: Reply { status: row.get("status")?, body: row.get("answer")? },
            })
        })
        .optional()
}

fn keep(desk: &Desk<'_>, call: &Call, key: &str, body: &Value, reply: &Reply) -> rusqlite::Result<()> {
    desk.tx.prepare_cached("INSERT INTO idempotency VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
        call.wallet.name(),
        key,
        call.route,
        body.to_string(),
        reply.status,
        reply.body,
    ])?;
    Ok(())
}
