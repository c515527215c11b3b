//! The folder of blobs beside a book: files that are written once and never changed.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::manifest::Digest;
use super::place::create_private;

/// Copies every file below `from`, if that is there, to the same place below `to`, and tells what each is.
pub fn copy(from: &Path, to: &Path) -> anyhow::Result<Vec<Digest>> {
    let mut copied = Vec::new();
    for file in files(from)? {
        let target = to.join(file.strip_prefix(from)?);
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        let mut reading =
            std::fs::File::open(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let mut writing = create_private(&target)?;
        std::io::copy(&mut reading, &mut writing)
            .with_context(|| format!("cannot copy {}", file.display()))?;
        copied.push(Digest::of(&target, to)?);
    }
    Ok(copied)
}

/// Whether no file is below `folder`.
pub fn is_empty(folder: &Path) -> anyhow::Result<bool> {
    Ok(files(folder)?.is_empty())
}

/// All files below a folder, in order; none when it is not there. Links are refused: they may lead anywhere.
fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop().filter(|_| folder.exists()) {
        for entry in
            std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?
        {
            let entry = entry?;
            let kind = entry.file_type()?;
            match (kind.is_dir(), kind.is_file()) {
                (true, _) => folders.push(entry.path()),
                (_, true) => found.push(entry.path()),
                _ => bail!("{} is neither a file nor a folder", entry.path().display()),
            }
        }
    }
    found.sort();
    Ok(found)
}
