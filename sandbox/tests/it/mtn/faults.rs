//! What goes wrong on the way, and what has happened all the same.

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::kit::{Caller, GUINEA, Mtn, body, gateway_refuses, new_id, wallet_refuses};

const ASK: &str = "v1_0/requesttopay";
const PAY: &str = "v1_0/transfer";

async fn set(mtn: &Mtn, fault: Value) {
    let answer = mtn.control("mtn/faults", &fault).await;
    assert_eq!(answer.status, 201, "{answer:?}");
}

fn transfer(mtn: &Mtn, caller: &Caller, id: &str) -> RequestBuilder {
    mtn.creation(caller, PAY, id, &body("payee", "224660000001", "1000", "GNF", "out_1"))
}

#[tokio::test]
async fn an_answer_may_be_lost_after_the_money_moved() {
    for fault in ["lose_reply", "reset_after"] {
        let mtn = Mtn::new().await;
        set(&mtn, json!({"fault": fault})).await;
        let caller = mtn.guinea("disbursement").await;
        let id = new_id();
        assert!(mtn.try_send(transfer(&mtn, &caller, &id)).await.is_err(), "{fault}");
        assert_eq!(mtn.outcome_of(&caller, PAY, &id).await.0, "SUCCESSFUL");
        let again = mtn.send(transfer(&mtn, &caller, &id)).await;
        wallet_refuses(&again, 409, "RESOURCE_ALREADY_EXIST");
        assert_eq!(mtn.wallet(GUINEA).await, "499999000");
    }
}

#[tokio::test]
async fn a_timeout_after_acceptance_leaves_the_payment_alive() {
    let mtn = Mtn::new().await;
    let caller = mtn.guinea("disbursement").await;
    set(&mtn, json!({"fault": "timeout_after", "delay_ms": 20})).await;
    let id = new_id();
    assert!(mtn.try_send(transfer(&mtn, &caller, &id)).await.is_err());
    assert_eq!(mtn.outcome_of(&caller, PAY, &id).await.0, "SUCCESSFUL");
}

#[tokio::test]
async fn errors_come_in_the_shape_of_the_layer_that_makes_them() {
    let mtn = Mtn::new().await;
    let caller = mtn.guinea("disbursement").await;
    let id = new_id();
    set(&mtn, json!({"fault": "error_before"})).await;
    wallet_refuses(&mtn.send(transfer(&mtn, &caller, &id)).await, 503, "SERVICE_UNAVAILABLE");
    set(&mtn, json!({"fault": "error_before", "status": 429})).await;
    gateway_refuses(&mtn.send(transfer(&mtn, &caller, &id)).await, 429);
    set(&mtn, json!({"fault": "error_before", "status": 500, "code": "PAYEE_NOT_FOUND"})).await;
    wallet_refuses(&mtn.send(transfer(&mtn, &caller, &id)).await, 500, "PAYEE_NOT_FOUND");
    wallet_refuses(&mtn.get(&caller, &format!("{PAY}/{id}")).await, 404, "RESOURCE_NOT_FOUND");
    set(&mtn, json!({"fault": "error_after_success"})).await;
    gateway_refuses(&mtn.send(transfer(&mtn, &caller, &id)).await, 500);
    assert_eq!(mtn.outcome_of(&caller, PAY, &id).await.0, "SUCCESSFUL");
}

#[tokio::test]
async fn the_firewall_says_200_in_html() {
    let mtn = Mtn::new().await;
    let caller = mtn.guinea("disbursement").await;
    set(&mtn, json!({"fault": "html", "match": {"method": "POST", "path": "transfer"}})).await;
    let id = new_id();
    let page = mtn.send(transfer(&mtn, &caller, &id)).await;
    assert!(page.status == 200 && page.text.contains("Request Rejected"), "{page:?}");
    assert_eq!(mtn.outcome_of(&caller, PAY, &id).await.0, "SUCCESSFUL");
    set(&mtn, json!({"fault": "html", "match": {"method": "GET", "reference": "out_1"}})).await;
    let page = mtn.get(&caller, &format!("{PAY}/{id}")).await;
    assert!(page.text.contains("Request Rejected"), "matched by the caller's own name for it: {page:?}");
}

#[tokio::test]
async fn a_status_may_be_a_word_that_nobody_knows() {
    let mtn = Mtn::new().await;
    let caller = mtn.guinea("disbursement").await;
    let id = new_id();
    mtn.send(transfer(&mtn, &caller, &id)).await;
    set(&mtn, json!({"fault": "unknown_status"})).await;
    assert_eq!(mtn.outcome_of(&caller, PAY, &id).await.0, "somewhere_between");
    assert_eq!(mtn.outcome_of(&caller, PAY, &id).await.0, "SUCCESSFUL");
}

#[tokio::test]
async fn what_was_created_may_be_found_later() {
    let mtn = Mtn::new().await;
    let caller = mtn.guinea("collection").await;
    set(&mtn, json!({"fault": "lag", "delay_seconds": 30})).await;
    let id = new_id();
    let order = body("payer", "224660000001", "1000", "GNF", "pay_1");
    assert_eq!(mtn.send(mtn.creation(&caller, ASK, &id.to_uppercase(), &order)).await.status, 202);
    let path = format!("{ASK}/{id}");
    wallet_refuses(&mtn.get(&caller, &path).await, 404, "RESOURCE_NOT_FOUND");
    let again = mtn.send(mtn.creation(&caller, ASK, &id, &order)).await;
    wallet_refuses(&again, 409, "RESOURCE_ALREADY_EXIST");
    mtn.advance(30);
    assert_eq!(mtn.get(&caller, &path).await.ok()["status"], "PENDING");
    let elsewhere = mtn.control("wave/faults", &json!({"fault": "lag"})).await;
    elsewhere.refused(422, "invalid");
}

#[tokio::test]
async fn writes_may_be_forbidden_while_reads_work() {
    let mtn = Mtn::new().await;
    let fault = json!({
        "fault": "error_before", "status": 403, "times": 2,
        "match": {"method": "POST", "path": "/mtn/disbursement/v"},
    });
    set(&mtn, fault).await;
    let caller = mtn.guinea("disbursement").await;
    gateway_refuses(&mtn.send(transfer(&mtn, &caller, &new_id())).await, 403);
    mtn.get(&caller, "v1_0/account/balance").await.ok();
    mtn.get(&caller, "v1_0/accountholder/msisdn/224660000001/active").await.ok();
    gateway_refuses(&mtn.send(transfer(&mtn, &caller, &new_id())).await, 403);
    assert_eq!(mtn.wallet(GUINEA).await, "500000000");
}
