//! Sessions: what a sign-in gives, how it is renewed, and how it ends.
//!
//! A session has a fixed end; a refresh token lives shorter and is replaced at each use. Whoever shows one that was
//! used before ends the session, also for its owner; only an answer that may have been lost is given once more, within
//! seconds, to the same device, and only while nobody has used it.

use chrono::{DateTime, TimeDelta, Utc};
use domain::SessionId;
use serde_json::json;
use store::Tx;
use store::audit::{self, AuditEntry};
pub use store::sessions::Session;
use store::sessions::{self, Device, Origin, Presented, Rotation};
use store::users::{self, User};
use zeroize::Zeroizing;

use super::access::AccessClaims;
use super::devices::{self, DeviceId};
use super::{callers, tokens};
use crate::app::App;
use crate::services::{Caller, ServiceError, Visitor};

/// Why a session ended that its owner ended.
const BY_OWNER: &str = "ended by its owner";

/// What a client gets that is signed in now.
#[derive(Debug)]
pub struct SignedIn {
    /// For the `Authorization` header.
    pub access_token: String,
    /// How long it is good for, seconds.
    pub expires_in_s: i64,
    /// Good for one renewal.
    pub refresh_token: Zeroizing<String>,
    /// Who signed in.
    pub user: User,
}

/// Opens a session for `user` and gives it its first tokens.
pub(super) async fn open(
    app: &App,
    tx: &mut Tx,
    user: User,
    (device_name, device): (Option<&str>, Option<Device>),
    visitor: &Visitor,
    now: DateTime<Utc>,
) -> Result<(Session, SignedIn), ServiceError> {
    let settings = &app.config.auth;
    let longest = if user.roles.is_staff() { settings.staff_session_s } else { settings.session_s };
    let network = visitor.network();
    let origin = Origin {
        device_name,
        device,
        user_agent: visitor.user_agent.as_deref(),
        network: network.as_deref(),
    };
    let session = sessions::open(tx, user.id, origin, now, TimeDelta::seconds(longest)).await?;
    devices::greet(app, tx, &user, device, now).await?;
    let signed_in = further_tokens(app, tx, &session, user, now).await?;
    Ok((session, signed_in))
}

/// Another pair of tokens for a session that stands; those given before stay good.
pub(super) async fn further_tokens(
    app: &App,
    tx: &mut Tx,
    session: &Session,
    user: User,
    now: DateTime<Utc>,
) -> Result<SignedIn, ServiceError> {
    let refresh_token = tokens::fresh().map_err(ServiceError::internal)?;
    let hash = tokens::hash(&app.keyring, &refresh_token);
    let expires_at = session.expires_at.min(now + TimeDelta::seconds(app.config.auth.refresh_token_s));
    sessions::store_token(tx, &hash, session.id, now, expires_at).await?;
    signed_in(app, session, user, refresh_token, now)
}

fn signed_in(
    app: &App,
    session: &Session,
    user: User,
    refresh_token: Zeroizing<String>,
    now: DateTime<Utc>,
) -> Result<SignedIn, ServiceError> {
    let claims = AccessClaims { user: user.id, session: session.id };
    let access_token = app.auth.tokens.issue(claims, now).map_err(ServiceError::internal)?;
    let expires_in_s = app.auth.tokens.lifetime().num_seconds();
    Ok(SignedIn { access_token, expires_in_s, refresh_token, user })
}

/// Replaces a refresh token by a new one, with a new access token. Shown again within the grace, it gets the same new
/// one again.
///
/// Errors: `token_reused` when it was replaced before, and then its session is over; `account_frozen`, which
/// leaves the token as it was; [`ServiceError::Unauthenticated`] for any other token that is not good, for one from
/// another device and for staff who rested too long, both of which ends the session.
pub async fn refresh(
    app: &App,
    token: &str,
    device: Option<&DeviceId>,
    visitor: &Visitor,
) -> Result<SignedIn, ServiceError> {
    let now = app.clock.now();
    let (fresh, rotation, mut tx) = present(app, token, device, visitor, now).await?;
    match rotation {
        Rotation::Rotated { session } | Rotation::Repeated { session } => {
            let user = callers::active(users::find(&mut tx.conn(), &app.people, session.user).await?)?;
            if callers::is_idle(app, &user.roles, session.last_used_at, now) {
                sessions::revoke(&mut tx, session.id, callers::IDLE, now).await?;
                tx.commit().await?;
                super::count("refresh", "idle");
                return Err(ServiceError::Unauthenticated);
            }
            let answer = signed_in(app, &session, user, fresh, now)?;
            tx.commit().await?;
            super::count("refresh", "right");
            Ok(answer)
        }
        Rotation::Reused { session_id } => {
            tx.commit().await?;
            super::count("refresh", "reused");
            tracing::warn!(session.id = %session_id, "a refresh token came back, its session is over");
            Err(ServiceError::Denied { code: "token_reused" })
        }
        Rotation::OtherDevice { session_id } => {
            tx.commit().await?;
            super::count("refresh", "other_device");
            tracing::warn!(session.id = %session_id, "a refresh token came from another device, its session is over");
            Err(ServiceError::Unauthenticated)
        }
        Rotation::Unknown | Rotation::Expired | Rotation::Revoked => {
            super::count("refresh", "refused");
            Err(ServiceError::Unauthenticated)
        }
    }
}

