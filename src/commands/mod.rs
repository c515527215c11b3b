//! The command line: one file per command, and the flags that all of them share.
//!
//! A command prints its answer on standard output and everything else on standard error, so that a
//! program can read the answer. Exit codes: 0 done, 1 failed, 2 the command line cannot be read.
//!
//! To add one: a variant of [`Command`] with its arguments and help, a line in [`Cli::run`], and a
//! file with `pub async fn run(…) -> anyhow::Result<ExitCode>`.

pub mod admin;
pub mod backup;
mod book;
pub mod demo;
pub mod health;
pub mod keys;
pub mod migrate;
pub mod openapi;
pub mod restore;
pub mod serve;
pub mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};

use crate::config::{Config, Flag, Sources, load};

/// Exit code of a command that failed.
pub const FAILED: u8 = 1;

/// MoneyBridge, a self-hosted gateway for mobile money.
///
/// Settings come from moneybridge.toml, then MONEYBRIDGE_… variables, then flags; config.default.toml
/// explains each.
#[derive(Debug, Parser)]
#[command(name = "moneybridge", version)]
pub struct Cli {
    /// Settings given on the command line.
    #[command(flatten)]
    pub settings: Settings,
    /// What to do; without one, `serve`.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the gateway, with simulated providers beside it in sandbox mode
    Serve,
    /// Play fifteen scenes with everything that goes wrong, and check every book
    Demo(demo::Demo),
    /// Bring the database's schema up to date
    Migrate,
    /// Recompute the whole book from its rows and tell every difference; exits 0 if there is none
    Verify(verify::Verify),
    /// Copy the live book and its blobs
    Backup(backup::Backup),
    /// Put a backup where no book is, and verify it
    Restore(restore::Restore),
    /// Ask the gateway that these settings describe whether it is alive; exits 0 if so
    Health,
    /// Make keys
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Name who works for the house
    #[command(subcommand)]
    Admin(admin::Admin),
    /// Print the API's contract, OpenAPI 3.1
    Openapi,
}

/// Flags that set something, understood by every command.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Settings")]
pub struct Settings {
    /// Settings file to read in place of ./moneybridge.toml
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// "sandbox" or "live"
    #[arg(long, global = true)]
    pub mode: Option<String>,
    /// Address and port of the API
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// sqlite://… or postgres://…
    #[arg(long, global = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// Folder of what the gateway writes
    #[arg(long, global = true, value_name = "FOLDER")]
    pub data_dir: Option<String>,
    /// Any setting by its key, as log.format=json; may be repeated
    #[arg(long = "set", global = true, value_name = "KEY=VALUE", value_parser = assignment)]
    pub set: Vec<(String, String)>,
}

impl Cli {
    /// Does what the command line says.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.command.unwrap_or(Command::Serve) {
            Command::Serve => Box::pin(serve::run(self.settings.load()?)).await,
            Command::Demo(demo) => demo::run(&demo).await,
            Command::Migrate => migrate::run(&self.settings.load()?).await,
            Command::Verify(ask) => verify::run(&self.settings.load()?, &ask).await,
            Command::Backup(ask) => backup::run(&self.settings.load()?, &ask).await,
            Command::Restore(ask) => restore::run(&self.settings.load()?, &ask).await,
            Command::Health => health::run(&self.settings.load()?).await,
            Command::Keys(command) => keys::run(&command),
            Command::Admin(command) => admin::run(self.settings.load()?, &command).await,
            Command::Openapi => openapi::run(&self.settings.load()?),
        }
    }
}

impl Settings {
    /// The settings of this process, these flags included.
    pub fn load(&self) -> anyhow::Result<Config> {
        load(&Sources::of_process(self.config.clone(), self.flags())).context("cannot start")
    }

    fn flags(&self) -> Vec<Flag> {
        let named = [
            ("--mode", "mode", &self.mode),
            ("--listen", "listen", &self.listen),
            ("--database-url", "database.url", &self.database_url),
            ("--data-dir", "data_dir", &self.data_dir),
        ];
        let flag = |name: &str, path: &str, value: &str| Flag {
            name: name.to_owned(),
            path: path.to_owned(),
            value: value.to_owned(),
        };
        let given = self.set.iter().map(|(path, value)| flag("--set", path, value));
        let named = named.iter().filter_map(|(name, path, value)| Some(flag(name, path, value.as_ref()?)));
        given.chain(named).collect()
    }
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write it as KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}
