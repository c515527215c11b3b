//! Sessions: what a sign-in gives, how it is renewed, and how it ends.
//!
//! A session has a fixed end; a refresh token lives shorter and is replaced at each use. Whoever shows one that was
//! used before ends the session, also for its owner.

use chrono::{DateTime, TimeDelta, Utc};
use domain::SessionId;
use store::Tx;
pub use store::sessions::Session;
use store::sessions::{self, Rotation};
use store::users::{self, User};
use zeroize::Zeroizing;

use super::access::AccessClaims;
use super::{callers, tokens};
use crate::app::App;
use crate::services::{Caller, ServiceError, Visitor};

/// After this long a customer signs in again, however often the session was renewed.
const LONGEST: TimeDelta = TimeDelta::days(90);

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
    device: Option<&str>,
    visitor: &Visitor,
    now: DateTime<Utc>,
) -> Result<(Session, SignedIn), ServiceError> {
    let lifetime = TimeDelta::seconds(app.config.auth.refresh_token_s);
    let longest = if user.roles.is_staff() { lifetime } else { LONGEST.max(lifetime) };
    let session = sessions::open(tx, user.id, device, visitor.user_agent.as_deref(), now, longest).await?;
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

/// Replaces a refresh token by a new one, with a new access token.
///
/// Errors: `token_reused` when it was replaced before, and then its session is over; `account_frozen`, which
/// leaves the token as it was; [`ServiceError::Unauthenticated`] for any other token that is not good.
pub async fn refresh(app: &App, token: &str) -> Result<SignedIn, ServiceError> {
    let now = app.clock.now();
    let fresh = tokens::fresh().map_err(ServiceError::internal)?;
    let (old, new) = (tokens::hash(&app.keyring, token), tokens::hash(&app.keyring, &fresh));
    let mut tx = app.db.begin().await?;
    match sessions::rotate(&mut tx, &old, &new, now).await? {
        Rotation::Rotated { session } => {
            let user = callers::active(users::find(&mut tx.conn(), &app.people, session.user).await?)?;
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
        Rotation::Unknown | Rotation::Expired | Rotation::Revoked => {
            super::count("refresh", "refused");
            Err(ServiceError::Unauthenticated)
        }
    }
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
pub async fn log_out_with(app: &App, token: &str) -> Result<(), ServiceError> {
    let now = app.clock.now();
    let fresh = tokens::fresh().map_err(ServiceError::internal)?;
    let (old, new) = (tokens::hash(&app.keyring, token), tokens::hash(&app.keyring, &fresh));
    let mut tx = app.db.begin().await?;
    let rotation = sessions::rotate(&mut tx, &old, &new, now).await?;
    if let Rotation::Rotated { session } = &rotation {
        sessions::revoke(&mut tx, session.id, "logout", now).await?;
    }
    tx.commit().await?;
    match rotation {
        Rotation::Rotated { .. } | Rotation::Revoked => Ok(()),
        Rotation::Reused { .. } => Err(ServiceError::Denied { code: "token_reused" }),
        Rotation::Unknown | Rotation::Expired => Err(ServiceError::Unauthenticated),
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
    let ended = sessions::revoke_own(&mut tx, caller.user, session, "ended by its owner", now).await?;
    tx.commit().await?;
    if ended { Ok(()) } else { Err(ServiceError::NotFound) }
}

/// Ends all of the caller's sessions, this one too.
pub async fn end_all(app: &App, caller: &Caller) -> Result<(), ServiceError> {
    let mut tx = app.db.begin().await?;
    sessions::revoke_all(&mut tx, caller.user, "ended by its owner", app.clock.now()).await?;
    Ok(tx.commit().await?)
}
