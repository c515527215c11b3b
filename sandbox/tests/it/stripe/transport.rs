//! Forms, keys, versions, errors, lists and idempotency.

use reqwest::Method;
use serde_json::json;

use super::kit::{KEY, Stripe, debit_form, id, refused, transfer_form};

#[tokio::test]
async fn the_key_comes_as_bearer_token_or_user_name() {
    let stripe = Stripe::new().await;
    let path = "/stripe/v1/balance";
    let bare = || stripe.request(Method::GET, path);
    refused(&stripe.send(bare()).await, 401, "", "");
    refused(&stripe.send(bare().bearer_auth("sk_test_other")).await, 401, "", "");
    let basic = stripe.send(bare().basic_auth(KEY, Some(""))).await;
    assert_eq!(basic.ok()["object"], "balance");
    refused(
        &stripe.send(bare().bearer_auth(KEY).header("Stripe-Account", "acct_x")).await,
        403,
        "account_invalid",
        "",
    );
}

#[tokio::test]
async fn every_answer_names_its_request_and_version() {
    let stripe = Stripe::new().await;
    for (sent, told) in [(None, "2026-09-30.endive"), (Some("2026-06-24.dahlia"), "2026-06-24.dahlia")] {
        let mut request = stripe.call(Method::GET, "customers/cus_missing");
        if let Some(version) = sent {
            request = request.header("Stripe-Version", version);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 404);
        assert!(answer.headers()["request-id"].to_str().unwrap().starts_with("req_"));
        assert_eq!(answer.headers()["stripe-version"], told);
    }
    let wrong = stripe.call(Method::GET, "balance").header("Stripe-Version", "yesterday");
    refused(&stripe.send(wrong).await, 400, "", "");
}

#[tokio::test]
async fn unknown_parameters_and_missing_things_are_named() {
    let stripe = Stripe::new().await;
    refused(&stripe.post("customers", &[("nam", "Awa")]).await, 400, "parameter_unknown", "nam");
    let mut form = debit_form("DE89370400440532013000", "r", "1099");
    form.push(("payment_method_data[sepa_debit][bic]", "X"));
    let param = "payment_method_data[sepa_debit][bic]";
    refused(&stripe.post("payment_intents", &form).await, 400, "parameter_unknown", param);
    refused(&stripe.get("customers?colour=red").await, 400, "parameter_unknown", "colour");
    refused(
        &stripe.post("payment_intents", &[("currency", "eur")]).await,
        400,
        "parameter_missing",
        "amount",
    );
    refused(&stripe.get("payment_intents/pi_x").await, 404, "resource_missing", "intent");
    refused(&stripe.get("customers/cus_x").await, 404, "resource_missing", "customer");
    assert_eq!(stripe.get("no/such/path").await.status, 404);
    assert!(stripe.list("customers").await.is_empty(), "nothing came of all this");
}

#[tokio::test]
async fn amounts_have_bounds() {
    let stripe = Stripe::new().await;
    let table = [
        ("49", "amount_too_small"),
        ("0", "parameter_invalid_integer"),
        ("10.99", "parameter_invalid_integer"),
        ("100000000", "amount_too_large"),
        ("1000001", "amount_too_large"),
    ];
    for (amount, code) in table {
        let form = debit_form("DE89370400440532013000", "r", amount);
        refused(&stripe.post("payment_intents", &form).await, 400, code, "amount");
    }
    assert!(stripe.list("payment_intents").await.is_empty());
}

#[tokio::test]
async fn payment_method_types_are_refused_on_the_current_version_only() {
    let stripe = Stripe::new().await;
    let form = [("amount", "1099"), ("currency", "eur"), ("payment_method_types[]", "sepa_debit")];
    let code = "payment_method_types_no_longer_supported";
    refused(&stripe.post("payment_intents", &form).await, 400, code, "payment_method_types");
    let old = stripe.posting("payment_intents", &form).header("Stripe-Version", "2026-06-24.dahlia");
    assert_eq!(stripe.send(old).await.ok()["payment_method_types"], json!(["sepa_debit"]));
    let new = [("amount", "1099"), ("currency", "eur"), ("allowed_payment_method_types[]", "sepa_debit")];
    let old = stripe.posting("payment_intents", &new).header("Stripe-Version", "2026-06-24.dahlia");
    refused(&stripe.send(old).await, 400, "parameter_unknown", "allowed_payment_method_types[0]");
    let both = [&new[..], &[("automatic_payment_methods[enabled]", "true")]].concat();
    assert_eq!(stripe.post("payment_intents", &both).await.status, 400);
}

