//! `/metrics` on a listener of its own, for the operator's network only.

use axum::Router;
use axum::http::header;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::serve::serve_router;
use crate::telemetry::Metrics;

/// What Prometheus expects.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Serves `metrics` until `stop`.
pub async fn serve(listener: TcpListener, metrics: Metrics, stop: CancellationToken) {
    let render = move || {
        let metrics = metrics.clone();
        async move { ([(header::CONTENT_TYPE, TEXT)], metrics.render()) }
    };
    serve_router(Router::new().route("/metrics", get(render)), listener, stop).await;
}
