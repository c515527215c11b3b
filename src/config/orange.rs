//! What the settings say about Orange Money: merchant accounts for Web Payment, and the two wallets at Sonatel.

use domain::{Country, Currency, Money, Wallet};
use secrecy::SecretString;

use super::address::BaseUrl;
use super::catalogue::variable;
use super::providers::place;
use super::reader::Reader;
use super::sections::small;

/// The longest path of ours that Web Payment is told, less the wallet's name: `/webhooks/orange-money/`, a dot, a token.
const LONGEST_PATH: usize = 23 + 1 + 43;
/// The longest address that it takes. Source: Web Payment developer guide.
const LONGEST_ADDRESS: usize = 120;

/// A merchant account for Web Payment: one country, one currency.
#[derive(Clone, Debug)]
pub struct OrangeWebWallet {
    /// Its name, as in `float:orange_web:gn:GNF`.
    pub wallet: Wallet,
    /// Where its payers are.
    pub country: Country,
    /// Its only currency.
    pub currency: Currency,
    /// The segment of the path: `dev`, or the country's code.
    pub environment: String,
    /// Where Orange is, when it was said.
    pub base_url: Option<BaseUrl>,
    /// The OAuth client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
    /// Names the merchant in each payment.
    pub merchant_key: SecretString,
    /// What payers see.
    pub label: String,
    /// In which language the page is shown.
    pub is_french: bool,
    /// The least that one payment may be.
    pub min: Option<Money>,
    /// The most.
    pub max: Option<Money>,
}

impl OrangeWebWallet {
    /// Where Orange is: as set, else at the `simulators`, else at Orange.
    pub fn base_url(&self, simulators: Option<&BaseUrl>) -> String {
        place(self.base_url.as_ref(), simulators, "/orange", "https://api.orange.com")
    }
}

/// Our application at Sonatel, with the merchant that collects and the retailer that pays out.
#[derive(Clone, Debug)]
pub struct Sonatel {
    /// Where Sonatel is, when it was said.
    pub base_url: Option<BaseUrl>,
    /// The application.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
    /// The merchant's code, when we collect.
    pub merchant_code: Option<String>,
    /// What payers see.
    pub label: String,
    /// How long a QR code can be paid.
    pub qr_validity_s: u32,
    /// The retailer's number and PIN, when we pay out.
    pub retailer: Option<(String, SecretString)>,
    /// What has to prove notifications.
    pub proof: SonatelProof,
    /// Endpoint secrets in force.
    pub secrets: Vec<SecretString>,
    /// Registered keys in force.
    pub keys: Vec<SecretString>,
}

/// What has to prove a notification of Sonatel's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SonatelProof {
    Signature,
    Key,
    Both,
}

impl Sonatel {
    /// Where Sonatel is: as set, else at the `simulators`, else at Sonatel.
    pub fn base_url(&self, simulators: Option<&BaseUrl>) -> String {
        place(self.base_url.as_ref(), simulators, "/sonatel", "https://api.orange-sonatel.com")
    }

    /// The wallet that collects: `float:orange_sonatel:sn_merchant:XOF`.
    pub fn merchant_wallet() -> Option<Wallet> {
        Wallet::parse("sn_merchant").ok()
    }

    /// The wallet that pays out and gives back: `float:orange_sonatel:sn_retailer:XOF`.
    pub fn retailer_wallet() -> Option<Wallet> {
        Wallet::parse("sn_retailer").ok()
    }
}

/// Reads every merchant account; one of no known country or currency is reported and left out.
pub fn web(r: &mut Reader, public_url: Option<&BaseUrl>) -> Vec<OrangeWebWallet> {
    let wallets: Vec<_> = r.names("orange_web.wallets").iter().filter_map(|name| wallet(r, name)).collect();
    let address = public_url.map_or(0, |url| url.as_str().len());
    for wallet in &wallets {
        let most = LONGEST_ADDRESS - LONGEST_PATH - wallet.wallet.as_str().len();
        if address > most {
            let what =
                format!("is longer than {most} characters, with [orange_web.wallets.{}]", wallet.wallet);
            let hint =
                format!("Orange takes addresses of {LONGEST_ADDRESS}, paths of ours included: shorten it");
            r.refuse("public_url", what, hint);
        }
    }
    wallets
}

