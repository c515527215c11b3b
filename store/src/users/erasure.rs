//! Erasing a person, while the ledger goes on naming them by their id.

use chrono::{DateTime, Utc};
use domain::UserId;

use crate::crypto::fill_random;
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::{otp, persons, sessions};

/// Erases a person: their key is destroyed, what was sealed with it opens no more, their number is free
/// and their sessions are gone. The emptied row stays, because the ledger names it. `false`: already erased
/// or unknown.
///
/// After the commit call [`PersonKeys::forget`]; other gateways forget within a minute.
pub async fn erase(tx: &mut Tx, id: UserId, now: DateTime<Utc>) -> Result<bool, StoreError> {
    const FIND: &str = "SELECT phone_index FROM users WHERE id = $1";
    const EMPTY: &str = "UPDATE users SET phone_index = $2, phone = $3, name = NULL, totp_secret = NULL, \
                         status = 'frozen', version = version + 1, updated_at = $4 WHERE id = $1";
    if !persons::destroy_key(tx, id.uuid(), now).await? {
        return Ok(false);
    }
    let index: Option<Vec<u8>> =
        on!(&mut tx.conn(), |c| sqlx::query_scalar(FIND).bind(id.uuid()).fetch_optional(&mut **c).await)?;
    if let Some(index) = index {
        otp::forget_phone(tx, &index).await?;
    }
    sessions::forget_user(tx, id).await?;
    let mut nobody = [0; 32];
    fill_random(&mut nobody);
    on!(&mut tx.conn(), |c| {
        let query = sqlx::query(EMPTY).bind(id.uuid()).bind(&nobody[..]).bind(&b""[..]).bind(now);
        query.execute(&mut **c).await.map(drop)
    })?;
    Ok(true)
}
