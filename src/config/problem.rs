//! What is wrong with the settings, in words that say what to change.

use std::fmt;

/// One setting that stops the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key, as `auth.otp_ttl_s`, or the variable when it names none.
    pub key: String,
    /// The value as written in TOML; `None` when it is not set, or is or may be a secret.
    pub value: Option<String>,
    /// Where the value came from, as `variable MONEYBRIDGE_LISTEN`; empty when it is not set.
    pub source: String,
    /// What stands in the way.
    pub what: String,
    /// What to do about it.
    pub hint: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)?;
        if let Some(value) = &self.value {
            write!(f, " = {value}")?;
        }
        match self.source.as_str() {
            "" => f.write_str(" (not set)")?,
            source => write!(f, " ({source})")?,
        }
        write!(f, ": {}\n    hint: {}", self.what, self.hint)
    }
}

/// Everything that is wrong with the settings; at least one problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub Vec<Problem>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.0.len() == 1 { "problem" } else { "problems" };
        write!(f, "the settings have {} {noun}", self.0.len())?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for ConfigError {}
