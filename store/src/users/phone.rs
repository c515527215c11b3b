//! What marks a user as changed in a way that thieves bring about: another number, another device.
//!
//! Deliberately absent: what is held back meanwhile, and for how long.

use chrono::{DateTime, Utc};
use domain::{Msisdn, UserId};

use crate::crypto::PersonKeys;
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::users::{aad, phone_index};

/// From which number to which.
#[derive(Clone, Copy, Debug)]
pub struct PhoneChange<'a> {
    pub from: &'a Msisdn,
    pub to: &'a Msisdn,
}

/// Gives a user another number, by which they are found from the commit on. `false`: theirs is another one by now, or
/// the wanted one is somebody's.
///
/// Errors: [`StoreError::Conflict`] when somebody took the number at the very same time; nothing of the transaction can
/// be committed then.
pub async fn change_phone(
    tx: &mut Tx,
    keys: &PersonKeys,
    id: UserId,
    change: PhoneChange<'_>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE users SET phone_index = $3, phone = $4, phone_changed_at = $5, updated_at = $5, \
                       version = version + 1 WHERE id = $1 AND phone_index = $2 \
                       AND NOT EXISTS (SELECT 1 FROM users o WHERE o.phone_index = $3)";
    let key = keys.key(&mut tx.conn(), id.uuid()).await?;
    let sealed = key.seal(aad("phone", id.uuid()), change.to.as_str().as_bytes());
    let (from, to) = (phone_index(keys.keyring(), change.from), phone_index(keys.keyring(), change.to));
    let done = on!(&mut tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(id.uuid()).bind(&from[..]).bind(&to[..]).bind(&sealed).bind(now);
        query.execute(&mut **c).await.map(|done| done.rows_affected())
    });
    match done {
        Ok(done) => Ok(done == 1),
        Err(sqlx::Error::Database(refused)) if refused.is_unique_violation() => {
            Err(StoreError::Conflict("the number was taken at the same time".to_owned()))
        }
        Err(other) => Err(other.into()),
    }
}

/// Notes that a user signed in with a device that was not known.
pub async fn note_new_device(tx: &mut Tx, id: UserId, now: DateTime<Utc>) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE users SET device_changed_at = $2 WHERE id = $1";
    Ok(on!(&mut tx.conn(), |c| sqlx::query(SQL).bind(id.uuid()).bind(now).execute(&mut **c).await.map(drop))?)
}
