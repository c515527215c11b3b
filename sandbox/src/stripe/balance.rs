//! The account's balance and the transactions that make it up.
//!
//! Nothing else moves money: what is available is the opening balance and the net of every
//! transaction whose `available_on` has come; the rest is pending.

use axum::extract::Path;
use serde_json::{Value, json};

use super::book::{self, Due};
use super::errors::{Reply, StripeError};
use super::event;
use super::http::Call;
use super::list;
use super::scene::{Scene, instant_of, int};
use crate::clock::Instant;
use crate::ids;

/// A movement of the balance.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The object that it comes from.
    pub source: &'a str,
    /// One of Stripe's types, as `payment`.
    pub kind: &'a str,
    /// What accountants group it by, as `charge`.
    pub category: &'a str,
    /// Signed gross, minor units.
    pub amount: i64,
    /// What Stripe keeps; the net is the amount less this.
    pub fee: i64,
    /// From when on it can be used.
    pub available_on: Instant,
}

/// Posts a transaction and returns its id.
pub fn post(scene: &Scene<'_>, entry: &Entry<'_>) -> rusqlite::Result<String> {
    let id = ids::lower("txn_", 24);
    let fee = json!({
        "amount": entry.fee, "application": null, "currency": "eur",
        "description": "Stripe processing fees", "type": "stripe_fee",
    });
    let doc = json!({
        "id": id,
        "object": "balance_transaction",
        "amount": entry.amount,
        "available_on": usable(scene, entry.available_on),
        "balance_type": "payments",
        "created": scene.seconds(),
        "currency": "eur",
        "description": null,
        "exchange_rate": null,
        "fee": entry.fee,
        "fee_details": if entry.fee == 0 { json!([]) } else { json!([fee]) },
        "net": entry.amount - entry.fee,
        "reporting_category": entry.category,
        "source": entry.source,
        "status": "pending",
        "type": entry.kind,
    });
    book::insert(scene, &doc)?;
    if entry.available_on > scene.now {
        book::plan(scene, instant_of(entry.available_on.timestamp()), Due::FundsAvailable, &id)?;
    }
    Ok(id)
}

/// Money is used by the simulators' clock, also when a test clock that is ahead brought it.
fn usable(scene: &Scene<'_>, at: Instant) -> i64 {
    if at <= scene.now { at.min(scene.wall()).timestamp() } else { at.timestamp() }
}

/// Makes a pending transaction available now.
pub fn make_available(scene: &Scene<'_>, id: &str) -> rusqlite::Result<()> {
    if let Some(mut doc) = book::find(scene.tx, id)? {
        doc["available_on"] = json!(usable(scene, scene.now));
        book::update(scene, &doc)?;
        book::unplan(scene, id)?;
    }
    Ok(())
}

/// The fee of a transaction; zero when there is none.
pub fn fee_of(scene: &Scene<'_>, id: &Value) -> rusqlite::Result<i64> {
    Ok(int(&book::named(scene, id)?, "fee"))
}

/// Tells that pending money became available.
pub fn mature(scene: &Scene<'_>) -> rusqlite::Result<()> {
    event::emit(scene, "balance.available", &view(scene)?)
}

/// What is available and what is pending, in minor units.
pub fn amounts(scene: &Scene<'_>) -> rusqlite::Result<(i64, i64)> {
    let opening: i64 = scene.tx.query_row("SELECT opening FROM stripe_account", [], |row| row.get(0))?;
    let sum = |due: &str| {
        let sql = format!(
            "SELECT coalesce(sum(json_extract(data, '$.net')), 0) FROM stripe_objects
             WHERE object = 'balance_transaction' AND json_extract(data, '$.available_on') {due} ?1"
        );
        scene.tx.prepare_cached(&sql)?.query_row([scene.seconds()], |row| row.get::<_, i64>(0))
    };
    Ok((opening + sum("<=")?, sum(">")?))
}

/// What can be spent now.
pub fn available(scene: &Scene<'_>) -> rusqlite::Result<i64> {
    Ok(amounts(scene)?.0)
}

fn view(scene: &Scene<'_>) -> rusqlite::Result<Value> {
    let (available, pending) = amounts(scene)?;
    let row = |amount: i64| json!([{"amount": amount, "currency": "eur", "source_types": {"card": amount}}]);
    let instant = if scene.account().instant_limit > 0 { available.max(0) } else { 0 };
    Ok(json!({
        "object": "balance",
        "available": row(available),
        "connect_reserved": [{"amount": 0, "currency": "eur"}],
        "instant_available": row(instant),
        "livemode": false,
        "pending": row(pending),
        "refund_and_dispute_prefunding": {"available": row(0), "pending": row(0)},
    }))
}

/// `GET /v1/balance`.
pub async fn get(call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        params.finish()?;
        Ok(view(scene)?)
    })
}

/// `GET /v1/balance_transactions`, by `source`, `payout`, `type`, `currency` and `created`.
pub async fn list(call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        let source = params.text("source")?.or(params.text("payout")?);
        let wanted =
            [("source", source), ("type", params.text("type")?), ("currency", params.text("currency")?)];
        list::page(scene, params, "balance_transaction", "/v1/balance_transactions", &wanted)
    })
}

/// `GET /v1/balance_transactions/{id}`.
pub async fn transaction(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        params.finish()?;
        book::get(scene, "balance_transaction", &id, "id")
    })
}
