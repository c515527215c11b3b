//! The acceptance examples, and the rules around them, in figures that can be checked by hand.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::*;

const NOON: i64 = 1_795_262_400;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(NOON + second, 0).unwrap()
}

fn spread(bps: &str) -> CustomerRate {
    CustomerRate::Spread(Spread::parse(bps).unwrap())
}

fn outright(rate: &str) -> CustomerRate {
    CustomerRate::Outright(Rate::parse(rate).unwrap())
}

fn stored(pair: &str, mid: &str, sell: CustomerRate, buy: CustomerRate) -> PairRate {
    PairRate {
        pair: pair.parse().unwrap(),
        mid: Rate::parse(mid).unwrap(),
        sell,
        buy,
        source: "admin".to_owned(),
        as_of: at(0),
        max_age: Some(TimeDelta::seconds(3600)),
    }
}

fn eur_xof(sell: CustomerRate, buy: CustomerRate) -> PairRate {
    PairRate::eur_xof(sell, buy, at(0)).unwrap()
}

fn table(rates: impl IntoIterator<Item = PairRate>) -> RateTable {
    RateTable::new(rates, Currency::EUR).unwrap()
}

fn route(rate: PairRate, send: &str, receive: &str) -> Route {
    let code = |code| Currency::parse(code).unwrap();
    table([rate]).route(code(send), code(receive), at(0)).unwrap()
}

/// `10000.00 CNY`.
fn amount(text: &str) -> Money {
    let (major, code) = text.split_once(' ').unwrap();
    Money::parse(major, Currency::parse(code).unwrap()).unwrap()
}

/// `send -> receive at rate or inverse, margin`.
fn told(conversion: &Conversion) -> String {
    let Conversion { send, receive, rate, inverse, margin, .. } = conversion;
    format!("{send} -> {receive} at {rate} or {inverse}, margin {margin}")
}

#[test]
fn example_buying_yuan_with_francs() {
    for sell in [spread("1250"), outright("2812.5")] {
        let route = route(stored("CNY/GNF", "2500", sell, spread("0")), "GNF", "CNY");
        let bought = route.convert_receive(amount("10000.00 CNY")).unwrap();
        assert_eq!(
            told(&bought),
            "28125000 GNF -> 10000.00 CNY at 0.000355555555556 or 2812.5, margin 3125000 GNF"
        );
        let paid = route.convert_send(amount("28125000 GNF")).unwrap();
        assert_eq!(paid, bought);
    }
}

#[test]
fn example_margin_rate() {
    let route = route(stored("CNY/GNF", "2290", outright("2500"), spread("0")), "GNF", "CNY");
    let bought = route.convert_receive(amount("15000.00 CNY")).unwrap();
    assert_eq!(told(&bought), "37500000 GNF -> 15000.00 CNY at 0.0004 or 2500, margin 3150000 GNF");
    assert_eq!(bought.margin_rate(), Decimal::new(84, 3));
}

#[test]
fn example_the_fixed_parity_without_spread() {
    let route = route(eur_xof(spread("0"), spread("0")), "EUR", "XOF");
    let sold = route.convert_send(amount("100.00 EUR")).unwrap();
    assert_eq!(told(&sold), "100.00 EUR -> 65595 XOF at 655.957 or 0.00152449017237, margin 0 XOF");
    assert_eq!(sold.margin_rate(), Decimal::ZERO);
}

#[test]
fn example_selling_euros_for_francs() {
    let route = route(stored("EUR/GNF", "9400", spread("0"), spread("150")), "EUR", "GNF");
    let sold = route.convert_send(amount("250.00 EUR")).unwrap();
    assert_eq!(told(&sold), "250.00 EUR -> 2314750 GNF at 9259 or 0.000108003024085, margin 35250 GNF");
    assert_eq!(sold.margin_rate(), Decimal::new(15, 3));
}

