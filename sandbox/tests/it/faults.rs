//! Requests that go wrong: before the effect, after it, or only in the telling.

use std::error::Error;
use std::io;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{Kit, SN, payout, session};

const AWA: &str = "+221770003344";

/// What the connection did, from the chain of causes.
fn io_kind(error: &reqwest::Error) -> Option<io::ErrorKind> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return Some(io.kind());
        }
        cause = error.source();
    }
    None
}

#[tokio::test]
async fn a_lost_reply_hides_an_effect_that_happened() {
    let kit = Kit::new().await;
    kit.fault(json!({"fault": "lose_reply", "match": "/v1/payout"})).await;
    let body = payout("po", "1000", AWA);
    let error = kit.try_send(kit.disbursement("key", &body)).await.unwrap_err();
    assert!(error.is_request() && !error.is_timeout() && !error.is_connect(), "{error:?}");
    let facts = kit.operations().await;
    assert_eq!(facts.len(), 1);
    assert_eq!((&facts[0]["reference"], &facts[0]["status"]), (&json!("po"), &json!("succeeded")));
    let retried = kit.pay_out("key", &body).await.ok();
    assert_eq!(retried["id"], facts[0]["id"], "the same key finds the same payout");
    assert_eq!(kit.operations().await.len(), 1);
    assert_eq!(kit.balance().await, 50_000_000 - 1_010);
    assert_eq!(kit.fired().await, [1]);
}

