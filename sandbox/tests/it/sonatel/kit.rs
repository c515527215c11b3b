//! A caller of the Sonatel simulator.

use std::convert::Infallible;
use std::ops::Deref;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use rand::RngCore;
use reqwest::{Method, RequestBuilder};
use rsa::pkcs8::DecodePublicKey;
use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::{Pkcs1v15Encrypt, RsaPublicKey};
use sandbox::SandboxConfig;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::kit::{Answer, Kit, Received};

pub const CLIENT: [(&str, &str); 2] =
    [("client_id", "sonatel-sandbox-client"), ("client_secret", "sonatel-sandbox-secret")];
pub const MERCHANT: &str = "123456";
pub const RETAILER: &str = "781110001";
pub const SECRET: &str = "sonatel_whsec_sandbox";
pub const FLOAT: i64 = 50_000_000;

pub struct Sonatel {
    pub kit: Kit,
    pub token: String,
}

impl Deref for Sonatel {
    type Target = Kit;

    fn deref(&self) -> &Kit {
        &self.kit
    }
}

impl Sonatel {
    pub async fn new() -> Sonatel {
        Sonatel::with(SandboxConfig::default()).await
    }

    pub async fn with(config: SandboxConfig) -> Sonatel {
        let kit = Kit::with(config).await;
        let mut sonatel = Sonatel { kit, token: String::new() };
        sonatel.sign_in().await;
        sonatel
    }

    pub async fn sign_in(&mut self) {
        let answer = self.mint("/oauth/v1/token", &form("client_credentials")).await.ok();
        self.token = answer["access_token"].as_str().unwrap().to_owned();
    }

    pub async fn mint(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.send(self.request(Method::POST, &format!("/sonatel{path}")).form(form)).await
    }

