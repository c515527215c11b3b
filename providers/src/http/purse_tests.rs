//! Grants over real sockets: fetched once for many, renewed in time, fetched anew once when refused.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response as Answer};
use axum::routing::{get, post};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{Currency, Money};
use futures::future::join_all;
use serde_json::{Value, json};

use super::tests::{now, patient, serve, wave};
use super::{HttpClient, HttpProvider};
use crate::{
    Balance, Callback, Capabilities, Grant, Granter, Grants, Need, Operation, Outcome, Provider,
    ProviderError, Request, Response, Trust, Unauthentic, Unreadable, Unsupported, Verified, Wire,
};

const TOKEN: Need = Need("token");

/// Asks for a balance with a token, and for nothing else.
struct Guarded {
    base_url: String,
    capabilities: Capabilities,
}

impl Granter for Guarded {
    fn needs(&self, _: &Operation) -> &'static [Need] {
        &[TOKEN]
    }

    fn fetch(&self, _: Need, _: &Grants) -> Request {
        Request::post(format!("{}/token", self.base_url))
    }

    fn granted(&self, _: Need, response: &Response) -> Result<Grant, ProviderError> {
        match response.status {
            200 => {
                let body: Value = response.json()?;
                let lives_for = body["expires_in"].as_u64().map(Duration::from_secs);
                let value = body["access_token"].as_str().unwrap_or_default().to_owned().into();
                Ok(Grant { value, lives_for })
            }
            401 => Err(ProviderError::misconfigured("refused")),
            status => Err(ProviderError::uncertain(format!("status {status}"))),
        }
    }

    fn refused(&self, _: &Operation, response: &Response) -> Option<Need> {
        (response.status == 401).then_some(TOKEN)
    }

    fn spoilt(&self, _: &Operation, response: &Response) -> Option<Need> {
        (response.status == 423).then_some(TOKEN)
    }
}

impl Wire for Guarded {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn request(&self, _: &Operation, grants: &Grants, _: DateTime<Utc>) -> Result<Request, Unsupported> {
        let bearer = HeaderValue::from_str(&format!("Bearer {}", grants.get(TOKEN))).unwrap();
        Ok(Request::get(format!("{}/balance", self.base_url)).header(header::AUTHORIZATION, bearer))
    }

    fn granter(&self) -> Option<&dyn Granter> {
        Some(self)
    }

    fn follow(
        &self,
        _: &Operation,
        _: &Request,
        _: &Response,
        _: &Grants,
        _: DateTime<Utc>,
    ) -> Option<Request> {
        None
    }

    fn outcome(&self, _: &Operation, response: &Response) -> Result<Outcome, ProviderError> {
        match response.status {
            200 => Ok(Outcome::Balance(Balance::available(Money::new(1, Currency::XOF)))),
            status => Err(ProviderError::misconfigured(format!("status {status}"))),
        }
    }

    fn verify(&self, _: &HeaderMap, _: &[u8], _: DateTime<Utc>) -> Result<Verified, Unauthentic> {
        Err(Unauthentic { reason: "never" })
    }

    fn translate(&self, _: &[u8], _: Trust) -> Result<Callback, Unreadable> {
        Err(Unreadable { reason: "never".into() })
    }
}

/// Mints `t1`, `t2` … and takes only the last one, unless told to refuse it.
#[derive(Default)]
struct Operator {
    minted: AtomicUsize,
    asked: AtomicUsize,
    refuses: AtomicUsize,
    locks: AtomicBool,
    expires_in: Mutex<Value>,
    fails: Mutex<Option<StatusCode>>,
}

