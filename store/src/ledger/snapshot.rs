//! Several reads of one instant: a transaction that cannot write and sees the book as it was at its first read.
//!
//! It holds no lock that a writer waits for. On SQLite the log cannot be reset while it is open, on PostgreSQL old
//! rows are kept, so it should end with the work.

use sqlx::{Postgres, Sqlite, Transaction};

use crate::db::Backend;
use crate::{Conn, Db, StoreError};

pub(crate) enum Snapshot {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Snapshot {
    pub async fn of(db: &Db) -> Result<Snapshot, StoreError> {
        const POSTGRES: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        Ok(match db.backend() {
            Backend::Sqlite(sqlite) => Snapshot::Sqlite(sqlite.readers.begin_with("BEGIN").await?),
            Backend::Postgres(postgres) => {
                let mut transaction = postgres.readers.begin_with(POSTGRES).await?;
                sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut *transaction).await?;
                Snapshot::Postgres(transaction)
            }
        })
    }

    pub fn conn(&mut self) -> Conn<'_> {
        match self {
            Snapshot::Sqlite(transaction) => Conn::Sqlite(transaction),
            Snapshot::Postgres(transaction) => Conn::Postgres(transaction),
        }
    }
}
