//! What a person is told of, when, and by which way: `[alerts]`, its webhook and its mail.

use domain::{Account, Money};
use providers::notify::{Security, WebhookSecret, mailbox};
use secrecy::{ExposeSecret, SecretString};
use store::users::Language;

use super::address::BaseUrl;
use super::reader::Reader;
use super::{Config, Mode};

/// When something is an alert, and how alerts are told; durations in seconds.
#[derive(Clone, Debug)]
pub struct Alerts {
    /// How often the book is looked over.
    pub check_s: i64,
    /// An alert that stays open is told again after this.
    pub quiet_s: i64,
    /// Messages in an hour; beyond, what is due leaves together.
    pub max_per_hour: i64,
    /// What is seen again as long as it lasts is over when it was not seen for this long.
    pub lapse_s: i64,
    /// A movement's outcome may be unknown for so long.
    pub uncertain_after_s: i64,
    /// A transfer may wait in `needs_attention` for so long.
    pub attention_after_s: i64,
    /// A transfer may be held back for so long.
    pub on_hold_after_s: i64,
    /// A movement may wait for a person's hands for so long.
    pub by_hand_after_s: i64,
    /// Work may be late by so much.
    pub overdue_s: i64,
    /// How often providers are asked for their balances; 0: never.
    pub drift_check_s: i64,
    /// A difference has to last for so long.
    pub drift_confirm_s: i64,
    /// What a float should not fall below.
    pub float_floors: Vec<(Account, Money)>,
    /// What mail is written in.
    pub language: Language,
    /// Where alerts are posted, if anywhere.
    pub webhook: Option<AlertWebhook>,
    /// Where alerts are mailed, if anywhere.
    pub mail: Option<AlertMail>,
}

/// Where alerts are posted.
#[derive(Clone, Debug)]
pub struct AlertWebhook {
    /// May carry a token of its receiver's.
    pub url: SecretString,
    /// Each signs.
    pub secrets: Vec<WebhookSecret>,
    /// For the whole answer.
    pub deadline_s: u64,
}

/// Where alerts are mailed, and by which server.
#[derive(Clone, Debug)]
pub struct AlertMail {
    /// The server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// User and password.
    pub credentials: Option<(String, SecretString)>,
    /// PEM file of an authority to trust beside the machine's own.
    pub ca_file: Option<std::path::PathBuf>,
    /// The sender, a mail address.
    pub from: String,
    /// Who is told, mail addresses.
    pub to: Vec<String>,
    /// For each step of the conversation.
    pub deadline_s: u64,
}

/// Reads `[alerts]`.
pub fn alerts(r: &mut Reader) -> Alerts {
    const DAY: i64 = 86_400;
    let language = r.needed("alerts.language", language, "\"fr\" or \"en\"").unwrap_or(Language::Fr);
    Alerts {
        check_s: r.number("alerts.check_s", 5..=3_600),
        quiet_s: r.number("alerts.quiet_s", 60..=30 * DAY),
        max_per_hour: r.number("alerts.max_per_hour", 1..=1_000),
        lapse_s: r.number("alerts.lapse_s", 120..=DAY),
        uncertain_after_s: r.number("alerts.uncertain_after_s", 60..=30 * DAY),
        attention_after_s: r.number("alerts.attention_after_s", 0..=30 * DAY),
        on_hold_after_s: r.number("alerts.on_hold_after_s", 0..=30 * DAY),
        by_hand_after_s: r.number("alerts.by_hand_after_s", 0..=30 * DAY),
        overdue_s: r.number("alerts.overdue_s", 60..=DAY),
        drift_check_s: r.number("alerts.drift_check_s", 0..=DAY),
        drift_confirm_s: r.number("alerts.drift_confirm_s", 60..=30 * DAY),
        float_floors: r.parsed_list("alerts.float_floors", floor, "as \"float:wave:sn:XOF = 500000\""),
        language,
        webhook: webhook(r),
        mail: mail(r),
    }
}

fn language(text: &str) -> Result<Language, &'static str> {
    match text {
        "fr" => Ok(Language::Fr),
        "en" => Ok(Language::En),
        _ => Err("is no language of ours"),
    }
}

/// `float:wave:sn:XOF = 500000`, in major units.
fn floor(text: &str) -> Result<(Account, Money), String> {
    let (name, amount) = text.split_once('=').ok_or_else(|| format!("{text:?} names no amount"))?;
    let account: Account = name.trim().parse().map_err(|_| format!("{text:?} names no account"))?;
    if !matches!(account, Account::Float { .. }) {
        return Err(format!("{text:?} names no float"));
    }
    let amount =
        Money::parse(amount.trim(), account.currency()).map_err(|_| format!("{text:?} is no amount"))?;
    Ok((account, amount))
}

