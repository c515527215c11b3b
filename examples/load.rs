//! Load on `POST /v1/transfers` from a balance, against a running sandbox gateway.
//!
//! `cargo run --release --example load -- http://127.0.0.1:8080 64 20000`: 64 clients, 20,000 transfers. Customers are
//! signed up, funded through the simulated Wave and given their quotes first, untimed; then each transfer is one
//! durable request with a key of its own. Start the gateway with generous limits, as
//! `moneybridge --set limits.requests_per_minute=10000000 --set limits.burst=1000000
//! --set limits.auth_requests_per_minute=10000000 --set sms.budget_per_prefix_hour=100000
//! --set quotes.ttl_s=3600`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement that cannot go on ends"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Client, Method};
use serde_json::{Value, json};

const CUSTOMERS: usize = 16;

#[derive(Clone)]
struct Customer {
    token: String,
    user: String,
    phone: String,
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().unwrap_or_else(|| "http://127.0.0.1:8080".into());
    let clients: usize = arguments.next().map_or(64, |text| text.parse().unwrap());
    let transfers: usize = arguments.next().map_or(20_000, |text| text.parse().unwrap());
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = Client::builder().no_proxy().pool_max_idle_per_host(512).build().unwrap();
    let sandbox = call(&http, Method::GET, &format!("{url}/v1/sandbox"), None, None).await["sandbox_url"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut customers = Vec::new();
    for number in 0..CUSTOMERS {
        let customer = sign_up(&http, &url, &sandbox, number).await;
        fund(&http, &url, &sandbox, &customer).await;
        customers.push(customer);
    }
    let orders = Arc::new(orders(&http, &url, &customers, transfers).await);
    let mut took = fire(&http, &url, &customers, orders.clone(), clients).await;
    let total: Duration = took.1;
    took.0.sort_unstable();
    let at = |share: usize| took.0[(took.0.len() - 1) * share / 100].as_secs_f64() * 1e3;
    let rate = took.0.len() as f64 / total.as_secs_f64();
    println!(
        "{} transfers, {clients} clients: {rate:.0}/s, p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms",
        took.0.len(),
        at(50),
        at(99),
        at(100)
    );
}

async fn call(
    http: &Client,
    method: Method,
    url: &str,
    token: Option<&str>,
    body: Option<(Value, Option<String>)>,
) -> Value {
    let mut request = http.request(method, url);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if let Some((body, key)) = body {
        request = request.json(&body);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
    }
    let answer = request.send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert!(status.is_success(), "{url}: {status} {text}");
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

async fn sign_up(http: &Client, url: &str, sandbox: &str, number: usize) -> Customer {
    let phone = format!("+22177{:07}", 1_000_000 + usize::from(std::process::id() as u16) * 100 + number);
    let asked = json!({"phone": phone, "channel": "sms"});
    let challenge = call(http, Method::POST, &format!("{url}/v1/auth/otp"), None, Some((asked, None))).await;
    let inbox = format!("{sandbox}/sms/inbox?to=%2B{}", &phone[1..]);
    let code = loop {
        let inbox = call(http, Method::GET, &inbox, None, None).await;
        if let Some(text) = inbox["data"][0]["body"].as_str() {
            break text.chars().filter(char::is_ascii_digit).take(6).collect::<String>();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let proof = json!({"challenge_id": challenge["challenge_id"], "code": code});
    let signed =
        call(http, Method::POST, &format!("{url}/v1/auth/otp/verify"), None, Some((proof, None))).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Customer { token: text(&signed["access_token"]), user: text(&signed["user"]["id"]), phone }
}

async fn quote(http: &Client, url: &str, customer: &Customer, rails: (&str, &str), amount: &str) -> String {
    let ask = json!({"send_currency": "XOF", "receive_currency": "XOF", "amount": {"amount": amount, "currency": "XOF"},
        "side": "send", "funding_rail": rails.0, "payout_rail": rails.1, "from_country": "SN", "to_country": "SN"});
    let quote =
        call(http, Method::POST, &format!("{url}/v1/quotes"), Some(&customer.token), Some((ask, None))).await;
    quote["id"].as_str().unwrap().to_owned()
}

fn order(quote: &str, payer: &Customer, payee: &str, rail: &str) -> Value {
    json!({"quote_id": quote, "payer": {"rail": rail, "phone": payer.phone, "name": "Load"},
        "payee": {"rail": "balance", "account": payee, "name": "Load", "country": "SN"}, "purpose": "load"})
}

/// Pays two million into the customer's own balance, through the simulated Wave.
async fn fund(http: &Client, url: &str, sandbox: &str, customer: &Customer) {
    let quote = quote(http, url, customer, ("wave", "balance"), "2000000").await;
    let key = Some(format!("fund-{}", customer.user));
    let body = order(&quote, customer, &customer.user, "wave");
    let transfer =
        call(http, Method::POST, &format!("{url}/v1/transfers"), Some(&customer.token), Some((body, key)))
            .await;
    let id = transfer["id"].as_str().unwrap();
    let timeline = format!("{url}/v1/transfers/{id}/timeline");
    let reference = loop {
        let timeline = call(http, Method::GET, &timeline, Some(&customer.token), None).await;
        let mut lines = timeline["data"].as_array().unwrap().iter();
        if let Some(line) = lines.find(|line| line["event"] == "payment_requested") {
            break line["movement"]["reference"].clone();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let pay = json!({"reference": reference});
    call(http, Method::POST, &format!("{sandbox}/_control/wave/pay"), None, Some((pay, None))).await;
    loop {
        let seen =
            call(http, Method::GET, &format!("{url}/v1/transfers/{id}"), Some(&customer.token), None).await;
        if seen["status"] == "completed" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn orders(http: &Client, url: &str, customers: &[Customer], count: usize) -> Vec<(usize, Value)> {
    let one = |number: usize| async move {
        let payer = number % customers.len();
        let payee = &customers[(payer + 1) % customers.len()].user;
        let quote = quote(http, url, &customers[payer], ("balance", "balance"), "100").await;
        (payer, order(&quote, &customers[payer], payee, "balance"))
    };
    use futures::StreamExt;
    futures::stream::iter(0..count).map(one).buffer_unordered(32).collect().await
}

async fn fire(
    http: &Client,
    url: &str,
    customers: &[Customer],
    orders: Arc<Vec<(usize, Value)>>,
    clients: usize,
) -> (Vec<Duration>, Duration) {
    let next = Arc::new(AtomicUsize::new(0));
    let run = std::process::id();
    let began = Instant::now();
    let tasks = (0..clients).map(|_| {
        let (http, orders, next) = (http.clone(), orders.clone(), next.clone());
        let (url, tokens) =
            (format!("{url}/v1/transfers"), customers.iter().map(|c| c.token.clone()).collect::<Vec<_>>());
        tokio::spawn(async move {
            let mut took = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some((payer, body)) = orders.get(number) else { return took };
                let since = Instant::now();
                let key = Some(format!("load-{run}-{number}"));
                call(&http, Method::POST, &url, Some(&tokens[*payer]), Some((body.clone(), key))).await;
                took.push(since.elapsed());
            }
        })
    });
    let took = futures::future::join_all(tasks.collect::<Vec<_>>()).await;
    (took.into_iter().flat_map(Result::unwrap).collect(), began.elapsed())
}
