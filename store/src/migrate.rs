//! The schema's history: which migrations this program knows, which ones the database has, and the step
//! between.
//!
//! A migration is applied whole or not at all, and its text is compared with what was applied once.
//! Deliberately absent: going back. A book moves forward, or is restored from a backup.

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::PgPoolOptions;

use crate::db::{Backend, Conn, Db, Engine, on};
use crate::error::StoreError;

static SQLITE: Migrator = sqlx::migrate!("../migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("../migrations/postgres");

/// Applies what is pending, in order, and names it. Two gateways may call it at once: one waits, for as long
/// as the other takes, which is why PostgreSQL is given a connection without the pool's lock timeout.
///
/// Errors: [`StoreError::Migrate`] when a statement fails, when an applied migration reads differently today,
/// or when the database holds one that this program does not know.
pub async fn migrate(db: &Db) -> Result<Vec<String>, StoreError> {
    let waiting = pending(db).await?;
    match db.backend() {
        Backend::Sqlite(sqlite) => {
            let _turn = sqlite.turn.lock().await;
            SQLITE.run(&sqlite.writer).await?;
        }
        Backend::Postgres(postgres) => {
            let one = PgPoolOptions::new().max_connections(1);
            let unhurried = one.connect_with((*postgres.options).clone()).await?;
            POSTGRES.run(&unhurried).await?;
            unhurried.close().await;
        }
    }
    Ok(waiting)
}

/// The migrations that this program needs and the database lacks, as `0001_book`; one that was begun and
/// never finished counts as lacking. Empty means that the gateway may serve.
///
/// Errors: [`StoreError::Migrate`] as for [`migrate`]; nothing is written.
pub async fn pending(db: &Db) -> Result<Vec<String>, StoreError> {
    let applied = applied(&mut db.read().await?.conn()).await?;
    let known = known(db.engine());
    for row in &applied {
        let migration = known.iter().find(|migration| migration.version == row.version);
        let migration = migration.ok_or(MigrateError::VersionMissing(row.version))?;
        if *migration.checksum != *row.checksum {
            return Err(MigrateError::VersionMismatch(row.version).into());
        }
    }
    let is_done = |version| applied.iter().any(|row| row.version == version && row.success);
    Ok(known.iter().filter(|migration| !is_done(migration.version)).map(name).collect())
}

pub(crate) fn known(engine: Engine) -> &'static Migrator {
    match engine {
        Engine::Sqlite => &SQLITE,
        Engine::Postgres => &POSTGRES,
    }
}

fn name(migration: &sqlx::migrate::Migration) -> String {
    format!("{:04}_{}", migration.version, migration.description.replace(' ', "_"))
}

#[derive(sqlx::FromRow)]
struct AppliedRow {
    version: i64,
    success: bool,
    checksum: Vec<u8>,
}

async fn applied(conn: &mut Conn<'_>) -> Result<Vec<AppliedRow>, StoreError> {
    const SQL: &str = "SELECT version, success, checksum FROM _sqlx_migrations ORDER BY version";
    if !has_history(conn).await? {
        return Ok(Vec::new());
    }
    Ok(on!(conn, |c| sqlx::query_as(SQL).fetch_all(&mut **c).await)?)
}

async fn has_history(conn: &mut Conn<'_>) -> Result<bool, StoreError> {
    const IN_SQLITE: &str = "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = '_sqlx_migrations')";
    const IN_POSTGRES: &str = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";
    Ok(match conn {
        Conn::Sqlite(c) => sqlx::query_scalar(IN_SQLITE).fetch_one(&mut **c).await?,
        Conn::Postgres(c) => sqlx::query_scalar(IN_POSTGRES).fetch_one(&mut **c).await?,
    })
}
