//! Lines of wallets whose provider has no list: what ended each movement is all that there is to know of it.
//!
//! One line for what moved and, if it was undone later, one for that. Each follows from the stored movement and from
//! when its timeline says that it happened, so reading the same movement again makes the same line. Such a line is no
//! witness of its own: it says what the provider, or a person, told of this one movement.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Learned, LineKind, Money, MoneyError, Movement, MovementKind, MovementState, Reference};
use providers::Provider;
use sha2::{Digest, Sha256};
use store::StoreError;
use store::movements::ended::{self, Ended, Place};
use store::provider_lines::ProviderLine;
use store::statement_reads::{Pass, StatementRead};
use uuid::Uuid;

use super::progress;
use super::read::pace;
use super::turn::Turn;

/// Movements of a page.
const PAGE: i64 = 500;
/// How much of what was read before is read again: a gateway whose clock is behind may commit into it.
const OVERLAP: TimeDelta = TimeDelta::hours(1);

/// Keeps the lines of the next movements that ended. `false`: another gateway has taken over.
pub(super) async fn page(
    turn: &Turn<'_>,
    provider: &dyn Provider,
    read: &mut StatementRead,
) -> Result<bool, StoreError> {
    let pass = progress::pass(read, turn.app.clock.now());
    let (name, wallet) = (provider.capabilities().provider, &provider.capabilities().wallet);
    let from = pass.cursor.as_deref().and_then(place).unwrap_or_else(|| beginning(read));
    let rows = ended::after(&mut turn.app.db.read().await?.conn(), wallet, from, PAGE).await?;
    let now = turn.app.clock.now();
    let is_more = rows.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
    let last = rows.last().map(|row| (row.movement.updated_at, row.movement.reference));
    let mut lines = Vec::new();
    for row in rows.iter().filter(|row| row.movement.rail.provider() == Some(name)) {
        match of(row, now, || turn.app.ids.next()) {
            Ok(of) => lines.extend(of),
            Err(error) => {
                let reference = row.movement.reference;
                tracing::error!(error = &error as &dyn std::error::Error, movement.reference = %reference, "a line has no amount");
            }
        }
    }
    match last.filter(|_| is_more) {
        Some(last) => read.pass = Some(Pass { cursor: Some(cursor(last)), ..pass }),
        None => {
            read.open_day = read.open_day.max(pass.begun_at.date_naive());
            progress::end_round(read, pace(turn.app), now);
        }
    }
    (read.failures, read.error) = (0, None);
    turn.keep(read, &lines).await
}

/// Where a round begins: a while before the last one did.
fn beginning(read: &StatementRead) -> Place {
    let at = read.whole_at.map_or(progress::midnight(read.first_day), |whole| whole - OVERLAP);
    (at, Reference::from_uuid(Uuid::nil()))
}

fn cursor((at, reference): Place) -> String {
    format!("{} {reference}", at.timestamp_micros())
}

fn place(cursor: &str) -> Option<Place> {
    let (at, reference) = cursor.split_once(' ')?;
    Some((DateTime::from_timestamp_micros(at.parse().ok()?)?, reference.parse().ok()?))
}

/// The lines of a movement that ended. One that books earlier late money again is none: nothing moved for it.
///
/// Errors: amounts that are too large to be added.
fn of(
    row: &Ended,
    now: DateTime<Utc>,
    mut id: impl FnMut() -> Uuid,
) -> Result<Vec<ProviderLine>, MoneyError> {
    let m = &row.movement;
    let is_booked_again = m.kind == MovementKind::Collection && m.original.is_some();
    let Some(kind) = kind(m.kind).filter(|_| !is_booked_again) else { return Ok(Vec::new()) };
    let none = Money::zero(m.amount.currency());
    let fee = m.fee.unwrap_or(none);
    let comes_in = matches!(m.kind, MovementKind::Collection | MovementKind::Reversal);
    let gross = if comes_in { m.amount } else { none.checked_sub(m.amount)? };
    let at = row.succeeded_at.unwrap_or(m.updated_at);
    let mut lines = vec![line(row, (kind, at), (gross, fee, gross.checked_sub(fee)?), now, id())];
    if m.state != MovementState::Succeeded {
        let fee = if m.state == MovementState::Reversed { none.checked_sub(fee)? } else { none };
        let gross = none.checked_sub(gross)?;
        let at = row.undone_at.unwrap_or(m.updated_at);
        lines.push(line(row, (LineKind::Reversal, at), (gross, fee, gross.checked_sub(fee)?), now, id()));
    }
    Ok(lines)
}

fn kind(kind: MovementKind) -> Option<LineKind> {
    match kind {
        MovementKind::Collection => Some(LineKind::Collection),
        MovementKind::Disbursement => Some(LineKind::Disbursement),
        MovementKind::Refund => Some(LineKind::Refund),
        MovementKind::Reversal => Some(LineKind::Reversal),
        MovementKind::Treasury => None,
    }
}

fn line(
    row: &Ended,
    (kind, at): (LineKind, DateTime<Utc>),
    (gross, fee, net): (Money, Money, Money),
    now: DateTime<Utc>,
    id: Uuid,
) -> ProviderLine {
    let m: &Movement = &row.movement;
    let is_undone = kind == LineKind::Reversal && m.kind != MovementKind::Reversal;
    let key = if is_undone { format!("{}:undone", m.reference) } else { m.reference.to_string() };
    let told = format!("{key} {kind} {gross} {fee} {}", at.timestamp_micros());
    ProviderLine {
        id,
        provider: row.provider,
        wallet: m.wallet.clone(),
        kind,
        word: String::new(),
        gross,
        fee,
        net,
        reference: Some(m.reference),
        provider_ref: m.transaction_ref.clone().or_else(|| m.provider_ref.clone()),
        occurred_at: at,
        available_at: None,
        day: at.date_naive(),
        learned: if row.is_by_word { Learned::Person } else { Learned::Status },
        raw: Sha256::digest(told).into(),
        fetched_at: now,
        key,
    }
}
