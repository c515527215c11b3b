//! What the settings say about the outside: Wave's wallets and the sender of text messages.
//!
//! A default address depends on where the simulators listen, which is known only when they do, so
//! it is asked for with their address.

use domain::{Country, Currency, Wallet};
use secrecy::SecretString;

use super::address::BaseUrl;
use super::catalogue::variable;
use super::reader::Reader;
use super::sections::small;

/// A Wave business wallet: one key, one country, one currency.
#[derive(Clone, Debug)]
pub struct WaveWallet {
    /// Its name, as in `float:wave:sn:XOF`.
    pub wallet: Wallet,
    /// Where its payers and payees are.
    pub country: Country,
    /// Its only currency.
    pub currency: Currency,
    /// Where Wave is, when it was said.
    pub base_url: Option<BaseUrl>,
    /// The bearer of every request.
    pub api_key: SecretString,
    /// Signs every request, when the key was made so.
    pub signing_secret: Option<SecretString>,
    /// The merchant in whose name money is asked and paid, for aggregators: `am-…`.
    pub aggregated_merchant_id: Option<String>,
    /// How webhooks prove themselves.
    pub webhook_proof: WebhookProof,
    /// Secrets of webhooks in force; at least one.
    pub webhook_secrets: Vec<SecretString>,
}

/// How a Wave webhook proves where it comes from, as chosen in Wave's portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookProof {
    /// `Wave-Signature` over the time and the raw body.
    Signing,
    /// The secret itself in `Authorization`.
    Shared,
}

impl WaveWallet {
    /// Where Wave is: as set, else at the `simulators`, else at Wave.
    pub fn base_url(&self, simulators: Option<&BaseUrl>) -> String {
        place(self.base_url.as_ref(), simulators, "/wave", "https://api.wave.com")
    }
}

/// How text messages leave, and how many may.
#[derive(Clone, Debug)]
pub struct Sms {
    /// By whom.
    pub sender: SmsSender,
    /// To one number in an hour.
    pub budget_per_number_hour: u32,
    /// To one number in a day.
    pub budget_per_number_day: u32,
    /// To one number range in an hour.
    pub budget_per_prefix_hour: u32,
    /// All together in a day.
    pub budget_per_day: u32,
    /// What was sent and used within this long is compared.
    pub breaker_window_s: i64,
    /// Fewer messages to a country do not tell anything.
    pub breaker_min_sent: u32,
    /// The least part of codes that has to be used, percent; 0: any.
    pub breaker_min_percent: u32,
    /// How long nothing is sent to a country where less was used.
    pub breaker_pause_s: i64,
}

/// By whom text messages leave.
#[derive(Clone, Debug)]
pub enum SmsSender {
    /// Into the log.
    Console,
    /// Orange's SMS API.
    Orange {
        /// Where it is, when it was said.
        base_url: Option<BaseUrl>,
        /// The OAuth client.
        client_id: String,
        /// Its secret.
        client_secret: SecretString,
        /// The assigned number, as `tel:+2210000`.
        sender_address: String,
    },
}

impl Sms {
    /// Where Orange's API is: as set, else at the `simulators`, else at Orange.
    pub fn base_url(&self, simulators: Option<&BaseUrl>) -> String {
        let said = match &self.sender {
            SmsSender::Orange { base_url, .. } => base_url.as_ref(),
            SmsSender::Console => None,
        };
        place(said, simulators, "/orange", "https://api.orange.com")
    }
}

pub(super) fn place(
    said: Option<&BaseUrl>,
    simulators: Option<&BaseUrl>,
    prefix: &str,
    real: &str,
) -> String {
    match (said, simulators) {
        (Some(said), _) => said.as_str().to_owned(),
        (None, Some(simulators)) => simulators.join(prefix),
        (None, None) => real.to_owned(),
    }
}

/// Reads every wallet; one of no known country or currency is reported and left out.
pub fn wave(r: &mut Reader) -> Vec<WaveWallet> {
    r.names("wave.wallets").iter().filter_map(|name| wallet(r, name)).collect()
}

