//! Orange SMS against a small server that behaves as its pages say.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use chrono::DateTime;
use domain::Msisdn;
use serde_json::{Value, json};

use super::orange::OrangeSmsConfigError;
use super::*;
use crate::HttpClient;

const START_S: i64 = 1_795_169_100;

/// What the server does next, and what it saw.
struct Orange {
    tokens: AtomicUsize,
    expires_in: Mutex<Value>,
    /// Tokens below this number are refused, as after an early revocation.
    oldest_valid: AtomicUsize,
    answer: Mutex<Option<(u16, String)>>,
    token_answer: Mutex<Option<(u16, String)>>,
    seen: Mutex<Vec<(String, HeaderMap, Bytes)>>,
}

impl Default for Orange {
    fn default() -> Orange {
        Orange {
            tokens: AtomicUsize::new(0),
            expires_in: Mutex::new(json!("3600")),
            oldest_valid: AtomicUsize::new(0),
            answer: Mutex::default(),
            token_answer: Mutex::default(),
            seen: Mutex::default(),
        }
    }
}

/// The payload of a fixture, each of which names its page.
fn fixture(name: &str) -> (u16, String) {
    let path = format!("{}/fixtures/orange_sms/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let fixture: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(fixture["page"].is_string() && fixture["read"].is_string());
    (u16::try_from(fixture["status"].as_u64().unwrap()).unwrap(), fixture["body"].to_string())
}

fn answer((status, body): (u16, String)) -> Response {
    (StatusCode::from_u16(status).unwrap(), body).into_response()
}

async fn token(orange: &Orange) -> Response {
    if let Some(scripted) = orange.token_answer.lock().unwrap().clone() {
        return answer(scripted);
    }
    let number = orange.tokens.fetch_add(1, Ordering::SeqCst) + 1;
    let mut body = json!({"token_type": "Bearer", "access_token": format!("token-{number}")});
    let expires_in = orange.expires_in.lock().unwrap().clone();
    if !expires_in.is_null() {
        body["expires_in"] = expires_in;
    }
    answer((200, body.to_string()))
}

fn message(orange: &Orange, headers: &HeaderMap) -> Response {
    let bearer = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let number: usize = bearer.trim_start_matches("Bearer token-").parse().unwrap_or(0);
    if number < orange.oldest_valid.load(Ordering::SeqCst) {
        return answer(fixture("token_expired"));
    }
    answer(orange.answer.lock().unwrap().clone().unwrap_or_else(|| fixture("sent")))
}

async fn handle(State(orange): State<Arc<Orange>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    orange.seen.lock().unwrap().push((uri.path().to_owned(), headers.clone(), body));
    match uri.path() {
        "/oauth/v3/token" => token(&orange).await,
        _ => message(&orange, &headers),
    }
}

struct Bench {
    orange: Arc<Orange>,
    sms: OrangeSms,
    seconds: Arc<AtomicI64>,
}

fn config(base_url: String) -> OrangeSmsConfig {
    OrangeSmsConfig {
        base_url,
        client_id: "client".to_owned(),
        client_secret: "s3cret".into(),
        sender: "+2210000".to_owned(),
        sender_name: Some("SHOP".to_owned()),
        deadline: Duration::from_secs(5),
    }
}

fn clock(seconds: &Arc<AtomicI64>) -> crate::Clock {
    let seconds = seconds.clone();
    Arc::new(move || DateTime::from_timestamp(seconds.load(Ordering::SeqCst), 0).unwrap())
}

async fn bench() -> Bench {
    let orange = Arc::new(Orange::default());
    let router = Router::new().fallback(any(handle)).with_state(orange.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let seconds = Arc::new(AtomicI64::new(START_S));
    let client = HttpClient::new(Duration::from_secs(2)).unwrap();
    let sms = OrangeSms::new(config(base_url), client, clock(&seconds)).unwrap();
    Bench { orange, sms, seconds }
}

impl Bench {
    async fn send(&self) -> Result<SmsReceipt, SmsError> {
        self.sms.send(&Msisdn::parse("+221770001122").unwrap(), "Code 123456").await
    }

    fn tokens(&self) -> usize {
        self.orange.tokens.load(Ordering::SeqCst)
    }

    /// The next answers to messages.
    fn answers(&self, status: u16, body: &str) {
        *self.orange.answer.lock().unwrap() = Some((status, body.to_owned()));
    }

    fn answers_fixture(&self, name: &str) {
        let (status, body) = fixture(name);
        self.answers(status, &body);
    }
}

#[tokio::test]
async fn a_message_is_sent_as_orange_documents_it() {
    let bench = bench().await;
    let receipt = bench.send().await.unwrap();
    assert_eq!(receipt.id.as_deref(), Some("8c1b4f2e-7a90-4d53-9a4e-0f6f2b1c7d11"));
    let seen = bench.orange.seen.lock().unwrap();
    let [(token_path, token_headers, token_body), (path, headers, body)] = seen.as_slice() else { panic!() };
    assert_eq!(token_path, "/oauth/v3/token");
    assert_eq!(token_headers["authorization"], "Basic Y2xpZW50OnMzY3JldA==");
    assert_eq!(token_headers["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(token_headers["accept"], "application/json");
    assert_eq!(token_body.as_ref(), b"grant_type=client_credentials");
    assert_eq!(path, "/smsmessaging/v1/outbound/tel%3A%2B2210000/requests");
    assert_eq!(headers["authorization"], "Bearer token-1");
    assert_eq!(headers["accept"], "application/json");
    assert_eq!(
        std::str::from_utf8(body).unwrap(),
        r#"{"outboundSMSMessageRequest":{"address":"tel:+221770001122","senderAddress":"tel:+2210000","senderName":"SHOP","outboundSMSTextMessage":{"message":"Code 123456"}}}"#
    );
}

#[tokio::test]
async fn a_token_is_kept_and_renewed_before_it_ends() {
    for expires_in in [json!("3600"), json!(3600)] {
        let bench = bench().await;
        *bench.orange.expires_in.lock().unwrap() = expires_in;
        bench.send().await.unwrap();
        bench.seconds.store(START_S + 2_999, Ordering::SeqCst);
        bench.send().await.unwrap();
        assert_eq!(bench.tokens(), 1);
        bench.seconds.store(START_S + 3_000, Ordering::SeqCst);
        bench.send().await.unwrap();
        assert_eq!(bench.tokens(), 2, "ten minutes early");
    }
}

#[tokio::test]
async fn a_short_lived_token_is_still_kept() {
    let bench = bench().await;
    *bench.orange.expires_in.lock().unwrap() = json!(30);
    bench.send().await.unwrap();
    bench.seconds.store(START_S + 24, Ordering::SeqCst);
    bench.send().await.unwrap();
    assert_eq!(bench.tokens(), 1);
}

#[tokio::test]
async fn a_token_without_an_end_is_used_once() {
    let bench = bench().await;
    *bench.orange.expires_in.lock().unwrap() = Value::Null;
    bench.send().await.unwrap();
    bench.send().await.unwrap();
    assert_eq!(bench.tokens(), 2);
}

#[tokio::test]
async fn a_refused_token_is_minted_again_once() {
    let bench = bench().await;
    bench.send().await.unwrap();
    bench.orange.oldest_valid.store(2, Ordering::SeqCst);
    bench.send().await.unwrap();
    assert_eq!(bench.tokens(), 2);
    bench.orange.oldest_valid.store(99, Ordering::SeqCst);
    assert!(matches!(bench.send().await, Err(SmsError::Misconfigured { .. })));
    assert_eq!(bench.tokens(), 3, "no third try");
}

#[tokio::test]
async fn many_senders_mint_one_token() {
    let bench = bench().await;
    let sent = futures_join(&bench, 25).await;
    assert_eq!((sent, bench.tokens()), (25, 1));
}

/// Sends `count` messages at once; answers how many were accepted.
async fn futures_join(bench: &Bench, count: usize) -> usize {
    let sms: &OrangeSms = &bench.sms;
    let to = Msisdn::parse("+221770001122").unwrap();
    let mut sends: Vec<_> = (0..count).map(|_| Box::pin(sms.send(&to, "x"))).collect();
    let mut accepted = 0;
    std::future::poll_fn(|context| {
        sends.retain_mut(|send| match send.as_mut().poll(context) {
            std::task::Poll::Ready(answer) => {
                accepted += usize::from(answer.is_ok());
                false
            }
            std::task::Poll::Pending => true,
        });
        if sends.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    accepted
}

#[tokio::test]
async fn what_orange_can_answer() {
    let bench = bench().await;
    for (name, expected) in [
        ("sent", "accepted"),
        ("invalid_address", "refused"),
        ("too_long", "refused"),
        ("service_error", "uncertain"),
        ("policy_error", "misconfigured"),
        ("not_subscribed", "misconfigured"),
    ] {
        bench.answers_fixture(name);
        let answer = bench.send().await;
        assert_eq!(answer.as_ref().map_or_else(SmsError::as_str, |_| "accepted"), expected, "{name}");
    }
    for (status, body, expected) in [
        (201, "", "uncertain"),
        (201, "{}", "uncertain"),
        (200, "<html></html>", "uncertain"),
        (302, "", "uncertain"),
        (400, "", "uncertain"),
        (404, r#"{"code":60}"#, "misconfigured"),
        (406, "", "misconfigured"),
        (429, "", "not_sent"),
        (500, "", "uncertain"),
        (503, "<html></html>", "uncertain"),
    ] {
        bench.answers(status, body);
        let answer = bench.send().await;
        assert_eq!(
            answer.as_ref().map_or_else(SmsError::as_str, |_| "accepted"),
            expected,
            "{status} {body}"
        );
    }
}

#[tokio::test]
async fn without_a_token_nothing_was_sent() {
    let bench = bench().await;
    for (status, body, expected) in [
        (401, r#"{"error":"invalid_client","error_description":"no"}"#, "misconfigured"),
        (400, r#"{"error":"invalid_request"}"#, "misconfigured"),
        (500, "", "not_sent"),
        (200, "<html></html>", "not_sent"),
        (200, r#"{"access_token":"line\nbreak","expires_in":1}"#, "not_sent"),
    ] {
        *bench.orange.token_answer.lock().unwrap() = Some((status, body.to_owned()));
        let answer = bench.send().await;
        assert_eq!(
            answer.as_ref().map_or_else(SmsError::as_str, |_| "accepted"),
            expected,
            "{status} {body}"
        );
    }
    let asked_only_for_tokens =
        bench.orange.seen.lock().unwrap().iter().all(|(path, ..)| path == "/oauth/v3/token");
    assert!(asked_only_for_tokens);
}

#[tokio::test]
async fn a_refused_connection_is_not_sent() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = HttpClient::new(Duration::from_secs(2)).unwrap();
    let sms = OrangeSms::new(config(base_url), client, clock(&Arc::new(AtomicI64::new(START_S)))).unwrap();
    let answer = sms.send(&Msisdn::parse("+221770001122").unwrap(), "x").await;
    assert!(matches!(answer, Err(SmsError::NotSent { .. })), "{answer:?}");
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let client = HttpClient::new(Duration::from_secs(2)).unwrap();
    let refusal = |config: OrangeSmsConfig| {
        OrangeSms::new(config, client.clone(), clock(&Arc::new(AtomicI64::new(START_S)))).err()
    };
    let good = || config("http://127.0.0.1:9".to_owned());
    assert_eq!(refusal(good()), None);
    assert_eq!(refusal(config("127.0.0.1".into())), Some(OrangeSmsConfigError::BaseUrl));
    for sender in ["", "2210000", "+221", "+221000x", "+22100001111111111"] {
        let config = OrangeSmsConfig { sender: sender.to_owned(), ..good() };
        assert_eq!(refusal(config), Some(OrangeSmsConfigError::Sender), "{sender}");
    }
    let secretless = OrangeSmsConfig { client_secret: "".into(), ..good() };
    assert_eq!(refusal(secretless), Some(OrangeSmsConfigError::Credentials));
    assert!(!format!("{:?}", good()).contains("s3cret"));
}

#[tokio::test]
async fn the_console_accepts_everything() {
    let receipt = ConsoleSms.send(&Msisdn::parse("+221770001122").unwrap(), "Code 123456").await;
    assert_eq!(receipt, Ok(SmsReceipt { id: None }));
}
