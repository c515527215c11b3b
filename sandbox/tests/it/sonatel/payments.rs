//! Payments begun by a call: one step with an OTP, two with a PIN.

use serde_json::{Value, json};

use super::kit::{MERCHANT, Sonatel, money};

const ONE_STEP: &str = "eWallet/v1/payments/onestep";

fn one_step(reference: &str, amount: i64, customer: &str, otp: &Value) -> Value {
    json!({
        "customer": {"idType": "MSISDN", "id": customer, "otp": otp},
        "partner": {"idType": "CODE", "id": MERCHANT},
        "amount": money(amount),
        "reference": reference,
        "metadata": {"order": "7"},
    })
}

async fn ussd(sonatel: &Sonatel, msisdn: &str) -> Value {
    sonatel.control("sonatel/otp", &json!({"msisdn": msisdn})).await.ok()["otp"].clone()
}

#[tokio::test]
async fn an_otp_pays_once_and_within_ten_minutes() {
    let mut sonatel = Sonatel::new().await;
    let otp = ussd(&sonatel, "770001122").await;
    assert_eq!(otp.as_str().unwrap().len(), 6);
    let body = one_step("order", 1500, "770001122", &otp);
    let other = one_step("order", 1500, "770001133", &otp);
    sonatel.post(ONE_STEP, &other).await.refused(400, "4099");
    let paid = sonatel.post(ONE_STEP, &body).await.ok();
    assert_eq!((&paid["status"], &paid["reference"]), (&json!("SUCCESS"), &json!("order")));
    assert_eq!(sonatel.has(MERCHANT).await, 1500);
    sonatel.post(ONE_STEP, &body).await.refused(400, "4099");
    let otp = ussd(&sonatel, "770001122").await;
    sonatel.advance(600);
    sonatel.sign_in().await;
    let late = one_step("order", 1500, "770001122", &otp);
    sonatel.post(ONE_STEP, &late).await.refused(400, "4099");
    assert_eq!(sonatel.has(MERCHANT).await, 1500);
}

#[tokio::test]
async fn one_step_refuses_by_the_payers_number_and_the_least_amount() {
    let sonatel = Sonatel::new().await;
    for (customer, status, code) in [("770009901", 404, "2000"), ("770009913", 409, "2021")] {
        let otp = ussd(&sonatel, customer).await;
        let body = one_step("no", 1500, customer, &otp);
        sonatel.post(ONE_STEP, &body).await.refused(status, code);
    }
    let otp = ussd(&sonatel, "770001122").await;
    let small = one_step("no", 9, "770001122", &otp);
    sonatel.post(ONE_STEP, &small).await.refused(400, "4099");
    let dear = one_step("no", 1_000_001, "770001122", &otp);
    sonatel.post(ONE_STEP, &dear).await.refused(409, "2021");
    assert_eq!(sonatel.search("reference=no").await.len(), 0);
    let otp = ussd(&sonatel, "770009908").await;
    let slow = one_step("slow", 1500, "770009908", &otp);
    assert_eq!(sonatel.post(ONE_STEP, &slow).await.ok()["status"], "PENDING");
}

#[tokio::test]
async fn the_sandboxs_helper_gives_an_otp_for_the_customers_pin() {
    let sonatel = Sonatel::new().await;
    let wish = |pin: String| json!({"idType": "MSISDN", "id": "770001122", "encryptedPinCode": pin});
    let answer = sonatel.post("eWallet/v1/payments/otp", &wish(sonatel.pin("0000").await)).await.ok();
    let body = one_step("order", 1500, "770001122", &answer["otp"]);
    sonatel.post(ONE_STEP, &body).await.ok();
    let wrong = wish(sonatel.pin("1234").await);
    sonatel.post("eWallet/v1/payments/otp", &wrong).await.refused(403, "2011");
}

#[tokio::test]
async fn two_steps_need_both_pins() {
    let mut sonatel = Sonatel::new().await;
    let (own, theirs) = (sonatel.pin("1234").await, sonatel.pin("0000").await);
    let body = |reference: &str| {
        json!({
            "method": "CLASSIC",
            "partner": {"idType": "CODE", "id": MERCHANT, "encryptedPinCode": own},
            "customer": {"idType": "MSISDN", "id": "770001122"},
            "amount": money(1500),
            "reference": reference,
            "receiveNotification": true,
        })
    };
    let begun = sonatel.post("eWallet/v1/payments", &body("order")).await.ok();
    assert_eq!(begun["status"], "INITIATED");
    assert_eq!(sonatel.has(MERCHANT).await, 0);
    let path = format!("eWallet/v1/transactions/{}/confirm", begun["transactionId"].as_str().unwrap());
    let confirm = |id: &str, pin: &str| json!({"idType": "MSISDN", "id": id, "encryptedPinCode": pin});
    sonatel.post(&path, &confirm("770001122", &own)).await.refused(403, "2011");
    sonatel.post(&path, &confirm("770001133", &theirs)).await.refused(403, "2043");
    let done = sonatel.post(&path, &confirm("770001122", &theirs)).await.ok();
    assert_eq!(done["status"], "SUCCESS");
    sonatel.post(&path, &confirm("770001122", &theirs)).await.refused(403, "2041");
    assert_eq!(sonatel.has(MERCHANT).await, 1500);

    let begun = sonatel.post("eWallet/v1/payments", &body("forgotten")).await.ok();
    sonatel.advance(86_400);
    sonatel.sign_in().await;
    assert_eq!(sonatel.status(&begun["transactionId"]).await, "CANCELLED");
    assert_eq!(sonatel.has(MERCHANT).await, 1500);
}
