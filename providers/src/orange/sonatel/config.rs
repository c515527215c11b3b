//! What a wallet at Sonatel needs to be told, and the checks that spare a first call.

use std::time::Duration;

use domain::{Country, Currency, Money, Provider, Rail, Wallet};
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::list;
use crate::{
    Callbacks, Capabilities, Hosted, IdempotentOnReference, Limits, OperationKind, Refunds, Statements,
};

/// The least that a payer's application accepts, XOF, whatever the specification says. Observed in production.
const LEAST_MINOR: i64 = 10;
/// Longest label that a payer sees, in characters.
const LONGEST_LABEL: usize = 45;
/// Longest life of a QR code, in seconds.
const LONGEST_VALIDITY_S: u64 = 86_400;
/// How long a search may lag behind what was accepted. Nothing is published; notifications come after two seconds.
const SETTLING: Duration = Duration::from_secs(60);

/// Which of the two kinds of wallet it is.
#[derive(Clone, Debug)]
pub enum SonatelRole {
    /// Collects: a merchant.
    Merchant {
        /// Six digits, not the application's id.
        code: String,
        /// What payers see as the merchant, at most 45 characters.
        label: String,
        /// How long a QR code can be paid, at most a day.
        validity: Duration,
        /// Where Sonatel notifies of a QR code; `None`: where it was told to once and for all.
        notify_url: Option<String>,
    },
    /// Pays out and gives back: a retailer.
    Retailer {
        /// Nine digits, without 221.
        number: String,
        /// The retailer's own.
        pin: SecretString,
    },
}

/// What has to prove a notification.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SonatelProof {
    /// `X-Sonatel-Signature`, under a secret that Sonatel gave out.
    Signature,
    /// `Authorization: Basic` and the key that we registered, which Sonatel shows in clear to whoever may ask.
    Key,
    Both,
}

/// How notifications prove where they come from. Several secrets are live while one replaces another.
///
/// Nothing where it is wanted: no notification is accepted.
#[derive(Clone, Debug)]
pub struct SonatelWebhooks {
    pub proof: SonatelProof,
    /// Secrets of the endpoint, as Sonatel issued them; one that we made up would refuse everything for good.
    pub signing: Vec<SecretString>,
    /// Keys that we registered with the address.
    pub keys: Vec<SecretString>,
}

/// One wallet, in Senegal and XOF.
#[derive(Clone, Debug)]
pub struct OrangeSonatelConfig {
    /// `https://api.orange-sonatel.com`, its sandbox, or where a simulator listens; a path prefix is kept.
    pub base_url: String,
    pub client_id: String,
    pub client_secret: SecretString,
    pub role: SonatelRole,
    pub webhooks: SonatelWebhooks,
    pub wallet: Wallet,
    /// What the contract allows for one collection, or one payout.
    pub limits: Limits,
}

/// Why a configuration cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OrangeSonatelConfigError {
    #[error("base url is not an absolute http or https url without query")]
    BaseUrl,
    #[error("client id or secret is empty")]
    Credentials,
    #[error("merchant code is not six digits")]
    Code,
    #[error("label is not 1 to 45 characters")]
    Label,
    #[error("validity is not between a minute and a day")]
    Validity,
    #[error("notification address does not fit in a header")]
    NotifyUrl,
    #[error("retailer's number is not nine digits")]
    Number,
    #[error("pin is not four to eight digits")]
    Pin,
    #[error("a webhook secret is empty, or none of a kind that is wanted is there")]
    Webhooks,
}

/// A configuration that was checked.
pub(super) struct Checked {
    base_url: String,
    pub client_id: String,
    pub client_secret: SecretString,
    pub role: Role,
    pub webhooks: SonatelWebhooks,
}

/// As configured, with what is derived from it once.
pub(super) enum Role {
    Merchant { code: String, label: String, validity_s: u64, notify_url: Option<HeaderValue> },
    Retailer { number: String, pin: SecretString },
}

