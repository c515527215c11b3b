//! Collections by QR, and what the search shows of them.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::kit::{MERCHANT, RETAILER, Sonatel, qr};

const QR: &str = "eWallet/v4/qrcode";

fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

#[tokio::test]
async fn a_qr_has_links_a_picture_and_an_end() {
    let sonatel = Sonatel::new().await;
    sonatel.sandbox.clock().set("2026-11-20T10:00:00Z".parse().unwrap());
    let mut sonatel = sonatel;
    sonatel.sign_in().await;
    let answer = sonatel.post(QR, &with(qr("r", 1500), "validity", json!(600))).await.ok();
    assert_eq!((&answer["validity"], &answer["metadata"]), (&json!(600), &json!({"order": "7"})));
    assert_eq!(answer["validFor"]["startDateTime"], "2026-11-20T10:00:00Z");
    assert_eq!(answer["validFor"]["endDateTime"], "2026-11-20T10:10:00Z");
    let png = BASE64_STANDARD.decode(answer["qrCode"].as_str().unwrap()).unwrap();
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"), "bare base64 of a picture");
    for link in [&answer["deepLink"], &answer["deepLinks"]["MAXIT"], &answer["deepLinks"]["OM"]] {
        assert!(link.as_str().unwrap().starts_with("http"), "{answer}");
    }
    assert_eq!(sonatel.qr("r", 1500).await["validity"], 300);

    sonatel.settings(json!({"older_qr": true})).await;
    let older = sonatel.qr("r", 1500).await;
    assert!(older["qrCode"].as_str().unwrap().starts_with("data:image/png;base64,"));
    assert!(older.get("qrId").is_none() && older.get("validFor").is_none(), "{older}");
}

#[tokio::test]
async fn a_malformed_qr_is_a_bad_request() {
    let sonatel = Sonatel::new().await;
    let bad = [
        with(qr("r", 1500), "amount", json!({"value": "1500", "unit": "XOF"})),
        with(qr("r", 1500), "amount", json!({"value": 1500, "unit": "GNF"})),
        with(qr("r", 1500), "amount", json!(1500)),
        with(qr("r", 1500), "validity", json!(86_401)),
        with(qr("r", 1500), "validity", json!(0)),
        with(qr("r", 1500), "metadata", json!({"order": 7})),
        with(qr("r", 1500), "name", Value::Null),
        qr("r", 0),
        json!([]),
    ];
    for body in bad {
        sonatel.post(QR, &body).await.refused(400, "4099");
    }
    sonatel.post(QR, &with(qr("r", 100), "code", json!("999999"))).await.refused(403, "2042");
    sonatel.post(QR, &with(qr("r", 100), "amount", json!({"value": 100.0, "unit": "XOF"}))).await.ok();
}

#[tokio::test]
async fn an_unpaid_qr_is_seen_by_nobody_and_a_paid_one_credits_the_merchant() {
    let sonatel = Sonatel::new().await;
    let made = sonatel.qr("order", 1500).await;
    assert_eq!(sonatel.search("reference=order").await, Vec::<Value>::new());
    let id = made["qrId"].as_str().unwrap();
    sonatel.get(&format!("eWallet/v1/transactions/{id}/status")).await.refused(404, "4099");

    sonatel.pay(json!({"reference": "order"})).await.ok();
    let found = sonatel.search("reference=order").await;
    assert_eq!(found.len(), 1);
    let transaction = &found[0];
    assert!(sonatel.send(sonatel.getting("eWallet/v1/transactions")).await.text.contains("1500.0"));
    assert_eq!(transaction["amount"], json!({"value": 1500.0, "unit": "XOF"}));
    assert_eq!(transaction["partner"], json!({"id": MERCHANT, "idType": "CODE", "walletType": "PRINCIPAL"}));
    assert_eq!(transaction["customer"]["id"], "770001122");
    assert_eq!(
        (&transaction["type"], &transaction["status"]),
        (&json!("MERCHANT_PAYMENT"), &json!("SUCCESS"))
    );
    assert_eq!(transaction["metadata"]["order"], "7");
    assert!(transaction["metadata"]["idempotencyKey"].is_string());
    let name = transaction["transactionId"].as_str().unwrap();
    assert!(name.starts_with("MP") && name.split('.').count() == 3, "{name}");
    assert_eq!(sonatel.status(&transaction["transactionId"]).await, "SUCCESS");

    assert_eq!((sonatel.has(MERCHANT).await, sonatel.has(RETAILER).await), (1500, 50_000_000));
    let fact = sonatel.facts().await.remove(0);
    assert_eq!((&fact["kind"], &fact["effect"]), (&json!("collection"), &json!("1500")));
    assert_eq!((&fact["reference"], &fact["party"]), (&json!("order"), &json!("770001122")));
}

