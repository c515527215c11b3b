//! Sessions: one sign-in each, and the line of refresh tokens that it hands on.
//!
//! A session has one live refresh token. Rotating takes the old one and leaves a new one, once: whoever
//! comes again with the old one, thief or owner, ends the session for both. Tokens are stored as hashes, and
//! no token outlives its session.
//!
//! A reuse only ends the session once it is committed: the caller commits whatever [`rotate`] answers.
//!
//! Deliberately absent: access tokens, which are not stored, and whether the user may act.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{SessionId, UserId};
use uuid::Uuid;

use crate::db::{Conn, Tx, on};
use crate::error::StoreError;
use crate::fresh_id;

/// Why a session ended when a rotated token came back.
pub const TOKEN_REUSED: &str = "token_reused";

/// A session that is neither revoked nor past its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    pub id: SessionId,
    pub user: UserId,
    pub device: Option<String>,
    pub user_agent: Option<String>,
    /// When the second factor was last given in this session.
    pub second_factor_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub last_used_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// What came of presenting a refresh token.
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use = "a reuse only ends the session when its transaction commits"]
pub enum Rotation {
    /// The old token is spent and the new one stands.
    Rotated {
        session: Session,
    },
    /// The token was spent before: the session has been ended, with every token of it.
    Reused {
        session_id: SessionId,
    },
    /// No such token was ever issued, or it was forgotten long after its end.
    Unknown,
    Expired,
    /// The session was ended before.
    Revoked,
}

/// Opens a session that ends for good at `now + ttl`, however often its token is rotated.
pub async fn open(
    tx: &mut Tx,
    user: UserId,
    device: Option<&str>,
    user_agent: Option<&str>,
    now: DateTime<Utc>,
    ttl: TimeDelta,
) -> Result<Session, StoreError> {
    const SQL: &str = "INSERT INTO sessions (id, user_id, device_id, user_agent, created_at, last_used_at, \
                       expires_at) VALUES ($1, $2, $3, $4, $5, $5, $6)";
    let id = SessionId::from_uuid(fresh_id(now));
    on!(&mut tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(id.uuid()).bind(user.uuid()).bind(device).bind(user_agent);
        query.bind(now).bind(now + ttl).execute(&mut **c).await.map(drop)
    })?;
    Ok(Session {
        id,
        user,
        device: device.map(str::to_owned),
        user_agent: user_agent.map(str::to_owned),
        second_factor_at: None,
        created_at: now,
        last_used_at: now,
        expires_at: now + ttl,
    })
}

const LIVE: &str = "SELECT id, user_id, device_id, user_agent, second_factor_at, created_at, last_used_at, \
                    expires_at FROM sessions WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2";

/// The session, if it still stands.
pub async fn live(
    conn: &mut Conn<'_>,
    id: SessionId,
    now: DateTime<Utc>,
) -> Result<Option<Session>, StoreError> {
    let row: Option<SessionRow> =
        on!(conn, |c| sqlx::query_as(LIVE).bind(id.uuid()).bind(now).fetch_optional(&mut **c).await)?;
    Ok(row.map(Session::from))
}

/// The sessions of a user that still stand, newest first.
pub async fn list(conn: &mut Conn<'_>, user: UserId, now: DateTime<Utc>) -> Result<Vec<Session>, StoreError> {
    const SQL: &str = "SELECT id, user_id, device_id, user_agent, second_factor_at, created_at, last_used_at, \
                       expires_at FROM sessions WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2 \
                       ORDER BY created_at DESC, id DESC";
    let rows: Vec<SessionRow> =
        on!(conn, |c| sqlx::query_as(SQL).bind(user.uuid()).bind(now).fetch_all(&mut **c).await)?;
    Ok(rows.into_iter().map(Session::from).collect())
}

/// Ends a session. `false`: it does not exist or was ended before.
pub async fn revoke(
    tx: &mut Tx,
    id: SessionId,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    const SQL: &str =
        "UPDATE sessions SET revoked_at = $2, revoked_reason = $3 WHERE id = $1 AND revoked_at IS NULL";
    let done = on!(&mut tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(id.uuid()).bind(now).bind(reason);
        query.execute(&mut **c).await.map(|done| done.rows_affected())
    })?;
    Ok(done == 1)
}

/// Ends a session of `user`'s own. `false` also when it is somebody else's.
pub async fn revoke_own(
    tx: &mut Tx,
    user: UserId,
    id: SessionId,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE sessions SET revoked_at = $3, revoked_reason = $4 \
                       WHERE id = $2 AND user_id = $1 AND revoked_at IS NULL";
    let done = on!(&mut tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(user.uuid()).bind(id.uuid()).bind(now).bind(reason);
        query.execute(&mut **c).await.map(|done| done.rows_affected())
    })?;
    Ok(done == 1)
}

/// Ends every session of a user and says how many stood.
pub async fn revoke_all(
    tx: &mut Tx,
    user: UserId,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    const SQL: &str =
        "UPDATE sessions SET revoked_at = $2, revoked_reason = $3 WHERE user_id = $1 AND revoked_at IS NULL";
    Ok(on!(&mut tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(user.uuid()).bind(now).bind(reason);
        query.execute(&mut **c).await.map(|done| done.rows_affected())
    })?)
}