#[tokio::test]
async fn incompatible_types_are_dropped_without_a_word() {
    let stripe = Stripe::new().await;
    let types = |answer: serde_json::Value| answer["payment_method_types"].clone();
    let form = [
        ("amount", "1099"),
        ("currency", "eur"),
        ("allowed_payment_method_types[]", "card"),
        ("allowed_payment_method_types[]", "sepa_debit"),
        ("allowed_payment_method_types[]", "customer_balance"),
    ];
    assert_eq!(types(stripe.post("payment_intents", &form).await.ok()), json!(["sepa_debit"]));
    let customer = stripe.customer("a@example.com").await;
    let form = [&form[..], &[("customer", customer.as_str())]].concat();
    let both = json!(["sepa_debit", "customer_balance"]);
    assert_eq!(types(stripe.post("payment_intents", &form).await.ok()), both);
}

#[tokio::test]
async fn metadata_is_echoed_merged_and_searched() {
    let stripe = Stripe::new().await;
    let made = stripe
        .post("customers", &[("metadata[key]", "one"), ("metadata[other]", "two"), ("name", "Awa")])
        .await
        .ok();
    let path = format!("customers/{}", id(&made));
    let changed = stripe.post(&path, &[("metadata[key]", ""), ("metadata[third]", "3")]).await.ok();
    assert_eq!(changed["metadata"], json!({"other": "two", "third": "3"}));
    let long = "x".repeat(501);
    assert_eq!(stripe.post(&path, &[("metadata[k]", &long)]).await.status, 400);
    let path = "customers/search?query=metadata['other']:'two'";
    assert_eq!(stripe.get(path).await.ok()["data"], json!([]), "the index lags");
    stripe.advance(60);
    let found = stripe.get(path).await.ok();
    assert_eq!((&found["object"], &found["data"][0]["id"]), (&json!("search_result"), &made["id"]));
    let none = stripe.get("customers/search?query=metadata['other']:'x' AND name:'Awa'").await.ok();
    assert_eq!(none["data"], json!([]));
    assert_eq!(stripe.get("customers/search?query=nonsense").await.status, 400);
}

#[tokio::test]
async fn references_expand_where_asked() {
    let stripe = Stripe::new().await;
    let made = stripe.debit("DE89370400440532013000", "r", "1099").await;
    let path = format!("payment_intents/{}", id(&made));
    let plain = stripe.get(&path).await.ok();
    assert!(plain["latest_charge"].as_str().unwrap().starts_with("py_"));
    let deep = stripe
        .get(&format!(
            "{path}?expand[]=latest_charge.payment_method_details.sepa_debit.mandate&expand[]=payment_method"
        ))
        .await
        .ok();
    assert_eq!(deep["latest_charge"]["object"], "charge");
    assert_eq!(deep["latest_charge"]["payment_method_details"]["sepa_debit"]["mandate"]["object"], "mandate");
    assert_eq!(deep["payment_method"]["sepa_debit"]["last4"], "3000");
    assert!(!deep.to_string().contains("DE8937"), "account numbers are never told");
    assert!(!deep.to_string().contains("\"_"), "nothing of the simulator's own is told");
    refused(&stripe.get(&format!("{path}?expand[]=amount")).await, 400, "", "expand");
    let listed = stripe.list("payment_intents?expand[]=data.latest_charge").await;
    assert_eq!(listed[0]["latest_charge"]["object"], "charge");
}

#[tokio::test]
async fn lists_go_by_cursor_newest_first() {
    let stripe = Stripe::new().await;
    let mut made = Vec::new();
    for number in 0..5 {
        made.push(stripe.customer(&format!("{number}@example.com")).await);
    }
    let ids = |page: &serde_json::Value| page["data"].as_array().unwrap().iter().map(id).collect::<Vec<_>>();
    let first = stripe.get("customers?limit=2").await.ok();
    assert_eq!((ids(&first), &first["has_more"]), (vec![made[4].clone(), made[3].clone()], &json!(true)));
    let last = stripe.get(&format!("customers?limit=3&starting_after={}", made[3])).await.ok();
    assert_eq!(
        (ids(&last), &last["has_more"]),
        (vec![made[2].clone(), made[1].clone(), made[0].clone()], &json!(false))
    );
    let before = stripe.get(&format!("customers?limit=2&ending_before={}", made[1])).await.ok();
    assert_eq!((ids(&before), &before["has_more"]), (vec![made[3].clone(), made[2].clone()], &json!(true)));
    let now = stripe.now().timestamp();
    assert!(stripe.list(&format!("customers?created[gt]={}", now + 60)).await.is_empty());
    assert_eq!(stripe.list(&format!("customers?created[gte]={}", now - 60)).await.len(), 5);
    assert_eq!(stripe.list("customers?email=3@example.com").await.len(), 1);
    assert_eq!(stripe.get("customers?limit=101").await.status, 400);
}