fn wallet(r: &mut Reader, name: &str) -> Option<WaveWallet> {
    let path = format!("wave.wallets.{name}");
    let at = |key: &str| format!("{path}.{key}");
    let wallet = r.check(&path, Wallet::parse(name), "name it with a-z, 0-9, _ and -, as [wave.wallets.sn]");
    let country = r.needed(&at("country"), Country::parse, "the wallet's country, as \"SN\"");
    let currency = r.needed(&at("currency"), Currency::parse, "the wallet's currency, as \"XOF\"");
    let api_key = r.required(&at("api_key"), &from_portal(&at("api_key")));
    let base_url = r.parsed(&at("base_url"), BaseUrl::parse, "as \"https://api.wave.com\"");
    let signing_secret = r.secret(&at("signing_secret"));
    let aggregated_merchant_id = r.text(&at("aggregated_merchant_id"));
    let proof = r.parsed(&at("webhook.strategy"), webhook_proof, "\"signing\" or \"shared\"");
    let secrets = r.list(&at("webhook.secrets"));
    if secrets.is_empty() {
        r.refuse(&at("webhook.secrets"), "is needed", from_portal(&at("webhook.secrets")));
    }
    Some(WaveWallet {
        wallet: wallet?,
        country: country?,
        currency: currency?,
        base_url,
        api_key: api_key.unwrap_or_default().into(),
        signing_secret,
        aggregated_merchant_id,
        webhook_proof: proof.unwrap_or(WebhookProof::Signing),
        webhook_secrets: secrets.into_iter().map(SecretString::from).collect(),
    })
}

fn from_portal(path: &str) -> String {
    format!("copy it from Wave's portal into {} or {}_FILE", variable(path), variable(path))
}

fn webhook_proof(text: &str) -> Result<WebhookProof, &'static str> {
    match text {
        "signing" => Ok(WebhookProof::Signing),
        "shared" => Ok(WebhookProof::Shared),
        _ => Err("is no webhook strategy"),
    }
}

/// Reads how text messages leave.
pub fn sms(r: &mut Reader) -> Sms {
    let sender = sender(r);
    let mut budget = |path: &str| small(r.number(path, 1..=10_000_000));
    let (hour, day) = (budget("sms.budget_per_number_hour"), budget("sms.budget_per_number_day"));
    let (prefix, all) = (budget("sms.budget_per_prefix_hour"), budget("sms.budget_per_day"));
    Sms {
        sender,
        budget_per_number_hour: hour,
        budget_per_number_day: day,
        budget_per_prefix_hour: prefix,
        budget_per_day: all,
        breaker_window_s: r.number("sms.breaker_window_s", 300..=86_400),
        breaker_min_sent: small(r.number("sms.breaker_min_sent", 1..=10_000_000)),
        breaker_min_percent: small(r.number("sms.breaker_min_percent", 0..=100)),
        breaker_pause_s: r.number("sms.breaker_pause_s", 60..=86_400),
    }
}

fn sender(r: &mut Reader) -> SmsSender {
    let base_url = r.parsed("sms.base_url", BaseUrl::parse, "as \"https://api.orange.com\"");
    match r.text("sms.sender").as_deref() {
        Some("console") => SmsSender::Console,
        Some("orange") => {
            let client_id =
                r.required("sms.client_id", "from developer.orange.com, or sms.sender = \"console\"");
            let client_secret =
                r.required("sms.client_secret", "set MONEYBRIDGE_SMS_CLIENT_SECRET or …_FILE");
            let address = r.needed("sms.sender_address", sender_address, "as \"tel:+2210000\"");
            SmsSender::Orange {
                base_url,
                client_id: client_id.unwrap_or_default(),
                client_secret: client_secret.unwrap_or_default().into(),
                sender_address: address.unwrap_or_default(),
            }
        }
        _ => {
            r.refuse("sms.sender", "is no sender of text messages", "\"orange\" or \"console\"");
            SmsSender::Console
        }
    }
}

fn sender_address(text: &str) -> Result<String, &'static str> {
    let digits = text.strip_prefix("tel:+").unwrap_or_default();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { Ok(text.to_owned()) } else { Err("is no number in the form tel:+…") }
}