fn wallet(r: &mut Reader, name: &str) -> Option<OrangeWebWallet> {
    let path = format!("orange_web.wallets.{name}");
    let at = |key: &str| format!("{path}.{key}");
    let wallet =
        r.check(&path, Wallet::parse(name), "name it with a-z, 0-9, _ and -, as [orange_web.wallets.gn]");
    let country = r.needed(&at("country"), Country::parse, "the account's country, as \"GN\"");
    let currency = r.needed(&at("currency"), Currency::parse, "the account's currency, as \"GNF\"");
    let environment = r.needed(&at("environment"), environment, "\"dev\", or the country as \"gn\"");
    let base_url = r.parsed(&at("base_url"), BaseUrl::parse, "as \"https://api.orange.com\"");
    let client_id = r.required(&at("client_id"), "from developer.orange.com");
    let client_secret = r.required(&at("client_secret"), &from_portal(&at("client_secret")));
    let merchant_key = r.required(&at("merchant_key"), &from_portal(&at("merchant_key")));
    let label = r.needed(&at("label"), label, "1 to 30 characters that payers see");
    let is_french = r.parsed(&at("language"), language, "\"fr\" or \"en\"");
    let money = |text: &str| Money::parse(text, currency.unwrap_or(Currency::GNF));
    let (min, max) = (r.parsed(&at("min"), money, AMOUNT), r.parsed(&at("max"), money, AMOUNT));
    let (min, max) = within_wallets(country?, currency?, min, max);
    Some(OrangeWebWallet {
        wallet: wallet?,
        country: country?,
        currency: currency?,
        environment: environment?,
        base_url,
        client_id: client_id.unwrap_or_default(),
        client_secret: client_secret.unwrap_or_default().into(),
        merchant_key: merchant_key.unwrap_or_default().into(),
        label: label?,
        is_french: is_french.unwrap_or(true),
        min,
        max,
    })
}

const AMOUNT: &str = "a decimal amount of the account's currency, as \"1000\"";

/// What Guinea's wallets take at once, unless the contract says otherwise.
///
/// Source: a remittance partner's specification, read 2026-11; Orange publishes none.
fn within_wallets(
    country: Country,
    currency: Currency,
    min: Option<Money>,
    max: Option<Money>,
) -> (Option<Money>, Option<Money>) {
    if (country, currency) != (Country::GN, Currency::GNF) {
        return (min, max);
    }
    let francs = |units| Some(Money::new(units, currency));
    (min.or(francs(1_000)), max.or(francs(30_000_000)))
}

fn environment(text: &str) -> Result<String, &'static str> {
    let is_country = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_lowercase());
    if is_country || text == "dev" { Ok(text.to_owned()) } else { Err("is no environment of Web Payment") }
}

fn label(text: &str) -> Result<String, &'static str> {
    if text.chars().count() <= 30 { Ok(text.to_owned()) } else { Err("is longer than 30 characters") }
}

fn language(text: &str) -> Result<bool, &'static str> {
    match text {
        "fr" => Ok(true),
        "en" => Ok(false),
        _ => Err("is no language of Orange's page"),
    }
}

fn from_portal(path: &str) -> String {
    format!("copy it from Orange's portal into {} or {}_FILE", variable(path), variable(path))
}

/// Reads our application at Sonatel, if there is one: without a client there is none.
pub fn sonatel(r: &mut Reader) -> Option<Sonatel> {
    let at = |key: &str| format!("orange_sonatel.{key}");
    let client_id = r.text(&at("client_id"));
    let client_secret = r.secret(&at("client_secret"));
    let base_url = r.parsed(&at("base_url"), BaseUrl::parse, "as \"https://api.orange-sonatel.com\"");
    let merchant_code = r.parsed(&at("merchant_code"), |text| digits(text, 6), "six digits, as \"123456\"");
    let label = r.needed(&at("label"), label, "1 to 30 characters that payers see");
    let qr_validity_s = small(r.number(&at("qr_validity_s"), 60..=86_400));
    let number = r.parsed(&at("retailer"), |text| digits(text, 9), "nine digits, without 221");
    let pin = r.secret(&at("pin"));
    let proof = r.needed(&at("webhook_proof"), proof, "\"signature\", \"key\" or \"both\"");
    let (secrets, keys) = (r.list(&at("webhook_secrets")), r.list(&at("webhook_keys")));
    let client_id = client_id?;
    let proof = proof.unwrap_or(SonatelProof::Both);
    for (key, list, is_wanted) in [
        ("webhook_secrets", &secrets, proof != SonatelProof::Key),
        ("webhook_keys", &keys, proof != SonatelProof::Signature),
    ] {
        if is_wanted && list.is_empty() {
            r.refuse(&at(key), "is needed", from_portal(&at(key)));
        }
    }
    if client_secret.is_none() {
        r.refuse(&at("client_secret"), "is needed", from_portal(&at("client_secret")));
    }
    if number.is_some() != pin.is_some() {
        r.refuse(&at("pin"), "goes with orange_sonatel.retailer", from_portal(&at("pin")));
    }
    let secret = |list: Vec<String>| list.into_iter().map(SecretString::from).collect();
    Some(Sonatel {
        base_url,
        client_id,
        client_secret: client_secret.unwrap_or_default(),
        merchant_code,
        label: label?,
        qr_validity_s,
        retailer: number.zip(pin),
        proof,
        secrets: secret(secrets),
        keys: secret(keys),
    })
}

fn digits(text: &str, count: usize) -> Result<String, String> {
    match text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(text.to_owned()),
        false => Err(format!("is not {count} digits")),
    }
}

fn proof(text: &str) -> Result<SonatelProof, &'static str> {
    match text {
        "signature" => Ok(SonatelProof::Signature),
        "key" => Ok(SonatelProof::Key),
        "both" => Ok(SonatelProof::Both),
        _ => Err("is no proof of a notification"),
    }
}
