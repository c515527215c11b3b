//! What the MTN simulator is started with: target environments, subscription keys, API users.
//!
//! An environment called `sandbox` has the personality of MTN's sandbox (EUR, magic numbers,
//! everybody active, users made by API); any other is a market with its own currency, whose
//! people approve on their phones.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::books::words;

/// The target environment with MTN's test values.
pub const SANDBOX: &str = "sandbox";

words! {
    /// One of the three APIs, each with its own keys and tokens.
    pub enum Product {
        /// Money in.
        Collection = "collection",
        /// Money out, and refunds.
        Disbursement = "disbursement",
        /// Money sent from another country.
        Remittance = "remittance",
    }
}

impl Product {
    /// Every product.
    pub const ALL: [Product; 3] = [Product::Collection, Product::Disbursement, Product::Remittance];

    /// The product that a path as `/mtn/collection/…` belongs to.
    pub fn of_path(path: &str) -> Option<Product> {
        let name = path.split('/').nth(2)?;
        Product::ALL.into_iter().find(|product| product.as_str() == name)
    }
}

words! {
    /// How a failed movement tells its reason.
    pub enum ReasonShape {
        /// `"reason": "EXPIRED"`, as seen live.
        Text = "text",
        /// `"reason": {"code": "EXPIRED", "message": …}`, as published.
        Object = "object",
    }
}

words! {
    /// Which callback URLs are taken.
    pub enum CallbackScheme {
        /// Both, so that a gateway on this machine hears of its payments.
        Any = "any",
        /// As MTN's sandbox.
        Http = "http",
        /// As MTN's production.
        Https = "https",
    }
}

words! {
    /// How often a callback is tried.
    pub enum CallbackRetry {
        /// Once, as the current portal says.
        Once = "once",
        /// As an older page says: 20 times each second, 30 times every two minutes, then hourly.
        Ladder = "ladder",
    }
}

/// Everything that the MTN simulator can be told at its start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MtnConfig {
    /// Environments, opened when the books do not have them yet.
    pub environments: Vec<MtnEnvironmentConfig>,
    /// Subscription keys, written over what the books have.
    pub subscriptions: Vec<MtnSubscriptionConfig>,
    /// API users, written over what the books have.
    pub users: Vec<MtnUserConfig>,
    /// How long an access token lives by the simulators' clock.
    pub token_lifetime: Duration,
}

impl Default for MtnConfig {
    fn default() -> MtnConfig {
        let guinea = "mtnguineaconakry";
        let keys = Product::ALL.into_iter().flat_map(|product| {
            let name = product.as_str();
            [
                MtnSubscriptionConfig::new(&format!("mtn_sandbox_{name}_key"), product, guinea),
                MtnSubscriptionConfig::new(&format!("mtn_sandbox_primary_{name}"), product, SANDBOX),
            ]
        });
        MtnConfig {
            environments: vec![
                MtnEnvironmentConfig {
                    opening_balance: 500_000_000,
                    ..MtnEnvironmentConfig::market(guinea, "GNF", "224", 12)
                },
                MtnEnvironmentConfig::sandbox(),
            ],
            subscriptions: keys.collect(),
            users: Product::ALL.into_iter().map(|product| MtnUserConfig::usual(product, guinea)).collect(),
            token_lifetime: Duration::from_secs(3600),
        }
    }
}

/// A target environment with its one wallet. Also the body of `POST /_control/mtn/environments`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MtnEnvironmentConfig {
    /// The value of `X-Target-Environment`.
    pub environment: String,
    /// The only currency of its wallet.
    pub currency: String,
    /// In minor units; a wallet in the books keeps its balance.
    #[serde(default)]
    pub opening_balance: i64,
    /// What every number here begins with; empty in the sandbox.
    #[serde(default)]
    pub calling_code: String,
    /// How many digits a number has, calling code included; 0 takes any.
    #[serde(default)]
    pub number_length: usize,
    /// How long a movement is `CREATED` before it is `PENDING`.
    #[serde(default)]
    pub created_for_seconds: u32,
    /// How much later what would end at once ends.
    #[serde(default)]
    pub settles_after_seconds: u32,
    /// How long a payer has to approve, in a market.
    #[serde(default = "five_minutes")]
    pub approval_seconds: u32,
    /// Payers of a market approve by themselves after two seconds.
    #[serde(default)]
    pub auto_approve: bool,
    /// Whether only numbers that can exist here are active.
    #[serde(default)]
    pub strict_holders: bool,
    /// How a failure tells its reason.
    #[serde(default = "in_text")]
    pub reason: ReasonShape,
    /// Which callback URLs are taken.
    #[serde(default = "any_scheme")]
    pub callback_scheme: CallbackScheme,
    /// How often a callback is tried.
    #[serde(default = "once")]
    pub callback_retry: CallbackRetry,
}

