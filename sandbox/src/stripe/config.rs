//! What the Stripe simulator is started with: one account of a business in the euro zone.

use serde::{Deserialize, Serialize};

use crate::books::words;

/// The version of the API that is current by the documents this simulator is written from.
pub const CURRENT_VERSION: &str = "2026-09-30.endive";

/// The signing secret of a webhook that brings none of its own.
pub const DEFAULT_SECRET: &str = "whsec_sandbox_moneybridge";

/// The account as the dashboard shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StripeAccountConfig {
    /// `acct_…`.
    pub account: String,
    /// The secret key, as bearer token or as user name.
    pub key: String,
    /// Minor units of EUR, available at once; books that exist already keep their own.
    pub opening_balance: i64,
    /// ISO 3166 alpha-2 of the business.
    pub country: String,
    /// Shown on hosted pages and as the holder of virtual accounts.
    pub business_name: String,
    /// What a request without `Stripe-Version` gets, and an event whose endpoint names none.
    pub api_version: String,
    /// Payment methods that the dashboard has switched on; others are dropped without a word.
    pub payment_methods: Vec<String>,
    /// Minor units kept for each dispute.
    pub dispute_fee: i64,
    /// Shows the balance transaction of a debit, pending, from its submission on rather than from
    /// its success.
    pub debit_lines_at_submission: bool,
    /// The largest sum of instant payouts in a day, minor units; 0 refuses them all.
    pub instant_limit: i64,
    /// False refuses every payout as `payouts_not_allowed`.
    pub payouts_allowed: bool,
    /// How subscriptions are billed.
    pub billing: StripeBillingConfig,
    /// The bank accounts of the business itself; the first one is the default.
    pub bank_accounts: Vec<StripeBankAccountConfig>,
    /// Webhook endpoints, written over what the books have under the same name.
    pub webhooks: Vec<StripeWebhookConfig>,
}

impl Default for StripeAccountConfig {
    fn default() -> StripeAccountConfig {
        StripeAccountConfig {
            account: "acct_sandbox".to_owned(),
            key: "sk_test_sandbox_moneybridge".to_owned(),
            opening_balance: 10_000_000,
            country: "FR".to_owned(),
            business_name: "MoneyBridge Sandbox".to_owned(),
            api_version: CURRENT_VERSION.to_owned(),
            payment_methods: ["sepa_debit", "customer_balance"].map(str::to_owned).to_vec(),
            dispute_fee: 750,
            debit_lines_at_submission: false,
            instant_limit: 1_000_000,
            payouts_allowed: true,
            billing: StripeBillingConfig::default(),
            bank_accounts: vec![
                StripeBankAccountConfig::new("ba_sandbox_main", "3000", "paid"),
                StripeBankAccountConfig::new("ba_sandbox_no_account", "3001", "no_account"),
                StripeBankAccountConfig::new("ba_sandbox_account_closed", "3002", "account_closed"),
                StripeBankAccountConfig::new(
                    "ba_sandbox_paid_then_failed",
                    "3003",
                    "paid_then_account_closed",
                ),
                StripeBankAccountConfig {
                    supports_instant: false,
                    ..StripeBankAccountConfig::new("ba_sandbox_not_instant", "3004", "paid")
                },
            ],
            webhooks: Vec::new(),
        }
    }
}

/// What the dashboard says about billing, and what the documents leave open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StripeBillingConfig {
    /// Days from each failure of an invoice to its next try; after as many tries it is given up.
    pub retry_after_days: Vec<u32>,
    /// What becomes of a subscription whose invoice is given up.
    pub after_last_retry: AfterLastRetry,
    /// True: a subscription is active as soon as its first debit is under way. False: it stays
    /// incomplete until that debit was paid. The documents say both.
    pub active_while_processing: bool,
    /// Seconds for which a renewal's invoice is a draft.
    pub draft_seconds: u32,
    /// Days after the due date at which an invoice that was sent is given up.
    pub grace_days: u32,
}

impl Default for StripeBillingConfig {
    fn default() -> StripeBillingConfig {
        StripeBillingConfig {
            retry_after_days: vec![3, 5, 7],
            after_last_retry: AfterLastRetry::Cancel,
            active_while_processing: true,
            draft_seconds: 3_600,
            grace_days: 30,
        }
    }
}

words! {
    /// What becomes of a subscription whose invoice was tried in vain.
    pub enum AfterLastRetry {
        /// It ends.
        Cancel = "cancel",
        /// It goes on as `unpaid`, and its invoices remain drafts.
        Unpaid = "unpaid",
        /// It stays `past_due`, and goes on.
        PastDue = "past_due",
    }
}

/// A bank account of the business, attached to the Stripe account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StripeBankAccountConfig {
    /// `ba_…`.
    pub id: String,
    /// The last four digits of its IBAN.
    pub last4: String,
    /// What becomes of payouts to it: `paid`, a failure code, or `paid_then_` and a failure code.
    pub outcome: String,
    /// Whether its bank takes instant transfers.
    pub supports_instant: bool,
}

impl StripeBankAccountConfig {
    /// An account whose bank takes instant transfers.
    pub fn new(id: &str, last4: &str, outcome: &str) -> StripeBankAccountConfig {
        StripeBankAccountConfig {
            id: id.to_owned(),
            last4: last4.to_owned(),
            outcome: outcome.to_owned(),
            supports_instant: true,
        }
    }
}

/// A webhook endpoint. Also the body of `POST /_control/stripe/webhooks`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StripeWebhookConfig {
    /// One endpoint of this name exists at a time.
    #[serde(default = "main_name")]
    pub name: String,
    /// Where events are posted.
    pub url: String,
    /// Secrets in force, two while one is rolled; when empty, [`DEFAULT_SECRET`].
    #[serde(default)]
    pub secrets: Vec<String>,
    /// Event types wanted; empty means every one.
    #[serde(default)]
    pub events: Vec<String>,
    /// In which version its events are written; the account's when absent.
    #[serde(default)]
    pub api_version: Option<String>,
}

impl StripeWebhookConfig {
    /// An endpoint named `main` with the default secret, for every event.
    pub fn new(url: &str) -> StripeWebhookConfig {
        StripeWebhookConfig {
            name: main_name(),
            url: url.to_owned(),
            secrets: Vec::new(),
            events: Vec::new(),
            api_version: None,
        }
    }

    /// The secrets in force, with the default one in place of none.
    pub fn secrets_or_default(&self) -> Vec<String> {
        match self.secrets.is_empty() {
            true => vec![DEFAULT_SECRET.to_owned()],
            false => self.secrets.clone(),
        }
    }
}

fn main_name() -> String {
    "main".to_owned()
}
