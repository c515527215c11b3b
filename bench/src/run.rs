//! A whole run: rows chosen, books made, rounds taken, results told.

use std::collections::{BTreeSet, HashMap};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::book::{Book, Programs, Workers};
use crate::cluster::{Cluster, SCALE};
use crate::load::Times;
use crate::plan::{Engine, Measure, ROWS, Role, Row, measures};
use crate::report::{self, Found, Samples};
use crate::stats::short;
use crate::work::Bench;
use crate::{Arguments, machine, plot};

const WARM_UP: Duration = Duration::from_secs(1);
/// The part of the processors that others may use without a word.
const TOLERATED: f64 = 0.1;
/// What a grown book holds.
const POSTINGS: usize = 10_000_000;
/// Customers of the book whose transfers live whole lives.
const FEW: usize = 16;

/// Tells how far it has come, on standard error.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Runs what is asked for.
pub async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let rows = chosen(arguments)?;
    let programs = machine::programs(arguments.gateway.as_deref()).await?;
    let parent = arguments.folder.clone().unwrap_or_else(std::env::temp_dir);
    let folder = tempfile::Builder::new().prefix("moneybridge-bench.").tempdir_in(parent)?;
    // The server may run as another user.
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711))?;
    let cluster = Cluster::start(&folder.path().join("postgres")).await?;
    let outcome = tokio::select! {
        outcome = measured(arguments, &rows, &programs, folder.path(), cluster.clone()) => outcome,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    cluster.stop().await?;
    let missed = outcome?;
    Ok(if arguments.gate && missed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The rows that are asked for.
fn chosen(arguments: &Arguments) -> anyhow::Result<Vec<&'static Row>> {
    for name in &arguments.only {
        let names: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
        ensure!(names.contains(&name.as_str()), "there is no row {name}; there are {}", names.join(", "));
    }
    let is_asked = |row: &&Row| match arguments.only.is_empty() {
        true => !(row.is_long && arguments.quick),
        false => arguments.only.iter().any(|name| name == row.name),
    };
    Ok(ROWS.iter().filter(is_asked).collect())
}

/// Measures and tells; how many gates were missed.
async fn measured(
    arguments: &Arguments,
    rows: &[&Row],
    programs: &Programs,
    folder: &Path,
    cluster: Cluster,
) -> anyhow::Result<usize> {
    let (rounds, seconds) = if arguments.quick { (3, 3) } else { (5, 10) };
    let (rounds, seconds) = (arguments.rounds.unwrap_or(rounds), arguments.seconds.unwrap_or(seconds));
    let customers = arguments.customers.unwrap_or(if arguments.quick { 200 } else { 1_000 });
    let mut about = machine::about(folder).await;
    let others = machine::used_by_others().await;
    if others > TOLERATED {
        let share = short(others * 100.0);
        about.push((
            "warning".into(),
            format!("others used {share} % of the processors: the figures mean little"),
        ));
    }
    about.extend(cluster.settings().await?);
    about.push(("rounds".into(), format!("{rounds} of {seconds} s, after {} s each", WARM_UP.as_secs())));
    about.push(("customers".into(), customers.to_string()));
    about.push(("pgbench".into(), format!("TPC-B, scale {SCALE}, prepared statements")));
    about.iter().for_each(|(name, value)| say(&format!("{name}: {value}")));
    let wanted = measures(rows);
    let times = Times { warm_up: WARM_UP, time: Duration::from_secs(seconds), is_whole: false };
    let mut bench = prepared(&wanted, programs, folder, cluster, (customers, times)).await?;
    let mut samples = Samples::new();
    let (late, early): (Vec<Measure>, Vec<Measure>) = wanted.iter().partition(|measure| measure.is_late());
    rounds_of(&mut bench, &early, rounds, &mut samples).await?;
    for engine in [Engine::Postgres, Engine::Sqlite] {
        if late.iter().any(|measure| measure.roles().contains(&Role::Growing(engine))) {
            bench.grow(engine, POSTINGS).await?;
        }
    }
    rounds_of(&mut bench, &late, rounds, &mut samples).await?;
    say("verifying");
    let books = close(bench).await?;
    let found = report::found(&samples);
    let table = report::table(&found);
    write!(std::io::stdout().lock(), "\n{table}")?;
    keep(arguments, &about, &found, &samples, &books)?;
    Ok(found.iter().filter(|one| !one.is_met()).count())
}

/// Takes each measure once per round.
async fn rounds_of(
    bench: &mut Bench,
    measures: &[Measure],
    rounds: usize,
    samples: &mut Samples,
) -> anyhow::Result<()> {
    for round in 1..=rounds {
        for measure in measures {
            let since = Instant::now();
            let sample = bench.take(*measure).await?;
            say(&progress((round, rounds), *measure, &sample, since.elapsed()));
            samples.entry(*measure).or_default().push(sample);
        }
    }
    Ok(())
}

fn progress(
    (round, rounds): (usize, usize),
    measure: Measure,
    sample: &crate::plan::Sample,
    took: Duration,
) -> String {
    let mut line = format!(
        "round {round}/{rounds} {:<22} {:>7}/s  p50 {} ms  p99 {} ms",
        measure.name(),
        short(sample.rate),
        short(sample.p50_ms),
        short(sample.p99_ms)
    );
    let told = [
        ("kB", sample.kb),
        ("MB", sample.rss_mb),
        ("client cpu", sample.client_cpu),
        ("gateway cpu", sample.gateway_cpu),
        ("s to seal", sample.seal_lag_s),
    ];
    for (unit, value) in told {
        if let Some(value) = value {
            line.push_str(&format!("  {} {unit}", short(value)));
        }
    }
    format!("{line}  ({:.0} s)", took.as_secs_f64())
}

/// The books that the measures need, with people in them.
async fn prepared(
    wanted: &[Measure],
    programs: &Programs,
    folder: &Path,
    cluster: Cluster,
    (customers, times): (usize, Times),
) -> anyhow::Result<Bench> {
    if wanted.iter().any(|measure| matches!(measure, Measure::Pgbench(_))) {
        say("preparing pgbench");
        cluster.prepare_pgbench().await?;
    }
    let roles: BTreeSet<Role> = wanted.iter().flat_map(|measure| measure.roles()).collect();
    let mut books = HashMap::new();
    for (number, role) in roles.into_iter().enumerate() {
        say(&format!("preparing the book {role:?}"));
        let (name, place) = (format!("book{number}"), folder.join(format!("book{number}")));
        let url = match role.engine() {
            Engine::Postgres => cluster.create(&name).await?,
            Engine::Sqlite => format!("sqlite://{}", place.join("data/moneybridge.db").display()),
        };
        let (workers, customers) = match role {
            Role::Lives => (Workers::Working, FEW),
            Role::Main(_) | Role::Growing(_) => (Workers::Resting, customers),
        };
        books.insert(role, Book::make(url, programs, &place, customers, workers).await?);
    }
    Ok(Bench { times, cluster, books, rates: HashMap::new() })
}

/// Verifies every book.
async fn close(bench: Bench) -> anyhow::Result<Vec<Value>> {
    let mut told = Vec::new();
    for (role, book) in bench.books {
        let counted = book.close().await.with_context(|| format!("the book {role:?}"))?;
        told.push(json!({ "book": format!("{role:?}"), "counted": counted }));
    }
    Ok(told)
}

/// Writes what is asked for.
fn keep(
    arguments: &Arguments,
    about: &[(String, String)],
    found: &[Found],
    samples: &Samples,
    books: &[Value],
) -> anyhow::Result<()> {
    if let Some(path) = &arguments.json {
        let json = report::json(about, found, samples, books);
        std::fs::write(path, format!("{json:#}\n")).with_context(|| path.display().to_string())?;
    }
    let is_whole = !arguments.quick && arguments.only.is_empty() && !machine::is_debug();
    if arguments.docs || is_whole {
        let docs = Path::new(machine::ROOT).join("docs");
        let page = docs.join("performance.md");
        let document = std::fs::read_to_string(&page).with_context(|| page.display().to_string())?;
        let written = report::with_table(&document, about, &report::table(found));
        std::fs::write(&page, written.context("docs/performance.md has no place for the table")?)?;
        std::fs::write(docs.join("performance.svg"), plot::svg(found))?;
    }
    Ok(())
}
