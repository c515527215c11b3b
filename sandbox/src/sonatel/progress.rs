//! How transactions move: the money taken, the statuses on the way, the money given.
//!
//! The paying side's money is taken when a transaction begins to move, and given to the other
//! side when it succeeds or back when it ends otherwise. A final status stays. What is to come is
//! on an agenda, by the simulators' clock; whatever the clock leapt over happens at its own
//! instant.

use chrono::TimeDelta;
use rusqlite::{OptionalExtension, params};

use super::errors::SonatelError;
use super::record::{self, Fact, Kind};
use super::transaction::{self, Status, Transaction, Type};
use super::{bulk, notify, people, wallet};
use crate::app::Desk;
use crate::clock::{Instant, from_micros, micros};

/// The statuses to come, and how long from now.
pub type Steps = [(TimeDelta, Status)];

/// Writes a new transaction down that nobody has agreed to pay for yet.
pub fn open(desk: &Desk<'_>, transaction: &Transaction) -> rusqlite::Result<()> {
    transaction::insert(desk, transaction)
}

/// Begins a new transaction: takes the paying side's money and goes the way of `steps`, of which
/// the first is now.
///
/// Errors: 2021, or the float's code, when there is not enough; nothing is written then.
pub fn begin(desk: &Desk<'_>, transaction: &mut Transaction, steps: &Steps) -> Result<(), SonatelError> {
    let effect = take(desk, transaction, steps)?;
    transaction::insert(desk, transaction)?;
    Ok(follow(desk, transaction, steps, effect)?)
}

/// The same for a transaction that is written down already.
pub fn proceed(desk: &Desk<'_>, transaction: &mut Transaction, steps: &Steps) -> Result<(), SonatelError> {
    let effect = take(desk, transaction, steps)?;
    cancel_agenda(desk, &transaction.id)?;
    Ok(follow(desk, transaction, steps, effect)?)
}

fn follow(
    desk: &Desk<'_>,
    transaction: &mut Transaction,
    steps: &Steps,
    effect: i64,
) -> rusqlite::Result<()> {
    let Some(((_, first), rest)) = steps.split_first() else { return Ok(()) };
    if first.is_final() {
        return finish(desk, transaction, *first, None, effect);
    }
    set(desk, transaction, *first, None)?;
    if effect != 0 {
        note(desk, transaction, effect)?;
    }
    for (delay, status) in rest {
        plan(desk, desk.now + *delay, &transaction.id, Some(*status))?;
    }
    Ok(())
}

/// Refuses what was asked for, and leaves a failed transaction behind where the settings say so.
pub fn refuse(desk: &Desk<'_>, transaction: &mut Transaction, error: SonatelError) -> SonatelError {
    if !desk.app.sonatel.settings().keeps_refused {
        return error;
    }
    match leave(desk, transaction, Status::Failed, Some(error.code.clone())) {
        Ok(()) => error.committed(),
        Err(broken) => broken.into(),
    }
}

/// Writes a new transaction down that ended before anything moved.
pub fn leave(
    desk: &Desk<'_>,
    transaction: &mut Transaction,
    status: Status,
    code: Option<String>,
) -> rusqlite::Result<()> {
    transaction::insert(desk, transaction)?;
    finish(desk, transaction, status, code, 0)
}

/// Changes the status of a transaction that is under way; a final one stays.
pub fn advance(
    desk: &Desk<'_>,
    transaction: &mut Transaction,
    status: Status,
    code: Option<String>,
) -> rusqlite::Result<()> {
    match status.is_final() {
        _ if transaction.status.is_final() => Ok(()),
        true => finish(desk, transaction, status, code, 0),
        false => set(desk, transaction, status, code),
    }
}

/// Moves the paying side's money away, once, when the first step needs it; answers with the
/// effect on the wallet.
fn take(desk: &Desk<'_>, transaction: &mut Transaction, steps: &Steps) -> Result<i64, SonatelError> {
    let needs = steps.first().is_some_and(|(_, first)| *first == Status::Success || !first.is_final());
    if !needs || transaction.is_paid_for {
        return Ok(0);
    }
    let amount = transaction.amount;
    let (is_covered, effect, code) = match transaction.kind {
        Type::CashIn => {
            let is_covered = wallet::shift(desk.tx, &transaction.wallet, -amount)?;
            (is_covered, -amount, desk.app.sonatel.settings().float_code)
        }
        Type::Payment => (people::shift(desk.tx, &transaction.customer, -amount)?, 0, "2021".to_owned()),
    };
    transaction.is_paid_for = is_covered;
    match is_covered {
        true => Ok(effect),
        false => Err(SonatelError::new(&code, "The balance is insufficient")),
    }
}

