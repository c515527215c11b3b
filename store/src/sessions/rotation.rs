//! The line of refresh tokens that a session hands on, of which one is live.
//!
//! Rotating takes the old token and leaves a new one, once. Whoever comes again with the old one is told the same new
//! one while the grace lasts and nobody has used it; else, thief or owner, they end the session for both. So there is
//! never more than one live token to a line. Tokens are stored as hashes, and no token outlives its session.
//!
//! A reuse only ends the session once it is committed: the caller commits whatever [`rotate`] answers.
//!
//! Deliberately absent: making tokens. The new one follows from the old one by a key that the store does not have.

use chrono::{DateTime, TimeDelta, Utc};
use domain::SessionId;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::{Device, OTHER_DEVICE, Session, TOKEN_REUSED, live, revoke};
use crate::db::{Tx, on};
use crate::error::StoreError;

/// A refresh token as it was shown, and what is to follow it.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// The hash of the token.
    pub old: &'a [u8; 32],
    /// The hash of the only token that can follow it.
    pub new: &'a [u8; 32],
    /// The hash of the device id that came with it.
    pub device: Option<&'a [u8; 32]>,
    /// Whether a bound session may be renewed only by its device, also before that has proven itself.
    pub is_device_required: bool,
    /// The network that it came from.
    pub network: Option<&'a str>,
    /// How long after a rotation the old token is answered again; never for zero, also where clocks differ.
    pub grace: TimeDelta,
}

/// What came of presenting a refresh token.
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use = "a reuse only ends the session when its transaction commits"]
pub enum Rotation {
    /// The old token is spent and the new one stands. The session is as it was before, `last_used_at` too.
    Rotated {
        session: Session,
    },
    /// The old token was spent a moment ago and the new one still stands: the same answer is due again.
    Repeated {
        session: Session,
    },
    /// The token was spent before: the session has been ended, with every token of it.
    Reused {
        session_id: SessionId,
    },
    /// It came from another device than the session's: the session has been ended.
    OtherDevice {
        session_id: SessionId,
    },
    /// No such token was ever issued, or it was forgotten long after its end.
    Unknown,
    Expired,
    /// The session was ended before.
    Revoked,
}

/// Records the first refresh token of a session, by its hash.
pub async fn store_token(
    tx: &mut Tx,
    hash: &[u8; 32],
    session: SessionId,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO refresh_tokens (token_hash, session_id, issued_at, expires_at) \
                       VALUES ($1, $2, $3, $4)";
    Ok(on!(&mut tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(&hash[..]).bind(session.uuid()).bind(now).bind(expires_at);
        query.execute(&mut **c).await.map(drop)
    })?)
}

/// Spends the presented token and issues the one that follows, with the same lifetime, at most until the session's
/// end.
///
/// Of any number that race with one token, one rotates; within the grace every other repeats that answer, and after it
/// ends the session. Commit in any case.
pub async fn rotate(
    tx: &mut Tx,
    presented: Presented<'_>,
    now: DateTime<Utc>,
) -> Result<Rotation, StoreError> {
    let Some(spent) = spend(tx, presented.old, now).await? else { return again(tx, presented, now).await };
    let id = SessionId::from_uuid(spent.session_id);
    let Some(session) = live(&mut tx.conn(), id, now).await? else { return Ok(Rotation::Revoked) };
    let Some(proven) = check(session.device, presented) else { return other_device(tx, id, now).await };
    if !touch(tx, id, proven, presented.network, now).await? {
        return Ok(Rotation::Revoked);
    }
    let expires_at = session.expires_at.min(now + (spent.expires_at - spent.issued_at));
    store_token(tx, presented.new, id, now, expires_at).await?;
    Ok(Rotation::Rotated { session })
}

/// Whether the session's device has proven itself by now; `None` when it was another one, or kept silent.
fn check(bound: Option<Device>, presented: Presented<'_>) -> Option<bool> {
    match (bound, presented.device) {
        (None, _) => Some(false),
        (Some(device), Some(shown)) => bool::from(device.hash.ct_eq(shown)).then_some(true),
        (Some(device), None) => (!device.is_proven && !presented.is_device_required).then_some(false),
    }
}

async fn other_device(
    tx: &mut Tx,
    session_id: SessionId,
    now: DateTime<Utc>,
) -> Result<Rotation, StoreError> {
    revoke(tx, session_id, OTHER_DEVICE, now).await?;
    Ok(Rotation::OtherDevice { session_id })
}

#[derive(sqlx::FromRow)]
struct TokenRow {
    session_id: Uuid,
    issued_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    rotated_at: Option<DateTime<Utc>>,
}

async fn spend(tx: &mut Tx, hash: &[u8; 32], now: DateTime<Utc>) -> Result<Option<TokenRow>, StoreError> {
    const SQL: &str = "UPDATE refresh_tokens SET rotated_at = $2 \
                       WHERE token_hash = $1 AND rotated_at IS NULL AND expires_at > $2 \
                       RETURNING session_id, issued_at, expires_at, rotated_at";
    Ok(on!(&mut tx.conn(), |c| sqlx::query_as(SQL).bind(&hash[..]).bind(now).fetch_optional(&mut **c).await)?)
}

/// Marks a standing session as used and locks it until the commit, so that a revocation waits or wins. A device that
/// has proven itself is a secret from now on.
async fn touch(
    tx: &mut Tx,
    id: SessionId,
    proven: bool,
    network: Option<&str>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    const SEEN: &str = "UPDATE sessions SET last_used_at = $2, network = COALESCE(CAST($3 AS TEXT), network) \
                        WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2";
    const PROVEN: &str = "UPDATE sessions SET last_used_at = $2, network = COALESCE(CAST($3 AS TEXT), network), \
                          device_proven = TRUE, device_id = NULL \
                          WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2";
    let sql = if proven { PROVEN } else { SEEN };
    let done = on!(&mut tx.conn(), |c| {
        let query = sqlx::query(sql).bind(id.uuid()).bind(now).bind(network);
        query.execute(&mut **c).await.map(|done| done.rows_affected())
    })?;
    Ok(done == 1)
}

/// The token cannot be spent: it was, or never could be.
async fn again(tx: &mut Tx, presented: Presented<'_>, now: DateTime<Utc>) -> Result<Rotation, StoreError> {
    let Some(old) = find(tx, presented.old).await? else { return Ok(Rotation::Unknown) };
    let id = SessionId::from_uuid(old.session_id);
    let Some(rotated_at) = old.rotated_at else { return Ok(Rotation::Expired) };
    let next = find(tx, presented.new).await?;
    let is_unused = next.is_some_and(|next| next.rotated_at.is_none() && next.session_id == old.session_id);
    let is_forgiven = presented.grace > TimeDelta::zero() && now < rotated_at + presented.grace;
    if is_unused && is_forgiven {
        let Some(session) = live(&mut tx.conn(), id, now).await? else { return Ok(Rotation::Revoked) };
        return match check(session.device, presented) {
            Some(_) => Ok(Rotation::Repeated { session }),
            None => other_device(tx, id, now).await,
        };
    }
    revoke(tx, id, TOKEN_REUSED, now).await?;
    Ok(Rotation::Reused { session_id: id })
}

async fn find(tx: &mut Tx, hash: &[u8; 32]) -> Result<Option<TokenRow>, StoreError> {
    const SQL: &str =
        "SELECT session_id, issued_at, expires_at, rotated_at FROM refresh_tokens WHERE token_hash = $1";
    Ok(on!(&mut tx.conn(), |c| sqlx::query_as(SQL).bind(&hash[..]).fetch_optional(&mut **c).await)?)
}
