//! What is measured, and what is asked of it: the rows with their gates, and the measures that each is made of.

use crate::stats::ratio;

/// Where a book is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Engine {
    Postgres,
    Sqlite,
}

impl Engine {
    /// As rows call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Engine::Postgres => "pg",
            Engine::Sqlite => "sqlite",
        }
    }
}

/// A book, by what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Most measures share it; promises rest.
    Main(Engine),
    /// Small at first and large in the end; promises rest.
    Growing(Engine),
    /// Its gateway keeps its promises.
    Lives,
}

impl Role {
    /// Where it is kept.
    pub fn engine(self) -> Engine {
        match self {
            Role::Main(engine) | Role::Growing(engine) => engine,
            Role::Lives => Engine::Postgres,
        }
    }
}

/// One thing that is run for some seconds in every round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// The yardstick: TPC-B by pgbench with so many clients.
    Pgbench(usize),
    /// `POST /v1/transfers` with so many clients.
    Transfers(Engine, usize),
    /// `POST /v1/transfers/bulk`, 500 items a request; counted in items.
    Bulk,
    /// Webhooks with forged signatures: verified, and no more.
    Ceiling(Engine),
    /// Webhooks as their provider signs them, each an event of its own but for one in ten.
    Webhooks(Engine),
    /// Transfers from Wave to Wave, from the quote to the end.
    Lifecycles,
    /// As `Transfers` with 256 clients, at a gateway that has just started.
    Fresh(Engine),
    /// As `Transfers` with 64 clients, on a book of some 10^5 postings.
    Young(Engine),
    /// The same on that book, when it has 10^7.
    Grown(Engine),
    /// The lists of a grown book.
    Lists,
}

impl Measure {
    /// The books that it needs.
    pub fn roles(self) -> Vec<Role> {
        match self {
            Measure::Pgbench(_) => vec![],
            Measure::Transfers(engine, _)
            | Measure::Fresh(engine)
            | Measure::Ceiling(engine)
            | Measure::Webhooks(engine) => vec![Role::Main(engine)],
            Measure::Bulk => vec![Role::Main(Engine::Postgres)],
            Measure::Lifecycles => vec![Role::Lives],
            Measure::Young(engine) | Measure::Grown(engine) => vec![Role::Growing(engine)],
            Measure::Lists => vec![Role::Growing(Engine::Postgres), Role::Growing(Engine::Sqlite)],
        }
    }

    /// Whether it is taken after the growing books have grown.
    pub fn is_late(self) -> bool {
        matches!(self, Measure::Grown(_) | Measure::Lists)
    }

    /// As the raw output calls it.
    pub fn name(self) -> String {
        match self {
            Measure::Pgbench(clients) => format!("pgbench_c{clients}"),
            Measure::Transfers(engine, clients) => format!("transfers_{}_c{clients}", engine.as_str()),
            Measure::Bulk => "bulk_pg".into(),
            Measure::Ceiling(engine) => format!("hmac_only_{}", engine.as_str()),
            Measure::Webhooks(engine) => format!("webhooks_{}", engine.as_str()),
            Measure::Lifecycles => "lifecycles_pg".into(),
            Measure::Fresh(engine) => format!("fresh_{}", engine.as_str()),
            Measure::Young(engine) => format!("young_{}", engine.as_str()),
            Measure::Grown(engine) => format!("grown_{}", engine.as_str()),
            Measure::Lists => "lists".into(),
        }
    }
}

/// What one measure gave in one round.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// Whole pieces of work per second.
    pub rate: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// Written to disk per piece of work, sealing included.
    pub kb: Option<f64>,
    /// Peak resident memory of the gateway.
    pub rss_mb: Option<f64>,
    /// Processor seconds per second, of the load generator and of the gateway.
    pub client_cpu: Option<f64>,
    pub gateway_cpu: Option<f64>,
    /// How long the sealer needed after the load ended.
    pub seal_lag_s: Option<f64>,
}

/// How a row follows from samples of one round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Formula {
    /// Rate of ours over the best rate of the yardsticks.
    Rate(Measure, &'static [Measure]),
    /// p99 over p50.
    Tail(Measure),
    /// p50 of ours over p50 of the yardstick.
    Latency(Measure, Measure),
    /// Kilobytes written per transfer.
    Written(Measure),
    /// Peak resident megabytes.
    Memory(Measure),
    /// p99 in milliseconds.
    Slowest(Measure),
}

impl Formula {
    /// Every measure that it needs, yardsticks first.
    pub fn measures(self) -> Vec<Measure> {
        match self {
            Formula::Rate(ours, yardsticks) => {
                yardsticks.iter().copied().chain(std::iter::once(ours)).collect()
            }
            Formula::Latency(ours, yardstick) => vec![yardstick, ours],
            Formula::Tail(ours) | Formula::Written(ours) | Formula::Memory(ours) | Formula::Slowest(ours) => {
                vec![ours]
            }
        }
    }

