//! A caller of the MTN simulator.

use std::ops::Deref;

use reqwest::{Method, RequestBuilder};
use sandbox::SandboxConfig;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::kit::{Answer, Kit};

pub const GUINEA: &str = "mtnguineaconakry";
pub const CALLBACK_HOST: &str = "127.0.0.1";

pub struct Mtn {
    pub kit: Kit,
}

impl Deref for Mtn {
    type Target = Kit;

    fn deref(&self) -> &Kit {
        &self.kit
    }
}

/// Credentials of one product in one environment.
#[derive(Clone, Debug)]
pub struct Caller {
    pub product: &'static str,
    pub environment: String,
    pub user: String,
    pub secret: String,
    pub key: String,
    pub token: String,
}

pub fn new_id() -> String {
    Uuid::new_v4().to_string()
}

/// A request to pay; `payee` in place of `payer` makes it a transfer.
pub fn body(party: &str, number: &str, amount: &str, currency: &str, external_id: &str) -> Value {
    let mut body = json!({
        "amount": amount,
        "currency": currency,
        "externalId": external_id,
        "payerMessage": "Order 7",
        "payeeNote": "Order 7",
    });
    body[party] = json!({"partyIdType": "MSISDN", "partyId": number});
    body
}

impl Mtn {
    pub async fn new() -> Mtn {
        Mtn { kit: Kit::with(SandboxConfig::default()).await }
    }

    /// The ready-made user of a product in Guinea, with a token.
    pub async fn guinea(&self, product: &'static str) -> Caller {
        let tail = match product {
            "collection" => "c1",
            "disbursement" => "d1",
            _ => "e1",
        };
        let caller = Caller {
            product,
            environment: GUINEA.to_owned(),
            user: format!("00000000-0000-4000-8000-0000000000{tail}"),
            secret: format!("mtn_sandbox_{product}_secret"),
            key: format!("mtn_sandbox_{product}_key"),
            token: String::new(),
        };
        self.with_token(caller).await
    }

    /// A user made by API in the sandbox, with a token.
    pub async fn provisioned(&self, product: &'static str) -> Caller {
        let user = new_id();
        let key = format!("mtn_sandbox_primary_{product}");
        let made = self.provision(&key, &user, CALLBACK_HOST).await;
        assert_eq!((made.status, made.text.as_str()), (201, ""));
        let made = self.post_empty(&format!("v1_0/apiuser/{user}/apikey"), &key).await.ok();
        let secret = made["apiKey"].as_str().unwrap().to_owned();
        let environment = "sandbox".to_owned();
        self.with_token(Caller { product, environment, user, secret, key, token: String::new() }).await
    }

    pub async fn provision(&self, key: &str, user: &str, host: &str) -> Answer {
        let request = self
            .request(Method::POST, "/mtn/v1_0/apiuser")
            .header("Ocp-Apim-Subscription-Key", key)
            .header("X-Reference-Id", user)
            .json(&json!({"providerCallbackHost": host}));
        self.send(request).await
    }

    pub async fn post_empty(&self, path: &str, key: &str) -> Answer {
        let request = self
            .request(Method::POST, &format!("/mtn/{path}"))
            .header("Ocp-Apim-Subscription-Key", key)
            .header("Content-Length", "0");
        self.send(request).await
    }

    pub async fn with_token(&self, caller: Caller) -> Caller {
        let token = self.send(self.token_request(&caller)).await.ok();
        Caller { token: token["access_token"].as_str().unwrap().to_owned(), ..caller }
    }

    pub fn token_request(&self, caller: &Caller) -> RequestBuilder {
        self.request(Method::POST, &format!("/mtn/{}/token/", caller.product))
            .basic_auth(&caller.user, Some(&caller.secret))
            .header("Ocp-Apim-Subscription-Key", &caller.key)
            .header("Content-Length", "0")
    }

    /// A product call with every common header.
    pub fn call(&self, caller: &Caller, method: Method, path: &str) -> RequestBuilder {
        self.request(method, &format!("/mtn/{}/{path}", caller.product))
            .bearer_auth(&caller.token)
            .header("Ocp-Apim-Subscription-Key", &caller.key)
            .header("X-Target-Environment", &caller.environment)
    }

    pub fn creation(&self, caller: &Caller, path: &str, id: &str, body: &Value) -> RequestBuilder {
        self.call(caller, Method::POST, path).header("X-Reference-Id", id).json(body)
    }

    /// Creates something, and expects an empty 202.
    pub async fn create(&self, caller: &Caller, path: &str, body: &Value) -> String {
        let id = new_id();
        let answer = self.send(self.creation(caller, path, &id, body)).await;
        assert_eq!((answer.status, answer.text.as_str()), (202, ""), "{path}");
        id
    }

    pub async fn get(&self, caller: &Caller, path: &str) -> Answer {
        self.send(self.call(caller, Method::GET, path)).await
    }

    pub async fn status(&self, caller: &Caller, path: &str, id: &str) -> Value {
        self.get(caller, &format!("{path}/{id}")).await.ok()
    }

    /// Creates and looks: the status, and the reason if there is one.
    pub async fn outcome(&self, caller: &Caller, path: &str, body: &Value) -> (String, String) {
        let id = self.create(caller, path, body).await;
        self.outcome_of(caller, &path.replace("v2_0/deposit", "v1_0/deposit"), &id).await
    }

    pub async fn outcome_of(&self, caller: &Caller, path: &str, id: &str) -> (String, String) {
        let seen = self.status(caller, path, id).await;
        let word = |name: &str| seen[name].as_str().unwrap_or_default().to_owned();
        (word("status"), word("reason"))
    }

    /// What the wallet of a market, or of the sandbox, holds.
    pub async fn wallet(&self, environment: &str) -> String {
        let balance = self.look("mtn/balance").await;
        let wallets = balance["data"].as_array().unwrap();
        let wallet = wallets.iter().find(|wallet| wallet["wallet"] == environment).unwrap();
        wallet["amount"].as_str().unwrap().to_owned()
    }

    pub async fn settle(&self, wish: Value) -> Value {
        self.control("mtn/pay", &wish).await.ok()
    }

    pub async fn record(&self) -> Vec<Value> {
        self.look("mtn/operations").await["data"].as_array().unwrap().clone()
    }

    /// Changes a setting of an environment.
    pub async fn set(&self, environment: &str, name: &str, value: Value) {
        let all = self.look("mtn/environments").await;
        let all = all["data"].as_array().unwrap();
        let mut one = all.iter().find(|one| one["environment"] == environment).unwrap().clone();
        one[name] = value;
        self.control("mtn/environments", &one).await.ok();
    }
}

/// Refused by the wallet: `{"code","message"}`.
pub fn wallet_refuses(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, &answer.json()["code"]), (status, &json!(code)), "{answer:?}");
}

/// Refused by the gateway: `{"statusCode","message"}`.
pub fn gateway_refuses(answer: &Answer, status: u16) {
    let body = answer.json();
    assert_eq!((answer.status, &body["statusCode"]), (status, &json!(status)), "{answer:?}");
    assert!(body["message"].is_string() && body.get("code").is_none(), "{answer:?}");
}

/// Refused without a word.
pub fn refuses_mutely(answer: &Answer) {
    assert_eq!((answer.status, answer.text.as_str()), (400, ""), "{answer:?}");
}
