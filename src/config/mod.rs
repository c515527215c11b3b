//! The settings of a gateway: read once at the start, typed, and checked as a whole.
//!
//! What is written wins over what is compiled in: `config.default.toml` (and, in sandbox mode,
//! `config.sandbox.toml`), then `moneybridge.toml`, variables, flags. [`load`] either gives a
//! [`Config`] whose parts agree with each other, or every problem at once, each with its key, its
//! value, where it came from and a hint. A secret's value is never shown.
//!
//! Deliberately absent: reading a setting anywhere else, and changing one while the gateway runs.

mod address;
mod alerts;
mod catalogue;
mod checks;
mod corridors;
mod keys;
mod layers;
mod manual;
mod mtn;
mod orange;
mod payouts;
mod problem;
mod providers;
mod rails;
mod rates;
mod reader;
mod refunds;
mod screening;
mod sections;
mod statements;
mod stripe;
#[cfg(test)]
mod tests;
mod variables;

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use secrecy::SecretString;

pub use address::{AllowedHosts, BaseUrl, reachable};
pub use alerts::{AlertMail, AlertWebhook, Alerts};
pub use corridors::Corridor;
pub use keys::{KeyError, MasterKey, write_private};
pub use layers::{Flag, Sources};
pub use manual::ManualWallet;
pub use mtn::MtnWallet;
pub use orange::{OrangeWebWallet, Sonatel, SonatelProof};
pub use payouts::{OnNameMismatch, Payouts};
pub use problem::{ConfigError, Problem};
pub use providers::{Sms, SmsSender, WaveWallet, WebhookProof};
pub use rails::Rails;
pub use rates::{RateFeed, Rates};
pub use refunds::RefundPolicy;
pub use screening::Screening;
pub use sections::{Auth, Limits, Log, LogFormat, Quotes, Workers};
pub use statements::Statements;
pub use stripe::StripeAccount;

/// What is compiled in, with the meaning of every key.
pub(crate) const DEFAULTS: &str = include_str!("../../config.default.toml");

/// What sandbox mode adds to it.
pub(crate) const SANDBOX_DEFAULTS: &str = include_str!("../../config.sandbox.toml");

/// Whether money is real.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Simulated providers, money that does not exist.
    Sandbox,
    /// Real money.
    Live,
}

/// All settings. Fields carry the names of their keys; `config.default.toml` says what they mean.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whether money is real.
    pub mode: Mode,
    /// Where the API listens.
    pub listen: SocketAddr,
    /// Where `/metrics` listens, if anywhere.
    pub metrics_listen: Option<SocketAddr>,
    /// How the world reaches us, when it was said; [`Config::public_url`] has the default too.
    pub public_url: Option<BaseUrl>,
    /// `Host` headers that are answered.
    pub allowed_hosts: AllowedHosts,
    /// Proxies whose forwarded headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Origins whose pages may call the API, each as a browser writes it.
    pub allowed_origins: Vec<String>,
    /// Folder of what the gateway writes; need not exist yet.
    pub data_dir: PathBuf,
    /// The book.
    pub database: Database,
    /// The simulators; `None` in live mode.
    pub simulators: Option<Simulators>,
    /// What was said about keys; [`Config::master_key`] has the sandbox's own too.
    pub keys: Keys,
    /// Signing in.
    pub auth: Auth,
    /// How text messages leave.
    pub sms: Sms,
    /// How much of us one caller may take.
    pub limits: Limits,
    /// Offers.
    pub quotes: Quotes,
    /// Names, and the lists they are held against.
    pub screening: Screening,
    /// Payees, before they are paid.
    pub payouts: Payouts,
    /// How large a refund one person may ask for.
    pub refunds: RefundPolicy,
    /// When a rail is down.
    pub rails: Rails,
    /// How providers' statements are read.
    pub statements: Statements,
    /// What currencies cost.
    pub rates: Rates,
    /// Wave wallets, by name.
    pub wave: Vec<WaveWallet>,
    /// MTN wallets, by name.
    pub mtn: Vec<MtnWallet>,
    /// The account at Stripe, if there is one.
    pub stripe: Option<StripeAccount>,
    /// Merchant accounts for Orange's Web Payment, by name.
    pub orange_web: Vec<OrangeWebWallet>,
    /// Our application at Sonatel, if there is one.
    pub sonatel: Option<Sonatel>,
    /// Pots that people keep, by name.
    pub manual: Vec<ManualWallet>,
    /// What is served; from, to and both currencies are never the same twice.
    pub corridors: Vec<Corridor>,
    /// What a person is told of.
    pub alerts: Alerts,
    /// The loops that drain.
    pub workers: Workers,
    /// What is logged, and how.
    pub log: Log,
}

/// Where the book is.
#[derive(Clone, Debug)]
pub struct Database {
    /// `sqlite://…` or `postgres://…`; a secret because it may carry a password.
    pub url: SecretString,
    /// Connections that only read.
    pub readers: u32,
}

/// Where the simulated providers are.
#[derive(Clone, Debug, PartialEq)]
pub enum Simulators {
    /// In this process.
    Embedded {
        /// Their own listener; port 0 takes a free one.
        listen: SocketAddr,
        /// Their book.
        database: PathBuf,
        /// Decides which requests a fault with a probability hits.
        seed: u64,
    },
    /// In a process of their own.
    Remote(BaseUrl),
}

/// Keys as they were given.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// Encrypts the book. Always there in live mode.
    pub master: Option<MasterKey>,
    /// Signs access tokens; without one it is derived from `master`.
    pub token: Option<MasterKey>,
}

impl Config {
    /// How the world reaches a gateway that listens on `bound`: `public_url`, else that address.
    pub fn public_url(&self, bound: SocketAddr) -> BaseUrl {
        self.public_url.clone().unwrap_or_else(|| BaseUrl::of_listener(bound))
    }

    /// The most that one direct debit may take, where there are debits.
    pub fn debit_max(&self) -> Option<domain::Money> {
        self.stripe.as_ref().map(|account| account.debit_max)
    }

    /// The pot of this wallet, if people keep it.
    pub fn kept_by_hand(&self, provider: domain::Provider, wallet: &domain::Wallet) -> Option<&ManualWallet> {
        manual::find(&self.manual, provider, wallet)
    }

    /// The bank account that this wallet's money can be swept to: our book's name for the bank, and the provider's for
    /// the account.
    pub fn bank_of(&self, provider: domain::Provider, wallet: &domain::Wallet) -> Option<(&str, &str)> {
        let account = self.stripe.as_ref().filter(|account| account.wallet == *wallet)?;
        let bank_account = account.bank_account.as_deref()?;
        (provider == domain::Provider::Stripe).then_some((account.bank.as_str(), bank_account))
    }

    /// The key that everything encrypted hangs on.
    ///
    /// In sandbox mode without `keys.master`, the one in `data_dir/sandbox.key`, which is made at
    /// the first call (mode 0600). Errors: that file cannot be made or read, or holds no key.
    pub fn master_key(&self) -> Result<MasterKey, KeyError> {
        match &self.keys.master {
            Some(key) => Ok(key.clone()),
            None => keys::sandbox_key(&self.data_dir),
        }
    }
}

/// Reads all sources and checks them together.
///
/// Errors: every unknown, unreadable or contradictory setting that was found, in the order of
/// `config.default.toml`.
pub fn load(sources: &Sources) -> Result<Config, ConfigError> {
    let gathered = layers::gather(sources);
    let mut reader = reader::Reader::new(gathered);
    let config = sections::config(&mut reader);
    reader.finish(config)
}
