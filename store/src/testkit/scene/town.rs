//! Where the town is: its clock, its ways of paying, its rates and its accounts.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Duration, Utc};
use domain::transfer::Wallets;
use domain::{
    Account, CorridorTerms, Currency, CustomerRate, FeeSchedule, Money, Pair, PairRate, Posting, Provider,
    Rail, Rate, RateTable, Route, Spread, UserId, Wallet,
};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::writer::Moment;

/// A clock that goes on by a millisecond whenever it is asked, and ids in its order.
pub struct Clockwork(AtomicI64);

impl Clockwork {
    /// Starts at `at`.
    pub fn at(at: DateTime<Utc>) -> Arc<Clockwork> {
        Arc::new(Clockwork(AtomicI64::new(at.timestamp_micros())))
    }

    /// Lets time pass.
    pub fn pass(&self, time: Duration) {
        self.0.fetch_add(time.num_microseconds().unwrap(), Ordering::Relaxed);
    }
}

impl Moment for Clockwork {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0.fetch_add(1_000, Ordering::Relaxed)).unwrap()
    }

    fn id(&self) -> Uuid {
        crate::fresh_id(self.now())
    }
}

/// How a transfer is paid and paid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    WaveToWave,
    WaveToBalance,
    BalanceToWave,
    BalanceToBalance,
    /// EUR to XOF: the base is sold, the margin is in what is received.
    EuroToFranc,
    /// GNF to CNY: the base is bought, the margin is in what is sent.
    GuineaToChina,
}

/// How a transfer comes out, as far as its way allows; else it completes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Unpaid,
    Declined,
    Cancelled,
    Expired,
    LateWaits,
    LateReturned,
    LateRefused,
    Funded,
    Disbursing,
    Uncertain,
    Found,
    Completed,
    Refunding,
    Refunded,
    Attention,
    Reversed,
}

impl Way {
    pub const ALL: [Way; 6] = [
        Way::WaveToWave,
        Way::WaveToBalance,
        Way::BalanceToWave,
        Way::BalanceToBalance,
        Way::EuroToFranc,
        Way::GuineaToChina,
    ];

    pub(super) fn rails(self) -> (Rail, Rail) {
        match self {
            Way::WaveToWave => (Rail::Wave, Rail::Wave),
            Way::WaveToBalance => (Rail::Wave, Rail::Balance),
            Way::BalanceToWave => (Rail::Balance, Rail::Wave),
            Way::BalanceToBalance => (Rail::Balance, Rail::Balance),
            Way::EuroToFranc => (Rail::SepaTransfer, Rail::Wave),
            Way::GuineaToChina => (Rail::OrangeWeb, Rail::Manual),
        }
    }

    pub(super) fn currencies(self) -> (Currency, Currency) {
        match self {
            Way::EuroToFranc => (Currency::EUR, Currency::XOF),
            Way::GuineaToChina => (Currency::GNF, Currency::CNY),
            _ => (Currency::XOF, Currency::XOF),
        }
    }
}

impl Ending {
    pub const ALL: [Ending; 16] = [
        Ending::Completed,
        Ending::Refunded,
        Ending::LateReturned,
        Ending::Found,
        Ending::LateWaits,
        Ending::Expired,
        Ending::Reversed,
        Ending::Attention,
        Ending::Uncertain,
        Ending::Cancelled,
        Ending::LateRefused,
        Ending::Funded,
        Ending::Disbursing,
        Ending::Refunding,
        Ending::Declined,
        Ending::Unpaid,
    ];

    pub(super) fn pays_late(self) -> bool {
        matches!(self, Ending::LateWaits | Ending::LateReturned | Ending::LateRefused)
    }
}

/// A posting of XOF or whatever the accounts hold.
pub fn posting(debit: &Account, credit: &Account, minor: i64) -> Posting {
    Posting::new(debit.clone(), credit.clone(), Money::new(minor, debit.currency())).unwrap()
}

/// Somebody's balance in XOF.
pub fn xof_account(user: UserId) -> Account {
    Account::Customer { user, currency: Currency::XOF }
}

/// A float by its name's parts.
pub fn float(provider: Provider, wallet: &str, currency: Currency) -> Account {
    Account::Float { provider, wallet: Wallet::parse(wallet).unwrap(), currency }
}

pub(super) fn opened(float: &Account, minor: i64) -> Posting {
    posting(float, &Account::OpeningEquity { currency: float.currency() }, minor)
}

pub(super) fn wallets(way: Way) -> Wallets {
    let (funding, payout) = match way {
        Way::EuroToFranc => ("main", "ci"),
        Way::GuineaToChina => ("gn", "main"),
        _ => ("sn", "ci"),
    };
    let funding = Wallet::parse(funding).unwrap();
    let payout = Wallet::parse(payout).unwrap();
    Wallets { refund: funding.clone(), funding, payout }
}

pub(super) fn terms(currency: Currency) -> CorridorTerms {
    CorridorTerms {
        fee: FeeSchedule { fixed: Money::new(100, currency), bps: Decimal::from(150), min: None, max: None },
        min: Money::new(1, currency),
        max: Money::new(1_000_000_000, currency),
        ttl: Duration::minutes(10),
        funding_window: Duration::minutes(30),
        delivery_estimate_s: 60,
    }
}

pub(super) fn route(send: Currency, receive: Currency, now: DateTime<Utc>) -> Route {
    if send == receive {
        return Route::same(send);
    }
    let spread = CustomerRate::Spread(Spread::new(Decimal::from(150)).unwrap());
    let yuan = PairRate {
        pair: Pair::new(Currency::CNY, Currency::GNF).unwrap(),
        mid: Rate::parse("1290").unwrap(),
        sell: spread,
        buy: spread,
        source: "a test".into(),
        as_of: now,
        max_age: None,
    };
    let euro = PairRate::eur_xof(spread, spread, now).unwrap();
    RateTable::new([yuan, euro], Currency::EUR).unwrap().route(send, receive, now).unwrap()
}
