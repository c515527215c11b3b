//! Databases for tests: fresh, migrated, and gone at the end.
//!
//! SQLite always, in a folder of its own; PostgreSQL when `MONEYBRIDGE_TEST_POSTGRES` names a server where
//! databases may be created. With `MONEYBRIDGE_TEST_REQUIRE_POSTGRES=1` a missing server fails the test
//! instead of halving it in silence. On PostgreSQL each database is copied from a template that is
//! migrated once per schema and kept.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot start should stop"
)]

pub mod scene;

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};
use uuid::Uuid;

use crate::crypto::{Keyring, PersonKeys};
use crate::db::{Db, DbOptions, Engine};
use crate::migrate::{known, migrate};

/// How many may read at once; as many may write on PostgreSQL, so that races are real.
const CONNECTIONS: u32 = 8;

/// Serialises the making of databases between test processes.
const TEMPLATE_LOCK: i64 = 0x6d6f_6e65_7962;

/// A fresh database, dropped with its handle. It lends the [`Db`].
pub struct TestDb {
    db: Db,
    url: String,
    place: Place,
}

enum Place {
    Folder(PathBuf),
    Server { admin: Box<PgConnectOptions>, name: String },
}

/// Runs `test` once per engine, each time on a database of its own.
pub async fn on_each_database(test: impl AsyncFn(TestDb)) {
    for db in databases().await {
        eprintln!("on {:?}", db.engine());
        test(db).await;
    }
}

/// A fresh migrated database of each engine at hand.
///
/// # Panics
/// When a database cannot be made, or PostgreSQL is required and not given.
pub async fn databases() -> Vec<TestDb> {
    let mut all = vec![sqlite().await];
    if let Some(server) = postgres_server() {
        all.push(postgres(&server).await);
    }
    all
}

/// A fresh migrated SQLite file in a folder of its own.
pub async fn sqlite() -> TestDb {
    let folder = std::env::temp_dir().join(format!("moneybridge-test-{}", Uuid::new_v4()));
    std::fs::create_dir(&folder).expect("a folder for the test's database");
    let url = format!("sqlite://{}", folder.join("book.db").display());
    let db = open(&url).await;
    let test = TestDb { db, url, place: Place::Folder(folder) };
    migrate(&test.db).await.expect("a migrated database");
    test
}

/// The server named by `MONEYBRIDGE_TEST_POSTGRES`, if any.
pub fn postgres_server() -> Option<String> {
    let server = std::env::var("MONEYBRIDGE_TEST_POSTGRES").ok().filter(|url| !url.is_empty());
    let is_required = std::env::var("MONEYBRIDGE_TEST_REQUIRE_POSTGRES").is_ok_and(|value| value == "1");
    assert!(server.is_some() || !is_required, "MONEYBRIDGE_TEST_POSTGRES is required and not set");
    server
}

