//! What a merchant account for Web Payment needs to be told, and the checks that spare a first call.

use std::time::Duration;

use domain::{Country, Currency, Provider, Rail, Wallet};
use secrecy::{ExposeSecret, SecretString};

use crate::orange::oauth::OAuth;
use crate::{
    Callbacks, Capabilities, Hosted, IdempotentOnReference, Limits, OperationKind, Refunds, Statements,
};

/// Longest label that Orange shows to the payer, in characters.
const LONGEST_LABEL: usize = 30;

/// How long a page can be paid. Source: Web Payment developer guide, validity of `pay_token`.
const PAGE_LIVES: Duration = Duration::from_secs(600);

/// What was lost cannot be asked about, so there is nothing to wait for but a moment of quiet.
const SETTLING: Duration = Duration::from_secs(30);

/// The path and currency of Orange's own sandbox.
const DEV: &str = "dev";
const SANDBOX_CURRENCY: &str = "OUV";

/// In which language the page is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Language {
    French,
    English,
}

impl Language {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Language::French => "fr",
            Language::English => "en",
        }
    }
}

/// One merchant account: one country, one currency.
#[derive(Clone, Debug)]
pub struct OrangeWebConfig {
    /// `https://api.orange.com`, or where a simulator listens; a path prefix is kept.
    pub base_url: String,
    /// The segment of the path: `dev` for Orange's sandbox, else the country's code in lower case, `gn`.
    pub environment: String,
    pub client_id: String,
    pub client_secret: SecretString,
    /// Names the merchant in the body of a payment; a credential.
    pub merchant_key: SecretString,
    /// What the payer sees as the merchant, at most 30 characters.
    pub label: String,
    pub language: Language,
    pub wallet: Wallet,
    pub country: Country,
    pub currency: Currency,
    /// What the contract, and the wallets of the country, allow for one payment.
    pub limits: Limits,
}

/// Why a configuration cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OrangeWebConfigError {
    #[error("base url is not an absolute http or https url without query")]
    BaseUrl,
    #[error("environment is neither dev nor a country's code of two small letters")]
    Environment,
    #[error("client id, client secret or merchant key is empty")]
    Credentials,
    #[error("label is not 1 to 30 characters")]
    Label,
}

/// A configuration that was checked, with what is derived from it once.
pub(super) struct Checked {
    base: String,
    pub oauth: OAuth,
    pub merchant_key: SecretString,
    pub label: String,
    pub language: Language,
    is_dev: bool,
}

impl OrangeWebConfig {
    pub(super) fn check(self) -> Result<Checked, OrangeWebConfigError> {
        let base_url = crate::http::base_url(&self.base_url).ok_or(OrangeWebConfigError::BaseUrl)?;
        let is_dev = self.environment == DEV;
        let is_country =
            self.environment.len() == 2 && self.environment.bytes().all(|byte| byte.is_ascii_lowercase());
        if !is_dev && !is_country {
            return Err(OrangeWebConfigError::Environment);
        }
        if self.merchant_key.expose_secret().is_empty() {
            return Err(OrangeWebConfigError::Credentials);
        }
        if !(1..=LONGEST_LABEL).contains(&self.label.chars().count()) {
            return Err(OrangeWebConfigError::Label);
        }
        Ok(Checked {
            oauth: OAuth::new(&base_url, &self.client_id, &self.client_secret)
                .ok_or(OrangeWebConfigError::Credentials)?,
            base: format!("{base_url}/orange-money-webpay/{}/v1", self.environment),
            merchant_key: self.merchant_key,
            label: self.label,
            language: self.language,
            is_dev,
        })
    }

    pub(super) fn capabilities(&self) -> Capabilities {
        Capabilities {
            provider: Provider::OrangeWeb,
            wallet: self.wallet.clone(),
            rails: vec![Rail::OrangeWeb],
            countries: vec![self.country],
            currencies: vec![self.currency],
            operations: vec![OperationKind::Collect, OperationKind::Inquire],
            collect_limits: self.limits,
            disburse_limits: Limits::default(),
            refunds: Refunds::None,
            refund_returns_fee: false,
            needs_customer: false,
            // A repeated order is refused, which tells nothing of the first one's page.
            idempotent_on_reference: IdempotentOnReference::NEVER,
            idempotent_for: None,
            reverse_within: None,
            settling_time: SETTLING,
            unseen_collection_expires: true,
            hosted: Hosted { lives_for: Some(PAGE_LIVES), needs_its_name: true, unseen_until_paid: false },
            callbacks: Callbacks {
                collections: true,
                disbursements: false,
                refunds: false,
                signed: false,
                door: Some("orange-money"),
            },
            statements: Statements::None,
        }
    }
}

impl Checked {
    /// Base URL, environment and path.
    pub fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.base)
    }

    /// How Orange is told `currency`: its sandbox has one of its own, worth the same.
    pub fn currency(&self, currency: Currency) -> &'static str {
        match self.is_dev {
            true => SANDBOX_CURRENCY,
            false => currency.code(),
        }
    }
}
