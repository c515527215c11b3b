//! What must not be read, in every spelling that somebody might write it in, and the search for it.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::AhoCorasick;
use domain::{Account, Currency, Money};
use rust_decimal::Decimal;
use store::transfers::TransferFilter;

use super::play::{MIDS, Played, SPREADS};
use super::reading::Said;
use crate::testkit::TestApp;

/// Names of what is hidden. A contract may name them; nothing else may.
const NAMES: [&str; 9] = [
    "fx:EUR",
    "fx:XOF",
    "fx:GNF",
    "fx:CNY",
    "revenue:",
    "fx_margin",
    "fx_difference",
    "\"margin",
    "spread_bps",
];
/// Names that a statement of SQL may have in a log line of its own are not among these.
const NAMES_IN_LOGS: usize = 7;
/// With fewer digits a number is met by chance; in logs, which are full of numbers, one more.
const FEWEST_DIGITS: usize = 5;
/// The least number with so many digits.
const LEAST: i64 = 10_000;

/// Spellings, what each tells, and a search for all of them at once.
pub struct Needles {
    search: AhoCorasick,
    spellings: Vec<(String, String)>,
    margins: Vec<u64>,
}

/// Every secret of what was played, from behind the API.
pub async fn of(app: &TestApp, played: &Played<'_>) -> Needles {
    let core = app.app();
    let mut reader = core.db.read().await.unwrap();
    let filter = TransferFilter::default();
    let stored = store::transfers::list(&mut reader.conn(), &filter, None, 1000).await.unwrap();
    let (mut margins, mut known) = (Vec::new(), BTreeSet::new());
    for transfer in stored.iter().map(|stored| &stored.transfer) {
        let terms = [transfer.send, transfer.receive, transfer.fee, transfer.total];
        known.extend(terms.map(|amount| amount.minor()));
        if !transfer.margin.reveal().is_zero() {
            margins.push(*transfer.margin.reveal());
        }
    }
    assert_eq!(stored.len(), played.transfers.len());
    assert!(margins.len() >= 4, "{margins:?}");
    let mut figures: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for margin in &margins {
        figures.insert(format!("the margin {margin}"), amount(*margin));
    }
    for name in ["fx", "revenue:fx_margin", "expense:fx_difference"] {
        for code in ["EUR", "XOF", "GNF", "CNY"] {
            let account: Account = format!("{name}:{code}").parse().unwrap();
            let lines =
                store::ledger::entries::of_account(&mut reader.conn(), &account, None, 1000).await.unwrap();
            for figure in lines.iter().flat_map(|line| [line.delta, line.balance]) {
                let minor = figure.minor().abs();
                // The position in euros is the sum of what customers sent.
                let is_known = known.contains(&minor) || account == Account::Fx { currency: Currency::EUR };
                if minor >= LEAST && !is_known {
                    figures.insert(format!("{account}: {figure}"), amount(figure));
                }
            }
        }
    }
    figures.extend(MIDS.map(|mid| (format!("the mid {mid}"), decimal(mid))));
    figures.extend(SPREADS.map(|spread| (format!("the spread {spread}"), spread_spellings(spread))));
    figures.extend(NAMES.map(|name| (name.to_owned(), BTreeSet::from([name.to_owned()]))));
    Needles::new(figures, margins.iter().map(|margin| margin.minor().unsigned_abs()).collect())
}

impl Needles {
    fn new(figures: BTreeMap<String, BTreeSet<String>>, margins: Vec<u64>) -> Needles {
        let spellings: Vec<(String, String)> = figures
            .into_iter()
            .flat_map(|(secret, spellings)| {
                spellings.into_iter().map(move |spelling| (spelling, secret.clone()))
            })
            .collect();
        let search = AhoCorasick::new(spellings.iter().map(|(spelling, _)| spelling)).unwrap();
        Needles { search, spellings, margins }
    }

    /// What conversions earned, in minor units.
    pub fn margins(&self) -> impl Iterator<Item = u64> {
        self.margins.iter().copied()
    }

    /// Everything that is searched for and that admins can read.
    pub fn secrets(&self) -> impl Iterator<Item = &String> {
        self.spellings.iter().map(|(_, secret)| secret).filter(|secret| *secret != "\"margin")
    }

    /// Which secrets `said` tells.
    pub fn secrets_in(&self, said: &Said) -> BTreeSet<String> {
        self.hits(&said.text).into_iter().map(|(_, needle)| self.spellings[needle].1.clone()).collect()
    }

    /// Each secret that `said` tells, for a person to read.
    pub fn found_in(&self, said: &Said) -> Vec<String> {
        let of_the_contract = said.is_of_the_contract();
        let hits = self.hits(&said.text).into_iter();
        let hits = hits.filter(|(_, needle)| !(of_the_contract && self.is_name(*needle)));
        hits.map(|(at, needle)| {
            format!(
                "{} read {} at {}: {}",
                said.who,
                self.spellings[needle].1,
                said.what,
                around(&said.text, at)
            )
        })
        .collect()
    }

