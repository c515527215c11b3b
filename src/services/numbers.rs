//! Whether a number can be on the rail that was asked for, and which rails it proposes.
//!
//! What a number's country and series tell is the domain's; here it meets the wallets that are configured and the
//! corridors that are served. Nothing is asked of a provider, and nothing looked up of a person: the same number gets
//! the same answer, whether anybody has it or not.

use std::collections::BTreeSet;

use domain::routing::{self, Fit, Reach};
use domain::{Country, Currency, Health, Msisdn, Operator, Quote, Rail};
use providers::{Capabilities, OperationKind};

use super::ServiceError;
use super::offer::{self, RailOffer};
use crate::app::App;
use crate::config::Corridor;

/// A number that cannot be on its rail, with what can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotOnRail {
    /// A JSON pointer to the number.
    pub pointer: &'static str,
    /// The rail that was asked for.
    pub rail: Rail,
    /// Whose numbers it serves.
    pub countries: Vec<Country>,
    /// Of which operators; none: of any.
    pub operators: &'static [Operator],
    /// Whether it is of none of these countries.
    pub is_abroad: bool,
    /// Whether it would do if its owner said that they took it along from another operator.
    pub may_have_moved: bool,
    /// By which rails the number can be ordered instead, best first.
    pub proposed: Vec<Rail>,
}

/// One end of an order: its rail, and the number that the rail has to reach.
#[derive(Clone, Copy, Debug)]
pub struct End<'a> {
    /// A JSON pointer to the number.
    pub pointer: &'static str,
    /// Whether it pays or is paid.
    pub operation: OperationKind,
    /// The quote's.
    pub rail: Rail,
    /// The number.
    pub phone: &'a Msisdn,
    /// Whether its owner says that they took it along from another operator.
    pub moved: bool,
}

/// Refuses a number that cannot be on its rail.
pub fn check(app: &App, quote: &Quote, end: &End<'_>) -> Result<(), NotOnRail> {
    let countries = countries(app, end.rail, end.operation, currency(quote, end.operation));
    let fit = Fit::of(end.phone, end.rail, &countries);
    // By hand one pays to what the words say.
    if matches!(fit, Fit::NoNumbers) || end.rail == Rail::Manual || fit.is_possible(end.moved) {
        return Ok(());
    }
    Err(NotOnRail {
        pointer: end.pointer,
        rail: end.rail,
        operators: match end.rail.reach() {
            Reach::Of(operators) => operators,
            Reach::Any | Reach::NoNumbers => &[],
        },
        is_abroad: fit == Fit::OtherCountry,
        may_have_moved: fit == Fit::OnlyIfMoved,
        proposed: proposed(app, quote, end),
        countries,
    })
}

/// Every configured rail that reaches this number, best first, with its limits in the number's country. Of rails that
/// fit alike, those that are down come last.
pub async fn rails_for(app: &App, phone: &Msisdn) -> Result<Vec<RailOffer>, ServiceError> {
    let Some(country) = phone.country() else { return Ok(Vec::new()) };
    let mut offers = offer::rails(app).await?;
    offers.sort_by_key(|offer| offer.health.worst() == Health::Down);
    let rails = offers.iter().map(|offer| (offer.rail, offer.countries.as_slice()));
    let proposed = routing::propose(phone, rails);
    let of = |rail: &Rail| offers.iter().find(|offer| offer.rail == *rail);
    let here = |offer: &RailOffer| {
        let wallets: Vec<&Capabilities> =
            wallets(app, offer.rail).filter(|wallet| wallet.countries.contains(&country)).collect();
        let narrowed = offer::offer(offer.rail, &wallets, offer.health);
        RailOffer { countries: vec![country], ..narrowed }
    };
    Ok(proposed.iter().filter_map(of).map(here).collect())
}

/// What the number could be ordered by, in a corridor that is served.
fn proposed(app: &App, quote: &Quote, end: &End<'_>) -> Vec<Rail> {
    let currency = currency(quote, end.operation);
    let corridors = app.config.corridors.iter().filter(|corridor| leads_there(corridor, quote, end));
    let rails: BTreeSet<Rail> = corridors
        .flat_map(|corridor| match end.operation {
            OperationKind::Collect => &corridor.funding_rails,
            _ => &corridor.payout_rails,
        })
        .copied()
        .collect();
    let served: Vec<(Rail, Vec<Country>)> =
        rails.into_iter().map(|rail| (rail, countries(app, rail, end.operation, currency))).collect();
    routing::propose(end.phone, served.iter().map(|(rail, countries)| (*rail, countries.as_slice())))
}

/// Whether a corridor is the quote's but for this end, which is in the number's country.
fn leads_there(corridor: &Corridor, quote: &Quote, end: &End<'_>) -> bool {
    let (here, there) = match end.operation {
        OperationKind::Collect => (corridor.from, (corridor.to, quote.to_country)),
        _ => (corridor.to, (corridor.from, quote.from_country)),
    };
    end.phone.country() == Some(here)
        && there.0 == there.1
        && corridor.send_currency == quote.send.currency()
        && corridor.receive_currency == quote.receive.currency()
}

/// Of one end of a quote.
fn currency(quote: &Quote, operation: OperationKind) -> Currency {
    match operation {
        OperationKind::Collect => quote.send.currency(),
        _ => quote.receive.currency(),
    }
}

/// Where a rail can do this in this currency.
fn countries(app: &App, rail: Rail, operation: OperationKind, currency: Currency) -> Vec<Country> {
    let able = wallets(app, rail)
        .filter(|wallet| wallet.supports(operation) && wallet.currencies.contains(&currency))
        .flat_map(|wallet| wallet.countries.iter().copied());
    able.collect::<BTreeSet<Country>>().into_iter().collect()
}

fn wallets(app: &App, rail: Rail) -> impl Iterator<Item = &Capabilities> {
    let of = rail.provider().map(|provider| app.providers.wallets(provider));
    let wallets = of.into_iter().flatten().map(|entry| entry.capabilities());
    wallets.filter(move |wallet| wallet.rails.contains(&rail))
}
