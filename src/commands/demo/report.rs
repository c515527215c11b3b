//! What the demo has to say at its end, for people and for programs.

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use domain::{Account, Money};
use serde_json::{Value, json};

use super::books::{Books, Float, TrialLine};
use super::rails::fault::{self, TARGETS, Target};
use super::rails::faults::Verdict;
use super::scenes::Played;

/// Columns of a terminal that nobody measured.
const WIDTH: u16 = 120;

/// How everything went.
#[derive(Debug)]
pub struct Report {
    /// Where the book was kept.
    pub database: &'static str,
    /// The folder, when it was to be kept.
    pub kept: Option<PathBuf>,
    pub took: Duration,
    pub scenes: Vec<Played>,
    /// None when the faults were not played.
    pub faults: Option<Vec<Verdict>>,
    pub books: Option<Books>,
    /// What `verify` found, and whether all was well.
    pub verified: Option<(bool, Value)>,
    /// What went wrong beside the scenes.
    pub trouble: Vec<String>,
}

impl Report {
    /// Everything that is off, in words; empty when all went as it should.
    pub fn problems(&self) -> Vec<String> {
        let failed = |scene: &Played| {
            let error = scene.outcome.as_ref().err()?;
            Some(format!("{} {}: {error}", scene.number, scene.title))
        };
        let mut problems: Vec<String> = self.scenes.iter().filter_map(failed).collect();
        problems.extend(self.books.iter().flat_map(|books| books.differences.clone()));
        if let Some((false, found)) = &self.verified {
            problems.push(format!("verify: {found}"));
        }
        problems.extend(self.trouble.clone());
        problems
    }

    /// One JSON document.
    pub fn to_json(&self) -> Value {
        json!({
            "ok": self.problems().is_empty(),
            "problems": self.problems(),
            "database": self.database,
            "folder": self.kept,
            "duration_ms": milliseconds(self.took),
            "scenes": self.scenes.iter().map(scene_json).collect::<Vec<_>>(),
            "faults": self.faults.as_ref().map(|faults| faults.iter().map(fault_json).collect::<Vec<_>>()),
            "trial_balance": self.books.as_ref().map(trial_balance_json),
            "comparison": self.books.as_ref().map(comparison_json),
            "verify": self.verified.as_ref().map(|(_, found)| found),
        })
    }

    /// Tables and a last line.
    pub fn to_text(&self) -> String {
        let mut out = format!("\n{}\n", scenes_table(&self.scenes));
        if let Some(faults) = &self.faults {
            let _ = writeln!(
                out,
                "\nEvery fault around every request that moves money\n{}",
                faults_table(faults)
            );
        }
        if let Some(books) = &self.books {
            let _ = writeln!(out, "\nTrial balance\n{}", trial_balance_table(books));
            let _ =
                writeln!(out, "\nOur ledger beside the simulators' own record\n{}", comparison_table(books));
            let (matched, operations) = (books.matched, books.operations);
            let _ = writeln!(
                out,
                "{matched} of {operations} operations at the simulators are exactly one movement of ours each."
            );
        }
        if let Some((is_good, found)) = &self.verified {
            let _ = writeln!(out, "\nverify: {}", if *is_good { "all is well" } else { "something is off" });
            let _ = writeln!(out, "{}", facts(found));
        }
        let problems = self.problems();
        for problem in &problems {
            let _ = writeln!(out, "✗ {problem}");
        }
        let verdict = if problems.is_empty() { "Everything adds up" } else { "Something is off" };
        let seconds = self.took.as_secs_f32();
        let _ =
            writeln!(out, "\n{verdict}: {} scenes, {}, {seconds:.1} s.", self.scenes.len(), self.database);
        if let Some(folder) = &self.kept {
            let _ = writeln!(out, "Books and log are in {}.", folder.display());
        }
        out
    }
}

fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

