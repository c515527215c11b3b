//! Sessions: one sign-in each, the device it is bound to, and the line of refresh tokens that it hands on.
//!
//! A device's own id is held as a keyed hash. What a client calls its device is held in clear until the id behind it
//! is proven by a header: from then on it is a secret, and its clear text is erased.
//!
//! Deliberately absent: access tokens, which are not stored, and whether the user may act.

mod rotation;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{SessionId, UserId};
use uuid::Uuid;

use crate::db::{Conn, Tx, on};
use crate::error::StoreError;
use crate::fresh_id;

pub use rotation::{Presented, Rotation, rotate, store_token};

/// Why a session ended when a rotated token came back.
pub const TOKEN_REUSED: &str = "token_reused";

/// Why a session ended when its refresh token came from another device.
pub const OTHER_DEVICE: &str = "other_device";

/// The device that a session is bound to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Device {
    /// A keyed hash of its id.
    pub hash: [u8; 32],
    /// It named itself by the header that only it knows, so it is asked for at every renewal.
    pub is_proven: bool,
}

impl Device {
    pub(crate) fn of(hash: Option<Vec<u8>>, is_proven: bool) -> Option<Device> {
        hash.and_then(|hash| hash.try_into().ok()).map(|hash| Device { hash, is_proven })
    }
}

/// What a sign-in says of itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin<'a> {
    /// What the client calls the device, for people to read.
    pub device_name: Option<&'a str>,
    /// What binds the session.
    pub device: Option<Device>,
    /// What the program calls itself.
    pub user_agent: Option<&'a str>,
    /// The network it came from, not the address.
    pub network: Option<&'a str>,
}

/// A session that is neither revoked nor past its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    pub id: SessionId,
    pub user: UserId,
    /// What the client calls the device; none once it is a secret.
    pub device_name: Option<String>,
    pub device: Option<Device>,
    pub user_agent: Option<String>,
    /// The network that it was last renewed from.
    pub network: Option<String>,
    /// When the second factor was last given in this session.
    pub second_factor_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub last_used_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// Opens a session that ends for good at `now + ttl`, however often its token is rotated.
pub async fn open(
    tx: &mut Tx,
    user: UserId,
    origin: Origin<'_>,
    now: DateTime<Utc>,
    ttl: TimeDelta,
) -> Result<Session, StoreError> {
    const SQL: &str = "INSERT INTO sessions (id, user_id, device_id, device_hash, device_proven, user_agent, \
                       network, created_at, last_used_at, expires_at) \
                       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)";
    let id = SessionId::from_uuid(fresh_id(now));
    let is_proven = origin.device.is_some_and(|device| device.is_proven);
    let name = origin.device_name.filter(|_| !is_proven);
    on!(&mut tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(id.uuid()).bind(user.uuid()).bind(name);
        let query = query.bind(origin.device.map(|device| device.hash.to_vec())).bind(is_proven);
        let query = query.bind(origin.user_agent).bind(origin.network).bind(now).bind(now + ttl);
        query.execute(&mut **c).await.map(drop)
    })?;
    Ok(Session {
        id,
        user,
        device_name: name.map(str::to_owned),
        device: origin.device,
        user_agent: origin.user_agent.map(str::to_owned),
        network: origin.network.map(str::to_owned),
        second_factor_at: None,
        created_at: now,
        last_used_at: now,
        expires_at: now + ttl,
    })
}

const LIVE: &str = "SELECT id, user_id, device_id, device_hash, device_proven, user_agent, network, \
                    second_factor_at, created_at, last_used_at, expires_at FROM sessions WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2";

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
    const SQL: &str = "SELECT id, user_id, device_id, device_hash, device_proven, user_agent, network, \
                       second_factor_at, created_at, last_used_at, expires_at FROM sessions WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2 \
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

/// Ends every session of a user but one, and says how many stood.
pub async fn revoke_others(
    tx: &mut Tx,
    user: UserId,
    kept: SessionId,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    const SQL: &str = "UPDATE sessions SET revoked_at = $3, revoked_reason = $4 \
                       WHERE user_id = $1 AND id <> $2 AND revoked_at IS NULL";
    Ok(on!(&mut tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(user.uuid()).bind(kept.uuid()).bind(now).bind(reason);
        query.execute(&mut **c).await.map(|done| done.rows_affected())
    })?)
}

/// Notes that the session was used, unless it has ended or was used after `before`.
pub async fn note_use(
    tx: &mut Tx,
    id: SessionId,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE sessions SET last_used_at = $3 \
                       WHERE id = $1 AND last_used_at <= $2 AND revoked_at IS NULL";
    Ok(on!(&mut tx.conn(), |c| {
        sqlx::query(SQL).bind(id.uuid()).bind(before).bind(now).execute(&mut **c).await.map(drop)
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

/// Deletes the sessions of a user who is being erased, with their tokens and devices.
pub(crate) async fn forget_user(tx: &mut Tx, user: UserId) -> Result<(), StoreError> {
    const TOKENS: &str =
        "DELETE FROM refresh_tokens WHERE session_id IN (SELECT id FROM sessions WHERE user_id = $1)";
    const SESSIONS: &str = "DELETE FROM sessions WHERE user_id = $1";
    const DEVICES: &str = "DELETE FROM devices WHERE user_id = $1";
    for sql in [TOKENS, SESSIONS, DEVICES] {
        on!(&mut tx.conn(), |c| sqlx::query(sql).bind(user.uuid()).execute(&mut **c).await.map(drop))?;
    }
    Ok(())
}

#[derive(sqlx::FromRow)]
struct SessionRow {
    id: Uuid,
    user_id: Uuid,
    device_id: Option<String>,
    device_hash: Option<Vec<u8>>,
    device_proven: bool,
    user_agent: Option<String>,
    network: Option<String>,
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
            device_name: row.device_id,
            device: Device::of(row.device_hash, row.device_proven),
            user_agent: row.user_agent,
            network: row.network,
            second_factor_at: row.second_factor_at,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            expires_at: row.expires_at,
        }
    }
}
