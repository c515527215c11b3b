//! Whatever is done with subscriptions in whatever order, the money adds up and statuses agree.

use std::collections::HashMap;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::kit::*;
use crate::stripe::kit::{Stripe, id};

const IBANS: [&str; 4] = [GOOD, FAILS, NO_FUNDS, DISPUTED];
const DAY: i64 = 86_400;

struct World {
    stripe: Stripe,
    rng: StdRng,
    clock: String,
    price: String,
    customers: Vec<String>,
}

impl World {
    async fn new(seed: u64) -> World {
        let mut config = sandbox::SandboxConfig::default();
        config.stripe.billing.active_while_processing = seed.is_multiple_of(2);
        config.stripe.debit_lines_at_submission = seed % 3 == 1;
        let stripe = Stripe::with(config).await;
        let at = stripe.now().timestamp().to_string();
        let clock = id(&stripe.post("test_helpers/test_clocks", &[("frozen_time", &at)]).await.ok());
        let price = price(&stripe, "1000", "week").await;
        let mut customers = Vec::new();
        for (place, iban) in IBANS.iter().enumerate() {
            customers.push(payer(&stripe, iban, (place % 2 == 0).then_some(&clock)).await);
        }
        World { stripe, rng: StdRng::seed_from_u64(seed), clock, price, customers }
    }

    async fn some(&mut self, path: &str) -> String {
        self.stripe.list(path).await.choose(&mut self.rng).map(id).unwrap_or("none".to_owned())
    }

    async fn step(&mut self) {
        let subscription = self.some("subscriptions?limit=20&status=all").await;
        let invoice = self.some("invoices?limit=10").await;
        let path = format!("subscriptions/{subscription}");
        match self.rng.random_range(0..12) {
            0 | 1 => {
                let customer = self.customers.choose(&mut self.rng).unwrap().clone();
                let behavior = ["default_incomplete", "allow_incomplete"].choose(&mut self.rng).unwrap();
                let mut form = vec![("customer", customer.as_str()), ("items[0][price]", &self.price)];
                form.push(("payment_behavior", behavior));
                form.extend(self.rng.random_bool(0.3).then_some(("trial_period_days", "4")));
                self.stripe.post("subscriptions", &form).await;
            }
            2 => drop(self.stripe.post(&path, &[("cancel_at_period_end", "true")]).await),
            3 => drop(self.stripe.post(&path, &[("pause_collection[behavior]", "void")]).await),
            4 => drop(self.stripe.post(&path, &[("pause_collection", "")]).await),
            5 => drop(self.stripe.post(&format!("invoices/{invoice}/pay"), &[]).await),
            6 => drop(self.stripe.post(&format!("invoices/{invoice}/void"), &[]).await),
            7 => {
                let outcome = ["pay", "decline"].choose(&mut self.rng).unwrap();
                drop(
                    self.stripe
                        .control("stripe/pay", &json!({"reference": invoice, "outcome": outcome}))
                        .await,
                );
            }
            8 if self.rng.random_bool(0.2) => {
                drop(self.stripe.send(self.stripe.call(reqwest::Method::DELETE, &path)).await);
            }
            8 | 9 => self.stripe.days(self.rng.random_range(1..5)),
            _ => {
                let clock = format!("test_helpers/test_clocks/{}", self.clock);
                let now = self.stripe.get(&clock).await.ok()["frozen_time"].as_i64().unwrap();
                let to = (now + DAY * self.rng.random_range(1..9)).to_string();
                self.stripe.post(&format!("{clock}/advance"), &[("frozen_time", &to)]).await.ok();
            }
        }
    }

    /// Balance, record and transactions agree; an invoice is paid exactly when its intent is, and
    /// every subscription's status fits its newest invoice.
    async fn check(&self, when: &str) {
        let (available, pending) = self.stripe.balance().await;
        let cents = |amount: &Value| amount.as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
        let effects: i64 = self.stripe.facts().await.iter().map(|fact| cents(&fact["effect"])).sum();
        assert_eq!(available + pending, 10_000_000 + effects, "{when}");
        let mut invoices = HashMap::new();
        for invoice in self.stripe.list("invoices?limit=100&expand[]=data.payments").await {
            let payment = &invoice["payments"]["data"][0]["payment"]["payment_intent"];
            if payment.is_string() {
                let intent = self.stripe.intent(payment).await;
                let is_paid = intent["status"] == "succeeded";
                assert_eq!(invoice["status"] == "paid", is_paid, "{when}: {invoice} {intent}");
                assert_eq!(invoice["status"] == "void", intent["status"] == "canceled", "{when}");
            } else {
                assert!(invoice["status"] == "draft" || invoice["total"] == 0, "{when}: {invoice}");
            }
            invoices.insert(id(&invoice), invoice);
        }
        for subscription in self.stripe.list("subscriptions?limit=100&status=all").await {
            let latest = &invoices[subscription["latest_invoice"].as_str().unwrap()];
            let (status, invoice) =
                (subscription["status"].as_str().unwrap(), latest["status"].as_str().unwrap());
            let fits = match status {
                "incomplete" => invoice == "open",
                "incomplete_expired" => matches!(invoice, "void" | "open" | "paid"),
                "trialing" => matches!(invoice, "paid"),
                "past_due" => matches!(invoice, "open" | "draft"),
                "canceled" => subscription["ended_at"].is_i64(),
                _ => status == "active",
            };
            assert!(fits, "{when}: {status} with {invoice}");
            let item = &subscription["items"]["data"][0];
            assert!(item["current_period_end"].as_i64() > item["current_period_start"].as_i64(), "{when}");
        }
    }
}

#[tokio::test]
async fn money_adds_up_and_statuses_agree_after_every_step() {
    for seed in 0..4 {
        let mut world = World::new(seed).await;
        for number in 0..45 {
            world.step().await;
            world.check(&format!("seed {seed}, step {number}")).await;
        }
        world.stripe.days(20);
        world.check(&format!("seed {seed}, at the end")).await;
    }
}
