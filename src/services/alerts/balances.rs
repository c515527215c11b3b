//! Accounts that hold less than they should.

use domain::AlertKind;
use store::StoreError;
use store::ledger::accounts::{self, StoredAccount};

use super::checks::{Found, Turn};
use super::raise::Seen;
use crate::app::App;

/// Rows that a check reads.
const MOST: i64 = 500;

/// Floats below what the settings ask for. One that was never touched holds nothing.
pub(super) async fn low_floats(app: &App) -> Result<Vec<Seen>, StoreError> {
    let mut seen = Vec::new();
    let mut reader = app.db.read().await?;
    for (account, floor) in &app.config.alerts.float_floors {
        let found = accounts::find(&mut reader.conn(), account.id()).await?;
        let available = found.map_or(0, |stored| available(&stored));
        if available < floor.minor() {
            let low = Seen::new(AlertKind::FloatLow, account.to_string());
            let available = domain::Money::new(available, account.currency());
            seen.push(low.with("available", available).with("floor", floor));
        }
    }
    Ok(seen)
}

/// Accounts of which a fact took more than was there. What is for admins only has no floor, and is not looked at.
pub(super) async fn below_their_floor(turn: &Turn<'_>) -> Result<(), StoreError> {
    let rows = accounts::overdrawn(&mut turn.app.db.read().await?.conn(), MOST).await?;
    let is_whole = rows.len() < usize::try_from(MOST).unwrap_or(usize::MAX);
    let is_below = |stored: &&StoredAccount| {
        let floor = stored.account.floor();
        !stored.account.is_admin_only() && floor.is_some_and(|floor| available(stored) < floor)
    };
    let seen = rows.iter().filter(is_below).map(|stored| {
        let seen = Seen::new(AlertKind::BelowFloor, stored.account.to_string());
        seen.with("available", domain::Money::new(available(stored), stored.account.currency()))
    });
    let seen = seen.collect();
    turn.settle(Found { kind: AlertKind::BelowFloor, seen, is_whole }).await
}

fn available(stored: &StoredAccount) -> i64 {
    stored.balance.minor().saturating_sub(stored.held.minor())
}
