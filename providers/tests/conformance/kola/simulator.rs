//! The simulator: movements by their reference, each made once, and payers who act.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::{Router, body::Bytes, extract::State};
use domain::Reference;
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Value, json};

use crate::kit::{Deed, Fact, Simulator, Stage, TestClock};
use crate::pairs::signed;

/// How long a collection can be paid.
pub const EXPIRES: Duration = Duration::from_secs(600);

type Books = Arc<Mutex<BTreeMap<String, Value>>>;

pub struct KolaPlayer(Stage, Books, String);

impl KolaPlayer {
    pub async fn start(inbox: String, decimals: usize) -> KolaPlayer {
        let (books, clock) = (Books::default(), TestClock::default());
        let router = Router::new().fallback(answer).with_state((books.clone(), clock.clone(), decimals));
        KolaPlayer(Stage::set(router, clock).await, books, inbox)
    }
}

async fn answer(
    State((books, clock, decimals)): State<(Books, TestClock, usize)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let said = |status, body: Value| (status, body.to_string());
    if headers.get("authorization").is_none_or(|key| key != "Bearer kola-key") {
        return said(StatusCode::UNAUTHORIZED, json!({"error": "key"}));
    }
    let (mut books, path) = (books.lock().unwrap(), uri.path().trim_start_matches('/'));
    let wish: Value = serde_json::from_slice(&body).unwrap_or_default();
    let asked = if method == Method::POST { wish["reference"].as_str() } else { path.split('/').nth(1) };
    let name = asked.unwrap_or_default().to_owned();
    if method == Method::POST && !books.contains_key(&name) {
        let amount = wish["amount"].as_str().unwrap_or_default();
        if amount.split_once('.').map_or(0, |(_, decimals)| decimals.len()) != decimals {
            return said(StatusCode::BAD_REQUEST, json!({"error": "amount"}));
        }
        let (to, ends) = (wish["to"].as_str().unwrap_or_default(), (clock.now() + EXPIRES).to_rfc3339());
        let (status, effect) = match (path, to.ends_with("9902")) {
            ("collections", _) => ("open", amount.to_owned()),
            (_, true) => ("refused", String::new()),
            (_, false) => ("paid", format!("-{amount}")),
        };
        let mut new = json!({"reference": name, "status": status, "effect": effect, "ends": ends});
        (new["amount"], new["currency"]) = (wish["amount"].clone(), wish["currency"].clone());
        books.insert(name.clone(), new);
    }
    let Some(movement) = books.get_mut(&name) else {
        return said(StatusCode::NOT_FOUND, json!({"error": "unknown"}));
    };
    if movement["status"] == "open" && movement["ends"].as_str() < Some(&clock.now().to_rfc3339()) {
        movement["status"] = json!("expired");
    }
    said(StatusCode::OK, movement.clone())
}

#[async_trait]
impl Simulator for KolaPlayer {
    fn stage(&self) -> &Stage {
        &self.0
    }

    async fn act(&self, reference: Reference, deed: Deed) -> bool {
        let body = match self.1.lock().unwrap().get_mut(&reference.to_string()) {
            Some(movement) if movement["status"] == "open" => {
                movement["status"] = json!(if deed == Deed::Pay { "paid" } else { "refused" });
                movement.to_string()
            }
            _ => return false,
        };
        let headers = signed("kola-signature", ".", "kola-secret", self.now(), body.as_bytes());
        reqwest::Client::new().post(&self.2).headers(headers).body(body).send().await.is_ok()
    }

    async fn facts(&self) -> Vec<Fact> {
        let books = self.1.lock().unwrap();
        books.values().filter(|movement| movement["status"] == "paid").map(Fact::of).collect()
    }
}
