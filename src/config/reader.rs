//! Reads merged settings one by one, and collects what is wrong with them.
//!
//! A reading that fails is reported and answered with a stand-in, so that reading goes on and a
//! person sees every problem at once; [`Reader::finish`] gives nothing away if there was one.
//!
//! Deliberately absent: which settings there are and what they allow.

use std::fmt::Display;
use std::ops::RangeInclusive;

use figment::value::Value;
use secrecy::SecretString;

use super::Config;
use super::catalogue::{Catalogue, Kind};
use super::layers::Gathered;
use super::problem::{ConfigError, Problem};

/// The merged settings, and the problems so far.
pub struct Reader {
    figment: figment::Figment,
    root: Value,
    catalogue: Catalogue,
    problems: Vec<Problem>,
    /// Paths that were looked at, so that a test can tell a setting that nobody reads.
    #[cfg(test)]
    pub looked_at: std::collections::BTreeSet<String>,
}

impl Reader {
    /// Takes the merged layers; unknown settings and wrong types are reported here.
    pub fn new(gathered: Gathered) -> Reader {
        let root = gathered.figment.find_value("").unwrap_or_else(|_| Value::from(0_u8));
        let mut reader = Reader {
            figment: gathered.figment,
            root: Value::from(0_u8),
            catalogue: gathered.catalogue,
            problems: gathered.problems,
            #[cfg(test)]
            looked_at: std::collections::BTreeSet::new(),
        };
        reader.check_shape("", &root);
        reader.root = root;
        reader
    }

    /// The config, unless something was wrong.
    pub fn finish(self, config: Config) -> Result<Config, ConfigError> {
        if self.problems.is_empty() { Ok(config) } else { Err(ConfigError(self.problems)) }
    }

    /// Reports a problem with what `path` holds.
    pub fn refuse(&mut self, path: &str, what: impl Into<String>, hint: impl Into<String>) {
        let found = find(&self.root, path);
        let source = found.map(|value| self.source_of(value)).unwrap_or_default();
        let value = found.filter(|_| !self.catalogue.is_secret(path)).and_then(shown);
        self.problems.push(Problem { key: key(path), value, source, what: what.into(), hint: hint.into() });
    }

    /// Whether `path` is set at all, a default included.
    pub fn is_set(&self, path: &str) -> bool {
        find(&self.root, path).is_some()
    }

