//! Names of lists, indexed so that a name is compared with the few that could be it.
//!
//! Every different word of the lists stands once, found by its letters in pairs and by its sound. A word asked about
//! meets the words that share enough pairs; the names in which at least two of its words were met are compared whole.
//! What that costs grows with the likeness of the names, not with the length of the list; [`Search::comparisons`]
//! counts it.
//!
//! The score: the letters of the shorter name, each weighted by how near its word is to its partner (1 the same, 0.92
//! the same sound, else 1 − edits/letters; an initial counts as three letters at 0.7), less a quarter of what is left
//! over of an entry that says more, or a tenth of what is left over of the asked name. One word alone meets only names
//! of one word. A name whose letters are the same when its words are joined or turned round scores at least 97.

use std::collections::{BTreeMap, HashMap};

use domain::Country;
use strsim::osa_distance;

use super::names::{ring, sound, words};
use super::{Hit, Subject};

/// Hits that are told.
const MOST_HITS: usize = 5;
/// Thousandths, as all likenesses here.
const SAME: u32 = 1000;
const SAME_SOUND: u32 = 920;
const INITIAL: u32 = 700;
const SAME_RING: u32 = 970;
/// Letters that an initial stands for.
const INITIAL_LETTERS: u32 = 3;

/// An entry as read from a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: String,
    /// The name and every alias.
    pub names: Vec<String>,
    pub countries: Vec<Country>,
    pub program: Option<String>,
}

/// What was found, and how many pairs of words and of names were compared for it.
#[derive(Debug, Default)]
pub struct Search {
    pub hits: Vec<Hit>,
    pub comparisons: usize,
}

/// Every name of every list.
#[derive(Default)]
pub struct Index {
    entries: Vec<(String, Entry)>,
    names: Vec<ListedName>,
    vocabulary: Vec<Word>,
    by_text: HashMap<String, usize>,
    by_sound: HashMap<String, Vec<usize>>,
    by_pair: HashMap<[u8; 2], Vec<usize>>,
    by_ring: HashMap<String, Vec<usize>>,
}

struct ListedName {
    entry: usize,
    words: Vec<usize>,
}

struct Word {
    text: String,
    names: Vec<usize>,
}

/// Two words that are partners: which of the asked name, which of the entry's, and how near, in thousandths.
type Partners = (usize, usize, u32);

impl Index {
    /// Adds an entry of `list`. Names without a letter are left out.
    pub fn add(&mut self, list: &str, entry: Entry) {
        let at = self.entries.len();
        for name in &entry.names {
            let words = words(name);
            if !words.is_empty() {
                self.add_name(at, &words);
            }
        }
        self.entries.push((list.to_owned(), entry));
    }

    fn add_name(&mut self, entry: usize, words: &[String]) {
        let at = self.names.len();
        self.by_ring.entry(ring(words)).or_default().push(at);
        let words: Vec<usize> = words.iter().map(|word| self.word(word)).collect();
        for word in &words {
            let names = &mut self.vocabulary[*word].names;
            if names.last() != Some(&at) {
                names.push(at);
            }
        }
        self.names.push(ListedName { entry, words });
    }

    fn word(&mut self, text: &str) -> usize {
        if let Some(known) = self.by_text.get(text) {
            return *known;
        }
        let at = self.vocabulary.len();
        let sound = sound(text);
        self.by_text.insert(text.to_owned(), at);
        if sound.len() >= 3 {
            self.by_sound.entry(sound).or_default().push(at);
        }
        for pair in pairs(text) {
            let met = self.by_pair.entry(pair).or_default();
            if met.last() != Some(&at) {
                met.push(at);
            }
        }
        self.vocabulary.push(Word { text: text.to_owned(), names: Vec::new() });
        at
    }

