//! The task that sends callbacks, each in a task of its own, so that no order is kept.
//!
//! It sleeps until something is due, somebody rings the bell, or the clock moves, so an advanced
//! clock is felt at once. A receiver has five seconds of real time; redirects are not followed.
//! A signature's `t` is the instant of the attempt, never of the event.

use std::collections::HashSet;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method};
use tokio::task::{JoinError, JoinSet};

use super::queue::{self, Delivery};
use super::{Attempt, Letter, sender};
use crate::app::Shared;

const AT_ONCE: usize = 64;
const LOOK_AHEAD: i64 = 128;
const LONGEST_NAP: Duration = Duration::from_secs(5);

/// Sends what is due until the simulators stop.
pub async fn run(app: Shared) {
    let mut moves = app.clock.moves();
    let mut under_way = HashSet::new();
    let mut tasks: JoinSet<i64> = JoinSet::new();
    while !app.stop.is_cancelled() {
        moves.mark_unchanged();
        let nap = send_due(&app, &mut under_way, &mut tasks).unwrap_or_else(|error| {
            tracing::error!(%error, "the queue of callbacks failed");
            LONGEST_NAP
        });
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
        let due = queue::due(desk.tx, desk.now, LOOK_AHEAD)?;
        Ok::<_, rusqlite::Error>((due, queue::next_due(desk)?, desk.now))
    })?;
    for delivery in due {
        if under_way.len() < AT_ONCE && under_way.insert(delivery.id) {
            let app = app.clone();
            tasks.spawn(async move {
                let id = delivery.id;
                if let Err(error) = attempt(&app, delivery).await {
                    tracing::error!(%error, delivery.id = id, "an attempt could not be written down");
                }
                id
            });
        }
    }
    let nap = next.and_then(|next| (next - now).to_std().ok()).unwrap_or(LONGEST_NAP);
    Ok(nap.clamp(Duration::from_millis(1), LONGEST_NAP))
}

async fn attempt(app: &Shared, delivery: Delivery) -> rusqlite::Result<()> {
    let Some(sender) = sender(&delivery.provider) else {
        return app.at_desk(|desk| queue::orphan(desk, &delivery));
    };
    let letter = app.at_desk(|desk| {
        let letter = sender.letter(desk, &delivery)?;
        if letter.is_none() {
            queue::orphan(desk, &delivery)?;
        }
        Ok::<_, rusqlite::Error>(letter)
    })?;
    let Some(mut letter) = letter else { return Ok(()) };
    let own = delivery.headers.iter().filter_map(|(name, value)| {
        Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value).ok()?))
    });
    for (name, value) in own {
        letter.headers.insert(name, value);
    }
    let attempt = post(app, delivery.method.clone(), letter, &delivery.body).await;
    app.at_desk(|desk| queue::note(desk, sender, &delivery, &attempt))
}

/// Makes one attempt, which nobody writes down here.
pub async fn post(app: &Shared, method: Method, letter: Letter, body: &str) -> Attempt {
    let Letter { url, headers } = letter;
    let request = app.http.request(method, &url).timeout(app.config.webhook_deadline);
    let result = match request.headers(headers).body(body.to_owned()).send().await {
        Ok(answer) => Ok(answer.status().as_u16()),
        Err(error) if error.is_timeout() => Err("no answer in time".to_owned()),
        Err(error) => Err(error.without_url().to_string()),
    };
    Attempt { url, result }
}
