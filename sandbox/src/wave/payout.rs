//! The Payout API: single payouts, look-up and search.
//!
//! The payee gets the amount, the wallet also pays the fee. Money leaves when a payout succeeds,
//! so one that is `processing` has moved nothing and can still find the wallet empty. A refusal
//! in the answer's status means that no payout exists; a `failed` payout exists and moved nothing.

use axum::extract::Path;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::auth::Call;
use super::errors::{Detail, Reply, WaveError};
use super::fee;
use super::fields::{self, Fields};
use super::idempotency;
use super::ledger::{self, Line, Operation, OperationKind};
use super::merchant;
use super::payout_book::{self, Payout, PayoutStatus};
use super::recipient::{self, Behaviour};
use super::wallet::{self, Wallet};
use crate::app::Desk;
use crate::clock::Instant;
use crate::ids;

/// `POST /v1/payout`.
pub async fn create(call: Call) -> Result<Reply, WaveError> {
    let body = call.json()?;
    call.at_desk(|desk| {
        idempotency::once(desk, &call, &body, || {
            let (mut payout, wrong) = read(&body, &call.wallet, Vec::new(), desk.now)?;
            fields::check(wrong)?;
            check_wallet(desk, &mut payout, &call.wallet)?;
            execute(desk, &mut payout)?;
            Reply::json(&payout.view())
        })
    })
}

/// `GET /v1/payout/{id}`.
pub async fn get(Path(id): Path<String>, call: Call) -> Result<Reply, WaveError> {
    call.at_desk(|desk| Reply::json(&own(desk, &call, &id)?.view()))
}

/// `GET /v1/payouts/search?client_reference=…`.
pub async fn search(call: Call) -> Result<Reply, WaveError> {
    let reference = call.required_query("client_reference")?;
    call.at_desk(|desk| {
        let found = payout_book::by_reference(desk.tx, call.wallet.name(), &reference)?;
        let found: Vec<Value> = found.iter().map(Payout::view).collect();
        Reply::json(&json!({ "result": found }))
    })
}

/// The caller's own payout.
pub fn own(desk: &Desk<'_>, call: &Call, id: &str) -> Result<Payout, WaveError> {
    payout_book::find(desk.tx, id)?
        .filter(|payout| payout.wallet == call.wallet.name())
        .ok_or_else(|| WaveError::not_found("Payout"))
}

/// Reads one payout request, standing at `prefix` in the body, with what is wrong in it.
pub fn read(
    body: &Value,
    wallet: &Wallet,
    prefix: Vec<Value>,
    now: Instant,
) -> Result<(Payout, Vec<Detail>), WaveError> {
    let mut fields = Fields::of(body, prefix)?;
    let currency = fields.currency("currency");
    let amount = fields.amount("receive_amount", &currency);
    fields.text("national_id", 255);
    let payout = Payout {
        id: ids::lower("pt-", 13),
        wallet: wallet.name().to_owned(),
        batch_id: None,
        amount,
        fee: fee::of_payout(amount, &currency, None),
        currency,
        mobile: fields.required_mobile("mobile"),
        name: fields.text("name", 255),
        client_reference: fields.text("client_reference", 255),
        payment_reason: fields.text("payment_reason", 40),
        aggregated_merchant_id: fields.text("aggregated_merchant_id", 255),
        status: PayoutStatus::Processing,
        error: None,
        transaction_id: None,
        submitted_at: now,
        settles_at: None,
        reversed_at: None,
    };
    Ok((payout, fields.finish()))
}

/// Refuses what this wallet cannot pay at all, and takes the fee of the merchant that is named.
pub fn check_wallet(desk: &Desk<'_>, payout: &mut Payout, wallet: &Wallet) -> Result<(), WaveError> {
    fields::check_currency(&payout.currency, wallet)?;
    fields::check_country(&payout.mobile, wallet)?;
    let merchant = merchant::named(desk, payout.aggregated_merchant_id.as_deref(), wallet)?;
    let structure = merchant.and_then(|merchant| merchant.payout_fee);
    payout.fee = fee::of_payout(payout.amount, &payout.currency, structure);
    Ok(())
}

fn execute(desk: &Desk<'_>, payout: &mut Payout) -> Result<(), WaveError> {
    let behaviour = recipient::behaviour(desk.tx, &payout.mobile)?;
    if let Some((code, message)) = behaviour.refusal() {
        return Err(WaveError::new(422, code, message));
    }
    if !is_covered(desk, payout)? {
        return Err(WaveError::new(422, "insufficient-funds", "Not enough balance"));
    }
    match behaviour.delay() {
        Some(delay) => payout.settles_at = Some(desk.now + delay),
        None => decide(desk, payout, behaviour)?,
    }
    payout_book::insert(desk.tx, payout)?;
    Ok(())
}

/// Accepts one payout of a batch; whatever comes of it comes later.
pub fn accept_in_batch(desk: &Desk<'_>, mut payout: Payout, batch: &str) -> rusqlite::Result<()> {
    let behaviour = recipient::behaviour(desk.tx, &payout.mobile)?;
    payout.batch_id = Some(batch.to_owned());
    payout.settles_at = Some(desk.now + behaviour.delay().unwrap_or(TimeDelta::seconds(2)));
    payout_book::insert(desk.tx, &payout)
}

/// Finishes a payout whose processing is over.
pub fn settle(desk: &Desk<'_>, mut payout: Payout) -> rusqlite::Result<()> {
    let behaviour = recipient::behaviour(desk.tx, &payout.mobile)?;
    decide(desk, &mut payout, behaviour)?;
    payout.settles_at = None;
    payout_book::update(desk.tx, &payout)
}

fn decide(desk: &Desk<'_>, payout: &mut Payout, behaviour: Behaviour) -> rusqlite::Result<()> {
    let failure = match behaviour.failure() {
        None if !is_covered(desk, payout)? => Some(("insufficient-funds", "Not enough balance")),
        failure => failure,
    };
    match failure {
        None => debit(desk, payout),
        Some((code, message)) => {
            payout.status = PayoutStatus::Failed;
            payout.error = Some((code.to_owned(), message.to_owned()));
            ledger::record(desk, &payout.wallet, &fact(payout, 0))
        }
    }
}

fn is_covered(desk: &Desk<'_>, payout: &Payout) -> rusqlite::Result<bool> {
    let wallet = wallet::find(desk.tx, &payout.wallet)?;
    Ok(wallet.is_some_and(|wallet| wallet.balance >= payout.amount + payout.fee))
}

fn debit(desk: &Desk<'_>, payout: &mut Payout) -> rusqlite::Result<()> {
    let effect = -(payout.amount + payout.fee);
    payout.status = PayoutStatus::Succeeded;
    payout.transaction_id = Some(ids::upper("T_", 10));
    let line = Line {
        transaction_id: payout.transaction_id.clone().unwrap_or_default(),
        transaction_type: if payout.batch_id.is_some() { "bulk_payment" } else { "api_payout" },
        amount: effect,
        fee: payout.fee,
        reverses: None,
        extra: payout.extra(),
    };
    ledger::post(desk, &payout.wallet, &line)?;
    ledger::record(desk, &payout.wallet, &fact(payout, effect))
}

fn fact(payout: &Payout, effect: i64) -> Operation<'_> {
    Operation {
        id: &payout.id,
        kind: OperationKind::Disbursement,
        reference: payout.client_reference.as_deref(),
        amount: payout.amount,
        fee: if effect == 0 { 0 } else { payout.fee },
        effect,
        party: Some(&payout.mobile),
        status: payout.status.as_str(),
        transaction_id: payout.transaction_id.as_deref(),
    }
}
