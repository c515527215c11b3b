//! What a run found: rows with their rounds, as a table, as JSON, and in the repository's documents.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::plan::{Measure, ROWS, Row, Sample, Value as RowValue};
use crate::stats::{median, short};

/// Between these the documents' table is written.
const TABLE: (&str, &str) = ("<!-- table: written by bench -->", "<!-- table ends -->");

/// Samples of each measure, one per round.
pub type Samples = HashMap<Measure, Vec<Sample>>;

/// A row with its value in each round.
#[derive(Clone, Debug)]
pub struct Found {
    pub row: &'static Row,
    pub rounds: Vec<RowValue>,
    /// The median of the rounds.
    pub value: f64,
}

impl Found {
    pub fn is_met(&self) -> bool {
        self.row.is_met(self.value)
    }

    fn median_of(&self, of: impl Fn(&RowValue) -> Option<f64>) -> Option<f64> {
        median(&self.rounds.iter().filter_map(of).collect::<Vec<_>>())
    }
}

/// The rows that `samples` suffice for.
pub fn found(samples: &Samples) -> Vec<Found> {
    let rounds = samples.values().map(Vec::len).max().unwrap_or(0);
    let of_row = |row: &'static Row| {
        let value = |round: usize| row.formula.value(|measure| samples.get(&measure)?.get(round));
        let rounds: Vec<RowValue> = (0..rounds).filter_map(value).collect();
        let value = median(&rounds.iter().map(|round| round.value).collect::<Vec<_>>())?;
        Some(Found { row, rounds, value })
    };
    ROWS.iter().filter_map(of_row).collect()
}

/// A table that reads well as text and as Markdown.
pub fn table(found: &[Found]) -> String {
    let header = ["Row", "What", "Ours", "Yardstick", "Value", "Rounds", "Gate", "Aim", "Met"];
    let mut lines: Vec<Vec<String>> = vec![header.map(str::to_owned).to_vec()];
    for one in found {
        let ours = one.median_of(|round| Some(round.ours)).map(short).unwrap_or_default();
        let yardstick = one.median_of(|round| round.yardstick).map(short).unwrap_or_default();
        let sign = if one.row.is_less_better { "≤" } else { "≥" };
        let rounds: Vec<String> = one.rounds.iter().map(|round| short(round.value)).collect();
        lines.push(vec![
            format!("`{}`", one.row.name),
            one.row.what.to_owned(),
            ours,
            yardstick,
            format!("**{}**", short(one.value)),
            rounds.join(" "),
            format!("{sign} {}", short(one.row.gate)),
            format!("{sign} {}", short(one.row.aim)),
            if one.is_met() { "yes" } else { "no" }.to_owned(),
        ]);
    }
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(3)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        for (cell, width) in line.iter().zip(&widths) {
            let pad = " ".repeat(width - cell.chars().count());
            let _ = write!(text, "| {cell}{pad} ");
        }
        text.push_str("|\n");
        if number == 0 {
            widths.iter().for_each(|width| {
                let _ = write!(text, "|{}", "-".repeat(width + 2));
            });
            text.push_str("|\n");
        }
    }
    text
}

/// Every row under its name, and the raw samples.
pub fn json(about: &[(String, String)], found: &[Found], samples: &Samples, books: &[Value]) -> Value {
    let rows: Map<String, Value> = found.iter().map(|one| (one.row.name.to_owned(), row(one))).collect();
    let raw: Map<String, Value> = samples
        .iter()
        .map(|(measure, samples)| (measure.name(), samples.iter().map(sample).collect::<Value>()))
        .collect();
    let about: Map<String, Value> = about.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    json!({ "about": about, "rows": rows, "raw": raw, "books": books })
}

