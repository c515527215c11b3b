//! What an account at Stripe needs to be told, and the checks that spare a first call.

use std::time::Duration;

use domain::{Country, Money, Wallet};
use secrecy::SecretString;

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
