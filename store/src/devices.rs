//! The devices that a person has signed in with, by keyed hashes of their ids.
//!
//! Deliberately absent: the ids themselves, and what a new device means.

use chrono::{DateTime, Utc};
use domain::UserId;

use crate::db::{Conn, Tx, on};
use crate::error::StoreError;

/// Notes that `user` signed in with this device. `true`: it was not known. Of any number that race, one gets `true`.
pub async fn see(tx: &mut Tx, user: UserId, hash: &[u8; 32], now: DateTime<Utc>) -> Result<bool, StoreError> {
    const NEW: &str = "INSERT INTO devices (user_id, device_hash, first_seen_at, last_seen_at) \
                       VALUES ($1, $2, $3, $3) ON CONFLICT (user_id, device_hash) DO NOTHING";
    const AGAIN: &str = "UPDATE devices SET last_seen_at = $3 WHERE user_id = $1 AND device_hash = $2";
    let run = async |tx: &mut Tx, sql: &'static str| {
        on!(&mut tx.conn(), |c| {
            let query = sqlx::query(sql).bind(user.uuid()).bind(&hash[..]).bind(now);
            query.execute(&mut **c).await.map(|done| done.rows_affected())
        })
    };
    let is_new = run(tx, NEW).await? == 1;
    if !is_new {
        run(tx, AGAIN).await?;
    }
    Ok(is_new)
}

/// How many devices of `user` are known.
pub async fn count(conn: &mut Conn<'_>, user: UserId) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM devices WHERE user_id = $1";
    Ok(on!(conn, |c| sqlx::query_scalar(SQL).bind(user.uuid()).fetch_one(&mut **c).await)?)
}