#[tokio::test]
async fn a_late_scan_is_refused_while_a_newer_qr_of_the_same_order_is_not() {
    let sonatel = Sonatel::new().await;
    let old = sonatel.qr("order", 1500).await;
    sonatel.advance(200);
    let newer = sonatel.qr("order", 1500).await;
    let pay = |made: &Value| json!({"reference": made["qrId"]});
    sonatel.pay(pay(&old)).await.ok();
    sonatel.advance(150);
    let mut sonatel = sonatel;
    sonatel.sign_in().await;
    sonatel.pay(pay(&old)).await.refused(409, "4004");
    sonatel.pay(pay(&newer)).await.ok();
    assert_eq!(sonatel.has(MERCHANT).await, 3000, "both were payable at their time");
    sonatel.advance(300);
    sonatel.pay(json!({"reference": "order"})).await.refused(409, "4004");
    sonatel.sign_in().await;
    assert_eq!(sonatel.search("reference=order").await.len(), 2, "a refused scan leaves nothing");
}

#[tokio::test]
async fn a_single_use_qr_is_paid_once() {
    let sonatel = Sonatel::new().await;
    let single = json!({"isSingleUse": true});
    sonatel.post(QR, &with(qr("once", 1500), "restrictions", single)).await.ok();
    sonatel.pay(json!({"reference": "once", "outcome": "decline"})).await.ok();
    sonatel.pay(json!({"reference": "once"})).await.ok();
    sonatel.pay(json!({"reference": "once"})).await.refused(409, "4004");
    sonatel.qr("often", 1500).await;
    sonatel.pay(json!({"reference": "often"})).await.ok();
    sonatel.pay(json!({"reference": "often"})).await.ok();
    assert_eq!(sonatel.has(MERCHANT).await, 4500);
}

#[tokio::test]
async fn the_app_refuses_less_than_ten_francs_though_a_qr_may_say_so() {
    let sonatel = Sonatel::new().await;
    sonatel.qr("small", 9).await;
    assert_eq!(sonatel.pay(json!({"reference": "small"})).await.status, 409);
    assert_eq!(sonatel.search("reference=small").await.len(), 0);
    sonatel.qr("least", 10).await;
    sonatel.pay(json!({"reference": "least"})).await.ok();
    assert_eq!(sonatel.has(MERCHANT).await, 10);
}

#[tokio::test]
async fn failed_attempts_and_a_success_share_a_reference() {
    let sonatel = Sonatel::new().await;
    sonatel.qr("order", 1500).await;
    sonatel.pay(json!({"reference": "order", "outcome": "abandon"})).await.ok();
    sonatel.pay(json!({"reference": "order", "outcome": "decline", "code": "2021"})).await.ok();
    sonatel.pay(json!({"reference": "order", "amount": "1400", "payer": "+221770005566"})).await.ok();
    let statuses: Vec<Value> =
        sonatel.search("reference=order").await.iter().map(|each| each["status"].clone()).collect();
    assert_eq!(statuses, ["SUCCESS", "FAILED"], "newest first");
    assert_eq!(sonatel.has(MERCHANT).await, 1400, "another amount than asked for");
    assert_eq!(sonatel.search("reference=order&status=SUCCESS").await[0]["customer"]["id"], "770005566");
}

#[tokio::test]
async fn a_payer_who_has_too_little_leaves_a_failed_payment() {
    let sonatel = Sonatel::new().await;
    sonatel.qr("dear", 1_000_001).await;
    let paid = sonatel.pay(json!({"reference": "dear"})).await.ok();
    assert_eq!(paid["status"], "FAILED");
    assert_eq!(sonatel.facts().await[0]["code"], "2021");
    assert_eq!(sonatel.has(MERCHANT).await, 0);
    sonatel.pay(json!({"reference": "dear", "payer": "770009902"})).await.refused(409, "2043");
}

