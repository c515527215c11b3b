//! A caller of the Web Payment simulator.

use std::ops::Deref;

use reqwest::{Method, RequestBuilder};
use sandbox::{OrangeMerchantConfig, OrangeWebConfig, SandboxConfig};
use serde_json::{Value, json};

use crate::kit::{Answer, Kit, Receiver};

/// A caller with a token of its own.
pub struct Orange {
    pub kit: Kit,
    token: String,
}

impl Deref for Orange {
    type Target = Kit;

    fn deref(&self) -> &Kit {
        &self.kit
    }
}

impl Orange {
    pub async fn new() -> Orange {
        Orange::with(SandboxConfig::default()).await
    }

    pub async fn with(config: SandboxConfig) -> Orange {
        let kit = Kit::with(config).await;
        let token = token(&kit, "v3").await.ok()["access_token"].as_str().unwrap().to_owned();
        Orange { kit, token }
    }

    /// With a Guinean merchant changed by `edit`.
    pub async fn merchant(edit: impl Fn(&mut OrangeMerchantConfig)) -> Orange {
        let mut config = OrangeWebConfig::default();
        edit(&mut config.merchants[0]);
        Orange::with(SandboxConfig { orange_web: config, ..SandboxConfig::default() }).await
    }

    /// A new token, as after a 401.
    pub async fn renew(&mut self) {
        self.token = token(&self.kit, "v3").await.ok()["access_token"].as_str().unwrap().to_owned();
    }

    pub fn call(&self, country: &str, method: &str, body: &Value) -> RequestBuilder {
        let path = format!("/orange/orange-money-webpay/{country}/v1/{method}");
        let request = self.request(Method::POST, &path).bearer_auth(&self.token);
        request.header("Accept", "application/json").json(body)
    }

    pub async fn create(&self, country: &str, body: &Value) -> Answer {
        self.send(self.call(country, "webpayment", body)).await
    }

    /// A Guinean payment.
    pub async fn payment(&self, order_id: &str, amount: i64) -> Value {
        let answer = self.create("gn", &body(order_id, amount)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()
    }

    /// A Guinean payment that notifies `receiver`.
    pub async fn told(&self, receiver: &Receiver, order_id: &str, amount: i64) -> Value {
        let mut body = body(order_id, amount);
        body["notif_url"] = json!(receiver.url);
        let answer = self.create("gn", &body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()
    }

    pub async fn ask(&self, order_id: &str, amount: impl Into<Value>, pay_token: &Value) -> Answer {
        let body = json!({"order_id": order_id, "amount": amount.into(), "pay_token": pay_token});
        self.send(self.call("gn", "transactionstatus", &body)).await
    }

    /// The status of a Guinean payment.
    pub async fn status(&self, order_id: &str, amount: i64, created: &Value) -> String {
        let answer = self.ask(order_id, amount, &created["pay_token"]).await.ok();
        assert_eq!(answer["order_id"], order_id);
        answer["status"].as_str().unwrap().to_owned()
    }

    pub async fn pay(&self, wish: Value) -> Answer {
        self.control("orange/pay", &wish).await
    }

    pub async fn fault(&self, setting: Value) {
        let answer = self.control("orange/faults", &setting).await;
        assert_eq!(answer.status, 201, "{answer:?}");
    }

    pub async fn facts(&self) -> Vec<Value> {
        self.look("orange/operations").await["data"].as_array().unwrap().clone()
    }

    /// What the Guinean merchant holds.
    pub async fn held(&self) -> i64 {
        let balance = self.look("orange/balance").await;
        let merchants = balance["data"].as_array().unwrap();
        let gn = merchants.iter().find(|merchant| merchant["merchant"] == "gn").unwrap();
        assert_eq!(gn["currency"], "GNF");
        gn["amount"].as_str().unwrap().parse().unwrap()
    }
}

pub async fn token(kit: &Kit, version: &str) -> Answer {
    kit.send(token_request(kit, version)).await
}

pub fn token_request(kit: &Kit, version: &str) -> RequestBuilder {
    kit.request(Method::POST, &format!("/orange/oauth/{version}/token"))
        .basic_auth("sandbox-client", Some("sandbox-secret"))
        .header("Accept", "application/json")
        .form(&[("grant_type", "client_credentials")])
}

/// What a Guinean merchant asks for.
pub fn body(order_id: &str, amount: i64) -> Value {
    json!({
        "merchant_key": "om_gn_sandbox",
        "currency": "GNF",
        "order_id": order_id,
        "amount": amount,
        "return_url": "https://shop.example/ok",
        "cancel_url": "https://shop.example/ko",
        "notif_url": "https://shop.example/notify",
        "lang": "fr",
        "reference": "SHOP",
    })
}

/// Checks a refusal: status, integer code, and both texts.
pub fn refused(answer: &Answer, status: u16, code: u16) {
    let body = answer.json();
    assert_eq!((answer.status, &body["code"]), (status, &json!(code)), "{answer:?}");
    assert!(body["message"].is_string() && body["description"].is_string(), "{answer:?}");
}
