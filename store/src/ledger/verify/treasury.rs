//! Treasury movements: each holds what it should, and is booked as far as it came.

use std::collections::HashSet;

use domain::{BusinessId, MovementState, Reference, TreasuryMovement};
use uuid::Uuid;

use super::transfers::Flow;
use super::{Check, PAGE, Verifier};
use crate::StoreError;
use crate::db::on;
use crate::ledger::keys::by_ids;
use crate::rows::{HoldRow, TreasuryRow};

impl Verifier<'_> {
    pub(super) async fn look_at_treasury(&mut self) -> Result<(), StoreError> {
        const SQL: &str = "SELECT * FROM treasury_movements WHERE reference > $1 ORDER BY reference LIMIT $2";
        let mut after = Uuid::nil();
        loop {
            let rows: Vec<TreasuryRow> = on!(&mut self.snapshot.conn(), |c| {
                sqlx::query_as(SQL).bind(after).bind(PAGE).fetch_all(&mut **c).await
            })?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.reference;
            let held: Vec<Uuid> = rows.iter().filter_map(|row| row.hold).collect();
            let mut conn = self.snapshot.conn();
            let holds: Vec<HoldRow> = by_ids!(&mut conn, &held, "SELECT * FROM holds WHERE id", "")?;
            let businesses = rows.iter().map(|row| business(row.reference)).collect();
            let mut flows = self.flows(businesses).await?;
            for row in rows {
                let (place, id) = (business(row.reference), row.hold);
                let Ok(movement) = TreasuryMovement::try_from(row) else {
                    self.report.find(Check::Unreadable, place, "its words are unknown");
                    continue;
                };
                let is_held = match id {
                    Some(id) => holds.iter().any(|hold| hold.id == id && fits(hold, &movement)),
                    None => !movement.kind.is_sent(),
                };
                if !is_held {
                    let wrong = format!("being {}, its hold is not as it should be", movement.state);
                    self.report.find(Check::Hold, &*place, wrong);
                }
                if !is_booked(&movement, &flows.remove(&place).unwrap_or_default()) {
                    let wrong = format!("being {}, it is not booked as it should be", movement.state);
                    self.report.find(Check::Transfer, &*place, wrong);
                }
            }
        }
    }
}

fn business(reference: Uuid) -> String {
    BusinessId::Treasury(Reference::from_uuid(reference)).to_string()
}

/// Open while it is under way, settled whole when it was paid, else let go; on its float, about nothing else.
fn fits(hold: &HoldRow, movement: &TreasuryMovement) -> bool {
    let is_its = hold.account_id == movement.float().id().uuid()
        && hold.amount_minor == movement.amount.minor()
        && hold.business == movement.business().to_string();
    is_its
        && match movement.state {
            MovementState::Succeeded | MovementState::FailedLater => {
                hold.state == "settled" && hold.settled_minor == hold.amount_minor
            }
            state if state.is_final() => hold.state == "voided",
            _ => hold.state == "open",
        }
}

/// One entry when it was paid, its opposite when it came back; between its two accounts and nowhere else.
fn is_booked(movement: &TreasuryMovement, flows: &[Flow]) -> bool {
    let (entries, moved) = match movement.state {
        MovementState::Succeeded => (1, movement.amount.minor()),
        MovementState::FailedLater => (2, 0),
        _ => (0, 0),
    };
    let (from, to) = (movement.from().id().uuid(), movement.to().id().uuid());
    let sum = |account| {
        let of = flows.iter().filter(|flow| flow.account == account);
        of.map(|flow| i128::from(flow.minor)).sum::<i128>()
    };
    // Flows raise or lower an account by its own sign, and what equity gives raises it.
    let left = match movement.from().kind().is_debit_normal() {
        true => -i128::from(moved),
        false => i128::from(moved),
    };
    let booked: HashSet<Uuid> = flows.iter().map(|flow| flow.entry).collect();
    let is_its = |flow: &Flow| {
        flow.movement == Some(movement.reference.uuid()) && (flow.account == from || flow.account == to)
    };
    booked.len() == entries && flows.iter().all(is_its) && sum(to) == i128::from(moved) && sum(from) == left
}
