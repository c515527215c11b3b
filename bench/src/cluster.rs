//! The PostgreSQL server of a run, with a database for each book, and pgbench as the yardstick.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use sqlx::{Connection, PgConnection};
use tokio::process::Command;

use crate::plan::Sample;
use crate::stats::{ms, percentile};

/// Rows per branch are fixed; with as many branches as clients or more, clients seldom meet.
pub const SCALE: u32 = 50;
/// The script that starts throw-away servers; it lives beside this crate.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/postgres");
/// What durability and speed rest on; told with the result.
const SETTINGS: [&str; 8] = [
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_sync_method",
    "shared_buffers",
    "max_wal_size",
    "max_connections",
];

/// The server; [`Cluster::stop`] removes it.
#[derive(Clone, Debug)]
pub struct Cluster {
    folder: PathBuf,
    /// Of its first database.
    url: String,
    binaries: PathBuf,
}

impl Cluster {
    /// Starts a server of its own in `folder`.
    pub async fn start(folder: &Path) -> anyhow::Result<Cluster> {
        let url = script(&["start", &folder.display().to_string()]).await?;
        let binaries = PathBuf::from(std::fs::read_to_string(folder.join("binaries"))?.trim());
        let cluster = Cluster { folder: folder.to_owned(), url, binaries };
        ensure!(
            cluster.binaries.join("pgbench").exists(),
            "there is no pgbench beside initdb in {}\nhint: install the package postgresql-contrib",
            cluster.binaries.display()
        );
        Ok(cluster)
    }

    /// Ends the server and removes what it kept.
    pub async fn stop(&self) -> anyhow::Result<()> {
        script(&["stop", &self.folder.display().to_string()]).await.map(drop)
    }

    /// A new database; its URL.
    pub async fn create(&self, name: &str) -> anyhow::Result<String> {
        let mut connection = PgConnection::connect(&self.url).await?;
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut connection)
            .await?;
        connection.close().await?;
        let (server, _) = self.url.rsplit_once('/').context("the server's URL names no database")?;
        Ok(format!("{server}/{name}"))
    }

    /// Its version and settings, as it tells them.
    pub async fn settings(&self) -> anyhow::Result<Vec<(String, String)>> {
        let mut connection = PgConnection::connect(&self.url).await?;
        let mut told = Vec::new();
        for name in SETTINGS {
            let value: String = sqlx::query_scalar("SELECT current_setting($1)")
                .bind(name)
                .fetch_one(&mut connection)
                .await?;
            told.push((format!("postgres {name}"), value));
        }
        let durable = |name: &str| told.iter().any(|(told, value)| told.ends_with(name) && value == "on");
        ensure!(
            durable(" fsync") && durable(" synchronous_commit") && durable(" full_page_writes"),
            "this server could lose a commit: {told:?}"
        );
        Ok(told)
    }

    /// How far the log of what is written has come, in bytes.
    pub async fn log_position(&self) -> anyhow::Result<f64> {
        const SQL: &str = "SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::float8";
        let mut connection = PgConnection::connect(&self.url).await?;
        let position = sqlx::query_scalar(SQL).fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(position)
    }

    /// Fills pgbench's own tables.
    pub async fn prepare_pgbench(&self) -> anyhow::Result<()> {
        self.create("pgbench").await?;
        let scale = SCALE.to_string();
        self.pgbench(&["-i", "-q", "-I", "dtGvp", "-s", &scale]).await.map(drop)
    }

    /// TPC-B with prepared statements for so long.
    pub async fn run_pgbench(&self, clients: usize, time: Duration) -> anyhow::Result<Sample> {
        let (count, threads) = (clients.to_string(), clients.min(2).to_string());
        let seconds = time.as_secs().max(1).to_string();
        let latencies = tempfile::tempdir_in(&self.folder)?;
        let prefix = latencies.path().join("log").display().to_string();
        let mut arguments = vec!["-n", "-M", "prepared", "-c", &count, "-j", &threads, "-T", &seconds];
        // Writing each latency down costs a busy yardstick something; a lone client is not busy.
        if clients == 1 {
            arguments.extend(["-l", "--log-prefix", &prefix]);
        }
        let said = self.pgbench(&arguments).await?;
        let mut sample = read_pgbench(&said).with_context(|| format!("pgbench said:\n{said}"))?;
        if clients == 1 {
            let mut nanos = Vec::new();
            for file in std::fs::read_dir(latencies.path())? {
                nanos.extend(read_latencies(&std::fs::read_to_string(file?.path())?));
            }
            nanos.sort_unstable();
            sample.p50_ms = percentile(&nanos, 50).map(ms).context("pgbench wrote no latencies")?;
            sample.p99_ms = percentile(&nanos, 99).map_or(0.0, ms);
        }
        Ok(sample)
    }

    async fn pgbench(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = Command::new(self.binaries.join("pgbench"));
        let (_, place) = self.url.split_once('@').context("the server's URL has no user")?;
        let (host, port) =
            place.split('/').next().and_then(|place| place.split_once(':')).context("no port")?;
        command.args(["-h", host, "-p", port, "-U", "postgres"]).args(arguments).arg("pgbench");
        said(command).await
    }
}

async fn script(arguments: &[&str]) -> anyhow::Result<String> {
    let mut command = Command::new(SCRIPT);
    command.args(arguments);
    Ok(said(command).await?.trim().to_owned())
}

async fn said(mut command: Command) -> anyhow::Result<String> {
    let output = command.output().await.with_context(|| format!("{command:?} cannot be started"))?;
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} ended with {}:\n{error}", output.status);
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What pgbench prints at its end.
fn read_pgbench(said: &str) -> Option<Sample> {
    let after = |name: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    };
    let failed = after("number of failed transactions: ").unwrap_or(0.0);
    let (rate, p50_ms) = (after("tps = ")?, after("latency average = ")?);
    (failed == 0.0).then(|| Sample { rate, p50_ms, ..Sample::default() })
}

/// Nanoseconds, from lines of client, number and microseconds.
fn read_latencies(log: &str) -> impl Iterator<Item = u64> {
    let micros = |line: &str| line.split_whitespace().nth(2)?.parse::<u64>().ok();
    log.lines().filter_map(micros).map(|micros| micros.saturating_mul(1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pgbench_says_is_read() {
        let said = "transaction type: <builtin: TPC-B (sort of)>\nnumber of failed transactions: 0 (0.000%)\n\
                    latency average = 12.345 ms\ninitial connection time = 20.1 ms\n\
                    tps = 1296.071000 (without initial connection time)\n";
        let sample = read_pgbench(said).unwrap();
        assert_eq!((sample.rate, sample.p50_ms), (1_296.071, 12.345));
        assert_eq!(read_pgbench(&said.replace("transactions: 0", "transactions: 3")), None);
        assert_eq!(read_pgbench("connection refused"), None);
        let latencies: Vec<u64> = read_latencies("0 1 1500 0 17 2\n0 2 900 0 17 3\n").collect();
        assert_eq!(latencies, [1_500_000, 900_000]);
    }
}
