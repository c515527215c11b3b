//! The manifest of a backup: which book it is of, how far it goes, and what its files must be.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use store::ledger::verify::Anchor;

/// The one form that is written; another is not read.
pub const FORMAT: &str = "moneybridge backup v1";

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub format: String,
    /// Version of the program that made it.
    pub program: String,
    /// `sqlite` or `postgres`.
    pub engine: String,
    /// The book's identity; none if no gateway ever opened it.
    pub book_id: Option<String>,
    pub mode: Option<String>,
    pub taken_at: String,
    /// The last block before the copy was taken: the copy leads to it, or further.
    pub last_block: Option<LastBlock>,
    pub book: Digest,
    pub blobs: Vec<Digest>,
}

/// A block by number and hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastBlock {
    pub number: i64,
    pub hash: String,
}

/// A file by its name and what is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// Relative to the folder it is in.
    pub path: String,
    pub bytes: u64,
    pub sha256: String,
}

impl LastBlock {
    /// Of what the book said.
    pub fn of(anchor: Anchor) -> LastBlock {
        LastBlock { number: anchor.block, hash: hex::encode(anchor.hash) }
    }

    /// What the restored book must lead to.
    pub fn anchor(&self) -> anyhow::Result<Anchor> {
        let hash = hex::decode(&self.hash).context("the manifest's last block has no readable hash")?;
        Ok(Anchor { block: self.number, hash })
    }
}

impl Digest {
    /// Of a file, named relative to the folder that `within` is in or is.
    pub fn of(file: &Path, within: &Path) -> anyhow::Result<Digest> {
        let name = match file == within {
            true => file.file_name().map(Path::new).unwrap_or(file),
            false => file.strip_prefix(within).unwrap_or(file),
        };
        let (bytes, sha256) = digest(file)?;
        Ok(Digest { path: name.to_string_lossy().into_owned(), bytes, sha256 })
    }

    /// That the file is still what it was.
    pub fn check(&self, file: &Path) -> anyhow::Result<()> {
        let (bytes, sha256) = digest(file)?;
        if (bytes, &sha256) != (self.bytes, &self.sha256) {
            bail!("{} is not what was backed up: its SHA-256 is {sha256}", file.display());
        }
        Ok(())
    }
}

impl Manifest {
    /// Writes it, private, flushed, and never over another.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        let mut file = super::place::create_private(path)?;
        file.write_all(serde_json::to_string_pretty(self)?.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        Ok(())
    }

    /// Reads it. Errors: it is not there, or not of this form.
    pub fn read(path: &Path) -> anyhow::Result<Manifest> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("the backup has no manifest at {}", path.display()))?;
        let manifest: Manifest =
            serde_json::from_str(&text).with_context(|| format!("{} is no manifest", path.display()))?;
        if manifest.format != FORMAT {
            bail!("{} is of the form {:?}, this program reads {FORMAT:?}", path.display(), manifest.format);
        }
        Ok(manifest)
    }
}

/// Size and SHA-256 of a file, which is flushed on the way.
fn digest(path: &Path) -> anyhow::Result<(u64, String)> {
    let unreadable = || format!("{} cannot be read", path.display());
    let mut file = File::open(path).with_context(unreadable)?;
    let mut hasher = sha2::Sha256::new();
    let (mut buffer, mut bytes) = (vec![0; 1 << 16], 0);
    loop {
        let read = file.read(&mut buffer).with_context(unreadable)?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
        bytes += read as u64;
    }
    file.sync_all().with_context(unreadable)?;
    Ok((bytes, hex::encode(hasher.finalize())))
}
