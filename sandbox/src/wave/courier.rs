//! The task that sends webhooks, each in a task of its own.
//!
//! It sleeps until something is due, somebody rings the bell, or the clock moves, so an advanced
//! clock is felt at once. The order of two events is not kept. A receiver has five seconds of
//! real time; redirects are not followed. `t` is the instant of the attempt, never of the event.

use std::collections::HashSet;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, header};
use tokio::task::{JoinError, JoinSet};

use super::delivery::{self, Attempt, Delivery};
use super::signing;
use super::webhooks::Proof;
use crate::app::Shared;
use crate::clock::Instant;
use crate::config::{Strategy, WaveWebhookConfig};

const AT_ONCE: usize = 64;
const LOOK_AHEAD: i64 = 128;
const LONGEST_NAP: Duration = Duration::from_secs(5);
const STALE_S: i64 = 600;

/// Sends what is due until the simulators stop.
pub async fn run(app: Shared) {
    let mut moves = app.clock.moves();
    let mut under_way = HashSet::new();
    let mut tasks: JoinSet<i64> = JoinSet::new();
    while !app.stop.is_cancelled() {
        moves.mark_unchanged();
        let nap = match send_due(&app, &mut under_way, &mut tasks) {
            Ok(nap) => nap,
            Err(error) => {
                tracing::error!(%error, "the webhook queue failed");
                LONGEST_NAP
            }
        };
        tokio::select! {
            () = app.stop.cancelled() => break,
            () = app.bell.notified() => {}
            _ = moves.changed() => {}
            Some(done) = tasks.join_next(), if !tasks.is_empty() => finish(&mut under_way, done),
            () = tokio::time::sleep(nap) => {}
        }
        while let Some(done) = tasks.try_join_next() {
            finish(&mut under_way, done);
        }
    }
    tasks.shutdown().await;
}

fn finish(under_way: &mut HashSet<i64>, done: Result<i64, JoinError>) {
    if let Ok(id) = done {
        under_way.remove(&id);
    }
}

fn send_due(
    app: &Shared,
    under_way: &mut HashSet<i64>,
    tasks: &mut JoinSet<i64>,
) -> rusqlite::Result<Duration> {
    let (due, next, now) = app.at_desk(|desk| {
        let due = delivery::due(desk.tx, desk.now, LOOK_AHEAD)?;
        Ok::<_, rusqlite::Error>((due, delivery::next_due(desk.tx, desk.now)?, desk.now))
    })?;
    for delivery in due {
        if under_way.len() < AT_ONCE && under_way.insert(delivery.id) {
            let app = app.clone();
            tasks.spawn(async move {
                let id = delivery.id;
                attempt(&app, delivery).await;
                id
            });
        }
    }
    let nap = next.and_then(|next| (next - now).to_std().ok()).unwrap_or(LONGEST_NAP);
    Ok(nap.clamp(Duration::from_millis(1), LONGEST_NAP))
}

async fn attempt(app: &Shared, delivery: Delivery) {
    let webhook = app.books.write(|tx| delivery::webhook(tx, &delivery));
    let result = match webhook {
        Ok(Some(webhook)) => {
            let attempt = post(app, &webhook, &delivery.body, &delivery.proof).await;
            app.at_desk(|desk| delivery::note(desk, &delivery, &attempt))
        }
        Ok(None) => app.at_desk(|desk| delivery::orphan(desk, &delivery)),
        Err(error) => Err(error),
    };
    if let Err(error) = result {
        tracing::error!(%error, delivery.id, "an attempt could not be written down");
    }
}

/// Posts `body` to a webhook with its proof.
pub async fn post(app: &Shared, webhook: &WaveWebhookConfig, body: &str, proof: &Proof) -> Attempt {
    let mut request = app
        .http
        .post(&webhook.url)
        .timeout(app.config.webhook_deadline)
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.to_owned());
    if let Some((name, value)) = proof_header(webhook, body, proof, app.clock.now()) {
        request = request.header(name, value);
    }
    let result = match request.send().await {
        Ok(answer) => Ok(answer.status().as_u16()),
        Err(error) if error.is_timeout() => Err("no answer in time".to_owned()),
        Err(error) => Err(error.without_url().to_string()),
    };
    Attempt { url: webhook.url.clone(), result }
}

fn proof_header(
    webhook: &WaveWebhookConfig,
    body: &str,
    proof: &Proof,
    now: Instant,
) -> Option<(HeaderName, HeaderValue)> {
    let secrets = webhook.secrets_or_default();
    let wrong = vec!["a secret that nobody shared".to_owned()];
    let t = now.timestamp();
    let (secrets, t, signed) = match proof {
        Proof::Every => (secrets, t, body),
        Proof::Only { secret } => (vec![secret.clone()], t, body),
        Proof::Stranger => (wrong, t, body),
        Proof::Borrowed { body } if webhook.strategy == Strategy::Signing => (secrets, t, body.as_str()),
        Proof::Borrowed { .. } => (wrong, t, body),
        Proof::Stale => (secrets, t - STALE_S, body),
        Proof::Nothing => return None,
    };
    let (name, value) = match webhook.strategy {
        Strategy::Signing => {
            let header = signing::header(&secrets, t, signed.as_bytes());
            (HeaderName::from_static(signing::HEADER), header)
        }
        Strategy::Shared => (header::AUTHORIZATION, format!("Bearer {}", secrets.first()?)),
    };
    Some((name, HeaderValue::from_str(&value).ok()?))
}
