//! What this gateway offers to anybody: its rails, its corridors and their rates.
//!
//! Rails are what the configured wallets declare; corridors are the settings', which were checked against the
//! wallets at the start. Mid-rates and spreads are not part of it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::{Country, Currency, FxError, Health, Rail};
use providers::{Capabilities, OperationKind};
pub use providers::{Limits, Refunds};
use rust_decimal::Decimal;

use super::rails::{self, RailHealth};
use super::{ServiceError, rates};
use crate::app::App;
use crate::config::Corridor;

/// A way to pay or be paid, over all its wallets.
#[derive(Clone, Debug, PartialEq)]
pub struct RailOffer {
    /// Which.
    pub rail: Rail,
    /// Whose numbers it serves.
    pub countries: Vec<Country>,
    /// What it moves.
    pub currencies: Vec<Currency>,
    /// Whether it takes money from payers, and how much at once. An open end is not known here: the provider decides.
    pub collect: Option<Limits>,
    /// Whether it pays, and how much at once.
    pub disburse: Option<Limits>,
    /// How much of a collection it gives back.
    pub refunds: Refunds,
    /// How it does, in each direction that it has.
    pub health: RailHealth,
}

/// Every rail that is configured; `balance` is always.
pub async fn rails(app: &App) -> Result<Vec<RailOffer>, ServiceError> {
    let healths = rails::healths(app).await?;
    let configured = Rail::ALL.iter().filter_map(|rail| {
        let Some(provider) = rail.provider() else { return (*rail == Rail::Balance).then(|| balance(app)) };
        let wallets: Vec<&Capabilities> =
            app.providers.wallets(provider).map(|wallet| wallet.capabilities()).collect();
        let health = healths.get(rail).copied().unwrap_or_default();
        (!wallets.is_empty()).then(|| offer(*rail, &wallets, health))
    });
    Ok(configured.collect())
}

/// What is served, in the order of the settings.
pub fn corridors(app: &App) -> &[Corridor] {
    &app.config.corridors
}

/// A customer's rate in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CustomerRate {
    /// Units received per unit sent.
    pub rate: Decimal,
    /// Units sent per unit received.
    pub inverse: Decimal,
    /// When it was read.
    pub as_of: DateTime<Utc>,
}

/// The rate from one currency to another, in that direction only: money of one currency is itself.
///
/// Errors: [`ServiceError::NotFound`] when no corridor goes there, or none can be quoted; `rate_stale`.
pub async fn rate(app: &App, from: Currency, to: Currency) -> Result<CustomerRate, ServiceError> {
    let is_used = corridors(app)
        .iter()
        .any(|corridor| corridor.send_currency == from && corridor.receive_currency == to);
    if !is_used {
        return Err(ServiceError::NotFound);
    }
    let route = rates::route(app, from, to).await?.map_err(|error| match error {
        FxError::StaleRate { .. } => ServiceError::Unavailable { code: "rate_stale" },
        FxError::NoRate { .. } => ServiceError::NotFound,
        other => ServiceError::internal(other),
    })?;
    let as_of = route.as_of().unwrap_or_else(|| app.clock.now());
    Ok(CustomerRate { rate: route.rate().decimal(), inverse: route.inverse().decimal(), as_of })
}

/// One rail over these wallets of it.
pub(super) fn offer(rail: Rail, wallets: &[&Capabilities], health: RailHealth) -> RailOffer {
    let countries: BTreeSet<Country> =
        wallets.iter().flat_map(|wallet| wallet.countries.iter().copied()).collect();
    let mut currencies: Vec<Currency> =
        wallets.iter().flat_map(|wallet| wallet.currencies.iter().copied()).collect();
    currencies.sort();
    currencies.dedup();
    let range = |operation| {
        let able: Vec<_> = wallets.iter().filter(|wallet| wallet.supports(operation)).collect();
        let [only] = able.as_slice() else { return (!able.is_empty()).then(Limits::default) };
        Some(match operation {
            OperationKind::Disburse => only.disburse_limits,
            _ => only.collect_limits,
        })
    };
    RailOffer {
        rail,
        countries: countries.into_iter().collect(),
        currencies,
        collect: range(OperationKind::Collect),
        disburse: range(OperationKind::Disburse),
        refunds: least(wallets),
        health,
    }
}

/// What holds for every wallet of the rail that gives back at all; one that collects may leave it to another.
fn least(wallets: &[&Capabilities]) -> Refunds {
    let able: Vec<_> = wallets.iter().filter(|wallet| wallet.supports(OperationKind::Refund)).collect();
    let all = |enough: fn(Refunds) -> bool| able.iter().all(|wallet| enough(wallet.refunds));
    if able.is_empty() {
        Refunds::None
    } else if all(|refunds| matches!(refunds, Refunds::Partial | Refunds::Anew)) {
        Refunds::Partial
    } else if all(|refunds| refunds != Refunds::None) {
        Refunds::Full
    } else {
        Refunds::None
    }
}

/// From and to a customer's own balance, in what the corridors move.
fn balance(app: &App) -> RailOffer {
    let corridors = corridors(app);
    let countries: BTreeSet<Country> =
        corridors.iter().flat_map(|corridor| [corridor.from, corridor.to]).collect();
    let mut currencies: Vec<Currency> =
        corridors.iter().flat_map(|corridor| [corridor.send_currency, corridor.receive_currency]).collect();
    currencies.sort();
    currencies.dedup();
    RailOffer {
        rail: Rail::Balance,
        countries: countries.into_iter().collect(),
        currencies,
        collect: Some(Limits::default()),
        disburse: Some(Limits::default()),
        refunds: Refunds::Full,
        health: RailHealth { collect: Some(Health::Operational), disburse: Some(Health::Operational) },
    }
}
