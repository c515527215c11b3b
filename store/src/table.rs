//! Rows of the tables that the writer fills, each declared once.
//!
//! From one declaration follow the struct, its reading under both engines, and its insertion: one `UNNEST` statement
//! over arrays on PostgreSQL, one prepared statement a row on SQLite's own thread (`docs/adr/0003-one-writer-batches-decided-in-memory.md` tells why).
//! Rows are plain database values; conversion from and to the domain is written by hand, in the aggregates' files.

use chrono::{DateTime, Utc};
use rusqlite::types::Value;
use uuid::Uuid;

/// A value as SQLite stores it; the same text and bytes that sqlx would write.
pub(crate) trait Lite {
    fn lite(&self) -> Value;
}

impl Lite for Uuid {
    fn lite(&self) -> Value {
        Value::Blob(self.as_bytes().to_vec())
    }
}

impl Lite for i64 {
    fn lite(&self) -> Value {
        Value::Integer(*self)
    }
}

impl Lite for bool {
    fn lite(&self) -> Value {
        Value::Integer(i64::from(*self))
    }
}

impl Lite for String {
    fn lite(&self) -> Value {
        Value::Text(self.clone())
    }
}

impl Lite for Vec<u8> {
    fn lite(&self) -> Value {
        Value::Blob(self.clone())
    }
}

impl Lite for DateTime<Utc> {
    fn lite(&self) -> Value {
        Value::Text(crate::time_text(*self))
    }
}

impl<T: Lite> Lite for Option<T> {
    fn lite(&self) -> Value {
        self.as_ref().map_or(Value::Null, Lite::lite)
    }
}

macro_rules! table {
    (
        $(#[$meta:meta])*
        pub struct $row:ident in $table:literal {
            $( $column:ident: $type:ty as $pg:literal, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
        pub(crate) struct $row {
            $( pub $column: $type, )+
        }

        #[allow(dead_code)]
        impl $row {
            const NAMES: &'static [&'static str] = &[$( stringify!($column) ),+];
            const TYPES: &'static [&'static str] = &[$( $pg ),+];

            /// Inserts all rows by one statement; `conflict` ends it, as `ON CONFLICT DO NOTHING RETURNING id`.
            pub fn insert_all(
                rows: &[$row],
                conflict: &'static str,
            ) -> (sqlx::AssertSqlSafe<String>, sqlx::postgres::PgArguments) {
                use sqlx::Arguments;
                let mut arguments = sqlx::postgres::PgArguments::default();
                $( let _ = arguments.add(rows.iter().map(|row| row.$column.clone()).collect::<Vec<$type>>()); )+
                let sql = $crate::table::insert_unnest($table, Self::NAMES, Self::TYPES, conflict);
                (sqlx::AssertSqlSafe(sql), arguments)
            }

            /// Adds the insertion of all rows to a statement; none adds nothing. `conflict` ends it, as
            /// `ON CONFLICT DO NOTHING RETURNING id`. Says the part's name.
            pub fn insert_part(
                rows: &[$row],
                conflict: &'static str,
                statement: &mut $crate::combined::Combined,
            ) -> Option<String> {
                if rows.is_empty() {
                    return None;
                }
                let mut arrays = Vec::with_capacity(Self::NAMES.len());
                $(
                    let bound = statement.bind(rows.iter().map(|row| row.$column.clone()).collect::<Vec<$type>>());
                    arrays.push(format!(concat!("{}::", $pg, "[]"), bound));
                )+
                let (columns, arrays) = (Self::NAMES.join(", "), arrays.join(", "));
                Some(statement.part(&format!(
                    concat!("INSERT INTO ", $table, " ({}) SELECT * FROM UNNEST({}) {}"), columns, arrays, conflict
                )))
            }

            /// Inserts this row on SQLite.
            pub fn insert_lite(&self, connection: &rusqlite::Connection, conflict: &'static str) -> rusqlite::Result<usize> {
                use $crate::table::Lite;
                static SQL: std::sync::LazyLock<String> =
                    std::sync::LazyLock::new(|| $crate::table::insert_values($table, $row::NAMES));
                let values = [$( self.$column.lite() ),+];
                let mut statement = if conflict.is_empty() {
                    connection.prepare_cached(&SQL)?
                } else {
                    connection.prepare_cached(&format!("{} {conflict}", *SQL))?
                };
                statement.execute(rusqlite::params_from_iter(values))
            }
        }
    };
}
pub(crate) use table;

pub(crate) fn insert_unnest(table: &str, names: &[&str], types: &[&str], conflict: &str) -> String {
    let columns = names.join(", ");
    let arrays: Vec<String> = types.iter().enumerate().map(|(i, t)| format!("${}::{t}[]", i + 1)).collect();
    format!("INSERT INTO {table} ({columns}) SELECT * FROM UNNEST({}) {conflict}", arrays.join(", "))
}

pub(crate) fn insert_values(table: &str, names: &[&str]) -> String {
    let columns = names.join(", ");
    let marks: Vec<String> = (1..=names.len()).map(|i| format!("?{i}")).collect();
    format!("INSERT INTO {table} ({columns}) VALUES ({})", marks.join(", "))
}
