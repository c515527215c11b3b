//! A user's second factor: the enrolled TOTP secret, sealed, and the time steps that were used up.
//!
//! Deliberately absent: computing codes, and how many wrong ones may be tried (see [`crate::otp`]).

use chrono::{DateTime, Utc};
use domain::UserId;

use crate::crypto::PersonKeys;
use crate::db::{Conn, Tx, on};
use crate::error::StoreError;
use crate::users::aad;

/// Enrols a TOTP secret, or with `None` removes it; steps used with an earlier secret count no more.
/// `false`: there is no such user.
pub async fn set_totp_secret(
    tx: &mut Tx,
    keys: &PersonKeys,
    id: UserId,
    secret: Option<&[u8]>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE users SET totp_secret = $2, totp_last_step = 0, version = version + 1, \
                       updated_at = $3 WHERE id = $1";
    let key = keys.key(&mut tx.conn(), id.uuid()).await?;
    let sealed = secret.map(|secret| key.seal(aad("totp_secret", id.uuid()), secret));
    let done = on!(&mut tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(id.uuid()).bind(&sealed).bind(now);
        query.execute(&mut **c).await.map(|done| done.rows_affected())
    })?;
    Ok(done == 1)
}

/// The enrolled TOTP secret, opened.
pub async fn totp_secret(
    conn: &mut Conn<'_>,
    keys: &PersonKeys,
    id: UserId,
) -> Result<Option<Vec<u8>>, StoreError> {
    const SQL: &str = "SELECT totp_secret FROM users WHERE id = $1 AND totp_secret IS NOT NULL";
    let sealed: Option<Vec<u8>> =
        on!(conn, |c| sqlx::query_scalar(SQL).bind(id.uuid()).fetch_optional(&mut **c).await)?;
    let Some(sealed) = sealed else { return Ok(None) };
    let key = keys.key(conn, id.uuid()).await?;
    Ok(Some(key.open(aad("totp_secret", id.uuid()), &sealed)?))
}

/// Uses up one time step of the enrolled secret. `false`: this step or a later one was used before, so the
/// code must be refused although it is right. Of any number that race, one gets `true`.
pub async fn use_totp_step(tx: &mut Tx, id: UserId, step: i64) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE users SET totp_last_step = $2 \
                       WHERE id = $1 AND totp_last_step < $2 AND totp_secret IS NOT NULL";
    let done = on!(&mut tx.conn(), |c| {
        sqlx::query(SQL).bind(id.uuid()).bind(step).execute(&mut **c).await.map(|done| done.rows_affected())
    })?;
    Ok(done == 1)
}
