//! Seeded faults: what is set to go wrong, when, and how often it did.
//!
//! A fault is set for one provider and fires at the first requests or events that it matches:
//! once, unless told how many times or with what probability. Draws come from a generator per
//! fault, so the same seed and the same traffic give the same faults. Faults live in memory: a
//! restarted simulator is well-behaved.

pub mod answer;
pub mod layer;
mod setting;

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::Serialize;

pub use setting::{Forgery, Kind, Match, Setting, SettingError};

/// A request as faults see it.
#[derive(Clone, Debug)]
pub struct RequestFacts {
    /// `wave`, `stripe`, `orange` or `sms`.
    pub provider: &'static str,
    /// `POST /wave/v1/payout`, with the query.
    pub line: String,
    /// Body, query and the references of what the path names: where a reference is looked for.
    pub haystack: String,
    /// Whether it changes anything at the provider.
    pub has_effect: bool,
}

/// An event as faults see it.
#[derive(Clone, Debug)]
pub struct EventFacts {
    /// Its type.
    pub kind: String,
    /// The caller's reference and the provider's id.
    pub references: Vec<String>,
}

/// What happens to one event.
#[derive(Clone, Debug, Default)]
pub struct Mischief {
    /// Never sent.
    pub is_lost: bool,
    /// Extra copies with the same event id.
    pub copies: u32,
    /// Sent only after this long by the simulators' clock.
    pub delay: TimeDelta,
    /// Sent after the next event.
    pub is_overtaken: bool,
    /// Followed by one that says the opposite.
    pub is_contradicted: bool,
    /// Sent once under each of two secrets.
    pub is_under_two_secrets: bool,
    /// With a field that no document knows.
    pub has_unknown_field: bool,
    /// With a type that no document knows.
    pub has_unknown_type: bool,
    /// Forgeries sent beside it.
    pub forgeries: Vec<Forgery>,
}

#[derive(Debug)]
struct Entry {
    id: u64,
    provider: String,
    setting: Setting,
    left: Option<u32>,
    fired: u32,
    rng: StdRng,
}

/// A fault that is set, as the control surface lists it.
#[derive(Clone, Debug, Serialize)]
pub struct Listed {
    /// Counts up from one.
    pub id: u64,
    /// What was asked for.
    #[serde(flatten)]
    pub setting: Setting,
    /// How often it may still fire; null means always.
    pub left: Option<u32>,
    /// How often it fired.
    pub fired: u32,
}

#[derive(Debug, Default)]
struct Shelf {
    entries: Vec<Entry>,
    last_id: u64,
}

/// Every fault that is set.
#[derive(Debug)]
pub struct Faults {
    seed: u64,
    shelf: Mutex<Shelf>,
}

impl Faults {
    /// None yet; `seed` serves those that bring none of their own.
    pub fn new(seed: u64) -> Faults {
        Faults { seed, shelf: Mutex::default() }
    }

    /// Sets a fault.
    pub fn set(&self, provider: &str, setting: Setting) -> Listed {
        let mut shelf = self.lock();
        shelf.last_id += 1;
        let id = shelf.last_id;
        let seed = setting.seed.unwrap_or(self.seed ^ id);
        let entry = Entry {
            id,
            provider: provider.to_owned(),
            left: setting.times(),
            fired: 0,
            rng: StdRng::seed_from_u64(seed),
            setting,
        };
        let listed = entry.listed();
        shelf.entries.push(entry);
        listed
    }

    /// What is set for a provider, and what fired.
    pub fn list(&self, provider: &str) -> Vec<Listed> {
        let of_provider = |entry: &&Entry| entry.provider == provider;
        self.lock().entries.iter().filter(of_provider).map(Entry::listed).collect()
    }

    /// Removes every fault of a provider.
    pub fn clear(&self, provider: &str) {
        self.lock().entries.retain(|entry| entry.provider != provider);
    }

    /// Removes every fault.
    pub fn clear_all(&self) {
        self.lock().entries.clear();
    }

    /// Whether a request to this provider needs looking at.
    pub fn concern(&self, provider: &str) -> bool {
        let is_live = |entry: &Entry| entry.provider == provider && entry.left != Some(0);
        self.lock().entries.iter().any(is_live)
    }

    /// Fires the first fault among those that `suits` accepts for this request.
    pub fn on_request(&self, facts: &RequestFacts, suits: impl Fn(&Setting) -> bool) -> Option<Setting> {
        let wanted = |setting: &Setting| suits(setting) && setting.matches_request(facts);
        self.fire(facts.provider, wanted)
    }

