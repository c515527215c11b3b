//! Conversion never creates value, whatever the rates, spreads, exponents and amounts.

use chrono::DateTime;
use num_rational::BigRational;
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;

/// Exponents 2, 0, 0, 3 and 4: every way of losing and gaining digits.
const CURRENCIES: [&str; 5] = ["EUR", "XOF", "GNF", "KWD", "CLF"];

fn currency(index: usize) -> Currency {
    Currency::parse(CURRENCIES[index]).unwrap()
}

fn two_currencies() -> impl Strategy<Value = (Currency, Currency)> {
    (0..5_usize, 1..5_usize).prop_map(|(one, step)| (currency(one), currency((one + step) % 5)))
}

fn rate() -> impl Strategy<Value = Rate> {
    (1..10_i64.pow(10), 0..8_u32).prop_map(|(digits, scale)| Rate::new(Decimal::new(digits, scale)).unwrap())
}

fn spread() -> impl Strategy<Value = CustomerRate> {
    let some = (0..50_000_000_i64).prop_map(|parts| Spread::new(Decimal::new(parts, 4)).unwrap());
    prop_oneof![Just(Spread::NONE), some].prop_map(CustomerRate::Spread)
}

fn stored(pair: (Currency, Currency)) -> impl Strategy<Value = PairRate> {
    (rate(), spread(), spread()).prop_map(move |(mid, sell, buy)| PairRate {
        pair: Pair { base: pair.0, quote: pair.1 },
        mid,
        sell,
        buy,
        source: "any".to_owned(),
        as_of: DateTime::UNIX_EPOCH,
        max_age: None,
    })
}

/// A route there and the route back, direct in either direction or through a pivot.
fn routes() -> impl Strategy<Value = (Route, Route)> {
    let usd = Currency::USD;
    let direct = two_currencies().prop_flat_map(|(send, receive)| {
        (prop_oneof![stored((send, receive)), stored((receive, send))], Just((send, receive)))
            .prop_map(|(one, ends)| (vec![one], ends))
    });
    let crossed = two_currencies().prop_flat_map(move |(send, receive)| {
        let first = prop_oneof![stored((send, usd)), stored((usd, send))];
        let second = prop_oneof![stored((receive, usd)), stored((usd, receive))];
        (first, second, Just((send, receive))).prop_map(|(one, two, ends)| (vec![one, two], ends))
    });
    prop_oneof![direct, crossed].prop_filter_map(
        "a rate that can be written",
        move |(rates, (send, receive))| {
            let table = RateTable::new(rates, usd).unwrap();
            let way = |from, to| table.route(from, to, DateTime::UNIX_EPOCH).ok();
            Some((way(send, receive)?, way(receive, send)?))
        },
    )
}

fn amounts() -> impl Strategy<Value = i64> {
    prop_oneof![1..1000_i64, 1..10_i64.pow(12)]
}

/// An amount in major units, exact.
fn worth(amount: Money) -> BigRational {
    BigRational::new(amount.minor().into(), 10_i64.pow(amount.currency().exponent()).into())
}

fn one_minor(currency: Currency) -> BigRational {
    worth(Money::new(1, currency))
}

