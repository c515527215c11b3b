//! `moneybridge backup`: a copy of the live book and its blobs, with a manifest that tells what it is.
//!
//! The gateway goes on meanwhile. SQLite is copied by its own backup interface, PostgreSQL by its `pg_dump`. A backup
//! never takes the place of another file. Keys are not in it: without the master key nobody reads the people in it.

mod blobs;
mod manifest;
mod place;
mod tools;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use store::Db;

pub use blobs::{copy as copy_blobs, is_empty as has_no_blobs};
pub use manifest::{Digest, LastBlock, Manifest};
pub use place::{Place, create_private};
pub use tools::PgTool;

use super::book::{self, Home};
use crate::clock::Clock;
use crate::config::Config;

/// Where to.
#[derive(Clone, Debug, Args)]
pub struct Backup {
    /// A folder, which gets a folder of its own for this backup, or the name of a new file
    #[arg(long, value_name = "FILE|FOLDER")]
    pub to: PathBuf,
}

/// Copies the book and says where to.
pub async fn run(config: &Config, ask: &Backup) -> anyhow::Result<ExitCode> {
    let db = book::open(book::url(config), config.database.readers).await?;
    let home = Home::of(book::url(config));
    let now = Clock::default().now();
    let place = Place::fresh(&ask.to, home.engine(), now)?;
    let taken = take(config, &db, &home, &place, now).await;
    db.close().await;
    let manifest = taken?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", place.told().display())?;
    let last = manifest.last_block.as_ref().map_or(0, |last| last.number);
    let blobs = manifest.blobs.len();
    writeln!(out, "{} bytes of {}, up to block {last}, {blobs} blobs", manifest.book.bytes, manifest.engine)?;
    Ok(ExitCode::SUCCESS)
}

/// The book first, its blobs after: what the book speaks of is there by then.
async fn take(
    config: &Config,
    db: &Db,
    home: &Home,
    place: &Place,
    now: chrono::DateTime<chrono::Utc>,
) -> anyhow::Result<Manifest> {
    let stamp = store::backup::stamp(&mut db.read().await?.conn()).await?;
    let last = store::ledger::verify::head(&mut db.read().await?.conn()).await?;
    match home {
        Home::File(path) => copy_file(path, &place.book).await?,
        Home::Server(url) => PgTool::find("pg_dump")?.dump(url, &place.book).await?,
    }
    let blobs = blobs::copy(&config.data_dir.join("blobs"), &place.blobs)?;
    let manifest = Manifest {
        format: manifest::FORMAT.to_owned(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        engine: home.engine().to_owned(),
        book_id: stamp.as_ref().map(|stamp| stamp.book.to_string()),
        mode: stamp.map(|stamp| stamp.mode),
        taken_at: now.to_rfc3339(),
        last_block: last.map(LastBlock::of),
        book: Digest::of(&place.book, &place.book)?,
        blobs,
    };
    manifest.write(&place.manifest)?;
    Ok(manifest)
}

/// Copies a live SQLite file, with a bar.
async fn copy_file(from: &Path, to: &Path) -> anyhow::Result<()> {
    place::create_private(to)?;
    let bar = book::bar();
    bar.set_message("pages");
    let (from, to, shown) = (from.to_owned(), to.to_owned(), bar.clone());
    let copying = tokio::task::spawn_blocking(move || {
        store::backup::copy_sqlite(&from, &to, |done, total| {
            shown.set_length(total);
            shown.set_position(done);
        })
    });
    let copied = copying.await.context("the copy was stopped")?;
    bar.finish_and_clear();
    copied.context("the book cannot be copied")
}
