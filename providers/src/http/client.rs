//! Bytes out, bytes in, and the one distinction that matters when they do not come: whether the
//! request can have been seen.
//!
//! Only a connection that was never made (refused, unresolved, no TLS, connect timeout) counts as
//! [`ProviderError::NotSent`]. A proxy of the environment is not used: behind one, that distinction is lost.

use std::error::Error;
use std::time::Duration;

use reqwest::redirect;

use crate::{ProviderError, Request, Response};

/// The longest answer that is read, in bytes.
pub const RESPONSE_LIMIT: usize = 1024 * 1024;

/// Idle connections are given up before usual servers do, so that few requests meet a closing one.
const IDLE: Duration = Duration::from_secs(20);

/// The client cannot be built: most often the machine has no root certificates.
#[derive(Debug, thiserror::Error)]
#[error("the http client cannot be built, are root certificates installed?")]
pub struct ClientError(#[source] reqwest::Error);

/// A shared connection pool. Cloning shares it.
#[derive(Clone, Debug)]
pub struct HttpClient {
    inner: reqwest::Client,
}

impl HttpClient {
    /// `connect_timeout` covers name, TCP and TLS. HTTPS certificates are checked against the machine's roots.
    pub fn new(connect_timeout: Duration) -> Result<HttpClient, ClientError> {
        // Whoever comes first chooses; all of the house choose the same, so a second time is no error.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let inner = reqwest::Client::builder()
            .user_agent(concat!("moneybridge/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .connect_timeout(connect_timeout)
            .pool_idle_timeout(IDLE)
            .build()
            .map_err(ClientError)?;
        Ok(HttpClient { inner })
    }

    /// Sends one request and reads its whole answer, whatever its status, within `deadline`.
    ///
    /// Errors: `NotSent` when no connection was made, `Misconfigured` when the request cannot be
    /// written at all, `Uncertain` for everything else: reset, timeout, too long an answer.
    pub async fn send(&self, request: &Request, deadline: Duration) -> Result<Response, ProviderError> {
        let mut builder = self
            .inner
            .request(request.method.clone(), &request.url)
            .headers(request.headers.clone())
            .timeout(deadline);
        if !request.query.is_empty() {
            builder = builder.query(&request.query);
        }
        if !request.body.is_empty() {
            builder = builder.body(request.body.clone());
        }
        read(builder.send().await.map_err(classify)?).await
    }
}

/// Reads the answer, but no more than the limit.
async fn read(mut answer: reqwest::Response) -> Result<Response, ProviderError> {
    let status = answer.status();
    let headers = answer.headers().clone();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(lost)? {
        if body.len() + chunk.len() > RESPONSE_LIMIT {
            return Err(ProviderError::uncertain(format!(
                "status {status} with a body of more than {RESPONSE_LIMIT} bytes"
            )));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Response { status: status.as_u16(), headers, body })
}

/// What an error before the answer's head says about the request.
fn classify(error: reqwest::Error) -> ProviderError {
    if error.is_builder() {
        return ProviderError::misconfigured(describe(error));
    }
    if error.is_connect() {
        return ProviderError::not_sent(describe(error));
    }
    lost(error)
}

fn lost(error: reqwest::Error) -> ProviderError {
    ProviderError::uncertain(describe(error))
}

/// The chain of causes without the URL, which may carry a reference or a number.
fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
