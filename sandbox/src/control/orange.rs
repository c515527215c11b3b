//! Orange Web Payment by hand: payers, the simulator's own record, and the portal.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::pay::{Outcome, amount};
use super::refusal::{Refusal, Wish};
use crate::app::{Desk, Shared};
use crate::money::major;
use crate::orange_web::config::OrangeMerchantConfig;
use crate::orange_web::merchant::Merchant;
use crate::orange_web::notification::{self, Lie};
use crate::orange_web::pay::{self as payers, Confirmation};
use crate::orange_web::payment::{self, Notify, Payment, Status};
use crate::orange_web::{ledger, merchant, payer};

/// The body of `POST /_control/orange/pay`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayWish {
    /// `order_id` in any of its spellings, `pay_token` or `txnid`.
    reference: String,
    amount: Option<String>,
    #[serde(default)]
    outcome: Outcome,
    code: Option<String>,
    payer: Option<String>,
    /// How long the transaction runs, `PENDING`; at once when absent.
    after_seconds: Option<u32>,
    /// When the shop hears of it.
    notify: Option<Notify>,
    /// Confirms a payment that has failed or expired.
    #[serde(default)]
    again: bool,
}

/// `POST /_control/orange/pay`.
pub async fn pay(State(app): State<Shared>, Wish(wish): Wish<PayWish>) -> Result<Json<Value>, Refusal> {
    let view = app.at_desk(|desk| {
        let payment = named(desk, &wish.reference)?;
        let may = match payment.status {
            Status::Initiated => true,
            Status::Failed | Status::Expired => wish.again,
            Status::Pending | Status::Success => false,
        };
        if !may {
            let status = payment.status.as_str();
            return Err(Refusal::conflict(format!("payment {} is {status}", payment.order_id)));
        }
        Ok(act(desk, payment, &wish)?.view(desk.app))
    })?;
    Ok(Json(view))
}

fn act(desk: &Desk<'_>, payment: Payment, wish: &PayWish) -> Result<Payment, Refusal> {
    let failure = match wish.outcome {
        Outcome::Abandon => return Ok(payment),
        Outcome::Decline => Some(wish.code.clone().unwrap_or_else(|| "insufficient_funds".to_owned())),
        Outcome::Pay => None,
    };
    let payer = wish.payer.as_deref().unwrap_or(payer::typical(&payment.country));
    let payer = payer::normalised(&payment.country, payer)
        .ok_or_else(|| Refusal::invalid(format!("{payer} is no number of {}", payment.country)))?;
    let amount = wish.amount.as_deref().map(|text| amount(text, &payment.currency)).transpose()?;
    let given = Confirmation {
        payer,
        amount,
        failure,
        wait: TimeDelta::seconds(wish.after_seconds.unwrap_or_default().into()),
        notify: wish.notify.unwrap_or(Notify::After),
    };
    Ok(payers::confirm(desk, payment, &given)?)
}

/// The payment that a person means.
pub fn named(desk: &Desk<'_>, reference: &str) -> Result<Payment, Refusal> {
    payment::named(desk.tx, reference)?.ok_or_else(|| {
        Refusal::not_found(format!("no payment has the order_id, pay_token or txnid {reference}"))
    })
}

/// The body of `POST /_control/orange/forge`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForgeWish {
    reference: String,
    #[serde(default)]
    variant: Lie,
}

/// `POST /_control/orange/forge`: tells a payment's `notif_url` what is not so.
pub async fn forge(State(app): State<Shared>, Wish(wish): Wish<ForgeWish>) -> Result<Json<Value>, Refusal> {
    app.at_desk(|desk| {
        let payment = named(desk, &wish.reference)?;
        notification::forge(desk, &payment, wish.variant).map_err(Refusal::from)
    })?;
    Ok(Json(json!({ "sent": 1 })))
}

/// `GET /_control/orange/operations`: append-only, oldest first, in major units.
pub async fn operations(State(app): State<Shared>) -> Result<Json<Value>, Refusal> {
    let operations = app.at_desk(|desk| ledger::operations(desk.tx).map_err(Refusal::from))?;
    Ok(Json(json!({ "data": operations })))
}

