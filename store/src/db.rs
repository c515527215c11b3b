//! The two databases behind one door: [`Db`] is the pools, [`Tx`] an open transaction, [`Reader`] a
//! connection that cannot write; all lend a [`Conn`], and `on!` compiles one body once per driver.
//!
//! On SQLite there is one writer at a time: [`Db::begin`] waits for the write turn, which the ledger's
//! writer takes too. A transaction that is dropped is rolled back, and the turn passes on after that.
//! No connection is handed out whose settings could lose a commit.
//!
//! Deliberately absent: statements of any table, and retries.

pub(crate) mod postgres;
pub(crate) mod sqlite;

use std::sync::Arc;

use sqlx::{PgConnection, Postgres, Sqlite, SqliteConnection, Transaction};
use tokio::sync::OwnedMutexGuard;

pub(crate) use postgres::PgBackend;
pub(crate) use sqlite::SqliteBackend;

use crate::error::StoreError;

/// Where the book lives, and how many may read at once.
#[derive(Clone, Debug)]
pub struct DbOptions {
    /// `sqlite://path/file.db` (the file is created, its folder is not) or `postgres://…`.
    pub url: String,
    /// Connections that read; on PostgreSQL as many again may write.
    pub readers: u32,
}

/// Which engine keeps the book.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// The open database: cheap to clone, shared by every service and worker.
#[derive(Clone)]
pub struct Db(Arc<Backend>);

pub(crate) enum Backend {
    Sqlite(SqliteBackend),
    Postgres(PgBackend),
}

impl Db {
    /// Opens the pools and checks what durability rests on; the schema is left as it is found.
    ///
    /// Errors: [`StoreError::Url`], [`StoreError::UnsafeSqlite`], [`StoreError::UnsafePostgres`], and what
    /// the driver says when the database cannot be reached.
    pub async fn open(options: &DbOptions) -> Result<Db, StoreError> {
        let backend = match options.url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => Backend::Sqlite(SqliteBackend::open(options).await?),
            Some("postgres" | "postgresql") => Backend::Postgres(PgBackend::open(options).await?),
            _ => return Err(StoreError::Url { reason: "it must begin with sqlite: or postgres:".into() }),
        };
        Ok(Db(Arc::new(backend)))
    }

    /// The engine behind this database.
    pub fn engine(&self) -> Engine {
        match &*self.0 {
            Backend::Sqlite(_) => Engine::Sqlite,
            Backend::Postgres(_) => Engine::Postgres,
        }
    }

    /// A connection that cannot write. Each statement sees its own snapshot.
    pub async fn read(&self) -> Result<Reader, StoreError> {
        Ok(Reader(match &*self.0 {
            Backend::Sqlite(sqlite) => ReaderKind::Sqlite(sqlite.readers.acquire().await?),
            Backend::Postgres(postgres) => ReaderKind::Postgres(postgres.readers.acquire().await?),
        }))
    }

    /// Opens a transaction that may write. On SQLite it waits for the write turn, in order of asking.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        let open = match &*self.0 {
            Backend::Sqlite(sqlite) => {
                let turn = sqlite.turn.clone().lock_owned().await;
                OpenTx::Sqlite(sqlite.writer.begin_with("BEGIN IMMEDIATE").await?, turn)
            }
            Backend::Postgres(postgres) => OpenTx::Postgres(postgres.pool.begin().await?),
        };
        Ok(Tx(Some(open)))
    }

    /// Closes every connection, after those lent out came back.
    pub async fn close(&self) {
        match &*self.0 {
            Backend::Sqlite(sqlite) => sqlite.close().await,
            Backend::Postgres(postgres) => postgres.close().await,
        }
    }

    pub(crate) fn backend(&self) -> &Backend {
        &self.0
    }
}

/// An open connection of either engine, as statements take it.
pub enum Conn<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

impl Conn<'_> {
    /// Lends the same connection again, for a function that wants to own its `Conn`.
    pub fn reborrow(&mut self) -> Conn<'_> {
        match self {
            Conn::Sqlite(connection) => Conn::Sqlite(connection),
            Conn::Postgres(connection) => Conn::Postgres(connection),
        }
    }
}

/// Compiles one body once per driver: `on!(conn, |c| query.fetch_one(&mut **c).await)`.
macro_rules! on {
    ($conn:expr, |$c:ident| $body:expr) => {
        match $conn {
            $crate::db::Conn::Sqlite($c) => $body,
            $crate::db::Conn::Postgres($c) => $body,
        }
    };
}
pub(crate) use on;

/// A connection that cannot write: the file is open read-only, or every transaction is.
pub struct Reader(ReaderKind);

enum ReaderKind {
    Sqlite(sqlx::pool::PoolConnection<Sqlite>),
    Postgres(sqlx::pool::PoolConnection<Postgres>),
}

impl Reader {
    /// The connection, as statements take it.
    pub fn conn(&mut self) -> Conn<'_> {
        match &mut self.0 {
            ReaderKind::Sqlite(connection) => Conn::Sqlite(connection),
            ReaderKind::Postgres(connection) => Conn::Postgres(connection),
        }
    }
}

/// An open transaction. Dropped without [`Tx::commit`], it is rolled back.
#[must_use = "a transaction that is dropped is rolled back"]
pub struct Tx(Option<OpenTx>);

enum OpenTx {
    Sqlite(Transaction<'static, Sqlite>, OwnedMutexGuard<()>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    /// The connection, as statements take it.
    pub fn conn(&mut self) -> Conn<'_> {
        match &mut self.0 {
            Some(OpenTx::Sqlite(transaction, _)) => Conn::Sqlite(transaction),
            Some(OpenTx::Postgres(transaction)) => Conn::Postgres(transaction),
            None => unreachable!("only commit and drop take the transaction out, and both end the handle"),
        }
    }

    /// Makes everything since [`Db::begin`] durable, or nothing of it.
    ///
    /// Errors: [`StoreError::CommitUnknown`] when the connection broke while committing; any other error
    /// means that nothing was written.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        let committed = match self.0.take() {
            Some(OpenTx::Sqlite(transaction, _turn)) => transaction.commit().await,
            Some(OpenTx::Postgres(transaction)) => transaction.commit().await,
            None => Ok(()),
        };
        committed.map_err(|error| match error {
            sqlx::Error::Database(_) => StoreError::from(error),
            broken => StoreError::CommitUnknown(broken),
        })
    }
}

impl Drop for Tx {
    /// The turn passes on only when the rollback is done, else the next writer would meet a locked file.
    fn drop(&mut self) {
        let Some(OpenTx::Sqlite(transaction, turn)) = self.0.take() else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = transaction.rollback().await {
                    tracing::warn!(error = &error as &dyn std::error::Error, "rollback failed");
                }
                drop(turn);
            });
        }
    }
}
