//! The simulated Orange, page and Sonatel alike: what payers do there, and what goes wrong.

use std::time::Instant;

use serde_json::{Value, json};

use super::{Ask, LOOK_AGAIN, PATIENCE, TestApp};

/// Control over one of Orange's simulated interfaces, by its name on the control surface.
#[derive(Clone, Copy)]
pub struct OrangeControl<'a> {
    app: &'a TestApp,
    name: &'static str,
}

impl<'a> OrangeControl<'a> {
    pub fn new(app: &'a TestApp, name: &'static str) -> OrangeControl<'a> {
        OrangeControl { app, name }
    }

    pub async fn act(self, what: &str, wish: Value) -> Value {
        let asked = self.app.control(Ask::post(format!("/_control/{}/{what}", self.name), &wish)).await;
        assert!(asked.status < 300, "{what} {wish}: {asked}");
        if asked.bytes.is_empty() { Value::Null } else { asked.json() }
    }

    pub async fn fault(self, fault: Value) {
        self.act("faults", fault).await;
    }

    /// The payer pays, and everything that follows at once has happened.
    pub async fn pay(self, reference: &str) {
        self.act("pay", json!({ "reference": reference })).await;
        self.told().await;
    }

    /// Waits until every notification is delivered and everything that follows has happened.
    pub async fn told(self) {
        let begun = Instant::now();
        loop {
            let path = format!("/_control/{}/deliveries", self.name);
            if self.app.control(Ask::get(path)).await.expect(200)["idle"] == true {
                break;
            }
            assert!(begun.elapsed() < PATIENCE, "notifications do not end");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        self.app.quiet().await;
    }

    /// The operations of one reference of ours, as "cashin 5000 SUCCESS".
    pub async fn moved(self, reference: &str) -> Vec<String> {
        let record = self.app.control(Ask::get(format!("/_control/{}/operations", self.name))).await;
        let record = record.expect(200);
        let parsed: domain::Reference = reference.parse().unwrap();
        let is_its = |operation: &&Value| {
            operation["reference"].as_str().is_some_and(|text| text == reference || text == parsed.base32())
        };
        let text = |operation: &Value, field: &str| operation[field].as_str().unwrap_or_default().to_owned();
        let shown = |o: &Value| format!("{} {} {}", text(o, "kind"), text(o, "amount"), text(o, "status"));
        record["data"].as_array().unwrap().iter().filter(is_its).map(shown).collect()
    }

    /// The balance in whole units of the wallet or merchant that is called so.
    pub async fn balance(self, wallet: &str) -> i64 {
        let balances =
            self.app.control(Ask::get(format!("/_control/{}/balance", self.name))).await.expect(200);
        let of = |row: &&Value| row["wallet"] == wallet || row["merchant"] == wallet;
        let row = balances["data"].as_array().unwrap().iter().find(of).cloned().unwrap();
        row["amount"].as_str().unwrap().parse().unwrap()
    }
}
