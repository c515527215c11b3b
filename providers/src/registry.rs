//! Which adapter serves which wallet.
//!
//! Several wallets of one provider share a webhook path, each with keys of its own; a callback is
//! tried against all of them, always all, so that time does not tell which one matched.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::Wallet;
use domain::rail;
use http::HeaderMap;

use crate::{Provider, Unauthentic, Verified};

/// The configured wallets, in the order of registration.
#[derive(Clone, Default)]
pub struct Registry {
    entries: Vec<Arc<dyn Provider>>,
}

/// The wallet is registered already.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a wallet is configured twice at one provider")]
pub struct Duplicate;

impl Registry {
    pub fn new() -> Registry {
        Registry::default()
    }

    /// Adds a wallet under the names that its capabilities declare.
    pub fn add(&mut self, provider: Arc<dyn Provider>) -> Result<(), Duplicate> {
        let capabilities = provider.capabilities();
        if self.get(capabilities.provider, &capabilities.wallet).is_some() {
            return Err(Duplicate);
        }
        self.entries.push(provider);
        Ok(())
    }

    /// The adapter of one wallet.
    pub fn get(&self, provider: rail::Provider, wallet: &Wallet) -> Option<&Arc<dyn Provider>> {
        self.wallets(provider).find(|entry| entry.capabilities().wallet == *wallet)
    }

    /// Every wallet.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Provider>> {
        self.entries.iter()
    }

    /// The wallets of one provider: those to try for a callback on its path.
    pub fn wallets(&self, provider: rail::Provider) -> impl Iterator<Item = &Arc<dyn Provider>> {
        self.entries.iter().filter(move |entry| entry.capabilities().provider == provider)
    }

    /// Finds the wallet whose keys authenticate a callback. All wallets are tried, the first match counts.
    ///
    /// Errors: the reason of the last wallet tried, or that none is configured.
    pub fn verify(
        &self,
        provider: rail::Provider,
        headers: &HeaderMap,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<(Wallet, Verified), Unauthentic> {
        let mut found = Err(Unauthentic { reason: "no wallet of this provider is configured" });
        for entry in self.wallets(provider) {
            let tried = entry.verify(headers, body, now);
            if found.is_err() {
                found = tried.map(|verified| (entry.capabilities().wallet.clone(), verified));
            }
        }
        found
    }
}