impl OrangeSonatelConfig {
    pub(super) fn check(self) -> Result<Checked, OrangeSonatelConfigError> {
        let base_url = crate::http::base_url(&self.base_url).ok_or(OrangeSonatelConfigError::BaseUrl)?;
        if self.client_id.is_empty() || self.client_secret.expose_secret().is_empty() {
            return Err(OrangeSonatelConfigError::Credentials);
        }
        check_webhooks(&self.webhooks)?;
        Ok(Checked {
            base_url,
            client_id: self.client_id,
            client_secret: self.client_secret,
            role: role(self.role)?,
            webhooks: self.webhooks,
        })
    }

    /// A merchant cannot pay and a retailer cannot collect, so each declares its half.
    pub(super) fn capabilities(&self) -> Capabilities {
        use OperationKind::{Balance, Collect, Disburse, Inquire, Refund, Transactions};
        let (operations, refunds, lives_for) = match &self.role {
            SonatelRole::Merchant { validity, .. } => {
                (vec![Collect, Inquire, Transactions], Refunds::None, Some(*validity))
            }
            SonatelRole::Retailer { .. } => {
                (vec![Disburse, Refund, Inquire, Balance, Transactions], Refunds::Anew, None)
            }
        };
        let least = Some(Money::new(LEAST_MINOR, Currency::XOF));
        let collect_limits = Limits { min: self.limits.min.or(least), max: self.limits.max };
        Capabilities {
            provider: Provider::OrangeSonatel,
            wallet: self.wallet.clone(),
            rails: vec![Rail::OrangeSonatel],
            countries: vec![Country::SN],
            currencies: vec![Currency::XOF],
            operations,
            collect_limits,
            disburse_limits: self.limits,
            refunds,
            refund_returns_fee: false,
            needs_customer: false,
            // The same cash-in twice may pay twice.
            idempotent_on_reference: IdempotentOnReference::NEVER,
            idempotent_for: None,
            reverse_within: None,
            settling_time: SETTLING,
            unseen_collection_expires: true,
            hosted: Hosted { lives_for, needs_its_name: false, unseen_until_paid: lives_for.is_some() },
            callbacks: Callbacks {
                collections: matches!(self.role, SonatelRole::Merchant { .. }),
                signed: self.webhooks.proof != SonatelProof::Key,
                ..Callbacks::NONE
            },
            statements: Statements::Newest { most: list::MOST },
        }
    }
}

fn check_webhooks(webhooks: &SonatelWebhooks) -> Result<(), OrangeSonatelConfigError> {
    let is_there = |secrets: &[SecretString]| !secrets.is_empty();
    let is_enough = match webhooks.proof {
        SonatelProof::Signature => is_there(&webhooks.signing),
        SonatelProof::Key => is_there(&webhooks.keys),
        SonatelProof::Both => is_there(&webhooks.signing) && is_there(&webhooks.keys),
    };
    let has_empty =
        webhooks.signing.iter().chain(&webhooks.keys).any(|secret| secret.expose_secret().is_empty());
    match is_enough && !has_empty {
        true => Ok(()),
        false => Err(OrangeSonatelConfigError::Webhooks),
    }
}

fn role(role: SonatelRole) -> Result<Role, OrangeSonatelConfigError> {
    match role {
        SonatelRole::Merchant { code, label, validity, notify_url } => {
            if !is_digits(&code, 6..=6) {
                return Err(OrangeSonatelConfigError::Code);
            }
            if !(1..=LONGEST_LABEL).contains(&label.chars().count()) {
                return Err(OrangeSonatelConfigError::Label);
            }
            let validity_s = validity.as_secs();
            if !(60..=LONGEST_VALIDITY_S).contains(&validity_s) {
                return Err(OrangeSonatelConfigError::Validity);
            }
            let header = notify_url.map(|url| HeaderValue::from_str(&url)).transpose();
            let notify_url = header.map_err(|_| OrangeSonatelConfigError::NotifyUrl)?;
            Ok(Role::Merchant { code, label, validity_s, notify_url })
        }
        SonatelRole::Retailer { number, pin } => {
            if !is_digits(&number, 9..=9) {
                return Err(OrangeSonatelConfigError::Number);
            }
            if !is_digits(pin.expose_secret(), 4..=8) {
                return Err(OrangeSonatelConfigError::Pin);
            }
            Ok(Role::Retailer { number, pin })
        }
    }
}

fn is_digits(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl Checked {
    /// Base URL and path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }
}
