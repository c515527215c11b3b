//! Stripe: collections by bank transfer, and by direct debit; refunds, and sweeps to our own bank.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{Country, Rail, Wallet};
use http::HeaderMap;
use providers::{Consent, Debit, DebitSource, Stripe, StripeConfig, Wire};
use sandbox::{SandboxConfig, StripeAccountConfig, StripeWebhookConfig};

use super::{InSandbox, money, signed};
use crate::kit::{Class, Keys, Pair, Profile, Simulator};

pub struct StripePair(InSandbox, Profile);

pub async fn transfers(inbox: String) -> StripePair {
    let never = &[
        (Class::Declined, "a transfer arrives or does not; nobody declines it"),
        (Class::Expired, "an account waits for a transfer for ever"),
    ];
    StripePair::start(inbox, Profile { never, ..profile(Rail::SepaTransfer) }).await
}

pub async fn debits(inbox: String) -> StripePair {
    let consent = Consent { ip: "192.0.2.7".parse().unwrap(), user_agent: "Invented/1.0".to_owned() };
    let source = DebitSource::New {
        iban: "DE89370400440532013000".into(),
        name: "Awa Exemple".to_owned(),
        email: Some("awa@exemple.test".to_owned()),
        consent,
    };
    let profile = Profile {
        debit: Some(Debit { source }),
        declined: Some(Class::Declined),
        never: &[(Class::Expired, "a debit ends by the bank's word")],
        ..profile(Rail::SepaDebit)
    };
    StripePair::start(inbox, profile).await
}

fn profile(rail: Rail) -> Profile {
    Profile {
        statuses: &["/status", "/data/0/status"],
        words: &[
            "requires_action",
            "requires_payment_method",
            "requires_confirmation",
            "requires_capture",
            "processing",
            "succeeded",
            "canceled",
            "pending",
            "in_transit",
            "paid",
            "failed",
        ],
        credentials: &["stripe-signature"],
        secret: "whsec_sandbox_moneybridge",
        strange_secrets: &["whsec_other_endpoint", "sk_test_sandbox_moneybridge", "sandbox_moneybridge"],
        ..Profile::of(rail, 10_950)
    }
}

impl StripePair {
    async fn start(inbox: String, profile: Profile) -> StripePair {
        let stripe = StripeAccountConfig {
            webhooks: vec![StripeWebhookConfig::new(&inbox)],
            ..StripeAccountConfig::default()
        };
        let config = SandboxConfig { stripe, ..SandboxConfig::default() };
        StripePair(InSandbox::start(config, "stripe", "main").await, profile)
    }
}

impl Pair for StripePair {
    fn wire(&self, base_url: &str, keys: Keys) -> Arc<dyn Wire> {
        let key = if keys == Keys::Right { "moneybridge" } else { "stranger" };
        let config = StripeConfig {
            base_url: base_url.to_owned(),
            api_key: format!("sk_test_sandbox_{key}").into(),
            webhook_secrets: vec![self.1.secret.into()],
            wallet: Wallet::parse("main").unwrap(),
            countries: vec![Country::parse("FR").unwrap(), Country::parse("DE").unwrap()],
            iban_country: Country::parse("IE").unwrap(),
            bank_account: Some("ba_sandbox_main".to_owned()),
            min: Some(money(50, "EUR")),
            max: Some(money(1_000_000, "EUR")),
            settling_time: Duration::from_secs(60),
        };
        Arc::new(Stripe::new(config).unwrap())
    }

    fn simulator(&self) -> &dyn Simulator {
        &self.0
    }

    fn profile(&self) -> &Profile {
        &self.1
    }

    fn sign(&self, secret: &str, at: DateTime<Utc>, body: &[u8]) -> HeaderMap {
        signed("stripe-signature", ".", secret, at, body)
    }
}
