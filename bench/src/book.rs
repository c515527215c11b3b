//! A book under load: its database, the gateway that serves it, simulators of its own, and customers who have money.
//!
//! What a run needs before its first request is made here, untimed: people sign in over HTTP with the outbox working;
//! their balances come by the store's own writer, from a bank of the bench's; quotes are copies of one that the gateway
//! priced, with ids of their own and fresh deadlines.

use std::cell::Cell;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, ensure};
use chrono::{DateTime, SubsecRound, Utc};
use domain::{
    Account, BusinessId, Currency, EntryId, EntryKind, JournalEntry, LedgerStep, Money, Nature, Posting,
    Quote, QuoteId,
};
use serde_json::{Value, json};
use store::writer::{Change, Moment};
use store::{Conn, Db, DbOptions, Writer};
use uuid::{NoContext, Timestamp, Uuid};

use crate::load::{Connection, request};
use crate::people::{self, Customer};
use crate::process::{Process, command, free_address};

/// What each customer has, in cents: enough for every transfer of a run.
const BALANCE: i64 = 100_000_000_000;
/// Quotes that one transaction stores.
const QUOTES_AT_ONCE: usize = 2_000;
/// How long the sealer may need after a load.
const SEALED_WITHIN: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_millis(50);

/// The programs that are measured.
#[derive(Clone, Debug)]
pub struct Programs {
    pub gateway: PathBuf,
    pub simulators: PathBuf,
}

/// Whether a gateway keeps promises and applies callbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workers {
    Working,
    Resting,
}

/// A book with its gateway running.
pub struct Book {
    pub db: Db,
    pub gateway: Process,
    pub simulators: Process,
    pub customers: Vec<Customer>,
    /// Somebody of the house, with both factors.
    pub admin: Customer,
    place: Place,
    template: Quote,
    /// Names keys, so that no two are the same.
    named: Cell<u64>,
}

/// Where a book is, and how a gateway is started on it.
#[derive(Clone, Debug)]
struct Place {
    programs: Programs,
    folder: PathBuf,
    url: String,
    simulators: SocketAddr,
}

/// The machine's time, as the store keeps it.
pub fn now() -> DateTime<Utc> {
    DateTime::<Utc>::from(SystemTime::now()).trunc_subsecs(6)
}

/// An id that sorts by its time, as the gateway's do.
pub fn fresh_id() -> Uuid {
    let now = now();
    let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
    Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, now.timestamp_subsec_nanos()))
}

/// Time and ids of what the bench itself commits.
struct Ours;

impl Moment for Ours {
    fn now(&self) -> DateTime<Utc> {
        now()
    }

    fn id(&self) -> Uuid {
        fresh_id()
    }
}

impl Place {
    fn command(&self, name: &str, workers: Workers) -> tokio::process::Command {
        let mut command = command(&self.programs.gateway, &self.folder);
        command.arg(name).arg("--mode=sandbox").arg("--data-dir").arg(self.folder.join("data"));
        command.env("MONEYBRIDGE_DATABASE_URL", &self.url);
        command.env("MONEYBRIDGE_SANDBOX_URL", format!("http://{}", self.simulators));
        command.env("MONEYBRIDGE_METRICS_LISTEN", "").env("MONEYBRIDGE_RATES_FEED_PAIRS", "");
        // Everybody signs in from one address before the run, and stays signed in.
        command.env("MONEYBRIDGE_AUTH_ACCESS_TOKEN_S", "86400");
        command.env("MONEYBRIDGE_AUTH_SECOND_FACTOR_S", "86400");
        command.env("MONEYBRIDGE_LIMITS_AUTH_REQUESTS_PER_MINUTE", "100000");
        if workers == Workers::Resting {
            command.env("MONEYBRIDGE_WORKERS_OUTBOX_CONCURRENCY", "0");
            command.env("MONEYBRIDGE_WORKERS_INBOX_CONCURRENCY", "0");
        }
        command
    }

    async fn gateway(&self, workers: Workers) -> anyhow::Result<Process> {
        let address = free_address()?;
        let mut command = self.command("serve", workers);
        command.env("MONEYBRIDGE_LISTEN", address.to_string());
        Process::start(command, address, "/readyz", self.folder.join("gateway.log")).await
    }
}

impl Book {
    /// Makes a book at `url` with so many customers, and leaves its gateway running with `workers`.
    pub async fn make(
        url: String,
        programs: &Programs,
        folder: &Path,
        customers: usize,
        workers: Workers,
    ) -> anyhow::Result<Book> {
        std::fs::create_dir_all(folder.join("data"))?;
        let address = free_address()?;
        let mut simulators = command(&programs.simulators, folder);
        simulators.arg("--listen").arg(address.to_string()).env("RUST_LOG", "warn");
        let simulators =
            Process::start(simulators, address, "/_control/clock", folder.join("simulators.log")).await?;
        let place = Place { programs: programs.clone(), folder: folder.to_owned(), url, simulators: address };
        let mut gateway = place.gateway(Workers::Working).await?;
        let customers = people::sign_in(gateway.address, address, customers).await?;
        let admin = people::admin(gateway.address, address).await?;
        let first = customers.first().context("a book needs customers")?;
        let quoted = price(gateway.address, first).await?;
        gateway.stop().await?;
        let db = Db::open(&DbOptions { url: place.url.clone(), readers: 2 }).await?;
        fund(&db, &customers).await?;
        let template = store::quotes::find(&mut db.read().await?.conn(), first.user, quoted).await?;
        let template = template.context("the quote is not in the book")?;
        let gateway = place.gateway(workers).await?;
        Ok(Book { db, gateway, simulators, customers, admin, place, template, named: Cell::new(0) })
    }

