//! PostgreSQL's own tools, run with the connection in their environment, where other users do not see a password.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::process::Command;
use url::Url;

use crate::commands::book::{self, percent_decoded};

/// Where Debian and its kin put the tools of each version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// One of PostgreSQL's programs.
#[derive(Clone, Debug)]
pub struct PgTool {
    name: &'static str,
    path: PathBuf,
}

impl PgTool {
    /// Looks along the path, then where systems put it.
    ///
    /// Errors: it is nowhere.
    pub fn find(name: &'static str) -> anyhow::Result<PgTool> {
        let folders = std::env::var_os("PATH").unwrap_or_default();
        let mut folders: Vec<PathBuf> = std::env::split_paths(&folders).collect();
        folders.extend(debian_folders());
        let found = folders.into_iter().map(|folder| folder.join(name)).find(|path| path.is_file());
        let hint = "install PostgreSQL's client tools of the server's version (postgresql-client)";
        let path = found.with_context(|| format!("{name} is not installed; hint: {hint}"))?;
        Ok(PgTool { name, path })
    }

    /// Writes the database at `url` into `file`, in PostgreSQL's custom form.
    pub async fn dump(&self, url: &str, file: &Path) -> anyhow::Result<()> {
        super::place::create_private(file)?;
        let mut command = self.command(url)?;
        command
            .args(["--format=custom", "--no-password", "--no-owner", "--no-privileges"])
            .arg("--file")
            .arg(file);
        self.run(command, file).await
    }

    /// Puts a dump into the database at `url`, whole or not at all.
    pub async fn restore(&self, url: &str, file: &Path) -> anyhow::Result<()> {
        let mut command = self.command(url)?;
        command.args([
            "--no-password",
            "--no-owner",
            "--no-privileges",
            "--exit-on-error",
            "--single-transaction",
        ]);
        command.arg("--dbname").arg(database(&Url::parse(url)?)).arg(file);
        self.run(command, file).await
    }

    fn command(&self, url: &str) -> anyhow::Result<Command> {
        let mut command = Command::new(&self.path);
        let url = Url::parse(url).context("the database's url cannot be read")?;
        command.envs(environment(&url)).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command.kill_on_drop(true);
        Ok(command)
    }

    /// Runs it, showing how large `file` is meanwhile.
    async fn run(&self, mut command: Command, file: &Path) -> anyhow::Result<()> {
        let bar = book::bar();
        bar.set_message(self.name);
        let running = command.output();
        tokio::pin!(running);
        let output = loop {
            tokio::select! {
                output = &mut running => break output,
                () = tokio::time::sleep(Duration::from_millis(200)) => {
                    bar.set_position(std::fs::metadata(file).map_or(0, |file| file.len()));
                }
            }
        };
        bar.finish_and_clear();
        let output = output.with_context(|| format!("{} cannot be run", self.path.display()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("{} failed ({}): {}", self.name, output.status, said.trim());
        }
        Ok(())
    }
}

/// The newest version first.
fn debian_folders() -> Vec<PathBuf> {
    let versions = std::fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

/// The variables that libpq reads in place of a URL.
fn environment(url: &Url) -> Vec<(&'static str, String)> {
    let mut variables = vec![("PGDATABASE", database(url)), ("PGAPPNAME", "moneybridge".to_owned())];
    variables.extend(
        url.host_str()
            .filter(|host| !host.is_empty())
            .map(|host| ("PGHOST", percent_decoded(host.trim_start_matches('[').trim_end_matches(']')))),
    );
    variables.extend(url.port().map(|port| ("PGPORT", port.to_string())));
    variables.extend(
        Some(url.username()).filter(|user| !user.is_empty()).map(|user| ("PGUSER", percent_decoded(user))),
    );
    variables.extend(url.password().map(|password| ("PGPASSWORD", percent_decoded(password))));
    for (key, value) in url.query_pairs() {
        let variable = match &*key {
            "host" => "PGHOST",
            "port" => "PGPORT",
            "user" => "PGUSER",
            "password" => "PGPASSWORD",
            "sslmode" => "PGSSLMODE",
            "sslrootcert" => "PGSSLROOTCERT",
            "sslcert" => "PGSSLCERT",
            "sslkey" => "PGSSLKEY",
            _ => continue,
        };
        variables.push((variable, value.into_owned()));
    }
    variables
}

/// The database's name: the path, a parameter, or the user's own.
fn database(url: &Url) -> String {
    let named = url.query_pairs().find(|(key, _)| key == "dbname").map(|(_, name)| name.into_owned());
    let path = percent_decoded(url.path().trim_start_matches('/'));
    let user = url.query_pairs().find(|(key, _)| key == "user").map(|(_, name)| name.into_owned());
    let user = user.unwrap_or_else(|| percent_decoded(url.username()));
    named.unwrap_or(if path.is_empty() { user } else { path })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(url: &str) -> Vec<(&'static str, String)> {
        environment(&Url::parse(url).unwrap())
    }

    #[test]
    fn a_url_becomes_what_the_tools_read() {
        let told = variables("postgres://awa:s%40cret+1@db.example:6432/book?sslmode=verify-full&foo=1");
        let expected = [
            ("PGDATABASE", "book"),
            ("PGAPPNAME", "moneybridge"),
            ("PGHOST", "db.example"),
            ("PGPORT", "6432"),
            ("PGUSER", "awa"),
            ("PGPASSWORD", "s@cret+1"),
            ("PGSSLMODE", "verify-full"),
        ];
        assert_eq!(told, expected.map(|(name, value)| (name, value.to_owned())));
    }

    #[test]
    fn a_socket_and_a_bare_user_are_understood() {
        let told = variables("postgresql:///?host=/run/postgresql&user=awa");
        assert!(told.contains(&("PGHOST", "/run/postgresql".into())));
        assert!(told.contains(&("PGUSER", "awa".into())));
        assert!(told.contains(&("PGDATABASE", "awa".into())));
    }

    #[test]
    fn a_missing_tool_is_named_with_a_hint() {
        let error = PgTool::find("pg_nonsense").unwrap_err().to_string();
        assert!(error.contains("pg_nonsense is not installed") && error.contains("hint:"), "{error}");
    }
}
