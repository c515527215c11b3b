//! What people see and change of themselves.

use store::users::{self, Language, Profile, User};

use super::{Caller, ServiceError};
use crate::app::App;

/// What is to change; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileChange {
    /// `Some(None)` takes the name away.
    pub name: Option<Option<String>>,
    /// What they read from now on.
    pub language: Option<Language>,
}

/// The caller's own profile.
pub async fn profile(app: &App, caller: &Caller) -> Result<User, ServiceError> {
    let mut reader = app.db.read().await?;
    let user = users::find(&mut reader.conn(), &app.people, caller.user).await?;
    user.ok_or(ServiceError::Unauthenticated)
}

/// Changes the caller's own profile and answers it as it is then.
///
/// Errors: `changed_meanwhile` when another change came between.
pub async fn change_profile(app: &App, caller: &Caller, change: ProfileChange) -> Result<User, ServiceError> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let user = users::find(&mut tx.conn(), &app.people, caller.user).await?;
    let user = user.ok_or(ServiceError::Unauthenticated)?;
    let name = change.name.unwrap_or(user.name);
    let profile = Profile { name: name.as_deref(), language: change.language.unwrap_or(user.language) };
    if !users::update_profile(&mut tx, &app.people, user.id, user.version, profile, now).await? {
        return Err(ServiceError::Conflict { code: "changed_meanwhile" });
    }
    let changed = users::find(&mut tx.conn(), &app.people, caller.user).await?;
    tx.commit().await?;
    changed.ok_or(ServiceError::Unauthenticated)
}
