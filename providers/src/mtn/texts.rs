//! Texts as MTN takes them: at most 160 ASCII letters, digits, spaces, dots and hyphens.
//!
//! Others are refused with an empty 400, and `&` was seen to be accepted and then to be unknown to the status.

/// Longest `payerMessage` and `payeeNote`, in characters.
const LONGEST: usize = 160;

/// `text` in plain letters; `None` when nothing is left.
pub(super) fn plain(text: &str) -> Option<String> {
    let latin = deunicode::deunicode(text);
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-');
    let spaced: String = latin.chars().map(|letter| if allowed(letter) { letter } else { ' ' }).collect();
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let cut: String = words.join(" ").chars().take(LONGEST).collect();
    let text = cut.trim();
    if text.is_empty() { None } else { Some(text.to_owned()) }
}