    pub fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, &format!("/sonatel/api/{path}")).bearer_auth(&self.token)
    }

    pub fn posting(&self, path: &str, body: &Value) -> RequestBuilder {
        self.call(Method::POST, path).json(body)
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.posting(path, body)).await
    }

    pub fn getting(&self, path: &str) -> RequestBuilder {
        self.call(Method::GET, path).header("Content-Type", "application/json")
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.getting(path)).await
    }

    pub async fn search(&self, query: &str) -> Vec<Value> {
        let found = self.get(&format!("eWallet/v1/transactions?{query}")).await.ok();
        found.as_array().expect("a bare array").clone()
    }

    pub async fn status(&self, id: &Value) -> Value {
        let path = format!("eWallet/v1/transactions/{}/status", id.as_str().unwrap());
        self.get(&path).await.ok()["status"].clone()
    }

    /// The key of `publicKeys`.
    pub async fn key(&self) -> RsaPublicKey {
        let answer = self.get("account/v1/publicKeys").await.ok();
        public_key(&answer)
    }

    pub async fn pin(&self, pin: &str) -> String {
        encrypted(&self.key().await, pin)
    }

    pub async fn qr(&self, reference: &str, amount: i64) -> Value {
        self.post("eWallet/v4/qrcode", &qr(reference, amount)).await.ok()
    }

    /// A cash-in by the right PIN.
    pub async fn cash_in(&self, reference: &str, amount: i64, customer: &str) -> Answer {
        let pin = self.pin("1234").await;
        self.post("eWallet/v1/cashins", &cash_in(&pin, reference, amount, customer)).await
    }

    pub async fn settings(&self, changes: Value) {
        self.control("sonatel/settings", &changes).await.ok();
    }

    pub async fn pay(&self, wish: Value) -> Answer {
        self.control("sonatel/pay", &wish).await
    }

    pub async fn fault(&self, setting: Value) {
        let answer = self.control("sonatel/faults", &setting).await;
        assert_eq!(answer.status, 201, "{answer:?}");
    }

    /// What the simulator says a wallet has.
    pub async fn has(&self, wallet: &str) -> i64 {
        let balance = self.look("sonatel/balance").await;
        let all = balance["data"].as_array().unwrap();
        let own = all.iter().find(|each| each["wallet"] == wallet).unwrap();
        own["amount"].as_str().unwrap().parse().unwrap()
    }

    pub async fn facts(&self) -> Vec<Value> {
        self.look("sonatel/operations").await["data"].as_array().unwrap().clone()
    }

    /// The effects of one wallet, added up.
    pub async fn effects(&self, wallet: &str) -> i64 {
        let facts = self.facts().await;
        let own = facts.iter().filter(|fact| fact["wallet"] == wallet);
        own.map(|fact| fact["effect"].as_str().unwrap().parse::<i64>().unwrap()).sum()
    }

    pub async fn all_told(&self) {
        for _ in 0..2_000 {
            if self.look("sonatel/deliveries").await["idle"] == true {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        panic!("notifications are still waiting: {:#?}", self.look("sonatel/deliveries").await);
    }

    /// Waits until so many attempts are written down.
    pub async fn tried(&self, count: usize) {
        for _ in 0..2_000 {
            let journal = self.look("sonatel/deliveries").await;
            let attempts = journal["data"].as_array().unwrap();
            if attempts.iter().filter(|attempt| !attempt["at"].is_null()).count() >= count {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        panic!("fewer than {count} attempts");
    }

    /// Registers the merchant's callback, as a gateway does.
    pub async fn register(&self, url: &str) {
        let answer = self.post("notification/v1/merchantcallback", &registration(url)).await;
        assert!((answer.status, answer.text.as_str()) == (201, ""), "{answer:?}");
    }
}

pub fn form(grant: &str) -> Vec<(&str, &str)> {
    CLIENT.into_iter().chain([("grant_type", grant)]).collect()
}

pub fn registration(url: &str) -> Value {
    json!({"apiKey": "own-api-key", "code": MERCHANT, "name": "Shop", "callbackUrl": url})
}

pub fn qr(reference: &str, amount: i64) -> Value {
    json!({
        "code": MERCHANT,
        "name": "Shop",
        "amount": money(amount),
        "reference": reference,
        "metadata": {"order": "7"},
    })
}

pub fn cash_in(pin: &str, reference: &str, amount: i64, customer: &str) -> Value {
    json!({
        "partner": {"idType": "MSISDN", "id": RETAILER, "encryptedPinCode": pin},
        "customer": {"idType": "MSISDN", "id": customer},
        "amount": money(amount),
        "reference": reference,
        "receiveNotification": true,
        "metadata": {},
    })
}

pub fn money(amount: i64) -> Value {
    json!({"value": amount, "unit": "XOF"})
}

pub fn public_key(answer: &Value) -> RsaPublicKey {
    let der = BASE64_STANDARD.decode(answer["key"].as_str().unwrap()).unwrap();
    RsaPublicKey::from_public_key_der(&der).unwrap()
}

pub fn encrypted(key: &RsaPublicKey, pin: &str) -> String {
    let text = BASE64_STANDARD.encode(key.encrypt(&mut Dice, Pkcs1v15Encrypt, pin.as_bytes()).unwrap());
    assert_eq!(text.len(), 344);
    text
}

/// Sonatel's signature, written once more so that the simulator does not check itself.
pub fn is_signed_with(received: &Received, secret: &str) -> bool {
    let (t, given) = signature(received).expect("a signature");
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(t.to_string().as_bytes());
    mac.update(b",");
    mac.update(&received.body);
    given.contains(&hex::encode(mac.finalize().into_bytes()))
}

/// `t` and every `v1`.
pub fn signature(received: &Received) -> Option<(i64, Vec<String>)> {
    let header = received.header("x-sonatel-signature")?;
    let mut parts = header.split(',').map(|part| part.split_once('=').unwrap());
    let (name, t) = parts.next().unwrap();
    assert_eq!(name, "t");
    let v1 = parts.map(|(name, value)| {
        assert_eq!(name, "v1");
        value.to_owned()
    });
    Some((t.parse().unwrap(), v1.collect()))
}

struct Dice;

impl TryRng for Dice {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(rand::rng().next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(rand::rng().next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        rand::rng().fill_bytes(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Dice {}
