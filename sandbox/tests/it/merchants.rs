//! Aggregated merchants: their API, and what they change about money and names.

use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{Answer, CI, Kit, SN, payout, session, signature};

const PATH: &str = "/wave/v1/aggregated_merchants";

fn profile(name: &str) -> Value {
    json!({"name": name, "business_type": "other", "business_description": "Un marché à Dakar"})
}

async fn write(kit: &Kit, method: Method, path: &str, body: &Value) -> Answer {
    kit.send(kit.request(method, path).bearer_auth(SN).json(body)).await
}

async fn make(kit: &Kit, name: &str) -> String {
    let made = write(kit, Method::POST, PATH, &profile(name)).await.ok();
    made["id"].as_str().unwrap().to_owned()
}

async fn remove(kit: &Kit, id: &str) -> Answer {
    kit.send(kit.request(Method::DELETE, &format!("{PATH}/{id}")).bearer_auth(SN)).await
}

#[tokio::test]
async fn a_merchant_is_made_changed_and_deleted() {
    let kit = Kit::new().await;
    let mut said = profile("Marché de Fatou");
    said["business_sector"] = json!("retail");
    said["website_url"] = json!("https://fatou.example");
    let made = write(&kit, Method::POST, PATH, &said).await;
    assert_eq!(made.status, 200);
    let made = made.json();
    let id = made["id"].as_str().unwrap();
    assert!(id.starts_with("am-"), "{id}");
    for (field, value) in [
        ("name", json!("Marché de Fatou")),
        ("business_type", json!("other")),
        ("business_description", json!("Un marché à Dakar")),
        ("business_sector", json!("retail")),
        ("business_registration_identifier", Value::Null),
        ("website_url", json!("https://fatou.example")),
        ("manager_name", Value::Null),
        ("checkout_fee_structure_name", Value::Null),
        ("payout_fee_structure_name", Value::Null),
        ("is_locked", json!(false)),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
    assert!(made["when_created"].as_str().unwrap().ends_with('Z'));
    let path = format!("{PATH}/{id}");
    assert_eq!(kit.get(&path).await.ok(), made);

    let mut other = profile("Grand marché de Fatou");
    other["business_type"] = json!("fintech");
    let changed = write(&kit, Method::PUT, &path, &other).await.ok();
    assert_eq!(changed["name"], "Grand marché de Fatou");
    assert_eq!(changed["business_type"], "fintech");
    assert_eq!(changed["business_sector"], Value::Null, "what is left out is gone");
    assert_eq!(changed["when_created"], made["when_created"]);

    let gone = remove(&kit, id).await;
    assert_eq!((gone.status, &*gone.text), (204, ""));
    remove(&kit, id).await.refused(404, "not-found");
    kit.get(&path).await.refused(404, "not-found");
    write(&kit, Method::PUT, &path, &other).await.refused(404, "not-found");
    assert_eq!(kit.get(PATH).await.ok()["items"], json!([]));
    make(&kit, "Grand marché de Fatou").await;
}

#[tokio::test]
async fn names_are_one_of_a_kind_within_a_wallet() {
    let kit = Kit::new().await;
    make(&kit, "Awa").await;
    let second = make(&kit, "Binta").await;
    let twice = "duplicate-aggregated-merchant-name";
    write(&kit, Method::POST, PATH, &profile("Awa")).await.refused(409, twice);
    let path = format!("{PATH}/{second}");
    write(&kit, Method::PUT, &path, &profile("Awa")).await.refused(409, twice);
    assert_eq!(kit.get(&path).await.ok()["name"], "Binta", "a refused change changes nothing");
    write(&kit, Method::PUT, &path, &profile("Binta")).await.ok();
    let theirs = kit.request(Method::POST, PATH).bearer_auth(CI).json(&profile("Awa"));
    kit.send(theirs).await.ok();
    kit.get_as(CI, &path).await.refused(404, "not-found");
    assert_eq!(kit.get_as(CI, PATH).await.ok()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn every_faulty_field_is_named() {
    let kit = Kit::new().await;
    let table = [
        (json!({"name": null}), "name"),
        (json!({"name": " "}), "name"),
        (json!({"name": "x".repeat(256)}), "name"),
        (json!({"business_type": null}), "business_type"),
        (json!({"business_type": "bank"}), "business_type"),
        (json!({"business_description": null}), "business_description"),
        (json!({"business_description": 7}), "business_description"),
        (json!({"business_sector": "x".repeat(256)}), "business_sector"),
        (json!({"business_registration_identifier": "x".repeat(256)}), "business_registration_identifier"),
        (json!({"website_url": "fatou.example"}), "website_url"),
        (json!({"website_url": format!("https://x.example/{}", "x".repeat(2083))}), "website_url"),
        (json!({"manager_name": []}), "manager_name"),
    ];
    for (change, field) in table {
        let mut body = profile("Awa");
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = write(&kit, Method::POST, PATH, &body).await;
        answer.refused(400, "request-validation-error");
        assert_eq!(answer.json()["details"][0]["loc"], json!([field]), "{answer:?}");
        assert_eq!(answer.json()["details"].as_array().unwrap().len(), 1, "{answer:?}");
    }
    assert_eq!(kit.get(PATH).await.ok()["items"], json!([]));
}

#[tokio::test]
async fn pages_follow_one_another_even_across_deletions() {
    let kit = Kit::new().await;
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        ids.push(make(&kit, name).await);
    }
    let names = |page: &Value| {
        let items = page["items"].as_array().unwrap().iter();
        items.map(|item| item["name"].as_str().unwrap().to_owned()).collect::<String>()
    };
    let all = kit.get(PATH).await.ok();
    assert_eq!((&*names(&all), &all["page_info"]["has_next_page"]), ("abcde", &json!(false)));
    let page = kit.get(&format!("{PATH}?first=2")).await.ok();
    assert_eq!((&*names(&page), &page["page_info"]["has_next_page"]), ("ab", &json!(true)));
    let cursor = page["page_info"]["end_cursor"].as_str().unwrap().to_owned();
    remove(&kit, &ids[1]).await;
    remove(&kit, &ids[2]).await;
    let page = kit.get(&format!("{PATH}?first=2&after={cursor}")).await.ok();
    assert_eq!((&*names(&page), &page["page_info"]["has_next_page"]), ("de", &json!(false)));
    for query in ["first=0", "first=1001", "first=x", "after=x", "after=YzE6YW0tMQ"] {
        kit.get(&format!("{PATH}?{query}")).await.refused(400, "request-validation-error");
    }
    kit.get_as(CI, &format!("{PATH}?after={cursor}")).await.refused(400, "request-validation-error");
}

#[tokio::test]
async fn a_reviewed_merchant_is_locked_and_has_its_own_fees() {
    let kit = Kit::new().await;
    let id = make(&kit, "Fatou").await;
    let review =
        json!({"wallet": "sn", "id": id, "checkout_fee": "one_fifty_bps", "payout_fee": "one_fifty_bps"});
    let reviewed = kit.control("wave/merchants", &review).await.ok();
    assert_eq!(reviewed["checkout_fee_structure_name"], "one_fifty_bps");
    assert_eq!(reviewed["is_locked"], true);
    let path = format!("{PATH}/{id}");
    write(&kit, Method::PUT, &path, &profile("Fatou 2")).await.refused(403, "record-locked");
    kit.control("wave/merchants", &json!({"wallet": "sn", "id": "am-x"})).await.refused(404, "not_found");

    let mut body = session("order", "12500");
    body["aggregated_merchant_id"] = json!(id);
    kit.create(&body).await.ok();
    kit.pay("order").await;
    assert_eq!(kit.balance().await, 50_000_000 + 12_500 - 188);
    let mut sent = payout("po", "15000", "+221770003344");
    sent["aggregated_merchant_id"] = json!(id);
    let sent = kit.pay_out("key", &sent).await.ok();
    assert_eq!((&sent["fee"], &sent["aggregated_merchant_id"]), (&json!("225"), &json!(id)));
    assert_eq!(remove(&kit, &id).await.status, 204, "a locked merchant can be deleted");
}

#[tokio::test]
async fn payers_see_the_merchant_and_statements_name_it() {
    let kit = Kit::new().await;
    let id = make(&kit, "Chez <Fatou>").await;
    let mut body = session("order", "12500");
    body["aggregated_merchant_id"] = json!(id);
    let made = kit.create(&body).await.ok();
    assert_eq!(
        (&made["business_name"], &made["aggregated_merchant_id"]),
        (&json!("Chez <Fatou>"), &json!(id))
    );
    let page = kit.http.get(made["wave_launch_url"].as_str().unwrap()).send().await.unwrap();
    assert!(page.text().await.unwrap().contains("Chez &lt;Fatou&gt;"));
    let plain = kit.session("plain", "100").await;
    assert_ne!(plain["business_name"], "Chez <Fatou>", "a merchant made by the API is not required");

    remove(&kit, &id).await;
    assert_eq!(kit.create(&body).await.status, 400);
    kit.create(&body).await.refused(400, "invalid-aggregated-merchant-id");
    let mut sent = payout("po", "1000", "+221770003344");
    sent["aggregated_merchant_id"] = json!(id);
    kit.pay_out("key", &sent).await.refused(400, "invalid-aggregated-merchant-id");
    let batch = kit.request(Method::POST, "/wave/v1/payout-batch").bearer_auth(SN);
    let batch = batch.header("Idempotency-Key", "b").json(&json!({ "payouts": [sent] }));
    kit.send(batch).await.refused(400, "invalid-aggregated-merchant-id");

    kit.pay("order").await;
    let lines = kit.lines().await;
    assert_eq!(lines[0]["aggregated_merchant_id"], json!(id));
    assert_eq!(lines[0]["aggregated_merchant_name"], "Chez <Fatou>");
    assert_eq!(kit.session_now(&made["id"]).await["business_name"], "Chez <Fatou>");
}

#[tokio::test]
async fn the_api_has_its_own_scope_and_signing_covers_it() {
    let kit = Kit::new().await;
    let secret = "wave_sn_AKS_test";
    let portal = json!({"wallet": "sn", "country": "SN", "aggregated_merchants": ["am-1"], "keys": [
        {"key": "payer", "scopes": ["checkout", "payout", "balance"]},
        {"key": "signed", "signing_secret": secret},
    ]});
    kit.control("wave/wallets", &portal).await.ok();
    kit.get_as("payer", PATH).await.refused(403, "no-permission");
    kit.get_as("signed", PATH).await.refused(401, "missing-signature");
    let now = kit.sandbox.clock().now().timestamp();
    let body = profile("Awa").to_string();
    let send = async |header: String| {
        let request = kit.request(Method::POST, PATH).bearer_auth("signed").body(body.clone());
        let request = request.header("Content-Type", "application/json");
        kit.send(request.header("Wave-Signature", header)).await
    };
    send(format!("t={now},v1={}", signature("other", now, body.as_bytes())))
        .await
        .refused(401, "invalid-signature");
    send(format!("t={now},v1={}", signature(secret, now, body.as_bytes()))).await.ok();

    let listed = kit.get(PATH).await.ok();
    assert_eq!(listed["items"][0]["id"], "am-1", "what the portal opened is listed, too");
    assert_eq!(listed["items"][0]["is_locked"], true);
    let without = json!({"wallet": "sn", "country": "SN", "apis": ["checkout"]});
    kit.control("wave/wallets", &without).await.ok();
    kit.get(PATH).await.refused(403, "invalid-wallet");
    let mut body = session("order", "100");
    body["aggregated_merchant_id"] = json!("am-1");
    kit.create(&body).await.refused(400, "invalid-aggregated-merchant-id");
}
