//! The book that the settings name, as a command opens it: it must be there already.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use secrecy::ExposeSecret;
use store::ledger::verify::Progress;
use store::{Db, DbOptions};

use crate::config::Config;

/// Where a book is kept.
pub enum Home {
    /// A file of SQLite.
    File(PathBuf),
    /// A database of PostgreSQL, by its URL.
    Server(String),
}

impl Home {
    /// Reads a database URL.
    pub fn of(url: &str) -> Home {
        match url.strip_prefix("sqlite:") {
            Some(path) => Home::File(percent_decoded(path.strip_prefix("//").unwrap_or(path)).into()),
            None => Home::Server(url.to_owned()),
        }
    }

    /// The word for its engine in a manifest.
    pub fn engine(&self) -> &'static str {
        match self {
            Home::File(_) => "sqlite",
            Home::Server(_) => "postgres",
        }
    }
}

/// The URL of the settings' database.
pub fn url(config: &Config) -> &str {
    config.database.url.expose_secret()
}

/// Opens the book at `url`, and never makes one.
///
/// Errors: there is none, or its schema is not that of this program.
pub async fn open(url: &str, readers: u32) -> anyhow::Result<Db> {
    if let Home::File(path) = Home::of(url)
        && !path.is_file()
    {
        bail!("there is no book at {}", path.display());
    }
    let db =
        Db::open(&DbOptions { url: url.to_owned(), readers }).await.context("the book cannot be opened")?;
    let pending = store::migrate::pending(&db).await?;
    if !pending.is_empty() {
        db.close().await;
        bail!("the book's schema lacks {}: run `moneybridge migrate`", pending.join(", "));
    }
    Ok(db)
}

/// A bar on standard error; nothing where that is no terminal.
pub fn bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    let style = ProgressStyle::with_template("{spinner} {msg:<12} {wide_bar} {human_pos}/{human_len}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// Shows how far a verification has come.
pub fn show(bar: &ProgressBar, progress: Progress) {
    bar.set_message(progress.stage.as_str());
    bar.set_length(progress.total);
    bar.set_position(progress.done);
}

/// Undoes `%41` and its like; a `+` stays what it is.
pub fn percent_decoded(text: &str) -> String {
    let pair = format!("x={}", text.replace('+', "%2B").replace('&', "%26"));
    let mut pairs = url::form_urlencoded::parse(pair.as_bytes());
    pairs.next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_tells_where_the_book_is() {
        for (url, path) in
            [("sqlite://data/a+b&c.db", "data/a+b&c.db"), ("sqlite:///var/my%20book.db", "/var/my book.db")]
        {
            assert!(matches!(Home::of(url), Home::File(found) if found.as_os_str() == path), "{url}");
        }
        assert!(matches!(Home::of("postgres://u@h/d"), Home::Server(url) if url == "postgres://u@h/d"));
    }
}
