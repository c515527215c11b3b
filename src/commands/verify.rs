//! `moneybridge verify`: recomputes the whole book from its rows, and tells every difference.
//!
//! It reads one snapshot and writes nothing, so it may run beside a gateway. What an insider could have rewritten as a
//! whole shows against a block that was noted elsewhere: each run tells the last one.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};
use store::Db;
use store::ledger::verify::{Anchor, Report, verify_from};

use super::{FAILED, book};
use crate::config::Config;

/// What is asked of a verification.
#[derive(Clone, Debug, Default, Args)]
pub struct Verify {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The chain must lead to this block, which was noted elsewhere
    #[arg(long, value_name = "BLOCK:HASH", value_parser = anchor)]
    pub anchor: Option<Anchor>,
}

/// Exits 0 when nothing was found, 1 otherwise.
pub async fn run(config: &Config, ask: &Verify) -> anyhow::Result<ExitCode> {
    let db = book::open(book::url(config), config.database.readers).await?;
    let report = verified(&db, ask.anchor.as_ref()).await;
    db.close().await;
    let report = report?;
    let mut out = std::io::stdout().lock();
    match ask.json {
        true => writeln!(out, "{:#}", as_json(&report))?,
        false => tell(&mut out, &report)?,
    }
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// Verifies with a bar.
pub async fn verified(db: &Db, anchor: Option<&Anchor>) -> anyhow::Result<Report> {
    let bar = book::bar();
    let report = verify_from(db, anchor, &mut |progress| book::show(&bar, progress)).await;
    bar.finish_and_clear();
    Ok(report?)
}

/// The report as a person reads it.
pub fn tell(out: &mut impl Write, report: &Report) -> std::io::Result<()> {
    for finding in &report.findings {
        writeln!(out, "{:<10} {}: {}", finding.check.as_str(), finding.place, finding.detail)?;
    }
    if report.omitted > 0 {
        writeln!(out, "… and {} more", report.omitted)?;
    }
    let counts = report.counts;
    writeln!(
        out,
        "looked at {} transfers, {} entries with {} postings, {} audit lines, {} holds, {} accounts in {:.1} s",
        counts.transfers,
        counts.entries,
        counts.postings,
        counts.audit,
        counts.holds,
        counts.accounts,
        report.took.as_secs_f64()
    )?;
    if let Some(head) = &report.head {
        let hash = hex::encode(&head.hash);
        writeln!(
            out,
            "{} blocks, {} commits not sealed; last block {}:{hash}",
            counts.blocks, counts.unsealed, head.block
        )?;
    }
    match report.findings.len() as u64 + report.omitted {
        0 => writeln!(out, "the book is whole"),
        findings => writeln!(out, "the book is NOT whole: {findings} findings"),
    }
}

/// The report as a program reads it.
pub fn as_json(report: &Report) -> Value {
    let finding = |finding: &store::ledger::verify::Finding| json!({ "check": finding.check.as_str(), "place": finding.place, "detail": finding.detail });
    let counts = report.counts;
    json!({
        "clean": report.is_clean(),
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "omitted": report.omitted,
        "counts": {
            "accounts": counts.accounts,
            "blocks": counts.blocks,
            "batches": counts.batches,
            "entries": counts.entries,
            "postings": counts.postings,
            "audit": counts.audit,
            "statement_lines": counts.statement_lines,
            "holds": counts.holds,
            "transfers": counts.transfers,
            "movements": counts.movements,
            "timeline": counts.timeline,
            "unsealed": counts.unsealed,
            "late_money": counts.late_money,
        },
        "head": report.head.as_ref().map(|head| json!({ "block": head.block, "hash": hex::encode(&head.hash) })),
        "duration_ms": u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX),
    })
}

/// Reads `12:9f86d0…`, as a report tells it.
fn anchor(text: &str) -> Result<Anchor, String> {
    let wrong = || "write it as BLOCK:HASH, as verify tells it".to_owned();
    let (block, hash) = text.split_once(':').ok_or_else(wrong)?;
    let hash = hex::decode(hash).map_err(|_| wrong())?;
    if hash.len() != 32 {
        return Err(wrong());
    }
    Ok(Anchor { block: block.parse().map_err(|_| wrong())?, hash })
}