    /// The text at `path`; `None` when it is not set or empty.
    pub fn text(&mut self, path: &str) -> Option<String> {
        let text = self.look(path)?.as_str()?;
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The text at `path`, which has to be there.
    pub fn required(&mut self, path: &str, hint: &str) -> Option<String> {
        let text = self.text(path);
        if text.is_none() && self.holds_no_wrong_type(path) {
            self.refuse(path, "is needed", hint);
        }
        text
    }

    /// What `parse` makes of the text at `path`; `None` when it is not set or was refused.
    pub fn parsed<T, E: Display>(
        &mut self,
        path: &str,
        parse: impl Fn(&str) -> Result<T, E>,
        hint: &str,
    ) -> Option<T> {
        let text = self.text(path)?;
        self.check(path, parse(&text), hint)
    }

    /// Likewise of a text that has to be there.
    pub fn needed<T, E: Display>(
        &mut self,
        path: &str,
        parse: impl Fn(&str) -> Result<T, E>,
        hint: &str,
    ) -> Option<T> {
        let text = self.required(path, hint)?;
        self.check(path, parse(&text), hint)
    }

    /// Likewise of each text in the list at `path`.
    pub fn parsed_list<T, E: Display>(
        &mut self,
        path: &str,
        parse: impl Fn(&str) -> Result<T, E>,
        hint: &str,
    ) -> Vec<T> {
        let items = self.list(path);
        items.iter().filter_map(|item| self.check(path, parse(item), hint)).collect()
    }

    /// The number at `path`, in `range`; a stand-in from it otherwise.
    pub fn number(&mut self, path: &str, range: RangeInclusive<i64>) -> i64 {
        let value = self.look(path).and_then(whole);
        match value {
            Some(number) if range.contains(&number) => number,
            Some(_) => {
                let what = format!("is not within {} to {}", range.start(), range.end());
                self.refuse(path, what, "choose a value in that range, or leave the default");
                *range.start()
            }
            None => *range.start(),
        }
    }

    /// Whether the flag at `path` is set to true.
    pub fn flag(&mut self, path: &str) -> Option<bool> {
        self.look(path)?.to_bool()
    }

    /// The list at `path`; empty when it is not set.
    pub fn list(&mut self, path: &str) -> Vec<String> {
        let items = self.look(path).and_then(Value::as_array).unwrap_or_default();
        items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// The secret at `path`; `None` when it is not set or empty.
    pub fn secret(&mut self, path: &str) -> Option<SecretString> {
        self.text(path).map(SecretString::from)
    }

    /// The names in the table at `path`.
    pub fn names(&self, path: &str) -> Vec<String> {
        let table = find(&self.root, path).and_then(Value::as_dict);
        table.map(|table| table.keys().cloned().collect()).unwrap_or_default()
    }

    /// How many tables the list at `path` has.
    pub fn count(&self, path: &str) -> usize {
        find(&self.root, path).and_then(Value::as_array).map_or(0, <[Value]>::len)
    }

    /// Passes a result on, reporting the error of it.
    pub fn check<T, E: Display>(&mut self, path: &str, result: Result<T, E>, hint: &str) -> Option<T> {
        result.map_err(|error| self.refuse(path, error.to_string(), hint)).ok()
    }

    #[cfg(test)]
    fn look(&mut self, path: &str) -> Option<&Value> {
        self.looked_at.insert(super::catalogue::pattern(path));
        find(&self.root, path)
    }

    #[cfg(not(test))]
    fn look(&mut self, path: &str) -> Option<&Value> {
        find(&self.root, path)
    }

    fn holds_no_wrong_type(&self, path: &str) -> bool {
        find(&self.root, path).is_none_or(|value| Kind::of(value) == self.catalogue.kind(path))
    }

    fn source_of(&self, value: &Value) -> String {
        self.figment.get_metadata(value.tag()).map(|metadata| metadata.name.to_string()).unwrap_or_default()
    }

    fn check_shape(&mut self, path: &str, value: &Value) {
        let expected = self.catalogue.kind(path);
        if let Some(expected) = expected {
            if Kind::of(value) != Some(expected) {
                self.report(
                    path,
                    value,
                    format!("is not {}", expected.words()),
                    format!("write {}", expected.words()),
                );
            }
            return;
        }
        match value {
            Value::Dict(_, table) if path.is_empty() || self.catalogue.is_table(path) => {
                let join =
                    |name: &String| if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                table.iter().for_each(|(name, value)| self.check_shape(&join(name), value));
            }
            Value::Array(_, items) if path == "corridors" => {
                items
                    .iter()
                    .enumerate()
                    .for_each(|(at, item)| self.check_shape(&format!("{path}.{at}"), item));
            }
            _ => self.report_unknown(path, value),
        }
    }

    fn report_unknown(&mut self, path: &str, value: &Value) {
        let (what, hint) = match (self.catalogue.is_table(path), self.catalogue.nearest(path)) {
            (true, _) => ("is a table of settings".to_owned(), format!("write [{path}] and its keys below")),
            (false, Some(known)) => ("is no setting".to_owned(), format!("did you mean {known}?")),
            (false, None) => {
                ("is no setting".to_owned(), "config.default.toml lists every setting".to_owned())
            }
        };
        // Its value stays unseen: it may be a secret under a misspelt name.
        let source = self.source_of(value);
        self.problems.push(Problem { key: key(path), value: None, source, what, hint });
    }

    fn report(&mut self, path: &str, value: &Value, what: String, hint: String) {
        let source = self.source_of(value);
        let value = (!self.catalogue.is_secret(path)).then(|| shown(value)).flatten();
        self.problems.push(Problem { key: key(path), value, source, what, hint });
    }
}

/// `corridors.0.min` as people write it: `corridors[0].min`.
fn key(path: &str) -> String {
    match path.strip_prefix("corridors.").map(|rest| rest.split_once('.').unwrap_or((rest, ""))) {
        Some((number, "")) => format!("corridors[{number}]"),
        Some((number, rest)) => format!("corridors[{number}].{rest}"),
        None => path.to_owned(),
    }
}

/// The value at `path`, whose parts are names or, in a list, numbers from 0.
fn find<'a>(root: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(root, |value, part| match value {
        Value::Dict(_, table) => table.get(part),
        Value::Array(_, items) => items.get(part.parse::<usize>().ok()?),
        _ => None,
    })
}

fn whole(value: &Value) -> Option<i64> {
    let number = value.to_num()?;
    let signed = number.to_i128().or_else(|| i128::try_from(number.to_u128()?).ok())?;
    i64::try_from(signed).ok()
}

/// A value as TOML writes it; tables are not shown.
fn shown(value: &Value) -> Option<String> {
    match value {
        Value::String(_, text) => Some(format!("{text:?}")),
        Value::Bool(_, flag) => Some(flag.to_string()),
        Value::Num(_, number) => match number.to_f64() {
            Some(fraction) => Some(fraction.to_string()),
            None => whole(value).map(|number| number.to_string()),
        },
        Value::Array(_, items) => {
            let items: Option<Vec<String>> = items.iter().map(shown).collect();
            items.map(|items| format!("[{}]", items.join(", ")))
        }
        _ => None,
    }
}