#[tokio::test]
async fn a_session_whose_creation_was_not_heard_is_found_by_reference() {
    let kit = Kit::new().await;
    kit.fault(json!({"fault": "lose_reply", "match": {"reference": "order"}})).await;
    kit.try_send(kit.creation(&session("order", "1000"))).await.unwrap_err();
    let found = kit.get("/wave/v1/checkout/sessions/search?client_reference=order").await.ok();
    assert_eq!(found["result"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_reset_comes_before_or_after_the_effect() {
    let kit = Kit::new().await;
    let body = payout("po", "1000", AWA);
    for (fault, effects) in [("reset_before", 0), ("reset_after", 1)] {
        kit.fault(json!({"fault": fault})).await;
        let error = kit.try_send(kit.disbursement(fault, &body)).await.unwrap_err();
        assert_eq!(io_kind(&error), Some(io::ErrorKind::ConnectionReset), "{fault} {error:?}");
        assert_eq!(kit.operations().await.len(), effects, "{fault}");
    }
}

#[tokio::test]
async fn a_timeout_comes_before_or_after_the_effect() {
    let kit = Kit::new().await;
    let body = payout("po", "1000", AWA);
    for (fault, effects) in [("timeout_before", 0), ("timeout_after", 1)] {
        kit.fault(json!({"fault": fault})).await;
        kit.hang_up_on(kit.disbursement(fault, &body)).await;
        assert_eq!(kit.operations().await.len(), effects, "{fault}");
    }
    kit.fault(json!({"fault": "timeout_before", "delay_ms": 50})).await;
    let error = kit.try_send(kit.disbursement("third", &body)).await.unwrap_err();
    assert!(!error.is_timeout(), "at last the connection ends: {error:?}");
    assert_eq!(kit.operations().await.len(), 1);
}

#[tokio::test]
async fn errors_before_the_effect_have_every_status() {
    let kit = Kit::new().await;
    let body = payout("po", "1000", AWA);
    let table = [
        (408, "request-timeout"),
        (429, "too-many-requests"),
        (500, "internal-server-error"),
        (503, "service-unavailable"),
        (504, "gateway-timeout"),
    ];
    for (status, code) in table {
        kit.fault(json!({"fault": "error_before", "status": status})).await;
        kit.pay_out("key", &body).await.refused(status, code);
    }
    assert!(kit.operations().await.is_empty());
    kit.pay_out("key", &body).await.ok();
    assert_eq!(kit.fired().await, [1, 1, 1, 1, 1]);
}

#[tokio::test]
async fn an_error_may_follow_a_success() {
    let kit = Kit::new().await;
    kit.fault(json!({"fault": "error_after_success"})).await;
    let blocked = payout("po", "1000", "+221770009902");
    kit.pay_out("refused", &blocked).await.refused(422, "recipient-account-blocked");
    let body = payout("po", "1000", AWA);
    kit.pay_out("key", &body).await.refused(500, "internal-server-error");
    assert_eq!(kit.operations().await.len(), 1);
    assert_eq!(kit.pay_out("key", &body).await.ok()["status"], "succeeded");
    assert_eq!(kit.operations().await.len(), 1);
}

#[tokio::test]
async fn an_error_has_any_of_the_shapes() {
    let kit = Kit::new().await;
    let table = [
        ("general", json!({"code": "odd", "message": "Simulated failure"})),
        ("execution", json!({"error_code": "odd", "error_message": "Simulated failure"})),
        ("bare", json!({"error": "odd", "message": "Simulated failure"})),
        ("nested", json!({"error": {"code": "odd", "message": "Simulated failure", "httpcode": 400}})),
    ];
    for (shape, expected) in table {
        kit.fault(json!({"fault": "error_shape", "shape": shape, "status": 400, "code": "odd"})).await;
        let answer = kit.get("/wave/v1/balance").await;
        assert_eq!((answer.status, answer.json()), (400, expected), "{shape}");
    }
    kit.fault(json!({"fault": "error_shape", "shape": "empty", "status": 502})).await;
    let answer = kit.get("/wave/v1/balance").await;
    assert_eq!((answer.status, &*answer.text), (502, ""));
}

#[tokio::test]
async fn an_answer_may_be_slow() {
    let kit = Kit::new().await;
    kit.fault(json!({"fault": "slow", "delay_ms": 300})).await;
    let start = Instant::now();
    kit.get("/wave/v1/balance").await.ok();
    assert!(start.elapsed() >= Duration::from_millis(300));

    kit.fault(json!({"fault": "slow", "delay_ms": 60_000})).await;
    kit.hang_up_on(kit.disbursement("key", &payout("po", "1000", AWA))).await;
    assert_eq!(kit.operations().await.len(), 1, "what is slow is the answer, not the effect");
}

#[tokio::test]
async fn an_answer_may_be_no_answer() {
    let kit = Kit::new().await;
    let paying = async |fault: Value, key: &str| {
        kit.fault(fault).await;
        kit.pay_out(key, &payout("po", "1000", AWA)).await
    };
    let page = paying(json!({"fault": "html"}), "a").await;
    assert!(page.status == 502 && page.text.starts_with("<!DOCTYPE html>"), "{page:?}");
    let page = paying(json!({"fault": "html", "status": 200}), "b").await;
    assert!(page.status == 200 && page.text.contains("<html>"));
    let half = paying(json!({"fault": "truncated_json"}), "c").await;
    assert!(
        half.status == 200
            && half.text.starts_with('{')
            && serde_json::from_str::<Value>(&half.text).is_err()
    );
    assert!(paying(json!({"fault": "empty_200"}), "d").await.is_empty_200());
    let moved = paying(json!({"fault": "redirect"}), "e").await;
    assert_eq!(moved.status, 307);
    assert_eq!(kit.operations().await.len(), 5, "each of them hides an effect");
    for key in ["a", "b", "c", "d", "e"] {
        assert_eq!(kit.pay_out(key, &payout("po", "1000", AWA)).await.ok()["status"], "succeeded");
    }
    assert_eq!(kit.operations().await.len(), 5);
}

#[tokio::test]
async fn an_answer_may_use_words_that_nobody_knows() {
    let kit = Kit::new().await;
    kit.fault(json!({"fault": "unknown_status"})).await;
    kit.fault(json!({"fault": "unknown_field"})).await;
    kit.get("/wave/v1/balance").await.ok();
    let created = kit.session("order", "1000").await;
    assert_eq!(created["checkout_status"], "somewhere_between");
    assert_eq!(created["payment_status"], "somewhere_between");
    assert_eq!(kit.session_now(&created["id"]).await["checkout_status"], "open");
    assert_eq!(kit.fired().await, [1, 1]);
    kit.fault(json!({"fault": "unknown_field"})).await;
    assert!(kit.get("/wave/v1/balance").await.ok()["loyalty"].is_object());
    kit.session("next", "1000").await;
    let sent = kit.pay_out("k", &payout("po", "1000", AWA)).await.ok();
    kit.fault(json!({"fault": "unknown_status", "match": "GET /wave/v1/payout/"})).await;
    let seen = kit.get(&format!("/wave/v1/payout/{}", sent["id"].as_str().unwrap())).await.ok();
    assert_eq!(seen["status"], "somewhere_between");
}

#[tokio::test]
async fn a_fault_waits_for_its_request() {
    let kit = Kit::new().await;
    let created = kit.session("wanted", "1000").await;
    let path = format!("/wave/v1/checkout/sessions/{}", created["id"].as_str().unwrap());
    kit.fault(json!({"fault": "error_before", "match": {"reference": "wanted", "method": "GET"}})).await;
    kit.get("/wave/v1/balance").await.ok();
    kit.session("other", "1000").await;
    kit.get(&path).await.refused(503, "service-unavailable");
    kit.get(&path).await.ok();
}

#[tokio::test]
async fn times_and_probability_decide_how_often() {
    let kit = Kit::new().await;
    kit.fault(json!({"fault": "error_before", "times": 2})).await;
    let statuses = async |count: usize| {
        let mut statuses = Vec::new();
        for _ in 0..count {
            statuses.push(kit.get("/wave/v1/balance").await.status);
        }
        statuses
    };
    assert_eq!(statuses(3).await, [503, 503, 200]);
    let mut draws = Vec::new();
    for seed in [1, 1, 2] {
        kit.send(kit.request(Method::DELETE, "/_control/wave/faults")).await;
        kit.fault(json!({"fault": "error_before", "probability": 0.5, "seed": seed})).await;
        draws.push(statuses(32).await);
    }
    assert_eq!(draws[0], draws[1]);
    assert_ne!(draws[0], draws[2]);
    assert!(draws[0].contains(&200) && draws[0].contains(&503));
    kit.send(kit.request(Method::DELETE, "/_control/wave/faults")).await;
    kit.fault(json!({"fault": "error_before", "probability": 1.0, "times": 1})).await;
    assert_eq!(statuses(2).await, [503, 200]);
}

#[tokio::test]
async fn faults_are_listed_with_what_fired_and_cleared() {
    let kit = Kit::new().await;
    kit.fault(json!({"fault": "html", "times": 3, "match": "/balance"})).await;
    kit.get("/wave/v1/balance").await;
    let listed = kit.look("wave/faults").await["data"].clone();
    let expected =
        json!([{"id": 1, "fault": "html", "times": 3, "match": "/balance", "left": 2, "fired": 1}]);
    assert_eq!(listed, expected);
    let cleared = kit.send(kit.request(Method::DELETE, "/_control/wave/faults")).await;
    assert_eq!(cleared.status, 204);
    assert_eq!(kit.look("wave/faults").await["data"], json!([]));
    kit.get("/wave/v1/balance").await.ok();
}

#[tokio::test]
async fn nonsense_faults_are_refused() {
    let kit = Kit::new().await;
    for wrong in [
        json!({"fault": "earthquake"}),
        json!({}),
        json!({"fault": "slow", "delay": 5}),
        json!({"fault": "slow", "probability": 1.5}),
        json!({"fault": "error_before", "status": 700}),
        json!({"fault": "slow", "match": {"verb": "GET"}}),
    ] {
        let answer = kit.control("wave/faults", &wrong).await;
        answer.refused(422, "invalid");
    }
    kit.control("sms/faults", &json!({"fault": "callback_lost"})).await.refused(422, "invalid");
    kit.control("pigeon/faults", &json!({"fault": "slow"})).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_cut_connection_hurts_no_other() {
    let kit = Kit::new().await;
    kit.fault(json!({"fault": "reset_after", "match": {"reference": "unlucky"}})).await;
    let requests = (0..16).map(|index| {
        let reference = if index == 7 { "unlucky".to_owned() } else { format!("po-{index}") };
        let request = kit
            .request(Method::POST, "/wave/v1/payout")
            .bearer_auth(SN)
            .header("Idempotency-Key", &reference)
            .json(&payout(&reference, "1000", AWA));
        tokio::spawn(async move { request.send().await.is_ok() })
    });
    let tasks: Vec<_> = requests.collect();
    let mut heard = 0;
    for task in tasks {
        heard += usize::from(task.await.unwrap());
    }
    assert_eq!(heard, 15);
    assert_eq!(kit.operations().await.len(), 16);
}
