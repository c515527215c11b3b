//! What can be changed of a user: what they say of themselves, what they may be, and whether they may act.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use domain::UserId;

use crate::crypto::PersonKeys;
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::users::{Roles, aad};

/// The language of what a user reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Language {
    Fr,
    En,
}

impl Language {
    /// As in `Accept-Language`: `fr`, `en`.
    pub fn as_str(self) -> &'static str {
        match self {
            Language::Fr => "fr",
            Language::En => "en",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no language of ours.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("language {0} is neither fr nor en")]
pub struct UnknownLanguage(pub String);

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(word: &str) -> Result<Language, UnknownLanguage> {
        match word {
            "fr" => Ok(Language::Fr),
            "en" => Ok(Language::En),
            other => Err(UnknownLanguage(other.to_owned())),
        }
    }
}

/// Whether a user may act.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UserStatus {
    Active,
    /// May look, may not move value.
    Frozen,
}

impl UserStatus {
    /// The word used in SQL and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            UserStatus::Active => "active",
            UserStatus::Frozen => "frozen",
        }
    }

    pub(crate) fn of(word: &str) -> Option<UserStatus> {
        [UserStatus::Active, UserStatus::Frozen].into_iter().find(|status| status.as_str() == word)
    }
}

/// Gives a user exactly these roles. `false`: there is no such user.
pub async fn set_roles(
    tx: &mut Tx,
    id: UserId,
    roles: Roles,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE users SET roles = $2, version = version + 1, updated_at = $3 WHERE id = $1";
    let done = on!(&mut tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(id.uuid()).bind(roles.to_string()).bind(now);
        query.execute(&mut **c).await.map(|done| done.rows_affected())
    })?;
    Ok(done == 1)
}

/// Freezes a user or lets them act again. `false`: there is no such user, or nothing to change.
pub async fn set_status(
    tx: &mut Tx,
    id: UserId,
    status: UserStatus,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE users SET status = $2, version = version + 1, updated_at = $3 \
                       WHERE id = $1 AND status <> $2";
    let done = on!(&mut tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(id.uuid()).bind(status.as_str()).bind(now);
        query.execute(&mut **c).await.map(|done| done.rows_affected())
    })?;
    Ok(done == 1)
}

/// Writes the profile over `version`. `false`: the user has another version by now, or does not exist.
///
/// Errors: [`crate::crypto::CryptoError::Erased`] and `UnknownPerson` for who cannot have a profile.
pub async fn update_profile(
    tx: &mut Tx,
    keys: &PersonKeys,
    id: UserId,
    version: i64,
    profile: Profile<'_>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE users SET name = $3, language = $4, version = version + 1, updated_at = $5 \
                       WHERE id = $1 AND version = $2";
    let key = keys.key(&mut tx.conn(), id.uuid()).await?;
    let name = profile.name.map(|name| key.seal(aad("name", id.uuid()), name.as_bytes()));
    let done = on!(&mut tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(id.uuid()).bind(version).bind(&name);
        let query = query.bind(profile.language.as_str()).bind(now);
        query.execute(&mut **c).await.map(|done| done.rows_affected())
    })?;
    Ok(done == 1)
}

/// What a user says of themselves, whole.
#[derive(Clone, Copy, Debug)]
pub struct Profile<'a> {
    pub name: Option<&'a str>,
    pub language: Language,
}
