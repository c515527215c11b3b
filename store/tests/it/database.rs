//! What holds of connections, transactions, migrations and the book's stamp.

use std::sync::Arc;
use std::time::Duration;

use sqlx::{Connection, PgConnection, SqliteConnection};
use store::book::{Mode, open_book};
use store::crypto::Keyring;
use store::migrate::{migrate, pending};
use store::testkit::{self, instant, keyring, on_each_database};
use store::{Conn, Db, DbOptions, Engine, StoreError};

const COUNT: &str = "SELECT COUNT(*) FROM jobs";
const INSERT: &str = "INSERT INTO jobs (name, token) VALUES ($1, 1)";

async fn insert(conn: Conn<'_>, name: String) -> Result<u64, sqlx::Error> {
    Ok(match conn {
        Conn::Sqlite(c) => sqlx::query(INSERT).bind(name).execute(c).await?.rows_affected(),
        Conn::Postgres(c) => sqlx::query(INSERT).bind(name).execute(c).await?.rows_affected(),
    })
}

async fn count(db: &Db) -> i64 {
    match db.read().await.unwrap().conn() {
        Conn::Sqlite(c) => sqlx::query_scalar(COUNT).fetch_one(c).await.unwrap(),
        Conn::Postgres(c) => sqlx::query_scalar(COUNT).fetch_one(c).await.unwrap(),
    }
}

async fn pragma(conn: &mut SqliteConnection, sql: &'static str) -> String {
    let value: sqlx::sqlite::SqliteRow = sqlx::query(sql).fetch_one(conn).await.unwrap();
    use sqlx::Row;
    value.try_get::<i64, _>(0).map(|n| n.to_string()).unwrap_or_else(|_| value.get::<String, _>(0))
}

#[tokio::test]
async fn every_sqlite_connection_flushes_before_it_answers() {
    let db = testkit::sqlite().await;
    let (mut reader, mut tx) = (db.read().await.unwrap(), db.begin().await.unwrap());
    for (conn, is_writer) in [(reader.conn(), false), (tx.conn(), true)] {
        let Conn::Sqlite(c) = conn else { unreachable!() };
        assert_eq!(pragma(c, "PRAGMA synchronous").await, "2");
        assert_eq!(pragma(c, "PRAGMA journal_mode").await, "wal");
        assert_eq!(pragma(c, "PRAGMA foreign_keys").await, "1");
        assert_eq!(pragma(c, "PRAGMA busy_timeout").await, "5000");
        assert_eq!(pragma(c, "PRAGMA temp_store").await, "2");
        assert_eq!(pragma(c, "PRAGMA mmap_size").await, "0");
        if is_writer {
            assert_eq!(pragma(c, "PRAGMA wal_autocheckpoint").await, "4000");
            assert_eq!(pragma(c, "PRAGMA secure_delete").await, "2");
        }
    }
}

