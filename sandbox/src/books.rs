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
use crate::{mtn, orange_web, sonatel};

const SCHEMA: &str = include_str!("schema.sql");

/// The tables' shape. There are no migrations: a table is created when it is missing, and one that
/// changed its shape is listed in [`OUTGROWN`], to be made anew.
const VERSION: i64 = 1;

/// Tables of an earlier version whose contents are forgotten: callbacks under way then, never money.
const OUTGROWN: &str = "
    DROP TABLE IF EXISTS attempts; DROP TABLE IF EXISTS deliveries;
    DROP TABLE IF EXISTS stripe_attempts; DROP TABLE IF EXISTS stripe_deliveries;
";

/// What a reset empties: all that happened, but not what the portal was told.
const RESET: &str = "
    DELETE FROM sessions; DELETE FROM payouts; DELETE FROM batches; DELETE FROM lines;
    DELETE FROM operations; DELETE FROM idempotency; DELETE FROM recipients;
    DELETE FROM recipient_checks; DELETE FROM recipient_blocks;
    DELETE FROM merchants WHERE NOT by_portal; UPDATE merchants SET deleted_at = NULL;
    DELETE FROM attempts; DELETE FROM deliveries; DELETE FROM sms_messages;
    DELETE FROM stripe_objects; DELETE FROM stripe_agenda; DELETE FROM stripe_idempotency;
    DELETE FROM stripe_operations; DELETE FROM stripe_clock_agenda;
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
        if connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))? < VERSION {
            connection.execute_batch(OUTGROWN)?;
            connection.pragma_update(None, "user_version", VERSION)?;
        }
        connection.execute_batch(SCHEMA)?;
        connection.execute_batch(orange_web::SCHEMA)?;
        connection.execute_batch(mtn::SCHEMA)?;
        connection.execute_batch(sonatel::SCHEMA)?;
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
        self.write(|tx| {
            tx.execute_batch(RESET)?;
            tx.execute_batch(orange_web::RESET)?;
            tx.execute_batch(mtn::RESET)?;
            tx.execute_batch(sonatel::RESET)
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn books_of_an_earlier_version_keep_their_money_and_forget_callbacks() {
        let name = format!("sandbox-books-{}.db", std::process::id());
        let path = std::env::temp_dir().join(name);
        let earlier = Connection::open(&path).unwrap();
        earlier
            .execute_batch(
                "CREATE TABLE deliveries (id INTEGER PRIMARY KEY, wallet TEXT NOT NULL) STRICT;
                 CREATE TABLE attempts (id INTEGER PRIMARY KEY) STRICT;
                 CREATE TABLE stripe_deliveries (id INTEGER PRIMARY KEY) STRICT;
                 CREATE TABLE sms_bundle (only INTEGER PRIMARY KEY CHECK (only = 1), credits INTEGER) STRICT;
                 INSERT INTO deliveries VALUES (1, 'sn');
                 INSERT INTO sms_bundle VALUES (1, 7);",
            )
            .unwrap();
        drop(earlier);
        let count = |books: &Books, sql: &str| -> i64 {
            books.write(|tx| tx.query_row(sql, [], |row| row.get(0))).unwrap()
        };
        let delivery =
            "INSERT INTO deliveries (provider, event_id, event_type, webhook, method, headers, body,
                proof, is_genuine, waits_for_next, state, attempts, born_at, due_at)
             VALUES ('wave', 'e', 't', 'main', 'POST', '[]', '', '{}', 1, 0, 'pending', 0, 0, 0)";
        let books = Books::open(&Database::File(path.clone())).unwrap();
        assert_eq!(count(&books, "SELECT count(provider) FROM deliveries"), 0);
        assert_eq!(count(&books, "SELECT credits FROM sms_bundle"), 7);
        books.write(|tx| tx.execute(delivery, [])).unwrap();
        drop(books);
        let books = Books::open(&Database::File(path.clone())).unwrap();
        assert_eq!(count(&books, "SELECT count(provider) FROM deliveries"), 1, "only once");
        drop(books);
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", path.display()));
        }
    }
}
