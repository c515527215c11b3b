//! HTTP as a good client speaks it: a request that got no answer is sent again, the very same.
//!
//! What moves value carries an idempotency key, so sending it again is safe. Whoever sends something without one
//! must be able to live with it having been done twice.

use std::time::Duration;

use anyhow::Context;
use reqwest::{Client, Method};
use serde_json::Value;
use tokio::time::{Instant, sleep};

/// How long somebody who does not answer is tried again.
const PATIENCE: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(100);
/// Longer than the longest long poll.
const DEADLINE: Duration = Duration::from_secs(30);

/// A server by its address.
#[derive(Clone, Debug)]
pub struct Server {
    client: Client,
    url: String,
}

/// One request, that can be sent as often as it takes.
#[derive(Clone, Debug)]
pub struct Request {
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    headers: Vec<(&'static str, String)>,
    body: Option<Value>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    /// Null when there was none, or when it is not JSON.
    pub body: Value,
}

impl Request {
    pub fn get(path: impl Into<String>) -> Request {
        Request { method: Method::GET, path: path.into(), query: vec![], headers: vec![], body: None }
    }

    pub fn post(path: impl Into<String>, body: Value) -> Request {
        Request { method: Method::POST, body: Some(body), ..Request::get(path) }
    }

    pub fn put(path: impl Into<String>, body: Value) -> Request {
        Request { method: Method::PUT, ..Request::post(path, body) }
    }

    pub fn query(mut self, name: &'static str, value: impl Into<String>) -> Request {
        self.query.push((name, value.into()));
        self
    }

    /// The caller's name for this intent.
    pub fn key(mut self, key: impl Into<String>) -> Request {
        self.headers.push(("idempotency-key", key.into()));
        self
    }

    /// Who asks.
    pub fn bearer(mut self, token: &str) -> Request {
        self.headers.push(("authorization", format!("Bearer {token}")));
        self
    }
}

impl Server {
    /// The server at `url`, which has no slash at its end.
    pub fn new(url: &str) -> anyhow::Result<Server> {
        let client =
            Client::builder().no_proxy().timeout(DEADLINE).redirect(reqwest::redirect::Policy::none());
        Ok(Server { client: client.build()?, url: url.to_owned() })
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its answer, whatever the status; refusals to work now are waited out.
    pub async fn send(&self, request: &Request) -> anyhow::Result<Answer> {
        let give_up_at = Instant::now() + PATIENCE;
        loop {
            let answer = self.send_once(request).await;
            let later = answer.as_ref().map_or(true, Answer::asks_to_come_back);
            if !later || Instant::now() >= give_up_at {
                return answer.with_context(|| format!("{} {}{}", request.method, self.url, request.path));
            }
            sleep(PAUSE).await;
        }
    }

    /// One attempt.
    pub async fn send_once(&self, request: &Request) -> reqwest::Result<Answer> {
        let url = format!("{}{}", self.url, request.path);
        let mut sent = self.client.request(request.method.clone(), url).query(&request.query);
        for (name, value) in &request.headers {
            sent = sent.header(*name, value);
        }
        if let Some(body) = &request.body {
            sent = sent.json(body);
        }
        let answer = sent.send().await?;
        let status = answer.status().as_u16();
        let body = serde_json::from_slice(&answer.bytes().await?).unwrap_or_default();
        Ok(Answer { status, body })
    }

    /// The body of a success.
    pub async fn ask(&self, request: &Request) -> anyhow::Result<Value> {
        self.send(request).await?.success(request)
    }

    /// Opens a page as a browser does, or sends its form, and tells where it leads to, if anywhere.
    pub async fn browse(&self, url: &str, form: Option<&[(&str, &str)]>) -> anyhow::Result<Option<String>> {
        let request = match form {
            None => self.client.get(url),
            Some(form) => self.client.post(url).form(form),
        };
        let answer = request.send().await?;
        let status = answer.status();
        anyhow::ensure!(!status.is_client_error() && !status.is_server_error(), "{url} answered {status}");
        let location = answer.headers().get("location").and_then(|to| to.to_str().ok());
        Ok(location.map(str::to_owned))
    }
}

impl Answer {
    /// The body, unless it is a refusal.
    pub fn success(self, request: &Request) -> anyhow::Result<Value> {
        if (200..300).contains(&self.status) {
            return Ok(self.body);
        }
        let (method, path, status) = (&request.method, &request.path, self.status);
        let (code, detail) = (text(&self.body, "code"), text(&self.body, "detail"));
        let errors = self.body.get("errors").map(Value::to_string).unwrap_or_default();
        anyhow::bail!("{method} {path} answered {status} {code}: {detail} {errors}")
    }

    fn asks_to_come_back(&self) -> bool {
        self.status == 503 || text(&self.body, "code") == "idempotency_in_flight"
    }
}

/// The text at `name`, or nothing.
pub fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The items of a list's page.
pub fn data(page: &Value) -> &[Value] {
    page.get("data").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
