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
    /// The wallet is part of what was proven: a callback that names a movement of another wallet proves nothing.
    ///
    /// Errors: the reason of the first wallet tried, or that none is configured.
    pub fn verify(
        &self,
        provider: rail::Provider,
        headers: &HeaderMap,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<(Wallet, Verified), Unauthentic> {
        let mut refused = None;
        let mut found = None;
        for entry in self.wallets(provider) {
            match entry.verify(headers, body, now) {
                Ok(verified) => found = found.or(Some((entry.capabilities().wallet.clone(), verified))),
                Err(reason) => refused = refused.or(Some(reason)),
            }
        }
        let none = Unauthentic { reason: "no wallet of this provider is configured" };
        found.ok_or(refused.unwrap_or(none))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::{Country, Currency};
    use hmac::{Hmac, KeyInit, Mac};

    use super::*;
    use crate::{CallSettings, HttpClient, HttpProvider, Trust, Wave, WaveConfig, WebhookAuth};

    const BODY: &[u8] = br#"{"id":"EV_1","type":"test.test_event"}"#;

    fn now() -> DateTime<Utc> {
        "2026-11-20T10:05:00Z".parse().unwrap()
    }

    fn wallet(name: &str, secret: &str) -> Arc<dyn Provider> {
        let config = WaveConfig {
            base_url: "http://127.0.0.1:9".to_owned(),
            api_key: "key".into(),
            signing_secret: None,
            webhook: WebhookAuth { signing: vec![secret.into()], shared: vec![] },
            wallet: Wallet::parse(name).unwrap(),
            country: Country::SN,
            currency: Currency::XOF,
            aggregated_merchant_id: None,
            min: None,
            max: None,
            settling_time: Duration::from_secs(1),
        };
        let client = HttpClient::new(Duration::from_secs(1)).unwrap();
        let wire = Wave::new(config).unwrap();
        Arc::new(HttpProvider::new(wire, client, Arc::new(now), CallSettings::default()))
    }

    fn registry() -> Registry {
        let mut registry = Registry::new();
        registry.add(wallet("sn", "secret-sn")).unwrap();
        registry.add(wallet("ci", "secret-ci")).unwrap();
        registry
    }

    fn signed_with(secret: &str) -> HeaderMap {
        let t = now().timestamp();
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(format!("{t}{}", std::str::from_utf8(BODY).unwrap()).as_bytes());
        let header = format!("t={t},v1={}", hex::encode(mac.finalize().into_bytes()));
        HeaderMap::from_iter([("wave-signature".parse().unwrap(), header.parse().unwrap())])
    }

    #[test]
    fn a_callback_finds_the_wallet_whose_key_signed_it() {
        let registry = registry();
        for (secret, name) in [("secret-sn", "sn"), ("secret-ci", "ci")] {
            let (wallet, verified) =
                registry.verify(rail::Provider::Wave, &signed_with(secret), BODY, now()).unwrap();
            assert_eq!((wallet.as_str(), verified.trust), (name, Trust::Proven));
            assert_eq!(verified.event_key, "EV_1");
        }
    }

    #[test]
    fn a_callback_that_no_wallet_signed_is_refused_with_a_reason() {
        let refusal = |registry: &Registry, provider| {
            registry.verify(provider, &signed_with("stranger"), BODY, now()).unwrap_err().reason
        };
        assert_eq!(refusal(&registry(), rail::Provider::Wave), "no signature matches");
        let absent = "no wallet of this provider is configured";
        assert_eq!(refusal(&registry(), rail::Provider::Stripe), absent);
        assert_eq!(refusal(&Registry::new(), rail::Provider::Wave), absent);
    }

    #[test]
    fn a_wallet_is_registered_once_and_found_by_its_name() {
        let mut registry = registry();
        assert_eq!(registry.add(wallet("sn", "again")), Err(Duplicate));
        let names: Vec<_> = registry.iter().map(|entry| entry.capabilities().wallet.to_string()).collect();
        assert_eq!(names, ["sn", "ci"]);
        let find = |provider, name: &str| registry.get(provider, &Wallet::parse(name).unwrap()).is_some();
        assert!(find(rail::Provider::Wave, "ci"));
        assert!(!find(rail::Provider::Wave, "ml") && !find(rail::Provider::MtnMomo, "ci"));
    }
}
