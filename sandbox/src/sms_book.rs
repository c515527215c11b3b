//! Messages and credits of the simulated Orange SMS account, in the books.

use rusqlite::{Row, Transaction, params};
use serde_json::{Value, json};

use crate::books::instant;
use crate::clock::{Instant, micros};

/// A message on its way to the simulated phone.
#[derive(Clone, Debug)]
pub struct Message<'a> {
    /// The last segment of its `resourceURL`.
    pub id: &'a str,
    /// E.164 with `+`.
    pub to: &'a str,
    /// E.164 with `+`.
    pub sender: &'a str,
    /// The text.
    pub body: &'a str,
}

/// Puts a message on the phone.
pub fn put(tx: &Transaction<'_>, message: &Message<'_>, now: Instant) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO sms_messages (id, recipient, sender, body, sent_at) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![message.id, message.to, message.sender, message.body, micros(now)])?;
    Ok(())
}

/// What a phone received, or every phone, newest first.
pub fn inbox(tx: &Transaction<'_>, to: Option<&str>) -> rusqlite::Result<Vec<Value>> {
    let view = |row: &Row<'_>| {
        Ok(json!({
            "to": row.get::<_, String>("recipient")?,
            "body": row.get::<_, String>("body")?,
            "sent_at": instant(row, "sent_at")?,
        }))
    };
    match to {
        Some(to) => tx
            .prepare_cached("SELECT * FROM sms_messages WHERE recipient = ?1 ORDER BY seq DESC")?
            .query_map([to], view)?
            .collect(),
        None => {
            tx.prepare_cached("SELECT * FROM sms_messages ORDER BY seq DESC")?.query_map([], view)?.collect()
        }
    }
}

/// Opens the bundle, unless the books have one.
pub fn open_bundle(tx: &Transaction<'_>, credits: Option<u32>) -> rusqlite::Result<()> {
    tx.execute("INSERT OR IGNORE INTO sms_bundle VALUES (1, ?1)", [credits])?;
    Ok(())
}

/// Fills or empties the bundle; `None` never runs out.
pub fn set_credits(tx: &Transaction<'_>, credits: Option<u32>) -> rusqlite::Result<()> {
    tx.execute("UPDATE sms_bundle SET credits = ?1", [credits])?;
    Ok(())
}

/// Takes `parts` messages out of the bundle; false when it has fewer.
pub fn spend(tx: &Transaction<'_>, parts: i64) -> rusqlite::Result<bool> {
    let changed = tx
        .prepare_cached(
            "UPDATE sms_bundle SET credits = credits - ?1 WHERE credits IS NULL OR credits >= ?1",
        )?
        .execute([parts])?;
    Ok(changed == 1)
}
