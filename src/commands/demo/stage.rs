//! The stage: simulators in this process, a gateway beside it, one folder, and two clocks that move together.
//!
//! Dropping it ends the gateway, then the simulators, then removes the folder unless it is to be kept.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use domain::Provider;
use sandbox::{Database, Sandbox, SandboxConfig};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::Demo;
use super::gateway::{Gateway, Launch};
use super::http::{Request, Server, data, text};
use super::rails::counter::Notebook;
use crate::clock::Clock;

const TRY_AGAIN: Duration = Duration::from_millis(40);
const PATIENCE: Duration = Duration::from_secs(10);

/// Everything that the play needs.
#[derive(Debug)]
pub struct Stage {
    pub gateway: Gateway,
    pub simulators: Server,
    /// What people paid by hand.
    pub notebook: Notebook,
    /// What gateway and simulators show.
    clock: Clock,
    sandbox: Sandbox,
    folder: TempDir,
}

impl Stage {
    /// Starts the simulators, then the gateway.
    pub async fn open(demo: &Demo) -> anyhow::Result<Stage> {
        let mut folder = tempfile::Builder::new();
        let folder = folder.prefix("moneybridge-demo-").disable_cleanup(demo.keep).tempdir()?;
        let database = Database::File(folder.path().join("sandbox.db"));
        let settings = SandboxConfig { database, ..SandboxConfig::default() };
        let sandbox = Sandbox::start(settings).await.context("the simulators cannot start")?;
        let launch = Launch {
            program: std::env::current_exe()?,
            folder: folder.path().to_owned(),
            port: free_port()?,
            simulators: sandbox.url(),
            database: demo.postgres.clone(),
        };
        let gateway = Gateway::start(launch).await?;
        let simulators = Server::new(&sandbox.url())?;
        let notebook = Notebook::default();
        Ok(Stage { gateway, simulators, notebook, clock: Clock::default(), sandbox, folder })
    }

    /// Where the books and the log are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What every clock here shows.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Moves every clock to `instant`: the gateway's first, since the simulators tell at once what the leap brought,
    /// and a webhook of the future is not believed.
    pub async fn move_clocks(&self, instant: DateTime<Utc>) -> anyhow::Result<()> {
        let step = instant.signed_duration_since(self.now()).max(TimeDelta::zero());
        let body = json!({ "set": self.now() + step });
        self.gateway.server().ask(&Request::post("/v1/sandbox/clock", body.clone())).await?;
        self.simulators.ask(&Request::post("/_control/clock", body)).await?;
        self.clock.advance(step)?;
        Ok(())
    }

    /// Sets something to go wrong at the simulated Wave.
    pub async fn fault(&self, fault: Value) -> anyhow::Result<()> {
        self.fault_at(Provider::Wave, fault).await
    }

    /// The messages on a simulated phone, newest first.
    pub async fn inbox(&self, phone: &str) -> anyhow::Result<Vec<String>> {
        let inbox = self.simulators.ask(&Request::get("/sms/inbox").query("to", phone)).await?;
        Ok(data(&inbox).iter().map(|sms| text(sms, "body").to_owned()).collect())
    }

    /// What `read` finds in a message that came after the first `known`, waiting for it.
    pub async fn told<T>(
        &self,
        phone: &str,
        known: usize,
        read: impl Fn(&str) -> Option<T>,
    ) -> anyhow::Result<T> {
        let give_up_at = Instant::now() + PATIENCE;
        loop {
            let messages = self.inbox(phone).await?;
            let new = messages.len().saturating_sub(known);
            if let Some(found) = messages.iter().take(new).find_map(|message| read(message)) {
                return Ok(found);
            }
            anyhow::ensure!(Instant::now() < give_up_at, "no such message came to {phone}");
            sleep(TRY_AGAIN).await;
        }
    }

    /// What the simulated Wave has on record about `name`, a reference or a number: what moved and what failed.
    pub async fn operations_of(&self, name: &str) -> anyhow::Result<Vec<Value>> {
        self.operations_at(Provider::Wave, name).await
    }

    /// Stops the simulators in order.
    pub async fn close(self) {
        drop(self.gateway);
        self.sandbox.stop().await;
    }
}

/// A port that nobody listens on now.
fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}
