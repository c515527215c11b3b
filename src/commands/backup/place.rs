//! Where a backup lies: in a folder of its own, or as a file with its manifest and blobs beside it.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use chrono::{DateTime, SecondsFormat, Utc};

/// The parts of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The book's copy.
    pub book: PathBuf,
    /// What it is.
    pub manifest: PathBuf,
    /// Copies of its blobs.
    pub blobs: PathBuf,
    folder: Option<PathBuf>,
}

impl Place {
    /// A place for a new backup. Nothing may be there.
    pub fn fresh(to: &Path, engine: &str, now: DateTime<Utc>) -> anyhow::Result<Place> {
        let is_folder = to.is_dir() || to.as_os_str().to_string_lossy().ends_with('/');
        let place = if is_folder {
            let instant = now.to_rfc3339_opts(SecondsFormat::Secs, true).replace(':', "-");
            let folder = to.join(format!("moneybridge-{instant}"));
            std::fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
            std::fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
            Place::in_folder(&folder, engine)
        } else {
            Place::beside(to)
        };
        for part in [&place.book, &place.manifest, &place.blobs] {
            if part.exists() {
                bail!("{} is there already; a backup takes no other file's place", part.display());
            }
        }
        Ok(place)
    }

    /// The place of an existing backup: its folder, its book, or its manifest.
    pub fn existing(from: &Path) -> anyhow::Result<Place> {
        if from.is_dir() {
            let engine = if from.join("book.dump").exists() { "postgres" } else { "sqlite" };
            return Ok(Place::in_folder(from, engine));
        }
        if from.file_name().is_some_and(|name| name == "manifest.json")
            && let Some(folder) = from.parent()
        {
            return Place::existing(folder);
        }
        if !from.is_file() {
            bail!("there is no backup at {}", from.display());
        }
        Ok(Place::beside(from))
    }

    fn in_folder(folder: &Path, engine: &str) -> Place {
        let book = if engine == "postgres" { "book.dump" } else { "book.db" };
        Place {
            book: folder.join(book),
            manifest: folder.join("manifest.json"),
            blobs: folder.join("blobs"),
            folder: Some(folder.to_owned()),
        }
    }

    fn beside(file: &Path) -> Place {
        let with = |ending: &str| {
            let mut name = OsString::from(file);
            name.push(ending);
            PathBuf::from(name)
        };
        Place { book: file.to_owned(), manifest: with(".manifest.json"), blobs: with(".blobs"), folder: None }
    }

    /// What a person would name it by.
    pub fn told(&self) -> &Path {
        self.folder.as_ref().unwrap_or(&self.book)
    }
}

/// Makes an empty file that only its owner reads; never in another's place.
pub fn create_private(path: &Path) -> anyhow::Result<std::fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).with_context(|| format!("cannot make {}", path.display()))
}
