//! What the settings say about MTN: one table per wallet, which is one market with one currency.

use domain::{Country, Currency, Money, Wallet};
use providers::{MtnCallback, MtnPayBy, MtnProduct, MtnTokenBody};
use secrecy::SecretString;

use super::address::BaseUrl;
use super::catalogue::variable;
use super::providers::place;
use super::reader::Reader;

/// The products that a wallet may have keys for.
pub const PRODUCTS: [&str; 3] = ["collection", "disbursement", "remittance"];

/// A wallet in one market.
#[derive(Clone, Debug)]
pub struct MtnWallet {
    /// Its name, as in `float:mtn_momo:gn:GNF`.
    pub wallet: Wallet,
    /// Whose numbers it serves.
    pub country: Country,
    /// Its only currency.
    pub currency: Currency,
    /// What MTN calls the market.
    pub target_environment: String,
    /// What amounts are called on the wire, where that is another currency, 1:1.
    pub wire_currency: Option<Currency>,
    /// Where MTN is, when it was said.
    pub base_url: Option<BaseUrl>,
    /// For requests to pay.
    pub collection: Option<MtnProduct>,
    /// For transfers, deposits and refunds.
    pub disbursement: Option<MtnProduct>,
    /// For payouts by remittance.
    pub remittance: Option<MtnProduct>,
    /// How payees are paid.
    pub pay_by: MtnPayBy,
    /// Whether and how MTN calls back.
    pub callback: MtnCallback,
    /// What token requests hold.
    pub token_body: MtnTokenBody,
    /// The smallest amount that is moved at once.
    pub min: Option<Money>,
    /// The largest one.
    pub max: Option<Money>,
}

impl MtnWallet {
    /// Where MTN is: as set, else at the `simulators`, else at MTN.
    pub fn base_url(&self, simulators: Option<&BaseUrl>) -> String {
        place(self.base_url.as_ref(), simulators, "/mtn", "https://proxy.momoapi.mtn.com")
    }

    /// The products that there are keys for, by name.
    pub fn products(&self) -> impl Iterator<Item = (&'static str, &MtnProduct)> {
        let products = [&self.collection, &self.disbursement, &self.remittance];
        PRODUCTS.into_iter().zip(products).filter_map(|(name, product)| Some((name, product.as_ref()?)))
    }

    /// Whether it can take from payers.
    pub fn collects(&self) -> bool {
        self.collection.is_some()
    }

    /// Whether it can pay to payees.
    pub fn pays(&self) -> bool {
        match self.pay_by {
            MtnPayBy::Transfer | MtnPayBy::Deposit => self.disbursement.is_some(),
            MtnPayBy::Remittance => self.remittance.is_some(),
        }
    }
}

/// Reads every wallet; one that is incomplete is reported and left out.
pub fn mtn(r: &mut Reader) -> Vec<MtnWallet> {
    r.names("mtn_momo.wallets").iter().filter_map(|name| wallet(r, name)).collect()
}

fn wallet(r: &mut Reader, name: &str) -> Option<MtnWallet> {
    let path = format!("mtn_momo.wallets.{name}");
    let at = |key: &str| format!("{path}.{key}");
    let wallet =
        r.check(&path, Wallet::parse(name), "name it with a-z, 0-9, _ and -, as [mtn_momo.wallets.gn]");
    let country = r.needed(&at("country"), Country::parse, "the wallet's country, as \"GN\"");
    let currency = r.needed(&at("currency"), Currency::parse, "the wallet's currency, as \"GNF\"");
    let environment = r.needed(&at("target_environment"), word, "MTN's name of it, as \"mtnguineaconakry\"");
    let wire_currency = r.parsed(&at("wire_currency"), Currency::parse, "as \"EUR\", in MTN's sandbox only");
    let base_url = r.parsed(&at("base_url"), BaseUrl::parse, "as \"https://proxy.momoapi.mtn.com\"");
    let pay_by = r.parsed(&at("pay_by"), pay_by, "\"transfer\", \"deposit\" or \"remittance\"");
    let callback = r.parsed(&at("callback"), callback, "\"off\", \"v1\" or \"v2\"");
    let token_body = r.parsed(&at("token_body"), token_body, "\"empty\" or \"json\"");
    // Amounts cannot be read without their currency, whose absence is reported already.
    let money = |text: &str| Money::parse(text, currency.unwrap_or(Currency::GNF));
    let (min, max) = (r.parsed(&at("min"), money, AMOUNT), r.parsed(&at("max"), money, AMOUNT));
    let [collection, disbursement, remittance] = PRODUCTS.map(|name| product(r, &at(name)));
    let read = MtnWallet {
        wallet: wallet?,
        country: country?,
        currency: currency?,
        target_environment: environment?,
        wire_currency,
        base_url,
        collection,
        disbursement,
        remittance,
        pay_by: pay_by.unwrap_or(MtnPayBy::Transfer),
        callback: callback.unwrap_or(MtnCallback::V1),
        token_body: token_body.unwrap_or(MtnTokenBody::Empty),
        min,
        max,
    };
    if !read.collects() && !read.pays() {
        let hint = format!("give the keys of a product in [{path}.collection] or [{path}.disbursement]");
        r.refuse(&path, "can neither collect nor pay", hint);
    }
    Some(read)
}

const AMOUNT: &str = "a decimal amount of the wallet's currency, as \"5000000\"";

/// A product's credentials: all three, or none.
fn product(r: &mut Reader, path: &str) -> Option<MtnProduct> {
    let read = |r: &mut Reader, key: &str| (format!("{path}.{key}"), r.text(&format!("{path}.{key}")));
    let keys = ["subscription_key", "api_user", "api_key"].map(|key| read(r, key));
    if keys.iter().all(|(_, text)| text.is_none()) {
        return None;
    }
    let [subscription_key, api_user, api_key] = keys.map(|(key, text)| {
        let checked = text.ok_or("is needed").and_then(|text| word(&text));
        let hint = format!("copy it from MTN's portal into {}", variable(&key));
        r.check(&key, checked, &hint).unwrap_or_default()
    });
    Some(MtnProduct {
        subscription_key: SecretString::from(subscription_key),
        api_user,
        api_key: SecretString::from(api_key),
    })
}

fn word(text: &str) -> Result<String, &'static str> {
    let is_word = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
    if is_word { Ok(text.to_owned()) } else { Err("is not one word") }
}

fn pay_by(text: &str) -> Result<MtnPayBy, &'static str> {
    match text {
        "transfer" => Ok(MtnPayBy::Transfer),
        "deposit" => Ok(MtnPayBy::Deposit),
        "remittance" => Ok(MtnPayBy::Remittance),
        _ => Err("is no way to pay"),
    }
}

fn callback(text: &str) -> Result<MtnCallback, &'static str> {
    match text {
        "off" => Ok(MtnCallback::Off),
        "v1" => Ok(MtnCallback::V1),
        "v2" => Ok(MtnCallback::V2),
        _ => Err("is no way to call back"),
    }
}

fn token_body(text: &str) -> Result<MtnTokenBody, &'static str> {
    match text {
        "empty" => Ok(MtnTokenBody::Empty),
        "json" => Ok(MtnTokenBody::Json),
        _ => Err("is no body of a token request"),
    }
}
