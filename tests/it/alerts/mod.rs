//! Alerts: what is raised, who is told of it and how often, and what ends it.

mod checks;
mod drift;
mod mail;
mod staff;
mod webhook;

use domain::{Currency, Money, Provider, Wallet};
use moneybridge::services::alerts;
use store::alerts::{Alert, Shown};

use crate::testkit::{Receiver, TestApp};

/// The key of the tests' webhook.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw4lXLzEtnQ0k=";

/// Something that happened, with `source` as its own subject.
async fn something_happens(app: &TestApp, source: &str) {
    let wallet = Wallet::parse("sn").unwrap();
    let amount = Money::new(5_000, Currency::parse("XOF").unwrap());
    alerts::unapplied_funds(&app.app(), Provider::ALL[0], &wallet, source, amount).await;
}

/// A receiver of the story's own, and the settings that lead to it.
async fn a_receiver() -> (Vec<(&'static str, String)>, Receiver) {
    let receiver = Receiver::start().await;
    let settings = vec![
        ("alerts.webhook.url", receiver.url.clone()),
        ("alerts.webhook.secrets", SECRET.to_owned()),
        ("alerts.check_s", "60".to_owned()),
    ];
    (settings, receiver)
}

/// Alerts of a kind, as "subject status", those seen first first.
pub async fn of_kind(app: &TestApp, kind: &str) -> Vec<String> {
    let mut listed = alerts::list(&app.app(), Shown::All, None, 100).await.unwrap();
    listed.retain(|alert| alert.kind.as_str() == kind);
    listed.reverse();
    let status = |alert: &Alert| if alert.resolved_at.is_some() { "resolved" } else { "open" };
    listed.iter().map(|alert| format!("{} {}", alert.subject, status(alert))).collect()
}

/// Looks the book over now, as the loops do when they are due, and tells what is to be told. A look that is under way
/// saw the book as it was before, so it is waited for and does not count.
pub async fn look_over(app: &TestApp) {
    jobs_until(app, |jobs| jobs.iter().all(|job| job.leased_until.is_none())).await;
    app.move_clocks(61).await;
    let due = app.app().clock.now() - chrono::TimeDelta::seconds(61);
    let looks_at_balances = app.app().config.alerts.drift_check_s > 0;
    jobs_until(app, |jobs| {
        let ran = |name: &str| {
            let job = jobs.iter().find(|job| job.name == name);
            job.is_some_and(|job| job.leased_until.is_none() && job.last_run_at.is_some_and(|at| at > due))
        };
        ran("alerts.check") && (!looks_at_balances || ran("alerts.drift"))
    })
    .await;
}

async fn jobs_until(app: &TestApp, so: impl Fn(&[store::jobs::Job]) -> bool) {
    let (app, begun) = (app.app(), std::time::Instant::now());
    loop {
        let jobs = store::jobs::list(&mut app.db.read().await.unwrap().conn()).await.unwrap();
        let of_alerts: Vec<_> = jobs.into_iter().filter(|job| job.name.starts_with("alerts.")).collect();
        if so(&of_alerts) {
            return;
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{of_alerts:#?}");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}
