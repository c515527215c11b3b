//! The port: what the rest of the house may ask of a provider, whatever stands behind it.
//!
//! A callback is taken in two steps, because it is stored between them: [`Provider::verify`] looks at
//! the raw bytes before they are kept, [`Provider::translate`] reads the kept bytes later.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use http::HeaderMap;

use crate::{
    Callback, Capabilities, Operation, Outcome, ProviderError, Trust, Unauthentic, Unreadable, Verified,
};

/// One wallet or account at one provider.
#[async_trait]
pub trait Provider: Send + Sync {
    /// What this wallet can do. What is not declared is never sent.
    fn capabilities(&self) -> &Capabilities;

    /// Sends one operation and reads its answer. Never retries, never sends twice.
    ///
    /// An error speaks of *this* call alone: an earlier call under the same reference may have had
    /// its effect, so [`ProviderError::NotSent`] does not make an uncertain movement certain.
    async fn call(&self, operation: &Operation) -> Result<Outcome, ProviderError>;

    /// Checks that a callback comes from the provider, over its raw bytes and before they are stored.
    ///
    /// A body that is authentic but odd still verifies; its event key is then a digest of the bytes.
    fn verify(&self, headers: &HeaderMap, body: &[u8], now: DateTime<Utc>) -> Result<Verified, Unauthentic>;

    /// Reads a body that was verified before. `trust` is what [`Provider::verify`] answered then.
    fn translate(&self, body: &[u8], trust: Trust) -> Result<Callback, Unreadable>;
}
