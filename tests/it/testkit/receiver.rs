//! A receiver of webhooks: a real listener that keeps what was posted and answers as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::{LOOK_AGAIN, PATIENCE};

/// One request that came.
#[derive(Clone, Debug)]
pub struct Posted {
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    /// What was answered.
    pub status: u16,
}

impl Posted {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

#[derive(Default)]
struct Book {
    posted: Vec<Posted>,
    answers: VecDeque<u16>,
}

/// Listens on a port of its own until it is dropped.
pub struct Receiver {
    pub url: String,
    book: Arc<Mutex<Book>>,
    server: tokio::task::JoinHandle<()>,
}

impl Receiver {
    pub async fn start() -> Receiver {
        let book = Arc::new(Mutex::new(Book::default()));
        let router = Router::new().fallback(take).with_state(book.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/alerts?token=of-the-receiver", listener.local_addr().unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Receiver { url, book, server }
    }

    /// The next requests are answered so; those after them 204.
    pub fn answers(&self, statuses: &[u16]) {
        self.book.lock().unwrap().answers.extend(statuses);
    }

    /// What came, in order.
    pub fn posted(&self) -> Vec<Posted> {
        self.book.lock().unwrap().posted.clone()
    }

    /// Returns when so many requests have come, with all of them.
    pub async fn wait_for(&self, count: usize) -> Vec<Posted> {
        let begun = std::time::Instant::now();
        loop {
            let posted = self.posted();
            if posted.len() >= count {
                return posted;
            }
            assert!(begun.elapsed() < PATIENCE, "{} of {count} requests came: {posted:#?}", posted.len());
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn take(State(book): State<Arc<Mutex<Book>>>, headers: HeaderMap, body: Bytes) -> Response {
    let mut book = book.lock().unwrap();
    let status = book.answers.pop_front().unwrap_or(204);
    book.posted.push(Posted { headers, body: body.to_vec(), status });
    let status = StatusCode::from_u16(status).unwrap();
    match status.is_redirection() {
        true => (status, [(header::LOCATION, "/elsewhere")]).into_response(),
        false => status.into_response(),
    }
}