#[tokio::test]
async fn a_key_gets_the_same_answer_for_a_day() {
    let stripe = Stripe::new().await;
    let form = debit_form("DE89370400440532013000", "r", "1099");
    let first = stripe.post_with("key", "payment_intents", &form).await;
    let again =
        stripe.posting("payment_intents", &form).header("Idempotency-Key", "key").send().await.unwrap();
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    assert_eq!(again.headers()["idempotency-key"], "key");
    assert_eq!(again.text().await.unwrap(), first.text);
    let other = debit_form("DE89370400440532013000", "r", "1100");
    let mismatch = stripe.post_with("key", "payment_intents", &other).await;
    assert_eq!((mismatch.status, &mismatch.json()["error"]["type"]), (400, &json!("idempotency_error")));
    let elsewhere = stripe.post_with("key", "customers", &[]).await;
    assert_eq!(elsewhere.json()["error"]["type"], "idempotency_error");
    stripe.advance(86_399);
    assert_eq!(stripe.post_with("key", "payment_intents", &form).await.ok()["id"], first.json()["id"]);
    stripe.advance(2);
    let anew = stripe.post_with("key", "payment_intents", &form).await.ok();
    assert_ne!(anew["id"], first.json()["id"], "a day later the key is free");
}

#[tokio::test]
async fn a_refusal_before_anything_began_leaves_the_key_free() {
    let stripe = Stripe::new().await;
    refused(&stripe.post_with("key", "customers", &[("nam", "x")]).await, 400, "parameter_unknown", "nam");
    stripe.post_with("key", "customers", &[("name", "x")]).await.ok();
    let large = [("amount", "99999999"), ("currency", "eur")];
    let refusal = stripe.post_with("payout", "payouts", &large).await;
    refused(&refusal, 400, "balance_insufficient", "amount");
    assert_eq!(
        stripe.post_with("payout", "payouts", &large).await,
        refusal,
        "one by the state of things is kept"
    );
}

#[tokio::test]
async fn a_key_under_way_is_a_conflict() {
    let stripe = Stripe::new().await;
    stripe.fault(json!({"fault": "slow", "delay_ms": 60_000, "match": "POST"})).await;
    let customer = [("name", "Awa")];
    let slow = stripe.posting("customers", &customer).header("Idempotency-Key", "key");
    let waiting = tokio::spawn(slow.send());
    while stripe.list("customers").await.is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let conflict = stripe.post_with("key", "customers", &customer).await;
    refused(&conflict, 409, "idempotency_key_in_use", "");
    assert!(!waiting.is_finished());
    waiting.abort();
    for _ in 0..1_000 {
        let again = stripe.post_with("key", "customers", &customer).await;
        if again.status == 200 {
            assert_eq!(stripe.list("customers").await.len(), 1);
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("the key never came free");
}

#[tokio::test]
async fn books_outlive_the_process() {
    let file = std::env::temp_dir().join(format!("stripe-{}.db", std::process::id()));
    let config = || sandbox::SandboxConfig {
        database: sandbox::Database::File(file.clone()),
        ..sandbox::SandboxConfig::default()
    };
    let stripe = Stripe::with(config()).await;
    let customer = stripe.customer("a@example.com").await;
    let form = transfer_form(&customer, "r", "5000");
    let made = stripe.post_with("key", "payment_intents", &form).await.ok();
    stripe.kit.sandbox.stop().await;
    let stripe = Stripe::with(config()).await;
    assert_eq!(stripe.post_with("key", "payment_intents", &form).await.ok(), made);
    stripe.pay(json!({"reference": "r"})).await;
    assert_eq!(stripe.intent(&made["id"]).await["status"], "succeeded");
    stripe.kit.sandbox.stop().await;
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{ending}", file.display()));
    }
}
