//! What has to be fetched before a request can be written: an access token, an operator's public key.
//!
//! An adapter names its [`Need`]s and reads what was fetched for them; the runner keeps them, has each minted by one
//! caller while the others wait, renews them before they end, and fetches anew once when the provider refuses one.
//!
//! What always holds: grants are kept per wallet, so no wallet, product or host ever sees another one's.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use crate::{Operation, ProviderError, Request, Response};

/// One thing to fetch, by its name within the adapter: `collection token`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Need(pub &'static str);

/// What was fetched.
#[derive(Clone, Debug)]
pub struct Grant {
    pub value: SecretString,
    /// How long it may be used from now on; `None`: once.
    pub lives_for: Option<Duration>,
}

/// What was fetched for one call.
#[derive(Clone, Debug, Default)]
pub struct Grants {
    held: Vec<(Need, SecretString)>,
}

impl Grants {
    /// For requests that need nothing.
    pub const fn none() -> Grants {
        Grants { held: Vec::new() }
    }

    /// With one thing more.
    #[must_use]
    pub fn with(mut self, need: Need, value: SecretString) -> Grants {
        self.held.push((need, value));
        self
    }

    /// What was fetched for `need`; empty when nothing was, which a provider refuses.
    pub fn get(&self, need: Need) -> &str {
        let held = self.held.iter().find(|(other, _)| *other == need);
        held.map_or("", |(_, value)| value.expose_secret())
    }
}

/// The part of an adapter that fetches.
pub trait Granter: Send + Sync {
    /// What `operation` needs, in the order of fetching: a later one may use those before.
    fn needs(&self, operation: &Operation) -> &'static [Need];

    /// The request that fetches `need`. It moves nothing.
    fn fetch(&self, need: Need, grants: &Grants) -> Request;

    /// Reads what was fetched. Errors: `Misconfigured` when credentials are refused; whatever else it is, the
    /// operation was not sent.
    fn granted(&self, need: Need, response: &Response) -> Result<Grant, ProviderError>;

    /// The need that `response` refuses, when it says so before having looked at the operation: a spent token, a
    /// revoked key. It is fetched anew and the operation put again, once.
    fn refused(&self, operation: &Operation, response: &Response) -> Option<Need>;

    /// The need whose users have to stop, because `response` says that what only a person can mend was wrong and
    /// that trying on does harm. Nothing that needs it is sent any more until the gateway starts anew.
    fn spoilt(&self, _: &Operation, _: &Response) -> Option<Need> {
        None
    }
}
