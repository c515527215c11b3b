//! The program: reads the command line, runs one command, and answers with an exit code.

use std::process::ExitCode;

use clap::Parser;
use moneybridge::commands::{Cli, FAILED};

#[tokio::main]
async fn main() -> ExitCode {
    match Box::pin(Cli::parse().run()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(FAILED)
        }
    }
}
