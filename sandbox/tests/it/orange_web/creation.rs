//! Starting a collection.

use reqwest::Method;
use serde_json::{Value, json};

use super::kit::{Orange, body, refused};

#[tokio::test]
async fn a_payment_is_created_with_its_page_and_tokens() {
    let orange = Orange::new().await;
    let answer = orange.create("gn", &body("ORD-1", 25_000)).await;
    assert_eq!(answer.status, 201);
    let created = answer.json();
    assert_eq!((&created["status"], &created["message"]), (&json!(201), &json!("OK")));
    assert_eq!(created.as_object().unwrap().len(), 5);
    let (pay_token, url) = (created["pay_token"].as_str().unwrap(), created["payment_url"].as_str().unwrap());
    assert!(url.ends_with(&format!("/payment/pay_token/{pay_token}")), "{url}");
    assert!(created["notif_token"].as_str().unwrap().len() >= 32);
    assert_ne!(created["notif_token"], orange.payment("ORD-2", 25_000).await["notif_token"]);
    assert_eq!(orange.status("ORD-1", 25_000, &created).await, "INITIATED");
}

#[tokio::test]
async fn every_country_has_its_path_key_and_currency() {
    let orange = Orange::new().await;
    let of = |country: &str, currency: &str| {
        let mut body = body("ORD-1", 5_000);
        body["merchant_key"] = json!(format!("om_{country}_sandbox"));
        body["currency"] = json!(currency);
        body
    };
    for (country, currency) in [("gn", "GNF"), ("ci", "XOF"), ("ml", "XOF"), ("dev", "OUV")] {
        let answer = orange.create(country, &of(country, currency)).await;
        assert_eq!(answer.status, 201, "{country}: the same order_id at each merchant: {answer:?}");
    }
    for (country, currency) in [("dev", "GNF"), ("dev", "XOF"), ("gn", "OUV"), ("ml", "GNF")] {
        let mut body = of(country, currency);
        body["order_id"] = json!("ORD-2");
        refused(&orange.create(country, &body).await, 400, 24);
    }
    refused(&orange.create("gn", &of("ci", "GNF")).await, 403, 51);
    let mut unknown = body("ORD-3", 5_000);
    unknown["merchant_key"] = json!("nobody");
    refused(&orange.create("gn", &unknown).await, 403, 51);
}

#[tokio::test]
async fn an_inactive_country_does_not_exist() {
    let orange = Orange::new().await;
    for country in ["cm", "sn", "GN", "xx"] {
        refused(&orange.create(country, &body("ORD-1", 5_000)).await, 404, 60);
        let ask = orange.call(country, "transactionstatus", &json!({}));
        refused(&orange.send(ask).await, 404, 60);
    }
    let bare = orange.request(Method::POST, "/orange/orange-money-webpay/v1/webpayment");
    refused(&orange.send(bare.header("Accept", "application/json")).await, 404, 60);
    let off = json!({"merchant": "gn", "active": false});
    orange.control("orange/merchants", &off).await.ok();
    refused(&orange.create("gn", &body("ORD-1", 5_000)).await, 404, 60);
    orange.control("orange/merchants", &json!({"merchant": "gn", "active": true})).await.ok();
    orange.payment("ORD-1", 5_000).await;
    let get = orange.request(Method::GET, "/orange/orange-money-webpay/gn/v1/webpayment");
    refused(&orange.send(get).await, 405, 61);
}

#[tokio::test]
async fn an_order_is_created_once() {
    let orange = Orange::new().await;
    orange.payment("ORD-1", 5_000).await;
    for amount in [5_000, 6_000] {
        refused(&orange.create("gn", &body("ORD-1", amount)).await, 400, 1204);
    }
    orange.advance(600);
    refused(&orange.create("gn", &body("ORD-1", 5_000)).await, 400, 1204);
    let first = body("ord-1", 5_000);
    assert_eq!(orange.create("gn", &first).await.status, 201, "another order");
}

