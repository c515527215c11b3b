//! The machine and the programs of a run, as they are told with its result.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, ensure};
use tokio::process::Command;

use crate::book::Programs;

/// The workspace that this crate is part of.
pub const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Builds the gateway and the simulators in this program's own profile, and tells where they are.
pub async fn programs(gateway: Option<&Path>) -> anyhow::Result<Programs> {
    let gateway = match gateway {
        Some(path) => path.canonicalize().with_context(|| format!("there is no {}", path.display()))?,
        None => build().await?.join("moneybridge"),
    };
    let simulators = gateway.with_file_name("sandbox");
    ensure!(
        simulators.exists(),
        "there is no {}\nhint: cargo build --release -p sandbox",
        simulators.display()
    );
    Ok(Programs { gateway, simulators })
}

/// The folder of what was built.
async fn build() -> anyhow::Result<PathBuf> {
    let here = std::env::current_exe()?;
    let folder = here.parent().context("this program is in no folder")?;
    let target = folder.parent().context("this program is in no target folder")?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "-p", "moneybridge", "-p", "sandbox", "--bins"]);
    command.args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml")]);
    command.arg("--target-dir").arg(target).stdin(Stdio::null());
    if !is_debug() {
        command.arg("--release");
    }
    let status = command.status().await.context("cargo cannot be started\nhint: give --gateway")?;
    ensure!(status.success(), "the gateway cannot be built");
    Ok(folder.to_owned())
}

/// Whether this is a build whose figures mean nothing.
pub fn is_debug() -> bool {
    cfg!(debug_assertions)
}

/// Processor, cores, memory, kernel, disk, and the revision that is measured.
pub async fn about(folder: &Path) -> Vec<(String, String)> {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let line = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let disk = said("df", &["--output=source,fstype", &folder.display().to_string()]).await;
    let revision = said("git", &["-C", ROOT, "describe", "--always", "--dirty"]).await;
    let load = read("/proc/loadavg").split_whitespace().take(3).collect::<Vec<_>>().join(" ");
    [
        ("measured", crate::book::now().format("%Y-%m-%d %H:%M UTC").to_string()),
        ("revision", revision),
        ("profile", if is_debug() { "debug: figures mean nothing" } else { "release" }.to_owned()),
        ("processor", format!("{cores} cores, {}", line(&read("/proc/cpuinfo"), "model name"))),
        ("memory", line(&read("/proc/meminfo"), "MemTotal")),
        ("kernel", read("/proc/sys/kernel/osrelease").trim().to_owned()),
        ("disk", disk.lines().last().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")),
        ("load average before", load),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

async fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().await;
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