#[test]
fn selling_with_the_received_side_fixed_rounds_what_is_paid_up() {
    let route = route(eur_xof(spread("0"), spread("0")), "EUR", "XOF");
    let sold = route.convert_receive(amount("65596 XOF")).unwrap();
    // 65596 / 655.957 = 100.0006…; 100.01 euro are worth 65602.2… francs at mid.
    assert_eq!(told(&sold), "100.01 EUR -> 65596 XOF at 655.957 or 0.00152449017237, margin 6 XOF");
}

#[test]
fn buying_with_the_sent_side_fixed_rounds_what_is_received_down() {
    let route = route(stored("CNY/GNF", "2500", outright("2812.5"), spread("0")), "GNF", "CNY");
    let bought = route.convert_send(amount("28125100 GNF")).unwrap();
    // 28125100 / 2812.5 = 10000.0355…; 10000.03 yuan cost us 25000075 francs.
    assert_eq!(
        told(&bought),
        "28125100 GNF -> 10000.03 CNY at 0.000355555555556 or 2812.5, margin 3125025 GNF"
    );
}

#[test]
fn a_cross_goes_through_the_pivot_and_is_rounded_once() {
    let rates = table([
        eur_xof(spread("100"), spread("50")),
        stored("EUR/GNF", "9400", spread("200"), spread("150")),
    ]);
    let route = rates.route(Currency::XOF, Currency::GNF, at(0)).unwrap();
    // Buys euros at 655.957 × 1.01 = 662.51657, sells them at 9400 × 0.985 = 9259.
    let crossed = route.convert_send(amount("100000 XOF")).unwrap();
    // 100000 / 662.51657 × 9259 = 1397549.9…; at mid 100000 / 655.957 × 9400 = 1433020.7…
    assert_eq!(
        told(&crossed),
        "100000 XOF -> 1397549 GNF at 13.9754995109 or 0.0715537930662, margin 35471 GNF"
    );
    let legs: Vec<_> =
        crossed.legs.iter().map(|leg| format!("{} {} {}", leg.pair, leg.direction, leg.rate)).collect();
    assert_eq!(legs, ["EUR/XOF buy_base 662.51657", "EUR/GNF sell_base 9259"]);
    let back = route.convert_receive(crossed.receive).unwrap();
    assert_eq!(back.send, amount("100000 XOF"));
}

#[test]
fn a_cross_of_the_longest_rates_is_exact_and_does_not_overflow() {
    let long = |pair, mid| stored(pair, mid, spread("1234.5678"), spread("1234.5678"));
    let rates = table([long("EUR/XOF", "655.957123456789012"), long("EUR/CNY", "7.98765432109876543")]);
    let route = rates.route(Currency::XOF, Currency::CNY, at(0)).unwrap();
    let crossed = route.convert_send(Money::new(9_000_000_000_000_000, Currency::XOF)).unwrap();
    assert_eq!(
        told(&crossed),
        "9000000000000000 XOF -> 85507317837393.26 CNY at 0.00950081309304 or 105.254149325, margin 24086566151618.02 CNY"
    );
}

#[test]
fn from_a_currency_to_itself_nothing_changes() {
    let route = table([]).route(Currency::XOF, Currency::XOF, at(0)).unwrap();
    assert_eq!(route, Route::same(Currency::XOF));
    for converted in [route.convert_send(amount("10000 XOF")), route.convert_receive(amount("10000 XOF"))] {
        assert_eq!(told(&converted.unwrap()), "10000 XOF -> 10000 XOF at 1 or 1, margin 0 XOF");
    }
    assert_eq!(route.as_of(), None);
}

#[test]
fn what_rounds_to_nothing_is_refused() {
    let route = route(stored("CNY/GNF", "2500", outright("2812.5"), spread("0")), "GNF", "CNY");
    let one = |minor| Money::new(minor, Currency::GNF);
    // One fen costs 28.125 francs.
    assert_eq!(
        route.convert_send(one(28)),
        Err(FxError::RoundsToZero { amount: one(28), receive: Currency::CNY })
    );
    assert_eq!(route.convert_send(one(29)).unwrap().receive, amount("0.01 CNY"));
    assert_eq!(route.convert_receive(amount("0.01 CNY")).unwrap().send, one(29));
}

