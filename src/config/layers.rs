//! Where settings come from, each source a layer that remembers its name.
//!
//! A secret may be written as `…_file` (or `…_FILE`) in any layer but a flag; the file is read here
//! and the rest of the house sees the value. Naming both in one layer contradicts itself.
//!
//! Deliberately absent: whether a value is any good.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use figment::providers::{Format, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::catalogue::{Catalogue, Kind};
use super::problem::Problem;
use super::{DEFAULTS, SANDBOX_DEFAULTS};

/// Everything that settings are read from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// A settings file that must be there; without one, `moneybridge.toml` in `folder` if it exists.
    pub file: Option<PathBuf>,
    /// Where `moneybridge.toml` is looked for.
    pub folder: PathBuf,
    /// The process's variables.
    pub variables: Vec<(OsString, OsString)>,
    /// What was given on the command line.
    pub flags: Vec<Flag>,
}

/// A setting given on the command line.
#[derive(Clone, Debug)]
pub struct Flag {
    /// The flag as typed, as `--listen`.
    pub name: String,
    /// The key that it sets.
    pub path: String,
    /// The value as typed.
    pub value: String,
}

impl Sources {
    /// The sources of this process: its variables and the folder it was started in.
    pub fn of_process(file: Option<PathBuf>, flags: Vec<Flag>) -> Sources {
        Sources { file, folder: PathBuf::new(), variables: std::env::vars_os().collect(), flags }
    }
}

/// All layers merged, and what was wrong with single ones.
pub struct Gathered {
    pub figment: Figment,
    pub catalogue: Catalogue,
    pub problems: Vec<Problem>,
}

/// Reads every source. What cannot be read is left out and reported.
pub fn gather(sources: &Sources) -> Gathered {
    let mut problems = Vec::new();
    let catalogue = Catalogue::read(DEFAULTS).unwrap_or_else(|error| {
        problems.push(unreadable_toml("config.default.toml", &error));
        Catalogue::empty()
    });
    let mut gatherer = Gatherer { catalogue: &catalogue, problems };
    let variables = gatherer.utf8(&sources.variables);
    let mut layers = vec![gatherer.toml("the default", DEFAULTS)];
    layers.extend(gatherer.file(sources, &variables));
    let wallets = wallet_names(&layers);
    layers.extend(gatherer.platform(&variables));
    layers.extend(gatherer.variables(&variables, &wallets));
    layers.extend(sources.flags.iter().filter_map(|flag| gatherer.flag(flag)));
    let mode = layers.iter().fold(Figment::new(), Figment::merge).find_value("mode");
    if mode.is_ok_and(|mode| mode.as_str() != Some("live")) {
        layers.insert(1, gatherer.toml("the sandbox's default", SANDBOX_DEFAULTS));
    }
    let figment = layers.iter().fold(Figment::new(), Figment::merge);
    let problems = gatherer.problems;
    Gathered { figment, catalogue, problems }
}

/// What is wrong with a secret that is there as a value and as a file.
pub const TWICE: &str = "is given both as a value and as a file";

/// Settings of one source.
pub struct Layer {
    name: String,
    settings: Dict,
}

impl Layer {
    /// A layer with one setting.
    pub fn of_one(name: &str, path: &str, value: impl Into<Value>) -> Layer {
        let mut parts: Vec<&str> = path.split('.').collect();
        let first = parts.remove(0).to_owned();
        let nested = |value, part: &str| Value::from(Map::from([(part, value)]));
        let value = parts.into_iter().rev().fold(value.into(), nested);
        Layer { name: name.to_owned(), settings: Dict::from([(first, value)]) }
    }
}

impl Provider for &Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.settings.clone()))
    }
}

/// Reads sources one by one, and keeps what was wrong with them.
pub struct Gatherer<'a> {
    /// Which settings exist.
    pub catalogue: &'a Catalogue,
    problems: Vec<Problem>,
}

