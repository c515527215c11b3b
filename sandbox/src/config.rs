//! What a simulator is started with.
//!
//! The defaults are a Senegalese and an Ivorian Wave wallet with fifty million XOF each, an
//! Orange SMS account that never runs out, and Orange Web Payment merchants in three countries and
//! in its sandbox. Books that exist already win over these settings: a wallet that is in the books
//! keeps its balance, its keys and its flags.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Clock;
pub use crate::mtn::config::{MtnConfig, MtnEnvironmentConfig, MtnSubscriptionConfig, MtnUserConfig};
pub use crate::orange_web::config::{OrangeMerchantConfig, OrangeWebConfig};
pub use crate::sonatel::config::{
    SonatelCallbackConfig, SonatelConfig, SonatelSettings, SonatelWalletConfig,
};
pub use crate::stripe::config::{
    AfterLastRetry, StripeAccountConfig, StripeBankAccountConfig, StripeBillingConfig, StripeWebhookConfig,
};

/// Where the books are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// In memory: gone when the simulator stops.
    Memory,
    /// In this SQLite file, which is created when absent.
    File(PathBuf),
}

/// Everything that a simulator can be told at its start.
#[derive(Clone, Debug)]
pub struct SandboxConfig {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where the books are kept.
    pub database: Database,
    /// Decides which requests a fault with a probability hits, unless the fault has its own seed.
    pub seed: u64,
    /// The address by which browsers reach the hosted pages, when it is not the listener's.
    pub public_url: Option<String>,
    /// The clock to live by; give one to share it with a gateway in the same process.
    pub clock: Clock,
    /// Wave wallets, opened when the books do not have them yet.
    pub wave: Vec<WaveWalletConfig>,
    /// Wave webhooks, written over what the books have under the same wallet and name.
    pub webhooks: Vec<WaveWebhookConfig>,
    /// How long the receiver of a webhook may take, in real time.
    pub webhook_deadline: Duration,
    /// Accepts `http` redirect URLs of any host; otherwise only of loopback ones.
    pub allow_plain_http: bool,
    /// The Orange SMS account.
    pub sms: SmsConfig,
    /// The Stripe account.
    pub stripe: StripeAccountConfig,
    /// Orange Web Payment merchants; their OAuth client is the one of SMS.
    pub orange_web: OrangeWebConfig,
    /// MTN MoMo: target environments, keys and users.
    pub mtn: MtnConfig,
    /// The Orange Sonatel application.
    pub sonatel: SonatelConfig,
}

impl Default for SandboxConfig {
    fn default() -> SandboxConfig {
        SandboxConfig {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            database: Database::Memory,
            seed: 0,
            public_url: None,
            clock: Clock::default(),
            wave: vec![WaveWalletConfig::new("sn", "SN"), WaveWalletConfig::new("ci", "CI")],
            webhooks: Vec::new(),
            webhook_deadline: Duration::from_secs(5),
            allow_plain_http: false,
            sms: SmsConfig::default(),
            stripe: StripeAccountConfig::default(),
            orange_web: OrangeWebConfig::default(),
            mtn: MtnConfig::default(),
            sonatel: SonatelConfig::default(),
        }
    }
}

/// A Wave business wallet as the portal shows it, with its keys. Also the body of
/// `POST /_control/wave/wallets`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaveWalletConfig {
    /// The name by which the control surface calls it, as `sn`.
    pub wallet: String,
    /// ISO 3166 alpha-2; payees have numbers of this country.
    pub country: String,
    /// The only currency of this wallet.
    #[serde(default = "xof")]
    pub currency: String,
    /// Shown on the hosted page and in sessions.
    #[serde(default = "business_name")]
    pub business_name: String,
    /// In minor units.
    #[serde(default)]
    pub opening_balance: i64,
    /// Answers nothing but its balance.
    #[serde(default)]
    pub disabled: bool,
    /// The APIs this wallet may use: `checkout`, `payout`, `balance`, `aggregated_merchants`.
    #[serde(default = "every_api")]
    pub apis: Vec<String>,
    /// Aggregated merchants that Wave opened and reviewed by hand; when there are some, requests must
    /// name one. Those made by the API may be named, but need not be.
    #[serde(default)]
    pub aggregated_merchants: Vec<String>,
    /// API keys of this wallet.
    #[serde(default)]
    pub keys: Vec<WaveKeyConfig>,
}

