//! `moneybridge serve`: the gateway, with the simulated providers beside it in sandbox mode.

use std::process::ExitCode;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::clock::Clock;
use crate::config::{Config, Mode};
use crate::services::{auth, opening};
use crate::simulators::Simulation;
use crate::telemetry;
use crate::workers::Workers;
use crate::{api, simulators};

/// A gateway that is up: its parts, and how to end it.
pub struct Gateway {
    pub app: App,
    pub address: std::net::SocketAddr,
    workers: Workers,
    embedded: Option<simulators::Embedded>,
    stop: CancellationToken,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
}

/// Serves until the process is asked to stop, or the disk fails under the book.
pub async fn run(config: Config) -> anyhow::Result<ExitCode> {
    telemetry::start_log(&config.log)?;
    let metrics = telemetry::gather_metrics()?;
    let metrics_listen = config.metrics_listen;
    // From before the first request can be answered: who sees it ready may ask it to stop at once.
    let asked = asked_to_stop()?;
    tokio::pin!(asked);
    let gateway = tokio::select! {
        gateway = Box::pin(Gateway::start(config)) => gateway?,
        () = &mut asked => return Ok(ExitCode::SUCCESS),
    };
    let stop = gateway.stop.clone();
    if let Some(address) = metrics_listen {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address} for metrics"))?;
        tokio::spawn(api::metrics::serve(listener, metrics, stop.clone()));
    }
    greet(&gateway);
    let mut fatal = gateway.app.writer.fatal();
    let failed = tokio::select! {
        () = &mut asked => false,
        _ = fatal.wait_for(|failed| *failed) => true,
    };
    if failed {
        // Nothing may be answered any more; what was acknowledged is on disk, and a restart recovers from it.
        tracing::error!("the disk fails under the book, the gateway stops");
        return Ok(ExitCode::from(crate::commands::FAILED));
    }
    tracing::info!("stopping");
    gateway.stop().await?;
    Ok(ExitCode::SUCCESS)
}

impl Gateway {
    /// Binds, opens the book, starts the simulators, the workers and the API.
    pub async fn start(config: Config) -> anyhow::Result<Gateway> {
        let listener = TcpListener::bind(config.listen).await.with_context(|| {
            format!("cannot listen on {}\nhint: set MONEYBRIDGE_LISTEN to another address", config.listen)
        })?;
        let address = listener.local_addr()?;
        let clock = Clock::default();
        let (simulation, embedded) = Simulation::start(&config, &clock).await?;
        let public_url = config.public_url(address).as_str().trim_end_matches('/').to_owned();
        let app = App::open(config, clock, public_url, simulation).await?;
        let stop = CancellationToken::new();
        let server = tokio::spawn(api::serve(app.clone(), listener, stop.clone()));
        if app.config.mode == Mode::Sandbox {
            prepare_sandbox(&app).await?;
        }
        let workers = Workers::start(&app);
        Ok(Gateway { app, address, workers, embedded, stop, server })
    }

    /// Takes no more requests, ends what is under way, and closes the book.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.server.await??;
        self.workers.stop().await;
        if let Some(embedded) = self.embedded {
            embedded.stop().await;
        }
        self.app.db.close().await;
        Ok(())
    }
}

/// Webhooks, opening floats and people to sign in as: what a sandbox needs before its first transfer.
async fn prepare_sandbox(app: &App) -> anyhow::Result<()> {
    if let Some(simulation) = &app.simulation {
        simulation.register_webhooks(&app.config, &app.public_url).await?;
        opening::open_floats(app).await?;
    }
    auth::seed_staff(app).await?;
    Ok(())
}

fn greet(gateway: &Gateway) {
    let url = &gateway.app.public_url;
    tracing::info!(%url, mode = ?gateway.app.config.mode, engine = ?gateway.app.db.engine(), "MoneyBridge is ready");
    if let Some(simulation) = &gateway.app.simulation {
        tracing::info!(url = simulation.url.as_str(), docs = format!("{url}/docs"), "simulated providers");
    }
}

/// Ends at the next SIGINT or SIGTERM. Neither ends the process any more once this was called.
fn asked_to_stop() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let cause = "signals cannot be listened to";
    let mut term = signal(SignalKind::terminate()).context(cause)?;
    let mut interrupt = signal(SignalKind::interrupt()).context(cause)?;
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
