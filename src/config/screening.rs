//! What the settings say about screening: which lists, and how near a name has to be.

use std::path::PathBuf;

use super::reader::Reader;
use super::sections::small;

/// Names that are asked for, and lists that they are held against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screening {
    /// Files of names; nobody is screened when there is none.
    pub lists: Vec<PathBuf>,
    /// Percent from which names are near enough for a person to look.
    pub threshold_percent: u8,
    /// How often the files are looked at.
    pub reload_s: u64,
    /// After this long lists that cannot be read again clear nobody.
    pub stale_after_s: i64,
    /// Whether payers have to give their name, where their corridor says nothing else.
    pub require_payer_name: bool,
}

/// Reads the table. A payer's name is asked for where there are lists to hold it against.
pub fn screening(r: &mut Reader) -> Screening {
    let lists: Vec<PathBuf> = r.list("screening.lists").into_iter().map(PathBuf::from).collect();
    let mut names: Vec<_> = lists.iter().filter_map(|path| path.file_stem()).collect();
    names.sort_unstable();
    names.dedup();
    if names.len() != lists.len() {
        let hint = "name each file apart: a list is called as its file, without the ending";
        r.refuse("screening.lists", "has two lists of one name", hint);
    }
    let threshold = small(r.number("screening.threshold_percent", 70..=100));
    let require_payer_name = r.flag("screening.require_payer_name").unwrap_or(!lists.is_empty());
    Screening {
        lists,
        threshold_percent: u8::try_from(threshold).unwrap_or(100),
        reload_s: r.number("screening.reload_s", 1..=86_400).unsigned_abs(),
        stale_after_s: r.number("screening.stale_after_s", 60..=2_592_000),
        require_payer_name,
    }
}
