//! PINs: the key pair, its rotation, and the count of wrong ones.

use serde_json::{Value, json};

use super::kit::{FLOAT, RETAILER, Sonatel, cash_in, encrypted, public_key};

fn balance(pin: &str) -> Value {
    json!({"idType": "MSISDN", "id": RETAILER, "encryptedPinCode": pin, "wallet": "PRINCIPAL"})
}

const BALANCE: &str = "eWallet/v1/account/retailer/balance";

#[tokio::test]
async fn the_key_is_real_and_stays_until_it_is_rotated() {
    let sonatel = Sonatel::new().await;
    let answer = sonatel.get("account/v1/publicKeys").await.ok();
    assert!(answer["key"].as_str().unwrap().starts_with("MIIBIjANBg"), "{answer}");
    let key = public_key(&answer);
    assert_eq!(sonatel.get("account/v1/publicKeys").await.ok(), answer);
    let pin = encrypted(&key, "1234");
    assert_eq!(sonatel.post(BALANCE, &balance(&pin)).await.ok()["value"], FLOAT);

    assert_eq!(sonatel.control("sonatel/keys", &json!({})).await.status, 201);
    sonatel.post(BALANCE, &balance(&pin)).await.refused(400, "4003");
    let pin = sonatel.pin("1234").await;
    assert_eq!(sonatel.post(BALANCE, &balance(&pin)).await.status, 200);
    let keys = sonatel.look("sonatel/keys").await;
    assert!(keys["data"][0]["revoked_at"].is_null() && keys["data"][1]["revoked_at"].is_string());
    assert_eq!(keys["data"][1]["keyId"], answer["keyId"]);

    sonatel.settings(json!({"keys_in_array": true})).await;
    assert!(sonatel.get("account/v1/publicKeys").await.ok()[0]["key"].is_string());
}

#[tokio::test]
async fn what_nobody_can_decrypt_is_4003_and_counts_as_no_attempt() {
    let sonatel = Sonatel::new().await;
    for pin in ["1234", "", "AAAA", "%%%"] {
        let code = if pin.is_empty() { "4099" } else { "4003" };
        sonatel.post(BALANCE, &balance(pin)).await.refused(400, code);
    }
    let pin = sonatel.pin("9999").await;
    sonatel.post(BALANCE, &balance(&pin)).await.refused(403, "2011");
}

#[tokio::test]
async fn three_wrong_pins_block_the_wallet() {
    let sonatel = Sonatel::new().await;
    let key = sonatel.key().await;
    let (right, wrong) = (encrypted(&key, "1234"), encrypted(&key, "4321"));
    sonatel.post(BALANCE, &balance(&wrong)).await.refused(403, "2011");
    assert_eq!(sonatel.post(BALANCE, &balance(&right)).await.status, 200, "the count starts anew");
    for code in ["2011", "2012", "2013"] {
        let body = cash_in(&wrong, "r", 100, "770001122");
        sonatel.post("eWallet/v1/cashins", &body).await.refused(403, code);
    }
    sonatel.post(BALANCE, &balance(&right)).await.refused(403, "2013");
    let body = cash_in(&right, "r", 100, "770001122");
    sonatel.post("eWallet/v1/cashins", &body).await.refused(403, "2013");
    assert_eq!(sonatel.has(RETAILER).await, FLOAT);
    let profile = sonatel.get(&format!("eWallet/v1/account?msisdn={RETAILER}&type=retailer")).await.ok();
    assert_eq!(profile["suspended"], true);

    let unblocked = sonatel.control("sonatel/pin", &json!({"wallet": RETAILER, "pin": "4321"})).await;
    assert_eq!(unblocked.status, 204);
    assert_eq!(sonatel.post(BALANCE, &balance(&wrong)).await.status, 200, "it is the right one now");
    let wish = json!({"wallet": RETAILER, "must_change": true});
    assert_eq!(sonatel.control("sonatel/pin", &wish).await.status, 204);
    sonatel.post(BALANCE, &balance(&wrong)).await.refused(403, "2010");
}
