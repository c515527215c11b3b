//! `keys`: making the gateway's keys.
//!
//! Keys are drawn from the operating system and shown once, in the form in which settings hold
//! them. Deliberately absent: reading or changing keys that are in use.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;

use crate::config::{KeyError, MasterKey, write_private};

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Draw a master key and a token key, and print them as variables
    ///
    /// Keep a copy of the master key apart from the book's backups: without it the names, phone
    /// numbers and credentials in the book cannot be read by anybody.
    Generate {
        /// Write master.key and token.key into this folder and print the variables that name them
        #[arg(long, value_name = "FOLDER")]
        dir: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Runs one of them.
pub fn run(command: &Keys) -> anyhow::Result<ExitCode> {
    let Keys::Generate { dir, json } = command;
    let mut answers = Vec::new();
    for name in ["master", "token"] {
        let key = MasterKey::fresh()?;
        answers.push(match dir {
            Some(dir) => (format!("{name}_file"), keep(dir, name, &key)?),
            None => (name.to_owned(), key.to_base64().to_string()),
        });
    }
    print(&answers, *json)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a key where only its owner reads it; never over another one.
fn keep(dir: &Path, name: &str, key: &MasterKey) -> anyhow::Result<String> {
    let path = dir.join(format!("{name}.key"));
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    write_private(&path, key.to_base64().as_bytes())
        .map_err(|cause| KeyError::File { path: path.clone(), cause })?;
    Ok(path.display().to_string())
}

fn print(answers: &[(String, String)], json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        let object: serde_json::Map<_, _> =
            answers.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
        serde_json::to_writer_pretty(&mut out, &object)?;
        writeln!(out)?;
        return Ok(());
    }
    for (name, value) in answers {
        writeln!(out, "MONEYBRIDGE_KEYS_{}={value}", name.to_uppercase())?;
    }
    Ok(())
}
