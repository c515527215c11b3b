//! Which settings exist: read from `config.default.toml` itself, so that a key cannot be
//! understood without being explained there.
//!
//! A line of that file that begins with `#` and a key directly is a setting without a default, and
//! its value an example that tells its type. Tables that have names of the reader's choosing
//! (`wave.wallets.sn`) and lists of tables (`corridors`) stand under `*`.
//!
//! Deliberately absent: what a value means; [`super::sections`] reads it.

use std::collections::{BTreeMap, BTreeSet};

use figment::Figment;
use figment::providers::{Format, Toml};
use figment::value::{Dict, Value};

/// What a setting looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Number,
    Flag,
    List,
}

impl Kind {
    /// As a person would call it.
    pub fn words(self) -> &'static str {
        match self {
            Kind::Text => "text in quotes",
            Kind::Number => "a whole number",
            Kind::Flag => "true or false",
            Kind::List => "a list of texts",
        }
    }

    /// The kind of `value`; `None` for tables, fractions and lists of anything but text.
    pub fn of(value: &Value) -> Option<Kind> {
        match value {
            Value::String(..) => Some(Kind::Text),
            Value::Num(_, number) if number.to_f64().is_none() => Some(Kind::Number),
            Value::Bool(..) => Some(Kind::Flag),
            Value::Array(_, items) => items.iter().all(|item| item.as_str().is_some()).then_some(Kind::List),
            _ => None,
        }
    }
}

/// Settings whose value is never shown and may be given as a file.
const SECRETS: [&str; 25] = [
    "alerts.mail.password",
    "alerts.webhook.secrets",
    "alerts.webhook.url",
    "database.url",
    "keys.master",
    "keys.token",
    "mtn_momo.wallets.*.collection.api_key",
    "mtn_momo.wallets.*.collection.subscription_key",
    "mtn_momo.wallets.*.disbursement.api_key",
    "mtn_momo.wallets.*.disbursement.subscription_key",
    "mtn_momo.wallets.*.remittance.api_key",
    "mtn_momo.wallets.*.remittance.subscription_key",
    "orange_sonatel.client_secret",
    "orange_sonatel.pin",
    "orange_sonatel.webhook_keys",
    "orange_sonatel.webhook_secrets",
    "orange_web.wallets.*.client_secret",
    "orange_web.wallets.*.merchant_key",
    "rates.feed.url",
    "sms.client_secret",
    "stripe.api_key",
    "stripe.webhook_secrets",
    "wave.wallets.*.api_key",
    "wave.wallets.*.signing_secret",
    "wave.wallets.*.webhook.secrets",
];

/// Every setting there is.
#[derive(Clone, Debug)]
pub struct Catalogue(BTreeMap<String, Kind>);

impl Catalogue {
    /// Reads a file written like `config.default.toml`.
    ///
    /// Errors: it is not TOML with its comment signs taken away.
    pub fn read(text: &str) -> Result<Catalogue, Box<figment::Error>> {
        let uncommented: Vec<&str> = text.lines().map(without_comment_sign).collect();
        let root: Dict = Figment::from(Toml::string(&uncommented.join("\n"))).extract()?;
        let mut keys = BTreeMap::new();
        collect("", &root, &mut keys);
        Ok(Catalogue(keys))
    }

    /// No setting at all.
    pub fn empty() -> Catalogue {
        Catalogue(BTreeMap::new())
    }

    /// The kind of the setting at `path`, if there is one.
    pub fn kind(&self, path: &str) -> Option<Kind> {
        self.0.get(&pattern(path)).copied()
    }

    /// Whether something stands below `path`.
    pub fn is_table(&self, path: &str) -> bool {
        let prefix = format!("{}.", pattern(path));
        self.0.keys().any(|key| key.starts_with(&prefix))
    }

    /// Whether what `path` holds must not be shown.
    pub fn is_secret(&self, path: &str) -> bool {
        SECRETS.contains(&pattern(path).as_str())
    }

    /// The path that the variable `name` sets, given the `wallets` known by name; a wallet that is
    /// named nowhere else is called as the variable calls it, in lower case.
    pub fn path_of_variable(&self, name: &str, wallets: &BTreeSet<String>) -> Option<String> {
        self.0.keys().find_map(|key| {
            let Some((head, tail)) = key.split_once("*.") else {
                return (name == variable(key)).then(|| key.clone());
            };
            let tail_name = format!("_{}", upper(tail));
            let wallet = name.strip_prefix(&variable(head))?.strip_suffix(&tail_name)?;
            let known = wallets.iter().find(|known| upper(known) == wallet).cloned();
            let called = known.unwrap_or_else(|| wallet.to_lowercase());
            (!key.starts_with("corridors.") && !wallet.is_empty()).then(|| format!("{head}{called}.{tail}"))
        })
    }

    /// The key that somebody who wrote `path` may have meant.
    pub fn nearest(&self, path: &str) -> Option<String> {
        nearest(self.0.keys().cloned(), &pattern(path))
    }

    /// The variable that somebody who set `name` may have meant.
    pub fn nearest_variable(&self, name: &str) -> Option<String> {
        nearest(self.0.keys().filter(|key| !key.contains('*')).map(|key| variable(key)), name)
    }

    /// Every path, with `*` for what is named freely.
    #[cfg(test)]
    pub fn paths(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }
}

/// The variable that sets `path`.
pub fn variable(path: &str) -> String {
    format!("MONEYBRIDGE_{}", upper(path))
}

fn upper(path: &str) -> String {
    path.to_uppercase().replace(['.', '-'], "_")
}

