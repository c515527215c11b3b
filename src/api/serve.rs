//! The listener: connections that are slow to say what they want are closed, and an orderly end.
//!
//! A request's head must arrive within [`HEAD`] and fit into [`HEAD_BYTES`]; its body is bounded by the request's
//! own deadline. When the gateway stops, what is in work is finished within [`LAST`].

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::context::Peer;
use crate::app::App;

/// How long a client may take to say what it wants, and to say something more on an open connection.
const HEAD: Duration = Duration::from_secs(30);
/// Of the request line and all headers.
const HEAD_BYTES: usize = 32 * 1024;
/// How long requests in work have, when the gateway stops.
const LAST: Duration = Duration::from_secs(20);
/// After an accept that failed, as it does when no file descriptor is free.
const BREATH: Duration = Duration::from_millis(100);

/// Serves the API of `app` on `listener` until `stop`, and returns when the last request is answered.
pub async fn serve(app: App, listener: TcpListener, stop: CancellationToken) -> io::Result<()> {
    serve_router(super::router(app), listener, stop).await;
    Ok(())
}

/// Serves any router so.
pub(super) async fn serve_router(router: Router, listener: TcpListener, stop: CancellationToken) {
    let open = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => connect(&router, stream, peer, &open),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a connection was not accepted");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(LAST, open.shutdown()).await.is_err() {
        tracing::warn!("connections were still open at the end");
    }
}

fn connect(router: &Router, stream: TcpStream, peer: SocketAddr, open: &GracefulShutdown) {
    let _ = stream.set_nodelay(true);
    let router = router.clone();
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        let answer = router.clone().oneshot(request.map(Body::new));
        async move { answer.await.map_err(|never: Infallible| never) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let connection = open.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(error = &error as &dyn std::error::Error, "a connection broke");
        }
    });
}
