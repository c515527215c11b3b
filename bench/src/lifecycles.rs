//! Whole lives of transfers from one Wave wallet to another, with the simulators on the same machine.

use std::cell::{Cell, RefCell};
use std::time::Instant;

use anyhow::{Context, ensure};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::book::Book;
use crate::load::{Connection, Times, request};
use crate::people::Customer;
use crate::plan::Sample;
use crate::stats::{ms, number, percentile};

/// Lives that end within the measured time, with so many customers each living one after the other.
pub async fn run(book: &Book, clients: usize, times: Times) -> anyhow::Result<Sample> {
    let begun = Instant::now() + times.warm_up;
    let end = begun + times.time;
    let (lived, latencies) = (Cell::new(0_usize), RefCell::new(Vec::new()));
    let keys: Vec<String> = (0..clients).map(|_| book.fresh_key()).collect();
    let client = async |number: usize| -> anyhow::Result<()> {
        let customer = book.customers.get(number % book.customers.len()).context("nobody")?;
        let key = keys.get(number).context("no key")?;
        let mut life = Life {
            customer,
            gateway: Connection::open(book.gateway.address).await?,
            wave: Connection::open(book.simulators.address).await?,
        };
        let mut nth = 0;
        while Instant::now() < end {
            let since = Instant::now();
            nth += 1;
            life.live(&format!("{key}-{nth}")).await?;
            lived.set(lived.get() + 1);
            let done = Instant::now();
            if done >= begun && done < end {
                let nanos = done.duration_since(since).as_nanos();
                latencies.borrow_mut().push(u64::try_from(nanos).unwrap_or(u64::MAX));
            }
        }
        Ok(())
    };
    let before = completed(book).await?;
    join_all((0..clients).map(client)).await.into_iter().collect::<anyhow::Result<()>>()?;
    let after = completed(book).await?;
    ensure!(after - before == lived.get(), "{} lives, {} completed", lived.get(), after - before);
    let mut latencies = latencies.into_inner();
    latencies.sort_unstable();
    Ok(Sample {
        rate: number(latencies.len()) / times.time.as_secs_f64(),
        p50_ms: percentile(&latencies, 50).map_or(0.0, ms),
        p99_ms: percentile(&latencies, 99).map_or(0.0, ms),
        ..Sample::default()
    })
}

async fn completed(book: &Book) -> anyhow::Result<usize> {
    book.count("transfers WHERE status = 'completed'").await
}

struct Life<'b> {
    customer: &'b Customer,
    gateway: Connection,
    wave: Connection,
}

impl Life<'_> {
    /// Quote, order, payment at the simulator, and the end.
    async fn live(&mut self, key: &str) -> anyhow::Result<()> {
        let quote = self.post("/v1/quotes", &[], &quote()).await?;
        let key = format!("idempotency-key: {key}");
        let transfer = self.post("/v1/transfers", &[&key], &order(&quote["id"])).await?;
        let shown = self.until(&transfer, |shown| shown["next_action"]["url"].is_string()).await?;
        let url = shown["next_action"]["url"].as_str().unwrap_or_default();
        let session = url.rsplit('/').next().unwrap_or_default();
        let payment = json!({ "reference": session }).to_string();
        let (status, paid) =
            self.wave.ask(&request("POST", "/_control/wave/pay", &[], payment.as_bytes())).await?;
        ensure!(status == 200, "a payment was answered {status}: {paid}");
        self.until(&shown, |shown| shown["status"] == "completed").await?;
        Ok(())
    }

    async fn post(&mut self, path: &str, headers: &[&str], body: &Value) -> anyhow::Result<Value> {
        let authorization = self.customer.authorization();
        let headers: Vec<&str> = headers.iter().copied().chain([authorization.as_str()]).collect();
        let asked = request("POST", path, &headers, body.to_string().as_bytes());
        let (status, answer) = self.gateway.ask(&asked).await?;
        ensure!(status == 201, "{path} was answered {status}: {answer}");
        Ok(answer)
    }

    /// Waits as clients do, by long polls, until the transfer shows what is wanted.
    async fn until(&mut self, known: &Value, wanted: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        let mut shown = known.clone();
        while !wanted(&shown) {
            let (id, version) = (shown["id"].as_str().context("no id")?, &shown["version"]);
            let path = format!("/v1/transfers/{id}?wait=20&since_version={version}");
            let asked = request("GET", &path, &[&self.customer.authorization()], b"");
            let (status, answer) = self.gateway.ask(&asked).await?;
            ensure!(status == 200 && answer["version"] != shown["version"], "it stands still: {answer}");
            shown = answer;
        }
        Ok(shown)
    }
}

fn quote() -> Value {
    json!({
        "send_currency": "XOF", "receive_currency": "XOF",
        "amount": { "amount": "1000", "currency": "XOF" }, "side": "send",
        "funding_rail": "wave", "payout_rail": "wave",
        "from_country": "SN", "to_country": "CI",
    })
}

fn order(quote: &Value) -> Value {
    json!({
        "quote_id": quote,
        "payer": { "rail": "wave", "phone": "+221770001122", "name": "Awa Exemple" },
        "payee": { "rail": "wave", "phone": "+2250707071234", "name": "Kouassi Exemple", "country": "CI" },
        "purpose": "Family support",
    })
}