impl Gatherer<'_> {
    /// Reports something that cannot be a setting; its value is not shown.
    pub fn problem(&mut self, key: &str, source: &str, what: impl Into<String>, hint: impl Into<String>) {
        let (key, source) = (key.to_owned(), source.to_owned());
        self.problems.push(Problem { key, value: None, source, what: what.into(), hint: hint.into() });
    }

    fn toml(&mut self, name: &str, text: &str) -> Layer {
        let settings = match Toml::string(text).data() {
            Ok(mut profiles) => profiles.remove(&Profile::Default).unwrap_or_default(),
            Err(error) => {
                self.problems.push(unreadable_toml(name, &error));
                Dict::new()
            }
        };
        let mut layer = Layer { name: name.to_owned(), settings };
        self.read_secret_files("", &mut layer.settings, name);
        layer
    }

    fn file(&mut self, sources: &Sources, variables: &BTreeMap<String, String>) -> Option<Layer> {
        let named = variables.get("MONEYBRIDGE_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from);
        let named = sources.file.clone().or(named);
        let path = named.clone().unwrap_or_else(|| sources.folder.join("moneybridge.toml"));
        match std::fs::read_to_string(&path) {
            Ok(text) => Some(self.toml(&path.display().to_string(), &text)),
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => {
                let hint = "name a settings file that can be read, or none";
                self.problem("--config", &path.display().to_string(), error.to_string(), hint);
                None
            }
        }
    }

    /// Puts the content of each `…_file` in place of it.
    fn read_secret_files(&mut self, prefix: &str, table: &mut Dict, source: &str) {
        for (name, value) in std::mem::take(table) {
            let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            let secret = path.strip_suffix("_file").filter(|path| self.catalogue.is_secret(path));
            match (value, secret) {
                (Value::Dict(tag, mut inner), _) => {
                    self.read_secret_files(&path, &mut inner, source);
                    table.insert(name, Value::Dict(tag, inner));
                }
                (Value::String(_, file), Some(secret)) => {
                    let base = name.strip_suffix("_file").unwrap_or(&name).to_owned();
                    let content = if table.contains_key(&base) {
                        self.problem(secret, source, TWICE, "keep one of the two");
                        None
                    } else {
                        self.secret_file(secret, source, Path::new(&file))
                    };
                    table.extend(content.map(|content| (base, content)));
                }
                (value, _) => drop(table.insert(name, value)),
            }
        }
    }

    /// The secret in `file`, without the line break at its end; for a list, one per line.
    pub fn secret_file(&mut self, path: &str, source: &str, file: &Path) -> Option<Value> {
        match std::fs::read_to_string(file) {
            Ok(text) if self.catalogue.kind(path) == Some(Kind::List) => {
                Some(Value::from(listed(&text, '\n')))
            }
            Ok(text) => Some(Value::from(text.trim_end_matches(['\r', '\n']))),
            Err(error) => {
                let what = format!("cannot read {}: {error}", file.display());
                self.problem(path, source, what, "name a file that this user can read");
                None
            }
        }
    }
}

/// The items of `text`, without the space around them and without empty ones.
pub fn listed(text: &str, separator: char) -> Vec<String> {
    text.split(separator).map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

fn wallet_names(layers: &[Layer]) -> BTreeSet<String> {
    let wallets = layers.iter().flat_map(|layer| {
        let of = |name: &str| layer.settings.get(name)?.as_dict()?.get("wallets")?.as_dict();
        ["wave", "manual", "mtn_momo", "orange_web"].map(of).into_iter().flatten().collect::<Vec<_>>()
    });
    wallets.flat_map(|wallets| wallets.keys().cloned()).collect()
}

/// Without the lines that the parser quotes, which may hold a secret.
fn unreadable_toml(name: &str, error: &figment::Error) -> Problem {
    let text = error.kind.to_string();
    let lines: Vec<&str> = text.lines().filter(|line| !line.contains('|')).collect();
    Problem {
        key: name.to_owned(),
        value: None,
        source: "file".to_owned(),
        what: lines.join(": "),
        hint: "see https://toml.io for how to write it".to_owned(),
    }
}
