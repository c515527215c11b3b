//! Whether a quote can be kept: nothing is offered that would be collected by a rail that is down or paused, or paid by
//! one that a person has to resume. What is paid later because its rail is down is offered with that much longer.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{Country, Currency, Direction, Rail, RailKey};
use store::{StoreError, rails};

use crate::app::App;
use crate::services::calls;

/// Nothing goes by this rail now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{rail} is not available")]
pub struct Unavailable {
    pub rail: Rail,
    /// When to come back; `None` when a person decides.
    pub until: Option<DateTime<Utc>>,
    /// How long that is from now.
    pub retry_after: Option<Duration>,
}

impl Unavailable {
    fn of(rail: Rail, until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Unavailable {
        Unavailable { rail, until, retry_after: until.and_then(|until| (until - now).to_std().ok()) }
    }
}

/// One end of a quote.
type End = (Rail, Country, Currency);

/// By how many seconds later than usual the payee has the money.
pub(in crate::services) async fn delay(
    app: &App,
    funding: End,
    payout: End,
) -> Result<Result<i64, Unavailable>, StoreError> {
    let now = app.clock.now();
    let mut reader = app.db.read().await?;
    if let Some(key) = key(app, funding, Direction::Collect)
        && let Some(wait) = rails::find(&mut reader.conn(), &key).await?.blocked(now)
    {
        return Ok(Err(Unavailable::of(key.rail, wait.until, now)));
    }
    let Some(key) = key(app, payout, Direction::Disburse) else { return Ok(Ok(0)) };
    let wait = rails::find(&mut reader.conn(), &key).await?.blocked(now);
    Ok(match wait {
        None => Ok(0),
        Some(wait) => match wait.until {
            Some(until) => Ok((until - now).num_seconds().max(0)),
            None => Err(Unavailable::of(key.rail, None, now)),
        },
    })
}

/// The way that this end would go.
fn key(app: &App, (rail, country, currency): End, direction: Direction) -> Option<RailKey> {
    let operation = match direction {
        Direction::Collect => providers::OperationKind::Collect,
        Direction::Disburse => providers::OperationKind::Disburse,
    };
    let wallet = calls::wallet(app, rail, country, currency, operation)?.wallet.clone();
    Some(RailKey { rail, wallet, direction })
}
