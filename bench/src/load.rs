//! The load: clients that each keep one connection and send the next request when the last one is answered.
//!
//! It shares the machine with what it measures, so it does as little as it can: one thread, requests whose bytes were
//! made beforehand, answers of which the head is read and the body only counted. A latency is from the first byte
//! written to the last byte read.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use futures::future::join_all;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::stats::{ms, number, percentile};

/// Room for an answer's head and most bodies.
const BUFFER: usize = 16 * 1024;
const HEADERS: usize = 48;

/// What a shot gave.
#[derive(Debug, Default)]
pub struct Shot {
    /// Requests that were answered within the measured time, per second.
    pub rate: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// All answers by status, those of the warm-up and of the end too.
    pub statuses: BTreeMap<u16, usize>,
}

impl Shot {
    /// How many were answered so.
    pub fn answered(&self, status: u16) -> usize {
        self.statuses.get(&status).copied().unwrap_or(0)
    }

    /// Fails unless every answer was of `status`.
    pub fn expect_only(&self, status: u16) -> anyhow::Result<()> {
        let only = self.statuses.keys().all(|other| *other == status) && !self.statuses.is_empty();
        ensure!(only, "every answer should be {status}, but they were {:?}", self.statuses);
        Ok(())
    }
}

/// How long a load lasts.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// Answers within it are not counted.
    pub warm_up: Duration,
    /// After it nothing more is sent.
    pub time: Duration,
    /// Whether what was sent in time is counted whenever it is answered, and the time until then with it. For few long
    /// requests, of which a part would be cut off at the end.
    pub is_whole: bool,
}

impl Times {
    /// Pieces of work that will suffice at this rate; the last round's, with room to be faster.
    pub fn enough_for(&self, rate: f64) -> usize {
        let wanted = rate * 1.4 * (self.warm_up + self.time).as_secs_f64();
        format!("{wanted:.0}").parse::<usize>().unwrap_or(0) + 500
    }
}

/// Sends `requests`, each once, with so many clients, until the time is over or they run out.
pub async fn fire(
    to: SocketAddr,
    requests: &[Vec<u8>],
    clients: usize,
    times: Times,
) -> anyhow::Result<Shot> {
    let Times { warm_up, time, is_whole } = times;
    let mut connections = Vec::with_capacity(clients);
    for _ in 0..clients {
        connections.push(Connection::open(to).await?);
    }
    let (next, latencies) = (Cell::new(0_usize), RefCell::new(Vec::with_capacity(requests.len())));
    let statuses = RefCell::new(BTreeMap::new());
    let begun = Instant::now() + warm_up;
    let (end, last) = (begun + time, Cell::new(begun));
    let client = async |mut connection: Connection| -> anyhow::Result<()> {
        while let Some(request) = requests.get(next.replace(next.get() + 1)) {
            let sent = Instant::now();
            if sent >= end {
                break;
            }
            let status = connection.exchange(request).await?;
            let done = Instant::now();
            *statuses.borrow_mut().entry(status).or_insert(0) += 1;
            if done >= begun && (is_whole || done < end) {
                let nanos = done.duration_since(sent).as_nanos();
                latencies.borrow_mut().push(u64::try_from(nanos).unwrap_or(u64::MAX));
                last.set(done);
            }
        }
        Ok(())
    };
    let outcomes = join_all(connections.into_iter().map(client)).await;
    outcomes.into_iter().collect::<anyhow::Result<()>>()?;
    let ran_out = next.get() >= requests.len() + clients;
    let measured = if ran_out || is_whole { last.get().duration_since(begun) } else { time };
    let mut latencies = latencies.into_inner();
    latencies.sort_unstable();
    ensure!(!latencies.is_empty() && !measured.is_zero(), "no answer came within the measured time");
    Ok(Shot {
        rate: number(latencies.len()) / measured.as_secs_f64(),
        p50_ms: percentile(&latencies, 50).map_or(0.0, ms),
        p99_ms: percentile(&latencies, 99).map_or(0.0, ms),
        statuses: statuses.into_inner(),
    })
}

/// A connection that is kept.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
}