    /// Likewise in lines of a log, where columns have names and numbers are many.
    pub fn found_in_lines(&self, what: &str, text: &str) -> Vec<String> {
        self.found_among_numbers(what, text, FEWEST_DIGITS + 1)
    }

    /// Likewise in what Prometheus reads.
    pub fn found_in_metrics(&self, text: &str) -> Vec<String> {
        self.found_among_numbers("a metric", text, FEWEST_DIGITS)
    }

    fn found_among_numbers(&self, what: &str, text: &str, fewest_digits: usize) -> Vec<String> {
        let counts = |needle: usize| {
            let spelling = &self.spellings[needle].0;
            let digits = spelling.bytes().filter(u8::is_ascii_digit).count();
            match NAMES.iter().position(|name| name == spelling) {
                Some(place) => place < NAMES_IN_LOGS,
                None => digits >= fewest_digits,
            }
        };
        let hits = self.hits(text).into_iter().filter(|(_, needle)| counts(*needle));
        hits.map(|(at, needle)| format!("{what} tells {}: {}", self.spellings[needle].1, around(text, at)))
            .collect()
    }

    fn is_name(&self, needle: usize) -> bool {
        NAMES.contains(&self.spellings[needle].0.as_str())
    }

    /// Where a spelling stands, and which.
    fn hits(&self, text: &str) -> Vec<(usize, usize)> {
        let stands = |at: usize, end: usize, needle: usize| {
            self.is_name(needle) || stands_alone(text.as_bytes(), at, end)
        };
        let found = self.search.find_overlapping_iter(text);
        found
            .filter(|hit| stands(hit.start(), hit.end(), hit.pattern().as_usize()))
            .map(|hit| (hit.start(), hit.pattern().as_usize()))
            .collect()
    }
}

/// Not a part of a longer number, of an id in small letters, or of an instant.
fn stands_alone(text: &[u8], at: usize, end: usize) -> bool {
    let before = at.checked_sub(1).map(|place| text[place]);
    let earlier = at.checked_sub(2).map(|place| text[place]);
    let (after, later) = (text.get(end).copied(), text.get(end + 1).copied());
    let is_digit = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_digit());
    let is_of_id =
        |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase());
    let is_fraction = before == Some(b'.') && is_digit(earlier);
    let has_fraction = after == Some(b'.') && is_digit(later);
    !(is_of_id(before) || is_of_id(after) || is_fraction || has_fraction || after == Some(b'Z'))
}

fn around(text: &str, at: usize) -> String {
    let bytes = &text.as_bytes()[at.saturating_sub(160)..(at + 100).min(text.len())];
    String::from_utf8_lossy(bytes).replace('\n', " ")
}

/// In minor units, and in major ones with any separators.
fn amount(amount: Money) -> BTreeSet<String> {
    let mut spellings = decimal(&amount.to_decimal().abs().to_string());
    spellings.insert(amount.minor().abs().to_string());
    spellings
}

/// A decimal with point or comma, grouped or not, and its digits alone.
fn decimal(text: &str) -> BTreeSet<String> {
    let mut spellings = BTreeSet::new();
    let shortest = text.parse::<Decimal>().unwrap().normalize().to_string();
    for text in [text, &shortest] {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let mut wholes = vec![whole.to_owned()];
        wholes.extend(
            [" ", "\u{a0}", "\u{202f}", ",", ".", "_", "'"].map(|separator| grouped(whole, separator)),
        );
        for whole in wholes {
            match fraction {
                "" => spellings.insert(whole),
                _ => {
                    spellings.insert(format!("{whole}.{fraction}"))
                        && spellings.insert(format!("{whole},{fraction}"))
                }
            };
        }
        let digits = text.replace('.', "").trim_start_matches('0').to_owned();
        spellings.insert(digits);
    }
    spellings.retain(|spelling| spelling.bytes().filter(u8::is_ascii_digit).count() >= FEWEST_DIGITS);
    spellings
}

/// Basis points, percent and a fraction of one.
fn spread_spellings(bps: &str) -> BTreeSet<String> {
    let bps: Decimal = bps.parse().unwrap();
    let scaled = [Decimal::ONE, Decimal::ONE_HUNDRED, Decimal::from(10_000)]
        .map(|by| (bps / by).normalize().to_string());
    scaled.iter().flat_map(|text| decimal(text)).collect()
}

fn grouped(whole: &str, separator: &str) -> String {
    let begin = whole.len() % 3;
    let groups = whole.as_bytes()[begin..].chunks(3).map(|group| String::from_utf8_lossy(group).into_owned());
    let first = (begin > 0).then(|| whole[..begin].to_owned());
    first.into_iter().chain(groups).collect::<Vec<_>>().join(separator)
}