async fn mint(State(operator): State<Arc<Operator>>) -> Answer {
    if let Some(status) = *operator.fails.lock().unwrap() {
        return status.into_response();
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    let token = format!("t{}", operator.minted.fetch_add(1, Ordering::SeqCst) + 1);
    let expires_in = operator.expires_in.lock().unwrap().clone();
    axum::Json(json!({ "access_token": token, "expires_in": expires_in })).into_response()
}

async fn balance(State(operator): State<Arc<Operator>>, headers: HeaderMap) -> Answer {
    operator.asked.fetch_add(1, Ordering::SeqCst);
    let refuses = operator.refuses.load(Ordering::SeqCst);
    if operator.locks.swap(false, Ordering::SeqCst) {
        return StatusCode::LOCKED.into_response();
    }
    if refuses > 0 {
        operator.refuses.store(refuses - 1, Ordering::SeqCst);
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let good = format!("Bearer t{}", operator.minted.load(Ordering::SeqCst));
    match headers[header::AUTHORIZATION] == good {
        true => StatusCode::OK.into_response(),
        false => StatusCode::UNAUTHORIZED.into_response(),
    }
}

/// An operator, a wallet there, and the seconds that its clock was moved.
async fn scene(expires_in: Value) -> (Arc<Operator>, HttpProvider<Guarded>, Arc<AtomicI64>) {
    let operator = Arc::new(Operator { expires_in: Mutex::new(expires_in), ..Operator::default() });
    let router = Router::new()
        .route("/token", post(mint))
        .route("/balance", get(balance))
        .with_state(operator.clone());
    let base_url = serve(router).await;
    let capabilities = wave("http://127.0.0.1:9", patient()).capabilities().clone();
    let moved = Arc::new(AtomicI64::new(0));
    let clock = {
        let moved = moved.clone();
        Arc::new(move || now() + TimeDelta::seconds(moved.load(Ordering::SeqCst)))
    };
    let client = HttpClient::new(Duration::from_secs(2)).unwrap();
    let provider = HttpProvider::new(Guarded { base_url, capabilities }, client, clock, patient());
    (operator, provider, moved)
}

fn minted(operator: &Operator) -> usize {
    operator.minted.load(Ordering::SeqCst)
}

#[tokio::test]
async fn a_hundred_callers_fetch_once() {
    let (operator, provider, _) = scene(json!(3600)).await;
    let answers = join_all((0..100).map(|_| provider.call(&Operation::Balance))).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(minted(&operator), 1);
}

#[tokio::test]
async fn it_is_renewed_before_its_end_however_short_it_lives() {
    for (life, still, renewed) in [(3600, 2_990, 3_010), (299, 245, 255), (7_776_000, 7_775_000, 7_775_401)] {
        let (operator, provider, moved) = scene(json!(life)).await;
        for (second, expected) in [(0, 1), (still, 1), (renewed, 2)] {
            moved.store(second, Ordering::SeqCst);
            provider.call(&Operation::Balance).await.unwrap();
            assert_eq!(minted(&operator), expected, "{life} s, after {second} s");
        }
    }
}

#[tokio::test]
async fn without_a_life_it_is_used_once() {
    let (operator, provider, _) = scene(Value::Null).await;
    for nth in 1..=3 {
        provider.call(&Operation::Balance).await.unwrap();
        assert_eq!(minted(&operator), nth);
    }
}

#[tokio::test]
async fn what_is_refused_is_fetched_anew_once() {
    let (operator, provider, _) = scene(json!(3600)).await;
    provider.call(&Operation::Balance).await.unwrap();
    operator.refuses.store(1, Ordering::SeqCst);
    provider.call(&Operation::Balance).await.unwrap();
    assert_eq!((minted(&operator), operator.asked.load(Ordering::SeqCst)), (2, 3));
    operator.refuses.store(usize::MAX, Ordering::SeqCst);
    let refused = provider.call(&Operation::Balance).await;
    assert!(matches!(refused, Err(ProviderError::Misconfigured { .. })), "{refused:?}");
    assert_eq!((minted(&operator), operator.asked.load(Ordering::SeqCst)), (3, 5));
}

#[tokio::test]
async fn what_does_harm_when_tried_again_is_tried_once() {
    let (operator, provider, moved) = scene(json!(3600)).await;
    provider.call(&Operation::Balance).await.unwrap();
    operator.locks.store(true, Ordering::SeqCst);
    for seconds in [0, 1, 7_200] {
        moved.store(seconds, Ordering::SeqCst);
        let stopped = provider.call(&Operation::Balance).await;
        assert!(matches!(stopped, Err(ProviderError::Misconfigured { .. })), "{stopped:?}");
        assert_eq!((minted(&operator), operator.asked.load(Ordering::SeqCst)), (1, 2), "after {seconds} s");
    }
}

#[tokio::test]
async fn without_it_nothing_was_sent() {
    let (operator, provider, _) = scene(json!(3600)).await;
    for (status, misconfigured) in [(500, false), (503, false), (401, true)] {
        *operator.fails.lock().unwrap() = Some(StatusCode::from_u16(status).unwrap());
        match provider.call(&Operation::Balance).await {
            Err(ProviderError::NotSent { reason }) => assert!(!misconfigured, "{reason}"),
            Err(ProviderError::Misconfigured { reason }) => assert!(misconfigured, "{reason}"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(operator.asked.load(Ordering::SeqCst), 0);
}
