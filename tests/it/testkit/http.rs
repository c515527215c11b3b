//! One request and its answer, as a person at a terminal would write them.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// A request that is being written.
#[derive(Clone, Debug)]
pub struct Ask {
    pub method: reqwest::Method,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<Vec<u8>>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
    /// What was asked, for a failing test to say.
    asked: String,
}

impl Ask {
    pub fn new(method: &str, path: impl Into<String>) -> Ask {
        Ask { method: method.parse().unwrap(), path: path.into(), headers: vec![], body: None }
    }

    pub fn get(path: impl Into<String>) -> Ask {
        Ask::new("GET", path)
    }

    pub fn post(path: impl Into<String>, body: &Value) -> Ask {
        Ask::new("POST", path).json(body)
    }

    pub fn json(self, body: &Value) -> Ask {
        self.header("content-type", "application/json").body(serde_json::to_vec(body).unwrap())
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Ask {
        self.body = Some(body.into());
        self
    }

    pub fn header(mut self, name: &str, value: impl Into<String>) -> Ask {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub fn key(self, key: &str) -> Ask {
        self.header("idempotency-key", key)
    }

    pub fn bearer(self, token: &str) -> Ask {
        self.header("authorization", format!("Bearer {token}"))
    }

    pub fn language(self, language: &str) -> Ask {
        self.header("accept-language", language)
    }

    /// Asks the server at `base`.
    pub async fn of(&self, http: &reqwest::Client, base: &str) -> Answer {
        let mut request = http.request(self.method.clone(), format!("{base}{}", self.path));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(body) = &self.body {
            request = request.body(body.clone());
        }
        let asked = format!("{} {}", self.method, self.path);
        let answer = request.send().await.unwrap_or_else(|error| panic!("{asked}: {error:?}"));
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = answer.bytes().await.unwrap_or_else(|error| panic!("{asked}: {error:?}")).to_vec();
        Answer { status, headers, bytes, asked }
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("not JSON: {self}"))
    }

    /// The body of an answer with this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self}");
        if self.bytes.is_empty() { Value::Null } else { self.json() }
    }

    /// Status and problem code.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Value {
        let problem = self.expect(status);
        assert_eq!(problem["code"], code, "{self}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self}");
        assert_eq!(problem["status"], status, "{self}");
        problem
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub fn is_replay(&self) -> bool {
        self.header("idempotency-replayed") == Some("true")
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body: String = String::from_utf8_lossy(&self.bytes).chars().take(600).collect();
        write!(f, "{}: {} {body}", self.asked, self.status)
    }
}