/// Ends a transaction: the money goes on or back, and whoever wanted to know is told.
fn finish(
    desk: &Desk<'_>,
    transaction: &mut Transaction,
    status: Status,
    code: Option<String>,
    mut effect: i64,
) -> rusqlite::Result<()> {
    let (amount, is_success) = (transaction.amount, status == Status::Success);
    if transaction.is_paid_for {
        let goes_to_wallet = (transaction.kind == Type::Payment) == is_success;
        match goes_to_wallet {
            true => {
                wallet::shift(desk.tx, &transaction.wallet, amount)?;
                effect += amount;
            }
            false => {
                people::shift(desk.tx, &transaction.customer, amount)?;
            }
        }
    }
    cancel_agenda(desk, &transaction.id)?;
    set(desk, transaction, status, code)?;
    note(desk, transaction, effect)?;
    match &transaction.bulk_id {
        Some(bulk_id) => bulk::tell_if_done(desk, bulk_id),
        None => notify::announce(desk, transaction),
    }
}

fn set(
    desk: &Desk<'_>,
    transaction: &mut Transaction,
    status: Status,
    code: Option<String>,
) -> rusqlite::Result<()> {
    transaction.status = status;
    transaction.code = code;
    transaction.updated_at = desk.now;
    transaction::save(desk, transaction)
}

fn note(desk: &Desk<'_>, transaction: &Transaction, effect: i64) -> rusqlite::Result<()> {
    let kind = match transaction.kind {
        Type::Payment => Kind::Collection,
        Type::CashIn => Kind::Disbursement,
    };
    let fact = Fact {
        id: &transaction.id,
        kind,
        wallet: &transaction.wallet,
        reference: transaction.reference.as_deref(),
        amount: transaction.amount,
        effect,
        party: &transaction.customer,
        status: transaction.status.fact(),
        code: transaction.code.as_deref(),
    };
    record::note(desk, &fact)
}

/// Puts something on the agenda: a status of a transaction, or without one the run of a bulk.
pub fn plan(desk: &Desk<'_>, at: Instant, target: &str, status: Option<Status>) -> rusqlite::Result<()> {
    let sql = "INSERT INTO sonatel_agenda (at, target, status) VALUES (?1, ?2, ?3)";
    desk.tx.prepare_cached(sql)?.execute(params![micros(at), target, status])?;
    Ok(())
}

fn cancel_agenda(desk: &Desk<'_>, target: &str) -> rusqlite::Result<()> {
    desk.tx.prepare_cached("DELETE FROM sonatel_agenda WHERE target = ?1")?.execute([target])?;
    Ok(())
}

/// Does everything whose time has come, in its order and each at its own instant.
pub fn settle(desk: &Desk<'_>) -> rusqlite::Result<()> {
    while let Some((id, at, target, status)) = next(desk)? {
        desk.tx.prepare_cached("DELETE FROM sonatel_agenda WHERE id = ?1")?.execute([id])?;
        let then = desk.at(from_micros(at));
        let Some(status) = status else {
            bulk::run(&then, &target)?;
            continue;
        };
        if let Some(mut transaction) = transaction::find(desk.tx, &target)? {
            advance(&then, &mut transaction, status, None)?;
        }
    }
    Ok(())
}

type Entry = (i64, i64, String, Option<Status>);

fn next(desk: &Desk<'_>) -> rusqlite::Result<Option<Entry>> {
    desk.tx
        .prepare_cached(
            "SELECT id, at, target, status FROM sonatel_agenda WHERE at <= ?1 ORDER BY at, id LIMIT 1",
        )?
        .query_row([micros(desk.now)], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .optional()
}

/// When the agenda's first entry is due.
pub fn next_due(desk: &Desk<'_>) -> rusqlite::Result<Option<Instant>> {
    let at: Option<i64> =
        desk.tx.prepare_cached("SELECT min(at) FROM sonatel_agenda")?.query_row([], |row| row.get(0))?;
    Ok(at.map(from_micros))
}
