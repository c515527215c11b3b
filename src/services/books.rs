//! Looking at the books and at what is under way: for staff, read-only.
//!
//! Accounts that tell margins and mid-rates exist for admins alone; to anybody else they are not found, and no total
//! is given from which they could be reckoned.

use chrono::{DateTime, Utc};
use domain::{Account, AccountId, Movement, Reference};
use store::audit::{self, AuditLine};
use store::inbox::{self, StoredCallback, Which};
use store::ledger::accounts::{self, AccountFilter, StoredAccount};
use store::ledger::entries::{self, StatementLine};
use store::ledger::trial::{self, TrialBalance};
use store::outbox::{self, Waiting};
use store::{StoreError, movements};
use uuid::Uuid;

use super::callbacks::{self, Named};
use super::{Caller, ServiceError};
use crate::app::App;

fn may_see(caller: &Caller, account: &Account) -> bool {
    caller.is_admin() || !account.is_admin_only()
}

/// Accounts by name, up to `limit` after the name `after`, without those the caller may not see.
pub async fn list_accounts(
    app: &App,
    caller: &Caller,
    filter: &AccountFilter,
    after: Option<String>,
    limit: usize,
) -> Result<Vec<StoredAccount>, ServiceError> {
    let mut shown: Vec<StoredAccount> = Vec::new();
    let mut after = after;
    let mut reader = app.db.read().await?;
    loop {
        let rows = accounts::list(&mut reader.conn(), filter, after.as_deref(), as_rows(limit)).await?;
        let is_last = rows.len() < limit;
        after = rows.last().map(|row| row.account.to_string());
        shown.extend(rows.into_iter().filter(|row| may_see(caller, &row.account)));
        if is_last || shown.len() >= limit {
            shown.truncate(limit);
            return Ok(shown);
        }
    }
}

/// One account.
pub async fn account(app: &App, caller: &Caller, id: AccountId) -> Result<StoredAccount, ServiceError> {
    let found = accounts::find(&mut app.db.read().await?.conn(), id).await?;
    found.filter(|found| may_see(caller, &found.account)).ok_or(ServiceError::NotFound)
}

/// What was booked on an account, newest first; lines appear when they are sealed, within a second.
pub async fn account_lines(
    app: &App,
    caller: &Caller,
    id: AccountId,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<StatementLine>, ServiceError> {
    let found = account(app, caller, id).await?;
    let mut reader = app.db.read().await?;
    Ok(entries::of_account(&mut reader.conn(), &found.account, before, as_rows(limit)).await?)
}

/// Every account's balance, now or at an instant. The second part: whether nothing was left out for this caller.
pub async fn trial_balance(
    app: &App,
    caller: &Caller,
    at: Option<DateTime<Utc>>,
) -> Result<(TrialBalance, bool), ServiceError> {
    let mut balance = trial::trial_balance(&app.db, at).await?;
    if caller.is_admin() {
        return Ok((balance, true));
    }
    balance.lines.retain(|line| may_see(caller, &line.account));
    Ok((balance, false))
}

/// Callbacks, newest first, each with what it names.
pub async fn list_callbacks(
    app: &App,
    which: Which<'_>,
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: usize,
) -> Result<Vec<(StoredCallback, Named)>, StoreError> {
    let rows = inbox::list(&mut app.db.read().await?.conn(), which, before, as_rows(limit)).await?;
    let with_names = |row| {
        let named = callbacks::named(app, &row);
        (row, named)
    };
    Ok(rows.into_iter().map(with_names).collect())
}

/// Promises that wait, the earliest due first.
pub async fn list_promises(
    app: &App,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: usize,
) -> Result<Vec<Waiting>, StoreError> {
    outbox::waiting(&mut app.db.read().await?.conn(), after, as_rows(limit)).await
}

/// Movements whose outcome is not known, the longest unknown first.
pub async fn list_uncertain(
    app: &App,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: usize,
) -> Result<Vec<Movement>, StoreError> {
    let after = after.map(|(at, id)| (at, Reference::from_uuid(id)));
    movements::uncertain(&mut app.db.read().await?.conn(), after, as_rows(limit)).await
}

/// The audit trail, newest first.
pub async fn list_audit(
    app: &App,
    before: Option<audit::Position>,
    limit: usize,
) -> Result<Vec<AuditLine>, StoreError> {
    audit::list(&mut app.db.read().await?.conn(), before, as_rows(limit)).await
}

fn as_rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
