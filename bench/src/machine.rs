//! The machine and the programs of a run, as they are told with its result.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::process::Command;

use crate::book::Programs;

/// How long the machine is looked at before a run.
const LOOK: Duration = Duration::from_secs(2);
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

/// How much of the processors others use now, as a part of all.
///
/// A gateway is a few threads in a row, pgbench as many processes as it has clients: where others are at work, the
/// scheduler gives pgbench more of what is left, and no ratio is worth anything.
pub async fn used_by_others() -> f64 {
    let look =
        || busy_and_all(&std::fs::read_to_string("/proc/stat").unwrap_or_default()).unwrap_or((0.0, 0.0));
    let before = look();
    tokio::time::sleep(LOOK).await;
    let after = look();
    crate::stats::ratio(after.0 - before.0, after.1 - before.1).unwrap_or(0.0)
}

/// Ticks of all processors that were not idle, and all ticks.
fn busy_and_all(stat: &str) -> Option<(f64, f64)> {
    let fields: Vec<f64> =
        stat.lines().next()?.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    let all: f64 = fields.iter().sum();
    // The fourth is idle, the fifth waits for disks.
    let idle: f64 = fields.iter().skip(3).take(2).sum();
    Some((all - idle, all))
}

async fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().await;
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_use_is_what_is_not_idle() {
        assert_eq!(busy_and_all("cpu  30 5 15 40 10 0 0 0 0 0\ncpu0 1 1 1 1\n"), Some((50.0, 100.0)));
        assert_eq!(busy_and_all(""), None);
    }
}
