//! The eight statuses, and how long each takes.

use serde_json::{Value, json};

use super::kit::{FLOAT, MERCHANT, RETAILER, Sonatel};

#[tokio::test]
async fn a_slow_cash_in_passes_every_status_within_a_day() {
    for (customer, end, left) in [("770009910", "SUCCESS", FLOAT - 100), ("770009911", "REJECTED", FLOAT)] {
        let mut sonatel = Sonatel::new().await;
        let begun = sonatel.cash_in("slow", 100, customer).await.ok();
        assert_eq!(begun["status"], "PRE_INITIATED");
        assert_eq!(sonatel.has(RETAILER).await, FLOAT - 100, "the money left with the order");
        let mut passed = 0;
        for (hours, status) in [(1, "INITIATED"), (6, "PENDING"), (12, "ACCEPTED"), (24, end)] {
            sonatel.advance((hours - passed) * 3600 - 60);
            sonatel.sign_in().await;
            assert_ne!(sonatel.status(&begun["transactionId"]).await, status);
            sonatel.advance(60);
            assert_eq!(sonatel.status(&begun["transactionId"]).await, status);
            passed = hours;
        }
        assert_eq!(sonatel.has(RETAILER).await, left);
        assert_eq!(sonatel.effects(RETAILER).await, left - FLOAT);
        let facts = sonatel.facts().await;
        assert_eq!((&facts[0]["status"], &facts[0]["effect"]), (&json!("pending"), &json!("-100")));
        assert_eq!(facts.len(), 2, "{facts:#?}");
    }
}

#[tokio::test]
async fn endings_decide_how_and_when_it_ends() {
    let table = [
        ("770009906", "FAILED", 0, "FAILED", FLOAT),
        ("770009907", "PENDING", 2, "FAILED", FLOAT),
        ("770009908", "PENDING", 2, "SUCCESS", FLOAT - 100),
        ("770009909", "PENDING", 3600, "SUCCESS", FLOAT - 100),
        ("770009912", "PENDING", 2, "CANCELLED", FLOAT),
    ];
    for (customer, first, seconds, end, left) in table {
        let mut sonatel = Sonatel::new().await;
        let begun = sonatel.cash_in("po", 100, customer).await.ok();
        assert_eq!(begun["status"], first, "{customer}");
        sonatel.advance(seconds);
        sonatel.sign_in().await;
        assert_eq!(sonatel.status(&begun["transactionId"]).await, end, "{customer}");
        assert_eq!(sonatel.has(RETAILER).await, left, "{customer}");
        assert_eq!(sonatel.effects(RETAILER).await, left - FLOAT, "{customer}");
    }
}

#[tokio::test]
async fn a_payer_may_be_slow_too() {
    let sonatel = Sonatel::new().await;
    sonatel.qr("order", 1500).await;
    let paid = sonatel.pay(json!({"reference": "order", "payer": "770009908"})).await.ok();
    assert_eq!(paid["status"], "PENDING");
    assert_eq!(sonatel.search("reference=order").await[0]["status"], "PENDING");
    assert_eq!(sonatel.has(MERCHANT).await, 0);
    sonatel.advance(2);
    assert_eq!(sonatel.status(&paid["transactionId"]).await, "SUCCESS");
    assert_eq!(sonatel.has(MERCHANT).await, 1500);
}

#[tokio::test]
async fn control_leaves_a_transaction_in_any_status_and_a_final_one_stays() {
    let sonatel = Sonatel::new().await;
    let words =
        ["PRE_INITIATED", "INITIATED", "PENDING", "ACCEPTED", "SUCCESS", "FAILED", "CANCELLED", "REJECTED"];
    for status in words {
        sonatel.qr(status, 1500).await;
        let left = sonatel.pay(json!({"reference": status, "status": status})).await.ok();
        assert_eq!(left["status"], status);
        assert_eq!(sonatel.search(&format!("reference={status}")).await[0]["status"], status);
    }
    assert_eq!(sonatel.has(MERCHANT).await, 1500);
    for (status, end) in [("PENDING", "SUCCESS"), ("ACCEPTED", "REJECTED"), ("INITIATED", "PENDING")] {
        sonatel.pay(json!({"reference": status, "status": end})).await.ok();
        assert_eq!(sonatel.search(&format!("reference={status}")).await[0]["status"], end);
    }
    assert_eq!(sonatel.has(MERCHANT).await, 3000);
    let id: Value = sonatel.search("reference=FAILED").await[0]["transactionId"].clone();
    assert_eq!(sonatel.pay(json!({"reference": id})).await.status, 409);
    assert_eq!(sonatel.status(&id).await, "FAILED");
    assert_eq!(sonatel.effects(MERCHANT).await, 3000);
}

#[tokio::test]
async fn what_a_person_ended_time_does_not_end_again() {
    let mut sonatel = Sonatel::new().await;
    for (reference, end, left) in [("a", "FAILED", FLOAT), ("b", "SUCCESS", FLOAT - 100)] {
        sonatel.cash_in(reference, 100, "770009909").await.ok();
        sonatel.pay(json!({"reference": reference, "status": end})).await.ok();
        assert_eq!(sonatel.has(RETAILER).await, left);
        sonatel.advance(3600);
        sonatel.sign_in().await;
        assert_eq!(sonatel.search(&format!("reference={reference}")).await[0]["status"], end);
        assert_eq!(sonatel.has(RETAILER).await, left);
        assert_eq!(sonatel.effects(RETAILER).await, left - FLOAT);
    }
}
