//! What the settings say about pots that people keep: a bank account, a cash desk, an agent.

use domain::{Country, Currency, Money, Provider, Wallet};
use providers::manual::REFERENCE;

use super::reader::Reader;

/// A wallet that is served by hand.
#[derive(Clone, Debug, PartialEq)]
pub struct ManualWallet {
    /// Its name, as in `float:manual:cn:CNY`.
    pub wallet: Wallet,
    /// Where its payers and payees are.
    pub countries: Vec<Country>,
    /// Its only currency.
    pub currency: Currency,
    /// What payers are told, French before English; at least one.
    pub instructions: Vec<String>,
    /// The smallest amount that is moved at once.
    pub min: Option<Money>,
    /// The largest one.
    pub max: Option<Money>,
    /// From here on it takes two people to say that something was done.
    pub confirm_threshold: Money,
    /// What a sandbox's book opens with.
    pub opening: Option<Money>,
}

/// The pot of `wallet`, if it is one that people keep.
pub fn find<'a>(
    wallets: &'a [ManualWallet],
    provider: Provider,
    wallet: &Wallet,
) -> Option<&'a ManualWallet> {
    wallets.iter().find(|one| provider == Provider::Manual && one.wallet == *wallet)
}

/// Reads every wallet; one that is incomplete is reported and left out.
pub fn manual(r: &mut Reader) -> Vec<ManualWallet> {
    r.names("manual.wallets").iter().filter_map(|name| wallet(r, name)).collect()
}

fn wallet(r: &mut Reader, name: &str) -> Option<ManualWallet> {
    let path = format!("manual.wallets.{name}");
    let at = |key: &str| format!("{path}.{key}");
    let wallet =
        r.check(&path, Wallet::parse(name), "name it with a-z, 0-9, _ and -, as [manual.wallets.cn]");
    let countries = r.parsed_list(&at("countries"), Country::parse, "as [\"CN\"]");
    if countries.is_empty() {
        r.refuse(&at("countries"), "names no country", "as [\"CN\"]");
    }
    let currency = r.needed(&at("currency"), Currency::parse, "the wallet's currency, as \"CNY\"");
    let instructions = instructions(r, &at("instructions"));
    // Amounts cannot be read without their currency, whose absence is reported already.
    let money = |text: &str| Money::parse(text, currency.unwrap_or(Currency::EUR));
    let (min, max) = (r.parsed(&at("min"), money, AMOUNT), r.parsed(&at("max"), money, AMOUNT));
    let confirm_threshold = r.needed(&at("confirm_threshold"), money, AMOUNT);
    let opening = r.parsed(&at("opening"), money, AMOUNT);
    Some(ManualWallet {
        wallet: wallet?,
        countries,
        currency: currency?,
        instructions,
        min,
        max,
        confirm_threshold: confirm_threshold?,
        opening,
    })
}

const AMOUNT: &str = "a decimal amount of the wallet's currency, as \"20000\"";

/// Whoever pays has to be told what to write on it: without the reference nobody finds the payment again.
fn instructions(r: &mut Reader, path: &str) -> Vec<String> {
    let mut texts = Vec::new();
    for language in ["fr", "en"] {
        let at = format!("{path}.{language}");
        let Some(text) = r.text(&at) else { continue };
        if !text.contains(REFERENCE) {
            r.refuse(&at, "does not say {reference}", "let payers write {reference} on their payment");
        }
        texts.push(text);
    }
    if texts.is_empty() {
        r.refuse(path, "tells payers nothing", "set fr, en or both");
    }
    texts
}
