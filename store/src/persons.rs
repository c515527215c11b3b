//! Persons and their keys. What is said of a person is sealed with that person's key; the key is kept
//! wrapped, and erasing the person destroys it.
//!
//! [`PersonKeys`] keeps unwrapped keys in memory: at most [`CACHED`] of them, each for at most a minute, so
//! that an erasure at another gateway is felt here within that minute. What is in the book opens no more.
//!
//! Deliberately absent: what is known of a person; users, payees and merchants keep their own rows.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::crypto::{CryptoError, Keyring, PersonKey};
use crate::db::{Conn, Tx, on};
use crate::error::StoreError;

/// How many persons' keys stay unwrapped at most.
const CACHED: usize = 50_000;

/// How long a key stays unwrapped without looking at its row again.
const FRESH: Duration = Duration::from_secs(60);

/// The keys of persons, unwrapped when asked for. A handle: clones share one cache.
#[derive(Clone, Debug)]
pub struct PersonKeys {
    keyring: Arc<Keyring>,
    cache: Arc<Mutex<HashMap<Uuid, Cached>>>,
}

#[derive(Debug)]
struct Cached {
    key: PersonKey,
    since: Instant,
}

impl PersonKeys {
    /// An empty cache over `persons`, whose keys `keyring` wrapped.
    pub fn new(keyring: Arc<Keyring>) -> PersonKeys {
        PersonKeys { keyring, cache: Arc::default() }
    }

    /// The book's keys, which unwrap these.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// The key of `person`.
    ///
    /// Errors: [`CryptoError::UnknownPerson`], [`CryptoError::Erased`], and [`CryptoError::Refused`] when the
    /// row was moved or changed.
    pub async fn key(&self, conn: &mut Conn<'_>, person: Uuid) -> Result<PersonKey, StoreError> {
        if let Some(key) = self.known(person) {
            return Ok(key);
        }
        let row = find(conn, person).await?.ok_or(CryptoError::UnknownPerson { person })?;
        let wrapped = row.wrapped_key.ok_or(CryptoError::Erased { person })?;
        let key = self.keyring.unwrap(person, &wrapped)?;
        self.remember(person, &key);
        Ok(key)
    }

    /// Drops the unwrapped key of `person`: to be called when their erasure has been committed.
    pub fn forget(&self, person: Uuid) {
        self.locked().remove(&person);
    }

    /// The key, if it was looked at within the last minute.
    pub fn known(&self, person: Uuid) -> Option<PersonKey> {
        let cache = self.locked();
        let cached = cache.get(&person)?;
        (cached.since.elapsed() < FRESH).then(|| cached.key.clone())
    }

    /// A full cache is emptied of what is stale, and of everything if that is not enough.
    fn remember(&self, person: Uuid, key: &PersonKey) {
        let mut cache = self.locked();
        if cache.len() >= CACHED {
            cache.retain(|_, cached| cached.since.elapsed() < FRESH);
        }
        if cache.len() >= CACHED {
            cache.clear();
        }
        cache.insert(person, Cached { key: key.clone(), since: Instant::now() });
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, HashMap<Uuid, Cached>> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Records a new person with a key of their own.
pub async fn create(
    tx: &mut Tx,
    keys: &PersonKeys,
    person: Uuid,
    key: &PersonKey,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO persons (id, wrapped_key, created_at) VALUES ($1, $2, $3)";
    let wrapped = keys.keyring.wrap(person, key);
    on!(&mut tx.conn(), |c| {
        sqlx::query(SQL).bind(person).bind(wrapped).bind(now).execute(&mut **c).await.map(drop)
    })?;
    Ok(())
}

/// Destroys the key of a person: what was sealed with it opens no more. `false`: unknown or already erased.
pub(crate) async fn destroy_key(tx: &mut Tx, person: Uuid, now: DateTime<Utc>) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE persons SET wrapped_key = NULL, erased_at = $2 \
                       WHERE id = $1 AND wrapped_key IS NOT NULL";
    let done = on!(&mut tx.conn(), |c| {
        sqlx::query(SQL).bind(person).bind(now).execute(&mut **c).await.map(|done| done.rows_affected())
    })?;
    Ok(done == 1)
}

#[derive(sqlx::FromRow)]
struct PersonRow {
    wrapped_key: Option<Vec<u8>>,
}

async fn find(conn: &mut Conn<'_>, person: Uuid) -> Result<Option<PersonRow>, StoreError> {
    const SQL: &str = "SELECT wrapped_key FROM persons WHERE id = $1";
    Ok(on!(conn, |c| sqlx::query_as(SQL).bind(person).fetch_optional(&mut **c).await)?)
}
