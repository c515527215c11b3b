//! Settings in variables and flags: text that becomes what its key holds.
//!
//! Every variable that begins with `MONEYBRIDGE_` sets something or is reported, except those that
//! others set for themselves. Deliberately absent: reading the process's variables.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::Path;

use figment::value::Value;

use super::catalogue::{Kind, variable};
use super::layers::{Flag, Gatherer, Layer, TWICE, listed};

impl Gatherer<'_> {
    /// Our variables and the platform's, as text.
    pub fn utf8(&mut self, variables: &[(OsString, OsString)]) -> BTreeMap<String, String> {
        let mut read = BTreeMap::new();
        for (name, value) in variables {
            let Some(name) = name.to_str().filter(|name| is_ours(name)) else { continue };
            match value.to_str() {
                Some(value) => drop(read.insert(name.to_owned(), value.to_owned())),
                None => self.problem(name, "variable", "is not UTF-8 text", "write it as UTF-8"),
            }
        }
        read
    }

    /// `PORT` and `DATABASE_URL`, as hosting platforms set them.
    pub fn platform(&mut self, variables: &BTreeMap<String, String>) -> Vec<Layer> {
        let mut layers = Vec::new();
        let set = |name: &str| variables.get(name).filter(|value| !value.is_empty());
        match set("PORT").map(|port| port.parse::<u16>().map_err(|_| port)) {
            Some(Ok(port)) => {
                layers.push(Layer::of_one("variable PORT", "listen", format!("0.0.0.0:{port}")))
            }
            Some(Err(port)) => {
                let what = format!("{port:?} is not a port");
                self.problem("PORT", "variable", what, "a number from 0 to 65535, or MONEYBRIDGE_LISTEN");
            }
            None => {}
        }
        layers.extend(
            set("DATABASE_URL")
                .map(|url| Layer::of_one("variable DATABASE_URL", "database.url", url.as_str())),
        );
        layers
    }

    pub fn variables(&mut self, all: &BTreeMap<String, String>, wallets: &BTreeSet<String>) -> Vec<Layer> {
        let ours = all.iter().filter(|(name, _)| name.starts_with("MONEYBRIDGE_") && !is_reserved(name));
        ours.filter_map(|(name, value)| self.variable(name, value, all, wallets)).collect()
    }

    fn variable(
        &mut self,
        name: &str,
        value: &str,
        all: &BTreeMap<String, String>,
        wallets: &BTreeSet<String>,
    ) -> Option<Layer> {
        let source = format!("variable {name}");
        if let Some(path) = self.catalogue.path_of_variable(name, wallets) {
            return self.typed(&path, value).map(|value| Layer::of_one(&source, &path, value));
        }
        let base = name.strip_suffix("_FILE").unwrap_or_default();
        let secret = self.catalogue.path_of_variable(base, wallets);
        let Some(path) = secret.filter(|path| self.catalogue.is_secret(path)) else {
            self.unknown_variable(name);
            return None;
        };
        if value.is_empty() {
            return None;
        }
        if all.get(base).is_some_and(|value| !value.is_empty()) {
            self.problem(&path, &source, TWICE, "unset one of the two variables");
            return None;
        }
        self.secret_file(&path, &source, Path::new(value)).map(|value| Layer::of_one(&source, &path, value))
    }

    fn unknown_variable(&mut self, name: &str) {
        let hint = match self.catalogue.nearest_variable(name) {
            Some(known) => format!("did you mean {known}?"),
            None => "config.default.toml lists every setting; unset this one".to_owned(),
        };
        self.problem(name, "variable", "is no setting", hint);
    }

    pub fn flag(&mut self, flag: &Flag) -> Option<Layer> {
        let source = format!("flag {}", flag.name);
        if self.catalogue.is_secret(&flag.path) && flag.path != "database.url" {
            let hint = format!("use {} or {}_FILE", variable(&flag.path), variable(&flag.path));
            self.problem(&flag.path, &source, "is a secret, and others can read command lines", hint);
            return None;
        }
        let value = match self.catalogue.kind(&flag.path) {
            Some(_) => self.typed_from(&flag.path, &flag.value, &source)?,
            None => Value::from(flag.value.clone()),
        };
        Some(Layer::of_one(&source, &flag.path, value))
    }

    /// A variable's text as what its key holds; `None` when it says nothing.
    fn typed(&mut self, path: &str, text: &str) -> Option<Value> {
        let clears = path == "metrics_listen" || self.catalogue.kind(path) == Some(Kind::List);
        if text.is_empty() && (!clears || self.catalogue.is_secret(path)) {
            return None;
        }
        self.typed_from(path, text, &format!("variable {}", variable(path)))
    }

    fn typed_from(&mut self, path: &str, text: &str, source: &str) -> Option<Value> {
        let kind = self.catalogue.kind(path)?;
        let value = match kind {
            Kind::Text => Some(Value::from(text)),
            Kind::Number => text.trim().parse::<i64>().ok().map(Value::from),
            Kind::Flag => text.trim().parse::<bool>().ok().map(Value::from),
            Kind::List => Some(Value::from(listed(text, ','))),
        };
        if value.is_none() {
            let hint = format!("write {}", kind.words());
            self.problem(path, source, format!("{text:?} is not {}", kind.words()), hint);
        }
        value
    }
}

fn is_ours(name: &str) -> bool {
    name.starts_with("MONEYBRIDGE_") || name == "PORT" || name == "DATABASE_URL"
}

/// Ours to read elsewhere (the settings file, the tests' database), or set by an orchestrator for a
/// service that happens to be called moneybridge.
fn is_reserved(name: &str) -> bool {
    let reserved = ["MONEYBRIDGE_TEST_", "MONEYBRIDGE_SERVICE_", "MONEYBRIDGE_PORT_"];
    name == "MONEYBRIDGE_CONFIG"
        || name == "MONEYBRIDGE_PORT"
        || reserved.iter().any(|prefix| name.starts_with(prefix))
}