#[tokio::test]
async fn a_reader_cannot_write() {
    on_each_database(async |db| {
        let mut reader = db.read().await.unwrap();
        let refused = insert(reader.conn(), "x".into()).await.unwrap_err().to_string();
        assert!(refused.contains("readonly") || refused.contains("read-only"), "{refused}");
        assert_eq!(count(&db).await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_committed_transaction_is_seen_and_a_dropped_one_is_not() {
    on_each_database(async |db| {
        let mut kept = db.begin().await.unwrap();
        insert(kept.conn(), "kept".into()).await.unwrap();
        kept.commit().await.unwrap();
        let mut dropped = db.begin().await.unwrap();
        insert(dropped.conn(), "dropped".into()).await.unwrap();
        drop(dropped);
        let next = db.begin().await.unwrap();
        next.commit().await.unwrap();
        assert_eq!(count(&db).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writers_take_turns() {
    on_each_database(async |db| {
        let writers: Vec<_> = (0..64).map(|n| tokio::spawn(write_or_drop(db.clone(), n))).collect();
        for writer in writers {
            writer.await.unwrap();
        }
        assert_eq!(count(&db).await, 32);
    })
    .await;
}

async fn write_or_drop(db: Db, n: i64) {
    let mut tx = db.begin().await.unwrap();
    insert(tx.conn(), format!("job {n}")).await.unwrap();
    if n % 2 == 0 {
        tx.commit().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_for_the_turn_can_be_given_up() {
    let db = testkit::sqlite().await;
    let mut held = db.begin().await.unwrap();
    for _ in 0..8 {
        assert!(tokio::time::timeout(Duration::from_millis(1), db.begin()).await.is_err());
    }
    insert(held.conn(), "held".into()).await.unwrap();
    held.commit().await.unwrap();
    db.begin().await.unwrap().commit().await.unwrap();
    assert_eq!(count(&db).await, 1);
}

#[tokio::test]
async fn what_cannot_be_opened_says_why() {
    let open = async |url: &str| Db::open(&DbOptions { url: url.into(), readers: 1 }).await.err().unwrap();
    assert!(matches!(open("mysql://localhost/x").await, StoreError::Url { .. }));
    assert!(matches!(open("sqlite::memory:").await, StoreError::Url { .. }));
    assert!(matches!(open("sqlite:///no/such/folder/book.db").await, StoreError::Database(_)));
    let secret = open("postgress://user:hunter2@localhost/x").await;
    assert!(!format!("{secret} {secret:?}").contains("hunter2"));
}

#[tokio::test]
async fn an_empty_database_names_its_pending_migrations() {
    on_each_database(async |db| {
        assert!(pending(&db).await.unwrap().is_empty());
        assert!(migrate(&db).await.unwrap().is_empty());
        forget_the_schema(&db).await;
        let all = pending(&db).await.unwrap();
        assert_eq!(all.first().unwrap(), "0001_book");
        assert_eq!(migrate(&db).await.unwrap(), all);
        assert!(pending(&db).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_interrupted_migration_is_pending() {
    on_each_database(async |db| {
        history(&db, "UPDATE _sqlx_migrations SET success = FALSE").await;
        assert_eq!(pending(&db).await.unwrap().first().unwrap(), "0001_book");
        assert!(matches!(migrate(&db).await, Err(StoreError::Migrate(_))));
    })
    .await;
}

#[tokio::test]
async fn a_changed_or_unknown_migration_is_refused() {
    const LATER: &str = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                         SELECT 999, 'later', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1";
    on_each_database(async |db| {
        history(&db, LATER).await;
        assert!(matches!(pending(&db).await, Err(StoreError::Migrate(_))));
        history(&db, "DELETE FROM _sqlx_migrations WHERE version = 999").await;
        assert!(pending(&db).await.unwrap().is_empty());
        history(&db, tampering(db.engine())).await;
        assert!(matches!(pending(&db).await, Err(StoreError::Migrate(_))));
        assert!(matches!(migrate(&db).await, Err(StoreError::Migrate(_))));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gateways_that_start_together_migrate_once() {
    on_each_database(async |db| {
        forget_the_schema(&db).await;
        let shared: Arc<Db> = Arc::new((*db).clone());
        let starting: Vec<_> = (0..4)
            .map(|_| {
                tokio::spawn({
                    let db = shared.clone();
                    async move { migrate(&db).await }
                })
            })
            .collect();
        for start in starting {
            start.await.unwrap().unwrap();
        }
        assert!(pending(&db).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_book_serves_one_mode_and_one_key() {
    on_each_database(async |db| {
        let (keys, other) = (keyring(), Keyring::new(&[43; 32]));
        let book = open_book(&db, Mode::Sandbox, &keys, instant()).await.unwrap();
        assert_eq!((book.mode, book.created_at), (Mode::Sandbox, instant()));
        let later = instant() + chrono::Duration::days(1);
        assert_eq!(open_book(&db, Mode::Sandbox, &keys, later).await.unwrap(), book);
        let refused = open_book(&db, Mode::Live, &keys, later).await.unwrap_err();
        assert_eq!(refused.to_string(), "the book was opened as sandbox, this gateway runs as live");
        assert!(matches!(open_book(&db, Mode::Sandbox, &other, later).await, Err(StoreError::WrongKey)));
        assert_eq!(open_book(&db, Mode::Sandbox, &keys, later).await.unwrap(), book);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_book_is_stamped_once() {
    on_each_database(async |db| {
        let opening: Vec<_> = (0..16)
            .map(|n| {
                let db = (*db).clone();
                let mode = if n % 2 == 0 { Mode::Sandbox } else { Mode::Live };
                tokio::spawn(async move { open_book(&db, mode, &keyring(), instant()).await })
            })
            .collect();
        let mut books = Vec::new();
        for opened in opening {
            books.extend(opened.await.unwrap().ok());
        }
        assert_eq!(books.len(), 8);
        assert!(books.iter().all(|book| *book == books[0]));
    })
    .await;
}

fn tampering(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "UPDATE _sqlx_migrations SET checksum = x'00'",
        Engine::Postgres => "UPDATE _sqlx_migrations SET checksum = '\\x00'",
    }
}

/// Changes the history of migrations, which no store function does.
async fn history(db: &testkit::TestDb, sql: &'static str) {
    let mut tx = db.begin().await.unwrap();
    match tx.conn() {
        Conn::Sqlite(c) => drop(sqlx::raw_sql(sql).execute(c).await.unwrap()),
        Conn::Postgres(c) => drop(sqlx::raw_sql(sql).execute(c).await.unwrap()),
    }
    tx.commit().await.unwrap();
}

/// Back to a database that was never migrated.
async fn forget_the_schema(db: &testkit::TestDb) {
    match db.engine() {
        Engine::Postgres => {
            let mut server = PgConnection::connect(db.url()).await.unwrap();
            sqlx::raw_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
                .execute(&mut server)
                .await
                .unwrap();
        }
        Engine::Sqlite => {
            let mut tx = db.begin().await.unwrap();
            let Conn::Sqlite(c) = tx.conn() else { unreachable!() };
            const TABLES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table'";
            let tables: Vec<String> = sqlx::query_scalar(TABLES).fetch_all(&mut *c).await.unwrap();
            for table in tables {
                sqlx::raw_sql(sqlx::AssertSqlSafe(format!("DROP TABLE {table}")))
                    .execute(&mut *c)
                    .await
                    .unwrap();
            }
            tx.commit().await.unwrap();
        }
    }
}
