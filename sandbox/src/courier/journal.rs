//! What the courier did, for people and tests to look at.

use rusqlite::{Row, Transaction};
use serde_json::{Value, json};

use super::Sender;
use crate::clock::from_micros;

/// Every attempt of a provider, oldest first, then what was never tried.
pub fn of(tx: &Transaction<'_>, sender: &dyn Sender) -> rusqlite::Result<Vec<Value>> {
    tx.prepare_cached(
        "SELECT d.id, d.account, d.event_id, d.event_type, d.webhook, d.method, d.state, d.is_genuine,
                a.url, a.status, a.error, a.at
         FROM deliveries d LEFT JOIN attempts a ON a.delivery = d.id
         WHERE d.provider = ?1 ORDER BY a.id IS NULL, a.id, d.id",
    )?
    .query_map([sender.name()], |row| entry(row, sender.account_word()))?
    .collect()
}

fn entry(row: &Row<'_>, account_word: &str) -> rusqlite::Result<Value> {
    let mut entry = json!({
        "delivery": row.get::<_, i64>("id")?,
        "event_id": row.get::<_, String>("event_id")?,
        "event_type": row.get::<_, String>("event_type")?,
        "webhook": row.get::<_, Option<String>>("webhook")?,
        "method": row.get::<_, String>("method")?,
        "url": row.get::<_, Option<String>>("url")?,
        "status": row.get::<_, Option<u16>>("status")?,
        "error": row.get::<_, Option<String>>("error")?,
        "state": row.get::<_, String>("state")?,
        "genuine": row.get::<_, bool>("is_genuine")?,
        "at": row.get::<_, Option<i64>>("at")?.map(from_micros),
    });
    if let Some(account) = row.get::<_, Option<String>>("account")? {
        entry[account_word] = json!(account);
    }
    Ok(entry)
}