/// `GET /_control/orange/balance`: each merchant, and the total per currency.
pub async fn balance(State(app): State<Shared>) -> Result<Json<Value>, Refusal> {
    let merchants = app.at_desk(|desk| merchant::all(desk.tx).map_err(Refusal::from))?;
    let mut totals: BTreeMap<&str, i64> = BTreeMap::new();
    let mut each = Vec::new();
    for Merchant { portal, balance } in &merchants {
        let total = totals.entry(portal.currency()).or_default();
        *total = total.saturating_add(*balance);
        let amount = major(*balance, portal.currency());
        each.push(json!({"merchant": portal.merchant, "amount": amount, "currency": portal.currency()}));
    }
    let total = totals
        .iter()
        .map(|(currency, minor)| json!({ "amount": major(*minor, currency), "currency": currency }));
    Ok(Json(json!({ "data": each, "total": total.collect::<Vec<Value>>() })))
}

/// The body of `POST /_control/orange/sweep`; without an amount, everything.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepWish {
    merchant: String,
    amount: Option<String>,
}

/// `POST /_control/orange/sweep`: money leaves the merchant's account by the portal.
pub async fn sweep(State(app): State<Shared>, Wish(wish): Wish<SweepWish>) -> Result<Json<Value>, Refusal> {
    let swept = app.at_desk(|desk| {
        let Merchant { portal, balance } = merchant_named(desk, &wish.merchant)?;
        let wanted = wish.amount.as_deref().map(|text| amount(text, portal.currency())).transpose()?;
        let amount = wanted.unwrap_or(balance);
        if amount > balance || amount <= 0 {
            return Err(Refusal::conflict("the merchant's balance is too low"));
        }
        let id = ledger::sweep(desk, &portal, amount)?;
        Ok(json!({"transaction_id": id, "amount": major(amount, portal.currency())}))
    })?;
    Ok(Json(swept))
}

fn merchant_named(desk: &Desk<'_>, name: &str) -> Result<Merchant, Refusal> {
    merchant::find(desk.tx, name)?.ok_or_else(|| Refusal::not_found(format!("no merchant is called {name}")))
}

/// `GET /_control/orange/merchants`, with their keys and switches.
pub async fn merchants(State(app): State<Shared>) -> Result<Json<Value>, Refusal> {
    let merchants = app.at_desk(|desk| merchant::all(desk.tx).map_err(Refusal::from))?;
    let portals: Vec<OrangeMerchantConfig> = merchants.into_iter().map(|it| it.portal).collect();
    Ok(Json(json!({ "data": portals })))
}

/// `POST /_control/orange/merchants`: changes what is given of the merchant of that name, or opens
/// one, which then needs `country` and `merchant_key`. Its balance stays.
pub async fn put_merchant(
    State(app): State<Shared>,
    Wish(wish): Wish<Map<String, Value>>,
) -> Result<Json<OrangeMerchantConfig>, Refusal> {
    let portal = app.at_desk(|desk| {
        let portal = merged(desk, wish)?;
        portal.check().map_err(Refusal::invalid)?;
        let other = merchant::by_key(desk.tx, &portal.merchant_key)?;
        if other.is_some_and(|other| other.portal.merchant != portal.merchant) {
            return Err(Refusal::conflict("another merchant has this merchant_key"));
        }
        merchant::put(desk.tx, &portal)?;
        Ok(portal)
    })?;
    Ok(Json(portal))
}

fn merged(desk: &Desk<'_>, wish: Map<String, Value>) -> Result<OrangeMerchantConfig, Refusal> {
    let text = |name: &str| wish.get(name).and_then(Value::as_str).unwrap_or_default();
    let known = merchant::find(desk.tx, text("merchant"))?.map(|merchant| merchant.portal);
    let base = known.unwrap_or_else(|| {
        OrangeMerchantConfig::new(text("merchant"), text("country"), text("merchant_key"))
    });
    let invalid = |error: serde_json::Error| Refusal::invalid(error.to_string());
    let mut whole = serde_json::to_value(base).map_err(invalid)?;
    if let Some(members) = whole.as_object_mut() {
        members.extend(wish);
    }
    serde_json::from_value(whole).map_err(invalid)
}