    /// The row's value, and what it was made of: ours and the yardstick's. None when a sample is missing.
    pub fn value<'s>(self, sample: impl Fn(Measure) -> Option<&'s Sample>) -> Option<Value> {
        match self {
            Formula::Rate(ours, yardsticks) => {
                let best = yardsticks.iter().filter_map(|one| sample(*one)).map(|one| one.rate);
                Value::of(sample(ours)?.rate, best.max_by(f64::total_cmp)?)
            }
            Formula::Tail(ours) => Value::of(sample(ours)?.p99_ms, sample(ours)?.p50_ms),
            Formula::Latency(ours, yardstick) => Value::of(sample(ours)?.p50_ms, sample(yardstick)?.p50_ms),
            Formula::Written(ours) => sample(ours)?.kb.map(Value::alone),
            Formula::Memory(ours) => sample(ours)?.rss_mb.map(Value::alone),
            Formula::Slowest(ours) => Some(Value::alone(sample(ours)?.p99_ms)),
        }
    }
}

/// A row's value in one round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Value {
    pub value: f64,
    pub ours: f64,
    /// What it was divided by, where it is a ratio.
    pub yardstick: Option<f64>,
}

impl Value {
    fn of(ours: f64, yardstick: f64) -> Option<Value> {
        ratio(ours, yardstick).map(|value| Value { value, ours, yardstick: Some(yardstick) })
    }

    fn alone(ours: f64) -> Value {
        Value { value: ours, ours, yardstick: None }
    }
}

/// One line of the result.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its name in the JSON file.
    pub name: &'static str,
    /// What it says, for people.
    pub what: &'static str,
    pub formula: Formula,
    pub gate: f64,
    pub aim: f64,
    /// Whether less is better.
    pub is_less_better: bool,
    /// Left out of quick runs.
    pub is_long: bool,
}

impl Row {
    /// Does `value` meet the gate?
    pub fn is_met(&self, value: f64) -> bool {
        if self.is_less_better { value <= self.gate } else { value >= self.gate }
    }
}

use Engine::{Postgres, Sqlite};
use Formula::{Latency, Memory, Rate, Slowest, Tail, Written};
use Measure::{Bulk, Ceiling, Fresh, Grown, Lifecycles, Lists, Pgbench, Transfers, Webhooks, Young};

const PGBENCH: &[Measure] = &[Pgbench(8), Pgbench(16), Pgbench(32)];

const fn row(name: &'static str, what: &'static str, formula: Formula, gate: f64, aim: f64) -> Row {
    Row { name, what, formula, gate, aim, is_less_better: false, is_long: false }
}

const fn less(row: Row) -> Row {
    Row { is_less_better: true, ..row }
}

const fn long(row: Row) -> Row {
    Row { is_long: true, ..row }
}

/// Every row, in the order in which they are told and, as far as they share measures, taken.
pub const ROWS: [Row; 18] = [
    row(
        "transfers_pg_c16",
        "transfers, 16 clients / pgbench 16",
        Rate(Transfers(Postgres, 16), &[Pgbench(16)]),
        1.6,
        2.7,
    ),
    row(
        "transfers_pg_c64",
        "transfers, 64 clients / best pgbench",
        Rate(Transfers(Postgres, 64), PGBENCH),
        2.8,
        5.0,
    ),
    row(
        "transfers_pg_c256",
        "transfers, 256 clients / best pgbench",
        Rate(Transfers(Postgres, 256), PGBENCH),
        3.6,
        7.0,
    ),
    row(
        "transfers_sqlite_c256",
        "transfers, 256 clients / best pgbench",
        Rate(Transfers(Sqlite, 256), PGBENCH),
        3.2,
        9.0,
    ),
    row("bulk_pg", "bulk items / best pgbench", Rate(Bulk, PGBENCH), 5.0, 9.0),
    row(
        "webhooks_pg",
        "webhooks kept / verified only",
        Rate(Webhooks(Postgres), &[Ceiling(Postgres)]),
        0.35,
        0.5,
    ),
    row(
        "webhooks_sqlite",
        "webhooks kept / verified only",
        Rate(Webhooks(Sqlite), &[Ceiling(Sqlite)]),
        0.35,
        0.5,
    ),
    row("lifecycles_pg", "Wave to Wave, whole / pgbench 16", Rate(Lifecycles, &[Pgbench(16)]), 0.1, 0.3),
    less(row("tail_pg_c64", "p99 / p50, 64 clients", Tail(Transfers(Postgres, 64)), 3.0, 2.0)),
    less(row("tail_sqlite_c64", "p99 / p50, 64 clients", Tail(Transfers(Sqlite, 64)), 8.0, 3.5)),
    long(row("growth_pg", "10^7 postings / 10^5", Rate(Grown(Postgres), &[Young(Postgres)]), 0.75, 0.95)),
    long(row("growth_sqlite", "10^7 postings / 10^5", Rate(Grown(Sqlite), &[Young(Sqlite)]), 0.75, 0.95)),
    less(row("kb_pg", "kB of WAL per transfer, 64 clients", Written(Transfers(Postgres, 64)), 4.0, 2.0)),
    less(row("kb_sqlite", "kB written per transfer, 64 clients", Written(Transfers(Sqlite, 64)), 12.0, 5.0)),
    less(row("rss_pg", "peak MB, 256 clients", Memory(Fresh(Postgres)), 96.0, 40.0)),
    less(row("rss_sqlite", "peak MB, 256 clients", Memory(Fresh(Sqlite)), 160.0, 96.0)),
    less(row(
        "lone_client_pg",
        "p50 of one client / pgbench's",
        Latency(Transfers(Postgres, 1), Pgbench(1)),
        1.5,
        1.0,
    )),
    less(long(row("lists_ms", "p99 ms of the slowest list, 10^7 postings", Slowest(Lists), 50.0, 10.0))),
];

