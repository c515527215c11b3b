//! Bulk cash-ins: an array of cash-ins, taken on at once and run two seconds later.
//!
//! The answer says `PENDING` and the callback `TERMINATED` once every cash-in has ended; the
//! callback's body, the size (at most a thousand) and the delay are *chosen*. Each cash-in is a
//! transaction of its own from the beginning, so the search finds it; one that is refused when
//! its turn comes is `FAILED`. A wrong PIN or a malformed entry refuses the whole bulk.

use chrono::TimeDelta;
use rusqlite::{OptionalExtension, params};
use serde_json::{Value, json};

use super::errors::{Reply, SonatelError};
use super::fields::Fields;
use super::http::Call;
use super::transaction::{self, Status, Transaction};
use super::{cashin, notify, pin, progress};
use crate::app::Desk;
use crate::clock::micros;
use crate::ids;

const MOST: usize = 1000;
const DELAY: TimeDelta = TimeDelta::seconds(2);

/// `POST /api/eWallet/v1/bulkcashins`.
pub async fn create(call: Call) -> Result<Reply, Reply> {
    call.answer(|desk, call| {
        let entries = call.body.as_array().filter(|entries| (1..=MOST).contains(&entries.len()));
        let entries = entries.ok_or_else(|| SonatelError::bad("The body must be an array of 1 to 1000"))?;
        let bulk_id = ids::lower("", 16);
        let members: Vec<Transaction> =
            entries.iter().map(|entry| read(desk, entry, &bulk_id)).collect::<Result<_, _>>()?;
        // Nothing is written before the last PIN is found right: a wrong one commits its count.
        for member in &members {
            progress::open(desk, member)?;
        }
        desk.tx.execute(
            "INSERT INTO sonatel_bulks (bulk_id, callback_url, created_at) VALUES (?1, ?2, ?3)",
            params![bulk_id, call.callback_url, micros(desk.now)],
        )?;
        progress::plan(desk, desk.now + DELAY, &bulk_id, None)?;
        let description = format!("{} cash-ins accepted", entries.len());
        Ok(Reply::json(&json!({"bulkId": bulk_id, "status": "PENDING", "description": description})))
    })
}

fn read(desk: &Desk<'_>, entry: &Value, bulk_id: &str) -> Result<Transaction, SonatelError> {
    let fields = Fields::of(entry)?;
    let retailer = cashin::partner(desk, &fields)?;
    let transaction = cashin::read(desk, &fields, &retailer)?;
    pin::check_wallet(desk, &retailer, &fields.inner("partner")?)?;
    Ok(Transaction { bulk_id: Some(bulk_id.to_owned()), ..transaction })
}

/// Runs the cash-ins of a bulk.
pub fn run(desk: &Desk<'_>, bulk_id: &str) -> rusqlite::Result<()> {
    for mut transaction in transaction::by_bulk(desk.tx, bulk_id)? {
        let begun = cashin::allowed(desk, &transaction)
            .and_then(|steps| progress::proceed(desk, &mut transaction, &steps));
        if let Err(error) = begun {
            progress::advance(desk, &mut transaction, Status::Failed, Some(error.code))?;
        }
    }
    Ok(())
}

/// Tells of a bulk when its last cash-in has ended.
pub fn tell_if_done(desk: &Desk<'_>, bulk_id: &str) -> rusqlite::Result<()> {
    let members = transaction::by_bulk(desk.tx, bulk_id)?;
    if !members.iter().all(|member| member.status.is_final()) {
        return Ok(());
    }
    let url: Option<Option<String>> = desk
        .tx
        .query_row("SELECT callback_url FROM sonatel_bulks WHERE bulk_id = ?1", [bulk_id], |row| row.get(0))
        .optional()?;
    match url.flatten() {
        Some(url) => notify::announce_bulk(desk, &url, bulk_id, &body(bulk_id, &members)),
        None => Ok(()),
    }
}

fn body(bulk_id: &str, members: &[Transaction]) -> Value {
    let done = members.iter().filter(|member| member.status == Status::Success).count();
    let results = members.iter().map(|member| {
        let mut result = member.answer();
        result["customer"] = json!({"idType": "MSISDN", "id": member.customer});
        if let Some(code) = &member.code {
            result["code"] = json!(code);
        }
        result
    });
    json!({
        "bulkId": bulk_id,
        "status": "TERMINATED",
        "description": format!("{done} of {} cash-ins done", members.len()),
        "transactions": results.collect::<Vec<Value>>(),
    })
}
