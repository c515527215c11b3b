//! Users: who can sign in, found by a blind index of their number.
//!
//! Number, name and TOTP secret are sealed with the person's own key. One number is one user, also when two
//! first sign-ins race. A person who was erased is not found any more: their row stays, emptied, because the
//! ledger names it. Every change counts `version` up.
//!
//! Deliberately absent: who may change what, and the second pair of eyes for roles.

pub mod erasure;
pub mod phone;
pub mod profile;
pub mod role;
pub mod totp;

use chrono::{DateTime, Utc};
use domain::{Msisdn, UserId};
use uuid::Uuid;

pub use erasure::erase;
pub use phone::{PhoneChange, change_phone, note_new_device};
pub use profile::{Language, Profile, UserStatus, set_roles, set_status, update_profile};
pub use role::{Role, Roles};
pub use totp::{set_totp_secret, totp_secret, use_totp_step};

use crate::crypto::{Aad, Keyring, PersonKey, PersonKeys};
use crate::db::{Conn, Tx, on};
use crate::error::StoreError;
use crate::{LAST_INSTANT, fresh_id, persons};

/// A user, opened. `Debug` masks the number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct User {
    pub id: UserId,
    pub phone: Msisdn,
    pub name: Option<String>,
    pub language: Language,
    pub roles: Roles,
    /// How much is known of the person; 0 is a confirmed number and nothing else.
    pub kyc_tier: i64,
    pub status: UserStatus,
    /// Whether a TOTP secret is enrolled; the secret itself is asked for apart.
    pub has_totp: bool,
    /// When they last changed their number.
    pub phone_changed_at: Option<DateTime<Utc>>,
    /// When they last signed in with a device that was not known.
    pub device_changed_at: Option<DateTime<Utc>>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// Users joined with the key that opens them; whoever was erased has none and drops out.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT u.id, u.phone, u.name, u.language, u.roles, u.kyc_tier, u.status, ",
            "u.totp_secret IS NOT NULL AS has_totp, u.phone_changed_at, u.device_changed_at, u.version, u.created_at, u.updated_at, p.wrapped_key ",
            "FROM users u JOIN persons p ON p.id = u.id WHERE p.wrapped_key IS NOT NULL ",
            $rest
        )
    };
}

/// The user with this id, unless erased.
pub async fn find(conn: &mut Conn<'_>, keys: &PersonKeys, id: UserId) -> Result<Option<User>, StoreError> {
    const SQL: &str = select!("AND u.id = $1");
    let row: Option<UserRow> =
        on!(conn, |c| sqlx::query_as(SQL).bind(id.uuid()).fetch_optional(&mut **c).await)?;
    row.map(|row| row.open(keys.keyring())).transpose()
}

/// The user of this number, unless erased.
pub async fn find_by_phone(
    conn: &mut Conn<'_>,
    keys: &PersonKeys,
    phone: &Msisdn,
) -> Result<Option<User>, StoreError> {
    const SQL: &str = select!("AND u.phone_index = $1");
    let index = phone_index(keys.keyring(), phone);
    let row: Option<UserRow> =
        on!(conn, |c| sqlx::query_as(SQL).bind(&index[..]).fetch_optional(&mut **c).await)?;
    row.map(|row| row.open(keys.keyring())).transpose()
}

/// Users, newest first: at most `limit` of those before `before`, which is the last one of the page above.
pub async fn list(
    conn: &mut Conn<'_>,
    keys: &PersonKeys,
    before: Option<(DateTime<Utc>, UserId)>,
    limit: i64,
) -> Result<Vec<User>, StoreError> {
    const SQL: &str =
        select!("AND (u.created_at, u.id) < ($1, $2) ORDER BY u.created_at DESC, u.id DESC LIMIT $3");
    let (at, id) = before.map_or((LAST_INSTANT, Uuid::max()), |(at, id)| (at, id.uuid()));
    let rows: Vec<UserRow> =
        on!(conn, |c| sqlx::query_as(SQL).bind(at).bind(id).bind(limit).fetch_all(&mut **c).await)?;
    rows.into_iter().map(|row| row.open(keys.keyring())).collect()
}

