//! One line and one measurement per call. Numbers are masked, bodies and URLs absent.

use std::time::Duration;

use crate::{Capabilities, Operation, Outcome, ProviderError};

/// Writes down a finished call. `status` is that of the last answer, if any came.
pub(super) fn call(
    capabilities: &Capabilities,
    operation: &Operation,
    status: Option<u16>,
    took: Duration,
    answer: &Result<Outcome, ProviderError>,
) {
    let outcome = match answer {
        Ok(outcome) => outcome.as_str(),
        Err(error) => error.as_str(),
    };
    measure(capabilities, operation, outcome, took);
    log(capabilities, operation, status, took, answer, outcome);
}

fn measure(capabilities: &Capabilities, operation: &Operation, outcome: &'static str, took: Duration) {
    metrics::histogram!(
        "provider_call_duration_seconds",
        "provider" => capabilities.provider.as_str(),
        "operation" => operation.kind().as_str(),
        "outcome" => outcome,
    )
    .record(took.as_secs_f64());
}

fn log(
    capabilities: &Capabilities,
    operation: &Operation,
    status: Option<u16>,
    took: Duration,
    answer: &Result<Outcome, ProviderError>,
    outcome: &'static str,
) {
    let error = answer.as_ref().err().map(ToString::to_string);
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                call.provider = capabilities.provider.as_str(),
                call.wallet = capabilities.wallet.as_str(),
                call.operation = operation.kind().as_str(),
                call.outcome = outcome,
                call.status = status,
                call.duration_ms = duration_ms,
                call.msisdn = operation.msisdn().map(|msisdn| msisdn.masked()),
                call.error = error,
                movement.reference = operation.reference().map(|reference| reference.to_string()),
                "provider call"
            )
        };
    }
    match answer {
        Ok(_) => line!(info),
        Err(ProviderError::Misconfigured { .. }) => line!(error),
        Err(_) => line!(warn),
    }
}
