//! A caller of the Stripe simulator.

use std::ops::Deref;
use std::time::Duration;

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, RequestBuilder};
use sandbox::SandboxConfig;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::kit::{Answer, Kit, Received, Receiver};

pub const KEY: &str = "sk_test_sandbox_moneybridge";
pub const SECRET: &str = "whsec_sandbox_moneybridge";
/// A Monday at noon, after the cut-off.
pub const MONDAY: &str = "2026-11-23T12:00:00Z";

pub type Form<'a> = &'a [(&'a str, &'a str)];

pub struct Stripe {
    pub kit: Kit,
}

impl Deref for Stripe {
    type Target = Kit;

    fn deref(&self) -> &Kit {
        &self.kit
    }
}

impl Stripe {
    /// On a Monday at noon.
    pub async fn new() -> Stripe {
        Stripe::with(SandboxConfig::default()).await
    }

    pub async fn with(config: SandboxConfig) -> Stripe {
        let stripe = Stripe { kit: Kit::with(config).await };
        stripe.set_clock(MONDAY);
        stripe
    }

    pub fn set_clock(&self, at: &str) {
        self.sandbox.clock().set(at.parse().unwrap());
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.sandbox.clock().now()
    }

    pub fn days(&self, days: u64) {
        self.sandbox.clock().advance(Duration::from_secs(days * 86_400));
    }

    pub fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, &format!("/stripe/v1/{path}")).bearer_auth(KEY)
    }

    pub fn posting(&self, path: &str, form: Form<'_>) -> RequestBuilder {
        self.call(Method::POST, path).form(form)
    }

    pub async fn post(&self, path: &str, form: Form<'_>) -> Answer {
        self.send(self.posting(path, form)).await
    }

    pub async fn post_with(&self, key: &str, path: &str, form: Form<'_>) -> Answer {
        self.send(self.posting(path, form).header("Idempotency-Key", key)).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.call(Method::GET, path)).await
    }

    pub async fn list(&self, path: &str) -> Vec<Value> {
        let page = self.get(path).await.ok();
        assert_eq!(page["object"], "list");
        page["data"].as_array().unwrap().clone()
    }

    pub async fn customer(&self, email: &str) -> String {
        let made = self.post("customers", &[("email", email), ("name", "Awa Exemple")]).await.ok();
        id(&made)
    }

    /// A bank transfer's intent.
    pub async fn transfer(&self, customer: &str, reference: &str, amount: &str) -> Value {
        self.post("payment_intents", &transfer_form(customer, reference, amount)).await.ok()
    }

    /// A debit's intent, submitted.
    pub async fn debit(&self, iban: &str, reference: &str, amount: &str) -> Value {
        self.post("payment_intents", &debit_form(iban, reference, amount)).await.ok()
    }

    pub async fn intent(&self, id: &Value) -> Value {
        self.get(&format!("payment_intents/{}?expand[]=latest_charge", id.as_str().unwrap())).await.ok()
    }

    /// Available and pending, in cents.
    pub async fn balance(&self) -> (i64, i64) {
        let balance = self.get("balance").await.ok();
        let amount = |name: &str| balance[name][0]["amount"].as_i64().unwrap();
        (amount("available"), amount("pending"))
    }

    pub async fn endpoint(&self, receiver: &Receiver) {
        self.control("stripe/webhooks", &json!({"url": receiver.url})).await.ok();
    }

    pub async fn pay(&self, wish: Value) -> Value {
        self.control("stripe/pay", &wish).await.ok()
    }

    pub async fn fault(&self, setting: Value) {
        let answer = self.control("stripe/faults", &setting).await;
        assert_eq!(answer.status, 201, "{answer:?}");
    }

    pub async fn facts(&self) -> Vec<Value> {
        self.look("stripe/operations").await["data"].as_array().unwrap().clone()
    }

    /// The types of all events, oldest first.
    pub async fn events(&self) -> Vec<String> {
        let mut events = self.list("events?limit=100").await;
        events.reverse();
        events.iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    }

    pub async fn all_sent(&self) {
        for _ in 0..2_000 {
            if self.look("stripe/deliveries").await["idle"] == true {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("events are still waiting: {:#?}", self.look("stripe/deliveries").await);
    }
}

pub fn id(doc: &Value) -> String {
    doc["id"].as_str().unwrap().to_owned()
}

pub fn transfer_form<'a>(customer: &'a str, reference: &'a str, amount: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("amount", amount),
        ("currency", "eur"),
        ("customer", customer),
        ("confirm", "true"),
        ("allowed_payment_method_types[]", "customer_balance"),
        ("payment_method_data[type]", "customer_balance"),
        ("payment_method_options[customer_balance][funding_type]", "bank_transfer"),
        ("payment_method_options[customer_balance][bank_transfer][type]", "eu_bank_transfer"),
        ("payment_method_options[customer_balance][bank_transfer][eu_bank_transfer][country]", "DE"),
        ("metadata[movement_reference]", reference),
    ]
}

pub fn debit_form<'a>(iban: &'a str, reference: &'a str, amount: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("amount", amount),
        ("currency", "eur"),
        ("confirm", "true"),
        ("allowed_payment_method_types[]", "sepa_debit"),
        ("payment_method_data[type]", "sepa_debit"),
        ("payment_method_data[sepa_debit][iban]", iban),
        ("payment_method_data[billing_details][name]", "Awa Exemple"),
        ("mandate_data[customer_acceptance][type]", "online"),
        ("mandate_data[customer_acceptance][online][ip_address]", "192.0.2.7"),
        ("mandate_data[customer_acceptance][online][user_agent]", "a browser"),
        ("metadata[movement_reference]", reference),
    ]
}

/// Checks a refusal: status, code and parameter; empty means none.
pub fn refused(answer: &Answer, status: u16, code: &str, param: &str) {
    let error = &answer.json()["error"];
    let said = (error["code"].as_str().unwrap_or_default(), error["param"].as_str().unwrap_or_default());
    assert_eq!((answer.status, said), (status, (code, param)), "{answer:?}");
    assert!(error["type"].is_string() && error["message"].is_string(), "{answer:?}");
}

/// Stripe's signature, written once more so that the simulator does not check itself.
pub fn is_signed_with(event: &Received, secret: &str) -> bool {
    let (t, given) = signature(event);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(t.to_string().as_bytes());
    mac.update(b".");
    mac.update(&event.body);
    given.contains(&hex::encode(mac.finalize().into_bytes()))
}

/// `t` and every `v1`.
pub fn signature(event: &Received) -> (i64, Vec<String>) {
    let header = event.header("stripe-signature").expect("a signature");
    let mut parts = header.split(',').map(|part| part.split_once('=').unwrap());
    let t = parts.next().unwrap().1.parse().unwrap();
    (t, parts.map(|(_, value)| value.to_owned()).collect())
}
