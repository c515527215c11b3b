//! Giving a collection back, whole, once: a second refund succeeds and moves nothing.
//!
//! The payer gets the gross and the wallet gets the fee back, so the wallet loses the net.
//! No webhook tells of it and the session does not change; the proof is a statement line.
//! `checkout-refund-failed` is answered with a *chosen* 400.

use axum::extract::Path;

use super::auth::Call;
use super::checkout::own;
use super::collect;
use super::errors::{Reply, WaveError};
use super::ledger::{self, Line, Operation, OperationKind, Posted};
use super::session::{self, PaymentStatus, Session};
use super::wallet;
use crate::app::Desk;
use crate::ids;

/// `POST /v1/checkout/sessions/{id}/refund`.
pub async fn of_session(Path(id): Path<String>, call: Call) -> Result<Reply, WaveError> {
    call.at_desk(|desk| {
        let session = own(desk, &call, &id)?;
        refund_session(desk, session)
    })
}

/// `POST /v1/transactions/{transaction_id}/refund`.
pub async fn of_transaction(Path(id): Path<String>, call: Call) -> Result<Reply, WaveError> {
    call.at_desk(|desk| {
        let line = ledger::line(desk.tx, call.wallet.name(), &id)?
            .ok_or_else(|| WaveError::not_found("Transaction"))?;
        match session::by_transaction(desk.tx, &id)? {
            Some(session) => refund_session(desk, session),
            None if line.transaction_type == "merchant_payment" => {
                refund_direct(desk, call.wallet.name(), &id, &line)
            }
            None => Err(refused("this transaction is not a collection")),
        }
    })
}

fn refund_session(desk: &Desk<'_>, mut session: Session) -> Result<Reply, WaveError> {
    if session.refunded_at.is_some() {
        return Ok(Reply::empty());
    }
    let paid = session.transaction_id.clone();
    let paid = paid.filter(|_| session.payment_status == PaymentStatus::Succeeded);
    let paid = paid.ok_or_else(|| refused("the session was not paid"))?;
    let line = line("api_checkout_refund", &paid, (session.amount, session.fee), collect::extra(&session));
    let fact = Operation {
        id: &session.id,
        reference: session.client_reference.as_deref(),
        party: session.payer_mobile.as_deref(),
        ..fact(&line, session.amount, session.fee)
    };
    give_back(desk, &session.wallet, &line, &fact)?;
    session.refunded_at = Some(desk.now);
    session::update(desk.tx, &session)?;
    Ok(Reply::empty())
}

fn refund_direct(desk: &Desk<'_>, wallet: &str, paid: &str, original: &Posted) -> Result<Reply, WaveError> {
    if ledger::is_reversed(desk.tx, paid)? {
        return Ok(Reply::empty());
    }
    let gross = original.amount + original.fee;
    let payer = original.view["counterparty_mobile"].as_str();
    let extra = ledger::fields(&[("counterparty_mobile", payer)]);
    let line = line("merchant_payment_refund", paid, (gross, original.fee), extra);
    let fact = Operation { id: paid, party: payer, ..fact(&line, gross, original.fee) };
    give_back(desk, wallet, &line, &fact)?;
    Ok(Reply::empty())
}

fn line(
    transaction_type: &'static str,
    paid: &str,
    (gross, fee): (i64, i64),
    extra: serde_json::Map<String, serde_json::Value>,
) -> Line {
    Line {
        transaction_id: ids::upper("T_", 10),
        transaction_type,
        amount: fee - gross,
        fee: -fee,
        reverses: Some(paid.to_owned()),
        extra,
    }
}

fn fact(line: &Line, gross: i64, fee: i64) -> Operation<'_> {
    Operation {
        id: "",
        kind: OperationKind::Refund,
        reference: None,
        amount: gross,
        fee,
        effect: line.amount,
        party: None,
        status: "succeeded",
        transaction_id: Some(&line.transaction_id),
    }
}

fn give_back(desk: &Desk<'_>, wallet: &str, line: &Line, fact: &Operation<'_>) -> Result<(), WaveError> {
    let balance = wallet::find(desk.tx, wallet)?.map_or(0, |wallet| wallet.balance);
    if balance + line.amount < 0 {
        return Err(refused("the wallet's balance is too low"));
    }
    ledger::post(desk, wallet, line)?;
    ledger::record(desk, wallet, fact)?;
    Ok(())
}

fn refused(why: &str) -> WaveError {
    WaveError::new(400, "checkout-refund-failed", why)
}
