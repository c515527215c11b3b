//! Who a request is from: the access token read, and its session and user looked up.

use chrono::{DateTime, TimeDelta, Utc};
use domain::UserId;
use store::callers::Standing;
use store::sessions;
use store::users::{Roles, User, UserStatus};

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
    let found = app.looks.callers.get(claims.session).await?;
    let standing = found.filter(|found| found.user == claims.user && found.expires_at > now);
    let standing = standing.ok_or(ServiceError::Unauthenticated)?;
    if standing.status == UserStatus::Frozen {
        return Err(ServiceError::Denied { code: "account_frozen" });
    }
    if standing.roles.is_staff() {
        watch(app, &standing, now).await?;
    }
    Ok(Caller {
        user: standing.user,
        roles: standing.roles,
        session: standing.session,
        second_factor_at: standing.second_factor_at,
        language: standing.language,
        phone_changed_at: standing.phone_changed_at,
    })
}

/// Does the session of `caller` still stand, and may they still act? For answers that go on: what was right when they
/// began may be over. What cannot be known counts as over.
pub async fn stands(app: &App, caller: &Caller) -> bool {
    let now = app.clock.now();
    let stands = |standing: Standing| {
        standing.expires_at > now && standing.status != UserStatus::Frozen && standing.roles == caller.roles
    };
    app.looks.callers.get(caller.session).await.is_ok_and(|found| found.is_some_and(stands))
}

/// Why a session of staff ended that rested too long.
pub(super) const IDLE: &str = "idle";
/// How exactly the last use of a session of staff is known; a write at each request would cost more than it tells.
const NOTED_EVERY: TimeDelta = TimeDelta::seconds(30);

/// Has a session of the house rested for longer than it may?
pub(super) fn is_idle(app: &App, roles: &Roles, last_used_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    let longest = TimeDelta::seconds(app.config.auth.staff_idle_s);
    roles.is_staff() && last_used_at + longest <= now
}

/// Notes that staff are at work, or ends a session that rested too long.
async fn watch(app: &App, standing: &Standing, now: DateTime<Utc>) -> Result<(), ServiceError> {
    let is_idle = is_idle(app, &standing.roles, standing.last_used_at, now);
    if !is_idle && now < standing.last_used_at + NOTED_EVERY {
        return Ok(());
    }
    let mut tx = app.db.begin().await?;
    if is_idle {
        sessions::revoke(&mut tx, standing.session, IDLE, now).await?;
    } else {
        sessions::note_use(&mut tx, standing.session, now - NOTED_EVERY, now).await?;
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
