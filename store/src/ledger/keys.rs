//! Statements about many keys at once: an array on PostgreSQL, a JSON list on SQLite.

use uuid::Uuid;

/// Runs `before <column> IN these keys after` and reads the rows, on either engine.
///
/// `keys` is a slice of ids: `by_ids!(conn, &ids, "SELECT * FROM entries WHERE batch_id", "ORDER BY batch_id, ord")`.
macro_rules! by_ids {
    ($conn:expr, $ids:expr, $before:literal, $after:literal) => {
        match $conn {
            $crate::Conn::Sqlite(c) => {
                const SQL: &str = concat!($before, " IN (SELECT unhex(value) FROM json_each($1)) ", $after);
                sqlx::query_as(SQL).bind($crate::ledger::keys::hex_list($ids)).fetch_all(&mut **c).await
            }
            $crate::Conn::Postgres(c) => {
                const SQL: &str = concat!($before, " = ANY($1) ", $after);
                sqlx::query_as(SQL).bind($ids.to_vec()).fetch_all(&mut **c).await
            }
        }
    };
}
pub(crate) use by_ids;

/// The same for a slice of words.
macro_rules! by_words {
    ($conn:expr, $words:expr, $before:literal, $after:literal) => {
        match $conn {
            $crate::Conn::Sqlite(c) => {
                const SQL: &str = concat!($before, " IN (SELECT value FROM json_each($1)) ", $after);
                sqlx::query_as(SQL).bind(serde_json::json!($words).to_string()).fetch_all(&mut **c).await
            }
            $crate::Conn::Postgres(c) => {
                const SQL: &str = concat!($before, " = ANY($1) ", $after);
                sqlx::query_as(SQL).bind($words.to_vec()).fetch_all(&mut **c).await
            }
        }
    };
}
pub(crate) use by_words;

/// A JSON list of the ids' hexadecimal digits, which `unhex` turns back into what the column holds.
pub(crate) fn hex_list(ids: &[Uuid]) -> String {
    let digits: Vec<String> = ids.iter().map(|id| format!("\"{}\"", id.simple())).collect();
    format!("[{}]", digits.join(","))
}
