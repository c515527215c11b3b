//! Watching a transfer: long polls answer at the next change, server-sent events resume where they stopped.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::testkit::{Ask, Customer, Transfer, ivorian, on_each_database};

/// An open stream of events.
struct Stream {
    answer: reqwest::Response,
    read: String,
}

/// One event: its id and what the transfer was.
#[derive(Debug)]
struct Told {
    version: i64,
    transfer: Value,
}

impl Stream {
    async fn open(customer: &Customer<'_>, path: &str, last: Option<i64>) -> Stream {
        let url = format!("{}{path}", customer.app.url());
        let mut request = customer.app.http().get(url).bearer_auth(customer.token());
        if let Some(last) = last {
            request = request.header("last-event-id", last.to_string());
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Stream { answer, read: String::new() }
    }

    /// The next event; none when the stream has ended.
    async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some((event, rest)) = self.read.split_once("\n\n") {
                let told = Told::read(event);
                self.read = rest.to_owned();
                if told.is_some() {
                    return told;
                }
                continue;
            }
            let chunk = tokio::time::timeout(Duration::from_secs(10), self.answer.chunk()).await;
            let chunk = chunk.expect("an event or the end within ten seconds").unwrap()?;
            self.read.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

impl Told {
    /// None for a comment that keeps the connection open.
    fn read(event: &str) -> Option<Told> {
        let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let data = field("data:")?;
        assert_eq!(field("event:"), Some("transfer"));
        let transfer: Value = serde_json::from_str(data).unwrap();
        let version = field("id:").unwrap().parse().unwrap();
        assert_eq!(transfer["version"], version);
        Some(Told { version, transfer })
    }
}

async fn wait(transfer: &Transfer<'_, '_>, query: &str) -> (Value, Duration) {
    let begun = Instant::now();
    let seen = transfer.owner.get(&format!("{}?{query}", transfer.path())).await;
    (seen, begun.elapsed())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_poll_answers_at_the_change() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_to(&ivorian("9908")).await;
        let before = transfer.now().await["version"].as_i64().unwrap();
        let reference = transfer.reference("collection").await;
        let pay = async {
            tokio::time::sleep(Duration::from_millis(150)).await;
            app.wave().pay(&reference).await;
        };
        let ((seen, took), ()) = tokio::join!(wait(&transfer, "wait=20"), pay);
        assert!(seen["version"].as_i64().unwrap() > before, "{seen}");
        assert_ne!(seen["status"], "awaiting_payment");
        assert!(took > Duration::from_millis(140) && took < Duration::from_secs(8), "{took:?}");
        let (seen, took) = wait(&transfer, &format!("wait=20&since_version={before}")).await;
        assert!(seen["version"].as_i64().unwrap() > before && took < Duration::from_secs(2), "{took:?}");
        app.quiet().await;
        let (seen, took) = wait(&transfer, "wait=1").await;
        assert_eq!(seen["status"], "disbursing", "the end of the wait");
        assert!(took >= Duration::from_millis(900) && took < Duration::from_secs(5), "{took:?}");
        app.pass(6).await;
        let (seen, took) = wait(&transfer, "wait=20").await;
        assert_eq!(seen["status"], "completed", "what is final is answered at once");
        assert!(took < Duration::from_secs(2), "{took:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_tell_each_change_and_resume_after_the_last_one_seen() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_to(&ivorian("9908")).await;
        let path = format!("{}/events", transfer.path());
        let mut stream = Stream::open(&awa, &path, None).await;
        let first = stream.next().await.unwrap();
        assert_eq!(first.transfer["status"], "awaiting_payment");
        transfer.pay().await;
        let mut seen = first.version;
        let mut last = first;
        while last.transfer["status"] != "disbursing" {
            last = stream.next().await.unwrap();
            assert!(last.version > seen, "{} after {seen}", last.version);
            seen = last.version;
        }
        drop(stream);
        app.pass(6).await;
        let mut again = Stream::open(&awa, &path, Some(seen)).await;
        let next = again.next().await.unwrap();
        assert!(next.version > seen);
        assert_eq!(next.transfer["status"], "completed");
        assert!(again.next().await.is_none(), "the stream ends with the transfer");
        let mut done = Stream::open(&awa, &path, Some(next.version)).await;
        assert!(done.next().await.is_none(), "nothing is told twice");
        let mut whole = Stream::open(&awa, &path, None).await;
        assert_eq!(whole.next().await.unwrap().transfer["status"], "completed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_watch_one_transfer() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        let version = transfer.now().await["version"].as_i64().unwrap();
        let query = format!("wait=20&since_version={version}");
        let watchers = futures::future::join_all((0..40).map(|_| wait(&transfer, &query)));
        let (seen, ()) = tokio::join!(watchers, transfer.pay());
        assert!(seen.iter().all(|(seen, _)| seen["version"].as_i64().unwrap() > version));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_ends_no_stream_of_somebody_else() {
    on_each_database(async |app| {
        let (awa, binta) = (app.customer().await, app.customer().await);
        let transfer = awa.sends_to(&ivorian("0001")).await;
        let stranger = binta.ask(Ask::get(format!("{}/events", transfer.path()))).await;
        stranger.refused(404, "not_found");
        let mut stream = Stream::open(&awa, &format!("{}/events", transfer.path()), None).await;
        assert!(stream.next().await.is_some());
        assert_eq!(binta.ask(Ask::new("DELETE", "/v1/me/sessions")).await.status, 204);
        transfer.pay().await;
        assert!(stream.next().await.is_some());
    })
    .await;
}
