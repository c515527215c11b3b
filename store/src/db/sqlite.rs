//! SQLite: one writer, readers apart, and settings without which a commit is a hope.
//!
//! WAL with `synchronous = FULL`: an answered commit survives a power cut. Every connection is checked
//! after it opened; the ledger writer checks its own with [`check`].

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, SqliteConnection, SqlitePool};
use tokio::sync::Mutex;

use crate::db::DbOptions;
use crate::error::StoreError;

/// The oldest library that may keep a book: it has the fix of the WAL-reset bug.
/// Source: <https://www.sqlite.org/releaselog/3_51_3.html>.
pub(crate) const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);

/// How long a connection waits for a lock that another one holds.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The file, who reads it, who writes it, and whose turn it is.
pub(crate) struct SqliteBackend {
    pub(crate) path: PathBuf,
    pub(crate) readers: SqlitePool,
    pub(crate) writer: SqlitePool,
    /// Held while a write transaction is open, by this pool or by the ledger's own connection.
    pub(crate) turn: Arc<Mutex<()>>,
}

impl SqliteBackend {
    pub(crate) async fn open(options: &DbOptions) -> Result<SqliteBackend, StoreError> {
        let writing = writing_options(&options.url)?;
        let reading = settings(SqliteConnectOptions::new().filename(writing.get_filename())).read_only(true);
        probe(&writing).await?;
        probe(&reading).await?;
        Ok(SqliteBackend {
            path: writing.get_filename().to_owned(),
            writer: pool(1).connect_lazy_with(writing),
            readers: pool(options.readers.max(1)).connect_lazy_with(reading),
            turn: Arc::new(Mutex::new(())),
        })
    }

    /// Readers first, so that the writer's connection is the last one and leaves a checkpointed file.
    pub(crate) async fn close(&self) {
        self.readers.close().await;
        let _turn = self.turn.lock().await;
        self.writer.close().await;
    }
}

fn writing_options(url: &str) -> Result<SqliteConnectOptions, StoreError> {
    let unusable = |reason: &str| StoreError::Url { reason: reason.into() };
    let parsed =
        SqliteConnectOptions::from_str(url).map_err(|_| unusable("it does not name a sqlite file"))?;
    let path = parsed.get_filename();
    if url.contains('?') {
        return Err(unusable("a sqlite url takes no parameters"));
    }
    if path.as_os_str().is_empty() || url.contains(":memory:") {
        return Err(unusable("a book needs a file, not memory"));
    }
    Ok(settings(SqliteConnectOptions::new().filename(path))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .pragma("wal_autocheckpoint", "4000")
        .pragma("secure_delete", "FAST"))
}

fn settings(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        .pragma("temp_store", "MEMORY")
        .pragma("mmap_size", "0")
}

fn pool(size: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(size)
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(|connection, _| Box::pin(async move { Ok(verify(connection).await?) }))
}

/// Opens one connection and lets it go, because a pool hides the reason why its connections fail.
async fn probe(options: &SqliteConnectOptions) -> Result<(), StoreError> {
    let mut connection = SqliteConnection::connect_with(options).await?;
    verify(&mut connection).await?;
    Ok(connection.close().await?)
}

async fn verify(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let version: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&mut *connection).await?;
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *connection).await?;
    let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *connection).await?;
    check(&version, synchronous, &journal)
}

/// Refuses a library or a connection on which a commit might not last.
///
/// `version` is `sqlite_version()`; `synchronous` and `journal` are what the pragmas of those names answer.
pub(crate) fn check(version: &str, synchronous: i64, journal: &str) -> Result<(), StoreError> {
    let refuse = |setting, found: &dyn ToString, needed| {
        Err(StoreError::UnsafeSqlite { setting, found: found.to_string(), needed })
    };
    if version_of(version) < OLDEST_SQLITE {
        return refuse("version", &version, "3.51.3 or newer");
    }
    if synchronous != 2 {
        return refuse("synchronous", &synchronous, "2 (FULL)");
    }
    if !journal.eq_ignore_ascii_case("wal") {
        return refuse("journal_mode", &journal, "wal");
    }
    Ok(())
}

fn version_of(text: &str) -> (u32, u32, u32) {
    let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next())
}

impl From<StoreError> for sqlx::Error {
    /// For the driver's callbacks, which want its own error; [`StoreError::from`] takes ours out again.
    fn from(error: StoreError) -> sqlx::Error {
        match error {
            StoreError::Database(error) => error,
            ours => sqlx::Error::Configuration(Box::new(ours)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_library_is_refused() {
        for old in ["3.51.2", "3.46.1", "3.9.0", "2.99.99", "nonsense"] {
            assert!(
                matches!(check(old, 2, "wal"), Err(StoreError::UnsafeSqlite { setting: "version", .. })),
                "{old}"
            );
        }
        for new in ["3.51.3", "3.53.0", "4.0.0"] {
            assert!(check(new, 2, "wal").is_ok(), "{new}");
        }
    }

    #[test]
    fn a_connection_that_could_lose_a_commit_is_refused() {
        assert!(matches!(
            check("3.51.3", 1, "wal"),
            Err(StoreError::UnsafeSqlite { setting: "synchronous", .. })
        ));
        assert!(matches!(check("3.51.3", 2, "delete"), Err(StoreError::UnsafeSqlite { .. })));
    }

    #[test]
    fn a_book_needs_a_file() {
        for url in ["sqlite::memory:", "sqlite://", "sqlite://x.db?mode=memory"] {
            assert!(matches!(writing_options(url), Err(StoreError::Url { .. })), "{url}");
        }
        assert!(writing_options("sqlite://book.db").is_ok());
    }
}
