//! The simulated providers of sandbox mode, in this process or in one of their own.
//!
//! Everything between gateway and simulators is real HTTP; only the clock is shared when they live in one process.

use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::clock::Clock;
use crate::config::{BaseUrl, Config, Simulators, StripeAccount, WaveWallet, WebhookProof};
use secrecy::{ExposeSecret, SecretString};

/// The simulators that every sandbox has, by the prefix they live under.
pub const PREFIXES: [&str; 6] = ["wave", "stripe", "mtn", "orange", "sonatel", "rates"];

/// Where the simulators are, and their clock when it is ours to move.
#[derive(Clone)]
pub struct Simulation {
    pub url: BaseUrl,
    clock: Option<sandbox::Clock>,
}

/// Simulators that run inside this process.
pub struct Embedded(sandbox::Sandbox);

impl Embedded {
    /// Orderly stop.
    pub async fn stop(self) {
        self.0.stop().await;
    }
}

impl Simulation {
    /// Starts the simulators that the settings embed, or notes where the others are. `None` in live mode.
    pub async fn start(
        config: &Config,
        clock: &Clock,
    ) -> anyhow::Result<(Option<Simulation>, Option<Embedded>)> {
        match &config.simulators {
            None => Ok((None, None)),
            Some(Simulators::Remote(url)) => Ok((Some(Simulation { url: url.clone(), clock: None }), None)),
            Some(Simulators::Embedded { listen, database, seed }) => {
                std::fs::create_dir_all(&config.data_dir)?;
                let settings = sandbox::SandboxConfig {
                    listen: *listen,
                    database: sandbox::Database::File(database.clone()),
                    seed: *seed,
                    wave: config.wave.iter().map(wallet).collect(),
                    stripe: account(config.stripe.as_ref()),
                    ..sandbox::SandboxConfig::default()
                };
                let sandbox =
                    sandbox::Sandbox::start(settings).await.context("the simulators cannot start")?;
                let sandbox_clock = sandbox.clock();
                sandbox_clock.set(clock.now());
                let url = BaseUrl::of_listener(sandbox.addr());
                Ok((Some(Simulation { url, clock: Some(sandbox_clock) }), Some(Embedded(sandbox))))
            }
        }
    }

    /// Moves the simulators' clock along with the gateway's, where they share a process.
    pub fn advance(&self, step: TimeDelta) {
        if let (Some(clock), Ok(step)) = (&self.clock, step.to_std()) {
            clock.advance(step);
        }
    }

    /// Moves the simulators' clock to `instant`, where they share a process.
    pub fn set(&self, instant: DateTime<Utc>) {
        if let Some(clock) = &self.clock {
            clock.set(instant);
        }
    }

    /// Tells the simulators where our webhooks are, as one does by hand in each provider's portal.
    pub async fn register_webhooks(&self, config: &Config, public_url: &str) -> anyhow::Result<()> {
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build()?;
        for wallet in &config.wave {
            let strategy = match wallet.webhook_proof {
                WebhookProof::Signing => "signing",
                WebhookProof::Shared => "shared",
            };
            let body = json!({
                "wallet": wallet.wallet.as_str(),
                "url": format!("{public_url}/webhooks/wave"),
                "strategy": strategy,
                "secrets": exposed(&wallet.webhook_secrets),
            });
            self.tell(&client, "/_control/wave/webhooks", &body).await?;
        }
        let callback_host = BaseUrl::parse(public_url).map(|url| url.host().to_owned());
        for wallet in &config.mtn {
            for (product, keys) in wallet.products() {
                let environment = &wallet.target_environment;
                let key = keys.subscription_key.expose_secret();
                let body = json!({ "key": key, "product": product, "environment": environment });
                self.tell(&client, "/_control/mtn/subscriptions", &body).await?;
                let body = json!({
                    "user": keys.api_user,
                    "api_key": keys.api_key.expose_secret(),
                    "product": product,
                    "environment": environment,
                    "callback_host": callback_host.as_deref().unwrap_or("127.0.0.1"),
                });
                self.tell(&client, "/_control/mtn/users", &body).await?;
            }
        }
        if let Some(account) = &config.stripe {
            let url = format!("{public_url}/webhooks/stripe");
            let body = json!({ "url": url, "secrets": exposed(&account.webhook_secrets) });
            self.tell(&client, "/_control/stripe/webhooks", &body).await?;
        }
        Ok(())
    }

    async fn tell(
        &self,
        client: &reqwest::Client,
        path: &str,
        body: &serde_json::Value,
    ) -> anyhow::Result<()> {
        let control = self.url.join(path);
        let answer = client.post(&control).json(body).send().await.context("the simulators do not answer")?;
        anyhow::ensure!(answer.status().is_success(), "the simulators refuse a webhook: {}", answer.status());
        Ok(())
    }
}

fn exposed(secrets: &[SecretString]) -> Vec<&str> {
    secrets.iter().map(|secret| secret.expose_secret()).collect()
}

/// A simulated account with the key that the settings give ours.
fn account(ours: Option<&StripeAccount>) -> sandbox::StripeAccountConfig {
    let theirs = sandbox::StripeAccountConfig::default();
    match ours {
        Some(ours) => sandbox::StripeAccountConfig { key: ours.api_key.expose_secret().to_owned(), ..theirs },
        None => theirs,
    }
}

/// A simulated wallet with the key and country that the settings give ours.
fn wallet(ours: &WaveWallet) -> sandbox::WaveWalletConfig {
    let mut key = sandbox::WaveKeyConfig::new(ours.api_key.expose_secret());
    key.signing_secret = ours.signing_secret.as_ref().map(|secret| secret.expose_secret().to_owned());
    sandbox::WaveWalletConfig {
        currency: ours.currency.code().to_owned(),
        keys: vec![key],
        ..sandbox::WaveWalletConfig::new(ours.wallet.as_str(), ours.country.code())
    }
}
