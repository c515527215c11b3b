//! What is billed never exceeds what was agreed, whatever the schedule.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn schedule() -> impl Strategy<Value = FeeSchedule> {
    let bound = || prop::option::of(0..5000_i64);
    (0..2000_i64, 0..100_000_000_i64, bound(), bound()).prop_map(|(fixed, parts, low, high)| {
        let xof = |minor| Money::new(minor, Currency::XOF);
        let max = high.map(|high| high + low.unwrap_or(0));
        FeeSchedule { fixed: xof(fixed), bps: Decimal::new(parts, 4), min: low.map(xof), max: max.map(xof) }
    })
}

fn price(side: Side, minor: i64, fee: FeeSchedule) -> Result<Quote, QuoteError> {
    let xof = |minor| Money::new(minor, Currency::XOF);
    let asked = QuoteRequest {
        id: QuoteId::from_uuid(Uuid::nil()),
        owner: UserId::from_uuid(Uuid::nil()),
        from_country: Country::SN,
        to_country: Country::CI,
        funding_rail: Rail::Wave,
        payout_rail: Rail::Wave,
        side,
        amount: xof(minor),
    };
    let terms = CorridorTerms {
        fee,
        min: xof(1),
        max: xof(10_i64.pow(15)),
        ttl: TimeDelta::minutes(10),
        funding_window: TimeDelta::zero(),
        delivery_estimate_s: 1,
    };
    Quote::price(asked, &terms, &Route::same(Currency::XOF), DateTime::UNIX_EPOCH)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_total_is_never_exceeded(total in 1..10_i64.pow(12), fee in schedule()) {
        let Ok(quote) = price(Side::Total, total, fee.clone()) else {
            // Then not even one unit fits.
            let least = 1 + fee.fee(Money::new(1, Currency::XOF)).unwrap().minor();
            prop_assert!(least > total);
            return Ok(());
        };
        let billed = quote.total_to_pay.minor();
        prop_assert_eq!(billed, quote.send.minor() + quote.fee.minor());
        prop_assert!(billed <= total && total - billed <= 1, "{} of {}", billed, total);
        let more = price(Side::Send, quote.send.minor() + 1, fee).unwrap();
        prop_assert!(more.total_to_pay.minor() > total);
    }

    #[test]
    fn the_total_of_a_quote_buys_that_quote(send in 1..10_i64.pow(12), fee in schedule()) {
        let sent = price(Side::Send, send, fee.clone()).unwrap();
        let again = price(Side::Total, sent.total_to_pay.minor(), fee).unwrap();
        prop_assert_eq!(again.send, sent.send);
        prop_assert_eq!(again.fee, sent.fee);
    }

    #[test]
    fn a_fee_never_falls_when_more_is_sent(send in 1..10_i64.pow(12), more in 0..10_000_i64, fee in schedule()) {
        let billed = |minor| fee.fee(Money::new(minor, Currency::XOF)).unwrap().minor();
        prop_assert!(billed(send) <= billed(send + more));
        prop_assert!(billed(send) >= fee.min.map_or(0, Money::minor));
        prop_assert!(fee.max.is_none_or(|max| billed(send) <= max.minor()));
    }
}
