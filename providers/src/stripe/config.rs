//! What an account at Stripe needs to be told, and the checks that spare a first call.

use std::time::Duration;

use domain::{Country, Currency, Money, Provider, Rail, Wallet};
use http::{HeaderName, HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};
use stripe_client_core::VERSION;

use super::terms;
use crate::bearer::bearer;
use crate::{
    Callbacks, Capabilities, IdempotentOnReference, Limits, OperationKind, Refunds, Request, Statements,
};

pub(super) const STRIPE_VERSION: HeaderName = HeaderName::from_static("stripe-version");

/// Stripe keeps an idempotency key for 24 hours at least; an hour less is what we rely on.
const KEYS_LIVE: Duration = Duration::from_secs(23 * 3600);

/// Where Stripe keeps accounts for transfers from the SEPA area. Source: docs.stripe.com/payments/bank-transfers.
const IBAN_COUNTRIES: &[&str] = &["BE", "DE", "ES", "FR", "IE", "NL"];

/// One Stripe account, in euros.
#[derive(Clone, Debug)]
pub struct StripeConfig {
    /// `https://api.stripe.com`, or where a simulator listens; a path prefix is kept.
    pub base_url: String,
    /// `sk_…` or a restricted `rk_…`.
    pub api_key: SecretString,
    /// `whsec_…` of our webhook endpoint, several while one replaces another. None: no callback is accepted.
    pub webhook_secrets: Vec<SecretString>,
    pub wallet: Wallet,
    /// Where payers may be.
    pub countries: Vec<Country>,
    /// Where the accounts are to which payers send their transfers: BE, DE, ES, FR, IE or NL.
    pub iban_country: Country,
    /// `ba_…`, the account of ours that sweeps are paid to; `None`: nothing is swept.
    pub bank_account: Option<String>,
    /// Stripe takes 0.50 EUR at least and, by debit, 10,000 EUR at most; these are the operator's own.
    pub min: Option<Money>,
    pub max: Option<Money>,
    /// How long a look-up may lag behind what was accepted.
    pub settling_time: Duration,
}

/// Why a configuration cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StripeConfigError {
    #[error("base url is not an absolute http or https url without query")]
    BaseUrl,
    #[error("api key is empty or does not fit in a header")]
    ApiKey,
    #[error("a webhook secret is empty")]
    EmptySecret,
    #[error("the country of the accounts for transfers is none of BE, DE, ES, FR, IE, NL")]
    IbanCountry,
    #[error("the bank account is not an id such as ba_…")]
    BankAccount,
}

/// A configuration that was checked, with what is derived from it once.
pub(super) struct Checked {
    base_url: String,
    authorization: HeaderValue,
    pub webhook_secrets: Vec<SecretString>,
    pub iban_country: Country,
    pub bank_account: Option<String>,
}

impl StripeConfig {
    pub(super) fn check(self) -> Result<Checked, StripeConfigError> {
        if self.webhook_secrets.iter().any(|secret| secret.expose_secret().is_empty()) {
            return Err(StripeConfigError::EmptySecret);
        }
        if !IBAN_COUNTRIES.contains(&self.iban_country.code()) {
            return Err(StripeConfigError::IbanCountry);
        }
        if self.bank_account.as_deref().is_some_and(|id| !terms::is_plausible(id)) {
            return Err(StripeConfigError::BankAccount);
        }
        Ok(Checked {
            base_url: crate::http::base_url(&self.base_url).ok_or(StripeConfigError::BaseUrl)?,
            authorization: bearer(self.api_key.expose_secret()).ok_or(StripeConfigError::ApiKey)?,
            webhook_secrets: self.webhook_secrets,
            iban_country: self.iban_country,
            bank_account: self.bank_account,
        })
    }

    pub(super) fn capabilities(&self) -> Capabilities {
        use OperationKind::{Balance, Cancel, Collect, Inquire, Line, Refund, Register, Sweep, Transactions};
        let mut operations = vec![Register, Collect, Refund, Cancel, Inquire, Balance, Transactions, Line];
        operations.extend(self.bank_account.as_ref().map(|_| Sweep));
        Capabilities {
            provider: Provider::Stripe,
            wallet: self.wallet.clone(),
            rails: vec![Rail::SepaTransfer, Rail::SepaDebit],
            countries: self.countries.clone(),
            currencies: vec![Currency::EUR],
            operations,
            collect_limits: Limits { min: self.min, max: self.max },
            disburse_limits: Limits { min: self.min, max: self.max },
            refunds: Refunds::Partial,
            refund_returns_fee: false,
            needs_customer: true,
            // Every POST carries a key, so nothing is done twice while the key lives. What it did is found
            // by our metadata afterwards.
            idempotent_on_reference: IdempotentOnReference {
                collect: true,
                disburse: false,
                refund: true,
                reverse: false,
                cancel: true,
                sweep: true,
            },
            idempotent_for: Some(KEYS_LIVE),
            reverse_within: None,
            settling_time: self.settling_time,
            // The payer's account for transfers is theirs for ever: an intent that we lost sight of can still be paid.
            unseen_collection_expires: false,
            hosted: crate::Hosted::default(),
            callbacks: Callbacks {
                collections: true,
                disbursements: false,
                refunds: true,
                signed: !self.webhook_secrets.is_empty(),
                door: None,
            },
            statements: Statements::Days,
        }
    }
}

impl Checked {
    /// Base URL and path.
    pub fn url(&self, path: &str) -> String {
        format!("{}/v1{path}", self.base_url)
    }

    /// Adds the key and the version for which our requests and readers are written.
    pub fn authorise(&self, request: Request) -> Request {
        let request = request.header(header::AUTHORIZATION, self.authorization.clone());
        match HeaderValue::from_str(VERSION.as_str()) {
            Ok(version) => request.header(STRIPE_VERSION, version),
            Err(_) => request,
        }
    }
}
