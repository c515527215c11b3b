//! Balance and daily transactions.

use serde_json::{Value, json};

use crate::kit::{CI, Kit, payout};

#[tokio::test]
async fn the_statement_explains_the_balance_to_the_last_franc() {
    let kit = Kit::new().await;
    kit.session("order", "3400").await;
    kit.pay("order").await;
    kit.pay_out("key", &payout("po", "1200", "+221770003344")).await.ok();
    kit.control("wave/sweep", &json!({"wallet": "sn", "amount": "1000000"})).await.ok();
    let lines = kit.lines().await;
    let number = |value: &Value| value.as_str().unwrap().parse::<i64>().unwrap();
    let shown: Vec<_> = lines
        .iter()
        .map(|line| {
            (
                line["transaction_type"].as_str().unwrap(),
                number(&line["amount"]),
                number(&line["fee"]),
                number(&line["balance"]),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("api_checkout", 3_366, 34, 50_003_366),
            ("api_payout", -1_210, 10, 50_002_156),
            ("merchant_sweep", -1_000_000, 0, 49_002_156),
        ]
    );
    assert_eq!(kit.balance().await, 49_002_156);
    assert_eq!(lines[0]["client_reference"], "order");
    assert_eq!(lines[0]["amount"], "3366");
    assert!(lines[0]["checkout_api_session_id"].as_str().unwrap().starts_with("cos-"));
    assert_eq!(lines[1]["counterparty_name"], "Awa Exemple");
    for absent in ["counterparty_name", "counterparty_mobile", "client_reference", "payment_reason"] {
        assert!(lines[2].get(absent).is_none(), "a sweep has no {absent}");
    }
    assert!(lines[0].get("counterparty_name").is_none());
    assert_eq!(kit.get_as(CI, "/wave/v1/balance").await.ok()["amount"], "50000000");
    kit.get("/wave/v1/balance?include_subaccounts=true").await.ok();
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_overlap() {
    let kit = Kit::new().await;
    for index in 0..5 {
        kit.control("wave/sweep", &json!({"wallet": "sn", "amount": (index + 1).to_string()})).await.ok();
    }
    let (mut seen, mut after, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = kit.get(&format!("/wave/v1/transactions?first=2&after={after}")).await.ok();
        pages += 1;
        seen.extend(page["items"].as_array().unwrap().iter().map(|line| line["amount"].clone()));
        assert!(page["page_info"]["start_cursor"].is_string());
        after = page["page_info"]["end_cursor"].as_str().unwrap().to_owned();
        if page["page_info"]["has_next_page"] == false {
            break;
        }
    }
    assert_eq!(pages, 3);
    assert_eq!(seen, ["-1", "-2", "-3", "-4", "-5"], "oldest first");
    let end = kit.get(&format!("/wave/v1/transactions?after={after}")).await.ok();
    assert_eq!(end["items"], json!([]));
    assert_eq!(end["page_info"], json!({"start_cursor": null, "end_cursor": null, "has_next_page": false}));
    for wrong in
        ["first=0", "first=1001", "first=x", "after=!", "after=eHg", "date=20261120", "date=2026-13-01"]
    {
        let answer = kit.get(&format!("/wave/v1/transactions?{wrong}")).await;
        answer.refused(400, "request-validation-error");
    }
}

#[tokio::test]
async fn a_day_is_a_utc_day() {
    let kit = Kit::new().await;
    let set = async |at: &str| kit.control("clock", &json!({ "set": at })).await.ok();
    let sweep = async |amount: &str| {
        kit.control("wave/sweep", &json!({"wallet": "sn", "amount": amount})).await.ok();
    };
    set("2026-11-20T23:59:00Z").await;
    sweep("1").await;
    set("2026-11-21T00:00:10Z").await;
    sweep("2").await;
    let day = async |query: &str| {
        let page = kit.get(&format!("/wave/v1/transactions{query}")).await.ok();
        let amounts = page["items"].as_array().unwrap().iter().map(|line| line["amount"].clone());
        (page["date"].clone(), Value::from(amounts.collect::<Vec<_>>()))
    };
    assert_eq!(day("").await, (json!("2026-11-21"), json!(["-2"])));
    assert_eq!(day("?date=2026-11-20").await, (json!("2026-11-20"), json!(["-1"])));
    assert_eq!(day("?date=2026-11-19").await, (json!("2026-11-19"), json!([])));
}

#[tokio::test]
async fn older_statements_lack_the_optional_fields() {
    let kit = Kit::new().await;
    kit.session("order", "3400").await;
    kit.pay("order").await;
    kit.fault(json!({"fault": "missing_fields", "match": "/transactions"})).await;
    let line = kit.lines().await[0].clone();
    for absent in
        ["transaction_type", "balance", "is_reversal", "client_reference", "checkout_api_session_id"]
    {
        assert!(line.get(absent).is_none(), "{absent}");
    }
    assert_eq!((&line["amount"], &line["fee"]), (&json!("3366"), &json!("34")));
    assert!(kit.lines().await[0].get("balance").is_some(), "the next page is whole again");
}

#[tokio::test]
async fn a_direct_payment_can_be_refunded_by_its_transaction() {
    let kit = Kit::new().await;
    let wish = json!({"wallet": "sn", "amount": "2000", "payer": "+221770005566"});
    let paid = kit.control("wave/direct", &wish).await.ok();
    assert_eq!(kit.balance().await, 50_001_980);
    let path = format!("/wave/v1/transactions/{}/refund", paid["id"].as_str().unwrap());
    assert!(kit.post(&path).await.is_empty_200());
    assert!(kit.post(&path).await.is_empty_200());
    assert_eq!(kit.balance().await, 50_000_000);
    let lines = kit.lines().await;
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1]["transaction_type"], "merchant_payment_refund");
    let swept = kit.control("wave/sweep", &json!({"wallet": "sn", "amount": "5"})).await.ok();
    let path = format!("/wave/v1/transactions/{}/refund", swept["transaction_id"].as_str().unwrap());
    kit.post(&path).await.refused(400, "checkout-refund-failed");
}
