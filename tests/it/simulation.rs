//! Many transfers at once while everything goes wrong by a seed: whatever happens, the books close.
//!
//! Payers pay, fail to, come late or never; payees are refused, slow or gone; answers and events are lost, doubled,
//! broken and late; the gateway is restarted half-way. In the end the faults stop and time passes until nothing is
//! left to find out. The seed is printed when a run fails; `MONEYBRIDGE_TEST_SEED` plays another one.

use std::collections::BTreeMap;

use futures::future::join_all;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::json;

use crate::testkit::{Customer, TestApp, Transfer, ivorian, on_each_database};

const SEED: u64 = 20_261_120;
const TRANSFERS: usize = 30;
const ROUNDS: usize = 12;

/// Where a transfer may stand when nothing more will happen by itself.
const ENDS: [&str; 5] = ["completed", "expired", "cancelled", "refunded", "needs_attention"];

const PAYEES: [&str; 10] = ["0001", "0002", "0003", "0004", "9902", "9906", "9907", "9908", "9909", "9912"];

/// Faults with how likely each is.
const FAULTS: [(&str, f64); 13] = [
    ("lose_reply", 0.10),
    ("reset_before", 0.05),
    ("reset_after", 0.05),
    ("error_before", 0.10),
    ("error_after_success", 0.05),
    ("html", 0.03),
    ("truncated_json", 0.05),
    ("unknown_status", 0.05),
    ("unknown_field", 0.20),
    ("callback_duplicate", 0.30),
    ("callback_lost", 0.20),
    ("callback_late", 0.20),
    ("callback_forged", 0.20),
];

fn seed() -> u64 {
    std::env::var("MONEYBRIDGE_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED)
}

async fn break_everything(app: &TestApp) {
    for (nth, (fault, probability)) in (0_u64..).zip(FAULTS) {
        let seed = seed().wrapping_add(nth);
        app.wave().fault(json!({ "fault": fault, "probability": probability, "seed": seed })).await;
    }
}

/// What the payer of one transfer does now, if anything.
async fn live(transfer: &Transfer<'_, '_>, choice: u32) {
    let Some(reference) = transfer.references("collection").await.pop() else { return };
    let wave = transfer.owner.app.wave();
    match choice {
        0..=3 => wave.try_to("pay", json!({ "reference": reference })).await,
        4 => wave.try_to("pay", json!({ "reference": reference, "outcome": "decline" })).await,
        5 => wave.try_to("forge", json!({ "reference": reference, "variant": "amount_signed" })).await,
        6 => drop(transfer.cancel().await),
        _ => {}
    }
}

async fn order<'c, 'a>(customer: &'c Customer<'a>, payee: &str, amount: u32) -> Transfer<'c, 'a> {
    customer.sends(&amount.to_string(), ("wave", "wave"), &json!({ "phone": ivorian(payee) })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_the_books_close() {
    eprintln!("seed {}", seed());
    on_each_database(async |app| {
        let mut chance = StdRng::seed_from_u64(seed());
        let people = [app.customer().await, app.customer().await, app.customer().await];
        break_everything(app).await;
        let mut transfers = Vec::new();
        for nth in 0..TRANSFERS {
            let (payee, amount) = (PAYEES.choose(&mut chance).unwrap(), chance.random_range(100..500_000));
            transfers.push(order(&people[nth % people.len()], payee, amount).await);
        }
        for round in 0..ROUNDS {
            let choices: Vec<u32> = transfers.iter().map(|_| chance.random_range(0..20)).collect();
            join_all(transfers.iter().zip(choices).map(|(transfer, choice)| live(transfer, choice))).await;
            app.pass(*[1, 5, 20, 60, 200, 400].choose(&mut chance).unwrap()).await;
            if round == ROUNDS / 2 {
                app.restart().await;
                break_everything(app).await;
            }
        }
        app.wave().heal().await;
        for step in [600, 3_600, 3_600, 3_600, 73 * 3_600, 3_600, 3_600] {
            app.pass(step).await;
        }
        let mut ends: BTreeMap<String, usize> = BTreeMap::new();
        for transfer in &transfers {
            let status = transfer.now().await["status"].as_str().unwrap().to_owned();
            assert!(ENDS.contains(&&*status), "{status}:\n{}", transfer.whole_story().await);
            *ends.entry(status).or_default() += 1;
        }
        eprintln!("{:?}: {ends:?}", app.engine());
        assert_eq!(app.balances().await.get("suspense:wave:sn:XOF").copied().unwrap_or(0), 0);
    })
    .await;
}
