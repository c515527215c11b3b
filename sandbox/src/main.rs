//! The simulators as a program of their own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use sandbox::{Database, Sandbox, SandboxConfig, SandboxError};
use tracing_subscriber::EnvFilter;

/// Simulated mobile-money and SMS providers for MoneyBridge, over real HTTP.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, env = "SANDBOX_LISTEN", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// The SQLite file that keeps the books; in memory when absent.
    #[arg(long, env = "SANDBOX_DATABASE")]
    database: Option<PathBuf>,
    /// Decides which requests a fault with a probability hits.
    #[arg(long, env = "SANDBOX_SEED", default_value_t = 0)]
    seed: u64,
    /// The address by which browsers reach the hosted pages, when it is not the listener's.
    #[arg(long, env = "SANDBOX_PUBLIC_URL")]
    public_url: Option<String>,
    /// Accepts http redirect URLs of any host, as between containers.
    #[arg(long, env = "SANDBOX_ALLOW_PLAIN_HTTP")]
    allow_plain_http: bool,
}

impl Arguments {
    fn config(self) -> SandboxConfig {
        SandboxConfig {
            listen: self.listen,
            database: self.database.map_or(Database::Memory, Database::File),
            seed: self.seed,
            public_url: self.public_url,
            allow_plain_http: self.allow_plain_http,
            ..SandboxConfig::default()
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).init();
    match run(Arguments::parse().config()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(%error, cause, "the simulators stop");
            ExitCode::FAILURE
        }
    }
}

async fn run(config: SandboxConfig) -> Result<(), SandboxError> {
    let sandbox = Sandbox::start(config).await?;
    ended().await;
    tracing::info!("the simulators stop");
    sandbox.stop().await;
    Ok(())
}

/// Waits for Ctrl-C, or for the signal by which services are stopped.
async fn ended() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminated) = signal(SignalKind::terminate()) else { return };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated.recv() => {}
        }
    }
    #[cfg(not(unix))]
    {
        let _ = tokio::signal::ctrl_c().await;
    }
}
