//! Screening against local files, read at the start and again when they change.
//!
//! All lists are taken into use together or not at all. What cannot be read again leaves the lists there that were
//! read before; after [`FilesConfig::stale_after`] these are not trusted any more, and nobody is cleared by them.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};

use super::file::{self, ListError};
use super::index::Index;
use super::{ListState, Refreshed, Screening, ScreeningError, Subject, Verdict};

/// Which files, and how near is near.
#[derive(Clone, Debug)]
pub struct FilesConfig {
    /// At least one. A list is called as its file, without the ending.
    pub paths: Vec<PathBuf>,
    /// Percent from which names are a hit.
    pub threshold: u8,
    /// How long lists that cannot be read again are still trusted.
    pub stale_after: TimeDelta,
}

/// Lists in use.
pub struct ListFiles {
    config: FilesConfig,
    state: RwLock<State>,
}

struct State {
    index: Arc<Index>,
    lists: Vec<ListState>,
    stamps: Vec<Stamp>,
    /// Since when the files could not be read.
    failing_since: Option<DateTime<Utc>>,
}

/// By what a changed file is told, without reading it.
type Stamp = Option<(SystemTime, u64)>;

impl ListFiles {
    /// Reads every list. Errors: one of them cannot be used.
    pub fn open(config: FilesConfig) -> Result<ListFiles, ListError> {
        let state = load(&config)?;
        Ok(ListFiles { config, state: RwLock::new(state) })
    }

    fn stamps(&self) -> Vec<Stamp> {
        self.config.paths.iter().map(stamp).collect()
    }
}

fn stamp(path: &PathBuf) -> Stamp {
    let known = std::fs::metadata(path).ok()?;
    Some((known.modified().ok()?, known.len()))
}

/// The stamps are taken first: a file that changes while it is read is read again.
fn load(config: &FilesConfig) -> Result<State, ListError> {
    let stamps = config.paths.iter().map(stamp).collect();
    let (mut index, mut lists) = (Index::default(), Vec::new());
    for path in &config.paths {
        let (name, entries) = (file::name(path), file::read(path)?);
        lists.push(ListState { name: name.clone(), entries: entries.len() });
        entries.into_iter().for_each(|entry| index.add(&name, entry));
    }
    Ok(State { index: Arc::new(index), lists, stamps, failing_since: None })
}

impl Screening for ListFiles {
    fn screen(&self, subject: &Subject<'_>, now: DateTime<Utc>) -> Result<Verdict, ScreeningError> {
        let (index, failing_since) = {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            (state.index.clone(), state.failing_since)
        };
        if let Some(since) = failing_since.filter(|since| *since + self.config.stale_after <= now) {
            return Err(ScreeningError::Stale { since });
        }
        let hits = index.search(subject, self.config.threshold).hits;
        Ok(if hits.is_empty() { Verdict::Clear } else { Verdict::Hit(hits) })
    }

    fn refresh(&self, now: DateTime<Utc>) -> Result<Refreshed, ListError> {
        {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            if state.failing_since.is_none() && state.stamps == self.stamps() {
                return Ok(Refreshed::Unchanged);
            }
        }
        let loaded = load(&self.config);
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        match loaded {
            Ok(loaded) => {
                let lists = loaded.lists.clone();
                *state = loaded;
                Ok(Refreshed::Loaded(lists))
            }
            Err(error) => {
                state.failing_since.get_or_insert(now);
                Err(error)
            }
        }
    }

    fn lists(&self) -> Vec<ListState> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).lists.clone()
    }
}
