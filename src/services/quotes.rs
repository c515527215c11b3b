//! Quotes: an offer that a configured corridor can keep.

use chrono::TimeDelta;
use domain::{
    CorridorTerms, Country, Currency, FeeSchedule, Money, Quote, QuoteError, QuoteId, QuoteRequest, Rail,
    Side, UserId,
};
use providers::{Limits, OperationKind};
use store::StoreError;

use super::rails::{self, Unavailable};
use super::{Caller, ServiceError, calls, rates};
use crate::app::App;
use crate::config::Corridor;

/// What a customer asks for. Countries left out are those of the only corridor that fits.
#[derive(Clone, Debug)]
pub struct QuoteAsk {
    pub send_currency: Currency,
    pub receive_currency: Currency,
    pub amount: Money,
    pub side: Side,
    pub funding_rail: Rail,
    pub payout_rail: Rail,
    pub from_country: Option<Country>,
    pub to_country: Option<Country>,
}

/// Why there is no quote.
#[derive(Debug, thiserror::Error)]
pub enum QuoteRefusal {
    /// No corridor, or none whose rails can finish it.
    #[error("no corridor leads there")]
    CorridorUnavailable,
    #[error("several corridors fit; the countries must be named")]
    CountryNeeded,
    #[error(transparent)]
    Price(#[from] QuoteError),
    /// The rail moves less, or more, at once. `by_hand`: the corridor has the rail `manual` for more.
    #[error("{rail} moves from {min} on at once, up to {max:?}")]
    BeyondRail { rail: Rail, min: Money, max: Option<Money>, by_hand: bool },
    /// A rail is down or paused.
    #[error("{} is not available", .0.rail)]
    RailUnavailable(#[from] Unavailable),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The rates cannot be read now.
    #[error(transparent)]
    Rates(#[from] ServiceError),
}

/// Prices and stores an offer for `owner`.
pub async fn create(app: &App, owner: UserId, ask: QuoteAsk) -> Result<Quote, QuoteRefusal> {
    let corridor = corridor(app, &ask)?;
    let route = rates::route(app, ask.send_currency, ask.receive_currency).await?;
    let route = route.map_err(QuoteError::from)?;
    let request = QuoteRequest {
        id: QuoteId::from_uuid(app.ids.next()),
        owner,
        from_country: corridor.from,
        to_country: corridor.to,
        funding_rail: ask.funding_rail,
        payout_rail: ask.payout_rail,
        side: ask.side,
        amount: ask.amount,
    };
    let funding = (ask.funding_rail, corridor.from, corridor.send_currency);
    let payout = (ask.payout_rail, corridor.to, corridor.receive_currency);
    let mut terms = terms(app, corridor, ask.funding_rail);
    terms.delivery_estimate_s += rails::delay(app, funding, payout).await??;
    let quote = Quote::price(request, &terms, &route, app.clock.now())?;
    check_debit(app, &quote)?;
    check_rails(app, corridor, &quote)?;
    let mut tx = app.db.begin().await?;
    store::quotes::insert(&mut tx, &quote, route.legs()).await?;
    tx.commit().await?;
    Ok(quote)
}

/// The owner's quote.
pub async fn find(app: &App, owner: UserId, id: QuoteId) -> Result<Option<Quote>, StoreError> {
    store::quotes::find(&mut app.db.read().await?.conn(), owner, id).await
}

/// Anybody's quote and the legs of its route, mids included. For admins only.
pub async fn find_with_legs(
    app: &App,
    caller: &Caller,
    id: QuoteId,
) -> Result<(Quote, Option<serde_json::Value>), ServiceError> {
    if !caller.is_admin() {
        return Err(ServiceError::Forbidden);
    }
    let mut reader = app.db.read().await?;
    let quote = store::quotes::find_any(&mut reader.conn(), id).await?.ok_or(ServiceError::NotFound)?;
    let legs = store::quotes::legs(&mut reader.conn(), id).await?;
    Ok((quote, legs))
}

/// The corridor asked for, when its rails are offered and can finish it.
fn corridor<'a>(app: &'a App, ask: &QuoteAsk) -> Result<&'a Corridor, QuoteRefusal> {
    let fits = |corridor: &&Corridor| {
        corridor.send_currency == ask.send_currency
            && corridor.receive_currency == ask.receive_currency
            && corridor.funding_rails.contains(&ask.funding_rail)
            && corridor.payout_rails.contains(&ask.payout_rail)
            && ask.from_country.is_none_or(|country| country == corridor.from)
            && ask.to_country.is_none_or(|country| country == corridor.to)
            && can_finish(app, corridor, ask)
    };
    let mut fitting = app.config.corridors.iter().filter(fits);
    match (fitting.next(), fitting.next()) {
        (None, _) => Err(QuoteRefusal::CorridorUnavailable),
        (Some(corridor), None) => Ok(corridor),
        (Some(_), Some(_)) => Err(QuoteRefusal::CountryNeeded),
    }
}

/// Whether each leg has a wallet of its country and currency, and the operations it needs.
fn can_finish(app: &App, corridor: &Corridor, ask: &QuoteAsk) -> bool {
    use providers::OperationKind::{Collect, Disburse};
    let legs = [
        (ask.funding_rail, corridor.from, corridor.send_currency, Collect),
        (ask.payout_rail, corridor.to, corridor.receive_currency, Disburse),
    ];
    legs.into_iter().all(|(rail, country, currency, operation)| {
        let Some(provider) = rail.provider() else { return rail == Rail::Balance };
        app.providers.wallets(provider).map(|entry| entry.capabilities()).any(|wallet| {
            wallet.rails.contains(&rail)
                && wallet.countries.contains(&country)
                && wallet.currencies.contains(&currency)
                && wallet.supports(operation)
        })
    })
}

/// One debit takes no more than the scheme and our contract allow.
fn check_debit(app: &App, quote: &Quote) -> Result<(), QuoteRefusal> {
    let limit = app.config.debit_max();
    match limit {
        Some(max) if quote.funding_rail == Rail::SepaDebit && quote.total_to_pay.minor() > max.minor() => {
            let min = Money::zero(max.currency());
            Err(QuoteError::AmountOutOfRange { min, max }.into())
        }
        _ => Ok(()),
    }
}

/// Each leg within what its wallet takes at once: a quote that no provider would carry out is none.
fn check_rails(app: &App, corridor: &Corridor, quote: &Quote) -> Result<(), QuoteRefusal> {
    let legs = [
        (quote.funding_rail, corridor.from, quote.total_to_pay, OperationKind::Collect),
        (quote.payout_rail, corridor.to, quote.receive, OperationKind::Disburse),
    ];
    for (rail, country, amount, operation) in legs {
        let Some(limits) = limits(app, rail, country, amount.currency(), operation) else { continue };
        if limits.check(amount).is_err() {
            let rails = match operation {
                OperationKind::Collect => &corridor.funding_rails,
                _ => &corridor.payout_rails,
            };
            let is_too_much = limits.max.is_some_and(|max| amount.minor() > max.minor());
            let by_hand = is_too_much && rail != Rail::Manual && rails.contains(&Rail::Manual);
            let (min, max) = (limits.min.unwrap_or(Money::zero(amount.currency())), limits.max);
            return Err(QuoteRefusal::BeyondRail { rail, min, max, by_hand });
        }
    }
    Ok(())
}

/// Of the wallet that would carry it out.
fn limits(
    app: &App,
    rail: Rail,
    country: Country,
    currency: Currency,
    operation: OperationKind,
) -> Option<Limits> {
    let wallet = calls::wallet(app, rail, country, currency, operation)?;
    Some(match operation {
        OperationKind::Collect => wallet.collect_limits,
        _ => wallet.disburse_limits,
    })
}

/// What a corridor offers, from the settings.
pub fn terms(app: &App, corridor: &Corridor, funding: Rail) -> CorridorTerms {
    let fee = FeeSchedule {
        fixed: corridor.fee_fixed,
        bps: corridor.fee_bps,
        min: corridor.fee_min,
        max: corridor.fee_max,
    };
    let quotes = &app.config.quotes;
    let window_s = match funding {
        Rail::Manual => quotes.manual_funding_window_s,
        later if later.settles_later() => quotes.sepa_funding_window_s,
        _ => quotes.funding_window_s,
    };
    CorridorTerms {
        fee,
        min: corridor.min,
        max: corridor.max,
        ttl: TimeDelta::seconds(quotes.ttl_s),
        funding_window: TimeDelta::seconds(window_s),
        delivery_estimate_s: corridor.delivery_estimate_s,
    }
}
