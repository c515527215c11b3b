//! Child processes: the gateway, its simulators, and what the kernel tells of them.

use std::fs::{File, OpenOptions};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::load::{Connection, request};

const START: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);
/// The kernel's clock ticks of a second, as it tells them to programs on every Linux.
const TICKS: f64 = 100.0;

/// A program that listens; dropping it kills it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    pub address: SocketAddr,
    log: PathBuf,
}

/// A port that nobody has now.
pub fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

fn open_log(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

/// `program` without the settings of whoever runs this, in `folder`.
pub fn command(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    let is_setting = |name: &str| {
        ["MONEYBRIDGE_", "SANDBOX_"].iter().any(|prefix| name.starts_with(prefix))
            || name == "PORT"
            || name == "DATABASE_URL"
    };
    let settings = std::env::vars_os().filter(|(name, _)| is_setting(&name.to_string_lossy()));
    settings.for_each(|(name, _)| {
        command.env_remove(name);
    });
    command.current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    command
}

impl Process {
    /// Starts `command`, which is to listen on `address`, and waits until `path` is answered.
    pub async fn start(
        mut command: Command,
        address: SocketAddr,
        path: &str,
        log: PathBuf,
    ) -> anyhow::Result<Process> {
        command.stdout(open_log(&log)?).stderr(open_log(&log)?);
        let child = command.spawn().context("a program cannot be started")?;
        let mut process = Process { child, address, log };
        let asked = request("GET", path, &[], b"");
        let begun = Instant::now();
        loop {
            if let Ok(mut connection) = Connection::open(address).await
                && connection.ask(&asked).await.is_ok_and(|(status, _)| status < 500)
            {
                return Ok(process);
            }
            ensure!(matches!(process.child.try_wait(), Ok(None)), "it ended: {}", process.last_words());
            ensure!(begun.elapsed() < START, "it is not ready: {}", process.last_words());
            sleep(PAUSE).await;
        }
    }

    /// SIGTERM, and a success as its answer.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        kill_process(self.pid()?, Signal::TERM)?;
        let status = timeout(STOP, self.child.wait()).await.context("a program does not stop")??;
        ensure!(status.success(), "stopped with {status}: {}", self.last_words());
        Ok(())
    }

    fn pid(&self) -> anyhow::Result<Pid> {
        let pid = self.child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        pid.context("a program has ended")
    }

    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines.len().saturating_sub(15);
        format!("{}\n{}", self.log.display(), lines.get(last..).unwrap_or_default().join("\n"))
    }

    fn proc(&self, file: &str) -> anyhow::Result<PathBuf> {
        Ok(PathBuf::from(format!("/proc/{}/{file}", self.pid()?.as_raw_nonzero())))
    }

    /// Bytes that it has caused to be written to disk.
    pub fn written(&self) -> anyhow::Result<f64> {
        let io = std::fs::read_to_string(self.proc("io")?)?;
        field(&io, "write_bytes:").context("the kernel does not tell what was written")
    }

    /// Forgets the peak of its memory.
    pub fn forget_peak(&self) -> anyhow::Result<()> {
        Ok(std::fs::write(self.proc("clear_refs")?, "5")?)
    }

    /// The peak of its resident memory, megabytes.
    pub fn peak_mb(&self) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(self.proc("status")?)?;
        let kilobytes = field(&status, "VmHWM:").context("the kernel does not tell the peak")?;
        Ok(kilobytes / 1_024.0)
    }

    /// Processor seconds that it has used.
    pub fn cpu_s(&self) -> anyhow::Result<f64> {
        cpu_of(&self.proc("stat")?)
    }
}

/// Processor seconds that this program has used.
pub fn own_cpu_s() -> anyhow::Result<f64> {
    cpu_of(Path::new("/proc/self/stat"))
}

fn cpu_of(stat: &Path) -> anyhow::Result<f64> {
    ticks(&std::fs::read_to_string(stat)?).map(|ticks| ticks / TICKS).context("stat is not as it was")
}

/// User and system time; the name before them may hold blanks and brackets.
fn ticks(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// The number after `name` in a text of lines.
fn field(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_tells_is_read() {
        assert_eq!(field("VmPeak: 9 kB\nVmHWM:\t  2048 kB\n", "VmHWM:"), Some(2_048.0));
        assert_eq!(field("rchar: 1\n", "write_bytes:"), None);
        let stat = "42 (a ) name) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0";
        assert_eq!(ticks(stat), Some(200.0));
        assert!(own_cpu_s().unwrap() >= 0.0);
    }
}
