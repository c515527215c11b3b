//! Form parameters with brackets, read one by one; what nobody read is unknown and refused.
//!
//! `a[b][c]=1`, `a[]=1` and `a[0]=1` are kept flat under their bracketed names, and `a[]` gets the
//! next number. A handler takes what it knows and then calls [`Params::finish`], before it does
//! anything.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::errors::StripeError;

/// The most characters of one value, but for metadata.
const MAX_TEXT: usize = 5000;

/// The parameters of one request that were not read yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params {
    left: BTreeMap<String, String>,
}

/// What a request may hold a parameter to.
type Read<T> = Result<T, StripeError>;

impl Params {
    /// Decodes `application/x-www-form-urlencoded` text.
    pub fn decode(text: &str) -> Read<Params> {
        let url = reqwest::Url::parse(&format!("http://stripe/?{text}"));
        let Ok(url) = url else {
            return Err(StripeError::invalid("", "Invalid request: cannot decode the parameters"));
        };
        let mut left = BTreeMap::new();
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for (name, value) in url.query_pairs().filter(|(name, _)| !name.is_empty()) {
            check_name(&name)?;
            let mut name = name.into_owned();
            while let Some(at) = name.find("[]") {
                // In a list of hashes every member of one hash comes with the same brackets.
                let place = counts.entry(name.clone()).or_default();
                let numbered = format!("{}[{place}]{}", &name[..at], &name[at + 2..]);
                *place += 1;
                name = numbered;
            }
            left.insert(name, value.into_owned());
        }
        Ok(Params { left })
    }

    /// Everything as text, by which two requests are compared.
    pub fn fingerprint(&self) -> String {
        serde_json::to_string(&self.left).unwrap_or_default()
    }

    /// Whether any parameter is called so, or lies inside it.
    pub fn has(&self, name: &str) -> bool {
        let inside = format!("{name}[");
        self.left.keys().any(|key| key == name || key.starts_with(&inside))
    }

    /// A text as it came, also an empty one.
    pub fn raw(&mut self, name: &str) -> Option<String> {
        self.left.remove(name)
    }

    /// A text; an empty one is refused.
    pub fn text(&mut self, name: &str) -> Read<Option<String>> {
        let Some(text) = self.raw(name) else { return Ok(None) };
        if text.is_empty() {
            let message = format!(
                "You passed an empty string for '{name}'. We assume empty values are an attempt to unset a parameter; however '{name}' cannot be unset."
            );
            return Err(StripeError::invalid("parameter_invalid_empty", message).about(name));
        }
        if text.chars().count() > MAX_TEXT {
            let message = format!("Invalid string: must be at most {MAX_TEXT} characters");
            return Err(StripeError::invalid("parameter_invalid_string", message).about(name));
        }
        Ok(Some(text))
    }

    /// A text that must be there.
    pub fn required(&mut self, name: &str) -> Read<String> {
        self.text(name)?.ok_or_else(|| StripeError::missing(name))
    }

    /// A whole number.
    pub fn integer(&mut self, name: &str) -> Read<Option<i64>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let is_plain = text.strip_prefix('-').unwrap_or(&text).bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(number) if is_plain => Ok(Some(number)),
            _ => {
                let message = format!("Invalid integer: {text}");
                Err(StripeError::invalid("parameter_invalid_integer", message).about(name))
            }
        }
    }

    /// `true` or `false`.
    pub fn flag(&mut self, name: &str) -> Read<Option<bool>> {
        match self.text(name)?.as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(StripeError::invalid("", format!("Invalid boolean: {other}")).about(name)),
        }
    }

    /// One of these words.
    pub fn word(&mut self, name: &str, words: &[&str]) -> Read<Option<String>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        if words.contains(&text.as_str()) {
            return Ok(Some(text));
        }
        let message = format!("Invalid {name}: must be one of {}", words.join(", "));
        Err(StripeError::invalid("", message).about(name))
    }

    /// A list of texts.
    pub fn list(&mut self, name: &str) -> Read<Option<Vec<String>>> {
        let mut list = Vec::new();
        while let Some(item) = self.text(&format!("{name}[{}]", list.len()))? {
            list.push(item);
        }
        Ok((!list.is_empty()).then_some(list))
    }

    /// `metadata`: what to set, and with an empty text what to remove.
    pub fn metadata(&mut self, name: &str) -> Read<Map<String, Value>> {
        let prefix = format!("{name}[");
        let keys: Vec<String> = self.left.keys().filter(|key| key.starts_with(&prefix)).cloned().collect();
        let mut found = Map::new();
        for path in keys {
            let key = path[prefix.len()..].trim_end_matches(']').to_owned();
            let value = self.left.remove(&path).unwrap_or_default();
            if key.is_empty() || key.contains('[') || key.chars().count() > 40 {
                let message = "Metadata keys have at most 40 characters and no brackets";
                return Err(StripeError::invalid("", message).about(&path));
            }
            if value.chars().count() > 500 {
                let message = "Metadata values can have up to 500 characters";
                return Err(StripeError::invalid("", message).about(&path));
            }
            found.insert(key, Value::String(value));
        }
        if found.len() > 50 {
            return Err(StripeError::invalid("", "Metadata can have up to 50 keys").about(name));
        }
        Ok(found)
    }

    /// Reads known parameters without a use for them.
    pub fn ignore(&mut self, names: &[&str]) {
        self.left.retain(|key, _| {
            !names.iter().any(|name| {
                key.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
            })
        });
    }

    /// Refuses what nobody read.
    pub fn finish(&self) -> Read<()> {
        match self.left.keys().next() {
            None => Ok(()),
            Some(name) => Err(StripeError::unknown(name)),
        }
    }
}

