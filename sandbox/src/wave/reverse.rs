//! Taking a payout back: within three days of its submission, while the recipient still has it.
//!
//! Amount and fee return to the wallet. Reversing twice succeeds twice and moves money once.
//! Refusals have the execution shape and a *chosen* 422; so is the code `payout-not-reversible`
//! for a payout that never succeeded.

use axum::extract::Path;
use chrono::TimeDelta;

use super::auth::Call;
use super::errors::{Reply, WaveError};
use super::ledger::{self, Line, Operation, OperationKind};
use super::payout::own;
use super::payout_book::{self, Payout, PayoutStatus};
use super::recipient::{self, Behaviour};
use crate::app::Desk;
use crate::ids;

/// `POST /v1/payout/{id}/reverse`.
pub async fn reverse(Path(id): Path<String>, call: Call) -> Result<Reply, WaveError> {
    call.at_desk(|desk| {
        let mut payout = own(desk, &call, &id)?;
        if payout.status == PayoutStatus::Reversed {
            return Ok(Reply::empty());
        }
        check(desk, &payout)?;
        take_back(desk, &payout)?;
        payout.status = PayoutStatus::Reversed;
        payout.reversed_at = Some(desk.now);
        payout_book::update(desk.tx, &payout)?;
        Ok(Reply::empty())
    })
}

fn check(desk: &Desk<'_>, payout: &Payout) -> Result<(), WaveError> {
    let refuse = |code, message| Err(WaveError::execution(422, code, message));
    if payout.status != PayoutStatus::Succeeded {
        return refuse("payout-not-reversible", "Only a payout that succeeded can be reversed");
    }
    if desk.now - payout.submitted_at > TimeDelta::days(3) {
        return refuse("payout-reversal-time-limit-exceeded", "More than three days have passed");
    }
    match recipient::behaviour(desk.tx, &payout.mobile)? {
        Behaviour::Spent => refuse("insufficient-funds", "The recipient has spent the money"),
        Behaviour::Terminated => {
            refuse("payout-reversal-account-terminated", "The recipient's account is closed")
        }
        _ => Ok(()),
    }
}

fn take_back(desk: &Desk<'_>, payout: &Payout) -> rusqlite::Result<()> {
    let effect = payout.amount + payout.fee;
    let line = Line {
        transaction_id: ids::upper("T_", 10),
        transaction_type: match payout.batch_id {
            Some(_) => "bulk_payment_reversal",
            None => "api_payout_reversal",
        },
        amount: effect,
        fee: -payout.fee,
        reverses: payout.transaction_id.clone(),
        extra: payout.extra(),
    };
    ledger::post(desk, &payout.wallet, &line)?;
    let fact = Operation {
        id: &payout.id,
        kind: OperationKind::Reversal,
        reference: payout.client_reference.as_deref(),
        amount: payout.amount,
        fee: payout.fee,
        effect,
        party: Some(&payout.mobile),
        status: "succeeded",
        transaction_id: Some(&line.transaction_id),
    };
    ledger::record(desk, &payout.wallet, &fact)
}
