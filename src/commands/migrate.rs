//! `moneybridge migrate`: brings the schema up to date, where a gateway in live mode would refuse to start.

use std::io::Write;
use std::process::ExitCode;

use secrecy::ExposeSecret;
use store::{Db, DbOptions};

use crate::config::Config;

/// Applies what is missing and says what it was.
pub async fn run(config: &Config) -> anyhow::Result<ExitCode> {
    std::fs::create_dir_all(&config.data_dir)?;
    let url = config.database.url.expose_secret().to_owned();
    let db = Db::open(&DbOptions { url, readers: config.database.readers }).await?;
    let applied = store::migrate::migrate(&db).await?;
    db.close().await;
    let mut out = std::io::stdout().lock();
    match applied.as_slice() {
        [] => writeln!(out, "the schema is up to date")?,
        applied => applied.iter().try_for_each(|migration| writeln!(out, "applied {migration}"))?,
    }
    Ok(ExitCode::SUCCESS)
}