    /// Entries whose name is at least `threshold` percent near the subject's, the nearest first.
    pub fn search(&self, subject: &Subject<'_>, threshold: u8) -> Search {
        let asked = words(subject.name);
        let mut search = Search::default();
        let near: Vec<HashMap<usize, u32>> =
            asked.iter().map(|word| self.near(word, &mut search.comparisons)).collect();
        let mut best: BTreeMap<usize, Hit> = BTreeMap::new();
        let ringed = self.by_ring.get(&ring(&asked)).into_iter().flatten();
        let candidates = self.candidates(&asked, &near).into_iter().map(|name| (name, 0));
        for (name, at_least) in candidates.chain(ringed.map(|name| (*name, SAME_RING))) {
            search.comparisons += 1;
            let hit = self.compare(&asked, &near, name, at_least, subject);
            if hit.score >= threshold {
                let entry = self.names[name].entry;
                let is_better = best.get(&entry).is_none_or(|known| known.score < hit.score);
                if is_better {
                    best.insert(entry, hit);
                }
            }
        }
        search.hits = best.into_values().collect();
        search
            .hits
            .sort_by(|one, other| other.score.cmp(&one.score).then_with(|| one.entry.cmp(&other.entry)));
        search.hits.truncate(MOST_HITS);
        search
    }

    /// The lists' words that may be `word`, and how near each is.
    fn near(&self, word: &str, comparisons: &mut usize) -> HashMap<usize, u32> {
        let mut near = HashMap::new();
        let sound = sound(word);
        for known in self.by_sound.get(&sound).into_iter().flatten() {
            *comparisons += 1;
            if self.vocabulary[*known].text.len().abs_diff(word.len()) <= 4 {
                near.insert(*known, SAME_SOUND);
            }
        }
        for known in self.sharing_pairs(word) {
            *comparisons += 1;
            let other = &self.vocabulary[known];
            let edits = osa_distance(word, &other.text);
            if edits <= edits_allowed(word.len().max(other.text.len()))
                && begin_alike(word, &other.text, edits)
            {
                let likeness = likeness(edits, word.len().max(other.text.len()));
                let known = near.entry(known).or_insert(likeness);
                *known = likeness.max(*known);
            }
        }
        if let Some(same) = self.by_text.get(word) {
            near.insert(*same, SAME);
        }
        near
    }

    /// Words that share as many letter pairs as so few edits leave.
    fn sharing_pairs(&self, word: &str) -> Vec<usize> {
        let allowed = edits_allowed(word.len() + 1);
        let needed = (word.len() + 1).saturating_sub(3 * allowed).max(1);
        let mut shared: HashMap<usize, usize> = HashMap::new();
        for pair in pairs(word) {
            for known in self.by_pair.get(&pair).into_iter().flatten() {
                *shared.entry(*known).or_default() += 1;
            }
        }
        let is_near = |known: &usize| self.vocabulary[*known].text.len().abs_diff(word.len()) <= allowed;
        let enough = shared.into_iter().filter(|(known, count)| *count >= needed && is_near(known));
        enough.map(|(known, _)| known).collect()
    }

    /// Names in which two of the asked words were met, or one where an initial may be the other.
    fn candidates(&self, asked: &[String], near: &[HashMap<usize, u32>]) -> Vec<usize> {
        let mut met: HashMap<usize, usize> = HashMap::new();
        for words in near {
            let mut names: Vec<usize> =
                words.keys().flat_map(|word| self.vocabulary[*word].names.iter().copied()).collect();
            names.sort_unstable();
            names.dedup();
            names.into_iter().for_each(|name| *met.entry(name).or_default() += 1);
        }
        let has_initial = asked.iter().any(|word| word.len() == 1);
        let is_candidate = |(name, count): &(usize, usize)| {
            let words = &self.names[*name].words;
            *count >= 2
                || (asked.len() == 1 && words.len() == 1)
                || (has_initial || words.iter().any(|word| self.vocabulary[*word].text.len() == 1))
        };
        met.into_iter().filter(is_candidate).map(|(name, _)| name).collect()
    }

    fn compare(
        &self,
        asked: &[String],
        near: &[HashMap<usize, u32>],
        name: usize,
        at_least: u32,
        subject: &Subject<'_>,
    ) -> Hit {
        let listed = &self.names[name];
        let theirs: Vec<&str> =
            listed.words.iter().map(|word| self.vocabulary[*word].text.as_str()).collect();
        let partners = pair_up(asked, &theirs, |one, other| near[one].get(&listed.words[other]).copied());
        let score = score(asked, &theirs, &partners);
        let (list, entry) = &self.entries[listed.entry];
        let same = partners.iter().filter(|(_, _, likeness)| *likeness == SAME).count();
        let (mut same, mut alike) = (same, partners.len() - same);
        let mut left_over = asked.len() + theirs.len() - 2 * partners.len();
        // All letters are the same: each of their words is in what was asked, joined or parted otherwise.
        if at_least > score {
            (same, alike, left_over) = (theirs.len(), 0, 0);
        }
        let known = subject.country.filter(|_| !entry.countries.is_empty());
        Hit {
            list: list.clone(),
            entry: entry.id.clone(),
            program: entry.program.clone(),
            score: u8::try_from(score.max(at_least) / 10).unwrap_or(100),
            same,
            alike,
            left_over,
            same_country: known.map(|country| entry.countries.contains(&country)),
        }
    }
}