/// The user of this number, made a customer now if there is none; `true` says that it was made.
///
/// However many ask at once, one of them makes it and all get the same user.
pub async fn ensure_customer(
    tx: &mut Tx,
    keys: &PersonKeys,
    phone: &Msisdn,
    now: DateTime<Utc>,
) -> Result<(User, bool), StoreError> {
    if let Some(user) = find_by_phone(&mut tx.conn(), keys, phone).await? {
        return Ok((user, false));
    }
    let id = UserId::from_uuid(fresh_id(now));
    let key = keys.keyring().new_person_key();
    let created = insert(tx, keys.keyring(), id, &key, phone, now).await?;
    if created {
        persons::create(tx, keys, id.uuid(), &key, now).await?;
    }
    let user = find_by_phone(&mut tx.conn(), keys, phone).await?;
    Ok((user.ok_or_else(|| StoreError::corrupt("user", id))?, created))
}

/// What a number is looked up by, here and among the challenges.
pub fn phone_index(keyring: &Keyring, phone: &Msisdn) -> [u8; 32] {
    keyring.blind_index("phone", phone.as_str().as_bytes())
}

fn aad(column: &'static str, row: Uuid) -> Aad {
    Aad { table: "users", column, row }
}

/// `false`: the number was taken meanwhile.
async fn insert(
    tx: &mut Tx,
    keyring: &Keyring,
    id: UserId,
    key: &PersonKey,
    phone: &Msisdn,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO users (id, phone_index, phone, language, roles, kyc_tier, status, \
                       totp_last_step, version, created_at, updated_at) \
                       VALUES ($1, $2, $3, 'fr', $4, 0, 'active', 0, 1, $5, $5) \
                       ON CONFLICT (phone_index) DO NOTHING";
    let index = phone_index(keyring, phone);
    let sealed = key.seal(aad("phone", id.uuid()), phone.as_str().as_bytes());
    let roles = Roles::from(Role::Customer).to_string();
    let done = on!(&mut tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(id.uuid()).bind(&index[..]).bind(&sealed).bind(&roles).bind(now);
        query.execute(&mut **c).await.map(|done| done.rows_affected())
    })?;
    Ok(done == 1)
}

#[derive(sqlx::FromRow)]
struct UserRow {
    id: Uuid,
    phone: Vec<u8>,
    name: Option<Vec<u8>>,
    language: String,
    roles: String,
    kyc_tier: i64,
    status: String,
    has_totp: bool,
    phone_changed_at: Option<DateTime<Utc>>,
    device_changed_at: Option<DateTime<Utc>>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    wrapped_key: Vec<u8>,
}

impl UserRow {
    fn open(self, keyring: &Keyring) -> Result<User, StoreError> {
        let id = UserId::from_uuid(self.id);
        let corrupt = || StoreError::corrupt("user", id);
        let key = keyring.unwrap(self.id, &self.wrapped_key)?;
        let open = |column, sealed: &[u8]| {
            let plain = key.open(aad(column, self.id), sealed)?;
            String::from_utf8(plain).map_err(|_| corrupt())
        };
        Ok(User {
            id,
            phone: Msisdn::parse(&open("phone", &self.phone)?).map_err(|_| corrupt())?,
            name: self.name.as_deref().map(|name| open("name", name)).transpose()?,
            language: self.language.parse().map_err(|_| corrupt())?,
            roles: self.roles.parse().map_err(|_| corrupt())?,
            kyc_tier: self.kyc_tier,
            status: UserStatus::of(&self.status).ok_or_else(corrupt)?,
            has_totp: self.has_totp,
            phone_changed_at: self.phone_changed_at,
            device_changed_at: self.device_changed_at,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}
