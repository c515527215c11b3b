//! What an adapter and its simulator have to give to be checked, and the tools of the checks.

mod bench;
mod fault;
mod inbox;
mod recorder;
mod stage;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{Msisdn, Rail, Reference};
use http::HeaderMap;
use providers::{Debit, Outcome, Payee, ProviderError, Wire};

pub use bench::{Bench, Leg, fresh, is_final, name};
pub use fault::{AFTER, BEFORE, Fault};
pub use inbox::{Inbox, Post, serve};
pub use recorder::{Answered, Recorder};
pub use stage::{Stage, TestClock};

/// One adapter for one wallet, and who plays its provider. A start function takes the address that callbacks go to.
pub trait Pair: Send + Sync {
    /// The adapter as a gateway would configure it, for a provider that listens at `base_url`.
    fn wire(&self, base_url: &str, keys: Keys) -> Arc<dyn Wire>;

    fn simulator(&self) -> &dyn Simulator;

    fn profile(&self) -> &Profile;

    /// The headers of a callback over `body` as whoever knows `secret` sends it at `at`; nothing where none is signed.
    fn sign(&self, _secret: &str, _at: DateTime<Utc>, _body: &[u8]) -> HeaderMap {
        HeaderMap::new()
    }
}

/// Which credentials an adapter is given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keys {
    Right,
    /// Well-formed, and unknown to the provider.
    Wrong,
}

/// The control surface of what plays the provider. What stands alone has a [`Stage`] and gives what happens on it.
#[async_trait]
pub trait Simulator: Send + Sync {
    /// Where it stands, unless it says the next six itself.
    fn stage(&self) -> &Stage {
        panic!("this simulator stands on no stage")
    }

    /// The base URL for adapters.
    fn url(&self) -> String {
        self.stage().url.clone()
    }

    fn now(&self) -> DateTime<Utc> {
        self.stage().clock.now()
    }

    fn advance(&self, by: Duration) {
        self.stage().clock.advance(by);
    }

    /// What goes wrong with the next request.
    async fn fault(&self, fault: Fault) {
        self.stage().faulty.set(fault);
    }

    /// Whether the fault that was set happened.
    async fn happened(&self) -> bool {
        self.stage().faulty.happened()
    }

    /// Ends the fault.
    async fn mend(&self) {
        self.stage().faulty.mend();
    }

    /// The payer of a collection acts; of whatever else is under way, its bank or operator does. False: there is
    /// nothing of that reference to act on, or not any more.
    async fn act(&self, reference: Reference, deed: Deed) -> bool;

    /// Every fact of the simulator's own record, oldest first.
    async fn facts(&self) -> Vec<Fact>;

    /// What the wallet can spend, in major units; where the adapter asks for it.
    async fn balance(&self) -> String {
        panic!("this simulator tells no balance")
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deed {
    Pay,
    Decline,
}

/// What the simulator wrote down, in major units as it writes them.
#[derive(Clone, Debug)]
pub struct Fact {
    pub reference: Option<Reference>,
    /// Positive.
    pub amount: String,
    pub currency: String,
    /// Signed, what the wallet's balance gained or lost.
    pub effect: String,
}

impl Fact {
    /// As simulators write it; a reference may be in either of its spellings.
    pub fn of(written: &serde_json::Value) -> Fact {
        let text = |key: &str| written[key].as_str().unwrap_or_default().to_owned();
        let reference = text("reference").parse().ok();
        Fact { reference, amount: text("amount"), currency: text("currency"), effect: text("effect") }
    }

    pub fn moved(&self) -> bool {
        self.effect.bytes().any(|byte| matches!(byte, b'1'..=b'9'))
    }

    pub fn took(&self) -> bool {
        self.moved() && self.effect.starts_with('-')
    }
}

/// What the checks cannot know of a rail. Everything else they read from its capabilities.
#[derive(Clone)]
pub struct Profile {
    pub rail: Rail,
    /// Minor units that a collection, a payout or a refund usually has; a refund in part is a half of it.
    pub usual: i64,
    /// What the currency is called on the wire, where that is not its code.
    pub wire_currency: Option<&'static str>,
    pub payer: Option<Msisdn>,
    pub debit: Option<Debit>,
    /// Whom to pay, and what has become of it in the end. The first one gets it.
    pub payees: Vec<(Payee, Class)>,
    /// What asking says after the payer was refused; `None` where nobody can refuse them.
    pub declined: Option<Class>,
    /// After how long without payment a collection is what; `None` where it waits for ever.
    pub abandoned: Option<(Duration, Class)>,
    /// Classes that no answer of this rail has, and why.
    pub never: &'static [(Class, &'static str)],
    /// Where statuses stand in answers, as JSON pointers.
    pub statuses: &'static [&'static str],
    /// Every status that is documented.
    pub words: &'static [&'static str],
    /// The headers without which a callback is not authentic, each of them.
    pub credentials: &'static [&'static str],
    /// What callbacks are signed with.
    pub secret: &'static str,
    /// What they are not signed with: another wallet's secret, the key of requests.
    pub strange_secrets: &'static [&'static str],
}

impl Profile {
    /// A rail on which everybody can be paid, nobody is refused, and nothing expires or is signed: say what differs.
    pub fn of(rail: Rail, usual: i64) -> Profile {
        Profile {
            rail,
            usual,
            wire_currency: None,
            payer: None,
            debit: None,
            payees: Vec::new(),
            declined: None,
            abandoned: None,
            never: &[],
            statuses: &["/status"],
            words: &[],
            credentials: &[],
            secret: "",
            strange_secrets: &[],
        }
    }
}

/// An answer without its content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Class {
    Pending,
    Succeeded,
    Declined,
    RefusedUnlessFound,
    Expired,
    Cancelled,
    NotFound,
    /// Any other outcome.
    Other,
    NotSent,
    Uncertain,
    Misconfigured,
    RateLimited,
}

impl Class {
    /// What every rail shows, unless its profile says why not.
    pub const EVERY: [Class; 8] = [
        Class::Pending,
        Class::Succeeded,
        Class::Declined,
        Class::Expired,
        Class::NotFound,
        Class::Uncertain,
        Class::Misconfigured,
        Class::RateLimited,
    ];

    pub fn of(answer: &Result<Outcome, ProviderError>) -> Class {
        match answer {
            Ok(Outcome::Pending { .. }) => Class::Pending,
            Ok(Outcome::Succeeded { .. }) => Class::Succeeded,
            Ok(Outcome::Declined { .. } | Outcome::FailedLater { .. }) => Class::Declined,
            Ok(Outcome::RefusedUnlessFound { .. }) => Class::RefusedUnlessFound,
            Ok(Outcome::Expired) => Class::Expired,
            Ok(Outcome::Cancelled) => Class::Cancelled,
            Ok(Outcome::NotFound) => Class::NotFound,
            Ok(_) => Class::Other,
            Err(ProviderError::NotSent { .. }) => Class::NotSent,
            Err(ProviderError::Uncertain { .. }) => Class::Uncertain,
            Err(ProviderError::Misconfigured { .. }) => Class::Misconfigured,
            Err(ProviderError::RateLimited { .. }) => Class::RateLimited,
        }
    }
}