/// `#key = …` and `#[table]` stand without their sign; prose has a space after it.
fn without_comment_sign(line: &str) -> &str {
    match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|first: char| first == '[' || first.is_ascii_lowercase()) => rest,
        _ => line,
    }
}

/// `path` with `*` in place of a wallet's name or a corridor's number.
pub fn pattern(path: &str) -> String {
    let mut parts: Vec<&str> = path.split('.').collect();
    let free = match parts.as_slice() {
        [_, "wallets", _, ..] => Some(2),
        ["corridors", _, ..] => Some(1),
        _ => None,
    };
    if let Some(part) = free.and_then(|index| parts.get_mut(index)) {
        *part = "*";
    }
    parts.join(".")
}

fn collect(prefix: &str, table: &Dict, keys: &mut BTreeMap<String, Kind>) {
    for (name, value) in table {
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match (value, Kind::of(value)) {
            (_, Some(kind)) => drop(keys.insert(pattern(&path), kind)),
            (Value::Dict(_, inner), _) => collect(&path, inner, keys),
            (Value::Array(_, items), _) => {
                items
                    .iter()
                    .filter_map(Value::as_dict)
                    .for_each(|item| collect(&format!("{path}.*"), item, keys));
            }
            _ => {}
        }
    }
}

fn nearest(words: impl Iterator<Item = String>, wanted: &str) -> Option<String> {
    let (distance, word) = words.map(|word| (edits(&word, wanted), word)).min()?;
    (distance <= 3).then_some(word)
}

/// Levenshtein's distance: how many letters to add, drop or change.
fn edits(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut corner = at;
        let mut left = at + 1;
        for (cell, same) in row.iter_mut().skip(1).zip(other.iter().map(|&wanted| wanted == letter)) {
            let changed = corner + usize::from(!same);
            corner = *cell;
            left = changed.min(left + 1).min(*cell + 1);
            *cell = left;
        }
        row[0] = at + 1;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{DEFAULTS, SANDBOX_DEFAULTS};

    fn catalogue() -> Catalogue {
        Catalogue::read(DEFAULTS).unwrap()
    }

    #[test]
    fn the_file_is_the_catalogue() {
        let catalogue = catalogue();
        let kinds = [
            ("listen", Kind::Text),
            ("keys.master", Kind::Text),
            ("auth.otp_attempts", Kind::Number),
            ("sandbox.embedded", Kind::Flag),
            ("trusted_proxies", Kind::List),
            ("wave.wallets.sn.webhook.secrets", Kind::List),
            ("wave.wallets.another.country", Kind::Text),
            ("corridors.7.fee_bps", Kind::Text),
        ];
        for (path, kind) in kinds {
            assert_eq!(catalogue.kind(path), Some(kind), "{path}");
        }
        for unknown in ["lisen", "wave", "wave.wallets.sn", "corridors", "auth", ""] {
            assert_eq!(catalogue.kind(unknown), None, "{unknown}");
        }
        assert!(SECRETS.iter().all(|secret| catalogue.kind(secret).is_some()));
    }

    #[test]
    fn what_sandbox_mode_adds_is_in_the_catalogue() {
        let added: Dict = Figment::from(Toml::string(SANDBOX_DEFAULTS)).extract().unwrap();
        let mut keys = BTreeMap::new();
        collect("", &added, &mut keys);
        for (path, kind) in keys {
            assert_eq!(catalogue().kind(&path), Some(kind), "{path}");
        }
    }

    #[test]
    fn each_variable_sets_one_key() {
        let catalogue = catalogue();
        let mut seen = BTreeSet::new();
        for path in catalogue.paths().filter(|path| !path.contains('*')) {
            let name = variable(path);
            assert!(seen.insert(name.clone()), "{name} is ambiguous");
            assert_eq!(catalogue.path_of_variable(&name, &BTreeSet::new()).as_ref(), Some(path));
        }
    }

    #[test]
    fn variables_name_wallets() {
        let wallets = BTreeSet::from(["sn".to_owned(), "sn-two".to_owned()]);
        let cases = [
            ("MONEYBRIDGE_WAVE_WALLETS_SN_API_KEY", Some("wave.wallets.sn.api_key")),
            ("MONEYBRIDGE_WAVE_WALLETS_SN_TWO_API_KEY", Some("wave.wallets.sn-two.api_key")),
            ("MONEYBRIDGE_WAVE_WALLETS_ML_WEBHOOK_SECRETS", Some("wave.wallets.ml.webhook.secrets")),
            (
                "MONEYBRIDGE_MTN_MOMO_WALLETS_GN_COLLECTION_API_KEY",
                Some("mtn_momo.wallets.gn.collection.api_key"),
            ),
            ("MONEYBRIDGE_WAVE_WALLETS__API_KEY", None),
            ("MONEYBRIDGE_WAVE_WALLETS_SN_NOTHING", None),
            ("MONEYBRIDGE_CORRIDORS_0_MIN", None),
        ];
        for (name, path) in cases {
            assert_eq!(catalogue().path_of_variable(name, &wallets).as_deref(), path, "{name}");
        }
    }

    #[test]
    fn a_slip_of_the_pen_has_a_neighbour() {
        assert_eq!(catalogue().nearest("lisen").as_deref(), Some("listen"));
        assert_eq!(catalogue().nearest("auth.otp_ttl").as_deref(), Some("auth.otp_ttl_s"));
        assert_eq!(catalogue().nearest("something.else.entirely"), None);
        assert_eq!((edits("", "abc"), edits("kitten", "sitting"), edits("same", "same")), (3, 3, 0));
    }
}
