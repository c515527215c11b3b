//! The measures: what each sends, what that costs, and whether the book holds what was answered.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::book::Book;
use crate::cluster::Cluster;
use crate::load::{Shot, Times, fire, request};
use crate::orders::{events, order, webhooks};
use crate::people::Customer;
use crate::plan::{Engine, Measure, Role, Sample};
use crate::process::own_cpu_s;
use crate::run::say;
use crate::{lifecycles, lists, stats};

/// Orders in a bulk request, and such requests at once.
const BULK: usize = 500;
const BULK_CLIENTS: usize = 4;
/// Providers deliver with many connections.
const WEBHOOK_CLIENTS: usize = 64;
const LIFECYCLE_CLIENTS: usize = 16;
/// Clients of the rows about memory.
const MOST_CLIENTS: usize = 256;
/// Clients of the rows about growth.
const GROWTH_CLIENTS: usize = 64;
/// How long a growing book is filled before it is counted again.
const FILL: Duration = Duration::from_secs(20);

/// Everything that measures share.
pub struct Bench {
    pub times: Times,
    pub cluster: Cluster,
    pub books: HashMap<Role, Book>,
    /// The last rate of each measure: how much the next round has to prepare.
    pub rates: HashMap<Measure, f64>,
}

/// A book before a load.
struct Standing {
    written: f64,
    transfers: usize,
}

impl Bench {
    /// Runs a measure once.
    pub async fn take(&mut self, measure: Measure) -> anyhow::Result<Sample> {
        let enough = |first| self.times.enough_for(self.rates.get(&measure).copied().unwrap_or(first));
        let sample = match measure {
            Measure::Pgbench(clients) => self.cluster.run_pgbench(clients, self.times.time).await,
            Measure::Transfers(engine, clients) => {
                let count = enough(if clients < 16 { 1_500.0 } else { 4_000.0 });
                self.transfers(Role::Main(engine), count, clients).await
            }
            Measure::Fresh(engine) => {
                let count = enough(4_000.0);
                self.books.get_mut(&Role::Main(engine)).context("there is no book")?.restart().await?;
                self.transfers(Role::Main(engine), count, MOST_CLIENTS).await
            }
            Measure::Young(engine) | Measure::Grown(engine) => {
                self.transfers(Role::Growing(engine), enough(4_000.0), GROWTH_CLIENTS).await
            }
            Measure::Bulk => {
                let times = Times { warm_up: Duration::ZERO, is_whole: true, ..self.times };
                self.bulk(Role::Main(Engine::Postgres), enough(4_000.0), times).await
            }
            Measure::Ceiling(engine) => self.webhooks(engine, enough(15_000.0), false).await,
            Measure::Webhooks(engine) => self.webhooks(engine, enough(15_000.0), true).await,
            Measure::Lifecycles => {
                lifecycles::run(self.book(Role::Lives)?, LIFECYCLE_CLIENTS, self.times).await
            }
            Measure::Lists => self.lists().await,
        };
        let sample = sample.with_context(|| measure.name())?;
        self.rates.insert(measure, sample.rate);
        Ok(sample)
    }

    fn book(&self, role: Role) -> anyhow::Result<&Book> {
        self.books.get(&role).with_context(|| format!("there is no book {role:?}"))
    }

    async fn transfers(&self, role: Role, count: usize, clients: usize) -> anyhow::Result<Sample> {
        let book = self.book(role)?;
        let mut requests = Vec::with_capacity(count);
        for (owner, quote) in book.quotes(count).await? {
            let (who, key) = (owner.authorization(), format!("idempotency-key: {}", book.fresh_key()));
            let order = order(&quote.to_string()).to_string();
            requests.push(request("POST", "/v1/transfers", &[&who, &key], order.as_bytes()));
        }
        let before = self.standing(role).await?;
        let (shot, sample) = self.shoot(role, &requests, clients, self.times).await?;
        shot.expect_only(201)?;
        self.settle(role, &before, sample, shot.answered(201)).await
    }

    async fn bulk(&self, role: Role, count: usize, times: Times) -> anyhow::Result<Sample> {
        let book = self.book(role)?;
        let mut requests = Vec::new();
        // Each request is one caller's, with orders over their own quotes.
        for owner in book.customers.iter().cycle().take(count.div_ceil(BULK).max(3 * BULK_CLIENTS)) {
            let quotes = book.quotes_of(&[owner; BULK]).await?;
            let item = |(_, quote): (&Customer, domain::QuoteId)| {
                let mut item = order(&quote.to_string());
                item["idempotency_key"] = json!(book.fresh_key());
                item
            };
            let body = json!({ "items": quotes.into_iter().map(item).collect::<Value>() }).to_string();
            requests.push(request("POST", "/v1/transfers/bulk", &[&owner.authorization()], body.as_bytes()));
        }
        let before = self.standing(role).await?;
        let (shot, mut sample) = self.shoot(role, &requests, BULK_CLIENTS, times).await?;
        shot.expect_only(207)?;
        sample.rate *= stats::number(BULK);
        self.settle(role, &before, sample, shot.answered(207) * BULK).await
    }

