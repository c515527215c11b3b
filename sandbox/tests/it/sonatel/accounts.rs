//! Balances, profiles and test numbers.

use serde_json::{Value, json};

use super::kit::{FLOAT, MERCHANT, RETAILER, Sonatel};

fn wish(id: &str, pin: &str) -> Value {
    json!({"idType": "MSISDN", "id": id, "encryptedPinCode": pin, "wallet": "PRINCIPAL"})
}

#[tokio::test]
async fn the_retailers_balance_needs_its_pin_and_moves() {
    let sonatel = Sonatel::new().await;
    let pin = sonatel.pin("1234").await;
    const PATH: &str = "eWallet/v1/account/retailer/balance";
    let before = sonatel.post(PATH, &wish(RETAILER, &pin)).await.ok();
    assert_eq!(before, json!({"value": FLOAT, "unit": "XOF"}));
    sonatel.cash_in("po", 5000, "770001122").await.ok();
    sonatel.cash_in("slow", 100, "770009909").await.ok();
    let after = sonatel.post(PATH, &wish(RETAILER, &pin)).await.ok();
    assert_eq!(after["value"], FLOAT - 5100);
    sonatel.post(PATH, &wish("781110002", &pin)).await.refused(403, "2042");
    let code = json!({"idType": "CODE", "id": MERCHANT, "encryptedPinCode": pin});
    sonatel.post(PATH, &code).await.refused(400, "4099");
    let without = json!({"idType": "MSISDN", "id": RETAILER, "wallet": "PRINCIPAL"});
    sonatel.post(PATH, &without).await.refused(400, "4099");
    assert_eq!(sonatel.get(PATH).await.status, 405);
}

#[tokio::test]
async fn a_customer_has_a_balance_and_a_pin_as_well() {
    let sonatel = Sonatel::new().await;
    let (right, wrong) = (sonatel.pin("0000").await, sonatel.pin("1111").await);
    const PATH: &str = "eWallet/v1/account/customer/balance";
    sonatel.cash_in("po", 5000, "770001122").await.ok();
    sonatel.qr("order", 1500).await;
    sonatel.pay(json!({"reference": "order"})).await.ok();
    let balance = sonatel.post(PATH, &wish("770001122", &right)).await.ok();
    assert_eq!(balance["value"], 1_003_500);
    sonatel.post(PATH, &wish("770009901", &right)).await.refused(404, "2000");
    for code in ["2011", "2012", "2013"] {
        sonatel.post(PATH, &wish("770001122", &wrong)).await.refused(403, code);
    }
    sonatel.post(PATH, &wish("770001122", &right)).await.refused(403, "2013");
}

#[tokio::test]
async fn profiles_tell_of_balances_and_bars() {
    let sonatel = Sonatel::new().await;
    let profile = async |query: &str| sonatel.get(&format!("eWallet/v1/account?{query}")).await;
    let retailer = profile(&format!("msisdn={RETAILER}&type=retailer")).await.ok();
    assert_eq!(retailer["balance"], json!({"value": FLOAT, "unit": "XOF"}));
    assert_eq!((&retailer["barred"], &retailer["suspended"]), (&json!(false), &json!(false)));
    assert!(retailer["grade"].is_string() && retailer["firstName"].is_string());
    assert_eq!(profile("msisdn=770009902&type=customer").await.ok()["barred"], true);
    profile("msisdn=770009901&type=customer").await.refused(404, "2000");
    profile("msisdn=221770001122&type=customer").await.refused(400, "2001");
    profile("msisdn=770001122&type=retailer").await.refused(403, "2042");
}

#[tokio::test]
async fn the_sandbox_lists_its_numbers_with_their_pins() {
    let sonatel = Sonatel::new().await;
    let list = sonatel.get("assignments/v1/partner/sim-cards?nbRetailers=1&nbCustomers=2").await.ok();
    let kinds: Vec<&str> =
        list.as_array().unwrap().iter().map(|card| card["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["RETAILER", "CUSTOMER", "CUSTOMER"]);
    assert_eq!((&list[0]["msisdn"], &list[0]["pinCode"]), (&json!(RETAILER), &json!("1234")));
    assert_eq!(list[0]["merchantCode"], MERCHANT);
    assert_eq!(list[1]["pinCode"], "0000");
}
