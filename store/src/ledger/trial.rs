//! The trial balance: every account on its side, and both sides equal.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use domain::{Account, AccountKind, Currency, Money};
use uuid::Uuid;

use super::snapshot::Snapshot;
use crate::db::on;
use crate::read::word;
use crate::{Conn, Db, StoreError};

/// One account's balance, signed by its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialLine {
    pub account: Account,
    pub balance: Money,
}

/// What the two sides of one currency come to, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sides {
    pub debit: i128,
    pub credit: i128,
}

/// All accounts by name, at an instant of the entries' own time or, when `at` is empty, as kept at the last commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialBalance {
    pub at: Option<DateTime<Utc>>,
    pub lines: Vec<TrialLine>,
}

impl TrialLine {
    /// The balance in its column; one of the wrong sign stands on the other side.
    pub fn sides(&self) -> Sides {
        let minor = i128::from(self.balance.minor());
        let is_debit = self.account.kind().is_debit_normal() == (minor >= 0);
        match is_debit {
            true => Sides { debit: minor.abs(), credit: 0 },
            false => Sides { debit: 0, credit: minor.abs() },
        }
    }
}

impl TrialBalance {
    /// The sums of both sides, by currency.
    pub fn totals(&self) -> BTreeMap<Currency, Sides> {
        let mut totals: BTreeMap<Currency, Sides> = BTreeMap::new();
        for line in &self.lines {
            let total = totals.entry(line.balance.currency()).or_default();
            let sides = line.sides();
            total.debit += sides.debit;
            total.credit += sides.credit;
        }
        totals
    }

    /// Whether debits equal credits in every currency; true of all lines together, not of some of them.
    pub fn is_balanced(&self) -> bool {
        self.totals().values().all(|sides| sides.debit == sides.credit)
    }
}

/// The trial balance now, or of all entries that happened until `at`.
///
/// Cost: one read of the accounts now; a read of every statement line for an instant.
pub async fn trial_balance(db: &Db, at: Option<DateTime<Utc>>) -> Result<TrialBalance, StoreError> {
    let mut snapshot = Snapshot::of(db).await?;
    let mut accounts = accounts(&mut snapshot.conn()).await?;
    if let Some(at) = at {
        accounts.values_mut().for_each(|(_, balance)| *balance = 0);
        add_sealed(&mut snapshot.conn(), at, &mut accounts).await?;
        add_waiting(&mut snapshot.conn(), at, &mut accounts).await?;
    }
    let line = |(account, minor): (Account, i64)| {
        let balance = Money::new(minor, account.currency());
        TrialLine { account, balance }
    };
    let mut lines: Vec<TrialLine> = accounts.into_values().map(line).collect();
    lines.sort_by_cached_key(|line| line.account.to_string());
    Ok(TrialBalance { at, lines })
}

type Accounts = HashMap<Uuid, (Account, i64)>;

async fn accounts(conn: &mut Conn<'_>) -> Result<Accounts, StoreError> {
    const SQL: &str = "SELECT id, name, balance FROM accounts WHERE version > 0";
    let rows: Vec<(Uuid, String, i64)> = on!(conn, |c| sqlx::query_as(SQL).fetch_all(&mut **c).await)?;
    let account =
        |(id, name, balance): (Uuid, String, i64)| Ok((id, (word(("account", id), &name)?, balance)));
    rows.into_iter().map(account).collect()
}

async fn add_sealed(
    conn: &mut Conn<'_>,
    at: DateTime<Utc>,
    accounts: &mut Accounts,
) -> Result<(), StoreError> {
    const SQL: &str = "SELECT account_id, CAST(SUM(delta_minor) AS BIGINT) FROM account_lines WHERE at <= $1 \
         GROUP BY account_id";
    let rows: Vec<(Uuid, i64)> = on!(conn, |c| sqlx::query_as(SQL).bind(at).fetch_all(&mut **c).await)?;
    for (id, minor) in rows {
        add(accounts, id, minor)?;
    }
    Ok(())
}

/// What the sealer has not come by yet.
async fn add_waiting(
    conn: &mut Conn<'_>,
    at: DateTime<Utc>,
    accounts: &mut Accounts,
) -> Result<(), StoreError> {
    const SQL: &str = "SELECT p.debit_account, p.credit_account, p.amount_minor FROM batches b \
         JOIN postings p ON p.batch_id = b.id \
         JOIN entries e ON e.batch_id = p.batch_id AND e.ord = p.entry_ord \
         WHERE b.block IS NULL AND e.at <= $1";
    let rows: Vec<(Uuid, Uuid, i64)> = on!(conn, |c| sqlx::query_as(SQL).bind(at).fetch_all(&mut **c).await)?;
    for (debit, credit, minor) in rows {
        add(accounts, debit, signed(accounts, debit, minor, true)?)?;
        add(accounts, credit, signed(accounts, credit, minor, false)?)?;
    }
    Ok(())
}

fn signed(accounts: &Accounts, id: Uuid, minor: i64, is_debit: bool) -> Result<i64, StoreError> {
    let (account, _) = accounts.get(&id).ok_or_else(|| StoreError::corrupt("account", id))?;
    let kind: AccountKind = account.kind();
    Ok(if kind.is_debit_normal() == is_debit { minor } else { -minor })
}

fn add(accounts: &mut Accounts, id: Uuid, minor: i64) -> Result<(), StoreError> {
    let corrupt = || StoreError::corrupt("account", id);
    let (_, balance) = accounts.get_mut(&id).ok_or_else(corrupt)?;
    *balance = balance.checked_add(minor).ok_or_else(corrupt)?;
    Ok(())
}
