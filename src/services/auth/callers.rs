//! Who a request is from: the access token read, and its session and user looked up.

use chrono::{DateTime, TimeDelta, Utc};
use domain::UserId;
use store::sessions::Session;
use store::users::{User, UserStatus};
use store::{StoreError, sessions, users};

use crate::app::App;
use crate::services::{Caller, ServiceError};

/// The caller that `token` names, as the book knows them now.
///
/// Errors: [`ServiceError::Unauthenticated`] when the token is not ours or not valid, or its session has ended;
/// `account_frozen` when the caller may not act.
pub async fn authenticate(app: &App, token: &str) -> Result<Caller, ServiceError> {
    let now = app.clock.now();
    let claims = app.auth.tokens.read(token, now).map_err(|why| {
        tracing::debug!(auth.refusal = %why, "access token refused");
        ServiceError::Unauthenticated
    })?;
    let mut reader = app.db.read().await?;
    let session = sessions::live(&mut reader.conn(), claims.session, now).await?;
    let session =
        session.filter(|session| session.user == claims.user).ok_or(ServiceError::Unauthenticated)?;
    let user = users::find(&mut reader.conn(), &app.people, claims.user).await?;
    drop(reader);
    let user = active(user)?;
    if user.roles.is_staff() {
        watch(app, &user, &session, now).await?;
    }
    Ok(Caller {
        user: user.id,
        roles: user.roles,
        session: session.id,
        second_factor_at: session.second_factor_at,
        language: user.language,
    })
}

/// Does the session of `caller` still stand, and may they still act? For answers that go on: what was right when they
/// began may be over. What cannot be known counts as over.
pub async fn stands(app: &App, caller: &Caller) -> bool {
    let look = async || -> Result<bool, StoreError> {
        let mut reader = app.db.read().await?;
        let session = sessions::live(&mut reader.conn(), caller.session, app.clock.now()).await?;
        let user = users::find(&mut reader.conn(), &app.people, caller.user).await?;
        Ok(session.is_some() && active(user).is_ok_and(|user| user.roles == caller.roles))
    };
    look().await.unwrap_or(false)
}

/// Why a session of staff ended that rested too long.
pub(super) const IDLE: &str = "idle";
/// How exactly the last use of a session of staff is known; a write at each request would cost more than it tells.
const NOTED_EVERY: TimeDelta = TimeDelta::seconds(30);

/// Has a session of the house rested for longer than it may?
pub(super) fn is_idle(app: &App, user: &User, session: &Session, now: DateTime<Utc>) -> bool {
    let longest = TimeDelta::seconds(app.config.auth.staff_idle_s);
    user.roles.is_staff() && session.last_used_at + longest <= now
}

/// Notes that staff are at work, or ends a session that rested too long.
async fn watch(app: &App, user: &User, session: &Session, now: DateTime<Utc>) -> Result<(), ServiceError> {
    let is_idle = is_idle(app, user, session, now);
    if !is_idle && now < session.last_used_at + NOTED_EVERY {
        return Ok(());
    }
    let mut tx = app.db.begin().await?;
    if is_idle {
        sessions::revoke(&mut tx, session.id, IDLE, now).await?;
    } else {
        sessions::note_use(&mut tx, session.id, now - NOTED_EVERY, now).await?;
    }
    tx.commit().await?;
    if is_idle { Err(ServiceError::Unauthenticated) } else { Ok(()) }
}

/// Whom a token names by its signature alone: enough to count requests by, not to act on.
pub fn claimed_user(app: &App, token: &str) -> Option<UserId> {
    app.auth.tokens.read(token, app.clock.now()).ok().map(|claims| claims.user)
}

/// A user who exists and may act.
pub(super) fn active(user: Option<User>) -> Result<User, ServiceError> {
    match user {
        None => Err(ServiceError::Unauthenticated),
        Some(user) if user.status == UserStatus::Frozen => {
            Err(ServiceError::Denied { code: "account_frozen" })
        }
        Some(user) => Ok(user),
    }
}
