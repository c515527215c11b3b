//! Whatever happens in whatever order, the money adds up.

use std::collections::HashSet;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::kit::{Stripe, id};

const IBANS: [&str; 4] =
    ["DE89370400440532013000", "DE62370400440532013001", "DE35370400440532013002", "AT981904300002222227"];
const OPENING: i64 = 20_000;

/// Cents of an amount in major units.
fn cents(amount: &Value) -> i64 {
    amount.as_str().unwrap().replace('.', "").parse().unwrap()
}

async fn step(stripe: &Stripe, rng: &mut StdRng, customers: &[String], name: &str) {
    let amount = rng.random_range(50..9_000).to_string();
    let customer = customers.choose(rng).unwrap();
    let intents = stripe.list("payment_intents?limit=20").await;
    let some = intents.choose(rng).map(id).unwrap_or_default();
    match rng.random_range(0..10) {
        0 | 1 => drop(stripe.debit(IBANS.choose(rng).unwrap(), name, &amount).await),
        2 | 3 => drop(stripe.transfer(customer, name, &amount).await),
        4 => {
            let path = format!("test_helpers/customers/{customer}/fund_cash_balance");
            stripe.post(&path, &[("amount", &amount), ("currency", "eur")]).await.ok();
        }
        5 => drop(stripe.control("stripe/pay", &json!({"reference": some})).await),
        6 => drop(stripe.post("refunds", &[("payment_intent", &some), ("amount", &amount)]).await),
        7 => drop(
            stripe.control("stripe/disputes", &json!({"reference": some, "won": rng.random_bool(0.5)})).await,
        ),
        8 => {
            let account = ["ba_sandbox_main", "ba_sandbox_no_account", "ba_sandbox_paid_then_failed"];
            let account = account.choose(rng).unwrap();
            stripe
                .post("payouts", &[("amount", &amount), ("currency", "eur"), ("destination", account)])
                .await;
        }
        _ if rng.random_bool(0.3) => drop(stripe.post(&format!("payment_intents/{some}/cancel"), &[]).await),
        _ => stripe.days(rng.random_range(1..4)),
    }
}

async fn check(stripe: &Stripe, customers: &[String], when: &str) {
    let (available, pending) = stripe.balance().await;
    let effects: i64 = stripe.facts().await.iter().map(|fact| cents(&fact["effect"])).sum();
    assert_eq!(available + pending, OPENING + effects, "{when}: the record explains the balance");
    let lines = stripe.list("balance_transactions?limit=100").await;
    let net: i64 = lines.iter().map(|line| line["net"].as_i64().unwrap()).sum();
    assert!(lines.len() < 100);
    assert_eq!(available + pending, OPENING + net, "{when}: and so do the transactions");
    for customer in customers {
        let cash = stripe.get(&format!("customers/{customer}/cash_balance")).await.ok();
        let cash = cash["available"]["eur"].as_i64().unwrap_or_default();
        let moves = stripe.list(&format!("customers/{customer}/cash_balance_transactions?limit=100")).await;
        let sum: i64 = moves.iter().map(|entry| entry["net_amount"].as_i64().unwrap()).sum();
        assert!(cash == sum && cash >= 0, "{when}: {cash} {sum}");
    }
    for charge in stripe.list("charges?limit=100").await {
        let back = charge["amount_refunded"].as_i64().unwrap();
        assert!((0..=charge["amount"].as_i64().unwrap()).contains(&back), "{when}: {charge}");
    }
}

#[tokio::test]
async fn the_money_adds_up_after_every_step() {
    for seed in 0..6 {
        let mut config = sandbox::SandboxConfig::default();
        config.stripe.opening_balance = OPENING;
        config.stripe.debit_lines_at_submission = seed % 2 == 1;
        let stripe = Stripe::with(config).await;
        let customers = [stripe.customer("a@example.com").await, stripe.customer("b@example.com").await];
        let mut rng = StdRng::seed_from_u64(seed);
        for number in 0..60 {
            step(&stripe, &mut rng, &customers, &format!("step-{number}")).await;
            check(&stripe, &customers, &format!("seed {seed}, step {number}")).await;
        }
        stripe.days(60);
        check(&stripe, &customers, &format!("seed {seed}, at the end")).await;
        for intent in stripe.list("payment_intents?limit=100").await {
            assert_ne!(intent["status"], "processing", "seed {seed}: every debit came to an end");
        }
        let statuses: HashSet<_> = stripe
            .list("refunds?limit=100")
            .await
            .iter()
            .map(|refund| refund["status"].to_string())
            .collect();
        assert!(!statuses.contains("\"pending\""), "seed {seed}: {statuses:?}");
    }
}
