//! The rails that are served, each against its simulator.

pub mod mtn;
pub mod orange_web;
pub mod sonatel;
pub mod stripe;
pub mod wave;

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{Money, Msisdn, Reference};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName};
use providers::Payee;
use reqwest::Method;
use sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};

use crate::kit::{Deed, Fact, Fault, Simulator};

/// One provider of the sandbox.
pub struct InSandbox {
    pub sandbox: Sandbox,
    http: reqwest::Client,
    /// Its name on the control surface and in its URLs.
    provider: &'static str,
    /// Whose balance is the wallet's.
    account: &'static str,
}

impl InSandbox {
    pub async fn start(config: SandboxConfig, provider: &'static str, account: &'static str) -> InSandbox {
        let sandbox = Sandbox::start(config).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap();
        InSandbox { sandbox, http, provider, account }
    }

    async fn control(&self, method: Method, what: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("{}/_control/{}/{what}", self.sandbox.url(), self.provider);
        let request = self.http.request(method, url);
        let request = match &body {
            Some(body) => request.json(body),
            None => request,
        };
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
    }

    /// Tells the simulator something, which it takes.
    pub async fn tell(&self, what: &str, body: Value) {
        let (status, answer) = self.control(Method::POST, what, Some(body)).await;
        assert!((200..300).contains(&status), "{what}: {status} {answer}");
    }

    async fn look(&self, what: &str) -> Vec<Value> {
        let (_, answer) = self.control(Method::GET, what, None).await;
        answer["data"].as_array().unwrap_or_else(|| panic!("{what}: {answer}")).clone()
    }
}

#[async_trait]
impl Simulator for InSandbox {
    fn url(&self) -> String {
        format!("{}/{}", self.sandbox.url(), self.provider)
    }

    fn now(&self) -> DateTime<Utc> {
        self.sandbox.clock().now()
    }

    fn advance(&self, by: Duration) {
        self.sandbox.clock().advance(by);
    }

    async fn act(&self, reference: Reference, deed: Deed) -> bool {
        let outcome = if deed == Deed::Pay { "pay" } else { "decline" };
        let wish = json!({"reference": reference.to_string(), "outcome": outcome});
        match self.control(Method::POST, "pay", Some(wish)).await {
            (200, _) => true,
            (404 | 409, _) => false,
            (status, answer) => panic!("{deed:?}: {status} {answer}"),
        }
    }

    async fn fault(&self, fault: Fault) {
        // The first request of all, whatever it is.
        let mut wish = json!({"fault": fault.name(), "match": ""});
        if let Some(status) = fault.status() {
            wish["status"] = json!(status);
        }
        if fault.is_of_time() {
            wish["delay_ms"] = json!(5_000);
        }
        self.tell("faults", wish).await;
    }

    async fn happened(&self) -> bool {
        self.look("faults").await.iter().any(|fault| fault["fired"] != 0)
    }

    async fn mend(&self) {
        self.control(Method::DELETE, "faults", None).await;
    }

    async fn facts(&self) -> Vec<Fact> {
        self.look("operations").await.iter().map(Fact::of).collect()
    }

    async fn balance(&self) -> String {
        let rows = self.look("balance").await;
        let own = |row: &&Value| row["wallet"] == self.account || row["merchant"] == self.account;
        rows.iter().find(own).unwrap()["amount"].as_str().unwrap().to_owned()
    }
}

/// A payee by their number.
pub fn phone(number: &str) -> Payee {
    Payee::Phone(msisdn(number))
}

pub fn msisdn(number: &str) -> Msisdn {
    Msisdn::parse(number).unwrap()
}

pub fn money(minor: i64, currency: &str) -> Money {
    Money::new(minor, currency.parse().unwrap())
}

/// `t=…,v1=…`, as Wave, Stripe and Sonatel sign; what differs is what stands between time and body.
pub fn signed(
    header: &'static str,
    separator: &str,
    secret: &str,
    at: DateTime<Utc>,
    body: &[u8],
) -> HeaderMap {
    let t = at.timestamp();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{t}{separator}").as_bytes());
    mac.update(body);
    let value = format!("t={t},v1={}", hex::encode(mac.finalize().into_bytes()));
    HeaderMap::from_iter([(HeaderName::from_static(header), value.parse().unwrap())])
}
