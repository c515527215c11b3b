//! `openapi`: the contract as the gateway serves it, without a gateway.

use std::io::Write;
use std::process::ExitCode;

use crate::api;
use crate::config::Config;

/// Prints the document of the configured mode.
pub fn run(config: &Config) -> anyhow::Result<ExitCode> {
    writeln!(std::io::stdout().lock(), "{:#}", api::openapi::document(config.mode))?;
    Ok(ExitCode::SUCCESS)
}