fn scene_json(scene: &Played) -> Value {
    let ending = scene.outcome.as_ref();
    let transfers = ending.map(|ending| &ending.transfers[..]).unwrap_or_default();
    let transfers = transfers.iter().map(|(id, events)| json!({ "id": id, "events": events }));
    json!({
        "number": scene.number,
        "title": scene.title,
        "ok": ending.is_ok(),
        "outcome": ending.map_or_else(Clone::clone, |ending| ending.what.clone()),
        "duration_ms": milliseconds(scene.took),
        "transfers": transfers.collect::<Vec<_>>(),
    })
}

fn fault_json(verdict: &Verdict) -> Value {
    let (trial, ended) = (&verdict.trial, verdict.ended.as_ref());
    json!({
        "rail": trial.target.rail.as_str(),
        "request": trial.target.kind.as_str(),
        "fault": trial.fault.word(),
        "ok": ended.is_ok_and(|end| *end == trial.end),
        "expected": trial.end.word(),
        "end": ended.map_or_else(Clone::clone, |end| end.word().to_owned()),
    })
}

fn trial_balance_json(books: &Books) -> Value {
    let line = |line: &TrialLine| {
        let (currency, (debit, credit)) = (line.balance.currency(), line.columns());
        let major = |minor| Money::new(minor, currency).major();
        json!({
            "account": line.account.to_string(),
            "currency": currency.code(),
            "debit": major(debit),
            "credit": major(credit),
        })
    };
    books.trial_balance.iter().map(line).collect()
}

fn comparison_json(books: &Books) -> Value {
    let float = |float: &Float| {
        json!({
            "account": float.account.to_string(),
            "ledger": float.ours.major(),
            "simulator": float.theirs.major(),
            "currency": float.ours.currency().code(),
        })
    };
    json!({
        "floats": books.floats.iter().map(float).collect::<Vec<_>>(),
        "operations": books.operations,
        "matched_movements": books.matched,
        "differences": books.differences,
    })
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(UTF8_BORDERS_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH);
    table.set_header(header);
    table
}

