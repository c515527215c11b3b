//! How each trial ended, by our timeline as the house reads it and by the simulators' own records.

use std::collections::BTreeMap;

use anyhow::Context;
use domain::{Money, Provider};
use futures::future::try_join_all;
use serde_json::Value;

use super::fault::End;
use super::faults::{Ordered, Verdict};
use crate::commands::demo::http::{Request, data, text};
use crate::commands::demo::person::Person;
use crate::commands::demo::simulators;
use crate::commands::demo::stage::Stage;

/// The records of every simulator, and how often each fault that was set has happened.
struct Evidence {
    records: BTreeMap<&'static str, Vec<Value>>,
    fired: BTreeMap<u64, u64>,
}

/// Judges every trial.
pub async fn all(stage: &Stage, admin: &Person<'_>, ordered: &[Ordered]) -> anyhow::Result<Vec<Verdict>> {
    let mut evidence = Evidence { records: BTreeMap::new(), fired: BTreeMap::new() };
    for provider in simulators::ALL {
        evidence.records.insert(provider.as_str(), stage.record(provider).await?);
        let path = format!("/_control/{}/faults", simulators::name(provider));
        for fault in data(&stage.simulators.ask(&Request::get(path)).await?) {
            let count = |field: &str| fault.get(field).and_then(Value::as_u64).unwrap_or_default();
            evidence.fired.insert(count("id"), count("fired"));
        }
    }
    let verdicts = ordered.iter().map(async |ordered| {
        let view = admin.ask(Request::get(format!("/v1/transfers/{}", ordered.id))).await?;
        let story = timeline(admin, &ordered.id).await?;
        let ended = evidence.end(ordered, &view, &story).map_err(|error| format!("{error:#}"));
        anyhow::Ok(Verdict { trial: ordered.trial, ended })
    });
    try_join_all(verdicts).await
}

/// What all trials of one rail came to, in words.
///
/// Errors: which of them did not end as they had to.
pub fn together(verdicts: &[&Verdict]) -> Result<String, String> {
    let (mut counts, mut wrong): (Vec<(End, usize)>, Vec<String>) = (Vec::new(), Vec::new());
    for verdict in verdicts {
        let (trial, expected) = (&verdict.trial, verdict.trial.end);
        let name = || format!("{} when {}", trial.fault.word(), trial.target.title());
        match &verdict.ended {
            Ok(end) if *end == expected => match counts.iter_mut().find(|(known, _)| known == end) {
                Some((_, count)) => *count += 1,
                None => counts.push((*end, 1)),
            },
            Ok(end) => wrong.push(format!("{}: {}, not {}", name(), end.word(), expected.word())),
            Err(error) => wrong.push(format!("{}: {error}", name())),
        }
    }
    if !wrong.is_empty() {
        return Err(wrong.join("; "));
    }
    let counts: Vec<String> = counts.iter().map(|(end, count)| format!("{count} {}", end.word())).collect();
    Ok(format!(
        "{} of {}, money moved once or not at all: {}",
        verdicts.len(),
        verdicts.len(),
        counts.join(", ")
    ))
}

impl Evidence {
    fn end(&self, ordered: &Ordered, view: &Value, story: &[Value]) -> anyhow::Result<End> {
        let target = ordered.trial.target;
        let fired = ordered.fault.map(|fault| self.fired.get(&fault).copied().unwrap_or_default());
        anyhow::ensure!(fired.is_none_or(|fired| fired == 1), "it did not happen");
        let references = named(story, target.kind.as_str());
        let side = if target.is_collection() { "total_to_pay" } else { "receive" };
        let amount = view.get(side).map(|amount| text(amount, "amount")).context("no amount")?;
        let amount = Money::parse(amount, ordered.trial.currency())?;
        let provider = target.rail.provider().context("nobody moves this money")?;
        let moved = self.moved(provider, &references);
        let status = text(view, "status");
        let has = |event: &str| story.iter().any(|line| text(line, "event") == event);
        let (end, expected) = match status {
            "refunded" => (End::GivenBack, vec![]),
            "completed" if references.len() > 1 => (End::Replaced, vec![amount.major()]),
            "completed" if has("sent_again") => (End::SentAgain, vec![amount.major()]),
            "completed" if has("outcome_unknown") => (End::Found, vec![amount.major()]),
            "completed" => (End::Done, vec![amount.major()]),
            status => anyhow::bail!("the transfer is {status}"),
        };
        anyhow::ensure!(moved == expected, "{moved:?} moved, not {expected:?}");
        let received = story.iter().filter(|line| text(line, "event") == "payment_received").count();
        anyhow::ensure!(received <= 1, "the payment was credited {received} times");
        Ok(end)
    }

    /// Amounts that moved there under these references.
    fn moved(&self, provider: Provider, references: &[String]) -> Vec<String> {
        let record = self.records.get(provider.as_str()).map_or(&[][..], Vec::as_slice);
        let is_of = |operation: &&Value| {
            let told = text(operation, "reference").parse::<domain::Reference>();
            told.is_ok_and(|told| references.iter().any(|it| it.parse() == Ok(told)))
        };
        let moved = record.iter().filter(is_of).filter(|operation| simulators::has_moved(operation));
        moved.map(|operation| text(operation, "amount").to_owned()).collect()
    }
}

/// References of a transfer's movements of this kind, the oldest first.
pub async fn references(admin: &Person<'_>, transfer: &str, kind: &str) -> anyhow::Result<Vec<String>> {
    Ok(named(&timeline(admin, transfer).await?, kind))
}

async fn timeline(admin: &Person<'_>, transfer: &str) -> anyhow::Result<Vec<Value>> {
    let timeline = admin.ask(Request::get(format!("/v1/transfers/{transfer}/timeline"))).await?;
    Ok(data(&timeline).to_vec())
}

fn named(story: &[Value], kind: &str) -> Vec<String> {
    let movements =
        story.iter().filter_map(|line| line.get("movement")).filter(|it| text(it, "kind") == kind);
    let mut references: Vec<String> =
        movements.map(|movement| text(movement, "reference").to_owned()).collect();
    let mut known = std::collections::BTreeSet::new();
    references.retain(|reference| known.insert(reference.clone()));
    references
}
