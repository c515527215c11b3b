//! Orange Sonatel in Senegal: the wallet that collects, and the one that pays out and gives back.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{Rail, Wallet};
use http::HeaderMap;
use providers::{
    Limits, OrangeSonatel, OrangeSonatelConfig, SonatelProof, SonatelRole, SonatelWebhooks, Wire,
};
use sandbox::{SandboxConfig, SonatelCallbackConfig, SonatelConfig};

use super::{InSandbox, money, msisdn, phone, signed};
use crate::kit::{Class, Keys, Pair, Profile, Simulator};

/// How long a code can be paid.
const VALIDITY: Duration = Duration::from_secs(900);

pub struct SonatelPair {
    simulator: InSandbox,
    profile: Profile,
    collects: bool,
}

pub async fn merchant(inbox: String) -> SonatelPair {
    let profile = Profile {
        // A code that was tried in vain is not paid yet, and a code that is not paid yet is not to be found.
        declined: Some(Class::NotFound),
        abandoned: Some((VALIDITY, Class::NotFound)),
        never: &[
            (Class::Declined, "a payer who was refused may try again while the code lives"),
            (Class::Expired, "no answer tells that a code has ended; its age does"),
        ],
        statuses: &["/0/status"],
        ..profile()
    };
    SonatelPair { simulator: simulator(inbox, "123456").await, profile, collects: true }
}

pub async fn retailer(inbox: String) -> SonatelPair {
    let payee = |tail: &str| phone(&format!("+22177000{tail}"));
    let profile = Profile {
        payees: vec![
            (payee("3344"), Class::Succeeded),
            (payee("9902"), Class::Declined),
            (payee("9906"), Class::Declined),
            (payee("9907"), Class::Declined),
            (payee("9908"), Class::Succeeded),
        ],
        never: &[(Class::Expired, "cash-ins do not expire")],
        statuses: &["/status", "/0/status"],
        ..profile()
    };
    SonatelPair { simulator: simulator(inbox, "781110001").await, profile, collects: false }
}

fn profile() -> Profile {
    Profile {
        payer: Some(msisdn("+221770001122")),
        words: &[
            "PRE_INITIATED",
            "INITIATED",
            "PENDING",
            "ACCEPTED",
            "SUCCESS",
            "FAILED",
            "CANCELLED",
            "REJECTED",
        ],
        credentials: &["authorization", "x-sonatel-signature"],
        secret: "sonatel_whsec_sandbox",
        strange_secrets: &["sonatel-sandbox-api-key", "sonatel-sandbox-secret"],
        ..Profile::of(Rail::OrangeSonatel, 15_000)
    }
}

async fn simulator(inbox: String, account: &'static str) -> InSandbox {
    let sonatel =
        SonatelConfig { callbacks: vec![SonatelCallbackConfig::new(&inbox)], ..SonatelConfig::default() };
    InSandbox::start(SandboxConfig { sonatel, ..SandboxConfig::default() }, "sonatel", account).await
}

impl Pair for SonatelPair {
    fn wire(&self, base_url: &str, keys: Keys) -> Arc<dyn Wire> {
        let secret = if keys == Keys::Right { "sonatel-sandbox-secret" } else { "strange-secret" };
        let role = match self.collects {
            true => SonatelRole::Merchant {
                code: "123456".to_owned(),
                label: "MoneyBridge".to_owned(),
                validity: VALIDITY,
                notify_url: None,
            },
            false => SonatelRole::Retailer { number: "781110001".to_owned(), pin: "1234".into() },
        };
        let webhooks = SonatelWebhooks {
            proof: SonatelProof::Both,
            signing: vec![self.profile.secret.into()],
            keys: vec!["sonatel-sandbox-api-key".into()],
        };
        let config = OrangeSonatelConfig {
            base_url: base_url.to_owned(),
            client_id: "sonatel-sandbox-client".to_owned(),
            client_secret: secret.into(),
            role,
            webhooks,
            wallet: Wallet::parse("sn").unwrap(),
            // People of the simulator have a million.
            limits: Limits { min: None, max: Some(money(500_000, "XOF")) },
        };
        Arc::new(OrangeSonatel::new(config).unwrap())
    }

    fn simulator(&self) -> &dyn Simulator {
        &self.simulator
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn sign(&self, secret: &str, at: DateTime<Utc>, body: &[u8]) -> HeaderMap {
        signed("x-sonatel-signature", ",", secret, at, body)
    }
}
