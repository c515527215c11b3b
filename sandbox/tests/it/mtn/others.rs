//! Invoices, bills, pre-approvals, withdrawals and texts to payers.

use reqwest::Method;
use serde_json::{Value, json};

use super::kit::{GUINEA, Mtn, body, new_id, refuses_mutely, wallet_refuses};

#[tokio::test]
async fn an_invoice_waits_is_paid_expires_or_is_cancelled() {
    let mtn = Mtn::new().await;
    let caller = mtn.guinea("collection").await;
    let path = "v2_0/invoice";
    let invoice = |external_id: &str| {
        let mut invoice = body("intendedPayer", "224660000001", "15000", "GNF", external_id);
        invoice["validityDuration"] = json!("3000");
        invoice
    };
    let paid = mtn.create(&caller, path, &invoice("inv_1")).await;
    let late = mtn.create(&caller, path, &invoice("inv_2")).await;
    let cancelled = mtn.create(&caller, path, &invoice("inv_3")).await;
    mtn.settle(json!({"reference": "inv_1"})).await;
    let seen = mtn.status(&caller, path, &paid).await;
    assert_eq!((&seen["status"], &seen["referenceId"]), (&json!("SUCCESSFUL"), &json!(paid)));
    assert_eq!(mtn.wallet(GUINEA).await, "500015000");
    let delete = |id: &str| mtn.call(&caller, Method::DELETE, &format!("{path}/{id}"));
    assert!(mtn.send(delete(&cancelled)).await.is_empty_200());
    let reason = |seen: &Value| seen["errorReason"]["code"].clone();
    assert_eq!(reason(&mtn.status(&caller, path, &cancelled).await), "TRANSACTION_CANCELED");
    wallet_refuses(&mtn.send(delete(&paid)).await, 500, "NOT_ALLOWED");
    mtn.advance(3_000);
    assert_eq!(reason(&mtn.status(&caller, path, &late).await), "EXPIRED");

    let sandbox = mtn.provisioned("collection").await;
    let at_once = body("intendedPayer", "46733123999", "5", "EUR", "inv_4");
    let at_once = mtn.create(&sandbox, path, &at_once).await;
    let request = mtn.call(&sandbox, Method::DELETE, &format!("{path}/{at_once}"));
    assert!(mtn.send(request).await.is_empty_200());
    assert_eq!(mtn.status(&sandbox, path, &at_once).await["status"], "SUCCESSFUL");
}

#[tokio::test]
async fn a_bill_is_paid_from_the_wallet() {
    let mtn = Mtn::new().await;
    let caller = mtn.guinea("collection").await;
    let bill = json!({
        "externalTransactionId": "bill_1", "money": {"amount": "7000", "currency": "GNF"},
        "customerReference": "meter 12", "serviceProviderUserName": "power",
    });
    let id = mtn.create(&caller, "v2_0/payment", &bill).await;
    let seen = mtn.status(&caller, "v2_0/payment", &id).await;
    assert_eq!((&seen["status"], &seen["externalTransactionId"]), (&json!("SUCCESSFUL"), &json!("bill_1")));
    assert_eq!(mtn.wallet(GUINEA).await, "499993000");
}

#[tokio::test]
async fn a_payer_who_agreed_before_is_not_asked() {
    let mtn = Mtn::new().await;
    let caller = mtn.guinea("collection").await;
    let leave = json!({
        "payer": {"partyIdType": "MSISDN", "partyId": "224660000001"}, "payerCurrency": "GNF",
        "payerMessage": "Every month", "validityTime": 1_000,
    });
    let path = "v2_0/preapproval";
    let id = mtn.create(&caller, path, &leave).await;
    let order = body("payer", "224660000001", "15000", "GNF", "x");
    assert_eq!(mtn.outcome(&caller, "v1_0/requesttopay", &order).await.0, "PENDING");
    mtn.settle(json!({"reference": id})).await;
    let seen = mtn.status(&caller, path, &id).await;
    assert_eq!((&seen["status"], &seen["payerCurrency"]), (&json!("SUCCESSFUL"), &json!("GNF")));
    assert!(seen["expirationDateTime"].is_string() && seen.get("amount").is_none());
    assert_eq!(mtn.outcome(&caller, "v1_0/requesttopay", &order).await.0, "SUCCESSFUL");
    mtn.advance(1_000);
    assert_eq!(mtn.outcome(&caller, "v1_0/requesttopay", &order).await.0, "PENDING");

    let sandbox = mtn.provisioned("collection").await;
    let expected = [
        "",
        "APPROVAL_REJECTED",
        "EXPIRED",
        "CREATED",
        "CREATED",
        "PAYER_NOT_FOUND",
        "NOT_ALLOWED",
        "NOT_ALLOWED_TARGET_ENVIRONMENT",
        "INVALID_CALLBACK_URL_HOST",
        "INVALID_CURRENCY",
        "INTERNAL_PROCESSING_ERROR",
        "SERVICE_UNAVAILABLE",
        "SUCCESSFUL",
    ];
    for (place, expected) in expected.into_iter().enumerate() {
        let mut leave = leave.clone();
        leave["payerCurrency"] = json!("EUR");
        leave["payer"]["partyId"] = json!(format!("46733123{}", 450 + place));
        let (status, reason) = mtn.outcome(&sandbox, path, &leave).await;
        assert_eq!(if status == "FAILED" { reason } else { status }, expected, "{place}");
    }
}

#[tokio::test]
async fn a_cash_out_from_a_wallet_is_approved_too() {
    let mtn = Mtn::new().await;
    let caller = mtn.guinea("collection").await;
    let order = body("payer", "224660000001", "15000", "GNF", "out_1");
    let id = mtn.create(&caller, "v2_0/requesttowithdraw", &order).await;
    mtn.settle(json!({"reference": "out_1"})).await;
    assert_eq!(mtn.outcome_of(&caller, "v1_0/requesttowithdraw", &id).await.0, "SUCCESSFUL");
    assert_eq!(mtn.wallet(GUINEA).await, "500015000");
}

#[tokio::test]
async fn a_payer_gets_a_text_once_paid() {
    let mtn = Mtn::new().await;
    let caller = mtn.guinea("collection").await;
    let order = body("payer", "224660000001", "15000", "GNF", "pay_1");
    let id = mtn.create(&caller, "v1_0/requesttopay", &order).await;
    let send = async |id: &str, header: &str, text: &str| {
        let path = format!("v1_0/requesttopay/{id}/deliverynotification");
        let request = mtn.call(&caller, Method::POST, &path).header("notificationMessage", header);
        mtn.send(request.header("Language", "fr").body(json!({"notificationMessage": text}).to_string()))
            .await
    };
    wallet_refuses(&send(&id, "Thank you", "Thank you").await, 500, "NOT_ALLOWED");
    mtn.settle(json!({"reference": "pay_1"})).await;
    assert!(send(&id, "Thank you", "Thank you").await.is_empty_200());
    refuses_mutely(&send(&id, "Thank you", "Thanks").await);
    refuses_mutely(&send(&id, &"x".repeat(161), &"x".repeat(161)).await);
    wallet_refuses(&send(&new_id(), "x", "x").await, 404, "RESOURCE_NOT_FOUND");
    let phone = mtn.request(Method::GET, "/sms/inbox?to=%2B224660000001");
    let inbox = mtn.send(phone).await.ok();
    assert_eq!(inbox["data"][0]["body"], "Thank you");
    assert_eq!(inbox["data"].as_array().unwrap().len(), 1);
}
