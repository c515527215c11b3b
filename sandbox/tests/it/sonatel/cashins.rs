//! Payouts by cash-in.

use serde_json::{Value, json};

use super::kit::{FLOAT, MERCHANT, RETAILER, Sonatel, cash_in};

#[tokio::test]
async fn a_cash_in_leaves_the_retailers_wallet_at_once() {
    let sonatel = Sonatel::new().await;
    let done = sonatel.cash_in("po", 5000, "770001122").await.ok();
    assert_eq!((&done["status"], &done["reference"]), (&json!("SUCCESS"), &json!("po")));
    assert!(done["requestId"].is_string() && done["description"].is_string());
    let id = done["transactionId"].as_str().unwrap();
    assert!(id.starts_with("CI"), "{id}");
    assert_eq!((sonatel.has(RETAILER).await, sonatel.has(MERCHANT).await), (FLOAT - 5000, 0));
    let found = sonatel.search("reference=po").await;
    assert_eq!((&found[0]["type"], &found[0]["partner"]["idType"]), (&json!("CASHIN"), &json!("MSISDN")));
    let fact = sonatel.facts().await.remove(0);
    assert_eq!((&fact["kind"], &fact["effect"]), (&json!("disbursement"), &json!("-5000")));
    assert_eq!((&fact["amount"], &fact["fee"]), (&json!("5000"), &json!("0")));
}

#[tokio::test]
async fn the_same_reference_pays_twice() {
    let sonatel = Sonatel::new().await;
    let first = sonatel.cash_in("po", 5000, "770001122").await.ok();
    let second = sonatel.cash_in("po", 5000, "770001122").await.ok();
    assert_ne!(first["transactionId"], second["transactionId"]);
    assert_eq!(sonatel.has(RETAILER).await, FLOAT - 10_000);
    assert_eq!(sonatel.search("reference=po").await.len(), 2);
}

#[tokio::test]
async fn an_insufficient_float_is_one_of_three_codes() {
    let sonatel = Sonatel::new().await;
    for code in ["2020", "2021", "2022"] {
        sonatel.settings(json!({"float_code": code})).await;
        sonatel.cash_in("dear", FLOAT + 1, "770001122").await.refused(409, code);
    }
    assert_eq!(sonatel.search("reference=dear").await.len(), 0, "nothing is left");
    assert_eq!(sonatel.has(RETAILER).await, FLOAT);
    sonatel.cash_in("all", FLOAT, "770001122").await.ok();
    assert_eq!(sonatel.has(RETAILER).await, 0);
}

#[tokio::test]
async fn numbers_and_settings_refuse_with_the_documents_codes() {
    let sonatel = Sonatel::new().await;
    let table = [
        ("770009901", 404, "2000"),
        ("770009902", 403, "2043"),
        ("770009903", 400, "2001"),
        ("770009904", 409, "2024"),
        ("770009905", 409, "2025"),
        ("770009913", 409, "2021"),
        ("770009914", 409, "2022"),
        ("770009915", 409, "2020"),
        ("770009916", 409, "2023"),
        ("770009917", 403, "2041"),
        ("770009918", 403, "2042"),
        ("770009919", 500, "50"),
    ];
    for (customer, status, code) in table {
        sonatel.cash_in("no", 100, customer).await.refused(status, code);
    }
    sonatel.settings(json!({"ceiling": 1000, "ceiling_code": "2023"})).await;
    sonatel.cash_in("no", 1001, "770001122").await.refused(409, "2023");
    sonatel.cash_in("yes", 1000, "770001122").await.ok();
    assert_eq!(sonatel.has(RETAILER).await, FLOAT - 1000);
    assert_eq!(sonatel.search("reference=no").await.len(), 0);

    let told = json!({"msisdn": "770001122", "behaviour": "unknown"});
    sonatel.control("sonatel/people", &told).await.ok();
    sonatel.cash_in("no", 100, "770001122").await.refused(404, "2000");
}

#[tokio::test]
async fn a_refusal_may_be_of_any_kind_with_a_code_of_any_type() {
    let sonatel = Sonatel::new().await;
    let answer = sonatel.cash_in("no", 100, "770009901").await;
    let body = answer.json();
    for name in ["type", "instance", "status", "title", "detail"] {
        assert!(body[name].is_string(), "{name} in {body}");
    }
    assert_eq!(body["code"], "2000");
    sonatel.settings(json!({"numeric_codes": true, "refusal_status": 500})).await;
    let answer = sonatel.cash_in("no", 100, "770009901").await;
    assert_eq!((answer.status, &answer.json()["code"]), (500, &json!(2000)));
    sonatel.settings(json!({"refusal_status": 400})).await;
    assert_eq!(sonatel.cash_in("no", 100, "770009901").await.status, 400);

    sonatel.settings(json!({"keeps_refused": true})).await;
    sonatel.cash_in("kept", 100, "770009901").await;
    assert_eq!(sonatel.search("reference=kept").await[0]["status"], "FAILED");
    sonatel.cash_in("poor", FLOAT + 1, "770001122").await;
    assert_eq!(sonatel.search("reference=poor").await[0]["status"], "FAILED");
    assert_eq!(sonatel.has(RETAILER).await, FLOAT);
    let unknown = json!({"no_such_switch": true});
    assert_eq!(sonatel.control("sonatel/settings", &unknown).await.status, 422);
}

#[tokio::test]
async fn actors_have_types_and_nine_digits() {
    let sonatel = Sonatel::new().await;
    let pin = sonatel.pin("1234").await;
    for id in ["221770001122", "+221770001122", "77000112", "77000112a"] {
        let body = cash_in(&pin, "no", 100, id);
        sonatel.post("eWallet/v1/cashins", &body).await.refused(400, "2001");
    }
    let changed = |at: &str, value: Value| {
        let mut body = cash_in(&pin, "no", 100, "770001122");
        *body.pointer_mut(at).unwrap() = value;
        body
    };
    let table = [
        (changed("/partner/idType", json!("CODE")), 400, "4099"),
        (changed("/partner/id", json!("781110002")), 403, "2042"),
        (changed("/customer/idType", json!("EMAIL")), 400, "4099"),
        (changed("/amount/value", json!(-5)), 400, "4099"),
        (changed("/partner/encryptedPinCode", json!(1234)), 400, "4099"),
    ];
    for (body, status, code) in table {
        sonatel.post("eWallet/v1/cashins", &body).await.refused(status, code);
    }
    assert_eq!(sonatel.has(RETAILER).await, FLOAT);
}
