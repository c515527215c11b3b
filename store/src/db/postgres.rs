//! PostgreSQL: a pool that writes, a pool that cannot, and a server that really flushes.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool};

use crate::db::DbOptions;
use crate::error::StoreError;

/// The oldest server that the statements and the tests know.
const OLDEST_SERVER: i64 = 150_000;

/// A stuck gateway must not hold a busy account for ever, nor wait for one.
const SESSION: &str = "SET idle_in_transaction_session_timeout = '60s'; SET lock_timeout = '10s'";
/// The writer's statements name rows by their keys, in arrays whose length the planner cannot know: it is to look each up,
/// and to plan a statement once.
const WRITING_SESSION: &str = "SET idle_in_transaction_session_timeout = '60s'; SET lock_timeout = '10s'; \
     SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off; \
     SET plan_cache_mode = force_generic_plan";
/// A connection that was not used for so long is tried before it is lent out; a busy one needs no round trip for that.
const UNUSED: Duration = Duration::from_secs(1);
const READING_SESSION: &str = "SET default_transaction_read_only = on";

/// The server, who writes and who reads.
pub(crate) struct PgBackend {
    pub(crate) pool: PgPool,
    /// Of the ledger's writer alone: nobody else keeps it waiting.
    pub(crate) writer: PgPool,
    pub(crate) readers: PgPool,
    /// For connections that must not inherit the pool's limits.
    pub(crate) options: Box<PgConnectOptions>,
}

impl PgBackend {
    pub(crate) async fn open(options: &DbOptions) -> Result<PgBackend, StoreError> {
        let connect = PgConnectOptions::from_str(&options.url)
            .map_err(|_| StoreError::Url { reason: "it does not name a postgres server".into() })?
            .application_name("moneybridge");
        probe(&connect).await?;
        let size = options.readers.max(2);
        Ok(PgBackend {
            pool: pool(size, SESSION).connect_lazy_with(connect.clone()),
            writer: pool(1, WRITING_SESSION).connect_lazy_with(connect.clone()),
            readers: pool(size, READING_SESSION).connect_lazy_with(connect.clone()),
            options: Box::new(connect),
        })
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
        self.pool.close().await;
    }
}

fn pool(size: u32, session: &'static str) -> PgPoolOptions {
    let options = PgPoolOptions::new().max_connections(size).test_before_acquire(false);
    let options = options.before_acquire(|connection, meta| {
        Box::pin(async move {
            if meta.idle_for > UNUSED {
                connection.ping().await?;
            }
            Ok(true)
        })
    });
    options.after_connect(move |connection, _| {
        Box::pin(async move {
            sqlx::raw_sql(session).execute(&mut *connection).await?;
            Ok(())
        })
    })
}

/// Opens one connection and lets it go, because a pool hides the reason why its connections fail.
async fn probe(options: &PgConnectOptions) -> Result<(), StoreError> {
    let mut connection = PgConnection::connect_with(options).await?;
    let version = setting(&mut connection, "server_version_num").await?;
    let fsync = setting(&mut connection, "fsync").await?;
    let commit = setting(&mut connection, "synchronous_commit").await?;
    check(&version, &fsync, &commit)?;
    Ok(connection.close().await?)
}

async fn setting(connection: &mut PgConnection, name: &'static str) -> Result<String, StoreError> {
    const SQL: &str = "SELECT current_setting($1)";
    Ok(sqlx::query_scalar(SQL).bind(name).fetch_one(connection).await?)
}

/// Refuses a server on which a commit might not last.
fn check(version: &str, fsync: &str, commit: &str) -> Result<(), StoreError> {
    let refuse = |setting, found: &str, needed| {
        Err(StoreError::UnsafePostgres { setting, found: found.to_owned(), needed })
    };
    if version.parse::<i64>().unwrap_or(0) < OLDEST_SERVER {
        return refuse("server_version_num", version, "150000 or newer");
    }
    if fsync != "on" {
        return refuse("fsync", fsync, "on");
    }
    if commit == "off" {
        return refuse("synchronous_commit", commit, "on, local, remote_write or remote_apply");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_could_lose_a_commit_is_refused() {
        assert!(check("150018", "on", "on").is_ok());
        for (version, fsync, commit) in
            [("140011", "on", "on"), ("150018", "off", "on"), ("150018", "on", "off"), ("", "on", "on")]
        {
            assert!(matches!(check(version, fsync, commit), Err(StoreError::UnsafePostgres { .. })));
        }
    }
}
