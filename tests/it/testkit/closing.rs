//! Closing the books: what holds at the end of every story, whatever it was about.
//!
//! Both sides of every currency are equal; what is held is exactly what is under way; each operation that moved money
//! at the simulated Wave is one movement of ours, over the same amount, in the same wallet and with the same fee, and
//! the other way round; our floats are its balances; no callback waits; the stored book verifies.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Movement, MovementKind, MovementState, Reference, TreasuryMovement};
use serde_json::Value;
use store::transfers::TransferFilter;
use store::{inbox, ledger};

use super::TestApp;

impl TestApp {
    /// Every account's balance in minor units, by name.
    pub async fn balances(&self) -> BTreeMap<String, i64> {
        let trial = ledger::trial::trial_balance(&self.app().db, None).await.unwrap();
        assert!(trial.is_balanced(), "{trial:?}");
        trial.lines.iter().map(|line| (line.account.to_string(), line.balance.minor())).collect()
    }

    /// The balances that are not zero and not a customer's, as "account amount". Currencies in which there is nothing
    /// but what their floats opened with are left out.
    pub async fn statement(&self) -> Vec<String> {
        let balances = self.balances().await;
        let currency = |name: &str| name.rsplit(':').next().unwrap_or_default().to_owned();
        let is_opening = |name: &str| name.starts_with("float:") || name.starts_with("equity:opening:");
        let there = balances.iter().filter(|(name, minor)| **minor != 0 && !name.starts_with("customer:"));
        let moved: BTreeSet<String> =
            there.clone().filter(|(name, _)| !is_opening(name)).map(|(name, _)| currency(name)).collect();
        let home = |name: &str| ["XOF", "EUR"].contains(&currency(name).as_str());
        let ours = there.filter(|(name, _)| home(name) || moved.contains(&currency(name)));
        ours.map(|(name, minor)| format!("{name} {minor}")).collect()
    }

    pub async fn movements(&self) -> Vec<Movement> {
        let app = self.app();
        let mut reader = app.db.read().await.unwrap();
        let filter = TransferFilter::default();
        let transfers = store::transfers::list(&mut reader.conn(), &filter, None, 100_000).await.unwrap();
        let mut movements = Vec::new();
        for stored in transfers {
            let of = store::movements::of_transfer(&mut reader.conn(), stored.transfer.id).await.unwrap();
            movements.extend(of);
        }
        movements
    }

    /// Movements of our own money.
    pub async fn treasury(&self) -> Vec<TreasuryMovement> {
        let app = self.app();
        let mut reader = app.db.read().await.unwrap();
        store::treasury::list(&mut reader.conn(), None, 100_000).await.unwrap()
    }

    pub(super) async fn check_books(&self) {
        self.pass_until_kept(&["learn_fee", "notify", "otp_sms"]).await;
        let movements = self.movements().await;
        let operations = self.wave().operations().await;
        self.check_holds(&movements).await;
        self.check_stripe(&movements).await;
        self.mtn().check(&movements).await;
        let by_wave = |m: &Movement| m.rail.provider() == Some(domain::Provider::Wave);
        let movements: Vec<Movement> = movements.into_iter().filter(by_wave).collect();
        self.check_callbacks().await;
        check_operations(&movements, &operations);
        self.check_floats(&movements, &operations).await;
    }

    /// What is held on an account is what its open outgoing movements reserve, and nothing else.
    async fn check_holds(&self, movements: &[Movement]) {
        let mut expected: BTreeMap<String, i64> = BTreeMap::new();
        for movement in movements.iter().filter(|movement| !movement.state.is_final()) {
            let float = movement.float_hold.and(movement.float()).map(|float| float.to_string());
            let value = movement.value_hold.map(|_| movement.source.to_string());
            for account in [float, value].into_iter().flatten() {
                *expected.entry(account).or_default() += movement.amount.minor();
            }
        }
        for movement in self.treasury().await.iter().filter(|movement| !movement.state.is_final()) {
            *expected.entry(movement.float().to_string()).or_default() += movement.amount.minor();
        }
        let app = self.app();
        let filter = ledger::accounts::AccountFilter::default();
        let mut reader = app.db.read().await.unwrap();
        let accounts = ledger::accounts::list(&mut reader.conn(), &filter, None, 100_000).await.unwrap();
        let held = accounts.iter().filter(|account| !account.held.is_zero());
        let held: BTreeMap<String, i64> =
            held.map(|account| (account.account.to_string(), account.held.minor())).collect();
        assert_eq!(held, expected, "held, and what is under way");
    }

    async fn check_callbacks(&self) {
        let app = self.app();
        let mut reader = app.db.read().await.unwrap();
        assert_eq!(inbox::count_waiting(&mut reader.conn()).await.unwrap(), 0, "callbacks are not applied");
    }