/// Notes that the second factor was given. `false`: the session does not stand any more.
pub async fn mark_second_factor(tx: &mut Tx, id: SessionId, now: DateTime<Utc>) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE sessions SET second_factor_at = $2, last_used_at = $2 \
                       WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2";
    let done = on!(&mut tx.conn(), |c| {
        sqlx::query(SQL).bind(id.uuid()).bind(now).execute(&mut **c).await.map(|done| done.rows_affected())
    })?;
    Ok(done == 1)
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

/// Spends the token hashed `old` and issues `new` with the same lifetime, at most until the session's end.
///
/// Of any number that race with one token, one rotates; every other ends the session. Commit in any case.
pub async fn rotate(
    tx: &mut Tx,
    old: &[u8; 32],
    new: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<Rotation, StoreError> {
    let Some(spent) = spend(tx, old, now).await? else { return refuse(tx, old, now).await };
    let id = SessionId::from_uuid(spent.session_id);
    let Some(session) = touch(tx, id, now).await? else { return Ok(Rotation::Revoked) };
    let expires_at = session.expires_at.min(now + (spent.expires_at - spent.issued_at));
    store_token(tx, new, id, now, expires_at).await?;
    Ok(Rotation::Rotated { session })
}

/// Deletes sessions that ended before `before`, with their tokens, and says how many there were.
pub async fn purge(tx: &mut Tx, before: DateTime<Utc>) -> Result<u64, StoreError> {
    const TOKENS: &str =
        "DELETE FROM refresh_tokens WHERE session_id IN (SELECT id FROM sessions WHERE expires_at < $1)";
    const SESSIONS: &str = "DELETE FROM sessions WHERE expires_at < $1";
    on!(&mut tx.conn(), |c| sqlx::query(TOKENS).bind(before).execute(&mut **c).await.map(drop))?;
    Ok(on!(&mut tx.conn(), |c| {
        sqlx::query(SESSIONS).bind(before).execute(&mut **c).await.map(|done| done.rows_affected())
    })?)
}

/// Deletes the sessions of a user who is being erased, with their tokens.
pub(crate) async fn forget_user(tx: &mut Tx, user: UserId) -> Result<(), StoreError> {
    const TOKENS: &str =
        "DELETE FROM refresh_tokens WHERE session_id IN (SELECT id FROM sessions WHERE user_id = $1)";
    const SESSIONS: &str = "DELETE FROM sessions WHERE user_id = $1";
    for sql in [TOKENS, SESSIONS] {
        on!(&mut tx.conn(), |c| sqlx::query(sql).bind(user.uuid()).execute(&mut **c).await.map(drop))?;
    }
    Ok(())
}

#[derive(sqlx::FromRow)]
struct TokenRow {
    session_id: Uuid,
    issued_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

async fn spend(tx: &mut Tx, hash: &[u8; 32], now: DateTime<Utc>) -> Result<Option<TokenRow>, StoreError> {
    const SQL: &str = "UPDATE refresh_tokens SET rotated_at = $2 \
                       WHERE token_hash = $1 AND rotated_at IS NULL AND expires_at > $2 \
                       RETURNING session_id, issued_at, expires_at";
    Ok(on!(&mut tx.conn(), |c| sqlx::query_as(SQL).bind(&hash[..]).bind(now).fetch_optional(&mut **c).await)?)
}

/// Marks a standing session as used and locks it until the commit, so that a revocation waits or wins.
async fn touch(tx: &mut Tx, id: SessionId, now: DateTime<Utc>) -> Result<Option<Session>, StoreError> {
    const SQL: &str =
        "UPDATE sessions SET last_used_at = $2 WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2";
    let done = on!(&mut tx.conn(), |c| {
        sqlx::query(SQL).bind(id.uuid()).bind(now).execute(&mut **c).await.map(|done| done.rows_affected())
    })?;
    if done == 1 { live(&mut tx.conn(), id, now).await } else { Ok(None) }
}

async fn refuse(tx: &mut Tx, hash: &[u8; 32], now: DateTime<Utc>) -> Result<Rotation, StoreError> {
    const SQL: &str = "SELECT session_id, rotated_at FROM refresh_tokens WHERE token_hash = $1";
    let row: Option<(Uuid, Option<DateTime<Utc>>)> =
        on!(&mut tx.conn(), |c| sqlx::query_as(SQL).bind(&hash[..]).fetch_optional(&mut **c).await)?;
    let Some((session, rotated_at)) = row else { return Ok(Rotation::Unknown) };
    if rotated_at.is_none() {
        return Ok(Rotation::Expired);
    }
    let session_id = SessionId::from_uuid(session);
    revoke(tx, session_id, TOKEN_REUSED, now).await?;
    Ok(Rotation::Reused { session_id })
}

#[derive(sqlx::FromRow)]
struct SessionRow {
    id: Uuid,
    user_id: Uuid,
    device_id: Option<String>,
    user_agent: Option<String>,
    second_factor_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    last_used_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Session {
        Session {
            id: SessionId::from_uuid(row.id),
            user: UserId::from_uuid(row.user_id),
            device: row.device_id,
            user_agent: row.user_agent,
            second_factor_at: row.second_factor_at,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            expires_at: row.expires_at,
        }
    }
}