#[test]
fn wrong_amounts_are_refused() {
    let route = route(eur_xof(spread("0"), spread("0")), "EUR", "XOF");
    let mismatch = FxError::CurrencyMismatch { expected: Currency::EUR, given: Currency::XOF };
    assert_eq!(route.convert_send(amount("1 XOF")), Err(mismatch));
    for minor in [0, -1, i64::MIN] {
        let amount = Money::new(minor, Currency::EUR);
        assert_eq!(route.convert_send(amount), Err(FxError::NotPositive { amount }));
    }
    assert_eq!(route.convert_send(Money::new(i64::MAX, Currency::EUR)), Err(FxError::Overflow));
    assert_eq!(route.convert_receive(Money::new(i64::MAX, Currency::XOF)), Err(FxError::Overflow));
    assert!(route.convert_receive(Money::new(i64::MAX - 7, Currency::XOF)).is_ok());
}

#[test]
fn a_rate_is_quoted_until_its_age_is_over() {
    let rates =
        table([stored("CNY/GNF", "2500", spread("0"), spread("0")), eur_xof(spread("0"), spread("0"))]);
    let from_to = |second| rates.route(Currency::GNF, Currency::CNY, at(second));
    assert!(from_to(3600).is_ok());
    let stale = FxError::StaleRate { pair: "CNY/GNF".parse().unwrap(), as_of: at(0) };
    assert!(stale.is_transient());
    assert_eq!(from_to(3601), Err(stale));
    let parity = rates.route(Currency::XOF, Currency::EUR, at(1_000_000_000)).unwrap();
    assert_eq!(parity.as_of(), Some(at(0)));
}

#[test]
fn a_cross_is_as_old_as_its_oldest_leg() {
    let fresh = PairRate { as_of: at(900), ..stored("EUR/GNF", "9400", spread("0"), spread("0")) };
    let rates = table([fresh, stored("EUR/CNY", "7.8", spread("0"), spread("0"))]);
    let route = rates.route(Currency::GNF, Currency::CNY, at(901)).unwrap();
    assert_eq!(route.as_of(), Some(at(0)));
    let stale = rates.route(Currency::GNF, Currency::CNY, at(3601));
    assert_eq!(stale, Err(FxError::StaleRate { pair: "EUR/CNY".parse().unwrap(), as_of: at(0) }));
}

#[test]
fn without_a_pair_or_a_pivot_there_is_no_rate() {
    let rates = table([stored("CNY/GNF", "2500", spread("0"), spread("0"))]);
    let none = FxError::NoRate { send: Currency::XOF, receive: Currency::GNF };
    assert_eq!(rates.route(Currency::XOF, Currency::GNF, at(0)), Err(none));
}

#[test]
fn customers_never_get_better_than_mid() {
    let check = |sell, buy| stored("CNY/GNF", "2500", sell, buy).check();
    let pair = "CNY/GNF".parse().unwrap();
    assert_eq!(check(outright("2499.99"), spread("0")), Err(FxError::SellBelowMid { pair }));
    assert_eq!(check(spread("0"), outright("2500.01")), Err(FxError::BuyAboveMid { pair }));
    assert_eq!(check(outright("2500"), outright("2500")), Ok(()));
}

#[test]
fn a_pair_is_stored_one_way_only() {
    let rate = |pair| stored(pair, "1", spread("0"), spread("0"));
    for second in ["CNY/GNF", "GNF/CNY"] {
        let refused = RateTable::new([rate("CNY/GNF"), rate(second)], Currency::EUR).err();
        assert_eq!(refused, Some(FxError::StoredTwice { pair: second.parse().unwrap() }));
    }
    for text in ["CNY/CNY", "CNY", "CNYGNF", "/", "CNY/XXX"] {
        assert!(text.parse::<Pair>().is_err(), "{text}");
    }
}
