//! The gateway as a child process: started, killed without warning, started again, stopped in order.
//!
//! It runs this very program in a folder of its own, without the settings of whoever runs the demo. What it writes
//! goes to `gateway.log` in that folder.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use super::http::{Request, Server};

const START: Duration = Duration::from_secs(20);
const STOP: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(20);
/// Lines of its log that are worth showing after a failure.
const LAST_WORDS: usize = 20;

/// What a child is started with.
#[derive(Debug)]
pub struct Launch {
    pub program: PathBuf,
    /// Everything is written here.
    pub folder: PathBuf,
    pub port: u16,
    pub simulators: String,
    /// Its book, when it is not a file in the folder.
    pub database: Option<String>,
}

/// The child; dropping it kills it.
#[derive(Debug)]
pub struct Gateway {
    launch: Launch,
    server: Server,
    child: Mutex<Option<Child>>,
}

impl Launch {
    /// The program with one of its commands, the demo's settings and no others.
    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(&self.program);
        std::env::vars_os().map(|(name, _)| name).filter(|name| is_setting(name)).for_each(|name| {
            command.env_remove(name);
        });
        command.arg(name).arg("--mode=sandbox").arg(format!("--listen=127.0.0.1:{}", self.port));
        command.arg("--data-dir").arg(self.folder.join("data"));
        // Everybody signs in from one address, and a claim that died with its worker is soon free.
        command.args(["--set", "limits.auth_requests_per_minute=600", "--set", "workers.lease_s=5"]);
        // Most that is sent where every fault is played goes wrong: a rail that closed would keep the rest waiting.
        command.args(["--set", "rails.failures=1000", "--set", "rails.min_calls=100000"]);
        command.env("MONEYBRIDGE_SANDBOX_URL", &self.simulators).env("MONEYBRIDGE_METRICS_LISTEN", "");
        if let Some(url) = &self.database {
            command.env("MONEYBRIDGE_DATABASE_URL", url);
        }
        command.current_dir(&self.folder).stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    fn log(&self) -> PathBuf {
        self.folder.join("gateway.log")
    }

    fn open_log(&self) -> std::io::Result<File> {
        OpenOptions::new().create(true).append(true).open(self.log())
    }
}

fn is_setting(name: &std::ffi::OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("MONEYBRIDGE_") || name == "PORT" || name == "DATABASE_URL"
}

impl Gateway {
    /// Starts it and waits until it takes money work.
    pub async fn start(launch: Launch) -> anyhow::Result<Gateway> {
        let server = Server::new(&format!("http://127.0.0.1:{}", launch.port))?;
        let gateway = Gateway { launch, server, child: Mutex::new(None) };
        gateway.start_again().await?;
        Ok(gateway)
    }

    /// How it is spoken to, whether it runs or not.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Starts it in the same folder, at the same address.
    pub async fn start_again(&self) -> anyhow::Result<()> {
        let (out, err) = (self.launch.open_log()?, self.launch.open_log()?);
        let child = self.launch.command("serve").stdout(out).stderr(err).spawn();
        *self.child() = Some(child.context("the gateway cannot be started")?);
        let give_up_at = Instant::now() + START;
        while !self.is_ready().await {
            anyhow::ensure!(self.is_running(), "the gateway ended:\n{}", self.last_words());
            anyhow::ensure!(Instant::now() < give_up_at, "the gateway is not ready:\n{}", self.last_words());
            sleep(PAUSE).await;
        }
        Ok(())
    }

    async fn is_ready(&self) -> bool {
        let answer = self.server.send_once(&Request::get("/readyz")).await;
        answer.is_ok_and(|answer| answer.status == 200)
    }

    fn is_running(&self) -> bool {
        self.child().as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// SIGKILL: nothing of it gets another instruction.
    pub async fn kill(&self) -> anyhow::Result<()> {
        let child = self.child().take();
        child.context("the gateway does not run")?.kill().await.context("the gateway cannot be killed")
    }

    /// SIGTERM, and a success as its answer.
    pub async fn stop(&self) -> anyhow::Result<()> {
        let mut child = self.child().take().context("the gateway does not run")?;
        let pid = child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        kill_process(pid.context("the gateway has ended already")?, Signal::TERM)?;
        let status = timeout(STOP, child.wait()).await.context("the gateway does not stop")??;
        anyhow::ensure!(status.success(), "the gateway stopped with {status}:\n{}", self.last_words());
        Ok(())
    }

    /// What `moneybridge verify` finds in its book, and whether all is well. The gateway must not run.
    pub async fn verify(&self) -> anyhow::Result<(bool, Value)> {
        let mut verify = self.launch.command("verify");
        verify.arg("--json").stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = verify.output().await.context("verify cannot be started")?;
        let said = serde_json::from_slice(&output.stdout);
        let said = said.with_context(|| String::from_utf8_lossy(&output.stderr).into_owned());
        Ok((output.status.success(), said.context("verify did not say what it found")?))
    }

    /// The last warnings and errors of its log, or its last lines.
    pub fn last_words(&self) -> String {
        last_words(&self.launch.log())
    }

    fn child(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let Some(mut child) = self.child().take() else { return };
        let _ = child.start_kill();
        // Until it is gone it may write into a folder that is about to be removed.
        for _ in 0..100 {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn last_words(log: &Path) -> String {
    let log = std::fs::read_to_string(log).unwrap_or_default();
    let is_bad =
        |line: &&str| line.contains(" WARN ") || line.contains(" ERROR ") || line.starts_with("error:");
    let mut lines: Vec<&str> = log.lines().filter(is_bad).collect();
    if lines.is_empty() {
        lines = log.lines().collect();
    }
    lines[lines.len().saturating_sub(LAST_WORDS)..].join("\n")
}
