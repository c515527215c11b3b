//! The simulators' books: one SQLite database behind one lock.
//!
//! Whatever a provider does commits in one transaction or not at all, callbacks that it owes
//! included. Simplicity beats speed here: one connection, one writer, WAL with
//! `synchronous=NORMAL`, so a crash of the machine may lose the last moments of simulated money.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::types::Type;
use rusqlite::{Connection, Row, Transaction, TransactionBehavior};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::clock::{Instant, from_micros};
use crate::config::Database;

const SCHEMA: &str = include_str!("schema.sql");

/// What a reset empties: all that happened, but not what the portal was told.
const RESET: &str = "
    DELETE FROM sessions; DELETE FROM payouts; DELETE FROM batches; DELETE FROM lines;
    DELETE FROM operations; DELETE FROM idempotency; DELETE FROM recipients;
    DELETE FROM recipient_checks; DELETE FROM recipient_blocks; DELETE FROM deliveries;
    DELETE FROM attempts; DELETE FROM sms_messages; DELETE FROM sms_tokens;
    DELETE FROM stripe_objects; DELETE FROM stripe_agenda; DELETE FROM stripe_idempotency;
    DELETE FROM stripe_operations; DELETE FROM stripe_deliveries; DELETE FROM stripe_attempts;
    DELETE FROM rate_sheet;
    UPDATE wallets SET balance = opening;
";

/// The open books.
#[derive(Debug)]
pub struct Books {
    connection: Mutex<Connection>,
}

impl Books {
    /// Opens the books, and creates them when they do not exist.
    pub fn open(database: &Database) -> rusqlite::Result<Books> {
        let connection = match database {
            Database::Memory => Connection::open_in_memory()?,
            Database::File(path) => Connection::open(path)?,
        };
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.set_prepared_statement_cache_capacity(128);
        connection.execute_batch(SCHEMA)?;
        Ok(Books { connection: Mutex::new(connection) })
    }

    /// Does `work` in one transaction, which commits when it succeeds and leaves no trace else.
    pub fn write<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.lock();
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = work(&tx)?;
        tx.commit()?;
        Ok(value)
    }

    /// Empties the books; wallets, keys and webhooks stay, balances return to their opening.
    pub fn reset(&self) -> rusqlite::Result<()> {
        self.write(|tx| tx.execute_batch(RESET))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic while locked rolled its transaction back, so the connection is sound.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads a JSON column.
pub fn json<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error)))
}

/// Writes a JSON column.
pub fn to_json<T: Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

/// Reads an instant column.
pub fn instant(row: &Row<'_>, column: &str) -> rusqlite::Result<Instant> {
    row.get(column).map(from_micros)
}

/// Reads an instant column that may be empty.
pub fn instant_or_none(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Instant>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(from_micros))
}

/// An enum whose values are words in the books and in JSON alike.
macro_rules! words {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// The word for it.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word,)+ }
            }
        }

        impl rusqlite::types::ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }

        impl rusqlite::types::FromSql for $name {
            fn column_result(
                value: rusqlite::types::ValueRef<'_>,
            ) -> rusqlite::types::FromSqlResult<$name> {
                match value.as_str()? {
                    $($word => Ok($name::$variant),)+
                    _ => Err(rusqlite::types::FromSqlError::InvalidType),
                }
            }
        }
    };
}
pub(crate) use words;
