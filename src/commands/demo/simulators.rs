//! What the simulators call themselves and our wallets, and what they have on record.

use domain::{Money, Provider, Reference};
use serde_json::Value;

use super::http::{Request, data, text};
use super::stage::Stage;

/// Every provider that is simulated.
pub const ALL: [Provider; 5] =
    [Provider::Wave, Provider::Stripe, Provider::OrangeWeb, Provider::OrangeSonatel, Provider::MtnMomo];

/// Their names of our wallets, and ours. Wave uses ours, Stripe names none.
const WALLETS: [(Provider, &str, &str); 4] = [
    (Provider::MtnMomo, "mtnguineaconakry", "gn"),
    (Provider::OrangeWeb, "gn", "gn"),
    (Provider::OrangeSonatel, "123456", "sn_merchant"),
    (Provider::OrangeSonatel, "781110001", "sn_retailer"),
];
/// What our one account at Stripe is called, where the simulator names none.
const ONLY_WALLET: &str = "main";

/// Its name on the control surface.
pub fn name(provider: Provider) -> &'static str {
    match provider {
        Provider::OrangeWeb => "orange",
        Provider::OrangeSonatel => "sonatel",
        Provider::MtnMomo => "mtn",
        other => other.as_str(),
    }
}

/// Which wallet of ours an operation or a balance is of; none of ours when it is another business's.
pub fn wallet(provider: Provider, value: &Value) -> Option<&str> {
    let named = ["wallet", "merchant", "environment"].iter().find_map(|field| value.get(field)?.as_str());
    match provider {
        Provider::Wave => named,
        Provider::Stripe => Some(named.unwrap_or(ONLY_WALLET)),
        _ => {
            let is_it = |(of, theirs, _): &&(Provider, &str, &str)| *of == provider && Some(*theirs) == named;
            WALLETS.iter().find(is_it).map(|(_, _, ours)| *ours)
        }
    }
}

/// Whether this line of a record tells of money that moved. What was tried and failed is there too, and a movement that
/// takes time is told again at its end, without effect then.
pub fn has_moved(operation: &Value) -> bool {
    text(operation, "effect").bytes().any(|digit| matches!(digit, b'1'..=b'9'))
}

impl Stage {
    /// Everything that the simulated provider has on record, oldest first.
    pub async fn record(&self, provider: Provider) -> anyhow::Result<Vec<Value>> {
        let path = format!("/_control/{}/operations", name(provider));
        Ok(data(&self.simulators.ask(&Request::get(path)).await?).to_vec())
    }

    /// What it has on record about `subject`, a reference or a number: what moved and what failed. Stripe names a
    /// customer, not a number.
    pub async fn operations_at(&self, provider: Provider, subject: &str) -> anyhow::Result<Vec<Value>> {
        let wanted: Option<Reference> = subject.parse().ok();
        let is_of = |operation: &Value| {
            let told = text(operation, "reference");
            text(operation, "party") == subject || wanted.is_some_and(|it| told.parse() == Ok(it))
        };
        Ok(self.record(provider).await?.into_iter().filter(is_of).collect())
    }

    /// Money moved there under `reference` once, and over `amount`.
    pub async fn moved_once(&self, provider: Provider, reference: &str, amount: Money) -> anyhow::Result<()> {
        let operations = self.operations_at(provider, reference).await?;
        let moved: Vec<&str> =
            operations.iter().filter(|it| has_moved(it)).map(|it| text(it, "amount")).collect();
        anyhow::ensure!(
            moved == [amount.major().as_str()],
            "at {provider} {moved:?} moved under {reference}, not {amount} once"
        );
        Ok(())
    }

    /// Sets something to go wrong at the simulated provider.
    pub async fn fault_at(&self, provider: Provider, fault: Value) -> anyhow::Result<()> {
        self.control(provider, "faults", fault).await
    }

    /// Has somebody do something at the simulated provider.
    pub async fn control(&self, provider: Provider, what: &str, wish: Value) -> anyhow::Result<()> {
        let path = format!("/_control/{}/{what}", name(provider));
        self.simulators.ask(&Request::post(path, wish)).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn wallets_have_our_names_and_other_people_s_none() {
        for (provider, told, ours) in [
            (Provider::Wave, json!({ "wallet": "sn" }), Some("sn")),
            (Provider::Stripe, json!({}), Some("main")),
            (Provider::MtnMomo, json!({ "environment": "mtnguineaconakry" }), Some("gn")),
            (Provider::MtnMomo, json!({ "wallet": "sandbox" }), None),
            (Provider::OrangeWeb, json!({ "merchant": "gn" }), Some("gn")),
            (Provider::OrangeWeb, json!({ "merchant": "ci" }), None),
            (Provider::OrangeSonatel, json!({ "wallet": "781110001" }), Some("sn_retailer")),
        ] {
            assert_eq!(wallet(provider, &told), ours, "{provider} {told}");
        }
    }

    #[test]
    fn what_failed_or_only_ended_moved_nothing() {
        let line = |effect: &str| has_moved(&json!({ "effect": effect }));
        assert!(line("-100") && line("0.50"));
        assert!(!line("0") && !line("0.00"));
    }
}
