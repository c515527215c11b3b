//! How a way does in one word, for customers and for metrics.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::{Breaker, Direction, Health, Rail, RailKey, RailState};
use store::{Conn, StoreError, rails};

use super::ways;
use crate::app::App;

/// How a rail does in each direction that it has: the worst of its wallets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RailHealth {
    pub collect: Option<Health>,
    pub disburse: Option<Health>,
}

impl RailHealth {
    /// The worst of both.
    pub fn worst(&self) -> Health {
        self.collect.max(self.disburse).unwrap_or(Health::Operational)
    }
}

/// How every rail does.
pub async fn healths(app: &App) -> Result<BTreeMap<Rail, RailHealth>, StoreError> {
    let states = rails::all(&mut app.db.read().await?.conn()).await?;
    let now = app.clock.now();
    let mut healths: BTreeMap<Rail, RailHealth> = BTreeMap::new();
    for way in Rail::ALL.iter().flat_map(|rail| ways(app, *rail, None)) {
        let state = states.iter().find(|state| state.key == way);
        let health = Some(of(app, &way, state, now));
        let rail = healths.entry(way.rail).or_default();
        let place = match way.direction {
            Direction::Collect => &mut rail.collect,
            Direction::Disburse => &mut rail.disburse,
        };
        *place = health.max(*place);
    }
    Ok(healths)
}

/// Of one way: down while nothing new is taken, in part while it is tried again, else as this gateway counts.
pub(super) fn of(app: &App, way: &RailKey, state: Option<&RailState>, now: DateTime<Utc>) -> Health {
    match state {
        Some(state) if state.blocked(now).is_some() => Health::Down,
        Some(state) if !state.breaker.is_closed() => Health::Degraded,
        _ => app.rails.of(way).window.health(now, &app.config.rails.breaker),
    }
}

/// Breakers and pauses for whoever watches the metrics: 0 closed, 1 half open, 2 open; 1 paused.
pub async fn gauge(app: &App, conn: &mut Conn<'_>) -> Result<(), StoreError> {
    let states = rails::all(conn).await?;
    let now = app.clock.now();
    for way in Rail::ALL.iter().flat_map(|rail| ways(app, *rail, None)) {
        let state = states.iter().find(|state| state.key == way);
        let breaker = match state.map(|state| state.breaker) {
            None | Some(Breaker::Closed) => 0.0,
            Some(Breaker::HalfOpen { .. }) => 1.0,
            Some(Breaker::Open { .. }) => 2.0,
        };
        let paused = if state.is_some_and(|state| state.paused(now).is_some()) { 1.0 } else { 0.0 };
        for (name, value) in [("rail_breaker", breaker), ("rail_paused", paused)] {
            metrics::gauge!(name, "rail" => way.rail.as_str(), "wallet" => way.wallet.to_string(),
                "direction" => way.direction.as_str())
            .set(value);
        }
    }
    Ok(())
}
