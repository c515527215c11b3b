//! What an account held at an instant, and when it last changed, from its statement.

use chrono::{DateTime, Utc};
use domain::Account;

use crate::db::on;
use crate::{Conn, StoreError};

/// An account's statement from an instant on, as far as it is sealed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Since {
    /// The balance before the first line from then on, minor units.
    pub opening: i64,
    /// When the last line was booked.
    pub last_at: Option<DateTime<Utc>>,
}

/// The statement of `account` from `at` on; `None` when nothing was booked since.
pub async fn since(
    conn: &mut Conn<'_>,
    account: &Account,
    at: DateTime<Utc>,
) -> Result<Option<Since>, StoreError> {
    const FIRST: &str = "SELECT balance_minor - delta_minor FROM account_lines WHERE account_id = $1 AND at >= $2 \
         ORDER BY number LIMIT 1";
    const LAST: &str = "SELECT at FROM account_lines WHERE account_id = $1 ORDER BY number DESC LIMIT 1";
    let id = account.id().uuid();
    let opening: Option<i64> =
        on!(&mut *conn, |c| { sqlx::query_scalar(FIRST).bind(id).bind(at).fetch_optional(&mut **c).await })?;
    let last_at = on!(conn, |c| sqlx::query_scalar(LAST).bind(id).fetch_optional(&mut **c).await)?;
    Ok(opening.map(|opening| Since { opening, last_at }))
}
