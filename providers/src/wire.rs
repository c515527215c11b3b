//! An adapter as pure functions: request out, response in, callback in.
//!
//! No async, no clock, no default bodies to forget. So an adapter is tested as a table, and nothing
//! that it does depends on how its bytes travel.

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::{
    Callback, Capabilities, Granter, Grants, Operation, Outcome, ProviderError, Trust, Unauthentic,
    Unreadable, Verified,
};

/// The operation cannot be put to this provider. Nothing was sent.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("unsupported operation: {reason}")]
pub struct Unsupported {
    pub reason: String,
}

impl Unsupported {
    pub fn new(reason: impl Into<String>) -> Unsupported {
        Unsupported { reason: reason.into() }
    }
}

/// One HTTP request, with the very bytes that travel. `Debug` shows neither query, headers nor body.
#[derive(Clone, PartialEq)]
pub struct Request {
    pub method: Method,
    /// Scheme, host and path, with every variable segment already escaped.
    pub url: String,
    pub query: Vec<(Cow<'static, str>, String)>,
    pub headers: HeaderMap,
    /// Empty for none.
    pub body: Vec<u8>,
}

impl Request {
    pub fn get(url: String) -> Request {
        Request { method: Method::GET, url, query: Vec::new(), headers: HeaderMap::new(), body: Vec::new() }
    }

    pub fn post(url: String) -> Request {
        Request { method: Method::POST, ..Request::get(url) }
    }

    #[must_use]
    pub fn query(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Request {
        self.query.push((name.into(), value.into()));
        self
    }

    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Request {
        self.headers.insert(name, value);
        self
    }

    /// Takes JSON that was serialised once; these bytes are what is signed and what is sent.
    #[must_use]
    pub fn json(mut self, body: Vec<u8>) -> Request {
        self.headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.body = body;
        self
    }

    /// Takes a form that was encoded once.
    #[must_use]
    pub fn form(mut self, body: Vec<u8>) -> Request {
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        self.headers.insert(http::header::CONTENT_TYPE, kind);
        self.body = body;
        self
    }

    /// The first value of a query parameter.
    pub fn query_value(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({} bytes)", self.method, self.url, self.body.len())
    }
}

/// One whole HTTP answer, at most [`crate::http::RESPONSE_LIMIT`] long. `Debug` does not show its body.
#[derive(Clone, PartialEq)]
pub struct Response {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Response {
    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Reads the body as JSON; what cannot be read is uncertain, whatever the status.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, ProviderError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            ProviderError::uncertain(format!(
                "status {} with an unreadable body of {} bytes: {:?} at column {}",
                self.status,
                self.body.len(),
                error.classify(),
                error.column()
            ))
        })
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.status, self.body.len())
    }
}

/// An adapter: the dialect of one provider for one wallet.
pub trait Wire: Send + Sync {
    /// What the wallet can do.
    fn capabilities(&self) -> &Capabilities;

    /// The request that puts `operation`. The same operation gives the same body for ever, because
    /// providers compare the bodies of repeated requests; what is encrypted anew each time is the exception.
    fn request(
        &self,
        operation: &Operation,
        grants: &Grants,
        now: DateTime<Utc>,
    ) -> Result<Request, Unsupported>;

    /// Who fetches what requests need beforehand; nobody where requests authenticate themselves.
    fn granter(&self) -> Option<&dyn Granter> {
        None
    }

    /// The request that is still needed after `response` to answer `operation`, as when an inquiry
    /// reads a statement page by page. `None`: [`Wire::outcome`] can read `response`.
    ///
    /// Only operations without effect may have one.
    fn follow(
        &self,
        operation: &Operation,
        request: &Request,
        response: &Response,
        grants: &Grants,
        now: DateTime<Utc>,
    ) -> Option<Request>;

    /// What the last response says.
    fn outcome(&self, operation: &Operation, response: &Response) -> Result<Outcome, ProviderError>;

    /// See [`crate::Provider::verify`].
    fn verify(&self, headers: &HeaderMap, body: &[u8], now: DateTime<Utc>) -> Result<Verified, Unauthentic>;

    /// See [`crate::Provider::translate`].
    fn translate(&self, body: &[u8], trust: Trust) -> Result<Callback, Unreadable>;
}
