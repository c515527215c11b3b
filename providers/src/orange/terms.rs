//! How foreign ids, words and instants are read, for both of Orange's payment interfaces.

use chrono::{DateTime, Utc};

use crate::{ProviderError, ProviderRef};

/// Longer than any id or token that Orange is known to give.
const LONGEST_ID: usize = 256;
/// Longest foreign word in a log line, in characters.
const LONGEST_WORD: usize = 48;

/// An id from an answer: printable and not long.
pub(super) fn provider_ref(id: &str) -> Result<ProviderRef, ProviderError> {
    match is_plausible(id) {
        true => Ok(ProviderRef(id.to_owned())),
        false => Err(ProviderError::uncertain("the answer's id is not an id")),
    }
}

pub(super) fn is_plausible(id: &str) -> bool {
    (1..=LONGEST_ID).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_graphic())
        && id.bytes().any(|byte| byte.is_ascii_alphanumeric())
}

/// Reads RFC 3339; what is not an instant is left out.
pub(super) fn instant(text: Option<&str>) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text?).ok().map(|at| at.to_utc())
}

/// A foreign word made fit for a log line.
pub(super) fn word(text: &str) -> String {
    let shown = |letter: char| if letter.is_ascii_graphic() { letter } else { '?' };
    text.chars().take(LONGEST_WORD).map(shown).collect()
}

/// A payer is sent to web pages only.
pub(super) fn is_page(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}
