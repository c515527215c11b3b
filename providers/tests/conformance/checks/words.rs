//! Five thousand words that no document has, in the place of every status that was answered: none ends a movement.
//!
//! Then a few of them in the place of every other text, which may change nothing but doubt.

use std::collections::{BTreeSet, HashSet};

use domain::movement::MovementKind;
use providers::{Operation, Response, Wire};
use serde_json::Value;

use crate::kit::{Answered, Bench, Class, is_final};

const WORDS: usize = 5_000;
/// How many of them where an answer of the same shape was tried with all.
const SOME: usize = 100;
/// How many of them in other texts than statuses.
const FEW: usize = 4;
const SEED: u64 = 0x6d6f_6e65_7962;
/// Stands where the word will.
const PLACE: &str = "the-place-of-the-word";

/// A text in an answer, ready for another in its place.
struct Site {
    operation: Operation,
    response: Response,
    head: Vec<u8>,
    tail: Vec<u8>,
    original: String,
    class: Class,
    path: String,
    /// Of what kind the movement is that was asked about.
    asked: Option<MovementKind>,
}

impl Site {
    fn of(answered: &Answered, body: &Value, path: &str, class: Class) -> Option<Site> {
        let original = body.pointer(path)?.as_str()?.to_owned();
        let mut body = body.clone();
        *body.pointer_mut(path)? = PLACE.into();
        let text = body.to_string();
        let (head, tail) = text.split_once(&format!("\"{PLACE}\""))?;
        Some(Site {
            operation: answered.operation.clone(),
            response: answered.response.clone(),
            head: head.as_bytes().to_vec(),
            tail: tail.as_bytes().to_vec(),
            original,
            class,
            path: path.to_owned(),
            asked: match &answered.operation {
                Operation::Inquire(inquire) => Some(inquire.kind),
                _ => None,
            },
        })
    }

    /// What the adapter makes of the answer with this word in its place.
    fn with(&self, wire: &dyn Wire, word: &str) -> Class {
        let word = serde_json::to_vec(word).unwrap();
        let body = [self.head.as_slice(), &word, &self.tail].concat();
        let response = Response { body, ..self.response.clone() };
        Class::of(&wire.outcome(&self.operation, &response))
    }

    fn describe(&self) -> String {
        format!("{} of {} ({:?}, was {:?})", self.path, self.operation.kind(), self.class, self.original)
    }
}

pub async fn check(bench: &Bench) {
    super::outcomes::check(bench).await;
    let (wire, profile) = (bench.recorder.wire.clone(), bench.profile());
    let unknown = words(profile.words, WORDS);
    let (mut statuses, mut others) = (0_usize, 0_usize);
    let (mut ended, mut whole) = (BTreeSet::new(), HashSet::new());
    for site in sites(bench, wire.as_ref()) {
        assert_eq!(site.with(wire.as_ref(), &site.original), site.class, "{}", site.describe());
        let is_status = site.response.is_success() && profile.statuses.contains(&site.path.as_str());
        if is_status {
            assert!(profile.words.contains(&site.original.as_str()), "{} is undocumented", site.describe());
            ended.extend(is_final(site.class).then_some(site.class));
            statuses += 1;
        }
        let count = match (is_status, whole.insert((site.operation.kind(), site.asked, site.path.clone()))) {
            (false, _) => FEW,
            (true, true) => WORDS,
            (true, false) => SOME,
        };
        for word in unknown.iter().take(count) {
            let class = site.with(wire.as_ref(), word);
            // Under another name it may not be found, which proves nothing until it is repeated.
            let is_fine =
                !is_final(class) || (!is_status && (class == site.class || class == Class::NotFound));
            assert!(is_fine, "{word:?} in {} is {class:?}", site.describe());
        }
        others += usize::from(!is_status);
    }
    assert!(statuses >= 2 && others >= 2, "only {statuses} statuses and {others} other texts were answered");
    assert!(ended.contains(&Class::Succeeded), "no status of a success was answered: {ended:?}");
}