impl Connection {
    pub async fn open(to: SocketAddr) -> anyhow::Result<Connection> {
        let stream = TcpStream::connect(to).await.with_context(|| format!("nobody listens on {to}"))?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, buffer: vec![0; BUFFER], filled: 0 })
    }

    /// Sends one request and reads its whole answer; tells its status.
    pub async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<u16> {
        self.stream.write_all(request).await?;
        let (status, body) = self.head().await?;
        let whole = body.end;
        while self.filled < whole {
            let want = whole - self.filled;
            // What is only counted need not be kept.
            let from = self.filled.min(self.buffer.len() / 2);
            let room = want.min(self.buffer.len() - from);
            let read = self.read_to(from, room).await?;
            self.filled += read;
        }
        ensure!(self.filled == whole, "the answer is longer than it said");
        self.filled = 0;
        Ok(status)
    }

    /// Sends one request and reads its answer as JSON; an empty body is null.
    pub async fn ask(&mut self, request: &[u8]) -> anyhow::Result<(u16, Value)> {
        self.stream.write_all(request).await?;
        let (status, body) = self.head().await?;
        if self.buffer.len() < body.end {
            self.buffer.resize(body.end, 0);
        }
        while self.filled < body.end {
            let read = self.read_to(self.filled, body.end - self.filled).await?;
            self.filled += read;
        }
        self.filled = 0;
        let body = self.buffer.get(body).unwrap_or_default();
        let value = if body.is_empty() { Value::Null } else { serde_json::from_slice(body)? };
        Ok((status, value))
    }

    /// The status, and where the body begins and ends, counted from the head's first byte.
    async fn head(&mut self) -> anyhow::Result<(u16, std::ops::Range<usize>)> {
        loop {
            let room = self.buffer.len() - self.filled;
            ensure!(room > 0, "an answer's head is too long");
            let read = self.read_to(self.filled, room).await?;
            self.filled += read;
            if let Some(head) = read_head(self.buffer.get(..self.filled).unwrap_or_default())? {
                return Ok(head);
            }
        }
    }

    async fn read_to(&mut self, from: usize, room: usize) -> anyhow::Result<usize> {
        let part = self.buffer.get_mut(from..from + room).context("no room to read to")?;
        let read = self.stream.read(part).await?;
        ensure!(read > 0, "the connection was closed");
        Ok(read)
    }
}

/// Status and body of an answer whose head is complete; only bodies of a told length.
fn read_head(bytes: &[u8]) -> anyhow::Result<Option<(u16, std::ops::Range<usize>)>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = response.parse(bytes)? else { return Ok(None) };
    let status = response.code.unwrap_or(0);
    let length = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length: usize = match length {
        Some(header) => std::str::from_utf8(header.value)?.trim().parse()?,
        None if status == 204 => 0,
        None => bail!("an answer of {status} does not tell its length"),
    };
    Ok(Some((status, head..head + length)))
}

/// The bytes of a request; `headers` are whole lines without their ends.
pub fn request(method: &str, path: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let mut lines = format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n");
    for header in headers {
        lines.push_str(header);
        lines.push_str("\r\n");
    }
    if !body.is_empty() {
        lines.push_str("content-type: application/json\r\n");
    }
    lines.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    let mut bytes = lines.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[test]
    fn a_head_is_read_when_it_is_whole() {
        let whole = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(read_head(whole).unwrap(), Some((201, 43..45)));
        assert_eq!(read_head(&whole[..30]).unwrap(), None);
        assert_eq!(read_head(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap(), Some((204, 27..27)));
        assert!(read_head(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
    }

    /// Answers every request, however it is cut, with so many bytes, in pieces.
    async fn server(body: usize, after: Duration) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut request = [0; 4096];
                    while stream.read(&mut request).await.is_ok_and(|read| read > 0) {
                        tokio::time::sleep(after).await;
                        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {body}\r\n\r\n");
                        stream.write_all(head.as_bytes()).await.unwrap();
                        tokio::task::yield_now().await;
                        stream.write_all(&vec![b'x'; body]).await.unwrap();
                    }
                });
            }
        });
        address
    }

    #[tokio::test]
    async fn each_request_is_sent_once_and_its_answer_read_whole() {
        for body in [0, 2, 100_000] {
            let to = server(body, Duration::ZERO).await;
            let requests = vec![request("GET", "/", &["x: y"], b""); 50];
            let times = Times { warm_up: Duration::ZERO, time: Duration::from_secs(20), is_whole: false };
            let shot = fire(to, &requests, 4, times).await.unwrap();
            assert_eq!(shot.answered(200), 50);
            shot.expect_only(200).unwrap();
            assert!(shot.expect_only(201).is_err());
            assert!(shot.rate > 0.0 && shot.p50_ms <= shot.p99_ms);
        }
    }

    #[tokio::test]
    async fn what_is_answered_after_the_end_counts_when_the_whole_does() {
        let to = server(2, Duration::from_millis(400)).await;
        let requests = vec![request("GET", "/", &[], b""); 100];
        let (warm_up, time) = (Duration::ZERO, Duration::from_millis(200));
        let whole = fire(to, &requests, 4, Times { warm_up, time, is_whole: true }).await.unwrap();
        assert_eq!(whole.answered(200), 4);
        assert!(whole.rate > 0.0 && whole.rate < 10.1, "4 in 0.4 s and more: {}", whole.rate);
        assert!(fire(to, &requests, 4, Times { warm_up, time, is_whole: false }).await.is_err());
    }

    #[test]
    fn more_is_prepared_than_the_last_round_used() {
        let (warm_up, time) = (Duration::from_secs(1), Duration::from_secs(9));
        let times = Times { warm_up, time, is_whole: false };
        assert_eq!(times.enough_for(1_000.0), 14_500);
        assert_eq!(times.enough_for(0.0), 500);
    }
}
