//! The simulator's own view of Wave's money, and what its portal can move.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::pay::{amount, wallet_named};
use super::refusal::{Refusal, Wish};
use crate::app::Shared;
use crate::money::major;
use crate::wave::fields::is_e164;
use crate::wave::recipient::{self, Behaviour};
use crate::wave::{ledger, statement, wallet};

/// `GET /_control/wave/operations`: append-only, oldest first, in major units.
pub async fn operations(State(app): State<Shared>) -> Result<Json<Value>, Refusal> {
    let operations = app.at_desk(|desk| ledger::operations(desk.tx).map_err(Refusal::from))?;
    Ok(Json(json!({ "data": operations })))
}

/// `GET /_control/wave/balance`: each wallet, and the total per currency.
pub async fn balance(State(app): State<Shared>) -> Result<Json<Value>, Refusal> {
    let wallets = app.at_desk(|desk| wallet::all(desk.tx).map_err(Refusal::from))?;
    let mut totals: BTreeMap<&str, i64> = BTreeMap::new();
    for wallet in &wallets {
        *totals.entry(&wallet.currency).or_default() += wallet.balance;
    }
    let each = wallets.iter().map(|wallet| {
        let amount = major(wallet.balance, &wallet.currency);
        json!({ "wallet": wallet.name(), "amount": amount, "currency": wallet.currency })
    });
    let each: Vec<Value> = each.collect();
    let total = totals
        .iter()
        .map(|(currency, minor)| json!({ "amount": major(*minor, currency), "currency": currency }));
    Ok(Json(json!({ "data": each, "total": total.collect::<Vec<Value>>() })))
}

/// The body of `POST /_control/wave/sweep`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepWish {
    wallet: String,
    amount: String,
}

/// `POST /_control/wave/sweep`: moves money out of a wallet, as an operator of the portal can.
pub async fn sweep(State(app): State<Shared>, Wish(wish): Wish<SweepWish>) -> Result<Json<Value>, Refusal> {
    let transaction = app.at_desk(|desk| {
        let wallet = wallet_named(desk, &wish.wallet)?;
        let amount = amount(&wish.amount, &wallet.currency)?;
        if amount > wallet.balance {
            return Err(Refusal::conflict("the wallet's balance is too low"));
        }
        Ok(statement::sweep(desk, wallet.name(), amount)?)
    })?;
    Ok(Json(json!({ "transaction_id": transaction })))
}

/// The body of `POST /_control/wave/recipients`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecipientWish {
    mobile: String,
    behaviour: Behaviour,
    name: Option<String>,
}

/// `POST /_control/wave/recipients`: from now on this number behaves so.
pub async fn recipient(
    State(app): State<Shared>,
    Wish(wish): Wish<RecipientWish>,
) -> Result<Json<Value>, Refusal> {
    if !is_e164(&wish.mobile) {
        return Err(Refusal::invalid(format!("{} is not an E.164 number", wish.mobile)));
    }
    app.at_desk(|desk| {
        let name = wish.name.as_deref();
        recipient::put(desk.tx, &wish.mobile, wish.behaviour, name).map_err(Refusal::from)
    })?;
    Ok(Json(json!({ "mobile": wish.mobile, "behaviour": wish.behaviour, "name": wish.name })))
}
