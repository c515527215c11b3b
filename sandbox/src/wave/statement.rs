//! Balance and daily transactions.
//!
//! A day is a UTC day. Cursors are opaque, name a place in the statement and stay good for ever.
//! A page holds a thousand lines at most. Subaccounts do not exist here, so asking to include
//! them changes nothing.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta};
use serde_json::{Value, json};

use super::auth::Call;
use super::errors::{Reply, WaveError};
use super::ledger::{self, Posted};
use super::wallet;
use crate::app::Desk;
use crate::clock::Instant;
use crate::ids;
use crate::money::major;

const PAGE: i64 = 1000;

/// `GET /v1/balance`.
pub async fn balance(call: Call) -> Result<Reply, WaveError> {
    call.at_desk(|desk| {
        let wallet = wallet::find(desk.tx, call.wallet.name())?.unwrap_or(call.wallet.clone());
        let amount = major(wallet.balance, &wallet.currency);
        Reply::json(&json!({ "amount": amount, "currency": wallet.currency }))
    })
}

/// `GET /v1/transactions`.
pub async fn transactions(call: Call) -> Result<Reply, WaveError> {
    call.at_desk(|desk| {
        let date = date(&call, desk.now)?;
        let (after, first) = (after(&call)?, first(&call)?);
        let mut lines = ledger::lines(desk.tx, call.wallet.name(), day(date), after, first + 1)?;
        let has_next_page = lines.len() as i64 > first;
        lines.truncate(usize::try_from(first).unwrap_or_default());
        let cursor = |line: Option<&Posted>| line.map(|line| cursor(line.seq));
        let page_info = json!({
            "start_cursor": cursor(lines.first()),
            "end_cursor": cursor(lines.last()),
            "has_next_page": has_next_page,
        });
        let items: Vec<Value> = lines.into_iter().map(|line| line.view).collect();
        Reply::json(&json!({ "page_info": page_info, "date": date, "items": items }))
    })
}

/// Moves `amount` out of a wallet to another one of the business: `merchant_sweep`, which has
/// none of the optional fields.
pub fn sweep(desk: &Desk<'_>, wallet: &str, amount: i64) -> rusqlite::Result<String> {
    let line = ledger::Line {
        transaction_id: ids::upper("T_", 10),
        transaction_type: "merchant_sweep",
        amount: -amount,
        fee: 0,
        reverses: None,
        extra: serde_json::Map::new(),
    };
    ledger::post(desk, wallet, &line)?;
    Ok(line.transaction_id)
}

fn date(call: &Call, now: Instant) -> Result<NaiveDate, WaveError> {
    match call.query("date") {
        None => Ok(now.date_naive()),
        Some(text) => NaiveDate::parse_from_str(&text, "%Y-%m-%d")
            .map_err(|_| WaveError::field(&["date"], "invalid date format", "value_error.date")),
    }
}

fn day(date: NaiveDate) -> (Instant, Instant) {
    let start = DateTime::from_naive_utc_and_offset(date.and_time(NaiveTime::MIN), chrono::Utc);
    (start, start + TimeDelta::days(1))
}

fn first(call: &Call) -> Result<i64, WaveError> {
    let Some(text) = call.query("first") else { return Ok(PAGE) };
    match text.parse() {
        Ok(first @ 1..=PAGE) => Ok(first),
        _ => {
            let msg = "ensure this value is between 1 and 1000";
            Err(WaveError::field(&["first"], msg, "value_error.number"))
        }
    }
}

fn cursor(seq: i64) -> String {
    URL_SAFE_NO_PAD.encode(format!("line:{seq}"))
}

fn after(call: &Call) -> Result<i64, WaveError> {
    let Some(cursor) = call.query("after") else { return Ok(0) };
    let decoded = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let place = decoded.and_then(|text| text.strip_prefix("line:")?.parse().ok());
    place.ok_or_else(|| WaveError::field(&["after"], "invalid cursor", "value_error.cursor"))
}
