//! Who a request may be from: a session and its user, as far as letting them through asks for it. Nothing of it is sealed.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{SessionId, UserId};
use uuid::Uuid;

use crate::gather::{Look, as_json};
use crate::users::{Language, Roles, UserStatus};
use crate::{Conn, StoreError};

/// A session that was not revoked, of a user who was not erased.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    pub session: SessionId,
    pub user: UserId,
    pub roles: Roles,
    pub status: UserStatus,
    pub language: Language,
    /// When the second factor was last given in this session.
    pub second_factor_at: Option<DateTime<Utc>>,
    pub last_used_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    /// When the user last changed their number.
    pub phone_changed_at: Option<DateTime<Utc>>,
}

/// Standings by session.
#[derive(Clone, Copy, Debug)]
pub struct Callers;

macro_rules! select {
    ($ids:literal) => {
        concat!(
            "SELECT s.id, s.user_id, s.second_factor_at, s.last_used_at, s.expires_at, u.roles, u.status, ",
            "u.language, u.phone_changed_at FROM sessions s JOIN users u ON u.id = s.user_id ",
            "JOIN persons p ON p.id = u.id WHERE s.revoked_at IS NULL AND p.wrapped_key IS NOT NULL AND s.id ",
            $ids
        )
    };
}

impl Look for Callers {
    type Key = SessionId;
    type Value = Standing;

    async fn look(
        &self,
        conn: &mut Conn<'_>,
        keys: &[SessionId],
    ) -> Result<HashMap<SessionId, Standing>, StoreError> {
        const SQLITE: &str = select!("IN (SELECT unhex(value) FROM json_each($1))");
        const POSTGRES: &str = select!("= ANY($1)");
        let ids = keys.iter().map(|id| id.uuid());
        let rows: Vec<StandingRow> = match conn {
            Conn::Sqlite(c) => sqlx::query_as(SQLITE).bind(as_json(ids)).fetch_all(&mut **c).await?,
            Conn::Postgres(c) => {
                sqlx::query_as(POSTGRES).bind(ids.collect::<Vec<_>>()).fetch_all(&mut **c).await?
            }
        };
        let standings = rows.into_iter().map(Standing::try_from);
        standings.map(|read| read.map(|standing| (standing.session, standing))).collect()
    }
}

#[derive(sqlx::FromRow)]
struct StandingRow {
    id: Uuid,
    user_id: Uuid,
    second_factor_at: Option<DateTime<Utc>>,
    last_used_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    roles: String,
    status: String,
    language: String,
    phone_changed_at: Option<DateTime<Utc>>,
}

impl TryFrom<StandingRow> for Standing {
    type Error = StoreError;

    fn try_from(row: StandingRow) -> Result<Standing, StoreError> {
        let user = UserId::from_uuid(row.user_id);
        let corrupt = || StoreError::corrupt("user", user);
        Ok(Standing {
            session: SessionId::from_uuid(row.id),
            user,
            roles: row.roles.parse().map_err(|_| corrupt())?,
            status: UserStatus::of(&row.status).ok_or_else(corrupt)?,
            language: row.language.parse().map_err(|_| corrupt())?,
            second_factor_at: row.second_factor_at,
            last_used_at: row.last_used_at,
            expires_at: row.expires_at,
            phone_changed_at: row.phone_changed_at,
        })
    }
}
