//! Names made comparable: any script into plain small letters, word by word.
//!
//! Unicode is composed (NFKC: decomposing would take Korean syllables apart), then transliterated to ASCII by
//! `deunicode`. Apostrophes join, anything else that is no letter or digit parts words; small words that come and go
//! (`al`, `bin`, `de`) are left out, and doubled letters and `ou` are one. A word's *sound* is its consonants with the spellings of one sound made one, so
//! that `Mohamed`, `Muhammad` and `محمد` meet.

use deunicode::deunicode_with_tofu;
use unicode_normalization::UnicodeNormalization;

/// Words looked at of one name.
const MOST_WORDS: usize = 16;
/// Words that stand in one spelling of a name and not in another.
const SMALL_WORDS: &[&str] =
    &["al", "el", "bin", "ben", "ibn", "bint", "bte", "de", "du", "del", "der", "van", "von", "la", "le"];

/// The words of a name, in the order they were written.
pub fn words(name: &str) -> Vec<String> {
    let composed: String = name.nfkc().collect();
    let unarticled: Vec<&str> = composed.split_whitespace().map(without_arabic_article).collect();
    let plain = deunicode_with_tofu(&unarticled.join(" "), " ").to_ascii_lowercase();
    let joined: String = plain.chars().filter(|letter| !matches!(letter, '\'' | '`' | '"')).collect();
    let all: Vec<&str> =
        joined.split(|l: char| !l.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let telling: Vec<&str> = all.iter().copied().filter(|word| !SMALL_WORDS.contains(word)).collect();
    let kept = if telling.len() >= 2 { telling } else { all };
    kept.into_iter().take(MOST_WORDS).map(folded).collect()
}

/// `القذافي` is `al-Qadhafi`: the article is written to the word.
fn without_arabic_article(word: &str) -> &str {
    word.strip_prefix("ال").filter(|rest| rest.chars().count() > 2).unwrap_or(word)
}

/// `youssouf` is `yusuf`: one letter for two that are the same, and for the French `ou`.
fn folded(word: &str) -> String {
    let plain = word.replace("ou", "u").replace("oo", "u");
    let mut folded = String::with_capacity(plain.len());
    for letter in plain.chars() {
        if !(letter.is_ascii_alphabetic() && folded.ends_with(letter)) {
            folded.push(letter);
        }
    }
    if folded.len() == 1 { word.to_owned() } else { folded }
}

/// The consonants of a word, one letter per sound.
pub fn sound(word: &str) -> String {
    let letters = word.as_bytes();
    let mut sound = String::with_capacity(letters.len());
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        let next = letters.get(at + 1).copied();
        let (heard, taken) = heard(letter, next);
        at += taken;
        if let Some(heard) = heard
            && !sound.ends_with(heard)
        {
            sound.push(heard);
        }
    }
    sound
}

/// What the letters at one place sound like, and how many they are.
fn heard(letter: u8, next: Option<u8>) -> (Option<char>, usize) {
    match (letter, next) {
        (b'c' | b's', Some(b'h')) => (Some('s'), 2),
        (b'p', Some(b'h')) => (Some('f'), 2),
        (b'd', Some(b'j')) => (Some('j'), 2),
        (b'k' | b'g' | b'q', Some(b'h')) => (Some('k'), 2),
        (b't', Some(b'h')) => (Some('t'), 2),
        (b'd', Some(b'h')) => (Some('d'), 2),
        (b'c', Some(b'e' | b'i' | b'y')) => (Some('s'), 1),
        (b'c' | b'q' | b'g' | b'k', _) => (Some('k'), 1),
        (b'z', _) => (Some('s'), 1),
        (b'v', _) => (Some('f'), 1),
        (b'a' | b'e' | b'i' | b'o' | b'u' | b'y' | b'w', _) => (None, 1),
        (other, _) => (Some(char::from(other)), 1),
    }
}

/// One spelling for a name whose words were joined, parted or turned round: the smallest turn of all its letters.
pub fn ring(words: &[String]) -> String {
    let letters = words.concat();
    let turn = |at: usize| letters.get(at..).unwrap_or_default().bytes().chain(letters.bytes().take(at));
    let first = (0..letters.len()).min_by(|one, other| turn(*one).cmp(turn(*other))).unwrap_or_default();
    turn(first).map(char::from).collect()
}
