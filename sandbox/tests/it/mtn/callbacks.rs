//! Callbacks: unsigned, once, in every order that a network can think of.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::kit::{Caller, GUINEA, Mtn, body, new_id, refuses_mutely};
use crate::kit::Receiver;

const ASK: &str = "v1_0/requesttopay";

async fn ask(mtn: &Mtn, caller: &Caller, external_id: &str, url: &str) -> String {
    let id = new_id();
    let order = body("payer", "224660000001", "15000", "GNF", external_id);
    let request = mtn.creation(caller, ASK, &id, &order).header("X-Callback-Url", url);
    let answer = mtn.send(request).await;
    assert_eq!((answer.status, answer.text.as_str()), (202, ""));
    id
}

async fn fault(mtn: &Mtn, fault: Value) {
    assert_eq!(mtn.control("mtn/faults", &fault).await.status, 201);
}

/// Waits until nothing is left to be sent, and returns every attempt.
async fn all_sent(mtn: &Mtn) -> Vec<Value> {
    for _ in 0..2_000 {
        let journal = mtn.look("mtn/deliveries").await;
        if journal["idle"] == true {
            return journal["data"].as_array().unwrap().clone();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("callbacks are still waiting");
}

/// Waits for so many attempts.
async fn attempts(mtn: &Mtn, count: usize) -> Vec<Value> {
    for _ in 0..2_000 {
        let journal = mtn.look("mtn/deliveries").await["data"].as_array().unwrap().clone();
        if journal.iter().filter(|attempt| attempt["status"].is_u64()).count() >= count {
            return journal;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("too few attempts");
}

#[tokio::test]
async fn the_first_version_posts_the_status_body_unsigned() {
    let (mtn, receiver) = (Mtn::new().await, Receiver::start().await);
    let caller = mtn.guinea("collection").await;
    let id = ask(&mtn, &caller, "pay_1", &receiver.url).await;
    assert!(receiver.received().is_empty(), "nothing has happened yet");
    mtn.settle(json!({"reference": "pay_1"})).await;
    let received = receiver.wait(1).await.remove(0);
    assert_eq!(received.method, Method::POST);
    assert_eq!(received.json(), mtn.status(&caller, ASK, &id).await);
    assert!(!String::from_utf8_lossy(&received.body).contains(&id), "no reference id");
    let mut names: Vec<_> = received.headers.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "content-length", "content-type", "host"], "nothing that proves anything");
    let silent = mtn.create(&caller, ASK, &body("payer", "224660000001", "5", "GNF", "silent")).await;
    mtn.settle(json!({"reference": silent})).await;
    assert_eq!(all_sent(&mtn).await.len(), 1);
}

#[tokio::test]
async fn the_second_version_puts() {
    let (mtn, receiver) = (Mtn::new().await, Receiver::start().await);
    let caller = mtn.guinea("disbursement").await;
    let sent = body("payee", "224660009902", "5", "GNF", "out_1");
    for path in ["v1_0/deposit", "v2_0/deposit"] {
        let request = mtn.creation(&caller, path, &new_id(), &sent).header("X-Callback-Url", &receiver.url);
        assert_eq!(mtn.send(request).await.status, 202);
        all_sent(&mtn).await;
    }
    let received = receiver.wait(2).await;
    assert_eq!([&received[0].method, &received[1].method], [Method::POST, Method::PUT]);
    assert_eq!(received[0].json()["reason"], "PAYEE_NOT_ALLOWED_TO_RECEIVE");
    assert_eq!(received[0].body, received[1].body);
}

#[tokio::test]
async fn a_callback_is_tried_once_unless_the_older_page_holds() {
    let (mtn, receiver) = (Mtn::new().await, Receiver::start().await);
    let caller = mtn.guinea("collection").await;
    receiver.answer(&[500]);
    ask(&mtn, &caller, "pay_1", &receiver.url).await;
    mtn.settle(json!({"reference": "pay_1"})).await;
    let journal = all_sent(&mtn).await;
    assert_eq!((&journal[0]["state"], &journal[0]["status"]), (&json!("given_up"), &json!(500)));
    mtn.advance(86_400);
    assert_eq!(all_sent(&mtn).await.len(), 1);

    mtn.set(GUINEA, "callback_retry", json!("ladder")).await;
    let caller = mtn.with_token(caller).await;
    receiver.answer(&[500; 21]);
    ask(&mtn, &caller, "pay_2", &receiver.url).await;
    mtn.settle(json!({"reference": "pay_2"})).await;
    for count in 2..22 {
        attempts(&mtn, count).await;
        mtn.advance(1);
    }
    attempts(&mtn, 22).await;
    mtn.advance(110);
    assert_eq!(receiver.received().len(), 22, "twenty a second apart, then two minutes");
    mtn.advance(10);
    receiver.wait(23).await;
    let journal = all_sent(&mtn).await;
    assert_eq!((journal.len(), &journal[22]["state"]), (23, &json!("delivered")));
}

#[tokio::test]
async fn callbacks_are_lost_doubled_late_and_contradicted() {
    let (mtn, receiver) = (Mtn::new().await, Receiver::start().await);
    let caller = mtn.guinea("collection").await;
    let pay = async |external_id: &str| {
        ask(&mtn, &caller, external_id, &receiver.url).await;
        mtn.settle(json!({"reference": external_id})).await;
    };
    fault(&mtn, json!({"fault": "callback_lost"})).await;
    pay("lost").await;
    assert_eq!(all_sent(&mtn).await[0]["state"], "lost");
    fault(&mtn, json!({"fault": "callback_duplicate", "copies": 2, "match": "twice"})).await;
    pay("twice").await;
    let copies = receiver.wait(3).await;
    assert!(copies.iter().all(|copy| copy.body == copies[0].body && copy.json()["externalId"] == "twice"));
    fault(&mtn, json!({"fault": "callback_late", "delay_seconds": 50})).await;
    pay("late").await;
    mtn.advance(45);
    assert_eq!(receiver.received().len(), 3);
    mtn.advance(5);
    assert_eq!(receiver.wait(4).await[3].json()["externalId"], "late");
    fault(&mtn, json!({"fault": "callback_contradictory"})).await;
    pay("both").await;
    let mut said: Vec<_> =
        receiver.wait(6).await[4..].iter().map(|one| one.json()["status"].clone()).collect();
    said.sort_by_key(Value::to_string);
    assert_eq!(said, ["FAILED", "SUCCESSFUL"]);
    assert_eq!(mtn.wallet(GUINEA).await, "500060000");
    let elsewhere = mtn.control("wave/faults", &json!({"fault": "callback_contradictory"})).await;
    elsewhere.refused(422, "invalid");
}

#[tokio::test]
async fn a_callback_may_come_before_the_answer() {
    let (mtn, receiver) = (Mtn::new().await, Receiver::start().await);
    let caller = mtn.guinea("disbursement").await;
    fault(&mtn, json!({"fault": "slow", "delay_ms": 60_000, "match": "out_1"})).await;
    let sent = body("payee", "224660000001", "5", "GNF", "out_1");
    let request = mtn.creation(&caller, "v1_0/transfer", &new_id(), &sent);
    let waiting = tokio::spawn(request.header("X-Callback-Url", &receiver.url).send());
    assert_eq!(receiver.wait(1).await[0].json()["status"], "SUCCESSFUL");
    assert!(!waiting.is_finished());
    waiting.abort();
}

#[tokio::test]
async fn anybody_can_forge_what_nobody_signs() {
    let (mtn, receiver) = (Mtn::new().await, Receiver::start().await);
    let caller = mtn.guinea("collection").await;
    let id = ask(&mtn, &caller, "pay_1", &receiver.url).await;
    for variant in ["successful", "amount", "unknown"] {
        mtn.control("mtn/forge", &json!({"reference": "pay_1", "variant": variant})).await.ok();
        all_sent(&mtn).await;
    }
    let forged: Vec<_> = receiver.wait(3).await.iter().map(|one| one.json()).collect();
    assert!(
        forged.iter().all(|one| one["status"] == "SUCCESSFUL" && one["financialTransactionId"].is_string())
    );
    assert_eq!([&forged[0]["amount"], &forged[1]["amount"]], [&json!("15000"), &json!("150000")]);
    assert!(forged[2]["externalId"].as_str().unwrap().starts_with("nobody-"));
    assert_eq!(mtn.status(&caller, ASK, &id).await["status"], "PENDING");
    assert_eq!(mtn.wallet(GUINEA).await, "500000000");

    fault(&mtn, json!({"fault": "callback_forged", "variant": "amount"})).await;
    mtn.settle(json!({"reference": "pay_1"})).await;
    let mut amounts: Vec<_> =
        receiver.wait(5).await[3..].iter().map(|one| one.json()["amount"].clone()).collect();
    amounts.sort_by_key(Value::to_string);
    assert_eq!(amounts, ["15000", "150000"]);
    let genuine = all_sent(&mtn).await.iter().filter(|attempt| attempt["genuine"] == true).count();
    assert_eq!(genuine, 1);
}

#[tokio::test]
async fn the_sandbox_calls_back_by_http_and_a_real_market_by_https() {
    let mtn = Mtn::new().await;
    let sandbox = mtn.provisioned("collection").await;
    let order = body("payer", "46733123999", "5", "EUR", "x");
    let send = async |caller: &Caller, order: &Value, url: &str| {
        mtn.send(mtn.creation(caller, ASK, &new_id(), order).header("X-Callback-Url", url)).await
    };
    refuses_mutely(&send(&sandbox, &order, "https://127.0.0.1/x").await);
    assert_eq!(send(&sandbox, &order, "http://127.0.0.1:1/x").await.status, 202);
    let market = mtn.guinea("collection").await;
    let order = body("payer", "224660000001", "5", "GNF", "x");
    assert_eq!(send(&market, &order, "http://127.0.0.1:1/x").await.status, 202);
    mtn.set(GUINEA, "callback_scheme", json!("https")).await;
    refuses_mutely(&send(&market, &order, "http://127.0.0.1:1/x").await);
    assert_eq!(send(&market, &order, "https://127.0.0.1:1/x").await.status, 202);
}

#[tokio::test]
async fn time_calls_back_too() {
    let (mtn, receiver) = (Mtn::new().await, Receiver::start().await);
    let caller = mtn.guinea("collection").await;
    ask(&mtn, &caller, "pay_1", &receiver.url).await;
    mtn.advance(300);
    let told = receiver.wait(1).await[0].json();
    assert_eq!(
        (&told["status"], &told["reason"]),
        (&json!("FAILED"), &json!("COULD_NOT_PERFORM_TRANSACTION"))
    );
}

#[tokio::test]
async fn a_pre_approval_that_waits_is_told_before_it_ends() {
    let (mtn, receiver) = (Mtn::new().await, Receiver::start().await);
    let caller = mtn.provisioned("collection").await;
    let leave = json!({
        "payer": {"partyIdType": "MSISDN", "partyId": "46733123454"}, "payerCurrency": "EUR",
        "payerMessage": "Every month", "validityTime": 1_000,
    });
    let request = mtn.creation(&caller, "v2_0/preapproval", &new_id(), &leave);
    mtn.send(request.header("X-Callback-Url", &receiver.url)).await;
    let told = receiver.wait(1).await.remove(0);
    assert_eq!((&told.method, &told.json()["status"]), (&Method::PUT, &json!("CREATED")));
    mtn.advance(25);
    assert_eq!(receiver.wait(2).await[1].json()["status"], "SUCCESSFUL");
}
