//! The book's own row: which mode it serves and which master key it is sealed with.
//!
//! A book is stamped once, when it is empty, and never serves the other mode or another key.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::crypto::{Aad, Keyring};
use crate::db::{Conn, Db, Tx, on};
use crate::error::StoreError;
use crate::fresh_id;

/// What the book is for: play money at simulators, or real money at providers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    Sandbox,
    Live,
}

impl Mode {
    /// The word used in configuration, SQL and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Sandbox => "sandbox",
            Mode::Live => "live",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no mode.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("mode {0} is neither sandbox nor live")]
pub struct UnknownMode(pub String);

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(word: &str) -> Result<Mode, UnknownMode> {
        match word {
            "sandbox" => Ok(Mode::Sandbox),
            "live" => Ok(Mode::Live),
            other => Err(UnknownMode(other.to_owned())),
        }
    }
}

/// The stamp of a book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Book {
    pub id: Uuid,
    pub mode: Mode,
    pub created_at: DateTime<Utc>,
}

/// Stamps a new book, or proves that this one is of `mode` and sealed with `keyring`.
///
/// Errors: [`StoreError::WrongMode`], [`StoreError::WrongKey`]; the book is left as it was.
pub async fn open_book(
    db: &Db,
    mode: Mode,
    keyring: &Keyring,
    now: DateTime<Utc>,
) -> Result<Book, StoreError> {
    if let Some(row) = find(&mut db.read().await?.conn()).await? {
        return row.prove(mode, keyring);
    }
    let mut tx = db.begin().await?;
    stamp(&mut tx, mode, keyring, now).await?;
    let row = find(&mut tx.conn()).await?.ok_or_else(|| StoreError::corrupt("book", 1))?;
    tx.commit().await?;
    row.prove(mode, keyring)
}

/// When the book was stamped; `None` before that.
pub async fn created_at(conn: &mut Conn<'_>) -> Result<Option<DateTime<Utc>>, StoreError> {
    Ok(find(conn).await?.map(|row| row.created_at))
}

/// What every key check says when it is opened with the right key.
const KEY_CHECK: &[u8] = b"this book opens with this key";

fn key_check_aad(book: Uuid) -> Aad {
    Aad { table: "book", column: "key_check", row: book }
}

async fn stamp(tx: &mut Tx, mode: Mode, keyring: &Keyring, now: DateTime<Utc>) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO book (id, book_id, mode, key_check, created_at) VALUES (1, $1, $2, $3, $4) \
                       ON CONFLICT (id) DO NOTHING";
    let id = fresh_id(now);
    let check = keyring.seal_book(key_check_aad(id), KEY_CHECK);
    on!(&mut tx.conn(), |c| {
        sqlx::query(SQL).bind(id).bind(mode.as_str()).bind(check).bind(now).execute(&mut **c).await.map(drop)
    })?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct BookRow {
    book_id: Uuid,
    mode: String,
    key_check: Vec<u8>,
    created_at: DateTime<Utc>,
}

impl BookRow {
    fn prove(self, asked: Mode, keyring: &Keyring) -> Result<Book, StoreError> {
        let mode: Mode = self.mode.parse().map_err(|_| StoreError::corrupt("book", self.book_id))?;
        if mode != asked {
            return Err(StoreError::WrongMode { book: mode, asked });
        }
        match keyring.open_book(key_check_aad(self.book_id), &self.key_check) {
            Ok(plain) if plain == KEY_CHECK => {
                Ok(Book { id: self.book_id, mode, created_at: self.created_at })
            }
            _ => Err(StoreError::WrongKey),
        }
    }
}

async fn find(conn: &mut Conn<'_>) -> Result<Option<BookRow>, StoreError> {
    const SQL: &str = "SELECT book_id, mode, key_check, created_at FROM book WHERE id = 1";
    Ok(on!(conn, |c| sqlx::query_as(SQL).fetch_optional(&mut **c).await)?)
}