    /// Fires every fault that concerns this event of a provider.
    pub fn on_event(&self, provider: &str, facts: &EventFacts) -> Mischief {
        let mut mischief = Mischief::default();
        let wanted = |setting: &Setting| setting.matches_event(facts);
        for setting in self.fire_all(provider, wanted) {
            match setting.fault {
                Kind::CallbackDuplicate => mischief.copies += setting.copies.unwrap_or(1),
                Kind::CallbackReorder => mischief.is_overtaken = true,
                Kind::CallbackLate => mischief.delay += setting.callback_delay(),
                Kind::CallbackLost => mischief.is_lost = true,
                Kind::CallbackForged => mischief.forgeries.push(setting.variant.unwrap_or_default()),
                Kind::CallbackContradictory => mischief.is_contradicted = true,
                Kind::CallbackTwiceTwoSecrets => mischief.is_under_two_secrets = true,
                Kind::CallbackUnknownField => mischief.has_unknown_field = true,
                Kind::CallbackUnknownType => mischief.has_unknown_type = true,
                _ => {}
            }
        }
        mischief
    }

    fn fire(&self, provider: &str, wanted: impl Fn(&Setting) -> bool) -> Option<Setting> {
        let mut shelf = self.lock();
        let of_provider = |entry: &&mut Entry| entry.provider == provider;
        shelf.entries.iter_mut().filter(of_provider).find_map(|entry| entry.fire(&wanted))
    }

    fn fire_all(&self, provider: &str, wanted: impl Fn(&Setting) -> bool) -> Vec<Setting> {
        let mut shelf = self.lock();
        let of_provider = |entry: &&mut Entry| entry.provider == provider;
        shelf.entries.iter_mut().filter(of_provider).filter_map(|entry| entry.fire(&wanted)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn fire(&mut self, wanted: impl Fn(&Setting) -> bool) -> Option<Setting> {
        if self.left == Some(0) || !wanted(&self.setting) {
            return None;
        }
        if self.setting.probability.is_some_and(|probability| !self.rng.random_bool(probability)) {
            return None;
        }
        self.left = self.left.map(|left| left - 1);
        self.fired += 1;
        Some(self.setting.clone())
    }

    fn listed(&self) -> Listed {
        Listed { id: self.id, setting: self.setting.clone(), left: self.left, fired: self.fired }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(line: &str) -> RequestFacts {
        let has_effect = line.starts_with("POST");
        RequestFacts { provider: "wave", line: line.to_owned(), haystack: "order-7".to_owned(), has_effect }
    }

    fn setting(json: &str) -> Setting {
        serde_json::from_str::<Setting>(json).unwrap()
    }

    #[test]
    fn a_fault_fires_once_where_it_matches() {
        let faults = Faults::new(1);
        faults.set("wave", setting(r#"{"fault":"lose_reply","match":"/payout"}"#));
        let fire = |line: &str| faults.on_request(&facts(line), |_| true).is_some();
        assert!(!fire("POST /wave/v1/checkout/sessions"));
        assert!(fire("POST /wave/v1/payout"));
        assert!(!fire("POST /wave/v1/payout"));
        let listed = faults.list("wave");
        assert_eq!((listed[0].fired, listed[0].left), (1, Some(0)));
    }

    #[test]
    fn a_lost_reply_without_a_match_waits_for_an_effect() {
        let faults = Faults::new(1);
        faults.set("wave", setting(r#"{"fault":"lose_reply"}"#));
        assert!(faults.on_request(&facts("GET /wave/v1/balance"), |_| true).is_none());
        assert!(faults.on_request(&facts("POST /wave/v1/payout"), |_| true).is_some());
    }

    #[test]
    fn a_match_may_name_method_path_and_reference() {
        let faults = Faults::new(1);
        let json = r#"{"fault":"html","match":{"method":"post","path":"payout","reference":"order-7"}}"#;
        faults.set("wave", setting(json));
        assert!(faults.on_request(&facts("GET /wave/v1/payout/x"), |_| true).is_none());
        assert!(faults.on_request(&facts("POST /wave/v1/payout"), |_| true).is_some());
    }

    #[test]
    fn the_same_seed_draws_the_same_faults() {
        let draw = |seed| {
            let faults = Faults::new(seed);
            faults.set("wave", setting(r#"{"fault":"slow","probability":0.5}"#));
            let fire = |_| faults.on_request(&facts("POST /x"), |_| true).is_some();
            (0..64).map(fire).collect::<Vec<bool>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        let hits = draw(7).iter().filter(|hit| **hit).count();
        assert!((16..48).contains(&hits), "{hits}");
    }
}
