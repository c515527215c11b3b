//! `moneybridge restore`: puts a backup where no book is, and proves it by verifying it.
//!
//! Every file is compared with the manifest first, and the restored chain must lead to the block that the manifest
//! names. What is there is never overwritten.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use store::{Db, DbOptions};

use super::backup::{LastBlock, Manifest, PgTool, Place, copy_blobs, has_no_blobs};
use super::book::{self, Home};
use super::{FAILED, verify};
use crate::config::Config;

/// From where, and where to.
#[derive(Clone, Debug, Args)]
pub struct Restore {
    /// What `backup` made: its folder, or its file
    #[arg(long, value_name = "FILE|FOLDER")]
    pub from: PathBuf,
    /// sqlite://… or postgres://…; the settings' database when it is not said
    #[arg(long, value_name = "URL")]
    pub to: Option<String>,
}

/// Exits 0 when the restored book is whole.
pub async fn run(config: &Config, ask: &Restore) -> anyhow::Result<ExitCode> {
    let url = ask.to.as_deref().unwrap_or(book::url(config));
    let place = Place::existing(&ask.from)?;
    let manifest = checked(&place)?;
    let home = Home::of(url);
    if home.engine() != manifest.engine {
        bail!("a backup of {} cannot be restored into {}", manifest.engine, home.engine());
    }
    let blobs = blobs_of(config, ask, &home);
    if !manifest.blobs.is_empty() && !has_no_blobs(&blobs)? {
        bail!("{} holds blobs already; move them away first", blobs.display());
    }
    match &home {
        Home::File(path) => put_file(&place.book, path).await?,
        Home::Server(url) => put_dump(&place.book, url).await?,
    }
    copy_blobs(&place.blobs, &blobs)?;
    tell(url, config, &manifest).await
}

/// The folder of blobs that belongs to the book: beside a file that was named, else where the settings have it.
fn blobs_of(config: &Config, ask: &Restore, home: &Home) -> PathBuf {
    match (home, ask.to.is_some()) {
        (Home::File(path), true) => path.with_file_name("blobs"),
        _ => config.data_dir.join("blobs"),
    }
}

/// The manifest, once every file is what it says.
fn checked(place: &Place) -> anyhow::Result<Manifest> {
    let manifest = Manifest::read(&place.manifest)?;
    manifest.book.check(&place.book)?;
    for blob in &manifest.blobs {
        let path = Path::new(&blob.path);
        let leads_out = path.components().any(|part| !matches!(part, std::path::Component::Normal(_)));
        if leads_out {
            bail!("the manifest names {}, which is not below its folder", blob.path);
        }
        blob.check(&place.blobs.join(path))?;
    }
    Ok(manifest)
}

/// Copies the file beside its place, checks it, and gives it its name when it is whole.
async fn put_file(from: &Path, to: &Path) -> anyhow::Result<()> {
    for part in [to.to_owned(), beside(to, "-wal"), beside(to, "-shm")] {
        if part.exists() {
            bail!("{} is there already; move it away first", part.display());
        }
    }
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let draft = beside(to, ".restoring");
    let (from, checked) = (from.to_owned(), draft.clone());
    let copying = tokio::task::spawn_blocking(move || copied(&from, &checked));
    copying.await.context("the copy was stopped")??;
    std::fs::rename(&draft, to).with_context(|| format!("cannot make {}", to.display()))?;
    flush_folder(to)
}

fn copied(from: &Path, draft: &Path) -> anyhow::Result<()> {
    if draft.exists() {
        std::fs::remove_file(draft).with_context(|| format!("cannot remove {}", draft.display()))?;
    }
    let mut reading = std::fs::File::open(from).with_context(|| format!("cannot read {}", from.display()))?;
    let mut writing = super::backup::create_private(draft)?;
    std::io::copy(&mut reading, &mut writing).with_context(|| format!("cannot write {}", draft.display()))?;
    writing.sync_all()?;
    let wrong = store::backup::check_sqlite(draft).context("the backup is no SQLite book")?;
    if !wrong.is_empty() {
        bail!("the backup's file is damaged: {}", wrong.join("; "));
    }
    Ok(())
}

/// A new name is durable when its folder is.
fn flush_folder(file: &Path) -> anyhow::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(std::fs::File::open(folder)?.sync_all()?)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

async fn put_dump(from: &Path, url: &str) -> anyhow::Result<()> {
    let db = Db::open(&DbOptions { url: url.to_owned(), readers: 2 }).await?;
    let tables = store::backup::count_tables(&mut db.read().await?.conn()).await;
    db.close().await;
    match tables? {
        0 => PgTool::find("pg_restore")?.restore(url, from).await,
        tables => bail!("the database holds {tables} tables already; restore into an empty one"),
    }
}

/// Verifies what was restored and says what it is.
async fn tell(url: &str, config: &Config, manifest: &Manifest) -> anyhow::Result<ExitCode> {
    let db = book::open(url, config.database.readers).await.context("restored, but not verified")?;
    let anchor = manifest.last_block.as_ref().map(LastBlock::anchor).transpose()?;
    let stamp = store::backup::stamp(&mut db.read().await?.conn()).await?;
    let report = verify::verified(&db, anchor.as_ref()).await;
    db.close().await;
    let report = report?;
    let mut out = std::io::stdout().lock();
    let book = stamp.as_ref().map(|stamp| stamp.book.to_string());
    let name = book.clone().unwrap_or_else(|| "a book without a stamp".into());
    writeln!(out, "restored {name}, as it was at {}", manifest.taken_at)?;
    verify::tell(&mut out, &report)?;
    if book != manifest.book_id {
        bail!("the manifest is of another book: {:?}", manifest.book_id);
    }
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}
