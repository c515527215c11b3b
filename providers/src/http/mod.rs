//! The only HTTP client of the house, and the runner that makes a [`Provider`] of any [`Wire`].
//!
//! What always holds: one operation is put once; nothing is retried here and no redirect is
//! followed. A call ends within its deadline, holds one of the wallet's slots meanwhile, and leaves
//! one log line and one measurement. Bodies, queries and headers are never logged.
//!
//! Deliberately absent: circuit breakers and backoff, which belong to whoever decides to call again.

mod client;
mod purse;
pub(crate) mod record;

#[cfg(test)]
mod purse_tests;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use ::http::HeaderMap;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::sync::{Semaphore, SemaphorePermit};

pub use client::{ClientError, HttpClient, RESPONSE_LIMIT};
pub(crate) use purse::{Purse, Refused};

use crate::{
    Callback, Capabilities, Clock, Grants, Operation, Outcome, Provider, ProviderError, Request, Response,
    Trust, Unauthentic, Unreadable, Verified, Wire,
};

/// How many requests one inquiry may take, as when it reads a statement page by page.
const MOST_STEPS: usize = 64;

/// How calls to one wallet are bounded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CallSettings {
    /// Calls under way at once. A dead provider holds these and nothing else.
    pub max_in_flight: usize,
    /// From asking for a slot to the last byte, for what moves money. It must be longer than the
    /// client's connect timeout, or a refused connection cannot be told from a lost answer.
    pub effect_deadline: Duration,
    /// The same for what only asks; an inquiry that reads a statement has it for all its pages.
    pub inquiry_deadline: Duration,
}

impl Default for CallSettings {
    /// 16 calls at once, 30 s for effects, 15 s for questions.
    fn default() -> CallSettings {
        CallSettings {
            max_in_flight: 16,
            effect_deadline: Duration::from_secs(30),
            inquiry_deadline: Duration::from_secs(15),
        }
    }
}

/// An adapter that is run over HTTP.
pub struct HttpProvider<W> {
    wire: W,
    client: HttpClient,
    clock: Clock,
    slots: Semaphore,
    purse: Purse,
    settings: CallSettings,
}

impl<W: Wire> HttpProvider<W> {
    pub fn new(wire: W, client: HttpClient, clock: Clock, settings: CallSettings) -> HttpProvider<W> {
        let slots = Semaphore::new(settings.max_in_flight.clamp(1, Semaphore::MAX_PERMITS));
        HttpProvider { wire, client, clock, slots, purse: Purse::default(), settings }
    }

    fn deadline(&self, operation: &Operation) -> Instant {
        let allowed = match operation.kind().has_effect() {
            true => self.settings.effect_deadline,
            false => self.settings.inquiry_deadline,
        };
        Instant::now() + allowed
    }

    /// Waiting for a slot is not sending: whoever waits too long may come again.
    async fn slot(&self, deadline: Instant) -> Result<SemaphorePermit<'_>, ProviderError> {
        let left = deadline.saturating_duration_since(Instant::now());
        match tokio::time::timeout(left, self.slots.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(ProviderError::not_sent("no free slot before the deadline")),
        }
    }

    /// Puts the operation, and what the adapter asks next, until it has an answer.
    async fn run(&self, operation: &Operation, status: &mut Option<u16>) -> Result<Outcome, ProviderError> {
        self.wire.capabilities().check(operation).map_err(refuse)?;
        let deadline = self.deadline(operation);
        let _slot = self.slot(deadline).await?;
        let mut grants = self.grants(operation, None, deadline).await?;
        let mut request = self.write(operation, &grants)?;
        let mut is_renewed = false;
        for _ in 0..MOST_STEPS {
            let left = deadline.saturating_duration_since(Instant::now());
            let response = self.client.send(&request, left).await?;
            *status = Some(response.status);
            if let Some(need) = self.wire.granter().and_then(|granter| granter.spoilt(operation, &response)) {
                self.purse.spoil(need).await;
            }
            let refused = self.wire.granter().and_then(|granter| granter.refused(operation, &response));
            if let Some(need) = refused.filter(|_| !is_renewed) {
                is_renewed = true;
                grants = self.grants(operation, Some(Refused { need, grants: &grants }), deadline).await?;
                request = self.write(operation, &grants)?;
                continue;
            }
            match self.follow(operation, &request, &response, &grants) {
                Some(next) => request = next,
                None => return self.wire.outcome(operation, &response),
            }
        }
        Err(ProviderError::uncertain(format!("no answer within {MOST_STEPS} requests")))
    }

    fn write(&self, operation: &Operation, grants: &Grants) -> Result<Request, ProviderError> {
        self.wire.request(operation, grants, (self.clock)()).map_err(refuse)
    }

    async fn grants(
        &self,
        operation: &Operation,
        refused: Option<Refused<'_>>,
        deadline: Instant,
    ) -> Result<Grants, ProviderError> {
        match self.wire.granter() {
            Some(granter) => {
                let by = (&self.client, &self.clock);
                self.purse.grants(granter, granter.needs(operation), refused, by, deadline).await
            }
            None => Ok(Grants::none()),
        }
    }

    fn follow(
        &self,
        operation: &Operation,
        request: &Request,
        response: &Response,
        grants: &Grants,
    ) -> Option<Request> {
        match operation.kind().has_effect() {
            true => None,
            false => self.wire.follow(operation, request, response, grants, (self.clock)()),
        }
    }
}

fn refuse(unsupported: crate::Unsupported) -> ProviderError {
    ProviderError::misconfigured(unsupported.to_string())
}

#[async_trait]
impl<W: Wire> Provider for HttpProvider<W> {
    fn capabilities(&self) -> &Capabilities {
        self.wire.capabilities()
    }

    async fn call(&self, operation: &Operation) -> Result<Outcome, ProviderError> {
        let started = Instant::now();
        let mut status = None;
        let answer = self.run(operation, &mut status).await;
        record::call(self.capabilities(), operation, status, started.elapsed(), &answer);
        answer
    }

    fn verify(&self, headers: &HeaderMap, body: &[u8], now: DateTime<Utc>) -> Result<Verified, Unauthentic> {
        self.wire.verify(headers, body, now)
    }

    fn translate(&self, body: &[u8], trust: Trust) -> Result<Callback, Unreadable> {
        self.wire.translate(body, trust)
    }
}

/// A base URL without its last slash; `None` unless absolute, http or https, without query, fragment or user.
pub(crate) fn base_url(text: &str) -> Option<String> {
    let uri: ::http::Uri = text.parse().ok()?;
    let absolute = matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some();
    match absolute && uri.query().is_none() && !text.contains(['#', '@']) {
        true => Some(text.trim_end_matches('/').to_owned()),
        false => None,
    }
}
