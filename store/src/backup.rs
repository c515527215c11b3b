//! What a backup needs of the store: a copy of a live SQLite book, and what a book says of itself.
//!
//! The copy is of one instant, however long it takes and whatever is written meanwhile: the source is read in one
//! transaction, which holds up nobody. PostgreSQL has tools of its own for this.

use std::path::Path;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use uuid::Uuid;

use crate::db::on;
use crate::{Conn, StoreError};

/// Pages that are copied between two reports of progress: 8 MiB.
const PAGES: i32 = 2048;
/// How long to wait for a lock that somebody holds for a moment.
const PAUSE: Duration = Duration::from_millis(20);

/// What a book is stamped with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub book: Uuid,
    /// `sandbox` or `live`.
    pub mode: String,
}

/// The book's stamp; none when it was never opened by a gateway.
pub async fn stamp(conn: &mut Conn<'_>) -> Result<Option<Stamp>, StoreError> {
    const SQL: &str = "SELECT book_id, mode FROM book WHERE id = 1";
    let row: Option<(Uuid, String)> = on!(conn, |c| sqlx::query_as(SQL).fetch_optional(&mut **c).await)?;
    Ok(row.map(|(book, mode)| Stamp { book, mode }))
}

/// Copies the SQLite file `from` to `to`, which must not be a database yet, while others may write to `from`.
///
/// `progress` is told how many pages are copied, and of how many. The copy is one file, whole and flushed. Blocks.
pub fn copy_sqlite(from: &Path, to: &Path, mut progress: impl FnMut(u64, u64)) -> Result<(), StoreError> {
    let source = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    source.busy_timeout(Duration::from_secs(5))?;
    let mut target = Connection::open(to)?;
    target.execute_batch("PRAGMA synchronous = FULL")?;
    // The open transaction keeps every step on the same snapshot, so that no writer can make it begin anew.
    source.execute_batch("BEGIN")?;
    source.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |_| Ok(()))?;
    {
        let backup = Backup::new(&source, &mut target)?;
        loop {
            let step = backup.step(PAGES)?;
            let pages = backup.progress();
            let count = |pages: i32| u64::try_from(pages).unwrap_or(0);
            progress(count(pages.pagecount - pages.remaining), count(pages.pagecount));
            match step {
                StepResult::Done => break,
                StepResult::Busy | StepResult::Locked => std::thread::sleep(PAUSE),
                _ => {}
            }
        }
    }
    source.execute_batch("ROLLBACK")?;
    // One file, without a log beside it.
    target.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
    target.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// What SQLite itself finds wrong with a file that nobody writes to; nothing when it is sound. Blocks.
pub fn check_sqlite(path: &Path) -> Result<Vec<String>, StoreError> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut statement = connection.prepare("PRAGMA integrity_check(20)")?;
    let lines = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    Ok(lines.into_iter().filter(|line| line != "ok").collect())
}

/// How many tables a database has, ours or not: a backup is restored into one that has none.
pub async fn count_tables(conn: &mut Conn<'_>) -> Result<i64, StoreError> {
    const SQLITE: &str = "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table'";
    const POSTGRES: &str = "SELECT COUNT(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')";
    Ok(match conn {
        Conn::Sqlite(c) => sqlx::query_scalar(SQLITE).fetch_one(&mut **c).await?,
        Conn::Postgres(c) => sqlx::query_scalar(POSTGRES).fetch_one(&mut **c).await?,
    })
}
