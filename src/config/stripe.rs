//! What the settings say about Stripe: one account, in euros, behind both SEPA rails.

use domain::{Country, Currency, Money, Wallet};
use secrecy::SecretString;

use super::address::BaseUrl;
use super::catalogue::variable;
use super::providers::place;
use super::reader::Reader;

/// Our account at Stripe.
#[derive(Clone, Debug)]
pub struct StripeAccount {
    /// `main`, as in `float:stripe:main:EUR`.
    pub wallet: Wallet,
    /// Where Stripe is, when it was said.
    pub base_url: Option<BaseUrl>,
    /// The bearer of every request.
    pub api_key: SecretString,
    /// Secrets of our webhook endpoint in force; at least one.
    pub webhook_secrets: Vec<SecretString>,
    /// Where payers may be.
    pub countries: Vec<Country>,
    /// Where the accounts are that payers transfer to.
    pub iban_country: Country,
    /// Our own bank account, as Stripe calls it, for sweeps.
    pub bank_account: Option<String>,
    /// What our book calls the bank that it is at, as in `bank:main:EUR`.
    pub bank: String,
    /// The most that one debit may take.
    pub debit_max: Money,
}

impl StripeAccount {
    /// Where Stripe is: as set, else at the `simulators`, else at Stripe.
    pub fn base_url(&self, simulators: Option<&BaseUrl>) -> String {
        place(self.base_url.as_ref(), simulators, "/stripe", "https://api.stripe.com")
    }
}

/// Reads the account, if there is one: without a key there is none.
pub fn stripe(r: &mut Reader) -> Option<StripeAccount> {
    let api_key = r.secret("stripe.api_key");
    let base_url = r.parsed("stripe.base_url", BaseUrl::parse, "as \"https://api.stripe.com\"");
    let secrets = r.list("stripe.webhook_secrets");
    let countries = r.parsed_list("stripe.countries", Country::parse, "as [\"FR\", \"DE\"]");
    let iban_country = r.needed("stripe.iban_country", iban_country, "as \"FR\"");
    let bank_account = r.text("stripe.bank_account");
    let bank = r.needed("stripe.bank", Wallet::parse, "name it with a-z, 0-9, _ and -, as \"main\"");
    let debit_max = r.needed("stripe.debit_max", |text| Money::parse(text, Currency::EUR), "as \"10000\"");
    let api_key = api_key?;
    if secrets.is_empty() {
        let name = variable("stripe.webhook_secrets");
        let hint = format!("copy the endpoint's whsec_… from Stripe into {name} or {name}_FILE");
        r.refuse("stripe.webhook_secrets", "is needed", hint);
    }
    Some(StripeAccount {
        wallet: Wallet::parse("main").ok()?,
        base_url,
        api_key,
        webhook_secrets: secrets.into_iter().map(SecretString::from).collect(),
        countries,
        iban_country: iban_country?,
        bank_account,
        bank: bank?.to_string(),
        debit_max: debit_max?,
    })
}

/// Where Stripe keeps accounts for transfers. Source: docs.stripe.com/payments/bank-transfers, read 2026-11.
fn iban_country(text: &str) -> Result<Country, &'static str> {
    match Country::parse(text) {
        Ok(country) if ["BE", "DE", "ES", "FR", "IE", "NL"].contains(&text) => Ok(country),
        _ => Err("is none of BE, DE, ES, FR, IE, NL"),
    }
}