/// What was paid is what was given and the margin, at mid, up to less than one minor unit.
fn adds_up(route: &Route, done: &Conversion) -> Result<(), TestCaseError> {
    let mid = route.mid_factor();
    let zero = BigRational::from_integer(0.into());
    prop_assert!(!done.margin.is_negative());
    let (rest, unit) = match route.legs() {
        [leg] if leg.direction == Direction::BuyBase => {
            prop_assert_eq!(done.margin.currency(), route.send());
            // pay − margin = ceil(base × mid)
            let cost = worth(done.send) - worth(done.margin);
            (cost - worth(done.receive) / mid, one_minor(route.send()))
        }
        _ => {
            prop_assert_eq!(done.margin.currency(), route.receive());
            // receive + margin = floor(send × mid)
            (worth(done.send) * mid - worth(done.receive) - worth(done.margin), one_minor(route.receive()))
        }
    };
    prop_assert!(rest >= zero && rest < unit, "{} is left over", rest);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn what_is_received_rounds_down_by_less_than_a_unit((route, _) in routes(), minor in amounts()) {
        let send = Money::new(minor, route.send());
        if let Ok(done) = route.convert_send(send) {
            prop_assert_eq!(done.send, send);
            let exact = worth(send) * route.factor();
            let given = worth(done.receive);
            prop_assert!(given <= exact && exact < given + one_minor(route.receive()));
            adds_up(&route, &done)?;
        }
    }

    #[test]
    fn what_is_paid_rounds_up_by_less_than_a_unit((route, _) in routes(), minor in amounts()) {
        let receive = Money::new(minor, route.receive());
        if let Ok(done) = route.convert_receive(receive) {
            prop_assert_eq!(done.receive, receive);
            let exact = worth(receive) / route.factor();
            let paid = worth(done.send);
            prop_assert!(exact <= paid && paid - one_minor(route.send()) < exact);
            adds_up(&route, &done)?;
        }
    }

    #[test]
    fn no_value_is_created((route, back) in routes(), minor in amounts()) {
        let send = Money::new(minor, route.send());
        if let Ok(done) = route.convert_send(send) {
            prop_assert!(worth(done.receive) <= worth(send) * route.mid_factor());
            if let Ok(returned) = back.convert_send(done.receive) {
                prop_assert!(returned.receive.minor() <= minor, "{} came back", returned.receive);
            }
        }
    }

    #[test]
    fn the_sides_agree((route, _) in routes(), minor in amounts()) {
        if let Ok(sent) = route.convert_send(Money::new(minor, route.send())) {
            // For what came out, nobody pays more than was paid.
            let asked = route.convert_receive(sent.receive).unwrap();
            prop_assert!(asked.send.minor() <= minor);
        }
        if let Ok(asked) = route.convert_receive(Money::new(minor, route.receive())) {
            // What was asked for comes out of what was billed, and not of one unit less.
            if let Ok(sent) = route.convert_send(asked.send) {
                prop_assert!(sent.receive.minor() >= minor);
            }
            let less = Money::new(asked.send.minor() - 1, route.send());
            let received = route.convert_send(less).map_or(0, |sent| sent.receive.minor());
            prop_assert!(received < minor);
        }
    }

    #[test]
    fn both_written_sides_tell_the_same_rate((route, back) in routes()) {
        let one = BigRational::from_integer(1.into());
        let tolerance = BigRational::new(1.into(), 10_i64.pow(11).into());
        for route in [&route, &back] {
            for error in [route.rate().ratio() / route.factor(), route.inverse().ratio() * route.factor()] {
                let error = error - &one;
                prop_assert!(error <= tolerance && -error <= tolerance);
            }
            let stored = route.legs().len() == 1;
            let is_exact = route.rate().ratio() == route.factor() || route.inverse().ratio() == route.factor().recip();
            prop_assert!(is_exact || !stored);
        }
    }

    #[test]
    fn small_conversions_are_those_of_school_arithmetic(
        mid in 1..1_000_000_i128, over in 0..1_000_000_i128, minor in 1..1_000_000_000_i64,
    ) {
        // CNY/GNF with three decimals: pay = ceil(fen × rate / 100), in integers.
        let thousandths = |parts: i128| Rate::new(Decimal::from_i128_with_scale(parts, 3)).unwrap();
        let rate = PairRate {
            pair: "CNY/GNF".parse().unwrap(),
            mid: thousandths(mid),
            sell: CustomerRate::Outright(thousandths(mid + over)),
            buy: CustomerRate::Spread(Spread::NONE),
            source: "any".to_owned(),
            as_of: DateTime::UNIX_EPOCH,
            max_age: None,
        };
        let table = RateTable::new([rate], Currency::EUR).unwrap();
        let route = table.route(Currency::GNF, Currency::CNY, DateTime::UNIX_EPOCH).unwrap();
        let bought = route.convert_receive(Money::new(minor, Currency::CNY)).unwrap();
        let cost = |rate: i128| (i128::from(minor) * rate + 99_999) / 100_000;
        prop_assert_eq!(i128::from(bought.send.minor()), cost(mid + over));
        prop_assert_eq!(i128::from(bought.margin.minor()), cost(mid + over) - cost(mid));
        let received = i128::from(minor) * 100_000 / (mid + over);
        let sent = route.convert_send(Money::new(minor, Currency::GNF));
        prop_assert_eq!(sent.map_or(0, |sent| i128::from(sent.receive.minor())), received);
    }
}
