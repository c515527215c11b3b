//! Cash-ins in bulk.

use serde_json::{Value, json};

use super::kit::{FLOAT, RETAILER, SECRET, Sonatel, cash_in, is_signed_with};
use crate::kit::Receiver;

const BULK: &str = "eWallet/v1/bulkcashins";

#[tokio::test]
async fn a_bulk_runs_by_itself_and_tells_of_every_cash_in() {
    let (sonatel, receiver) = (Sonatel::new().await, Receiver::start().await);
    let pin = sonatel.pin("1234").await;
    let entries = json!([
        cash_in(&pin, "a", 1000, "770001122"),
        cash_in(&pin, "b", 2000, "770009901"),
        cash_in(&pin, "c", FLOAT, "770001122"),
        cash_in(&pin, "d", 3000, "770009908"),
    ]);
    let request = sonatel.posting(BULK, &entries).header("X-Callback-Url", &receiver.url);
    let answer = sonatel.send(request).await.ok();
    assert_eq!(answer["status"], "PENDING");
    assert!(answer["bulkId"].is_string() && answer["description"].is_string());
    assert_eq!(sonatel.search("reference=a").await[0]["status"], "PRE_INITIATED");
    assert_eq!(sonatel.has(RETAILER).await, FLOAT);

    sonatel.advance(2);
    let status =
        async |reference: &str| sonatel.search(&format!("reference={reference}")).await[0]["status"].clone();
    let statuses = [status("a").await, status("b").await, status("c").await, status("d").await];
    assert_eq!(statuses, ["SUCCESS", "FAILED", "FAILED", "PENDING"]);
    assert_eq!(receiver.received().len(), 0, "one is still under way");
    sonatel.advance(2);
    assert_eq!(status("d").await, "SUCCESS");
    assert_eq!(sonatel.has(RETAILER).await, FLOAT - 4000);
    sonatel.advance(2);
    let told = receiver.wait(1).await.remove(0);
    assert!(is_signed_with(&told, SECRET) && told.header("x-sonatel-idempotency-key").is_some());
    let told = told.json();
    assert_eq!((&told["bulkId"], &told["status"]), (&answer["bulkId"], &json!("TERMINATED")));
    let results: Vec<(&Value, &Value)> = told["transactions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| (&each["reference"], &each["code"]))
        .collect();
    let none = Value::Null;
    let (a, b, c, d) = (json!("a"), json!("b"), json!("c"), json!("d"));
    assert_eq!(results, [(&a, &none), (&b, &json!("2000")), (&c, &json!("2020")), (&d, &none)]);
    sonatel.all_told().await;
    assert_eq!(receiver.received().len(), 1, "told once, and nothing of each");
    assert_eq!(sonatel.effects(RETAILER).await, -4000);
}

#[tokio::test]
async fn a_wrong_pin_or_a_malformed_entry_refuses_the_whole_bulk() {
    let sonatel = Sonatel::new().await;
    let (right, wrong) = (sonatel.pin("1234").await, sonatel.pin("4321").await);
    let good = cash_in(&right, "a", 1000, "770001122");
    let bad = json!([good, cash_in(&wrong, "b", 1000, "770001122")]);
    sonatel.post(BULK, &bad).await.refused(403, "2011");
    let bad = json!([good, cash_in(&right, "b", 0, "770001122")]);
    sonatel.post(BULK, &bad).await.refused(400, "4099");
    sonatel.post(BULK, &good).await.refused(400, "4099");
    sonatel.post(BULK, &json!([])).await.refused(400, "4099");
    sonatel.advance(10);
    assert_eq!(sonatel.search("").await.len(), 0);
    assert_eq!(sonatel.has(RETAILER).await, FLOAT);
}