fn row(found: &Found) -> Value {
    let round = |one: &RowValue| json!({ "value": one.value, "ours": one.ours, "yardstick": one.yardstick });
    json!({
        "value": found.value,
        "gate": found.row.gate,
        "aim": found.row.aim,
        "better": if found.row.is_less_better { "less" } else { "more" },
        "met": found.is_met(),
        "rounds": found.rounds.iter().map(round).collect::<Vec<_>>(),
    })
}

fn sample(one: &Sample) -> Value {
    json!({
        "rate": one.rate, "p50_ms": one.p50_ms, "p99_ms": one.p99_ms, "kb": one.kb, "rss_mb": one.rss_mb,
        "client_cpu": one.client_cpu, "gateway_cpu": one.gateway_cpu, "seal_lag_s": one.seal_lag_s,
    })
}

/// `document` with its table replaced; none when it has no place for one.
pub fn with_table(document: &str, about: &[(String, String)], table: &str) -> Option<String> {
    let (before, rest) = document.split_once(TABLE.0)?;
    let (_, after) = rest.split_once(TABLE.1)?;
    let mut settings = String::new();
    for (name, value) in about {
        let _ = writeln!(settings, "- {name}: {value}");
    }
    Some(format!("{before}{}\n\n{settings}\n{table}\n{}{after}", TABLE.0, TABLE.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Engine;

    fn samples() -> Samples {
        let rate = |rate| Sample { rate, kb: Some(3.0), ..Sample::default() };
        HashMap::from([
            (Measure::Pgbench(16), vec![rate(1_000.0), rate(2_000.0), rate(1_000.0)]),
            (Measure::Transfers(Engine::Postgres, 16), vec![rate(1_500.0), rate(5_000.0), rate(2_000.0)]),
        ])
    }

    #[test]
    fn a_row_is_the_median_of_its_rounds_each_held_against_its_own_yardstick() {
        let found = found(&samples());
        let names: Vec<&str> = found.iter().map(|one| one.row.name).collect();
        assert_eq!(names, ["transfers_pg_c16"], "rows without samples are not told");
        let values: Vec<f64> = found[0].rounds.iter().map(|round| round.value).collect();
        assert_eq!((values, found[0].value, found[0].is_met()), (vec![1.5, 2.5, 2.0], 2.0, true));
    }

    #[test]
    fn a_round_that_was_not_finished_counts_for_nothing() {
        let mut samples = samples();
        samples.get_mut(&Measure::Transfers(Engine::Postgres, 16)).unwrap().pop();
        assert_eq!(found(&samples)[0].rounds.len(), 2);
    }

    #[test]
    fn the_json_has_every_row_under_its_name_with_rounds_and_gate() {
        let samples = samples();
        let about = [("cores".to_owned(), "2".to_owned())];
        let json = json(&about, &found(&samples), &samples, &[]);
        let row = &json["rows"]["transfers_pg_c16"];
        assert_eq!((&row["value"], &row["gate"], &row["met"]), (&json!(2.0), &json!(1.6), &json!(true)));
        assert_eq!(row["rounds"][1], json!({ "value": 2.5, "ours": 5_000.0, "yardstick": 2_000.0 }));
        assert_eq!(json["raw"]["pgbench_c16"][2]["rate"], 1_000.0);
        assert_eq!(json["about"]["cores"], "2");
    }

    #[test]
    fn the_table_takes_its_place_in_a_document_and_nothing_else() {
        let table = table(&found(&samples()));
        assert!(table.lines().all(|line| line.starts_with('|') && line.ends_with('|')), "{table}");
        let document = format!("# Speed\n{}\nold\n{}\nend\n", TABLE.0, TABLE.1);
        let written = with_table(&document, &[("cores".into(), "2".into())], &table).unwrap();
        assert!(written.starts_with("# Speed\n") && written.ends_with("\nend\n") && !written.contains("old"));
        assert!(written.contains("- cores: 2") && written.contains("**2.00**"));
        assert_eq!(with_table(&written, &[("cores".into(), "2".into())], &table).unwrap(), written);
        assert_eq!(with_table("no place", &[], &table), None);
    }
}
