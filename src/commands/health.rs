//! `health`: asks a running gateway whether it is alive, as a container's health check needs.
//!
//! It speaks to the address that the settings name, over plain HTTP, and reads one status line; no
//! other program has to be in the container for it.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::FAILED;
use crate::config::{BaseUrl, Config};

/// How long the gateway may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is read of an answer, bytes.
const LONGEST: u64 = 65_536;

/// Exits 0 when `GET /healthz` answers 200, 1 when it answers otherwise or not at all.
pub async fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let address = BaseUrl::of_listener(config.listen);
    let host = config.allowed_hosts.iter().next().unwrap_or(address.host()).to_owned();
    let answer = timeout(PATIENCE, ask(config, &host)).await;
    let status = answer.with_context(|| format!("{address} does not answer within {PATIENCE:?}"))?;
    let status = status.with_context(|| format!("{address} cannot be asked"))?;
    if status == "200" {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("{address} answers {status}");
    Ok(ExitCode::from(FAILED))
}

/// The three digits of the answer's status.
async fn ask(config: &Config, host: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(crate::config::reachable(config.listen)).await?;
    let request = format!("GET /healthz HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    // Read to its end, so that the gateway's last words do not meet a closed connection.
    let mut answer = Vec::new();
    stream.take(LONGEST).read_to_end(&mut answer).await?;
    let line = answer.get(..12).and_then(|line| std::str::from_utf8(line).ok());
    match line.and_then(|line| line.strip_prefix("HTTP/1.1 ")) {
        Some(status) => Ok(status.to_owned()),
        None => bail!("the answer is not HTTP"),
    }
}
