//! What can go wrong below the services, and what a caller may do about it.
//!
//! The text says what was asked and what stood in the way; the cause is the `source`. Nothing here is
//! meant for a client: the edge chooses its own words.

use rusqlite::ErrorCode;
use sqlx::sqlite::SqliteError;

use crate::book::Mode;
use crate::crypto::CryptoError;

/// A failure of the store. Refusals that a caller expects are return values, not errors.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The URL names no database that the gateway can keep a book in.
    #[error("database url is not usable: {reason}")]
    Url { reason: String },
    /// The SQLite library or a connection's settings would put committed money at risk.
    #[error("sqlite {setting} is {found}, {needed} is needed")]
    UnsafeSqlite { setting: &'static str, found: String, needed: &'static str },
    /// The PostgreSQL server or its settings would put committed money at risk.
    #[error("postgres {setting} is {found}, {needed} is needed")]
    UnsafePostgres { setting: &'static str, found: String, needed: &'static str },
    /// A book never serves the other mode.
    #[error("the book was opened as {book}, this gateway runs as {asked}")]
    WrongMode { book: Mode, asked: Mode },
    /// The master key is not the one this book was sealed with.
    #[error("the master key does not open this book")]
    WrongKey,
    /// A migration could not be applied, or the database holds one that this program does not know.
    #[error("the schema could not be brought up to date")]
    Migrate(#[source] Box<sqlx::migrate::MigrateError>),
    /// A stored value that our own code cannot have written.
    #[error("{what} {id} cannot be read back")]
    Corrupt { what: &'static str, id: String },
    /// A guard of the database refused: someone else was first.
    #[error("{0}")]
    Conflict(String),
    /// A sealed value could not be opened.
    #[error("a sealed value could not be opened")]
    Crypto(#[from] CryptoError),
    /// The connection broke while committing: the transaction may be in the book or not.
    #[error("the database did not say whether the transaction was committed")]
    CommitUnknown(#[source] sqlx::Error),
    /// The database refused a statement, or could not be reached.
    #[error("the database refused or could not be reached")]
    Database(#[source] sqlx::Error),
    /// The writer's own SQLite connection failed.
    #[error("the ledger's sqlite connection failed")]
    Sqlite(#[from] rusqlite::Error),
}

/// What a failed statement means for the one who sent it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Severity {
    /// The very same request could succeed later.
    Transient,
    /// It will fail again in the same way.
    Permanent,
    /// The disk or the file itself is failing: stop writing.
    Fatal,
}

impl StoreError {
    /// Could the very same request succeed later? An unknown commit is not: it may have succeeded already.
    pub fn is_transient(&self) -> bool {
        self.severity() == Severity::Transient
    }

    /// Is the storage itself failing (I/O, full disk, damaged file), so that writing on makes it worse?
    pub fn is_fatal(&self) -> bool {
        self.severity() == Severity::Fatal
    }

    /// A stored value that cannot be read back, by its table's word and its id.
    pub fn corrupt(what: &'static str, id: impl ToString) -> StoreError {
        StoreError::Corrupt { what, id: id.to_string() }
    }

    fn severity(&self) -> Severity {
        match self {
            StoreError::Database(error) => of_sqlx(error),
            StoreError::CommitUnknown(error) if of_sqlx(error) == Severity::Fatal => Severity::Fatal,
            StoreError::Sqlite(error) => of_rusqlite(error),
            _ => Severity::Permanent,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    /// A check of ours that failed inside a driver's callback comes out as it went in.
    fn from(error: sqlx::Error) -> StoreError {
        match error {
            sqlx::Error::Configuration(inner) => match inner.downcast::<StoreError>() {
                Ok(ours) => *ours,
                Err(inner) => StoreError::Database(sqlx::Error::Configuration(inner)),
            },
            other => StoreError::Database(other),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> StoreError {
        StoreError::Migrate(Box::new(error))
    }
}

fn of_sqlx(error: &sqlx::Error) -> Severity {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => Severity::Transient,
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            match error.try_downcast_ref::<SqliteError>() {
                Some(_) => of_sqlite_code(code.parse().unwrap_or_default()),
                None => of_sqlstate(&code),
            }
        }
        _ => Severity::Permanent,
    }
}

fn of_rusqlite(error: &rusqlite::Error) -> Severity {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Severity::Transient,
        Some(
            ErrorCode::SystemIoFailure
            | ErrorCode::DiskFull
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly,
        ) => Severity::Fatal,
        _ => Severity::Permanent,
    }
}

/// Result codes: <https://www.sqlite.org/rescode.html>; the low byte is the primary code.
fn of_sqlite_code(extended: i32) -> Severity {
    match extended & 0xff {
        5 | 6 => Severity::Transient,                  // BUSY, LOCKED
        8 | 10 | 11 | 13 | 14 | 26 => Severity::Fatal, // READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB
        _ => Severity::Permanent,
    }
}

/// SQLSTATE: <https://www.postgresql.org/docs/15/errcodes-appendix.html>.
fn of_sqlstate(code: &str) -> Severity {
    match code {
        "40001" | "40P01" | "55P03" | "53300" | "57P01" | "57P02" | "57P03" | "25P03" => Severity::Transient,
        "53100" | "XX001" | "XX002" => Severity::Fatal,
        _ if code.starts_with("08") => Severity::Transient,
        _ if code.starts_with("58") => Severity::Fatal,
        _ => Severity::Permanent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_rusqlite_code(code: i32) -> StoreError {
        StoreError::Sqlite(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None))
    }

    #[test]
    fn a_busy_database_may_be_tried_again() {
        assert!(of_rusqlite_code(5).is_transient());
        assert!(of_sqlite_code(517) == Severity::Transient);
        assert!(StoreError::Database(sqlx::Error::PoolTimedOut).is_transient());
        assert!(of_sqlstate("40P01") == Severity::Transient);
    }

    #[test]
    fn a_failing_disk_is_fatal_and_not_transient() {
        for code in [10, 13, 11, 522] {
            assert!(of_rusqlite_code(code).is_fatal());
            assert!(of_sqlite_code(code) == Severity::Fatal);
        }
        assert!(of_sqlstate("58030") == Severity::Fatal);
        assert!(!of_rusqlite_code(10).is_transient());
    }

    #[test]
    fn an_unknown_commit_is_not_repeated_blindly() {
        assert!(!StoreError::CommitUnknown(sqlx::Error::PoolTimedOut).is_transient());
    }

    #[test]
    fn our_own_check_comes_out_of_the_driver_as_it_went_in() {
        let inner = sqlx::Error::Configuration(Box::new(StoreError::WrongKey));
        assert!(matches!(StoreError::from(inner), StoreError::WrongKey));
    }
}
