//! Wave: a wallet in francs, which have no decimals, and one in dalasis, which have two.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{Country, Rail, Wallet};
use http::HeaderMap;
use providers::{Wave, WaveConfig, WebhookAuth, Wire};
use sandbox::{SandboxConfig, WaveWalletConfig, WaveWebhookConfig};

use super::{InSandbox, money, phone, signed};
use crate::kit::{Class, Keys, Pair, Profile, Simulator};

pub struct WavePair {
    simulator: InSandbox,
    profile: Profile,
    wallet: &'static str,
    country: &'static str,
    currency: &'static str,
}

/// In Senegal.
pub async fn francs(inbox: String) -> WavePair {
    WavePair::start(inbox, ("sn", "SN", "XOF", "wave_sn_WHS_sandbox"), "+22177000", 15_000).await
}

/// In the Gambia.
pub async fn dalasis(inbox: String) -> WavePair {
    WavePair::start(inbox, ("gm", "GM", "GMD", "wave_gm_WHS_sandbox"), "+220300", 15_050).await
}

impl WavePair {
    async fn start(
        inbox: String,
        (wallet, country, currency, secret): (&'static str, &'static str, &'static str, &'static str),
        numbers: &str,
        usual: i64,
    ) -> WavePair {
        let ours =
            WaveWalletConfig { currency: currency.to_owned(), ..WaveWalletConfig::new(wallet, country) };
        let webhooks = vec![WaveWebhookConfig::new(wallet, &inbox)];
        let config = SandboxConfig { wave: vec![ours], webhooks, ..SandboxConfig::default() };
        let simulator = InSandbox::start(config, "wave", wallet).await;
        let payee = |tail: &str| phone(&format!("{numbers}{tail}"));
        let profile = Profile {
            payees: vec![
                (payee("3344"), Class::Succeeded),
                (payee("9902"), Class::Declined),
                (payee("9906"), Class::Declined),
                (payee("9907"), Class::Declined),
                (payee("9908"), Class::Succeeded),
            ],
            // A failed attempt leaves the session open.
            declined: Some(Class::Pending),
            abandoned: Some((Duration::from_secs(1_800), Class::Expired)),
            statuses: &[
                "/checkout_status",
                "/payment_status",
                "/status",
                "/result/0/checkout_status",
                "/result/0/payment_status",
                "/result/0/status",
            ],
            words: &[
                "open",
                "complete",
                "expired",
                "processing",
                "cancelled",
                "succeeded",
                "failed",
                "reversed",
            ],
            credentials: &["wave-signature"],
            secret,
            strange_secrets: &["wave_ci_WHS_sandbox", "wave_sn_prod_sandbox", "wave_gm_prod_sandbox"],
            ..Profile::of(Rail::Wave, usual)
        };
        WavePair { simulator, profile, wallet, country, currency }
    }
}

impl Pair for WavePair {
    fn wire(&self, base_url: &str, keys: Keys) -> Arc<dyn Wire> {
        let key = if keys == Keys::Right { self.wallet } else { "xx" };
        let config = WaveConfig {
            base_url: base_url.to_owned(),
            api_key: format!("wave_{key}_prod_sandbox").into(),
            signing_secret: None,
            webhook: WebhookAuth { signing: vec![self.profile.secret.into()], shared: vec![] },
            wallet: Wallet::parse(self.wallet).unwrap(),
            country: Country::parse(self.country).unwrap(),
            currency: self.currency.parse().unwrap(),
            aggregated_merchant_id: None,
            min: Some(money(1, self.currency)),
            max: Some(money(2_000_000, self.currency)),
            settling_time: Duration::from_secs(120),
        };
        Arc::new(Wave::new(config).unwrap())
    }

    fn simulator(&self) -> &dyn Simulator {
        &self.simulator
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn sign(&self, secret: &str, at: DateTime<Utc>, body: &[u8]) -> HeaderMap {
        signed("wave-signature", "", secret, at, body)
    }
}
