//! A simulator, a caller and a receiver of webhooks.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, RequestBuilder};
use sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::sync::Notify;

pub const SN: &str = "wave_sn_prod_sandbox";
pub const CI: &str = "wave_ci_prod_sandbox";
pub const SN_SECRET: &str = "wave_sn_WHS_sandbox";

/// An answer, read whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The JSON of a success.
    pub fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        self.json()
    }

    /// 200 and nothing else: how refund, expire and reverse succeed.
    pub fn is_empty_200(&self) -> bool {
        self.status == 200 && self.text.is_empty()
    }

    pub fn refused(&self, status: u16, code: &str) {
        let body = self.json();
        let said = body["code"].as_str().or(body["error_code"].as_str()).unwrap_or_default();
        assert_eq!((self.status, said), (status, code), "{self:?}");
    }
}

pub struct Kit {
    pub sandbox: Sandbox,
    pub http: reqwest::Client,
}

impl Kit {
    pub async fn new() -> Kit {
        Kit::with(SandboxConfig::default()).await
    }

    pub async fn with(config: SandboxConfig) -> Kit {
        let sandbox = Sandbox::start(config).await.unwrap();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap();
        Kit { sandbox, http }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.sandbox.url()))
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        self.try_send(request).await.unwrap()
    }

    pub async fn try_send(&self, request: RequestBuilder) -> reqwest::Result<Answer> {
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        Ok(Answer { status, text: answer.text().await? })
    }

    // What a gateway does, with the Senegalese key.

    pub async fn get(&self, path: &str) -> Answer {
        self.get_as(SN, path).await
    }

    pub async fn get_as(&self, key: &str, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).bearer_auth(key)).await
    }

    pub async fn post(&self, path: &str) -> Answer {
        self.send(self.request(Method::POST, path).bearer_auth(SN)).await
    }

    pub fn creation(&self, body: &Value) -> RequestBuilder {
        self.request(Method::POST, "/wave/v1/checkout/sessions").bearer_auth(SN).json(body)
    }

    pub async fn create(&self, body: &Value) -> Answer {
        self.send(self.creation(body)).await
    }

    pub async fn session(&self, reference: &str, amount: &str) -> Value {
        self.create(&session(reference, amount)).await.ok()
    }

    pub async fn session_now(&self, id: &Value) -> Value {
        self.get(&format!("/wave/v1/checkout/sessions/{}", id.as_str().unwrap())).await.ok()
    }

    pub fn disbursement(&self, key: &str, body: &Value) -> RequestBuilder {
        self.request(Method::POST, "/wave/v1/payout")
            .bearer_auth(SN)
            .header("Idempotency-Key", key)
            .json(body)
    }

    pub async fn pay_out(&self, key: &str, body: &Value) -> Answer {
        self.send(self.disbursement(key, body)).await
    }

    pub async fn balance(&self) -> i64 {
        let balance = self.get("/wave/v1/balance").await.ok();
        assert_eq!(balance["currency"], "XOF");
        balance["amount"].as_str().unwrap().parse().unwrap()
    }

    pub async fn lines(&self) -> Vec<Value> {
        let page = self.get("/wave/v1/transactions").await.ok();
        page["items"].as_array().unwrap().clone()
    }

    // What people and tests do.

    pub async fn control(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, &format!("/_control/{path}")).json(body)).await
    }

    pub async fn look(&self, path: &str) -> Value {
        self.send(self.request(Method::GET, &format!("/_control/{path}"))).await.ok()
    }

    pub async fn pay(&self, reference: &str) -> Value {
        self.control("wave/pay", &json!({"reference": reference})).await.ok()
    }

    pub async fn decline(&self, reference: &str, code: &str) -> Value {
        let wish = json!({"reference": reference, "outcome": "decline", "code": code});
        self.control("wave/pay", &wish).await.ok()
    }

    pub async fn fault(&self, setting: Value) {
        let answer = self.control("wave/faults", &setting).await;
        assert_eq!(answer.status, 201, "{answer:?}");
    }

    pub async fn fired(&self) -> Vec<u64> {
        let faults = self.look("wave/faults").await;
        faults["data"].as_array().unwrap().iter().map(|fault| fault["fired"].as_u64().unwrap()).collect()
    }

    /// Sends a request that gets no answer while the newest fault holds it, and hangs up.
    pub async fn hang_up_on(&self, request: RequestBuilder) {
        let waiting = tokio::spawn(request.send());
        while self.fired().await.last() != Some(&1) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        assert!(!waiting.is_finished());
        waiting.abort();
    }

    pub async fn operations(&self) -> Vec<Value> {
        self.look("wave/operations").await["data"].as_array().unwrap().clone()
    }

    pub fn advance(&self, seconds: u64) {
        self.sandbox.clock().advance(Duration::from_secs(seconds));
    }

    pub async fn webhook(&self, receiver: &Receiver) {
        self.set_webhook(json!({"wallet": "sn", "url": receiver.url})).await;
    }

    pub async fn set_webhook(&self, wish: Value) {
        self.control("wave/webhooks", &wish).await.ok();
    }

    pub async fn deliveries(&self) -> Vec<Value> {
        self.look("wave/deliveries").await["data"].as_array().unwrap().clone()
    }

    /// Waits until `seen` accepts the journal of deliveries.
    pub async fn deliveries_until(&self, seen: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let mut journal = Vec::new();
        for _ in 0..2_000 {
            journal = self.deliveries().await;
            if seen(&journal) {
                return journal;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("it never came to that: {journal:#?}");
    }

    /// Waits until nothing is left to be sent.
    pub async fn all_sent(&self) {
        for _ in 0..2_000 {
            if self.look("wave/deliveries").await["idle"] == true {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("webhooks are still waiting: {:#?}", self.deliveries().await);
    }
}

pub fn session(reference: &str, amount: &str) -> Value {
    json!({
        "amount": amount,
        "currency": "XOF",
        "success_url": "https://shop.example/ok",
        "error_url": "https://shop.example/ko",
        "client_reference": reference,
    })
}

pub fn payout(reference: &str, amount: &str, mobile: &str) -> Value {
    json!({
        "currency": "XOF",
        "receive_amount": amount,
        "mobile": mobile,
        "name": "Awa Exemple",
        "client_reference": reference,
    })
}

/// Wave's signature, written once more so that the simulator does not check itself.
pub fn signature(secret: &str, t: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{t}").as_bytes());
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

/// A webhook that arrived.
#[derive(Clone, Debug)]
pub struct Received {
    pub method: Method,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Received {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// `t` and every `v1`.
    pub fn signature(&self) -> (i64, Vec<String>) {
        let header = self.header("wave-signature").expect("a signature");
        let mut parts = header.split(',').map(|part| part.split_once('=').unwrap());
        let (name, t) = parts.next().unwrap();
        assert_eq!(name, "t");
        let v1 = parts.map(|(name, value)| {
            assert_eq!(name, "v1");
            value.to_owned()
        });
        (t.parse().unwrap(), v1.collect())
    }

    pub fn is_signed_with(&self, secret: &str) -> bool {
        let (t, given) = self.signature();
        given.contains(&signature(secret, t, &self.body))
    }
}

#[derive(Default)]
struct Inbox {
    received: Vec<Received>,
    answers: VecDeque<(StatusCode, Duration)>,
}

/// Somebody's webhook endpoint; answers 200 unless told otherwise.
pub struct Receiver {
    pub url: String,
    shared: Arc<(Mutex<Inbox>, Notify)>,
}

type Shared = Arc<(Mutex<Inbox>, Notify)>;

impl Receiver {
    pub async fn start() -> Receiver {
        let shared: Shared = Arc::default();
        let app = Router::new().fallback(receive).with_state(shared.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhooks/wave", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Receiver { url, shared }
    }

    /// The next requests get these statuses.
    pub fn answer(&self, statuses: &[u16]) {
        statuses.iter().for_each(|status| self.answer_after(*status, Duration::ZERO));
    }

    pub fn answer_after(&self, status: u16, pause: Duration) {
        let status = StatusCode::from_u16(status).unwrap();
        self.shared.0.lock().unwrap().answers.push_back((status, pause));
    }

    /// Waits for the first `count` webhooks.
    pub async fn wait(&self, count: usize) -> Vec<Received> {
        let enough = async {
            loop {
                let arrived = self.shared.1.notified();
                let received = self.received();
                if received.len() >= count {
                    return received;
                }
                arrived.await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(10), enough).await;
        waited.unwrap_or_else(|_| panic!("{} webhooks instead of {count}", self.received().len()))
    }

    pub fn received(&self) -> Vec<Received> {
        self.shared.0.lock().unwrap().received.clone()
    }
}

async fn receive(
    State(shared): State<Shared>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let (status, pause) = {
        let mut inbox = shared.0.lock().unwrap();
        inbox.received.push(Received { method, headers, body });
        inbox.answers.pop_front().unwrap_or((StatusCode::OK, Duration::ZERO))
    };
    shared.1.notify_waiters();
    tokio::time::sleep(pause).await;
    status
}
