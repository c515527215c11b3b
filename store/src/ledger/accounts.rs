//! Accounts with their kept balances, for those who may look at the books.
//!
//! Who may see which is the caller's: [`domain::Account::is_admin_only`] says what is for admins' eyes.

use chrono::{DateTime, Utc};
use domain::{Account, AccountId, Currency, Money};

use crate::db::on;
use crate::read::word;
use crate::rows::AccountRow;
use crate::{Conn, StoreError};

/// An account as kept at the last commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAccount {
    pub id: AccountId,
    pub account: Account,
    pub balance: Money,
    /// The sum of its open holds.
    pub held: Money,
    /// How many changes touched it.
    pub version: i64,
    pub opened_at: DateTime<Utc>,
}

/// What a list shows. Empty parts match everything.
#[derive(Clone, Debug, Default)]
pub struct AccountFilter {
    /// How the name begins, as `float:wave:`.
    pub prefix: Option<String>,
    pub currency: Option<Currency>,
}

/// Accounts that were ever touched, by name, up to `limit` of those after the name `after`.
pub async fn list(
    conn: &mut Conn<'_>,
    filter: &AccountFilter,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<StoredAccount>, StoreError> {
    const SQL: &str = "SELECT * FROM accounts WHERE name > $1 AND version > 0 \
         AND substr(name, 1, length($2)) = $2 AND (CAST($3 AS TEXT) IS NULL OR currency = $3) \
         ORDER BY name LIMIT $4";
    let prefix = filter.prefix.as_deref().unwrap_or_default();
    let currency = filter.currency.map(Currency::code);
    let rows: Vec<AccountRow> = on!(conn, |c| {
        let query = sqlx::query_as(SQL).bind(after.unwrap_or_default()).bind(prefix).bind(currency);
        query.bind(limit).fetch_all(&mut **c).await
    })?;
    rows.into_iter().map(StoredAccount::try_from).collect()
}

/// Accounts of which more is held or gone than was there, by name, up to `limit`; looks at every account.
pub async fn overdrawn(conn: &mut Conn<'_>, limit: i64) -> Result<Vec<StoredAccount>, StoreError> {
    const SQL: &str = "SELECT * FROM accounts WHERE version > 0 AND balance < held ORDER BY name LIMIT $1";
    let rows: Vec<AccountRow> = on!(conn, |c| sqlx::query_as(SQL).bind(limit).fetch_all(&mut **c).await)?;
    rows.into_iter().map(StoredAccount::try_from).collect()
}

/// The account with this id, if it was ever touched.
pub async fn find(conn: &mut Conn<'_>, id: AccountId) -> Result<Option<StoredAccount>, StoreError> {
    const SQL: &str = "SELECT * FROM accounts WHERE id = $1 AND version > 0";
    let row: Option<AccountRow> =
        on!(conn, |c| sqlx::query_as(SQL).bind(id.uuid()).fetch_optional(&mut **c).await)?;
    row.map(StoredAccount::try_from).transpose()
}

impl TryFrom<AccountRow> for StoredAccount {
    type Error = StoreError;

    fn try_from(row: AccountRow) -> Result<StoredAccount, StoreError> {
        let account: Account = word(("account", row.id), &row.name)?;
        let currency = account.currency();
        Ok(StoredAccount {
            id: AccountId::from_uuid(row.id),
            account,
            balance: Money::new(row.balance, currency),
            held: Money::new(row.held, currency),
            version: row.version,
            opened_at: row.opened_at,
        })
    }
}