/// A fresh migrated database on `server`.
pub async fn postgres(server: &str) -> TestDb {
    let admin = PgConnectOptions::from_str(server).expect("MONEYBRIDGE_TEST_POSTGRES is a postgres url");
    let name = format!("moneybridge_test_{}", Uuid::new_v4().simple());
    let mut connection = PgConnection::connect_with(&admin).await.expect("a connection to the test server");
    lock(&mut connection).await;
    let template = template(&admin, &mut connection).await;
    execute(&mut connection, format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
    connection.close().await.expect("the test server to answer");
    let url = url_of(&admin, &name);
    TestDb { db: open(&url).await, url, place: Place::Server { admin: Box::new(admin), name } }
}

/// A database on `server` without any table.
pub async fn bare_postgres(server: &str) -> TestDb {
    let admin = PgConnectOptions::from_str(server).expect("MONEYBRIDGE_TEST_POSTGRES is a postgres url");
    let name = format!("moneybridge_test_{}", Uuid::new_v4().simple());
    let mut connection = PgConnection::connect_with(&admin).await.expect("a connection to the test server");
    execute(&mut connection, format!("CREATE DATABASE {name} TEMPLATE template0")).await;
    connection.close().await.expect("the test server to answer");
    let url = url_of(&admin, &name);
    TestDb { db: open(&url).await, url, place: Place::Server { admin: Box::new(admin), name } }
}

/// The keys of a book that only tests open.
pub fn person_keys() -> PersonKeys {
    PersonKeys::new(Arc::new(keyring()))
}

/// The keyring of a book that only tests open.
pub fn keyring() -> Keyring {
    Keyring::new(&[42; 32])
}

/// The instant at which tests begin: 2026-01-15 09:00 UTC.
pub fn instant() -> DateTime<Utc> {
    DateTime::from_timestamp_micros(1_768_467_600_000_000).expect("an instant of this century")
}

impl TestDb {
    /// What [`Db::open`] was given.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs a statement of the test's own, as somebody with the database's password could; answers the rows it hit.
    pub async fn execute(&self, sql: &str) -> u64 {
        let mut tx = self.db.begin().await.expect("a transaction of the test");
        let sql = AssertSqlSafe(sql.to_owned());
        let rows = crate::db::on!(tx.conn(), |c| {
            sqlx::query(sql).execute(&mut *c).await.map(|done| done.rows_affected())
        });
        tx.commit().await.expect("the test's own commit");
        rows.expect("the test's own statement")
    }

    /// Opens the same database again, as a second gateway would.
    pub async fn reopen(&self) -> Db {
        open(&self.url).await
    }

    /// The folder of the SQLite file; none on PostgreSQL.
    pub fn folder(&self) -> Option<&Path> {
        match &self.place {
            Place::Folder(folder) => Some(folder),
            Place::Server { .. } => None,
        }
    }
}

impl Deref for TestDb {
    type Target = Db;

    fn deref(&self) -> &Db {
        &self.db
    }
}

impl Drop for TestDb {
    /// Best effort: what stays behind is a folder of the temporary directory or an unused database.
    fn drop(&mut self) {
        match &self.place {
            Place::Folder(folder) => drop(std::fs::remove_dir_all(folder)),
            Place::Server { admin, name } => {
                let (admin, name) = (admin.clone(), name.clone());
                let dropping = std::thread::spawn(move || drop_database(&admin, &name));
                drop(dropping.join());
            }
        }
    }
}

async fn open(url: &str) -> Db {
    let options = DbOptions { url: url.to_owned(), readers: CONNECTIONS };
    Db::open(&options).await.expect("the test's database opens")
}

/// A database holding today's schema, made by whoever comes first and renamed when it is complete.
async fn template(admin: &PgConnectOptions, connection: &mut PgConnection) -> String {
    const EXISTS: &str = "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)";
    let schema: Vec<u8> =
        known(Engine::Postgres).iter().flat_map(|migration| migration.checksum.to_vec()).collect();
    let name = format!("moneybridge_template_{}", Uuid::new_v5(&Uuid::NAMESPACE_OID, &schema).simple());
    if sqlx::query_scalar(EXISTS).bind(&name).fetch_one(&mut *connection).await.unwrap() {
        return name;
    }
    let draft = format!("{name}_draft");
    execute(connection, format!("DROP DATABASE IF EXISTS {draft} WITH (FORCE)")).await;
    execute(connection, format!("CREATE DATABASE {draft}")).await;
    let db = open(&url_of(admin, &draft)).await;
    migrate(&db).await.expect("a migrated template");
    db.close().await;
    execute(connection, format!("ALTER DATABASE {draft} RENAME TO {name}")).await;
    name
}

/// Held until the connection closes.
async fn lock(connection: &mut PgConnection) {
    sqlx::query("SELECT pg_advisory_lock($1)").bind(TEMPLATE_LOCK).execute(connection).await.unwrap();
}

async fn execute(connection: &mut PgConnection, sql: String) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.unwrap();
}

fn url_of(admin: &PgConnectOptions, database: &str) -> String {
    admin.clone().database(database).to_url_lossy().to_string()
}

fn drop_database(admin: &PgConnectOptions, name: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = PgConnection::connect_with(admin).await.unwrap();
        execute(&mut connection, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
    });
}