    /// Our float and what is in transit are Stripe's balance, to the cent; each operation there is one movement of ours.
    async fn check_stripe(&self, movements: &[Movement]) {
        let balances = self.balances().await;
        let of = |name: &str| balances.get(&format!("{name}:stripe:main:EUR")).copied().unwrap_or(0);
        assert_eq!(
            (of("float"), of("in_transit")),
            self.stripe().balance().await,
            "float and in transit at Stripe"
        );
        for operation in self.stripe().operations().await.iter().filter(|o| o["status"] == "succeeded") {
            let Some(reference) = operation["reference"].as_str().and_then(|r| r.parse::<Reference>().ok())
            else {
                continue;
            };
            let known = movements.iter().any(|movement| movement.reference == reference)
                || self.treasury().await.iter().any(|movement| movement.reference == reference);
            assert!(known, "{operation} happened at Stripe, and no movement of ours is called so");
        }
    }

    /// Our floats are Wave's balances, but for money that no session of ours asked for or that left by the portal.
    async fn check_floats(&self, movements: &[Movement], operations: &[Value]) {
        let balances = self.balances().await;
        for wallet in ["sn", "ci"] {
            let is_strange = |o: &&Value| o["wallet"] == wallet && of_ours(o, movements).is_none();
            let strange: i64 = operations.iter().filter(is_strange).map(|o| minor(&o["effect"])).sum();
            let strange = strange - self.swept.lock().unwrap().get(wallet).copied().unwrap_or(0);
            let float = balances.get(&format!("float:wave:{wallet}:XOF")).copied().unwrap_or(0);
            assert_eq!(float, self.wave().balance(wallet).await - strange, "float and balance of {wallet}");
        }
    }
}

/// The movement of ours that an operation is, if any: a refund is named by the session that it gives back.
fn of_ours<'m>(operation: &Value, movements: &'m [Movement]) -> Option<&'m Movement> {
    let reference: Reference = operation["reference"].as_str()?.parse().ok()?;
    let find = |reference| movements.iter().find(|movement| movement.reference == reference);
    if operation["kind"] != "refund" {
        return find(reference);
    }
    let gives_back = |movement: &&Movement| {
        movement.kind == MovementKind::Refund && first_of(movement, movements) == Some(reference)
    };
    movements.iter().filter(gives_back).max_by_key(|movement| moved(movement))
}

/// The collection that Wave saw: late money that funds another transfer is booked there again.
fn first_of(refund: &Movement, movements: &[Movement]) -> Option<Reference> {
    let mut reference = refund.original?;
    while let Some(earlier) = movements.iter().find(|m| m.reference == reference)?.original {
        reference = earlier;
    }
    Some(reference)
}

/// Where a collection is booked now: under another transfer, when late money funds one.
fn last_of<'m>(movement: &'m Movement, movements: &'m [Movement]) -> &'m Movement {
    let again = movements.iter().find(|m| is_reused(m) && m.original == Some(movement.reference));
    again.map_or(movement, |again| last_of(again, movements))
}

pub(super) fn moved(movement: &Movement) -> bool {
    matches!(movement.state, MovementState::Succeeded | MovementState::Reversed)
}

/// Booked again from another transfer's late money, which happened once only.
fn is_reused(movement: &Movement) -> bool {
    movement.kind == MovementKind::Collection && movement.original.is_some()
}

fn check_operations(movements: &[Movement], operations: &[Value]) {
    let mut matched = BTreeSet::new();
    for operation in operations.iter().filter(|o| o["status"] == "succeeded" && o["kind"] != "reversal") {
        let Some(movement) = of_ours(operation, movements) else { continue };
        assert!(moved(movement), "{operation} happened, and we say {movement:?}");
        assert!(matched.insert(movement.reference), "{operation} happened twice");
        assert_eq!(minor(&operation["amount"]), movement.amount.minor(), "{operation}");
        assert_eq!(operation["wallet"], movement.wallet.as_str(), "{operation}");
        if movement.kind != MovementKind::Refund {
            let fee = last_of(movement, movements).fee.map(|fee| fee.minor());
            assert_eq!(fee, Some(minor(&operation["fee"])), "{operation}");
        }
    }
    // A reversal is told of the payout that it took back.
    let is_its_own = |m: &&Movement| m.kind != MovementKind::Reversal && !is_reused(m);
    let ours = movements.iter().filter(|m| moved(m) && m.rail.provider().is_some()).filter(is_its_own);
    for movement in ours {
        assert!(matched.contains(&movement.reference), "we say {movement:?}, and nothing of it happened");
    }
}

fn minor(amount: &Value) -> i64 {
    amount.as_str().unwrap().parse().unwrap()
}