/// The measures of `rows`, each once; a yardstick stands right before what it is held against.
pub fn measures(rows: &[&Row]) -> Vec<Measure> {
    let mut found = Vec::new();
    // One yardstick of each kind between ours, so that a slow second of the machine meets both.
    let mut yardsticks: Vec<Measure> = Vec::new();
    let mut ours: Vec<Measure> = Vec::new();
    for measure in rows.iter().flat_map(|row| row.formula.measures()) {
        let list = if matches!(measure, Pgbench(_)) { &mut yardsticks } else { &mut ours };
        if !list.contains(&measure) {
            list.push(measure);
        }
    }
    let mut yardsticks = yardsticks.into_iter();
    for measure in ours {
        found.extend(yardsticks.next());
        found.push(measure);
    }
    found.extend(yardsticks);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn rows_have_the_names_that_others_look_for() {
        let names: BTreeSet<&str> = ROWS.iter().map(|row| row.name).collect();
        let known = "bulk_pg growth_pg growth_sqlite kb_pg kb_sqlite lifecycles_pg lists_ms lone_client_pg rss_pg \
                     rss_sqlite tail_pg_c64 tail_sqlite_c64 transfers_pg_c16 transfers_pg_c256 transfers_pg_c64 \
                     transfers_sqlite_c256 webhooks_pg webhooks_sqlite";
        assert_eq!(names, known.split_whitespace().collect());
        for row in ROWS {
            let is_beyond = if row.is_less_better { row.aim < row.gate } else { row.aim > row.gate };
            assert!(is_beyond, "{} aims below its gate", row.name);
        }
    }

    #[test]
    fn a_rate_is_held_against_the_best_yardstick() {
        let samples = [(Pgbench(8), 900.0), (Pgbench(16), 1_200.0), (Pgbench(32), 1_000.0)];
        let ours = (Transfers(Postgres, 64), 3_600.0);
        let samples: Vec<(Measure, Sample)> = samples
            .into_iter()
            .chain([ours])
            .map(|(measure, rate)| (measure, Sample { rate, ..Sample::default() }))
            .collect();
        let find = |wanted| samples.iter().find(|(measure, _)| *measure == wanted).map(|(_, sample)| sample);
        let value = ROWS[1].formula.value(find).unwrap();
        assert_eq!((value.value, value.ours, value.yardstick), (3.0, 3_600.0, Some(1_200.0)));
        assert_eq!(ROWS[0].formula.value(find), None, "a missing sample is no value");
        assert!(ROWS[1].is_met(2.8) && !ROWS[1].is_met(2.79));
    }

    #[test]
    fn tails_and_latencies_are_ratios_and_sizes_are_not() {
        let sample = |p50_ms, p99_ms| Sample { p50_ms, p99_ms, kb: Some(3.5), ..Sample::default() };
        let (ours, theirs) = (sample(2.0, 5.0), sample(1.0, 9.0));
        let find = |measure| Some(if matches!(measure, Pgbench(_)) { &theirs } else { &ours });
        let named = |name: &str| ROWS.iter().find(|row| row.name == name).unwrap();
        let value = |name| named(name).formula.value(find).unwrap().value;
        assert_eq!((value("tail_pg_c64"), value("lone_client_pg"), value("kb_pg")), (2.5, 2.0, 3.5));
        assert_eq!(named("rss_pg").formula.value(find), None);
        assert!(named("kb_pg").is_met(4.0) && !named("kb_pg").is_met(4.1));
    }

    #[test]
    fn yardsticks_stand_between_ours_and_nothing_is_measured_twice() {
        let rows: Vec<&Row> = ROWS.iter().filter(|row| !row.is_long).collect();
        let all = measures(&rows);
        let once: BTreeSet<Measure> = all.iter().copied().collect();
        assert_eq!(once.len(), all.len());
        assert!(matches!(all[..4], [Pgbench(16), Transfers(..), Pgbench(8), Transfers(..)]), "{all:?}");
        assert_eq!(measures(&[&ROWS[0]]), [Pgbench(16), Transfers(Postgres, 16)]);
    }
}