#[tokio::test]
async fn what_is_missing_or_wrong_is_named() {
    let orange = Orange::new().await;
    let whole = body("ORD-1", 5_000);
    for name in whole.as_object().unwrap().keys() {
        for nothing in [Value::Null, json!("")] {
            let mut body = whole.clone();
            body[name] = nothing;
            refused(&orange.create("gn", &body).await, 400, 23);
        }
        let mut body = whole.clone();
        body.as_object_mut().unwrap().remove(name);
        let answer = orange.create("gn", &body).await;
        refused(&answer, 400, 23);
        let told = answer.json()["description"].as_str().unwrap().to_lowercase();
        assert!(told.contains(&name.replace('_', "")), "{told}");
    }
    let long = |length: usize| format!("https://shop.example/{}", "x".repeat(length - 21));
    let wrong = [
        ("order_id", json!("x".repeat(31))),
        ("order_id", json!("f47ac10b-58cc-4372-a567-0e02b2c3d479")),
        ("order_id", json!(7)),
        ("reference", json!("x".repeat(31))),
        ("return_url", json!(long(121))),
        ("cancel_url", json!(long(121))),
        ("notif_url", json!(long(121))),
        ("notif_url", json!("shop.example/notify")),
        ("return_url", json!("javascript:alert(1)")),
        ("cancel_url", json!("https://shop.example/\nx")),
        ("lang", json!("de")),
        ("currency", json!("gnf")),
        ("amount", json!(0)),
        ("amount", json!(-5_000)),
        ("amount", json!(5_000.0)),
        ("amount", json!("5000.0")),
        ("amount", json!("5 000")),
        ("amount", json!("five")),
        ("amount", json!({"value": 5_000})),
    ];
    for (name, value) in wrong {
        let mut body = whole.clone();
        body[name] = value.clone();
        let answer = orange.create("gn", &body).await;
        assert_eq!((answer.status, &answer.json()["code"]), (400, &json!(24)), "{name} {value}: {answer:?}");
    }
    let longest = json!({
        "order_id": "x".repeat(30), "reference": "é".repeat(30),
        "return_url": long(120), "cancel_url": long(120), "notif_url": long(120),
    });
    let mut body = whole.clone();
    body.as_object_mut().unwrap().extend(longest.as_object().unwrap().clone());
    assert_eq!(orange.create("gn", &body).await.status, 201);

    let raw = |text: &'static str| orange.call("gn", "webpayment", &json!({})).body(text);
    refused(&orange.send(raw("")).await, 400, 21);
    for text in ["{", "[]", "7", "nonsense"] {
        refused(&orange.send(raw(text)).await, 400, 22);
    }
}

#[tokio::test]
async fn amounts_are_numbers_or_numeric_strings() {
    let orange = Orange::new().await;
    let mut text = body("ORD-1", 0);
    text["amount"] = json!("5000");
    let created = orange.create("gn", &text).await.ok();
    assert_eq!(orange.status("ORD-1", 5_000, &created).await, "INITIATED");
    assert_eq!(orange.ask("ORD-1", "5000", &created["pay_token"]).await.ok()["status"], "INITIATED");
}

#[tokio::test]
async fn guinean_wallets_have_their_ceilings() {
    let orange = Orange::new().await;
    refused(&orange.create("gn", &body("low", 999)).await, 400, 24);
    refused(&orange.create("gn", &body("high", 30_000_001)).await, 400, 24);
    orange.payment("least", 1_000).await;
    orange.payment("most", 30_000_000).await;
    let mut ivory = body("ORD", 1);
    ivory["merchant_key"] = json!("om_ci_sandbox");
    ivory["currency"] = json!("XOF");
    assert_eq!(orange.create("ci", &ivory).await.status, 201, "none is known elsewhere");
}

#[tokio::test]
async fn a_notification_address_on_this_machine_is_refused_by_a_switch() {
    let orange = Orange::new().await;
    let local = |order: &str, url: &str| {
        let mut body = body(order, 5_000);
        body["notif_url"] = json!(url);
        body
    };
    let addresses = ["http://localhost:8080/n", "http://127.0.0.1/n", "http://[::1]/n"];
    for (order, url) in ["a", "b", "c"].iter().zip(addresses) {
        assert_eq!(orange.create("gn", &local(order, url)).await.status, 201, "{url}");
    }
    let strict = json!({"merchant": "gn", "refuse_local_notif_url": true});
    orange.control("orange/merchants", &strict).await.ok();
    for url in addresses {
        refused(&orange.create("gn", &local("d", url)).await, 400, 24);
    }
    assert_eq!(orange.create("gn", &local("d", "https://shop.example/n")).await.status, 201);
}
