//! What people read, in French and English: problem texts and messages to phones.
//!
//! The texts are Fluent files under `locales/`, compiled in. A key that one language lacks is read in the other,
//! and a key that both lack reads as itself; tests keep both from happening.
//!
//! Deliberately absent: choosing a language, and numbers or dates in words; values come as text.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use store::users::Language;
use unic_langid::langid;

const FRENCH: &str = include_str!("../../locales/fr.ftl");
const ENGLISH: &str = include_str!("../../locales/en.ftl");

struct Texts {
    fr: FluentBundle<FluentResource>,
    en: FluentBundle<FluentResource>,
}

static TEXTS: LazyLock<Texts> =
    LazyLock::new(|| Texts { fr: bundle(langid!("fr"), FRENCH), en: bundle(langid!("en"), ENGLISH) });

/// The text of `key`; `args` fill its `{ $name }` places.
pub fn text(language: Language, key: &str, args: &[(&'static str, String)]) -> String {
    read(language, key, None, args).unwrap_or_else(|| key.to_owned())
}

/// The longer text that belongs to `key`.
pub fn detail(language: Language, key: &str, args: &[(&'static str, String)]) -> String {
    read(language, key, Some("detail"), args).unwrap_or_else(|| key.to_owned())
}

fn read(
    language: Language,
    key: &str,
    attribute: Option<&str>,
    args: &[(&'static str, String)],
) -> Option<String> {
    let bundles = match language {
        Language::Fr => [&TEXTS.fr, &TEXTS.en],
        Language::En => [&TEXTS.en, &TEXTS.fr],
    };
    let args: FluentArgs<'_> = args.iter().map(|(name, value)| (*name, value.as_str())).collect();
    bundles.into_iter().find_map(|bundle| {
        let message = bundle.get_message(key)?;
        let pattern = match attribute {
            None => message.value()?,
            Some(name) => message.get_attribute(name)?.value(),
        };
        Some(bundle.format_pattern(pattern, Some(&args), &mut Vec::new()).into_owned())
    })
}

/// What cannot be read in a compiled-in file is left out and told; the tests read every line of it.
fn bundle(language: unic_langid::LanguageIdentifier, source: &str) -> FluentBundle<FluentResource> {
    let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(readable, errors)| {
        tracing::error!(text.language = %language, text.errors = errors.len(), "texts cannot be read");
        readable
    });
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    bundle.set_use_isolating(false);
    bundle.add_resource_overriding(resource);
    bundle
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const FILES: [(&str, &str); 2] = [("fr", FRENCH), ("en", ENGLISH)];

    /// `key` or `key.attribute`, with the names of the places to fill.
    fn texts(source: &str) -> BTreeSet<(String, BTreeSet<String>)> {
        let mut found = BTreeSet::new();
        let mut key = String::new();
        for line in source.lines() {
            let Some((name, text)) = line.split_once(" = ") else { continue };
            let name = match name.strip_prefix("    .") {
                Some(attribute) => format!("{key}.{attribute}"),
                None => name.to_owned(),
            };
            if !name.contains('.') {
                key.clone_from(&name);
            }
            let places = text.split("{ $").skip(1).filter_map(|rest| rest.split_once(" }"));
            found.insert((name, places.map(|(place, _)| place.to_owned()).collect()));
        }
        found
    }

    #[test]
    fn both_files_are_read_whole() {
        for (name, source) in FILES {
            let resource = FluentResource::try_new(source.to_owned());
            assert!(resource.is_ok(), "{name}.ftl: {:?}", resource.err().map(|(_, errors)| errors));
            let keys: Vec<_> =
                source.lines().filter_map(|line| line.split_once(" = ")).map(|(key, _)| key).collect();
            let messages: Vec<_> = keys.iter().filter(|key| !key.starts_with(' ')).collect();
            let distinct: BTreeSet<_> = messages.iter().collect();
            assert_eq!(distinct.len(), messages.len(), "a key of {name}.ftl is there twice");
        }
    }

    #[test]
    fn both_languages_say_the_same_things() {
        let [fr, en] = FILES.map(|(_, source)| texts(source));
        let apart: Vec<_> = fr.symmetric_difference(&en).collect();
        assert!(apart.is_empty(), "only in one language, or with other places: {apart:?}");
        assert!(fr.len() > 80, "{}", fr.len());
    }

    #[test]
    fn texts_are_filled_and_fall_back() {
        let args = [("field", "montant".to_owned())];
        assert_eq!(detail(Language::Fr, "unknown_field", &args), "Le champ « montant » n’existe pas ici.");
        assert_eq!(text(Language::En, "not_found", &[]), "Not found");
        assert_eq!(text(Language::En, "no-such-key", &[]), "no-such-key");
        assert_eq!(detail(Language::Fr, "no-such-key", &[]), "no-such-key");
    }

    #[test]
    fn every_alert_has_a_title_and_says_what_to_do_in_words_of_its_own() {
        for language in [Language::Fr, Language::En] {
            let mut told = std::collections::BTreeSet::new();
            for kind in domain::AlertKind::ALL {
                let key = format!("alert-{kind}");
                let said = [text(language, &key, &[]), detail(language, &key, &[])];
                assert!(said.iter().all(|words| *words != key), "{language:?} {kind}: {said:?}");
                for words in said {
                    assert!(told.insert(words.clone()), "{language:?} {kind}: {words:?} is another one's");
                }
            }
        }
    }
}
