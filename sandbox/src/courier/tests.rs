//! A provider that names its own addresses, and a receiver of many minds.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, Method, StatusCode};
use chrono::TimeDelta;
use serde_json::Value;
use tokio::net::TcpListener;

use super::queue::{Message, To};
use super::{Schedule, Sender, journal, queue, run, sender};
use crate::app::{Desk, Shared};
use crate::clock::Instant;
use crate::config::SandboxConfig;
use crate::fault::Mischief;

/// Tries three times, ten seconds apart; a 4xx is final.
#[derive(Debug)]
pub(super) struct Office;

impl Sender for Office {
    fn name(&self) -> &'static str {
        "office"
    }

    fn schedule(&self) -> Schedule {
        Schedule { pauses_s: &[], then_s: 10, window: TimeDelta::seconds(25) }
    }

    fn is_final(&self, status: u16) -> bool {
        (400..500).contains(&status)
    }

    fn settle(&self, _: &Desk<'_>) -> rusqlite::Result<()> {
        Ok(())
    }

    fn next_due(&self, _: &Desk<'_>) -> rusqlite::Result<Option<Instant>> {
        Ok(None)
    }
}

type Seen = Arc<Mutex<Vec<(Method, String, String, String)>>>;

/// Answers with these statuses in turn, and 200 after them.
async fn receiver(statuses: &'static [u16]) -> (String, Seen) {
    let seen = Seen::default();
    let notes = seen.clone();
    let answer = move |method: Method, headers: HeaderMap, body: String| {
        let header = |name: &str| headers[name].to_str().unwrap().to_owned();
        let mut notes = notes.lock().unwrap();
        notes.push((method, header("x-key"), header("content-type"), body));
        let status = statuses.get(notes.len() - 1).copied().unwrap_or(200);
        async move { StatusCode::from_u16(status).unwrap() }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/told", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    (url, seen)
}

fn app() -> Shared {
    let app = Arc::new(crate::open(SandboxConfig::default(), ([127, 0, 0, 1], 1).into()).unwrap());
    tokio::spawn(run(app.clone()));
    app
}

fn put(app: &Shared, url: &str) {
    let headers = [("x-key", "k-1".to_owned())];
    let to = To::Address { url, method: &Method::PUT, headers: &headers };
    let body = r#"{"told":1}"#.to_owned();
    let message = Message { provider: "office", account: None, event_id: "e", event_type: "told", to, body };
    app.at_desk(|desk| queue::promise(desk, &message, &Mischief::default(), &[])).unwrap();
}

/// Waits for so many attempts.
async fn journal_of(app: &Shared, attempts: usize) -> Vec<Value> {
    for _ in 0..1000 {
        let journal = app.at_desk(|desk| journal::of(desk.tx, sender("office").unwrap())).unwrap();
        if journal.iter().filter(|entry| entry["status"].is_u64()).count() == attempts {
            return journal;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("too few attempts");
}

#[tokio::test]
async fn a_delivery_carries_its_own_address_method_and_headers_at_every_attempt() {
    let (url, seen) = receiver(&[500]).await;
    let app = app();
    put(&app, &url);
    assert_eq!(journal_of(&app, 1).await[0]["state"], "pending");
    app.clock.advance(Duration::from_secs(10));
    let journal = journal_of(&app, 2).await;
    assert_eq!((&journal[1]["state"], &journal[1]["method"]), (&"delivered".into(), &"PUT".into()));
    assert_eq!((&journal[1]["url"], &journal[1]["webhook"]), (&url.into(), &Value::Null));
    let one = (Method::PUT, "k-1".to_owned(), "application/json".to_owned(), r#"{"told":1}"#.to_owned());
    assert_eq!(*seen.lock().unwrap(), [one.clone(), one]);
}

#[tokio::test]
async fn what_a_provider_calls_final_ends_a_delivery() {
    let (url, seen) = receiver(&[404]).await;
    let app = app();
    put(&app, &url);
    assert_eq!(journal_of(&app, 1).await[0]["state"], "refused");
    app.clock.advance(Duration::from_secs(10));
    app.at_desk(|desk| {
        assert!(queue::is_idle(desk.tx, "office")?);
        assert!(queue::due(desk.tx, desk.now, 9)?.is_empty());
        Ok::<_, rusqlite::Error>(())
    })
    .unwrap();
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_window_ends_by_the_providers_own_schedule() {
    let (url, seen) = receiver(&[500, 500, 500, 500]).await;
    let app = app();
    put(&app, &url);
    for attempts in 1..=3 {
        journal_of(&app, attempts).await;
        app.clock.advance(Duration::from_secs(10));
    }
    assert_eq!(journal_of(&app, 3).await[0]["state"], "given_up");
    assert_eq!(seen.lock().unwrap().len(), 3);
}

#[test]
fn attempts_follow_the_schedule_to_the_end_of_the_window() {
    let schedule = Schedule { pauses_s: &[10, 60], then_s: 3600, window: TimeDelta::hours(2) };
    let born = Instant::default();
    let at = |seconds| born + TimeDelta::seconds(seconds);
    assert_eq!(schedule.next(0, born, at(5)), Some(at(15)));
    assert_eq!(schedule.next(1, born, at(15)), Some(at(75)));
    assert_eq!(schedule.next(2, born, at(3600)), Some(at(7200)));
    assert_eq!(schedule.next(2, born, at(3601)), None);
    assert_eq!(Schedule::ONCE.next(0, born, born), None);
}

#[test]
fn every_sender_has_a_name_of_its_own() {
    let mut names: Vec<_> = super::SENDERS.iter().map(|sender| sender.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), super::SENDERS.len());
    assert!(sender("nobody").is_none());
}
