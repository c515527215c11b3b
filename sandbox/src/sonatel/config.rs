//! What the Sonatel simulator is started with: one application, its wallets, and its switches.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::books::words;

/// The endpoint secret that signs notifications, unless the settings name others.
pub const DEFAULT_SECRET: &str = "sonatel_whsec_sandbox";

/// The key that notifications carry for a merchant who registered none.
pub const DEFAULT_API_KEY: &str = "sonatel-sandbox-api-key";

/// One application of the portal, with the wallets that it may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SonatelConfig {
    /// OAuth client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// How long a token lives by the simulators' clock.
    pub token_lifetime: Duration,
    /// Opened when the books do not have them yet.
    pub wallets: Vec<SonatelWalletConfig>,
    /// Registered callbacks, written over what the books have for the same merchant.
    pub callbacks: Vec<SonatelCallbackConfig>,
    /// The switches as they are at the start.
    pub settings: SonatelSettings,
}

impl Default for SonatelConfig {
    fn default() -> SonatelConfig {
        SonatelConfig {
            client_id: "sonatel-sandbox-client".to_owned(),
            client_secret: "sonatel-sandbox-secret".to_owned(),
            token_lifetime: Duration::from_secs(299),
            wallets: vec![
                SonatelWalletConfig::new(WalletKind::Merchant, "123456", 0),
                SonatelWalletConfig::new(WalletKind::Retailer, "781110001", 50_000_000),
            ],
            callbacks: Vec::new(),
            settings: SonatelSettings::default(),
        }
    }
}

words! {
    /// The two sides of a business, which are two wallets at Sonatel.
    pub enum WalletKind {
        /// A merchant code of six digits: collections arrive here.
        Merchant = "merchant",
        /// A retailer's number: cash-ins leave from here.
        Retailer = "retailer",
    }
}

/// One wallet of the business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SonatelWalletConfig {
    /// Which side it serves.
    pub kind: WalletKind,
    /// The merchant code or the number.
    pub id: String,
    /// Shown to payers and in profiles.
    pub name: String,
    /// Its PIN.
    pub pin: String,
    /// Whole francs.
    pub opening_balance: i64,
}

impl SonatelWalletConfig {
    /// A wallet with the PIN `1234`.
    pub fn new(kind: WalletKind, id: &str, opening_balance: i64) -> SonatelWalletConfig {
        SonatelWalletConfig {
            kind,
            id: id.to_owned(),
            name: "MoneyBridge Sandbox".to_owned(),
            pin: "1234".to_owned(),
            opening_balance,
        }
    }
}

/// A merchant's callback, as `POST /api/notification/v1/merchantcallback` writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SonatelCallbackConfig {
    /// The merchant code.
    pub code: String,
    /// A label.
    pub name: String,
    /// Where notifications are posted.
    pub url: String,
    /// Sent back with every notification.
    pub api_key: String,
}

impl SonatelCallbackConfig {
    /// The default merchant's callback with the default key.
    pub fn new(url: &str) -> SonatelCallbackConfig {
        SonatelCallbackConfig {
            code: "123456".to_owned(),
            name: "MoneyBridge".to_owned(),
            url: url.to_owned(),
            api_key: DEFAULT_API_KEY.to_owned(),
        }
    }
}

words! {
    /// What the portal's people approve one by one.
    pub enum Approval {
        /// Getting a token at all.
        OAuth = "oauth",
        /// One-step and two-step payments.
        Payment = "payment",
        /// QR codes.
        QrCode = "qrcode",
        /// Registering callbacks.
        Notification = "notification",
        /// Cash-ins, one by one and in bulk.
        CashIn = "cashin",
    }
}

words! {
    /// How notifications prove where they come from.
    pub enum ProofMode {
        /// `Authorization: Basic <apiKey>`.
        Basic = "basic",
        /// `X-Sonatel-Signature`.
        Signature = "signature",
        /// Both headers.
        Both = "both",
    }
}

/// What can be switched while the simulator runs. Also the answer of `GET
/// /_control/sonatel/settings`; `POST` takes any part of it. Kept in memory: a restarted
/// simulator has those of its configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SonatelSettings {
    /// Approved for the application; without one its calls are `unauthorized_client`.
    pub approvals: Vec<Approval>,
    /// Calls of the token endpoint in a minute before it answers 429; 0 never does.
    pub token_calls_per_minute: u32,
    /// Writes `code` of an error as a number rather than as a string.
    pub numeric_codes: bool,
    /// Answers every refusal of the business kind with this status rather than the code's own.
    pub refusal_status: Option<u16>,
    /// Refused cash-ins and payments stay visible as `FAILED` transactions.
    pub keeps_refused: bool,
    /// The code of a cash-in that the retailer's wallet cannot pay for.
    pub float_code: String,
    /// The largest cash-in, whole francs.
    pub ceiling: Option<i64>,
    /// The code of a larger one.
    pub ceiling_code: String,
    /// Answers `publicKeys` with an array of the key.
    pub keys_in_array: bool,
    /// Answers a QR as older documents show it: a data URI, no `qrId`, `shortLink` or `validFor`.
    pub older_qr: bool,
    /// Answers the registration of a callback with a body, as the specification has it.
    pub registration_has_body: bool,
    /// How notifications prove themselves.
    pub proof: ProofMode,
    /// Secrets that sign them, one `v1` each.
    pub secrets: Vec<String>,
    /// Notifications carry the transaction under `transaction`.
    pub nested_notifications: bool,
    /// Payments that failed are told, too.
    pub tells_failures: bool,
    /// Seconds from the end of a transaction to its notification.
    pub notification_delay_seconds: u32,
}

impl Default for SonatelSettings {
    fn default() -> SonatelSettings {
        use Approval::{CashIn, Notification, OAuth, Payment, QrCode};
        SonatelSettings {
            approvals: vec![OAuth, Payment, QrCode, Notification, CashIn],
            token_calls_per_minute: 60,
            numeric_codes: false,
            refusal_status: None,
            keeps_refused: false,
            float_code: "2020".to_owned(),
            ceiling: None,
            ceiling_code: "2024".to_owned(),
            keys_in_array: false,
            older_qr: false,
            registration_has_body: false,
            proof: ProofMode::Both,
            secrets: vec![DEFAULT_SECRET.to_owned()],
            nested_notifications: false,
            tells_failures: true,
            notification_delay_seconds: 2,
        }
    }
}
