//! `demo`: transfers side by side through a gateway, its simulated providers, and everything that goes wrong: first
//! eight by mobile money within Africa, then seven scenes with euros that a bank brings, or takes back, then one for
//! each other corridor of a sandbox, and last every fault around every request that moves money, rail by rail.
//!
//! The simulators run in this process and the gateway as a child of it, in a temporary folder and on ports of their
//! own; whatever passes between people, gateway and providers is real HTTP. Both books are laid side by side in the
//! middle and at the end, and the child's book is verified. Anything that is off makes it fail, and whatever happens,
//! nothing of it is left running or lying about.

mod acts;
mod admins;
mod banking;
mod books;
mod cues;
mod euros;
mod gateway;
mod http;
mod matching;
mod order;
mod person;
mod progress;
mod rails;
mod report;
mod scenes;
mod simulators;
mod stage;
mod way;
mod webhooks;

use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use chrono::TimeDelta;
use clap::Args;

use super::FAILED;
use person::Person;
use progress::Progress;
use rails::faults::Verdict;
use report::Report;
use scenes::Played;
use stage::Stage;

/// Longer than a code of the second factor is good.
const SECOND_FACTOR_STEP: TimeDelta = TimeDelta::seconds(31);

/// How the demo is played. Settings of a gateway do not concern it.
#[derive(Clone, Debug, Args)]
pub struct Demo {
    /// Keep the gateway's book in this empty PostgreSQL database, not in a SQLite file
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// Leave the folder with the books and the gateway's log, and say where it is
    #[arg(long)]
    keep: bool,
}

/// Plays everything and reports; exits 0 when all went as it should.
pub async fn run(demo: &Demo) -> anyhow::Result<ExitCode> {
    let report = tokio::select! {
        report = Box::pin(perform(demo)) => report?,
        () = interrupted() => anyhow::bail!("interrupted"),
    };
    let text = match demo.json {
        true => format!("{:#}\n", report.to_json()),
        false => report.to_text(),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(if report.problems().is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

async fn perform(demo: &Demo) -> anyhow::Result<Report> {
    let begun = Instant::now();
    let progress = Progress::new();
    let line = progress.line("gateway and simulators");
    line.say("start");
    let stage = Stage::open(demo).await?;
    line.end(true, &format!("{} and {}", stage.gateway.server().url(), stage.simulators.url()));
    let mut trouble = Vec::new();
    let mut scenes = Box::pin(scenes::play(&stage, &progress)).await;
    noted(Box::pin(with_euros(&stage, &progress, &mut scenes)).await, &mut trouble);
    let by_rails = noted(Box::pin(by_every_rail(&stage, &progress, &mut scenes)).await, &mut trouble);
    let (admins, faults) = by_rails.unzip();
    let line = progress.line("books");
    line.say("lays them side by side");
    let books = match &admins {
        Some([admin, _]) => noted(Box::pin(books::read(&stage, admin)).await, &mut trouble),
        None => None,
    };
    line.say("stops the gateway and verifies its book");
    noted(stage.gateway.stop().await, &mut trouble);
    let verified = noted(stage.gateway.verify().await, &mut trouble);
    let database = if demo.postgres.is_some() { "PostgreSQL" } else { "SQLite" };
    let kept = demo.keep.then(|| stage.folder().to_owned());
    let mut report =
        Report { database, kept, took: begun.elapsed(), scenes, faults, books, verified, trouble };
    let is_good = report.problems().is_empty();
    line.end(is_good, if is_good { "agree and are sound" } else { "something is off" });
    if !is_good {
        eprintln!("the gateway's last words:\n{}", stage.gateway.last_words());
    }
    stage.close().await;
    report.took = begun.elapsed();
    Ok(report)
}

/// The second half, once the books of the first agree.
async fn with_euros(stage: &Stage, progress: &Progress, scenes: &mut Vec<Played>) -> anyhow::Result<()> {
    let admins = [books::sign_in(stage, 0).await?, books::sign_in(stage, 1).await?];
    let books = books::read(stage, &admins[0]).await?;
    anyhow::ensure!(books.differences.is_empty(), "before the euros: {}", books.differences.join("; "));
    let (is_good, found) = stage.gateway.verify().await?;
    anyhow::ensure!(is_good, "before the euros the book is not sound: {found}");
    scenes.extend(euros::play(stage, progress, &admins, scenes.len()).await);
    Ok(())
}

/// What is left of the rails; the two admins who were there, for whatever is to be looked at after it, and how every
/// fault ended.
async fn by_every_rail<'s>(
    stage: &'s Stage,
    progress: &Progress,
    scenes: &mut Vec<Played>,
) -> anyhow::Result<([Person<'s>; 2], Vec<Verdict>)> {
    // Sessions of the house have run out in the days that passed, and a code of the second factor is good once.
    stage.move_clocks(stage.now() + SECOND_FACTOR_STEP).await?;
    let mut admins = [books::sign_in(stage, 0).await?, books::sign_in(stage, 1).await?];
    stage.notebook.open(&books::trial_balance(&admins[0]).await?);
    scenes.extend(rails::corridors::play(stage, progress, &admins, scenes.len()).await);
    let (lines, verdicts) = Box::pin(rails::faults::play(stage, progress, &mut admins, scenes.len())).await;
    scenes.extend(lines);
    Ok((admins, verdicts))
}

/// The value, or the error noted in words.
fn noted<T>(result: anyhow::Result<T>, trouble: &mut Vec<String>) -> Option<T> {
    result.map_err(|error| trouble.push(format!("{error:#}"))).ok()
}

/// SIGINT or SIGTERM: then everything is dropped in order.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut term) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = term.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