/// The nearest words of both names, each taken once.
fn pair_up(asked: &[String], theirs: &[&str], near: impl Fn(usize, usize) -> Option<u32>) -> Vec<Partners> {
    let mut possible: Vec<Partners> = Vec::new();
    for (one, word) in asked.iter().enumerate() {
        for (other, their) in theirs.iter().enumerate() {
            let initial = (word.len() == 1 || their.len() == 1) && word.as_bytes()[0] == their.as_bytes()[0];
            let likeness = near(one, other).or(initial.then_some(INITIAL));
            possible.extend(likeness.map(|likeness| (one, other, likeness)));
        }
    }
    possible.sort_by(|a, b| (b.2, letters(theirs[b.1])).cmp(&(a.2, letters(theirs[a.1]))).then(a.cmp(b)));
    let mut partners: Vec<Partners> = Vec::new();
    for pair in possible {
        if partners.iter().all(|taken| taken.0 != pair.0 && taken.1 != pair.1) {
            partners.push(pair);
        }
    }
    partners
}

/// How near two names are, in thousandths; nothing when too little of them was met.
fn score(asked: &[String], theirs: &[&str], partners: &[Partners]) -> u32 {
    let is_enough = partners.len() >= 2 || (asked.len(), theirs.len(), partners.len()) == (1, 1, 1);
    if !is_enough || partners.iter().all(|(_, _, likeness)| *likeness == INITIAL) {
        return 0;
    }
    let ours: u32 = asked.iter().map(|word| letters(word)).sum();
    let listed: u32 = theirs.iter().map(|word| letters(word)).sum();
    let is_entry_longer = listed > ours;
    let (shorter, longer) = (ours.min(listed), ours.max(listed));
    let (mut near, mut met) = (0, 0);
    for (one, other, likeness) in partners {
        let (mine, their) = (letters(&asked[*one]), letters(theirs[*other]));
        let (short, long) = if is_entry_longer { (mine, their) } else { (their, mine) };
        near += short * likeness;
        met += long;
    }
    let part_left = 1000 - 1000 * met.min(longer) / longer;
    let less = if is_entry_longer { part_left / 4 } else { part_left / 10 };
    near / shorter * (1000 - less) / 1000
}

fn letters(word: &str) -> u32 {
    if word.len() == 1 { INITIAL_LETTERS } else { u32::try_from(word.len()).unwrap_or(u32::MAX) }
}

fn edits_allowed(letters: usize) -> usize {
    match letters {
        0..=3 => 0,
        4..=7 => 1,
        _ => 2,
    }
}

fn likeness(edits: usize, letters: usize) -> u32 {
    let part = 1000 * edits / letters.max(1);
    SAME - u32::try_from(part).unwrap_or(SAME).min(SAME)
}

/// Slips of the pen leave the first letter, or change one vowel into another.
fn begin_alike(one: &str, other: &str, edits: usize) -> bool {
    let is_vowel = |letter: Option<&u8>| letter.is_some_and(|letter| b"aeiouy".contains(letter));
    let (first, second) = (one.as_bytes().first(), other.as_bytes().first());
    let is_swapped = edits == 1 && first == other.as_bytes().get(1) && second == one.as_bytes().get(1);
    first == second || (is_vowel(first) && is_vowel(second)) || is_swapped
}

/// The letters of a word two by two, its beginning and end included; each once.
fn pairs(word: &str) -> Vec<[u8; 2]> {
    let edged: Vec<u8> = std::iter::once(b'^').chain(word.bytes()).chain(std::iter::once(b'$')).collect();
    let mut pairs: Vec<[u8; 2]> = edged.windows(2).map(|pair| [pair[0], pair[1]]).collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}
