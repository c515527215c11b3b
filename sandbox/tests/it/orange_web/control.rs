//! What people and tests do beside the API: pay, compare, sweep, set merchants up.

use sandbox::{OrangeMerchantConfig, SandboxConfig};
use serde_json::{Value, json};

use super::kit::{Orange, body};
use crate::persistence::File;

#[tokio::test]
async fn a_payment_is_found_by_each_of_its_names() {
    let orange = Orange::new().await;
    let order = "01h2xcejqtf2nbrexx3vqjhp41";
    let names = [
        order,
        "01H2XCEJQTF2NBREXX3VQJHP41",
        "0188bac7-4afa-78aa-bc3b-bd1eef28d881",
        "0188BAC7-4AFA-78AA-BC3B-BD1EEF28D881",
    ];
    let created = orange.payment(order, 5_000).await;
    let token = created["pay_token"].as_str().unwrap();
    for name in names.into_iter().chain([token]) {
        let seen = orange.pay(json!({"reference": name, "outcome": "abandon"})).await.ok();
        assert_eq!((&seen["order_id"], &seen["status"]), (&json!(order), &json!("INITIATED")), "{name}");
    }
    let paid = orange.pay(json!({"reference": names[2]})).await.ok();
    assert_eq!(paid["status"], "SUCCESS");
    orange.pay(json!({"reference": paid["txnid"]})).await.refused(409, "conflict");
    orange.pay(json!({"reference": "nothing"})).await.refused(404, "not_found");
    orange.pay(json!({"reference": order, "amuont": "1"})).await.refused(422, "invalid");
}

#[tokio::test]
async fn operations_add_up_to_the_balance() {
    let orange = Orange::merchant(|gn| {
        gn.fee_bps = 150;
        gn.opening_balance = 10_000;
    })
    .await;
    for (order, amount) in [("a", 5_000), ("b", 7_001), ("c", 2_000)] {
        orange.payment(order, amount).await;
    }
    orange.pay(json!({"reference": "a", "payer": "620001122"})).await.ok();
    orange.pay(json!({"reference": "b", "payer": "+224620001123"})).await.ok();
    let declined = json!({"reference": "c", "outcome": "decline", "code": "barred"});
    orange.pay(declined).await.ok();
    assert_eq!(orange.held().await, 10_000 + 4_925 + 6_895, "a fee is rounded up");
    let swept = orange.control("orange/sweep", &json!({"merchant": "gn", "amount": "1000"})).await.ok();
    let facts = orange.facts().await;
    let expected = [
        ("collection", "a", "5000", "75", "4925", "+224620001122", "succeeded"),
        ("collection", "b", "7001", "106", "6895", "+224620001123", "succeeded"),
        ("collection", "c", "2000", "0", "0", "+224620000042", "failed"),
        ("sweep", "", "1000", "0", "-1000", "", "succeeded"),
    ];
    assert_eq!(facts.len(), expected.len(), "{facts:#?}");
    for (fact, (kind, reference, amount, fee, effect, party, status)) in facts.iter().zip(expected) {
        let text = |name: &str| fact[name].as_str().unwrap_or_default();
        let shown = ["kind", "reference", "amount", "fee", "effect", "party", "status"].map(text);
        assert_eq!(shown, [kind, reference, amount, fee, effect, party, status]);
        assert_eq!((&fact["currency"], &fact["merchant"]), (&json!("GNF"), &json!("gn")));
        assert!(fact["at"].is_string() && fact["id"].is_string());
    }
    assert_eq!(facts[2]["code"], "barred");
    assert_eq!(facts[3]["transaction_id"], swept["transaction_id"]);
    let effect = |fact: &Value| fact["effect"].as_str().unwrap().parse::<i64>().unwrap();
    assert_eq!(orange.held().await, 10_000 + facts.iter().map(effect).sum::<i64>());

    let too_much = json!({"merchant": "gn", "amount": "99999999"});
    orange.control("orange/sweep", &too_much).await.refused(409, "conflict");
    let all = orange.control("orange/sweep", &json!({"merchant": "gn"})).await.ok();
    assert_eq!((all["amount"].clone(), orange.held().await), (json!("20820"), 0));
    orange.control("orange/sweep", &json!({"merchant": "gn"})).await.refused(409, "conflict");
    orange.control("orange/sweep", &json!({"merchant": "xx"})).await.refused(404, "not_found");
}

#[tokio::test]
async fn another_amount_can_be_paid_and_only_the_money_tells() {
    let orange = Orange::new().await;
    let created = orange.payment("ORD-1", 5_000).await;
    let paid = orange.pay(json!({"reference": "ORD-1", "amount": "4000"})).await.ok();
    assert_eq!((&paid["amount"], &paid["paid"]), (&json!("5000"), &json!("4000")));
    assert_eq!(orange.status("ORD-1", 5_000, &created).await, "SUCCESS");
    assert_eq!(orange.held().await, 4_000);
    assert_eq!(orange.facts().await[0]["amount"], "4000");
}

