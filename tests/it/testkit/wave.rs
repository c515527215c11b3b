//! The simulated Wave: what its people do, what goes wrong there, and events as it would sign them.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Answer, Ask, TestApp};

/// The secrets of the sandbox's wallets.
pub const SENEGAL: &str = "wave_sn_WHS_sandbox";
pub const IVORY_COAST: &str = "wave_ci_WHS_sandbox";

/// Control over the simulated Wave of one test.
#[derive(Clone, Copy)]
pub struct WaveControl<'a>(&'a TestApp);

impl<'a> WaveControl<'a> {
    pub fn new(app: &'a TestApp) -> WaveControl<'a> {
        WaveControl(app)
    }

    /// Sets something to go wrong.
    pub async fn fault(self, fault: Value) {
        self.0.control(Ask::post("/_control/wave/faults", &fault)).await.expect(201);
    }

    pub async fn heal(self) {
        self.0.control(Ask::new("DELETE", "/_control/wave/faults")).await.expect(204);
    }

    /// How often the faults that were set happened, in their order.
    pub async fn fired(self) -> Vec<u64> {
        let faults = self.0.control(Ask::get("/_control/wave/faults")).await.expect(200);
        faults["data"].as_array().unwrap().iter().map(|fault| fault["fired"].as_u64().unwrap()).collect()
    }

    pub async fn act(self, what: &str, wish: Value) -> Value {
        self.0.control(Ask::post(format!("/_control/wave/{what}"), &wish)).await.expect(200)
    }

    /// Somebody takes whole units out of a wallet in Wave's portal.
    pub async fn sweep(self, wallet: &str, units: i64) {
        self.act("sweep", json!({ "wallet": wallet, "amount": units.to_string() })).await;
        *self.0.swept.lock().unwrap().entry(wallet.to_owned()).or_default() += units;
    }

    /// The same, where it may be too late for it.
    pub async fn try_to(self, what: &str, wish: Value) {
        let answer = self.0.control(Ask::post(format!("/_control/wave/{what}"), &wish)).await;
        assert!([200, 404, 409].contains(&answer.status), "{answer}");
    }

    pub async fn pay(self, reference: &str) -> Value {
        self.act("pay", json!({ "reference": reference })).await
    }

    pub async fn decline(self, reference: &str) -> Value {
        self.act("pay", json!({ "reference": reference, "outcome": "decline" })).await
    }

    pub async fn deliveries(self) -> Value {
        self.0.control(Ask::get("/_control/wave/deliveries")).await.expect(200)
    }

    /// What receivers answered to events of this type, in order.
    pub async fn answers_to(self, event_type: &str) -> Vec<u64> {
        let journal = self.deliveries().await;
        let of_type = |attempt: &&Value| attempt["event_type"] == event_type;
        let attempts = journal["data"].as_array().unwrap().iter().filter(of_type);
        attempts.filter_map(|attempt| attempt["status"].as_u64()).collect()
    }

    pub async fn operations(self) -> Vec<Value> {
        let record = self.0.control(Ask::get("/_control/wave/operations")).await.expect(200);
        record["data"].as_array().unwrap().clone()
    }

    /// The operations of one reference, as "disbursement 10000 succeeded".
    pub async fn moved(self, reference: &str) -> Vec<String> {
        let operations = self.operations().await;
        let of = operations.iter().filter(|operation| operation["reference"] == reference);
        let shown = |o: &Value| {
            format!(
                "{} {} {}",
                o["kind"].as_str().unwrap(),
                o["amount"].as_str().unwrap(),
                o["status"].as_str().unwrap()
            )
        };
        of.map(shown).collect()
    }

    /// The wallet's balance in whole units.
    pub async fn balance(self, wallet: &str) -> i64 {
        let balances = self.0.control(Ask::get("/_control/wave/balance")).await.expect(200);
        let of = |balance: &&Value| balance["wallet"] == wallet;
        let balance = balances["data"].as_array().unwrap().iter().find(of).unwrap();
        balance["amount"].as_str().unwrap().parse().unwrap()
    }

    /// Every session of a reference, as Wave's own API tells it to the wallet `sn`.
    pub async fn sessions(self, reference: &str) -> Vec<Value> {
        let path = format!("/wave/v1/checkout/sessions/search?client_reference={reference}");
        let found = self.0.control(Ask::get(path).bearer("wave_sn_prod_sandbox")).await.expect(200);
        found["result"].as_array().unwrap().clone()
    }

    /// Sends an event to the gateway, signed with `secret` so many seconds ago.
    pub async fn deliver(self, event: &Value, secret: &str, age_s: i64) -> Answer {
        let body = serde_json::to_vec(event).unwrap();
        let at = self.0.app().clock.now().timestamp() - age_s;
        self.post(&signature(secret, at, &body), body).await
    }

    /// Sends these bytes with this signature.
    pub async fn post(self, signature: &str, body: impl Into<Vec<u8>>) -> Answer {
        let ask = Ask::new("POST", "/webhooks/wave").header("content-type", "application/json");
        self.0.ask(ask.header("wave-signature", signature).body(body)).await
    }

    /// Now, by the gateway's clock, as signatures write it.
    pub fn now(self) -> i64 {
        self.0.app().clock.now().timestamp()
    }
}

/// `t=…,v1=…` over the bytes, as Wave's documents describe it: no separator between the two.
pub fn signature(secret: &str, at: i64, body: &[u8]) -> String {
    format!("t={at},v1={}", digest(secret, at, body))
}

pub fn digest(secret: &str, at: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(at.to_string().as_bytes());
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

/// A `checkout.session.completed` over `session`, as the simulator's API shows it, as if it had been paid.
pub fn event(id: &str, kind: &str, session: &Value) -> Value {
    let mut data = session.clone();
    if kind.ends_with("completed") {
        data["checkout_status"] = json!("complete");
        data["payment_status"] = json!("succeeded");
        data["transaction_id"] = json!("T_FORGED0001");
        data["when_completed"] = session["when_created"].clone();
    }
    json!({ "id": id, "type": kind, "data": data })
}