    async fn webhooks(&self, engine: Engine, count: usize, is_genuine: bool) -> anyhow::Result<Sample> {
        let book = self.book(Role::Main(engine))?;
        let requests = webhooks(count, is_genuine);
        let before = book.count("inbox").await?;
        let (shot, sample) = self.shoot(Role::Main(engine), &requests, WEBHOOK_CLIENTS, self.times).await?;
        shot.expect_only(if is_genuine { 200 } else { 401 })?;
        let (events, kept) = (events(shot.answered(200)), book.count("inbox").await? - before);
        ensure!(kept == events, "{kept} webhooks were kept of {events}");
        Ok(sample)
    }

    /// The slower of both engines.
    async fn lists(&self) -> anyhow::Result<Sample> {
        let mut slowest = Sample::default();
        for engine in [Engine::Postgres, Engine::Sqlite] {
            let (path, sample) = lists::run(self.book(Role::Growing(engine))?).await?;
            say(&format!("slowest on {}: {path}", engine.as_str()));
            if sample.p99_ms > slowest.p99_ms {
                slowest = sample;
            }
        }
        Ok(slowest)
    }

    /// Fills a growing book by bulk requests until it has so many postings.
    pub async fn grow(&self, engine: Engine, postings: usize) -> anyhow::Result<()> {
        let role = Role::Growing(engine);
        let times = Times { warm_up: Duration::ZERO, time: FILL, is_whole: true };
        let mut rate = 4_000.0;
        loop {
            let has = self.book(role)?.count("postings").await?;
            say(&format!("the growing book on {} has {has} postings of {postings}", engine.as_str()));
            if has >= postings {
                return Ok(());
            }
            // A transfer has four postings or more.
            let count = times.enough_for(rate).min((postings - has) / 4 + BULK);
            rate = self.bulk(role, count, times).await?.rate;
        }
    }

    /// Sends the requests, and watches what they cost.
    async fn shoot(
        &self,
        role: Role,
        requests: &[Vec<u8>],
        clients: usize,
        times: Times,
    ) -> anyhow::Result<(Shot, Sample)> {
        let gateway = &self.book(role)?.gateway;
        gateway.forget_peak()?;
        let (own, theirs, begun) = (own_cpu_s()?, gateway.cpu_s()?, Instant::now());
        let shot = fire(gateway.address, requests, clients, times).await?;
        let elapsed = begun.elapsed().as_secs_f64();
        let sample = Sample {
            rate: shot.rate,
            p50_ms: shot.p50_ms,
            p99_ms: shot.p99_ms,
            rss_mb: Some(gateway.peak_mb()?),
            client_cpu: stats::ratio(own_cpu_s()? - own, elapsed),
            gateway_cpu: stats::ratio(gateway.cpu_s()? - theirs, elapsed),
            ..Sample::default()
        };
        Ok((shot, sample))
    }

    /// What was written to disk and what is in the book, before a load.
    async fn standing(&self, role: Role) -> anyhow::Result<Standing> {
        let transfers = self.book(role)?.count("transfers").await?;
        Ok(Standing { written: self.written(role).await?, transfers })
    }

    async fn written(&self, role: Role) -> anyhow::Result<f64> {
        match role.engine() {
            Engine::Sqlite => self.book(role)?.gateway.written(),
            Engine::Postgres => self.cluster.log_position().await,
        }
    }

    /// Waits for the sealer, and holds what was answered against what is in the book: as many, or nothing counts.
    async fn settle(
        &self,
        role: Role,
        before: &Standing,
        sample: Sample,
        answered: usize,
    ) -> anyhow::Result<Sample> {
        let book = self.book(role)?;
        let lag = book.sealed().await?;
        let kept = book.count("transfers").await? - before.transfers;
        ensure!(kept == answered, "{kept} transfers were kept of {answered} that were answered");
        let written = self.written(role).await? - before.written;
        let kb = stats::ratio(written / 1_024.0, stats::number(answered));
        Ok(Sample { kb, seal_lag_s: Some(lag), ..sample })
    }
}