fn align_right(table: &mut Table, columns: &[usize]) {
    for column in columns {
        if let Some(column) = table.column_mut(*column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

fn scenes_table(scenes: &[Played]) -> Table {
    let mut table = table(&["scene", "path", "duration", "outcome"]);
    for scene in scenes {
        let (mark, outcome) = match &scene.outcome {
            Ok(ending) => ('✓', ending.what.clone()),
            Err(error) => ('✗', error.clone()),
        };
        let name = format!("{} {}", scene.number, scene.title);
        let seconds = format!("{:.1} s", scene.took.as_secs_f32());
        table.add_row([name, path(scene), seconds, format!("{mark} {outcome}")]);
    }
    align_right(&mut table, &[2]);
    table
}

/// The events of a scene's transfers, without the first, which all have.
fn path(scene: &Played) -> String {
    let transfers = scene.outcome.as_ref().map(|ending| &ending.transfers[..]).unwrap_or_default();
    let events = |(_, events): &(String, Vec<String>)| {
        let words: Vec<String> = events.iter().skip(1).map(|event| event.replace('_', " ")).collect();
        words.join(" → ")
    };
    transfers.iter().map(events).collect::<Vec<_>>().join(" ⇒ ")
}

fn trial_balance_table(books: &Books) -> Table {
    let mut table = table(&["account", "debit", "credit"]);
    let figure = |minor: i64, line: &TrialLine| grouped(&Money::new(minor, line.balance.currency()).major());
    let is_even =
        |line: &&TrialLine| matches!(line.account, Account::Customer { .. }) && line.balance.is_zero();
    let even = books.trial_balance.iter().filter(is_even).count();
    for line in books.trial_balance.iter().filter(|line| !is_even(line)) {
        let name = line.account.to_string();
        table.add_row(match line.columns() {
            (0, credit) if !line.account.kind().is_debit_normal() || credit != 0 => {
                [name, String::new(), figure(credit, line)]
            }
            (debit, _) => [name, figure(debit, line), String::new()],
        });
    }
    table.add_row([format!("{even} accounts of customers"), String::new(), "0".to_owned()]);
    for (currency, (debits, credits)) in books.totals() {
        let figure = |minor| grouped(&Money::new(minor, currency).major());
        table.add_row([format!("total {currency}"), figure(debits), figure(credits)]);
    }
    align_right(&mut table, &[1, 2]);
    table
}

/// A row for each fault, a column for each request; empty where the fault cannot happen.
fn faults_table(verdicts: &[Verdict]) -> Table {
    let titles = TARGETS.each_ref().map(Target::title);
    let header: Vec<&str> = std::iter::once("fault").chain(titles.iter().map(String::as_str)).collect();
    let mut table = table(&header);
    for fault in fault::ALL {
        let cell = |target: &Target| {
            let of = |verdict: &&Verdict| {
                let met = verdict.trial.target;
                verdict.trial.fault == fault && (met.rail, met.kind) == (target.rail, target.kind)
            };
            let end = |verdict: &Verdict| match &verdict.ended {
                Ok(end) if *end == verdict.trial.end => end.word(),
                _ => "✗",
            };
            verdicts.iter().find(of).map(end).unwrap_or_default()
        };
        let name = fault.word().replace('_', " ");
        table.add_row(std::iter::once(name.as_str()).chain(TARGETS.iter().map(cell)));
    }
    table
}

fn comparison_table(books: &Books) -> Table {
    let mut table = table(&["account", "our ledger", "simulator", "difference"]);
    for float in &books.floats {
        let difference = float.ours.checked_sub(float.theirs).map_or_else(|_| "?".into(), |gap| gap.major());
        let (ours, theirs) = (grouped(&float.ours.major()), grouped(&float.theirs.major()));
        table.add_row([float.account.to_string(), ours, theirs, difference]);
    }
    align_right(&mut table, &[1, 2, 3]);
    table
}

/// What a program said, a line for each fact or group of facts; lists are left to programs.
fn facts(found: &Value) -> String {
    let Some(fields) = found.as_object() else { return found.to_string() };
    let told = fields.iter().filter(|(_, value)| !value.is_array());
    let line = |(name, value): (&String, &Value)| match value.as_object() {
        None => format!("  {name}: {value}"),
        Some(group) => {
            let facts: Vec<String> = group.iter().map(|(name, value)| format!("{name} {value}")).collect();
            format!("  {name}: {}", facts.join(", "))
        }
    };
    told.map(line).collect::<Vec<_>>().join("\n")
}

/// `49989900` as `49 989 900`.
fn grouped(number: &str) -> String {
    let (whole, decimals) =
        number.split_once('.').map_or((number, None), |(whole, rest)| (whole, Some(rest)));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut out = sign.to_owned();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    decimals.into_iter().for_each(|decimals| out.extend([".", decimals]));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::demo::scenes::Ending;

    fn report(outcome: Result<Ending, String>) -> Report {
        let took = Duration::from_millis(1500);
        let scenes = vec![Played { number: 1, title: "paid in the app", took, outcome }];
        Report {
            database: "SQLite",
            kept: None,
            took,
            scenes,
            faults: None,
            books: None,
            verified: Some((true, json!({}))),
            trouble: vec![],
        }
    }

    #[test]
    fn figures_are_grouped_by_thousands() {
        for (plain, shown) in
            [("0", "0"), ("999", "999"), ("1000", "1 000"), ("-49989900.50", "-49 989 900.50")]
        {
            assert_eq!(grouped(plain), shown);
        }
    }

    #[test]
    fn whatever_is_off_is_a_problem() {
        let ending = Ending {
            transfers: vec![("transfer_1".into(), vec!["created".into(), "funded".into()])],
            what: "completed".into(),
        };
        let good = report(Ok(ending));
        assert_eq!((good.problems(), good.to_json()["ok"].as_bool()), (vec![], Some(true)));
        assert!(good.to_text().contains("Everything adds up") && good.to_text().contains("funded"));
        let failed = report(Err("the transfer is expired".into()));
        assert_eq!(failed.problems(), ["1 paid in the app: the transfer is expired"]);
        assert!(failed.to_text().contains("Something is off"));
        let unsound = Report { verified: Some((false, json!({ "ok": false }))), ..report(Err("x".into())) };
        assert_eq!(unsound.problems().len(), 2);
        assert_eq!(unsound.to_json()["ok"], false);
    }
}