#[tokio::test]
async fn the_end_of_a_payment_can_be_taken_back() {
    let orange = Orange::new().await;
    let failed = orange.payment("failed", 5_000).await;
    orange.pay(json!({"reference": "failed", "outcome": "decline"})).await.ok();
    let late = orange.payment("late", 5_000).await;
    orange.advance(600);
    for (order, created) in [("failed", failed), ("late", late)] {
        orange.pay(json!({"reference": order})).await.refused(409, "conflict");
        orange.pay(json!({"reference": order, "again": true})).await.ok();
        assert_eq!(orange.status(order, 5_000, &created).await, "SUCCESS");
        orange.pay(json!({"reference": order, "again": true})).await.refused(409, "conflict");
    }
    assert_eq!(orange.held().await, 10_000);
}

#[tokio::test]
async fn a_payer_has_a_ceiling_a_day() {
    let orange = Orange::new().await;
    orange.sandbox.clock().set("2026-11-20T23:30:00Z".parse().unwrap());
    let mut orange = orange;
    orange.renew().await;
    for (order, amount) in
        [("a", 20_000_000), ("b", 10_000_001), ("c", 10_000_000), ("d", 1_000), ("e", 1_000)]
    {
        orange.payment(order, amount).await;
    }
    let pay = async |order: &str, payer: &str| {
        let paid = orange.pay(json!({"reference": order, "payer": payer, "after_seconds": 1})).await.ok();
        orange.advance(1);
        let seen =
            orange.pay(json!({"reference": paid["pay_token"], "outcome": "abandon", "again": true})).await;
        (seen.json()["status"].clone(), seen.json()["code"].clone())
    };
    assert_eq!(pay("a", "620000001").await.1, "conflict", "it is paid");
    assert_eq!(pay("b", "620000001").await, (json!("FAILED"), json!("daily_ceiling")));
    assert_eq!(pay("c", "620000001").await.1, "conflict");
    assert_eq!(pay("d", "620000001").await, (json!("FAILED"), json!("daily_ceiling")));
    assert_eq!(pay("e", "620000002").await.1, "conflict", "another payer");
    orange.advance(1_800);
    orange.payment("f", 30_000_000).await;
    assert_eq!(pay("f", "620000001").await.1, "conflict", "another day");
    assert_eq!(orange.held().await, 20_000_000 + 10_000_000 + 1_000 + 30_000_000);
}

#[tokio::test]
async fn merchants_are_changed_by_what_is_given() {
    let orange = Orange::new().await;
    let names = |all: &Value| {
        let merchants = all["data"].as_array().unwrap();
        merchants.iter().map(|it| it["merchant_key"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = orange.look("orange/merchants").await;
    assert_eq!(names(&all), ["om_ci_sandbox", "om_dev_sandbox", "om_gn_sandbox", "om_ml_sandbox"]);
    let changed = orange.control("orange/merchants", &json!({"merchant": "gn", "fee_bps": 100})).await.ok();
    let expected =
        OrangeMerchantConfig { fee_bps: 100, ..OrangeMerchantConfig::new("gn", "gn", "om_gn_sandbox") };
    assert_eq!(changed, serde_json::to_value(expected).unwrap(), "the rest stays");
    let new = json!({"merchant": "sl", "country": "sl", "merchant_key": "om_sl"});
    orange.control("orange/merchants", &new).await.ok();
    let mut payment = body("ORD-1", 10);
    payment["merchant_key"] = json!("om_sl");
    payment["currency"] = json!("SLE");
    assert_eq!(orange.create("sl", &payment).await.status, 201);
    let paid = orange.pay(json!({"reference": "ORD-1"})).await.ok();
    assert_eq!(paid["amount"], "10.00", "leones have cents, but the API whole ones only");
    for wrong in [
        json!({"merchant": "gn", "fee_bps": 10_001}),
        json!({"merchant": "gn", "fee": 1}),
        json!({"merchant": "new", "country": "de", "merchant_key": "k"}),
        json!({"merchant": "new", "country": "gn"}),
        json!({"country": "gn", "merchant_key": "k"}),
    ] {
        orange.control("orange/merchants", &wrong).await.refused(422, "invalid");
    }
    let taken = json!({"merchant": "new", "country": "gn", "merchant_key": "om_gn_sandbox"});
    orange.control("orange/merchants", &taken).await.refused(409, "conflict");
}

#[tokio::test]
async fn money_survives_a_restart_and_not_a_reset() {
    let file = File::new();
    let orange = Orange::with(file.config()).await;
    let created = orange.payment("ORD-1", 5_000).await;
    orange.pay(json!({"reference": "ORD-1"})).await.ok();
    orange.control("orange/merchants", &json!({"merchant": "gn", "status_http": 200})).await.ok();
    let facts = orange.facts().await;
    orange.kit.sandbox.stop().await;
    let mut orange = Orange::with(SandboxConfig { ..file.config() }).await;
    assert_eq!(orange.facts().await, facts);
    assert_eq!(orange.held().await, 5_000);
    assert_eq!(orange.ask("ORD-1", 5_000, &created["pay_token"]).await.status, 200);
    orange.control("reset", &json!({})).await.ok();
    assert_eq!((orange.held().await, orange.facts().await.len()), (0, 0));
    orange.renew().await;
    orange.payment("ORD-1", 5_000).await;
}