fn check_name(name: &str) -> Read<()> {
    let opened = name.matches('[').count();
    let is_closed = opened == name.matches(']').count() && (opened == 0 || name.ends_with(']'));
    match is_closed && !name.starts_with('[') {
        true => Ok(()),
        false => Err(StripeError::invalid("", format!("Invalid parameter name: {name}")).about(name)),
    }
}

/// What `metadata` becomes when `changes` are made to it.
pub fn merged(old: &Value, changes: Map<String, Value>) -> Value {
    let mut metadata = old.as_object().cloned().unwrap_or_default();
    for (key, value) in changes {
        match value.as_str() {
            Some("") => metadata.remove(&key),
            _ => metadata.insert(key, value),
        };
    }
    Value::Object(metadata)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_nest_and_lists_are_numbered() {
        let mut params = Params::decode(
            "a=1&b[c][d]=x%20y&list[]=p&list[]=q&numbered[0]=r&items[0][price]=9&metadata[k]=v&metadata[gone]=",
        )
        .unwrap();
        assert_eq!(params.integer("a").unwrap(), Some(1));
        assert_eq!(params.text("b[c][d]").unwrap().unwrap(), "x y");
        assert_eq!(params.list("list").unwrap().unwrap(), ["p", "q"]);
        assert_eq!(params.list("numbered").unwrap().unwrap(), ["r"]);
        assert_eq!(params.integer("items[0][price]").unwrap(), Some(9));
        let metadata = params.metadata("metadata").unwrap();
        let old = serde_json::json!({"gone": "1", "stays": "2"});
        assert_eq!(merged(&old, metadata), serde_json::json!({"k": "v", "stays": "2"}));
        params.finish().unwrap();
    }

    #[test]
    fn what_nobody_read_is_unknown() {
        let mut params = Params::decode("amount=5&payment_method_data[sepa_debit][ibn]=x").unwrap();
        params.integer("amount").unwrap();
        let error = params.finish().unwrap_err();
        assert_eq!(error.param.as_deref(), Some("payment_method_data[sepa_debit][ibn]"));
        assert_eq!(error.code.as_deref(), Some("parameter_unknown"));
    }

    #[test]
    fn wrong_values_name_their_parameter() {
        let refused = |text: &str, read: fn(&mut Params) -> Result<(), StripeError>| {
            read(&mut Params::decode(text).unwrap()).unwrap_err()
        };
        let integer = |params: &mut Params| params.integer("n").map(|_| ());
        for text in ["n=1.5", "n=abc", "n=+1", "n=1e3"] {
            assert_eq!(refused(text, integer).code.as_deref(), Some("parameter_invalid_integer"), "{text}");
        }
        assert_eq!(refused("n=", integer).code.as_deref(), Some("parameter_invalid_empty"));
        assert_eq!(refused("x=1", |params| params.required("n").map(|_| ())).param.as_deref(), Some("n"));
        for name in ["a[b", "a]b", "[a]"] {
            assert!(Params::decode(&format!("{name}=1")).is_err(), "{name}");
        }
    }
}
