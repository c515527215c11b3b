//! Payout batches: accepted at once, decided item by item two seconds later.
//!
//! A malformed item refuses the whole batch, with its index in `loc`. `complete` says that nothing
//! is processing any more, not that anything succeeded.

use axum::extract::Path;
use rusqlite::{OptionalExtension, params};
use serde_json::{Value, json};

use super::auth::Call;
use super::errors::{Reply, WaveError};
use super::fields::{self, Fields};
use super::idempotency;
use super::payout;
use super::payout_book::{self, Payout, PayoutStatus};
use crate::app::Desk;
use crate::clock::micros;
use crate::ids;

/// `POST /v1/payout-batch`.
pub async fn create(call: Call) -> Result<Reply, WaveError> {
    let body = call.json()?;
    call.at_desk(|desk| {
        idempotency::once(desk, &call, &body, || {
            let payouts = read(desk, &body, &call)?;
            let id = ids::lower("pb-", 13);
            desk.tx.execute(
                "INSERT INTO batches VALUES (?1, ?2, ?3)",
                params![id, call.wallet.name(), micros(desk.now)],
            )?;
            for payout in payouts {
                payout::accept_in_batch(desk, payout, &id)?;
            }
            Reply::json(&json!({ "id": id }))
        })
    })
}

/// `GET /v1/payout-batch/{id}`.
pub async fn get(Path(id): Path<String>, call: Call) -> Result<Reply, WaveError> {
    call.at_desk(|desk| {
        if wallet_of(desk, &id)?.as_deref() != Some(call.wallet.name()) {
            return Err(WaveError::not_found("Payout batch"));
        }
        let payouts = payout_book::by_batch(desk.tx, &id)?;
        let is_open = |payout: &Payout| payout.status == PayoutStatus::Processing;
        let status = if payouts.iter().any(is_open) { "processing" } else { "complete" };
        let payouts: Vec<Value> = payouts.iter().map(Payout::view).collect();
        Reply::json(&json!({ "id": id, "status": status, "payouts": payouts }))
    })
}

fn wallet_of(desk: &Desk<'_>, id: &str) -> rusqlite::Result<Option<String>> {
    desk.tx
        .prepare_cached("SELECT wallet FROM batches WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()
}

fn read(desk: &Desk<'_>, body: &Value, call: &Call) -> Result<Vec<Payout>, WaveError> {
    let items = match body.get("payouts").and_then(Value::as_array) {
        Some(items) if !items.is_empty() => items,
        _ => {
            let mut fields = Fields::of(body, Vec::new())?;
            fields.wrong("payouts", "a list of at least one payout is required", "value_error.list");
            return Err(WaveError::validation(fields.finish()));
        }
    };
    let (mut payouts, mut wrong) = (Vec::new(), Vec::new());
    for (index, item) in items.iter().enumerate() {
        let prefix = vec![Value::from("payouts"), Value::from(index)];
        match payout::read(item, &call.wallet, prefix, desk.now) {
            Ok((payout, details)) => {
                payouts.push(payout);
                wrong.extend(details);
            }
            Err(error) => wrong.extend(error.details),
        }
    }
    fields::check(wrong)?;
    payouts.iter_mut().try_for_each(|payout| payout::check_wallet(desk, payout, &call.wallet))?;
    Ok(payouts)
}
