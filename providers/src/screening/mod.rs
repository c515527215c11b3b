//! Screening: does a name stand on a list of people whom we must not serve unseen?
//!
//! [`Screening`] is the port; [`ListFiles`] screens against local files, [`Nobody`] where no list is configured. A
//! verdict is an opinion for a person to judge: a [`Hit`] names an entry of a list and says how near the names are. A
//! screening that cannot answer is an error, never a clear verdict.
//!
//! Deliberately absent: what becomes of a hit, which belongs to the caller, and downloading lists.

mod file;
mod files;
mod index;
mod names;
#[cfg(test)]
mod tests;

use std::fmt;

use chrono::{DateTime, Utc};
use domain::Country;

pub use file::ListError;
pub use files::{FilesConfig, ListFiles};

/// Somebody who pays or is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject<'a> {
    /// The whole name, as it was given; any script, any order.
    pub name: &'a str,
    /// Where they are. It never clears anybody: it tells the person who decides whether the entry's fits.
    pub country: Option<Country>,
}

/// What screening says of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No list has anything like it.
    Clear,
    /// Entries that may be the same person, the nearest first; at least one.
    Hit(Vec<Hit>),
}

/// An entry of a list that may be the one who was asked about, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The list's name.
    pub list: String,
    /// The entry's id there.
    pub entry: String,
    /// The programme or regime that put it there, when the list tells.
    pub program: Option<String>,
    /// How near the names are, in percent.
    pub score: u8,
    /// Words that are the same.
    pub same: usize,
    /// Words that differ by spelling, transliteration, or are an initial.
    pub alike: usize,
    /// Words of either name that have no partner in the other.
    pub left_over: usize,
    /// Whether the entry names the subject's country; `None` when either names none.
    pub same_country: Option<bool>,
}

/// As staff read it: ids and counts, no names.
impl fmt::Display for Hit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} {}% (words: {} same", self.list, self.entry, self.score, self.same)?;
        write!(f, ", {} alike, {} left over", self.alike, self.left_over)?;
        match self.same_country {
            Some(true) => write!(f, "; same country")?,
            Some(false) => write!(f, "; other country")?,
            None => {}
        }
        match &self.program {
            Some(program) => write!(f, "; {program})"),
            None => write!(f, ")"),
        }
    }
}

/// Why nobody can be screened now. Whoever asked waits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScreeningError {
    /// The lists in use could not be read again for so long that they are not trusted any more.
    #[error("lists cannot be read since {since}, and what is in use is too old")]
    Stale { since: DateTime<Utc> },
}

/// A list in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListState {
    pub name: String,
    pub entries: usize,
}

/// What a look at the lists' files brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refreshed {
    /// They are as before.
    Unchanged,
    /// They were read anew and are in use.
    Loaded(Vec<ListState>),
}

/// Screens names. Pure and quick for local lists: it may be called where nothing may block.
pub trait Screening: Send + Sync {
    /// What is known of `subject`.
    fn screen(&self, subject: &Subject<'_>, now: DateTime<Utc>) -> Result<Verdict, ScreeningError>;

    /// Looks whether the lists have changed and takes the new ones into use; what cannot be read leaves the old ones
    /// there. Blocks on files.
    fn refresh(&self, now: DateTime<Utc>) -> Result<Refreshed, ListError>;

    /// The lists in use; empty when nobody is screened.
    fn lists(&self) -> Vec<ListState>;
}

/// Screens nobody: everybody is clear.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Screening for Nobody {
    fn screen(&self, _: &Subject<'_>, _: DateTime<Utc>) -> Result<Verdict, ScreeningError> {
        Ok(Verdict::Clear)
    }

    fn refresh(&self, _: DateTime<Utc>) -> Result<Refreshed, ListError> {
        Ok(Refreshed::Unchanged)
    }

    fn lists(&self) -> Vec<ListState> {
        Vec::new()
    }
}