fn webhook(r: &mut Reader) -> Option<AlertWebhook> {
    const SECRET: &str = "each as whsec_ and 24 to 64 random bytes in base64";
    let url = r.parsed("alerts.webhook.url", endpoint, "as \"https://ops.example.com/alerts\"");
    let secrets = r.parsed_list("alerts.webhook.secrets", WebhookSecret::parse, SECRET);
    let deadline_s = r.number("alerts.webhook.deadline_s", 1..=60).unsigned_abs();
    let url = url?;
    if secrets.is_empty() {
        r.refuse("alerts.webhook.secrets", "is needed with alerts.webhook.url", SECRET);
    }
    Some(AlertWebhook { url: url.into(), secrets, deadline_s })
}

/// An address with perhaps a query, as it is posted to.
fn endpoint(text: &str) -> Result<String, String> {
    plain(text).map(|_| text.to_owned())
}

fn plain(text: &str) -> Result<BaseUrl, String> {
    BaseUrl::parse(text.split_once('?').map_or(text, |(address, _)| address))
}

fn mail(r: &mut Reader) -> Option<AlertMail> {
    let host = r.text("alerts.mail.host");
    let security = r.needed("alerts.mail.security", security, "\"starttls\", \"tls\" or \"none\"");
    let security = security.unwrap_or(Security::StartTls);
    let port = r.number("alerts.mail.port", 0..=65_535);
    let (user, password) = (r.text("alerts.mail.username"), r.secret("alerts.mail.password"));
    let ca_file = r.text("alerts.mail.ca_file").map(std::path::PathBuf::from);
    let address = |text: &str| mailbox(text).map(|_| text.to_owned());
    let from = r.parsed("alerts.mail.from", address, "as \"MoneyBridge <alerts@example.com>\"");
    let to = r.parsed_list("alerts.mail.to", address, "as \"ops@example.com\"");
    let deadline_s = r.number("alerts.mail.deadline_s", 1..=120).unsigned_abs();
    let host = host?;
    if to.is_empty() {
        r.refuse("alerts.mail.to", "is needed with alerts.mail.host", "name who is told");
    }
    if from.is_none() && r.text("alerts.mail.from").is_none() {
        r.refuse("alerts.mail.from", "is needed with alerts.mail.host", "the address that mail comes from");
    }
    let credentials = match (user, password) {
        (Some(user), Some(password)) => Some((user, password)),
        (None, None) => None,
        _ => {
            let hint = "set both alerts.mail.username and alerts.mail.password, or neither";
            r.refuse("alerts.mail.username", "and alerts.mail.password belong together", hint);
            None
        }
    };
    let usual = match security {
        Security::Tls => 465,
        Security::StartTls => 587,
        Security::None => 25,
    };
    let port = u16::try_from(port).ok().filter(|port| *port != 0).unwrap_or(usual);
    Some(AlertMail {
        host,
        port,
        security,
        credentials,
        ca_file,
        from: from.unwrap_or_default(),
        to,
        deadline_s,
    })
}

fn security(text: &str) -> Result<Security, &'static str> {
    match text {
        "starttls" => Ok(Security::StartTls),
        "tls" => Ok(Security::Tls),
        "none" => Ok(Security::None),
        _ => Err("is no protection"),
    }
}

/// What leaves this machine in live mode is protected; a password is in any mode.
pub fn contradictions(r: &mut Reader, config: &Config) {
    let is_live = config.mode == Mode::Live;
    if let Some(webhook) = &config.alerts.webhook
        && let Ok(url) = plain(webhook.url.expose_secret())
        && is_live
        && !url.is_https()
        && !url.is_loopback()
    {
        r.refuse("alerts.webhook.url", "is not https", "alerts leave this machine over TLS in live mode");
    }
    let Some(mail) = &config.alerts.mail else { return };
    let stays = BaseUrl::parse(&format!("http://{}", mail.host)).is_ok_and(|host| host.is_loopback());
    if mail.security == Security::None && !stays && (is_live || mail.credentials.is_some()) {
        let hint = "\"starttls\" or \"tls\": mail and password would travel in clear";
        r.refuse("alerts.mail.security", "protects nothing, and the server is another machine", hint);
    }
}
