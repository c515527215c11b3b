//! Over real sockets: which length an empty token request says, and how often a token is minted.

use std::sync::Arc;
use std::sync::Mutex;

use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::post;
use http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::{CallSettings, HttpClient, HttpProvider, Provider};

fn provider(base_url: &str, token_body: MtnTokenBody) -> HttpProvider<Mtn> {
    let config = MtnConfig { base_url: base_url.to_owned(), token_body, ..config() };
    let client = HttpClient::new(Duration::from_secs(2)).unwrap();
    HttpProvider::new(Mtn::new(config).unwrap(), client, Arc::new(now), CallSettings::default())
}

/// The first request that comes, which is then answered 503.
async fn first_request(token_body: MtnTokenBody) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = vec![0; 4096];
        let length = stream.read(&mut bytes).await.unwrap();
        stream.write_all(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        String::from_utf8_lossy(&bytes[..length]).to_lowercase()
    });
    let answer = provider(&format!("http://{address}"), token_body).call(&Operation::Balance).await;
    assert_eq!(shape(&answer), "not_sent", "nothing of the operation left");
    seen.await.unwrap()
}

#[tokio::test]
async fn an_empty_token_request_says_that_it_is_empty() {
    let request = first_request(MtnTokenBody::Empty).await;
    assert!(request.starts_with("post /disbursement/token/ http/1.1\r\n"), "{request}");
    assert_eq!(request.matches("content-length: 0\r\n").count(), 1, "{request}");
    assert!(!request.contains("transfer-encoding") && !request.contains("content-type"), "{request}");
}

#[tokio::test]
async fn a_json_token_request_says_its_length_once() {
    let request = first_request(MtnTokenBody::Json).await;
    assert_eq!(request.matches("content-length: 35\r\n").count(), 1, "{request}");
    assert!(request.contains("content-type: application/json\r\n"), "{request}");
}

type Refuses = fn(&str) -> Option<(StatusCode, Vec<u8>)>;

/// Mints `t1`, `t2` … and answers payments as it is told.
struct Operator {
    minted: Mutex<usize>,
    asked: Mutex<Vec<String>>,
    refuses: Refuses,
}

async fn mint(State(operator): State<Arc<Operator>>) -> impl IntoResponse {
    let mut minted = operator.minted.lock().unwrap();
    *minted += 1;
    axum::Json(serde_json::json!({ "access_token": format!("t{minted}"), "expires_in": 3600 }))
}

async fn transfer(State(operator): State<Arc<Operator>>, headers: HeaderMap) -> impl IntoResponse {
    let bearer = headers["authorization"].to_str().unwrap().to_owned();
    operator.asked.lock().unwrap().push(bearer.clone());
    (operator.refuses)(&bearer).unwrap_or((StatusCode::ACCEPTED, Vec::new()))
}

/// Pays once, and tells what came of it, with which tokens, and how many were minted.
async fn pay(refuses: Refuses) -> (String, Vec<String>, usize) {
    let (minted, asked) = (Mutex::default(), Mutex::default());
    let operator = Arc::new(Operator { minted, asked, refuses });
    let router = Router::new()
        .route("/disbursement/token/", post(mint))
        .route("/disbursement/v1_0/transfer", post(transfer))
        .with_state(operator.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let provider = provider(&format!("http://{address}"), MtnTokenBody::Empty);
    let answer = provider.call(&Operation::Disburse(disburse())).await;
    let minted = *operator.minted.lock().unwrap();
    (shape(&answer), operator.asked.lock().unwrap().clone(), minted)
}

#[tokio::test]
async fn a_spent_token_is_minted_anew_once_and_the_payout_put_again() {
    let (shape, asked, minted) =
        pay(|bearer| (bearer == "Bearer t1").then(|| (StatusCode::UNAUTHORIZED, Vec::new()))).await;
    assert_eq!((shape.as_str(), minted), ("pending", 2));
    assert_eq!(asked, ["Bearer t1", "Bearer t2"]);
}

#[tokio::test]
async fn a_token_that_is_refused_twice_is_a_matter_for_people() {
    let (shape, asked, minted) = pay(|_| Some((StatusCode::UNAUTHORIZED, Vec::new()))).await;
    assert_eq!((shape.as_str(), asked.len(), minted), ("misconfigured", 2, 2));
}

#[tokio::test]
async fn a_refused_subscription_key_mints_nothing() {
    let (shape, asked, minted) = pay(|_| Some((StatusCode::UNAUTHORIZED, fixture("key_refused").body))).await;
    assert_eq!((shape.as_str(), asked.len(), minted), ("misconfigured", 1, 1));
}
