//! One line and one measurement per call. Numbers are masked, bodies and URLs absent.

use std::time::Duration;

use domain::{Provider, Wallet};

use crate::{Capabilities, Operation, Outcome, ProviderError};

/// A finished call.
pub(crate) struct Call<'c> {
    pub(crate) provider: Provider,
    pub(crate) wallet: &'c Wallet,
    /// One of a few fixed words.
    pub(crate) operation: &'static str,
    /// One of a few fixed words.
    pub(crate) outcome: &'static str,
    /// That of the last answer, if any came.
    pub(crate) status: Option<u16>,
    pub(crate) took: Duration,
    pub(crate) error: Option<&'c ProviderError>,
    /// Masked.
    pub(crate) msisdn: Option<String>,
    pub(crate) reference: Option<String>,
}

/// Writes down a finished operation.
pub(super) fn call(
    capabilities: &Capabilities,
    operation: &Operation,
    status: Option<u16>,
    took: Duration,
    answer: &Result<Outcome, ProviderError>,
) {
    let call = Call {
        provider: capabilities.provider,
        wallet: &capabilities.wallet,
        operation: operation.kind().as_str(),
        outcome: answer.as_ref().map_or_else(ProviderError::as_str, Outcome::as_str),
        status,
        took,
        error: answer.as_ref().err(),
        msisdn: operation.msisdn().map(|msisdn| msisdn.masked()),
        reference: operation.reference().map(|reference| reference.to_string()),
    };
    call.write();
}

impl Call<'_> {
    /// Measures and logs it.
    pub(crate) fn write(self) {
        metrics::histogram!(
            "provider_call_duration_seconds",
            "provider" => self.provider.as_str(),
            "operation" => self.operation,
            "outcome" => self.outcome,
        )
        .record(self.took.as_secs_f64());
        let duration_ms = u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX);
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    call.provider = self.provider.as_str(),
                    call.wallet = self.wallet.as_str(),
                    call.operation = self.operation,
                    call.outcome = self.outcome,
                    call.status = self.status,
                    call.duration_ms = duration_ms,
                    call.msisdn = self.msisdn,
                    call.error = self.error.map(ToString::to_string),
                    movement.reference = self.reference,
                    "provider call"
                )
            };
        }
        match self.error {
            None => line!(info),
            Some(ProviderError::Misconfigured { .. }) => line!(error),
            Some(_) => line!(warn),
        }
    }
}
