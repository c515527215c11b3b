//! How movements begin and end, and what time alone brings about.
//!
//! Money moves at the end: what is pending has moved nothing, and may still find the wallet
//! empty. A movement ends once; ending commits with its line in the record and its callback.

use rand::Rng;

use super::kind::{Kind, Status};
use super::movement::{self, Due, Movement, Step};
use super::portal::{self, Environment};
use super::script::NO_REASON;
use super::{callback, record, script};
use crate::app::Desk;

/// Writes a movement down and lets it take its course.
pub fn begin(desk: &Desk<'_>, environment: &Environment, mut movement: Movement) -> rusqlite::Result<()> {
    let script = script::of(desk, environment, &movement)?;
    movement.status = script.first;
    movement::insert(desk.tx, &mut movement)?;
    if script.ends_after.is_zero() {
        finish(desk, movement, script.reason)?;
        return Ok(());
    }
    if movement.kind == Kind::PreApproval && movement.status == Status::Created {
        // A pre-approval that waits is told too, as a client of MTN's measured.
        callback::promise(desk, environment, &movement)?;
    }
    let due = |after, step, reason: Option<&str>| Due {
        at: desk.now + after,
        movement: movement.seq,
        step,
        reason: reason.map(str::to_owned),
    };
    if let Some(after) = script.pends_after {
        movement::plan(desk.tx, &due(after, Step::Pend, None))?;
    }
    movement::plan(desk.tx, &due(script.ends_after, Step::End, script.reason))
}

/// Does everything whose time has come, each thing at its own instant.
pub fn all_due(desk: &Desk<'_>) -> rusqlite::Result<()> {
    while let Some(due) = movement::take_due(desk.tx, desk.now)? {
        let Some(mut movement) = movement::at_place(desk.tx, due.movement)? else { continue };
        match due.step {
            Step::Pend if movement.status == Status::Created => {
                movement.status = Status::Pending;
                movement::update(desk.tx, &movement)?;
            }
            Step::Pend => {}
            Step::End => {
                finish(&desk.at(due.at), movement, due.reason.as_deref())?;
            }
        }
    }
    Ok(())
}

/// Ends a movement: well, unless there is a reason or our wallet cannot pay. One that has ended
/// stays as it is.
pub fn finish(desk: &Desk<'_>, mut movement: Movement, reason: Option<&str>) -> rusqlite::Result<Movement> {
    let environment = portal::environment(desk.tx, &movement.environment)?;
    let Some(environment) = environment.filter(|_| !movement.status.is_final()) else { return Ok(movement) };
    let effect = movement.kind.effect(movement.amount);
    let is_covered = effect >= 0 || environment.balance >= -effect;
    let reason = reason.or((!is_covered).then_some("NOT_ENOUGH_FUNDS"));
    match reason {
        Some(reason) => {
            movement.status = Status::Failed;
            movement.reason = Some(reason.to_owned()).filter(|reason| reason != NO_REASON);
        }
        None => {
            movement.status = Status::Successful;
            movement.transaction = Some(transaction_id());
            portal::move_balance(desk.tx, environment.name(), effect)?;
        }
    }
    movement::update(desk.tx, &movement)?;
    movement::unplan(desk.tx, movement.seq)?;
    record::note(desk, &movement)?;
    callback::promise(desk, &environment, &movement)?;
    Ok(movement)
}

/// A fresh `financialTransactionId`: ten digits.
pub fn transaction_id() -> String {
    rand::rng().random_range(7_000_000_000_u64..8_000_000_000).to_string()
}