impl MtnEnvironmentConfig {
    /// A market with an empty wallet, whose numbers have `length` digits and begin with `code`.
    pub fn market(environment: &str, currency: &str, code: &str, length: usize) -> MtnEnvironmentConfig {
        MtnEnvironmentConfig {
            environment: environment.to_owned(),
            currency: currency.to_owned(),
            opening_balance: 0,
            calling_code: code.to_owned(),
            number_length: length,
            created_for_seconds: 0,
            settles_after_seconds: 0,
            approval_seconds: five_minutes(),
            auto_approve: false,
            strict_holders: true,
            reason: in_text(),
            callback_scheme: any_scheme(),
            callback_retry: once(),
        }
    }

    /// MTN's sandbox with 100,000.00 EUR: plain http callbacks, everybody active.
    pub fn sandbox() -> MtnEnvironmentConfig {
        MtnEnvironmentConfig {
            opening_balance: 10_000_000,
            strict_holders: false,
            callback_scheme: CallbackScheme::Http,
            ..MtnEnvironmentConfig::market(SANDBOX, "EUR", "", 0)
        }
    }

    /// Whether magic numbers decide rather than people.
    pub fn is_sandbox(&self) -> bool {
        self.environment == SANDBOX
    }

    /// Whether such a number can exist here: digits with the country code, no `+`, no zero first.
    pub fn can_have(&self, msisdn: &str) -> bool {
        let is_plain = msisdn.bytes().all(|byte| byte.is_ascii_digit()) && !msisdn.starts_with('0');
        let is_long = match self.number_length {
            0 => (8..=15).contains(&msisdn.len()),
            length => msisdn.len() == length,
        };
        is_plain && is_long && msisdn.starts_with(&self.calling_code)
    }
}

/// A subscription key of the portal. Also the body of `POST /_control/mtn/subscriptions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MtnSubscriptionConfig {
    /// The value of `Ocp-Apim-Subscription-Key`.
    pub key: String,
    /// The only product that it opens.
    pub product: Product,
    /// The environment that it opens it in.
    pub environment: String,
}

impl MtnSubscriptionConfig {
    /// A key of one product in one environment.
    pub fn new(key: &str, product: Product, environment: &str) -> MtnSubscriptionConfig {
        MtnSubscriptionConfig { key: key.to_owned(), product, environment: environment.to_owned() }
    }
}

/// An API user. Also the body of `POST /_control/mtn/users`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MtnUserConfig {
    /// A UUID v4: the user name of Basic authentication.
    pub user: String,
    /// The password; a user just provisioned has none.
    #[serde(default)]
    pub api_key: Option<String>,
    /// The product whose key made it.
    pub product: Product,
    /// The only target environment that it may name.
    pub environment: String,
    /// The only host to which callbacks go, without scheme, port and path.
    pub callback_host: String,
    /// False answers every write with 403, as an account without the permission.
    #[serde(default = "yes")]
    pub may_write: bool,
    /// True refuses every write as `NOT_ALLOWED`, as a blocked partner account.
    #[serde(default)]
    pub blocked: bool,
}

impl MtnUserConfig {
    /// The user that the documents of this simulator name, with `mtn_sandbox_{product}_secret`.
    pub fn usual(product: Product, environment: &str) -> MtnUserConfig {
        let tail = match product {
            Product::Collection => "c1",
            Product::Disbursement => "d1",
            Product::Remittance => "e1",
        };
        MtnUserConfig {
            user: format!("00000000-0000-4000-8000-0000000000{tail}"),
            api_key: Some(format!("mtn_sandbox_{}_secret", product.as_str())),
            product,
            environment: environment.to_owned(),
            callback_host: "127.0.0.1".to_owned(),
            may_write: true,
            blocked: false,
        }
    }
}

fn five_minutes() -> u32 {
    300
}

fn in_text() -> ReasonShape {
    ReasonShape::Text
}

fn any_scheme() -> CallbackScheme {
    CallbackScheme::Any
}

fn once() -> CallbackRetry {
    CallbackRetry::Once
}

fn yes() -> bool {
    true
}
