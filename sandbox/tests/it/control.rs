//! The control surface: clock, record, balances, reset, wallets.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use sandbox::{Clock, SandboxConfig};
use serde_json::{Value, json};

use crate::kit::{Kit, payout};

fn now(answer: &Value) -> DateTime<Utc> {
    answer["now"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn the_clock_is_read_advanced_and_set() {
    let kit = Kit::new().await;
    let before = now(&kit.look("clock").await);
    let after = now(&kit.control("clock", &json!({"advance_seconds": 86_400})).await.ok());
    assert!((after - before - TimeDelta::days(1)).num_seconds().abs() < 10);
    let set = now(&kit.control("clock", &json!({"set": "2027-01-02T03:04:05Z"})).await.ok());
    assert_eq!(set.format("%F %R").to_string(), "2027-01-02 03:04");
    assert!((kit.sandbox.clock().now() - set).num_seconds().abs() < 10);
    for wrong in [
        json!({}),
        json!({"advance_seconds": 1, "set": "2027-01-02T03:04:05Z"}),
        json!({"advance_seconds": -1}),
        json!({"advance_seconds": 9_999_999_999_999_u64}),
        json!({"set": "tomorrow"}),
        json!({"seconds": 5}),
    ] {
        kit.control("clock", &wrong).await.refused(422, "invalid");
    }
}

#[tokio::test]
async fn a_clock_can_be_shared_with_the_gateway() {
    let clock = Clock::default();
    let kit = Kit::with(SandboxConfig { clock: clock.clone(), ..SandboxConfig::default() }).await;
    let created = kit.session("order", "1000").await;
    clock.advance(std::time::Duration::from_secs(1800));
    assert_eq!(kit.session_now(&created["id"]).await["checkout_status"], "expired");
}

#[tokio::test]
async fn operations_tell_all_that_moved_oldest_first() {
    let kit = Kit::new().await;
    let created = kit.session("order", "12500").await;
    kit.control("wave/pay", &json!({"reference": "order", "payer": "+221770001122"})).await.ok();
    let sent = kit.pay_out("k", &payout("po", "15000", "+221770003344")).await.ok();
    kit.post(&format!("/wave/v1/checkout/sessions/{}/refund", created["id"].as_str().unwrap())).await;
    kit.post(&format!("/wave/v1/payout/{}/reverse", sent["id"].as_str().unwrap())).await;
    let facts = kit.operations().await;
    let expected = [
        ("collection", &created["id"], "order", "12500", "125", "12375", "+221770001122"),
        ("disbursement", &sent["id"], "po", "15000", "150", "-15150", "+221770003344"),
        ("refund", &created["id"], "order", "12500", "125", "-12375", "+221770001122"),
        ("reversal", &sent["id"], "po", "15000", "150", "15150", "+221770003344"),
    ];
    assert_eq!(facts.len(), expected.len());
    for (fact, (kind, id, reference, amount, fee, effect, party)) in facts.iter().zip(expected) {
        assert_eq!((&fact["kind"], &fact["id"]), (&json!(kind), id));
        let shown = ["reference", "amount", "fee", "effect", "party", "currency", "status", "wallet"];
        let shown = shown.map(|name| fact[name].as_str().unwrap());
        assert_eq!(shown, [reference, amount, fee, effect, party, "XOF", "succeeded", "sn"]);
        assert!(fact["at"].is_string());
    }
}

#[tokio::test]
async fn the_balance_is_told_per_wallet_and_in_total() {
    let kit = Kit::new().await;
    kit.session("order", "1000").await;
    kit.pay("order").await;
    let balance = kit.look("wave/balance").await;
    assert_eq!(
        balance,
        json!({
            "data": [
                {"wallet": "ci", "amount": "50000000", "currency": "XOF"},
                {"wallet": "sn", "amount": "50000990", "currency": "XOF"},
            ],
            "total": [{"amount": "100000990", "currency": "XOF"}],
        })
    );
}

#[tokio::test]
async fn a_reset_empties_the_books_but_not_the_portal() {
    let kit = Kit::new().await;
    kit.set_webhook(json!({"wallet": "sn", "url": "http://127.0.0.1:9/"})).await;
    let created = kit.session("order", "1000").await;
    kit.pay("order").await;
    let first = kit.pay_out("k", &payout("po", "1000", "+221770003344")).await.ok();
    kit.fault(json!({"fault": "html"})).await;
    kit.control("reset", &json!({})).await.ok();
    assert!(kit.operations().await.is_empty());
    assert!(kit.deliveries().await.is_empty());
    assert_eq!(kit.balance().await, 50_000_000);
    assert_eq!(kit.look("wave/faults").await["data"], json!([]));
    assert_eq!(kit.look("wave/webhooks").await["data"].as_array().unwrap().len(), 1);
    let id = created["id"].as_str().unwrap();
    kit.get(&format!("/wave/v1/checkout/sessions/{id}")).await.refused(404, "checkout-session-not-found");
    let second = kit.pay_out("k", &payout("po", "1000", "+221770003344")).await.ok();
    assert_ne!(first["id"], second["id"], "keys are forgotten");
}

#[tokio::test]
async fn another_amount_can_be_paid_to_test_who_compares() {
    let kit = Kit::new().await;
    kit.session("order", "1000").await;
    let paid = kit.control("wave/pay", &json!({"reference": "order", "amount": "400"})).await.ok();
    assert_eq!((&paid["amount"], &paid["payment_status"]), (&json!("400"), &json!("succeeded")));
    assert_eq!(kit.balance().await, 50_000_396);
    kit.session("next", "1000").await;
    let wish = json!({"reference": "next", "amount": "4.5"});
    kit.control("wave/pay", &wish).await.refused(422, "invalid");
    kit.control("wave/pay", &json!({"reference": "nobody"})).await.refused(404, "not_found");
    kit.control("wave/pay", &json!({"reference": "next", "outcome": "explode"}))
        .await
        .refused(422, "invalid");
}

#[tokio::test]
async fn paying_a_reference_takes_the_newest_open_session() {
    let kit = Kit::new().await;
    let first = kit.session("twice", "1000").await;
    let second = kit.session("twice", "1000").await;
    assert_eq!(kit.pay("twice").await["id"], second["id"]);
    assert_eq!(kit.pay("twice").await["id"], first["id"]);
    kit.control("wave/pay", &json!({"reference": "twice"})).await.refused(409, "conflict");
}

#[tokio::test]
async fn wallets_in_other_currencies_have_their_decimals() {
    let kit = Kit::new().await;
    let portal = json!({
        "wallet": "gm", "country": "GM", "currency": "GMD", "opening_balance": 100_000,
        "keys": [{"key": "wave_gm_prod_sandbox"}],
    });
    kit.control("wave/wallets", &portal).await.ok();
    let key = "wave_gm_prod_sandbox";
    assert_eq!(
        kit.get_as(key, "/wave/v1/balance").await.ok(),
        json!({"amount": "1000.00", "currency": "GMD"})
    );
    let mut body = crate::kit::session("order", "12.50");
    body["currency"] = json!("GMD");
    let request = kit.request(Method::POST, "/wave/v1/checkout/sessions").bearer_auth(key).json(&body);
    assert_eq!(kit.send(request).await.ok()["amount"], "12.50");
    kit.pay("order").await;
    assert_eq!(kit.get_as(key, "/wave/v1/balance").await.ok()["amount"], "1012.37");
    let wallets = kit.look("wave/wallets").await["data"].clone();
    let names: Vec<&str> =
        wallets.as_array().unwrap().iter().map(|wallet| wallet["wallet"].as_str().unwrap()).collect();
    assert_eq!(names, ["ci", "gm", "sn"]);
    assert_eq!(wallets[1]["keys"][0]["key"], key);
}

#[tokio::test]
async fn sweeps_take_no_more_than_there_is() {
    let kit = Kit::new().await;
    let sweep = async |wallet: &str, amount: &str| {
        kit.control("wave/sweep", &json!({"wallet": wallet, "amount": amount})).await
    };
    sweep("sn", "50000001").await.refused(409, "conflict");
    sweep("xx", "5").await.refused(404, "not_found");
    sweep("sn", "-5").await.refused(422, "invalid");
    sweep("sn", "50000000").await.ok();
    assert_eq!(kit.balance().await, 0);
}

#[tokio::test]
async fn the_control_surface_refuses_what_it_does_not_know() {
    let kit = Kit::new().await;
    let get = async |path: &str| kit.send(kit.request(Method::GET, path)).await;
    get("/_control/wave/nothing").await.refused(404, "not_found");
    get("/_control/wave/pay").await.refused(405, "method_not_allowed");
    get("/").await.refused(404, "not_found");
    let broken =
        kit.request(Method::POST, "/_control/wave/pay").header("Content-Type", "application/json").body("{");
    kit.send(broken).await.refused(400, "malformed");
}
