//! Who a request is from: the access token read, and its session and user looked up.

use domain::UserId;
use store::users::{User, UserStatus};
use store::{sessions, users};

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
    let user = active(user)?;
    Ok(Caller {
        user: user.id,
        roles: user.roles,
        session: session.id,
        second_factor_at: session.second_factor_at,
        language: user.language,
    })
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
