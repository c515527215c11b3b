//! The two schemas say the same: tables, columns, nullability, kinds of values, indexes.

use std::collections::BTreeSet;

use store::testkit::{self, TestDb};
use store::{Conn, Engine};

/// One column, as both engines can state it.
type Column = (String, String, &'static str, bool);

#[tokio::test]
async fn both_engines_have_the_same_tables_columns_and_indexes() {
    let Some(server) = testkit::postgres_server() else { return };
    let (sqlite, postgres) = (testkit::sqlite().await, testkit::postgres(&server).await);
    let (ours, theirs) = (columns(&sqlite).await, columns(&postgres).await);
    assert!(ours.len() > 100, "only {} columns were found", ours.len());
    assert_eq!(ours.difference(&theirs).collect::<Vec<_>>(), Vec::<&Column>::new(), "only in sqlite");
    assert_eq!(theirs.difference(&ours).collect::<Vec<_>>(), Vec::<&Column>::new(), "only in postgres");
    assert_eq!(indexes(&sqlite).await, indexes(&postgres).await);
}

#[tokio::test]
async fn every_sqlite_table_is_strict() {
    const SQL: &str = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0 \
                       AND name NOT LIKE 'sqlite~_%' ESCAPE '~' AND name <> '_sqlx_migrations'";
    let db = testkit::sqlite().await;
    assert_eq!(names(&db, SQL).await, BTreeSet::new());
}

async fn columns(db: &TestDb) -> BTreeSet<Column> {
    const IN_SQLITE: &str = "SELECT t.name, c.name, c.type, c.\"notnull\" = 0 AND c.pk = 0 \
         FROM sqlite_schema t, pragma_table_info(t.name) c \
         WHERE t.type = 'table' AND t.name <> '_sqlx_migrations' AND t.name NOT LIKE 'sqlite~_%' ESCAPE '~'";
    const IN_POSTGRES: &str = "SELECT t.relname::text, c.attname::text, c.atttypid::regtype::text, NOT c.attnotnull \
         FROM pg_class t JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum > 0 AND NOT c.attisdropped \
         WHERE t.relkind IN ('r', 'p') AND NOT t.relispartition AND t.relname <> '_sqlx_migrations' \
           AND t.relnamespace = 'public'::regnamespace";
    let mut reader = db.read().await.unwrap();
    let rows: Vec<(String, String, String, bool)> = match reader.conn() {
        Conn::Sqlite(c) => sqlx::query_as(IN_SQLITE).fetch_all(c).await.unwrap(),
        Conn::Postgres(c) => sqlx::query_as(IN_POSTGRES).fetch_all(c).await.unwrap(),
    };
    let kind = |column: &str, words: &str| kind(db.engine(), column, words);
    rows.into_iter()
        .map(|(table, column, of, nullable)| {
            let kind = kind(&column, &of);
            (table, column, kind, nullable)
        })
        .collect()
}

/// The table of the house: which PostgreSQL type stands beside which SQLite one.
fn kind(engine: Engine, column: &str, of: &str) -> &'static str {
    match (engine, of) {
        (Engine::Sqlite, "BLOB") | (Engine::Postgres, "uuid" | "bytea") => "bytes",
        (Engine::Sqlite, "INTEGER") | (Engine::Postgres, "bigint" | "boolean") => "integer",
        (Engine::Sqlite, "TEXT") | (Engine::Postgres, "text" | "timestamp with time zone" | "jsonb") => {
            "text"
        }
        _ => panic!("{column} is {of}, which the house does not use"),
    }
}

async fn indexes(db: &TestDb) -> BTreeSet<String> {
    const IN_SQLITE: &str =
        "SELECT tbl_name || '.' || name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL";
    const IN_POSTGRES: &str = "SELECT t.relname || '.' || i.relname FROM pg_index x \
         JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid \
         WHERE t.relnamespace = 'public'::regnamespace AND NOT t.relispartition \
           AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = x.indexrelid)";
    match db.engine() {
        Engine::Sqlite => names(db, IN_SQLITE).await,
        Engine::Postgres => names(db, IN_POSTGRES).await,
    }
}

async fn names(db: &TestDb, sql: &'static str) -> BTreeSet<String> {
    let mut reader = db.read().await.unwrap();
    let names: Vec<String> = match reader.conn() {
        Conn::Sqlite(c) => sqlx::query_scalar(sql).fetch_all(c).await.unwrap(),
        Conn::Postgres(c) => sqlx::query_scalar(sql).fetch_all(c).await.unwrap(),
    };
    names.into_iter().collect()
}