/// Every text of every kind of answer, once.
fn sites(bench: &Bench, wire: &dyn Wire) -> Vec<Site> {
    let mut known = HashSet::new();
    let mut sites = Vec::new();
    for answered in bench.recorder.answered() {
        let Ok(body) = serde_json::from_slice::<Value>(&answered.response.body) else { continue };
        let class = Class::of(&wire.outcome(&answered.operation, &answered.response));
        let about = match &answered.operation {
            Operation::Inquire(inquire) => Some((inquire.kind, inquire.provider_ref.is_some())),
            _ => None,
        };
        for path in texts(&body) {
            let kind = (answered.operation.kind(), about, class, answered.response.status, path.clone());
            if known.insert(kind) {
                sites.extend(Site::of(&answered, &body, &path, class));
            }
        }
    }
    sites
}

/// Where the texts of a document are, as JSON pointers.
fn texts(body: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut left = vec![(String::new(), body)];
    while let Some((path, value)) = left.pop() {
        match value {
            Value::String(_) => found.push(path),
            Value::Array(items) => {
                left.extend(items.iter().enumerate().map(|(at, item)| (format!("{path}/{at}"), item)));
            }
            Value::Object(fields) => {
                let step = |name: &str| name.replace('~', "~0").replace('/', "~1");
                left.extend(fields.iter().map(|(name, value)| (format!("{path}/{}", step(name)), value)));
            }
            _ => {}
        }
    }
    found
}

/// Words that are none of `known`: first those that are nearly one, then chance, the same each time.
fn words(known: &[&str], count: usize) -> Vec<String> {
    let mut chance = Chance(SEED);
    let mut words: Vec<String> = known.iter().flat_map(|word| near(word)).collect();
    while words.len() < count * 2 {
        let word = known[chance.below(known.len())];
        words.push(if chance.below(2) == 0 { chance.misspelt(word) } else { chance.word() });
    }
    let mut seen: HashSet<String> = known.iter().map(|word| (*word).to_owned()).collect();
    words.retain(|word| seen.insert(word.clone()));
    assert!(words.len() >= count);
    words.truncate(count);
    words
}

fn near(word: &str) -> Vec<String> {
    let capital = word[..1].to_uppercase() + &word[1..].to_lowercase();
    let mut near = vec![word.to_uppercase(), word.to_lowercase(), capital, word.replace('_', "-")];
    for (before, after) in [
        ("", " "),
        (" ", ""),
        ("", "\n"),
        ("\t", ""),
        ("", "\0"),
        ("", "."),
        ("", "L"),
        ("", "l"),
        ("", "ed"),
        ("", "ED"),
        ("", "_"),
        ("un", ""),
        ("UN", ""),
        ("not_", ""),
        ("NOT_", ""),
        ("\"", "\""),
        ("'", "'"),
        ("\u{feff}", ""),
        ("", "\u{200b}"),
        ("", "\u{301}"),
        ("", ",succeeded"),
        ("", "|SUCCESS"),
        ("", "/*"),
    ] {
        near.push(format!("{before}{word}{after}"));
    }
    near.push(word[..word.len() - 1].to_owned());
    near.push(word[1..].to_owned());
    near.push(format!("{word}{word}"));
    near.push(word.chars().rev().collect());
    // Letters that look like others.
    near.push(word.replace(['e', 'E'], "е"));
    near.push(word.replace(['s', 'S'], "ѕ"));
    near
}

/// The same numbers each time (splitmix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    fn letter(&mut self) -> char {
        const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_- .";
        char::from(LETTERS[self.below(LETTERS.len())])
    }

    fn word(&mut self) -> String {
        (0..self.below(20)).map(|_| self.letter()).collect()
    }

    fn misspelt(&mut self, word: &str) -> String {
        let mut letters: Vec<char> = word.chars().collect();
        for _ in 0..=self.below(2) {
            let at = self.below(letters.len());
            match self.below(4) {
                0 => letters.insert(at, self.letter()),
                1 => letters[at] = self.letter(),
                2 if letters.len() > 1 => drop(letters.remove(at)),
                _ => letters.swap(at, 0),
            }
        }
        letters.into_iter().collect()
    }
}
