//! Accounts and holds between the database and the domain, and the rows that the sealer writes.

use chrono::{DateTime, Utc};
use domain::{Account, Balance, Hold, HoldId, HoldState};
use uuid::Uuid;

use crate::StoreError;
use crate::read::{money, word};
use crate::rows::{AccountRow, HoldRow};
use crate::table::table;

impl AccountRow {
    pub(crate) fn of(balance: &Balance, opened_at: DateTime<Utc>) -> AccountRow {
        AccountRow {
            balance: balance.balance,
            held: balance.held,
            version: balance.version,
            ..AccountRow::empty(&balance.account, opened_at)
        }
    }

    pub(crate) fn empty(account: &Account, opened_at: DateTime<Utc>) -> AccountRow {
        AccountRow {
            id: account.id().uuid(),
            name: account.to_string(),
            kind: account.kind().as_str().to_owned(),
            currency: account.currency().code().to_owned(),
            balance: 0,
            held: 0,
            version: 0,
            opened_at,
        }
    }
}

impl TryFrom<AccountRow> for Balance {
    type Error = StoreError;

    fn try_from(row: AccountRow) -> Result<Balance, StoreError> {
        let account = word(("account", row.id), &row.name)?;
        Ok(Balance { account, balance: row.balance, held: row.held, version: row.version })
    }
}

impl HoldRow {
    pub(crate) fn of(hold: &Hold, now: DateTime<Utc>) -> HoldRow {
        HoldRow {
            id: hold.id.uuid(),
            account_id: hold.account.id().uuid(),
            account: hold.account.to_string(),
            amount_minor: hold.amount.minor(),
            settled_minor: hold.settled.minor(),
            currency: hold.amount.currency().code().to_owned(),
            state: hold.state.as_str().to_owned(),
            business: hold.business.to_string(),
            created_at: hold.at,
            resolved_at: (hold.state != HoldState::Open).then_some(now),
        }
    }
}

impl TryFrom<HoldRow> for Hold {
    type Error = StoreError;

    fn try_from(row: HoldRow) -> Result<Hold, StoreError> {
        let what = ("hold", row.id);
        Ok(Hold {
            id: HoldId::from_uuid(row.id),
            account: word(what, &row.account)?,
            amount: money(what, row.amount_minor, &row.currency)?,
            settled: money(what, row.settled_minor, &row.currency)?,
            state: word(what, &row.state)?,
            business: word(what, &row.business)?,
            at: row.created_at,
        })
    }
}

table! {
    pub struct BlockRow in "blocks" {
        number: i64 as "bigint",
        first_entry: i64 as "bigint",
        last_entry: i64 as "bigint",
        first_audit: i64 as "bigint",
        last_audit: i64 as "bigint",
        previous: Vec<u8> as "bytea",
        hash: Vec<u8> as "bytea",
        sealed_at: DateTime<Utc> as "timestamptz",
    }
}

table! {
    pub struct SealedEntryRow in "sealed_entries" {
        number: i64 as "bigint",
        entry_id: Uuid as "uuid",
        batch_id: Uuid as "uuid",
        ord: i64 as "bigint",
        business: String as "text",
    }
}

table! {
    pub struct SealedAuditRow in "sealed_audit" {
        number: i64 as "bigint",
        batch_id: Uuid as "uuid",
        ord: i64 as "bigint",
    }
}

table! {
    pub struct AccountLineRow in "account_lines" {
        account_id: Uuid as "uuid",
        number: i64 as "bigint",
        delta_minor: i64 as "bigint",
        balance_minor: i64 as "bigint",
        at: DateTime<Utc> as "timestamptz",
    }
}
