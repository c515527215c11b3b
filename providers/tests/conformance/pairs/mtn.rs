//! MTN MoMo in Guinea: payers are asked on their phone, and nothing that MTN sends by itself is proof.

use std::sync::Arc;
use std::time::Duration;

use domain::{Country, Rail, Wallet};
use providers::{Mtn, MtnCallback, MtnConfig, MtnPayBy, MtnProduct, MtnTokenBody, Wire};
use sandbox::SandboxConfig;

use super::{InSandbox, msisdn, phone};
use crate::kit::{Class, Keys, Pair, Profile, Simulator};

pub struct MtnPair(InSandbox, Profile);

/// In Guinea.
pub async fn francs(_: String) -> MtnPair {
    let payee = |tail: &str| phone(&format!("+22466000{tail}"));
    let profile = Profile {
        payer: Some(msisdn("+224660000001")),
        payees: vec![
            (payee("0002"), Class::Succeeded),
            (payee("9902"), Class::Declined),
            (payee("9907"), Class::Declined),
            (payee("9908"), Class::Succeeded),
        ],
        declined: Some(Class::Declined),
        // Who does not answer on the phone is refused.
        abandoned: Some((Duration::from_secs(300), Class::Declined)),
        never: &[(Class::Expired, "what nobody approved in time is FAILED, with EXPIRED as its reason")],
        words: &["CREATED", "PENDING", "SUCCESSFUL", "FAILED", "REJECTED", "TIMEOUT", "EXPIRED"],
        ..Profile::of(Rail::MtnMomo, 150_000)
    };
    MtnPair(InSandbox::start(SandboxConfig::default(), "mtn", "mtnguineaconakry").await, profile)
}

fn product(name: &str, tail: &str, keys: Keys) -> MtnProduct {
    let key = if keys == Keys::Right { name } else { "strange" };
    MtnProduct {
        subscription_key: format!("mtn_sandbox_{name}_key").into(),
        api_user: format!("00000000-0000-4000-8000-0000000000{tail}"),
        api_key: format!("mtn_sandbox_{key}_secret").into(),
    }
}

impl Pair for MtnPair {
    fn wire(&self, base_url: &str, keys: Keys) -> Arc<dyn Wire> {
        let config = MtnConfig {
            base_url: base_url.to_owned(),
            target_environment: "mtnguineaconakry".to_owned(),
            wallet: Wallet::parse("gn").unwrap(),
            country: Country::GN,
            currency: "GNF".parse().unwrap(),
            wire_currency: None,
            collection: Some(product("collection", "c1", keys)),
            disbursement: Some(product("disbursement", "d1", keys)),
            remittance: None,
            pay_by: MtnPayBy::Transfer,
            callback: MtnCallback::V1,
            token_body: MtnTokenBody::Empty,
            min: None,
            max: None,
            settling_time: Duration::from_secs(120),
        };
        Arc::new(Mtn::new(config).unwrap())
    }

    fn simulator(&self) -> &dyn Simulator {
        &self.0
    }

    fn profile(&self) -> &Profile {
        &self.1
    }
}