/// Shows `token` to the book: what follows it, what came of it, and the transaction that it came in.
async fn present(
    app: &App,
    token: &str,
    device: Option<&DeviceId>,
    visitor: &Visitor,
    now: DateTime<Utc>,
) -> Result<(Zeroizing<String>, Rotation, Tx), ServiceError> {
    let next = tokens::successor(&app.keyring, token);
    let (old, new) = (tokens::hash(&app.keyring, token), tokens::hash(&app.keyring, &next));
    let (device, network) = (device.map(|device| device.hash(&app.keyring)), visitor.network());
    let presented = Presented {
        old: &old,
        new: &new,
        device: device.as_ref(),
        is_device_required: app.config.auth.device_required,
        network: network.as_deref(),
        grace: TimeDelta::seconds(app.config.auth.refresh_grace_s),
    };
    let mut tx = app.db.begin().await?;
    let rotation = sessions::rotate(&mut tx, presented, now).await?;
    Ok((next, rotation, tx))
}

/// Ends the caller's session, with every token of it.
pub async fn log_out(app: &App, caller: &Caller) -> Result<(), ServiceError> {
    let mut tx = app.db.begin().await?;
    sessions::revoke(&mut tx, caller.session, "logout", app.clock.now()).await?;
    Ok(tx.commit().await?)
}

/// Ends the session of a refresh token that is good: for a client whose access token is over.
///
/// Errors: as [`refresh`].
pub async fn log_out_with(
    app: &App,
    token: &str,
    device: Option<&DeviceId>,
    visitor: &Visitor,
) -> Result<(), ServiceError> {
    let now = app.clock.now();
    let (_, rotation, mut tx) = present(app, token, device, visitor, now).await?;
    if let Rotation::Rotated { session } | Rotation::Repeated { session } = &rotation {
        sessions::revoke(&mut tx, session.id, "logout", now).await?;
    }
    tx.commit().await?;
    match rotation {
        Rotation::Rotated { .. } | Rotation::Repeated { .. } | Rotation::Revoked => Ok(()),
        Rotation::Reused { .. } => Err(ServiceError::Denied { code: "token_reused" }),
        Rotation::Unknown | Rotation::Expired | Rotation::OtherDevice { .. } => {
            Err(ServiceError::Unauthenticated)
        }
    }
}

/// The caller's sessions that stand, newest first: at most `limit` of those before `before`.
pub async fn list(
    app: &App,
    caller: &Caller,
    before: Option<(DateTime<Utc>, SessionId)>,
    limit: usize,
) -> Result<Vec<Session>, ServiceError> {
    let mut reader = app.db.read().await?;
    let mut found = sessions::list(&mut reader.conn(), caller.user, app.clock.now()).await?;
    found.retain(|session| before.is_none_or(|before| (session.created_at, session.id) < before));
    found.truncate(limit);
    Ok(found)
}

/// Ends one of the caller's sessions, this one or another.
///
/// Errors: [`ServiceError::NotFound`] when the caller has no such session that stands.
pub async fn end(app: &App, caller: &Caller, session: SessionId) -> Result<(), ServiceError> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    if !sessions::revoke_own(&mut tx, caller.user, session, BY_OWNER, now).await? {
        return Err(ServiceError::NotFound);
    }
    remember(&mut tx, caller, session.to_string(), 1, now).await?;
    Ok(tx.commit().await?)
}

/// Ends all of the caller's sessions, this one too.
pub async fn end_all(app: &App, caller: &Caller) -> Result<(), ServiceError> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let ended = sessions::revoke_all(&mut tx, caller.user, BY_OWNER, now).await?;
    remember(&mut tx, caller, caller.user.to_string(), ended, now).await?;
    Ok(tx.commit().await?)
}

/// Ends all of the caller's sessions but this one.
pub async fn end_others(app: &App, caller: &Caller) -> Result<(), ServiceError> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let ended = sessions::revoke_others(&mut tx, caller.user, caller.session, BY_OWNER, now).await?;
    remember(&mut tx, caller, caller.user.to_string(), ended, now).await?;
    Ok(tx.commit().await?)
}

/// One entry for sessions that their owner ended.
async fn remember(
    tx: &mut Tx,
    caller: &Caller,
    object: String,
    ended: u64,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    let detail = json!({ "sessions": ended });
    let entry = AuditEntry { actor: caller.actor(), action: "session.end", object, detail };
    audit::record(tx, entry, now).await?;
    Ok(())
}