impl WaveWalletConfig {
    /// A wallet in XOF with fifty million and the key `wave_{wallet}_prod_sandbox`.
    pub fn new(wallet: &str, country: &str) -> WaveWalletConfig {
        WaveWalletConfig {
            wallet: wallet.to_owned(),
            country: country.to_owned(),
            currency: xof(),
            business_name: business_name(),
            opening_balance: 50_000_000,
            disabled: false,
            apis: every_api(),
            aggregated_merchants: Vec::new(),
            keys: vec![WaveKeyConfig::new(&format!("wave_{wallet}_prod_sandbox"))],
        }
    }
}

/// One API key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaveKeyConfig {
    /// The bearer token.
    pub key: String,
    /// What it may be used for: `checkout`, `payout`, `balance`, `aggregated_merchants`.
    #[serde(default = "every_api")]
    pub scopes: Vec<String>,
    /// Refused as `api-key-revoked`.
    #[serde(default)]
    pub revoked: bool,
    /// Caller addresses that may use it; empty means any.
    #[serde(default)]
    pub allowed_ips: Vec<String>,
    /// When set, every request must be signed with it.
    #[serde(default)]
    pub signing_secret: Option<String>,
}

impl WaveKeyConfig {
    /// A key with every scope, no request signing and no allow-list.
    pub fn new(key: &str) -> WaveKeyConfig {
        WaveKeyConfig {
            key: key.to_owned(),
            scopes: every_api(),
            revoked: false,
            allowed_ips: Vec::new(),
            signing_secret: None,
        }
    }
}

/// How a webhook proves where it comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// `Wave-Signature`, with one `v1` per secret.
    #[default]
    Signing,
    /// `Authorization: Bearer` with the first secret.
    Shared,
}

/// A webhook as the portal shows it. Also the body of `POST /_control/wave/webhooks`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaveWebhookConfig {
    /// The wallet whose events it gets.
    pub wallet: String,
    /// Distinguishes several webhooks of one wallet, as during the rotation of a secret.
    #[serde(default = "main_name")]
    pub name: String,
    /// Where events are posted.
    pub url: String,
    /// How they are proven.
    #[serde(default)]
    pub strategy: Strategy,
    /// Secrets in force; when empty, `wave_{wallet}_WHS_sandbox`.
    #[serde(default)]
    pub secrets: Vec<String>,
    /// Event types wanted; empty means every one.
    #[serde(default)]
    pub events: Vec<String>,
}

impl WaveWebhookConfig {
    /// A signing webhook named `main` with the wallet's default secret, for every event.
    pub fn new(wallet: &str, url: &str) -> WaveWebhookConfig {
        WaveWebhookConfig {
            wallet: wallet.to_owned(),
            name: main_name(),
            url: url.to_owned(),
            strategy: Strategy::Signing,
            secrets: Vec::new(),
            events: Vec::new(),
        }
    }

    /// The secrets in force, with the default one in place of none.
    pub fn secrets_or_default(&self) -> Vec<String> {
        match self.secrets.is_empty() {
            true => vec![format!("wave_{}_WHS_sandbox", self.wallet)],
            false => self.secrets.clone(),
        }
    }
}

/// The Orange SMS account, and the OAuth client that it shares with Web Payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmsConfig {
    /// OAuth client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// How long a token of `/oauth/v3` lives by the simulators' clock.
    pub token_lifetime: Duration,
    /// How long a token of `/oauth/v2` lives.
    pub token_lifetime_v2: Duration,
    /// Writes `expires_in` as a JSON number; current pages show a string.
    pub numeric_expires_in: bool,
    /// Messages left in the bundle; `None` never runs out.
    pub credits: Option<u32>,
}

impl Default for SmsConfig {
    fn default() -> SmsConfig {
        SmsConfig {
            client_id: "sandbox-client".to_owned(),
            client_secret: "sandbox-secret".to_owned(),
            token_lifetime: Duration::from_secs(3600),
            token_lifetime_v2: Duration::from_secs(7_776_000),
            numeric_expires_in: false,
            credits: None,
        }
    }
}

fn xof() -> String {
    "XOF".to_owned()
}

fn business_name() -> String {
    "MoneyBridge Sandbox".to_owned()
}

fn main_name() -> String {
    "main".to_owned()
}

fn every_api() -> Vec<String> {
    ["checkout", "payout", "balance", "aggregated_merchants"].map(str::to_owned).to_vec()
}
