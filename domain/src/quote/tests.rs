//! Quotes in figures that can be checked by hand.

use uuid::Uuid;

use super::*;
use crate::fx::{CustomerRate, PairRate, Rate, RateTable, Spread};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_262_400, 123_456_000).unwrap()
}

fn xof(minor: i64) -> Money {
    Money::new(minor, Currency::XOF)
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

fn asked(side: Side, amount: Money) -> QuoteRequest {
    QuoteRequest {
        id: QuoteId::from_uuid(Uuid::from_u128(1)),
        owner: UserId::from_uuid(Uuid::from_u128(2)),
        from_country: Country::SN,
        to_country: Country::CI,
        funding_rail: Rail::Wave,
        payout_rail: Rail::Wave,
        side,
        amount,
    }
}

/// 100 minor units and 1.5 %; between 500 and 1,000,000 minor units.
fn terms(currency: Currency) -> CorridorTerms {
    CorridorTerms {
        fee: FeeSchedule { fixed: Money::new(100, currency), bps: Decimal::from(150), min: None, max: None },
        min: Money::new(500, currency),
        max: Money::new(1_000_000, currency),
        ttl: TimeDelta::minutes(10),
        funding_window: TimeDelta::minutes(30),
        delivery_estimate_s: 60,
    }
}

fn within_west_africa(side: Side, minor: i64) -> Result<Quote, QuoteError> {
    Quote::price(asked(side, xof(minor)), &terms(Currency::XOF), &Route::same(Currency::XOF), now())
}

fn euros_to_francs() -> Route {
    let flat = CustomerRate::Spread(Spread::NONE);
    let rate = PairRate::eur_xof(flat, CustomerRate::Outright(Rate::parse("650").unwrap()), now()).unwrap();
    RateTable::new([rate], Currency::EUR).unwrap().route(Currency::EUR, Currency::XOF, now()).unwrap()
}

/// `send + fee = total -> receive`.
fn told(quote: &Quote) -> String {
    format!("{} + {} = {} -> {}", quote.send, quote.fee, quote.total_to_pay, quote.receive)
}

#[test]
fn the_three_sides_of_one_quote_agree() {
    for (side, minor) in [(Side::Send, 10_000), (Side::Receive, 10_000), (Side::Total, 10_250)] {
        let quote = within_west_africa(side, minor).unwrap();
        assert_eq!(told(&quote), "10000 XOF + 250 XOF = 10250 XOF -> 10000 XOF");
        assert_eq!(
            (quote.rate, quote.inverse, quote.margin),
            (Decimal::ONE, Decimal::ONE, ForAdmins::new(xof(0)))
        );
    }
}

#[test]
fn the_three_sides_agree_across_currencies() {
    for (side, amount) in
        [(Side::Send, eur(10_000)), (Side::Receive, xof(65_000)), (Side::Total, eur(10_250))]
    {
        let quote =
            Quote::price(asked(side, amount), &terms(Currency::EUR), &euros_to_francs(), now()).unwrap();
        assert_eq!(told(&quote), "100.00 EUR + 2.50 EUR = 102.50 EUR -> 65000 XOF");
        assert_eq!(quote.rate, Decimal::from(650));
        assert_eq!(quote.inverse.to_string(), "0.00153846153846");
        assert_eq!(*quote.margin.reveal(), xof(595));
    }
}

#[test]
fn a_total_is_never_exceeded_and_what_remains_is_not_billed() {
    // 10,001 would cost 10,252.
    let quote = within_west_africa(Side::Total, 10_251).unwrap();
    assert_eq!(told(&quote), "10000 XOF + 250 XOF = 10250 XOF -> 10000 XOF");
    assert_eq!(within_west_africa(Side::Total, 10_252).unwrap().total_to_pay, xof(10_252));
}

#[test]
fn limits_are_on_what_is_sent() {
    let refused = QuoteError::AmountOutOfRange { min: xof(500), max: xof(1_000_000) };
    for (side, minor) in [
        (Side::Send, 499),
        (Side::Send, 1_000_001),
        (Side::Send, i64::MAX),
        (Side::Receive, 499),
        (Side::Receive, i64::MAX),
        (Side::Total, 607),
        (Side::Total, 100),
        (Side::Total, 1),
        (Side::Total, 1_015_102),
        (Side::Total, i64::MAX),
    ] {
        assert_eq!(within_west_africa(side, minor), Err(refused.clone()), "{side} {minor}");
    }
    for (side, minor) in [
        (Side::Send, 500),
        (Side::Send, 1_000_000),
        (Side::Receive, 500),
        (Side::Total, 608),
        (Side::Total, 1_015_100),
    ] {
        assert!(within_west_africa(side, minor).is_ok(), "{side} {minor}");
    }
}

#[test]
fn amounts_that_cannot_be_quoted_are_refused() {
    for side in Side::ALL {
        for minor in [0, -1] {
            assert_eq!(within_west_africa(*side, minor), Err(QuoteError::NotPositive { amount: xof(minor) }));
        }
    }
    let price =
        |side, amount| Quote::price(asked(side, amount), &terms(Currency::EUR), &euros_to_francs(), now());
    let (euro, franc) = (Currency::EUR, Currency::XOF);
    let mismatch = |expected, given| Err(QuoteError::CurrencyMismatch { expected, given });
    assert_eq!(price(Side::Send, xof(1000)), mismatch(euro, franc));
    assert_eq!(price(Side::Total, xof(1000)), mismatch(euro, franc));
    assert_eq!(price(Side::Receive, eur(1000)), mismatch(franc, euro));
    let too_much = QuoteError::AmountOutOfRange { min: eur(500), max: eur(1_000_000) };
    assert_eq!(price(Side::Receive, xof(i64::MAX)), Err(too_much));
}

#[test]
fn what_rounds_to_nothing_is_refused() {
    let least = CorridorTerms { min: eur(1), fee: FeeSchedule::free(Currency::EUR), ..terms(Currency::EUR) };
    let tiny = CustomerRate::Outright(Rate::parse("1").unwrap());
    let rate = PairRate::eur_xof(CustomerRate::Spread(Spread::NONE), tiny, now()).unwrap();
    let route =
        RateTable::new([rate], Currency::EUR).unwrap().route(Currency::EUR, Currency::XOF, now()).unwrap();
    let refused = QuoteError::RoundsToZero { amount: eur(99), receive: Currency::XOF };
    assert_eq!(Quote::price(asked(Side::Send, eur(99)), &least, &route, now()), Err(refused));
}

#[test]
fn terms_that_contradict_themselves_are_ours_to_mend() {
    let good = terms(Currency::XOF);
    let bad = [
        CorridorTerms { min: xof(2_000_000), ..good.clone() },
        CorridorTerms { max: eur(1_000_000), ..good.clone() },
        CorridorTerms { fee: FeeSchedule::free(Currency::EUR), ..good.clone() },
        CorridorTerms { fee: FeeSchedule { bps: Decimal::NEGATIVE_ONE, ..good.fee.clone() }, ..good.clone() },
        CorridorTerms { ttl: TimeDelta::zero(), ..good.clone() },
        CorridorTerms { funding_window: TimeDelta::seconds(-1), ..good },
    ];
    for terms in bad {
        let refused = Quote::price(asked(Side::Send, xof(1000)), &terms, &Route::same(Currency::XOF), now());
        assert_eq!(refused, Err(QuoteError::Contradictory), "{terms:?}");
    }
}

#[test]
fn an_offer_stands_until_its_last_moment_and_leaves_time_to_pay() {
    let quote = within_west_africa(Side::Send, 10_000).unwrap();
    assert_eq!(quote.expires_at, now() + TimeDelta::minutes(10));
    assert_eq!(quote.funding_deadline, now() + TimeDelta::minutes(40));
    assert!(!quote.is_expired(quote.expires_at - TimeDelta::microseconds(1)));
    assert!(quote.is_expired(quote.expires_at));
}

#[test]
fn the_digest_is_over_every_term_and_never_changes_its_form() {
    let quote = within_west_africa(Side::Send, 10_000).unwrap();
    let text = "quote terms v1
id=quote_00000000000000000000000001
owner=user_00000000000000000000000002
from_country=SN
to_country=CI
funding_rail=wave
payout_rail=wave
side=send
send=10000 XOF
receive=10000 XOF
fee=250 XOF
total_to_pay=10250 XOF
rate=1
inverse=1
created_at=2026-11-21T12:00:00.123456Z
expires_at=2026-11-21T12:10:00.123456Z
funding_deadline=2026-11-21T12:40:00.123456Z
delivery_estimate_s=60
";
    assert_eq!(quote.terms_text(), text);
    assert_eq!(quote.terms_digest, quote.digest());
    assert_eq!(quote.terms_digest_hex(), "19c6bc3dce54bf4230af59691c90051170e4bdafe73d432c181b224422b017c3");
}

#[test]
fn any_other_term_is_another_digest_and_the_margin_is_none() {
    let quote = within_west_africa(Side::Send, 10_000).unwrap();
    let same = Quote { margin: ForAdmins::new(xof(999)), ..quote.clone() };
    assert_eq!(same.digest(), quote.digest());
    let others = [
        Quote { id: QuoteId::from_uuid(Uuid::from_u128(9)), ..quote.clone() },
        Quote { receive: xof(10_001), ..quote.clone() },
        Quote { send: eur(10_000), ..quote.clone() },
        Quote { rate: Decimal::TWO, ..quote.clone() },
        Quote { payout_rail: Rail::Balance, ..quote.clone() },
        Quote { expires_at: now(), ..quote.clone() },
    ];
    for other in others {
        assert_ne!(other.digest(), quote.digest());
    }
}
