//! What the simulator received against what was asked, digit by digit, and its balance against ours; and what was paid
//! is not taken for another amount or another movement.

use domain::{Currency, Money};
use providers::{Inquire, Operation, OperationKind, Outcome};

use crate::kit::{Bench, Class, Leg, fresh, is_final};

/// Minor units, and how a provider reads them: written out here, so that nothing of ours counts the digits.
const WHOLE: &[(i64, &str)] =
    &[(1, "1"), (10, "10"), (105, "105"), (1_050, "1050"), (15_000, "15000"), (1_234_567, "1234567")];
const HUNDREDTHS: &[(i64, &str)] = &[
    (1, "0.01"),
    (10, "0.10"),
    (100, "1.00"),
    (105, "1.05"),
    (1_050, "10.50"),
    (12_345, "123.45"),
    (999_999, "9999.99"),
];
const THOUSANDTHS: &[(i64, &str)] = &[
    (1, "0.001"),
    (10, "0.010"),
    (100, "0.100"),
    (1_000, "1.000"),
    (1_005, "1.005"),
    (10_050, "10.050"),
    (1_234_567, "1234.567"),
];

fn table(currency: Currency) -> &'static [(i64, &'static str)] {
    match currency.exponent() {
        0 => WHOLE,
        2 => HUNDREDTHS,
        3 => THOUSANDTHS,
        other => panic!("no amounts are written down for {other} decimals"),
    }
}

pub async fn check(bench: &Bench) {
    let currency = bench.capabilities().currencies[0];
    let capabilities = bench.capabilities().clone();
    let mut compared = 0_usize;
    for (minor, text) in table(currency) {
        let amount = Money::new(*minor, currency);
        if bench.offers(OperationKind::Collect) && capabilities.collect_limits.check(amount).is_ok() {
            let (leg, _) = bench.paid(amount).await;
            is_received(bench, &leg, text).await;
            compared += 1;
        }
        if bench.offers(OperationKind::Disburse) && capabilities.disburse_limits.check(amount).is_ok() {
            let leg = bench.payout(&bench.profile().payees[0].0, amount);
            let answer = bench.call(&leg.operation).await;
            assert!(matches!(Class::of(&answer), Class::Pending | Class::Succeeded), "{amount}: {answer:?}");
            let settled = bench.settled(&leg, None).await;
            assert!(
                matches!(settled, Ok(Outcome::Succeeded { amount: paid, .. }) if paid == amount),
                "{settled:?}"
            );
            is_received(bench, &leg, text).await;
            compared += 1;
        }
    }
    assert!(compared >= 3, "only {compared} amounts are within the limits");
    if bench.offers(OperationKind::Balance) {
        is_balanced(bench).await;
    }
}

/// What was paid, asked about as if it were worth something else or somebody else's.
pub async fn terms(bench: &Bench) {
    let mut paid = Vec::new();
    if bench.offers(OperationKind::Collect) {
        paid.push(bench.paid(bench.usual()).await);
    }
    if bench.offers(OperationKind::Disburse) {
        paid.push(bench.paid_out().await);
    }
    for (leg, name) in paid {
        for name in [Some(name), None] {
            let Operation::Inquire(right) = leg.question(bench.profile().rail, name) else { continue };
            let class = |answer| Class::of(&answer);
            let needs_name = bench.capabilities().hosted.needs_its_name && right.provider_ref.is_none();
            let truth = if needs_name { Class::Misconfigured } else { Class::Succeeded };
            assert_eq!(class(bench.call(&Operation::Inquire(right.clone())).await), truth);
            let currency = right.amount.currency();
            for minor in [right.amount.minor() - 1, right.amount.minor() * 10, right.amount.minor() / 10, 0] {
                let other = Inquire { amount: Money::new(minor, currency), ..right.clone() };
                let answer = class(bench.call(&Operation::Inquire(other)).await);
                assert!(!is_final(answer), "{minor} is taken for {}: {answer:?}", right.amount);
            }
            let other = Inquire { reference: fresh(), ..right.clone() };
            let answer = class(bench.call(&Operation::Inquire(other)).await);
            assert!(!is_final(answer) || answer == Class::NotFound, "another's movement is ours: {answer:?}");
        }
    }
}

async fn is_received(bench: &Bench, leg: &Leg, text: &str) {
    let moved = bench.moved(leg).await;
    let received: Vec<_> = moved.iter().map(|fact| (fact.amount.as_str(), fact.currency.as_str())).collect();
    assert_eq!(received, [(text, wire_currency(bench, leg))], "asked for {}", leg.amount());
}

/// Sandboxes of some providers have a currency of their own, worth the same.
fn wire_currency<'a>(bench: &'a Bench, leg: &Leg) -> &'a str {
    bench.profile().wire_currency.unwrap_or(leg.amount().currency().code())
}

async fn is_balanced(bench: &Bench) {
    let Ok(Outcome::Balance(held)) = bench.call(&Operation::Balance).await else {
        panic!("no balance is told");
    };
    assert_eq!(held.available.major(), bench.simulator().balance().await, "our balance and theirs");
}