#[tokio::test]
async fn the_search_hides_by_type_and_takes_bounds_strictly() {
    let sonatel = Sonatel::new().await;
    sonatel.qr("order", 1500).await;
    let paid = sonatel.pay(json!({"reference": "order"})).await.ok();
    assert_eq!(sonatel.search("reference=order&type=MERCHANT_PAYMENT").await.len(), 0, "the trap");
    let created = paid["createdAt"].as_str().unwrap();
    assert_eq!(sonatel.search(&format!("reference=order&fromDateTime={created}")).await.len(), 0);
    let earlier: chrono::DateTime<chrono::Utc> = created.parse().unwrap();
    let earlier = (earlier - chrono::TimeDelta::milliseconds(1)).to_rfc3339();
    let query = format!("reference=order&fromDateTime={}", earlier.replace('+', "%2B"));
    assert_eq!(sonatel.search(&query).await.len(), 1);
    let id = paid["transactionId"].as_str().unwrap();
    assert_eq!(sonatel.search(&format!("transactionId={id}&size=1")).await.len(), 1);
    assert_eq!(sonatel.search("status=FAILED").await.len(), 0);
    sonatel.get("eWallet/v1/transactions?fromDateTime=yesterday").await.refused(400, "4099");
    sonatel.get("eWallet/v1/transactions?size=0").await.refused(400, "4099");
}

#[tokio::test]
async fn either_spelling_of_a_reference_finds_its_qr() {
    let sonatel = Sonatel::new().await;
    sonatel.qr("01h2xcejqtf2nbrexx3vqjhp41", 1500).await;
    sonatel.pay(json!({"reference": "0188bac7-4afa-78aa-bc3b-bd1eef28d881"})).await.ok();
    sonatel.qr("f47ac10b-58cc-4372-a567-0e02b2c3d479", 1500).await;
    sonatel.pay(json!({"reference": "7mfb0gpp6c8dsaasre0asc7n3s"})).await.ok();
    sonatel.pay(json!({"reference": "7zzzzzzzzzzzzzzzzzzzzzzzzz"})).await.refused(404, "not_found");
    assert_eq!(sonatel.has(MERCHANT).await, 3000);
    assert_eq!(sonatel.search("reference=0188bac7-4afa-78aa-bc3b-bd1eef28d881").await.len(), 0);
}

#[tokio::test]
async fn money_moves_between_the_two_wallets_by_people_only() {
    let sonatel = Sonatel::new().await;
    sonatel.qr("order", 1500).await;
    sonatel.pay(json!({"reference": "order"})).await.ok();
    let sweep = async |wish: Value| sonatel.control("sonatel/sweep", &wish).await;
    let both = json!({"wallet": MERCHANT, "to": RETAILER, "amount": "1000"});
    sweep(both).await.ok();
    assert_eq!((sonatel.has(MERCHANT).await, sonatel.has(RETAILER).await), (500, 50_001_000));
    assert_eq!(sweep(json!({"wallet": MERCHANT, "amount": "501"})).await.status, 409);
    sweep(json!({"wallet": MERCHANT, "amount": "500"})).await.ok();
    sonatel.control("sonatel/fund", &json!({"wallet": RETAILER, "amount": "70"})).await.ok();
    assert_eq!((sonatel.has(MERCHANT).await, sonatel.has(RETAILER).await), (0, 50_001_070));
    assert_eq!((sonatel.effects(MERCHANT).await, sonatel.effects(RETAILER).await), (0, 1070));
    let total = sonatel.look("sonatel/balance").await["total"].clone();
    assert_eq!(total, json!([{"amount": "50001070", "currency": "XOF"}]));
    assert_eq!(sweep(json!({"wallet": "nobody", "amount": "1"})).await.status, 404);
}

#[tokio::test]
async fn the_page_behind_the_link_pays_or_leaves() {
    let sonatel = Sonatel::new().await;
    let body = with(qr("<b>{id}</b>", 1500), "callbackSuccessUrl", json!("https://shop.example/ok"));
    let body = with(body, "callbackCancelUrl", json!("https://shop.example/ko"));
    let made = sonatel.post(QR, &body).await.ok();
    let link = made["deepLink"].as_str().unwrap();
    let page = sonatel.send(sonatel.http.get(link)).await;
    assert!(page.text.contains("1500 XOF") && page.text.contains("&lt;b&gt;&#123;id}&lt;/b&gt;"), "{page:?}");
    let left = sonatel.http.post(format!("{link}/leave")).send().await.unwrap();
    assert_eq!(left.headers()["location"], "https://shop.example/ko");
    let pay = sonatel.http.post(format!("{link}/pay"));
    let paid = pay.form(&[("payer", "770005566")]).send().await.unwrap();
    assert_eq!(paid.headers()["location"], "https://shop.example/ok");
    assert_eq!(sonatel.has(MERCHANT).await, 1500);
    let nobody = sonatel.http.post(format!("{link}/pay")).form(&[("payer", "x")]);
    assert_eq!(sonatel.send(nobody).await.status, 422);
    sonatel.advance(300);
    assert_eq!(sonatel.send(sonatel.http.get(link)).await.status, 410);
}
