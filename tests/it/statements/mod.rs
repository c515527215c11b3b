//! Providers' statements: read by the job, kept once, shown to staff, and held against balances.

mod listed;
mod rails;
mod reading;

use std::time::{Duration, Instant};

use serde_json::Value;
use store::provider_lines::{self, LineFilter, ProviderLine};
use store::statement_reads::{self, StatementRead};

use crate::testkit::{Ask, Staff, TestApp};

/// Longer than any story, so that statements are read when a test says so.
const EVERY: i64 = 3_600;

/// Settings of a gateway that reads statements.
const READS: &[(&str, &str)] = &[("statements.every_s", "3600"), ("statements.lag_s", "7200")];

async fn reads(app: &TestApp) -> Vec<StatementRead> {
    statement_reads::list(&mut app.app().db.read().await.unwrap().conn()).await.unwrap()
}

/// Reads every statement up to now.
async fn read(app: &TestApp) -> Vec<StatementRead> {
    read_unless(app, &[]).await
}

/// Likewise where some wallets cannot be read: those have failed. A round that was under way saw what was before it, so
/// it is waited for and does not count.
async fn read_unless(app: &TestApp, failing: &[&str]) -> Vec<StatementRead> {
    for _ in 0..3 {
        idle(app).await;
        app.move_clocks(EVERY + 1).await;
        let now = app.app().clock.now() - chrono::TimeDelta::seconds(1);
        let reads = idle(app).await;
        let is_done = |read: &StatementRead| match failing.contains(&name(read).as_str()) {
            true => read.failures > 0,
            false => read.pass.is_none() && read.whole_at.is_some_and(|at| at >= now),
        };
        if reads.iter().all(is_done) {
            return reads;
        }
    }
    panic!("statements are not read: {:#?}", reads(app).await);
}

/// Waits until every wallet was read as far as it is due, and nobody reads.
async fn idle(app: &TestApp) -> Vec<StatementRead> {
    let begun = Instant::now();
    loop {
        let reads = reads(app).await;
        let gateway = app.app();
        let now = gateway.clock.now();
        let jobs = store::jobs::list(&mut gateway.db.read().await.unwrap().conn()).await.unwrap();
        let is_free = jobs.iter().any(|job| job.name == "statements" && job.leased_until.is_none());
        let is_all = reads.len() == gateway.providers.iter().count();
        if is_free && is_all && reads.iter().all(|read| read.due_at > now) {
            return reads;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{reads:#?} {jobs:#?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn name(read: &StatementRead) -> String {
    format!("{}:{}", read.provider, read.wallet)
}

/// The wallet's lines, oldest first.
async fn lines(app: &TestApp, wallet: &str) -> Vec<ProviderLine> {
    let (provider, wallet) = wallet.split_once(':').unwrap();
    let filter = LineFilter {
        provider: Some(provider.parse().unwrap()),
        wallet: Some(domain::Wallet::parse(wallet).unwrap()),
        ..LineFilter::default()
    };
    let app = app.app();
    let mut reader = app.db.read().await.unwrap();
    let mut found = provider_lines::list(&mut reader.conn(), &filter, None, 100_000).await.unwrap();
    found.reverse();
    found
}

/// As "collection 10100 100 list": kind, gross, fee and how it was learned.
async fn shown(app: &TestApp, wallet: &str) -> Vec<String> {
    let lines = lines(app, wallet).await;
    let shown = |line: &ProviderLine| {
        format!("{} {} {} {}", line.kind, line.gross.minor(), line.fee.minor(), line.learned)
    };
    lines.iter().map(shown).collect()
}

/// What the wallet's lines come to, which is also what was counted on the way.
async fn net(app: &TestApp, wallet: &str) -> i64 {
    let lines = lines(app, wallet).await;
    let sum: i64 = lines.iter().map(|line| line.net.minor()).sum();
    let read = reads(app).await.into_iter().find(|read| name(read) == wallet).unwrap();
    let many = i64::try_from(lines.len()).unwrap();
    assert_eq!((read.net_minor, read.lines), (sum, many), "as counted, and as kept: {wallet}");
    sum
}

async fn listed(staff: &Staff<'_>, query: &str) -> Value {
    staff.ask(Ask::get(format!("/v1/admin/statement_lines{query}"))).await.expect(200)
}
