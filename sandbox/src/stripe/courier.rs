//! The task that sends events, each in a task of its own, so that no order is kept.
//!
//! It sleeps until something is due, somebody rings the bell, or the clock moves; what time alone
//! brings about happens because of it. `t` is the instant of the attempt, never of the event.

use std::collections::HashSet;
use std::time::Duration;

use axum::http::header;
use tokio::task::{JoinError, JoinSet};

use super::config::StripeWebhookConfig;
use super::delivery::{self, Attempt, Delivery};
use super::signing;
use crate::app::Shared;
use crate::clock::Instant;
use crate::wave::webhooks::Proof;

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
        let nap = send_due(&app, &mut under_way, &mut tasks).unwrap_or_else(|error| {
            tracing::error!(%error, "the event queue failed");
            LONGEST_NAP
        });
        tokio::select! {
            () = app.stop.cancelled() => break,
            () = app.stripe.bell.notified() => {}
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

async fn post(app: &Shared, webhook: &StripeWebhookConfig, body: &str, proof: &Proof) -> Attempt {
    let mut request = app
        .http
        .post(&webhook.url)
        .timeout(app.config.webhook_deadline)
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .header(header::USER_AGENT, "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
        .body(body.to_owned());
    if let Some(signature) = signature(webhook, body, proof, app.clock.now()) {
        request = request.header(signing::HEADER, signature);
    }
    let result = match request.send().await {
        Ok(answer) => Ok(answer.status().as_u16()),
        Err(error) if error.is_timeout() => Err("no answer in time".to_owned()),
        Err(error) => Err(error.without_url().to_string()),
    };
    Attempt { url: webhook.url.clone(), result }
}

fn signature(webhook: &StripeWebhookConfig, body: &str, proof: &Proof, now: Instant) -> Option<String> {
    let (secrets, t) = (webhook.secrets_or_default(), now.timestamp());
    let (secrets, t, signed) = match proof {
        Proof::Every => (secrets, t, body),
        Proof::Only { secret } => (vec![secret.clone()], t, body),
        Proof::Stranger => (vec!["whsec_that_nobody_shared".to_owned()], t, body),
        Proof::Borrowed { body } => (secrets, t, body.as_str()),
        Proof::Stale => (secrets, t - STALE_S, body),
        Proof::Nothing => return None,
    };
    Some(signing::header(&secrets, t, signed.as_bytes()))
}
