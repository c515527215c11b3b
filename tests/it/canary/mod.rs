//! The margin is nobody's but the admins': everything that anybody else can get is read, and nothing of it is there.
//!
//! Converted transfers are played with mids and spreads that appear nowhere else. Then every GET route of the
//! permission table is asked by everybody, with every id there is; so a new route is read here without a word, and one
//! whose ids are not known fails until [`reading::ids_for`] knows them. Text messages, metrics and every log line of the
//! process are read too. The same search over what admins get has to find everything, or it proves nothing.
//!
//! What can be reckoned all the same is written in `docs/adr/0026-what-operators-cannot-infer.md`.

mod log;
mod play;
mod reading;
mod secrets;

use std::collections::BTreeSet;
use std::sync::Mutex;

use moneybridge::telemetry::Metrics;

use crate::testkit::{Ask, TestApp, on_each_database_with};
use play::Played;
use reading::Said;
use secrets::Needles;

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_admins_reads_what_conversions_earn() {
    let lines = log::Lines::of_this_process();
    let metrics = moneybridge::telemetry::gather_metrics().unwrap();
    let (_folder, file) = play::corridors();
    let searched = Mutex::new(Vec::new());
    on_each_database_with(&[("config", &file)], async |app| {
        let played = play::through(app).await;
        let needles = secrets::of(app, &played).await;
        let (told, others) = read_all(app, &played).await;
        check_that_admins_see(&needles, &told);
        let found: Vec<String> = others.iter().flat_map(|said| needles.found_in(said)).collect();
        assert!(found.is_empty(), "{} leaks in {} answers:\n{}", found.len(), others.len(), some(&found));
        searched.lock().unwrap().push(needles);
    })
    .await;
    for needles in searched.lock().unwrap().iter() {
        let found = needles.found_in_lines("a log line", &lines.text());
        assert!(found.is_empty(), "{}", some(&found));
        let found = needles.found_in_metrics(&metrics.render());
        assert!(found.is_empty(), "{}", some(&found));
    }
    for needles in searched.lock().unwrap().iter() {
        check_that_lines_and_metrics_are_read(&lines, &metrics, needles);
    }
}

/// What admins were told, and what everybody else was.
async fn read_all(app: &TestApp, played: &Played<'_>) -> (Vec<Said>, Vec<Said>) {
    let mut told = Vec::new();
    let mut others = played.said.clone();
    for (who, token) in played.everybody() {
        let said = reading::everything(app, played, who, token.as_deref()).await;
        if who == play::ADMIN { told.extend(said) } else { others.extend(said) }
    }
    let inbox = app.control(Ask::get("/sms/inbox")).await;
    assert!(String::from_utf8_lossy(&inbox.bytes).contains("body"), "{inbox}");
    others.push(Said::new("a text message", "/sms/inbox", &inbox));
    (told, others)
}

/// Each secret is found in what admins read: the search can fail.
fn check_that_admins_see(needles: &Needles, told: &[Said]) {
    let seen: BTreeSet<String> = told.iter().flat_map(|said| needles.secrets_in(said)).collect();
    let unseen: Vec<&String> = needles.secrets().filter(|secret| !seen.contains(*secret)).collect();
    assert!(unseen.is_empty(), "not even admins read {unseen:#?}");
}

/// One figure in one fine line, or in one metric, would have been found.
fn check_that_lines_and_metrics_are_read(lines: &log::Lines, metrics: &Metrics, needles: &Needles) {
    let mark = lines.text().len();
    assert!(mark > 100_000, "the log is not captured");
    tracing::trace!(figure = needles.margins().max(), "a line of the control");
    let found = needles.found_in_lines("the control", &lines.text()[mark..]);
    assert!(!found.is_empty(), "a margin in the log would not be found");
    metrics::counter!("a_metric_of_the_control").absolute(needles.margins().min().unwrap_or_default());
    let found = needles.found_in_metrics(&metrics.render());
    assert!(!found.is_empty(), "a margin in a metric would not be found");
}

fn some(found: &[String]) -> String {
    found.iter().take(40).cloned().collect::<Vec<_>>().join("\n")
}
