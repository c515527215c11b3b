//! Reading rates outside and putting them in force, for the pairs that the settings name.
//!
//! A reading keeps each pair's spreads and replaces its mid. A step that one person alone might not take waits for an
//! admin; what is refused, missing or not answered counts as a failure, which stays visible until a reading is whole.
//! What was quoted goes on being quoted until it is too old.
//!
//! Deliberately absent: which service it is.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{ApprovalKind, CustomerRate, Pair, PairRate};
use providers::RateSheet;
use store::jobs::{self, Run};
use store::rates::{feed_failed, feed_state, feed_succeeded};

use super::change::{Outcome, Seen, change, waiting_mid};
use crate::app::App;
use crate::config::RateFeed;
use crate::services::ServiceError;
use crate::services::approvals::Maker;

/// How the audit log and the job's lease name it.
pub const NAME: &str = "rate feed";

/// After the first failure it is read again after so long, then twice as long, up to its usual interval.
const AGAIN: TimeDelta = TimeDelta::seconds(30);
/// Longer than a reading takes.
const LEASE: TimeDelta = TimeDelta::seconds(60);

/// Reads once if it is time and no other gateway does, and says when the next reading is due.
pub async fn read_when_due(app: &App, holder: &str) -> Result<Option<DateTime<Utc>>, ServiceError> {
    let Some(settings) = &app.config.rates.feed else { return Ok(None) };
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let claimed = jobs::claim(&mut tx, NAME, holder, now, now + LEASE).await?;
    tx.commit().await?;
    let Some(token) = claimed else { return Ok(None) };
    let failures = read(app).await?;
    let ended_at = app.clock.now();
    let next_at = ended_at + pause(settings, failures);
    let outcome = if failures == 0 { "ok" } else { "failed" };
    let mut tx = app.db.begin().await?;
    jobs::finish(&mut tx, NAME, token, Run { ended_at, next_at, outcome }).await?;
    tx.commit().await?;
    Ok(Some(next_at))
}

fn pause(settings: &RateFeed, failures: i64) -> TimeDelta {
    let usual = TimeDelta::seconds(settings.interval_s);
    let doubled = i32::try_from(failures.saturating_sub(1).clamp(0, 16)).unwrap_or(16);
    let pause = if failures == 0 { usual } else { usual.min(AGAIN * (1 << doubled)) };
    pause + TimeDelta::milliseconds(rand::random_range(0..=pause.num_milliseconds() / 10))
}

/// Reads now, whoever else does, and says how many readings in a row failed.
pub async fn read(app: &App) -> Result<i64, ServiceError> {
    let mistakes = match (&app.rate_source, &app.config.rates.feed) {
        (Some(source), Some(settings)) => match source.read().await {
            Ok(sheet) => take(app, settings, &sheet).await?,
            Err(error) => vec![error.to_string()],
        },
        _ => return Ok(0),
    };
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let failures = match mistakes.is_empty() {
        true => {
            feed_succeeded(&mut tx, NAME, now).await?;
            0
        }
        false => feed_failed(&mut tx, NAME, &mistakes.join("; "), now).await?,
    };
    tx.commit().await?;
    if failures > 0 {
        metrics::counter!("rate_feed_failures_total").increment(1);
        tracing::warn!(
            rate_feed.failures = failures,
            reason = mistakes.join("; "),
            "rates could not be read"
        );
    }
    Ok(failures)
}

/// What went wrong, pair by pair; no figure is in it.
async fn take(app: &App, settings: &RateFeed, sheet: &RateSheet) -> Result<Vec<String>, ServiceError> {
    let mut mistakes = Vec::new();
    for pair in &settings.pairs {
        match take_pair(app, settings, sheet, *pair).await {
            Ok(()) => {}
            // Somebody set it at the same moment: the next reading looks again.
            Err(ServiceError::Conflict { .. }) => {}
            Err(error @ (ServiceError::Internal(_) | ServiceError::Unavailable { .. })) => return Err(error),
            Err(error) => mistakes.push(format!("{pair}: {}", error.code())),
        }
    }
    Ok(mistakes)
}

async fn take_pair(
    app: &App,
    settings: &RateFeed,
    sheet: &RateSheet,
    pair: Pair,
) -> Result<(), ServiceError> {
    let mid = sheet.mid(pair).ok_or(ServiceError::Refused { code: "invalid_rate" })?;
    let seen = Seen::read(app, pair).await?;
    let head = seen.head.as_ref().map(|head| &head.rate);
    if head.is_some_and(|head| head.as_of > sheet.as_of || (head.as_of, head.mid) == (sheet.as_of, mid)) {
        return Ok(());
    }
    let spread = CustomerRate::Spread(settings.spread);
    let rate = PairRate {
        pair,
        mid,
        sell: head.map_or(spread, |head| head.sell),
        buy: head.map_or(spread, |head| head.buy),
        source: "feed".to_owned(),
        as_of: sheet.as_of,
        max_age: Some(TimeDelta::seconds(settings.max_age_s)),
    };
    if asked_already(app, &rate).await? {
        return Ok(());
    }
    if let Outcome::Waits(approval) = change(app, Maker::House(NAME), rate, seen).await? {
        metrics::counter!("rate_feed_jumps_total").increment(1);
        tracing::warn!(approval.id = %approval.id, pair = %pair, "a jump of the rate feed waits for an admin");
    }
    Ok(())
}

/// Whether this very rate waits for an admin: asking again would void what one of them looks at.
async fn asked_already(app: &App, rate: &PairRate) -> Result<bool, ServiceError> {
    let mut reader = app.db.read().await?;
    let subject = rate.pair.to_string();
    let waiting = store::approvals::pending(&mut reader.conn(), ApprovalKind::RateChange, &subject).await?;
    let asked = waiting.and_then(|approval| waiting_mid(&approval, Maker::House(NAME)));
    Ok(asked.is_some_and(|(mid, _)| mid == rate.mid.to_string()))
}

/// How many readings in a row failed, for whoever alerts.
pub async fn failures(app: &App) -> Result<i64, ServiceError> {
    Ok(feed_state(&mut app.db.read().await?.conn(), NAME).await?.failures)
}
