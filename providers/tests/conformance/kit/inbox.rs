//! Where callbacks arrive, and servers that live as long as their test.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use http::HeaderMap;
use tokio::net::TcpListener;

/// How long a callback may take, in real time.
const PATIENCE: Duration = Duration::from_secs(10);

/// A callback as it came.
#[derive(Clone, Debug)]
pub struct Post {
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// Takes whatever is sent to it.
#[derive(Clone)]
pub struct Inbox {
    pub url: String,
    posts: Arc<Mutex<Vec<Post>>>,
}

impl Inbox {
    pub async fn open() -> Inbox {
        let posts: Arc<Mutex<Vec<Post>>> = Arc::default();
        let router = Router::new().fallback(keep).with_state(posts.clone());
        Inbox { url: format!("{}/callbacks", serve(router).await), posts }
    }

    pub fn posts(&self) -> Vec<Post> {
        self.posts.lock().unwrap().clone()
    }

    /// The first callback after so many that is wanted, once it is there.
    pub async fn wait_for(&self, after: usize, is_wanted: impl Fn(&Post) -> bool) -> Post {
        let found = async {
            loop {
                if let Some(post) = self.posts().into_iter().skip(after).find(&is_wanted) {
                    return post;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let found = tokio::time::timeout(PATIENCE, found).await;
        found.unwrap_or_else(|_| panic!("no such callback came, only {} others", self.posts().len()))
    }
}

async fn keep(State(posts): State<Arc<Mutex<Vec<Post>>>>, headers: HeaderMap, body: Bytes) {
    posts.lock().unwrap().push(Post { headers, body: body.to_vec() });
}

/// Serves on a free port, and tells where.
pub async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}
