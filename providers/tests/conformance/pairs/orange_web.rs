//! Orange Web Payment: a page per collection, and nothing else; in Guinea, and in Orange's sandbox, where francs have
//! another name.

use std::sync::Arc;
use std::time::Duration;

use domain::{Country, Currency, Rail, Wallet};
use providers::{Limits, OrangeWeb, OrangeWebConfig, Wire, orange::web::Language};
use sandbox::SandboxConfig;

use super::{InSandbox, money};
use crate::kit::{Class, Keys, Pair, Profile, Simulator};

pub struct OrangeWebPair(InSandbox, Profile, &'static str);

pub async fn francs(_: String) -> OrangeWebPair {
    OrangeWebPair::start("gn", None).await
}

pub async fn sandbox(_: String) -> OrangeWebPair {
    OrangeWebPair::start("dev", Some("OUV")).await
}

impl OrangeWebPair {
    async fn start(environment: &'static str, wire_currency: Option<&'static str>) -> OrangeWebPair {
        let profile = Profile {
            declined: Some(Class::Declined),
            abandoned: Some((Duration::from_secs(600), Class::Expired)),
            never: &[(Class::NotFound, "a page is asked about by its token or not at all")],
            words: &["INITIATED", "PENDING", "SUCCESS", "FAILED", "EXPIRED"],
            wire_currency,
            ..Profile::of(Rail::OrangeWeb, 15_000)
        };
        OrangeWebPair(
            InSandbox::start(SandboxConfig::default(), "orange", environment).await,
            profile,
            environment,
        )
    }
}

impl Pair for OrangeWebPair {
    fn wire(&self, base_url: &str, keys: Keys) -> Arc<dyn Wire> {
        let secret = if keys == Keys::Right { "sandbox-secret" } else { "strange-secret" };
        let limits = Limits { min: Some(money(1_000, "GNF")), max: Some(money(30_000_000, "GNF")) };
        let config = OrangeWebConfig {
            base_url: base_url.to_owned(),
            environment: self.2.to_owned(),
            client_id: "sandbox-client".to_owned(),
            client_secret: secret.into(),
            merchant_key: format!("om_{}_sandbox", self.2).into(),
            label: "MoneyBridge".to_owned(),
            language: Language::French,
            wallet: Wallet::parse("gn").unwrap(),
            country: Country::GN,
            currency: Currency::GNF,
            limits,
        };
        Arc::new(OrangeWeb::new(config).unwrap())
    }

    fn simulator(&self) -> &dyn Simulator {
        &self.0
    }

    fn profile(&self) -> &Profile {
        &self.1
    }
}