    /// Fresh quotes, the customers' in turn.
    pub async fn quotes(&self, count: usize) -> anyhow::Result<Vec<(&Customer, QuoteId)>> {
        let owners: Vec<&Customer> = self.customers.iter().cycle().take(count).collect();
        let mut made = Vec::with_capacity(count);
        for part in owners.chunks(QUOTES_AT_ONCE) {
            made.extend(self.quotes_of(part).await?);
        }
        Ok(made)
    }

    /// A fresh quote for each of `owners`, in one transaction.
    pub async fn quotes_of<'c>(
        &self,
        owners: &[&'c Customer],
    ) -> anyhow::Result<Vec<(&'c Customer, QuoteId)>> {
        let mut made = Vec::with_capacity(owners.len());
        let mut tx = self.db.begin().await?;
        for owner in owners {
            let quote = self.copy(owner);
            store::quotes::insert(&mut tx, &quote, &[]).await?;
            made.push((*owner, quote.id));
        }
        tx.commit().await?;
        Ok(made)
    }

    /// The quote that the gateway priced, made out to `owner` just now.
    fn copy(&self, owner: &Customer) -> Quote {
        let (old, now) = (&self.template, now());
        let later = |instant: DateTime<Utc>| now + (instant - old.created_at);
        Quote {
            id: QuoteId::from_uuid(fresh_id()),
            owner: owner.user,
            created_at: now,
            expires_at: later(old.expires_at),
            funding_deadline: later(old.funding_deadline),
            ..old.clone()
        }
    }

    /// Ends the gateway and starts it again, so that it remembers nothing of the loads before; promises rest.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.gateway.stop().await?;
        self.gateway = self.place.gateway(Workers::Resting).await?;
        Ok(())
    }

    /// A key that nobody has used.
    pub fn fresh_key(&self) -> String {
        self.named.set(self.named.get() + 1);
        format!("bench-{:08}", self.named.get())
    }

    /// Rows of a table.
    pub async fn count(&self, table: &'static str) -> anyhow::Result<usize> {
        self.number(&format!("SELECT count(*) FROM {table}")).await
    }

    async fn number(&self, sql: &str) -> anyhow::Result<usize> {
        let mut reader = self.db.read().await?;
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        let number: i64 = match reader.conn() {
            Conn::Sqlite(connection) => sqlx::query_scalar(sql).fetch_one(connection).await?,
            Conn::Postgres(connection) => sqlx::query_scalar(sql).fetch_one(connection).await?,
        };
        Ok(usize::try_from(number)?)
    }

    /// Waits until all that was committed is sealed; tells how long that took.
    pub async fn sealed(&self) -> anyhow::Result<f64> {
        let begun = Instant::now();
        while self.number("SELECT count(*) FROM batches WHERE block IS NULL").await? > 0 {
            ensure!(begun.elapsed() < SEALED_WITHIN, "the sealer does not keep up");
            tokio::time::sleep(PAUSE).await;
        }
        Ok(begun.elapsed().as_secs_f64())
    }

    /// Ends the gateway and has the whole book verified; what it counted. Any finding is an error.
    pub async fn close(mut self) -> anyhow::Result<Value> {
        let keys = self.number("SELECT count(*) FROM idempotency").await?;
        let distinct = self.number("SELECT count(DISTINCT claim) FROM idempotency").await?;
        ensure!(keys == distinct, "{} keys were kept twice", keys - distinct);
        self.gateway.stop().await?;
        self.simulators.stop().await?;
        self.db.close().await;
        let mut verify = self.place.command("verify", Workers::Resting);
        let output = verify.arg("--json").output().await.context("verify cannot be started")?;
        let said: Value = serde_json::from_slice(&output.stdout)
            .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
        let is_clean = output.status.success() && said["clean"] == true;
        ensure!(is_clean, "the book does not verify, so no figure counts: {said:#}");
        Ok(json!({ "keys": keys, "verified": said["counts"] }))
    }
}

/// One quote of the benched kind, from the gateway itself.
async fn price(gateway: SocketAddr, owner: &Customer) -> anyhow::Result<QuoteId> {
    let ask = json!({
        "send_currency": "EUR", "receive_currency": "XOF",
        "amount": { "amount": "100.00", "currency": "EUR" }, "side": "send",
        "funding_rail": "balance", "payout_rail": "wave",
        "from_country": "FR", "to_country": "SN",
    });
    let asked = request("POST", "/v1/quotes", &[&owner.authorization()], ask.to_string().as_bytes());
    let (status, quote) = Connection::open(gateway).await?.ask(&asked).await?;
    ensure!(status == 201, "a quote was answered {status}: {quote}");
    let id = quote["id"].as_str().unwrap_or_default();
    id.parse().map_err(|_| anyhow::anyhow!("{id} is no quote"))
}

/// Gives every customer euros.
async fn fund(db: &Db, customers: &[Customer]) -> anyhow::Result<()> {
    let writer = Writer::start(db, Arc::new(Ours))?;
    let euro = Currency::parse("EUR").map_err(|_| anyhow::anyhow!("there are no euros"))?;
    for customer in customers {
        let owner = Account::Customer { user: customer.user, currency: euro };
        let bank = Account::Bank { name: "bench".to_owned(), currency: euro };
        let posting = Posting::new(bank, owner, Money::new(BALANCE, euro))?;
        let entry = JournalEntry {
            id: EntryId::from_uuid(fresh_id()),
            kind: EntryKind::Opening,
            nature: Nature::Fact,
            business: BusinessId::Opening,
            movement: None,
            at: now(),
            postings: vec![posting],
        };
        writer.submit(Change { ledger: vec![LedgerStep::Post(entry)], ..Change::default() }).await?;
    }
    Ok(())
}
