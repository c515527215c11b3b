//! The simulated MTN: what its people do, what goes wrong there, and callbacks that nobody signed.

use domain::{Movement, Provider};
use serde_json::{Value, json};

use super::closing::moved;
use super::{Ask, TestApp};

/// The market of the sandbox's wallet.
const GUINEA: &str = "mtnguineaconakry";

/// A number in Guinea; the last four digits choose how the simulated MTN treats it.
pub fn guinean(tail: &str) -> String {
    format!("+22466000{tail}")
}

/// Control over the simulated MTN of one test.
#[derive(Clone, Copy)]
pub struct MtnControl<'a>(&'a TestApp);

impl<'a> MtnControl<'a> {
    pub fn new(app: &'a TestApp) -> MtnControl<'a> {
        MtnControl(app)
    }

    /// Sets something to go wrong.
    pub async fn fault(self, fault: Value) {
        self.0.control(Ask::post("/_control/mtn/faults", &fault)).await.expect(201);
    }

    /// Nothing goes wrong any more.
    pub async fn heal(self) {
        self.0.control(Ask::new("DELETE", "/_control/mtn/faults")).await.expect(204);
    }

    /// How often the faults that were set happened, in their order.
    pub async fn fired(self) -> Vec<u64> {
        let faults = self.0.control(Ask::get("/_control/mtn/faults")).await.expect(200);
        faults["data"].as_array().unwrap().iter().map(|fault| fault["fired"].as_u64().unwrap()).collect()
    }

    pub async fn act(self, what: &str, wish: Value) -> Value {
        self.0.control(Ask::post(format!("/_control/mtn/{what}"), &wish)).await.expect(200)
    }

    /// The payer approves on their phone.
    pub async fn approve(self, reference: &str) -> Value {
        self.act("pay", json!({ "reference": reference })).await
    }

    /// The payer rejects it.
    pub async fn decline(self, reference: &str) -> Value {
        self.act("pay", json!({ "reference": reference, "outcome": "decline" })).await
    }

    pub async fn deliveries(self) -> Value {
        self.0.control(Ask::get("/_control/mtn/deliveries")).await.expect(200)
    }

    pub async fn is_idle(self) -> bool {
        self.deliveries().await["idle"] == true
    }

    pub async fn operations(self) -> Vec<Value> {
        let record = self.0.control(Ask::get("/_control/mtn/operations")).await.expect(200);
        record["data"].as_array().unwrap().clone()
    }

    /// What came of one reference, as "disbursement 10000 succeeded".
    pub async fn moved(self, reference: &str) -> Vec<String> {
        let operations = self.operations().await;
        let text = |o: &Value, field: &str| o[field].as_str().unwrap().to_owned();
        let shown = |o: &Value| format!("{} {} {}", text(o, "kind"), text(o, "amount"), text(o, "status"));
        operations.iter().filter(|operation| operation["reference"] == reference).map(shown).collect()
    }

    /// What the Guinean wallet holds.
    pub async fn balance(self) -> i64 {
        let balances = self.0.control(Ask::get("/_control/mtn/balance")).await.expect(200);
        let guinea = |balance: &&Value| balance["wallet"] == GUINEA;
        let balance = balances["data"].as_array().unwrap().iter().find(guinea).unwrap();
        balance["amount"].as_str().unwrap().parse().unwrap()
    }

    /// At the end of a story: our float is MTN's balance, and whatever moved there is one movement of ours, over the
    /// same amount, and the other way round.
    pub async fn check(self, movements: &[Movement]) {
        let balances = self.0.balances().await;
        let float = balances.get("float:mtn_momo:gn:GNF").copied().unwrap_or(0);
        assert_eq!(float, self.balance().await, "float and balance at MTN");
        let by_mtn = |m: &&Movement| m.rail.provider() == Some(Provider::MtnMomo) && moved(m);
        let mut ours: Vec<(String, i64)> =
            movements.iter().filter(by_mtn).map(|m| (m.reference.to_string(), m.amount.minor())).collect();
        let operations = self.operations().await;
        let succeeded = operations.iter().filter(|operation| operation["status"] == "succeeded");
        let text = |o: &Value, field: &str| o[field].as_str().unwrap().to_owned();
        let mut theirs: Vec<(String, i64)> =
            succeeded.map(|o| (text(o, "reference"), text(o, "amount").parse().unwrap())).collect();
        ours.sort();
        theirs.sort();
        assert_eq!(ours, theirs, "what moved, as we say and as MTN says");
    }
}
