//! The lists of a grown book: every one, asked for again and again; the slowest counts.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, ensure};
use domain::{Account, Currency};

use crate::book::Book;
use crate::load::{Connection, Times, fire, request};
use crate::plan::Sample;
use crate::run::say;
use crate::stats::short;

/// A few people look at the same time.
const CLIENTS: usize = 4;
/// How often each list is asked for, at most and for how long.
const TIMES: usize = 400;
const LONGEST: Duration = Duration::from_secs(5);

/// What a customer asks for.
const OWN: [&str; 3] =
    ["/v1/transfers?limit=100", "/v1/transfers?limit=100&status=completed", "/v1/me/sessions?limit=100"];
/// What staff ask for; a status or word that nothing has makes the search go through everything, if it can.
const STAFF: [&str; 14] = [
    "/v1/transfers?limit=100",
    "/v1/transfers?limit=100&status=funded",
    "/v1/transfers?limit=100&status=refunding",
    "/v1/transfers?limit=100&reference=nobody",
    "/v1/transfers?limit=100&created_before=2020-01-01T00:00:00Z",
    "/v1/admin/accounts?limit=100",
    "/v1/admin/audit?limit=100",
    "/v1/admin/inbox?limit=100",
    "/v1/admin/outbox?limit=100",
    "/v1/admin/uncertain?limit=100",
    "/v1/admin/attention?limit=100",
    "/v1/admin/movements?limit=100",
    "/v1/admin/alerts?limit=100",
    "/v1/admin/approvals?limit=100",
];

/// The slowest list of `book`, as its name and sample.
pub async fn run(book: &Book) -> anyhow::Result<(String, Sample)> {
    let customer = book.customers.first().context("nobody")?.authorization();
    let admin = book.admin.authorization();
    let euro = Currency::parse("EUR").map_err(|_| anyhow::anyhow!("there are no euros"))?;
    let hot = format!("/v1/admin/accounts/{}/entries?limit=100", Account::FeeRevenue { currency: euro }.id());
    let own = OWN.iter().map(|path| (*path, &customer));
    let staff = STAFF.iter().copied().chain([hot.as_str()]).map(|path| (path, &admin));
    let mut slowest: Option<(String, Sample)> = None;
    for (path, who) in own.chain(staff) {
        let sample = one(book.gateway.address, path, who).await.with_context(|| path.to_owned())?;
        say(&format!("  {path}: p50 {} ms, p99 {} ms", short(sample.p50_ms), short(sample.p99_ms)));
        if slowest.as_ref().is_none_or(|(_, slowest)| slowest.p99_ms < sample.p99_ms) {
            slowest = Some((path.to_owned(), sample));
        }
    }
    slowest.context("there are no lists")
}

/// A list and, where it has one, its second page.
async fn one(gateway: SocketAddr, path: &str, who: &str) -> anyhow::Result<Sample> {
    let first = request("GET", path, &[who], b"");
    let (status, page) = Connection::open(gateway).await?.ask(&first).await?;
    ensure!(status == 200, "answered {status}: {page}");
    let mut requests = vec![first];
    if let Some(cursor) = page["next_cursor"].as_str() {
        requests.push(request("GET", &format!("{path}&cursor={cursor}"), &[who], b""));
    }
    let requests: Vec<Vec<u8>> = requests.iter().cycle().take(TIMES).cloned().collect();
    let times = Times { warm_up: Duration::ZERO, time: LONGEST, is_whole: true };
    let shot = fire(gateway, &requests, CLIENTS, times).await?;
    shot.expect_only(200)?;
    Ok(Sample { rate: shot.rate, p50_ms: shot.p50_ms, p99_ms: shot.p99_ms, ..Sample::default() })
}
