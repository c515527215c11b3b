//! What we bill in our own name by Stripe: a small client beside the adapter, for what is no movement.
//!
//! It shares the adapter's account, key and version, and the rules of the runner: one request per call,
//! nothing retried here, a deadline, a slot, one log line and one measurement. An order whose answer was
//! lost is sent again under the same key, and gets the same session.

use std::time::{Duration, Instant};

use domain::{Provider, Wallet};
use tokio::sync::Semaphore;

use super::checkout::{self, CheckoutOrder};
use super::config::{Checked, StripeConfig, StripeConfigError};
use super::refusal::{self, Said};
use super::session::{self, CheckoutEvent, CheckoutSession};
use crate::Unsupported;
use crate::http::record::Call;
use crate::{CallSettings, HttpClient, ProviderError, ProviderRef, Request, Response, Trust, Unreadable};

/// Refusals of a page: nothing was made.
const DECLINES: &[&str] =
    &["amount_too_large", "amount_too_small", "email_invalid", "resource_missing", "url_invalid"];

/// Parameters of ours that may be refused for what people typed, or for having come too late.
const TYPED: &[&str] = &["customer_email", "expires_at", "success_url", "cancel_url", "line_items"];

/// What became of an order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CheckoutAnswer {
    Made(CheckoutSession),
    /// Refused: no page was made, nothing will happen.
    Declined {
        code: String,
        message: String,
    },
}

/// One Stripe account, as whoever bills sees it.
pub struct StripeBilling {
    config: Checked,
    wallet: Wallet,
    client: HttpClient,
    settings: CallSettings,
    slots: Semaphore,
}

impl StripeBilling {
    /// Errors: as [`crate::Stripe::new`].
    pub fn new(
        config: StripeConfig,
        client: HttpClient,
        settings: CallSettings,
    ) -> Result<StripeBilling, StripeConfigError> {
        let slots = Semaphore::new(settings.max_in_flight.clamp(1, Semaphore::MAX_PERMITS));
        Ok(StripeBilling { wallet: config.wallet.clone(), config: config.check()?, client, settings, slots })
    }

    /// Makes a page. Send the very same order again after any error that [may pass](ProviderError::is_transient)
    /// and after an uncertain one: within 23 hours it is the same page.
    pub async fn create(&self, order: &CheckoutOrder) -> Result<CheckoutAnswer, ProviderError> {
        let request = checkout::create(&self.config, order);
        let response = self.put("checkout", request, self.settings.effect_deadline).await?;
        match response.is_success() {
            true => session::made(&response, order).map(CheckoutAnswer::Made),
            false => declined(&response),
        }
    }

    /// How a session stands, and how its payment does.
    pub async fn session(&self, id: &ProviderRef) -> Result<CheckoutSession, ProviderError> {
        let request = checkout::retrieve(&self.config, id);
        let response = self.put("checkout_inquiry", request, self.settings.inquiry_deadline).await?;
        match response.is_success() {
            true => session::asked(&response, id),
            false => Err(lost(&response)),
        }
    }

    /// Reads an event that the adapter verified. `None`: it is about no order of ours, or only a hint.
    ///
    /// Errors: bytes that are no event, or an event that has no session where one should be.
    pub fn event(&self, body: &[u8], trust: Trust) -> Result<Option<CheckoutEvent>, Unreadable> {
        session::event(body, trust)
    }

    async fn put(
        &self,
        operation: &'static str,
        request: Result<Request, Unsupported>,
        allowed: Duration,
    ) -> Result<Response, ProviderError> {
        let started = Instant::now();
        let answer = self.send(request, started + allowed).await;
        let call = Call {
            provider: Provider::Stripe,
            wallet: &self.wallet,
            operation,
            outcome: answer.as_ref().map_or_else(ProviderError::as_str, |_| "answered"),
            status: answer.as_ref().ok().map(|response| response.status),
            took: started.elapsed(),
            error: answer.as_ref().err(),
            msisdn: None,
            reference: None,
        };
        call.write();
        answer
    }

    async fn send(
        &self,
        request: Result<Request, Unsupported>,
        deadline: Instant,
    ) -> Result<Response, ProviderError> {
        let request = request.map_err(|error| ProviderError::misconfigured(error.to_string()))?;
        let request = self.config.authorise(request);
        let left = || deadline.saturating_duration_since(Instant::now());
        let Ok(Ok(_slot)) = tokio::time::timeout(left(), self.slots.acquire()).await else {
            return Err(ProviderError::not_sent("no free slot before the deadline"));
        };
        self.client.send(&request, left()).await
    }
}

/// A refusal that is documented for pages, else an error.
fn declined(response: &Response) -> Result<CheckoutAnswer, ProviderError> {
    let said = Said::read(&response.body);
    let is_listed = matches!(response.status, 400 | 402 | 404) && DECLINES.contains(&said.code.as_str());
    let is_typed = response.status == 400
        && said.kind == "invalid_request_error"
        && TYPED.iter().any(|param| said.param.starts_with(param));
    match refusal::error(response, &said) {
        error @ (ProviderError::RateLimited { .. } | ProviderError::Misconfigured { .. }) => Err(error),
        _ if is_listed || is_typed => {
            Ok(CheckoutAnswer::Declined { code: said.word(), message: said.message })
        }
        error => Err(error),
    }
}

/// A session that was made is never forgotten: this is another account's key, or another mode's.
fn lost(response: &Response) -> ProviderError {
    let said = Said::read(&response.body);
    match said.code == "resource_missing" {
        true => ProviderError::misconfigured("the session is not known where it was made"),
        false => refusal::error(response, &said),
    }
}
