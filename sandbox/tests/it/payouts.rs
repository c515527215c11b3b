//! Single payouts: idempotency, recipients, money, reversal, verification.

use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{CI, Kit, SN, payout};

const AWA: &str = "+221770003344";

#[tokio::test]
async fn a_payout_debits_amount_and_fee_at_once() {
    let kit = Kit::new().await;
    let mut body = payout("po_1", "15000", AWA);
    body["payment_reason"] = json!("Reglement 42");
    let sent = kit.pay_out("key", &body).await.ok();
    let id = sent["id"].as_str().unwrap();
    assert!(id.starts_with("pt-") && id.len() <= 20, "{id}");
    for (field, value) in [
        ("currency", "XOF"),
        ("receive_amount", "15000"),
        ("fee", "150"),
        ("mobile", AWA),
        ("name", "Awa Exemple"),
        ("client_reference", "po_1"),
        ("payment_reason", "Reglement 42"),
        ("status", "succeeded"),
    ] {
        assert_eq!(sent[field], value, "{field}");
    }
    assert!(sent.get("payout_error").is_none() && sent.get("aggregated_merchant_id").is_none());
    assert_eq!(kit.balance().await, 50_000_000 - 15_150);
    assert_eq!(kit.get(&format!("/wave/v1/payout/{id}")).await.ok(), sent);
    let found = kit.get("/wave/v1/payouts/search?client_reference=po_1").await.ok();
    assert_eq!(found, json!({"result": [sent]}));
    let none = kit.get("/wave/v1/payouts/search?client_reference=other").await.ok();
    assert_eq!(none, json!({"result": []}));
    kit.get("/wave/v1/payouts/search").await.refused(400, "request-validation-error");
    kit.get("/wave/v1/payout/pt-unknown").await.refused(404, "not-found");
}

#[tokio::test]
async fn the_same_key_answers_the_same_bytes_and_never_forgets() {
    let kit = Kit::new().await;
    let body = payout("po", "1000", AWA);
    let first = kit.pay_out("key", &body).await;
    first.ok();
    assert_eq!(kit.pay_out("key", &body).await, first);
    kit.advance(400 * 86_400);
    assert_eq!(kit.pay_out("key", &body).await, first, "keys do not expire");
    let spaced = kit
        .request(Method::POST, "/wave/v1/payout")
        .bearer_auth(SN)
        .header("Idempotency-Key", "key")
        .header("Content-Type", "application/json")
        .body(serde_json::to_string_pretty(&body).unwrap());
    assert_eq!(kit.send(spaced).await, first, "the same JSON in other bytes");
    assert_eq!(kit.balance().await, 50_000_000 - 1_010);

    let other = payout("po", "1001", AWA);
    kit.pay_out("key", &other).await.refused(409, "idempotency-mismatch");
    let batch = kit
        .request(Method::POST, "/wave/v1/payout-batch")
        .bearer_auth(SN)
        .header("Idempotency-Key", "key")
        .json(&body);
    kit.send(batch).await.refused(409, "idempotency-mismatch");
    assert_eq!(kit.balance().await, 50_000_000 - 1_010);

    kit.pay_out("another key", &body).await.ok();
    assert_eq!(kit.balance().await, 50_000_000 - 2_020, "a new key is a second payout");
    let mut ivorian = payout("po", "1000", "+2250700000001");
    ivorian["currency"] = json!("XOF");
    let theirs = kit
        .request(Method::POST, "/wave/v1/payout")
        .bearer_auth(CI)
        .header("Idempotency-Key", "key")
        .json(&ivorian);
    kit.send(theirs).await.ok();
}

#[tokio::test]
async fn one_key_used_by_many_at_once_pays_once() {
    let kit = Kit::new().await;
    let body = payout("po", "1000", AWA);
    let requests = (0..24).map(|_| {
        let request = kit.disbursement("key", &body);
        tokio::spawn(async move { request.send().await.unwrap().text().await.unwrap() })
    });
    let tasks: Vec<_> = requests.collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    assert_eq!(kit.operations().await.len(), 1);
    assert_eq!(kit.balance().await, 50_000_000 - 1_010);
}

#[tokio::test]
async fn a_key_is_required_and_short() {
    let kit = Kit::new().await;
    let body = payout("po", "1000", AWA);
    let bare = kit.request(Method::POST, "/wave/v1/payout").bearer_auth(SN).json(&body);
    let refused = kit.send(bare).await;
    refused.refused(400, "request-validation-error");
    assert!(refused.text.contains("required for POST requests"), "{refused:?}");
    kit.pay_out(&"k".repeat(256), &body).await.refused(400, "request-validation-error");
    kit.pay_out(&"k".repeat(255), &body).await.ok();
}

#[tokio::test]
async fn fees_follow_the_published_samples() {
    let kit = Kit::new().await;
    for (amount, fee) in [("500", "5"), ("1000", "10"), ("1200", "10"), ("15000", "150"), ("16000", "160")] {
        let sent = kit.pay_out(amount, &payout("po", amount, AWA)).await.ok();
        assert_eq!(sent["fee"], fee, "payout of {amount}");
    }
}

#[tokio::test]
async fn every_faulty_field_is_named_and_the_key_stays_free() {
    let kit = Kit::new().await;
    let table = [
        (json!({"receive_amount": 1000}), "receive_amount"),
        (json!({"receive_amount": "10.5"}), "receive_amount"),
        (json!({"mobile": "770003344"}), "mobile"),
        (json!({"mobile": "+22177000334"}), "mobile"),
        (json!({"mobile": null}), "mobile"),
        (json!({"currency": "cfa"}), "currency"),
        (json!({"name": "x".repeat(256)}), "name"),
        (json!({"national_id": 7}), "national_id"),
        (json!({"payment_reason": "x".repeat(41)}), "payment_reason"),
        (json!({"client_reference": "x".repeat(256)}), "client_reference"),
    ];
    for (change, field) in table {
        let mut body = payout("po", "1000", AWA);
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = kit.pay_out("key", &body).await;
        answer.refused(400, "request-validation-error");
        assert_eq!(answer.json()["details"][0]["loc"], json!([field]), "{answer:?}");
    }
    kit.pay_out("key", &payout("po", "1000", "+2250700000001")).await.refused(400, "country-mismatch");
    let mut euros = payout("po", "1000", AWA);
    euros["currency"] = json!("EUR");
    kit.pay_out("key", &euros).await.refused(400, "currency-mismatch");
    kit.pay_out("key", &payout("po", "1000", AWA)).await.ok();
}

#[tokio::test]
async fn some_recipients_are_refused_before_a_payout_exists() {
    let kit = Kit::new().await;
    let table = [
        ("+221770009901", "recipient-account-inactive"),
        ("+221770009902", "recipient-account-blocked"),
        ("+221770009903", "recipient-account-inactive"),
        ("+221770009904", "recipient-minor"),
        ("+221770009905", "recipient-limit-exceeded"),
    ];
    for (mobile, code) in table {
        let body = payout("po", "1000", mobile);
        let refused = kit.pay_out(mobile, &body).await;
        refused.refused(422, code);
        assert_eq!(kit.pay_out(mobile, &body).await, refused, "a refusal is replayed too");
    }
    assert_eq!(kit.get("/wave/v1/payouts/search?client_reference=po").await.ok(), json!({"result": []}));
    assert!(kit.operations().await.is_empty());
    assert_eq!(kit.balance().await, 50_000_000);
}

#[tokio::test]
async fn a_payout_may_fail_inside_a_200() {
    let kit = Kit::new().await;
    let failed = kit.pay_out("key", &payout("po", "1000", "+221770009906")).await.ok();
    assert_eq!(failed["status"], "failed");
    assert_eq!(failed["payout_error"]["error_code"], "recipient-limit-exceeded");
    assert!(failed["payout_error"]["error_message"].is_string());
    assert_eq!(kit.balance().await, 50_000_000);
    let facts = kit.operations().await;
    assert_eq!((&facts[0]["status"], &facts[0]["effect"]), (&json!("failed"), &json!("0")));
}

#[tokio::test]
async fn processing_ends_by_itself_one_way_or_the_other() {
    let kit = Kit::new().await;
    let table = [
        ("+221770009908", 2, "succeeded"),
        ("+221770009907", 2, "failed"),
        ("+221770009909", 3600, "succeeded"),
    ];
    for (mobile, seconds, end) in table {
        let sent = kit.pay_out(mobile, &payout("po", "1000", mobile)).await;
        let sent_json = sent.ok();
        assert_eq!(sent_json["status"], "processing");
        let before = kit.balance().await;
        kit.advance(seconds);
        let path = format!("/wave/v1/payout/{}", sent_json["id"].as_str().unwrap());
        let done = kit.get(&path).await.ok();
        assert_eq!(done["status"], end, "{mobile}");
        assert_eq!(done.get("payout_error").is_some(), end == "failed");
        assert_eq!(done["timestamp"], sent_json["timestamp"], "submission, not execution");
        let moved = if end == "failed" { 0 } else { 1_010 };
        assert_eq!(kit.balance().await, before - moved);
        assert_eq!(kit.pay_out(mobile, &payout("po", "1000", mobile)).await, sent, "the first answer");
    }
}

#[tokio::test]
async fn the_balance_must_cover_the_fee_too() {
    let kit = Kit::new().await;
    kit.control("wave/sweep", &json!({"wallet": "sn", "amount": "49998991"})).await.ok();
    assert_eq!(kit.balance().await, 1_009);
    kit.pay_out("a", &payout("po", "1000", AWA)).await.refused(422, "insufficient-funds");
    kit.session("top-up", "1").await;
    kit.pay("top-up").await;
    assert_eq!(kit.balance().await, 1_010);
    kit.pay_out("b", &payout("po", "1000", AWA)).await.ok();
    assert_eq!(kit.balance().await, 0);
}

#[tokio::test]
async fn reversal_returns_amount_and_fee_once() {
    let kit = Kit::new().await;
    let sent = kit.pay_out("key", &payout("po", "15000", AWA)).await.ok();
    let path = format!("/wave/v1/payout/{}", sent["id"].as_str().unwrap());
    kit.advance(3 * 86_400 - 60);
    assert!(kit.post(&format!("{path}/reverse")).await.is_empty_200());
    assert_eq!(kit.balance().await, 50_000_000);
    assert!(kit.post(&format!("{path}/reverse")).await.is_empty_200());
    assert_eq!(kit.balance().await, 50_000_000);
    assert_eq!(kit.get(&path).await.ok()["status"], "reversed");
    let kinds: Vec<Value> = kit.operations().await.iter().map(|fact| fact["kind"].clone()).collect();
    assert_eq!(kinds, ["disbursement", "reversal"]);
    let lines = kit.lines().await;
    let line = lines.last().unwrap();
    assert_eq!(line["transaction_type"], "api_payout_reversal");
    assert_eq!(
        (&line["amount"], &line["fee"], &line["is_reversal"]),
        (&json!("15150"), &json!("-150"), &json!(true))
    );
    kit.advance(86_400);
    assert!(kit.post(&format!("{path}/reverse")).await.is_empty_200(), "reversed stays reversed");
}

#[tokio::test]
async fn reversal_has_its_own_refusals() {
    let kit = Kit::new().await;
    let table = [
        (AWA, 3 * 86_400 + 60, "payout-reversal-time-limit-exceeded"),
        ("+221770009910", 0, "insufficient-funds"),
        ("+221770009911", 0, "payout-reversal-account-terminated"),
        ("+221770009909", 0, "payout-not-reversible"),
    ];
    for (mobile, wait, code) in table {
        let sent = kit.pay_out(mobile, &payout("po", "1000", mobile)).await.ok();
        kit.advance(wait);
        let path = format!("/wave/v1/payout/{}/reverse", sent["id"].as_str().unwrap());
        let refused = kit.post(&path).await;
        refused.refused(422, code);
        assert!(refused.json()["error_message"].is_string(), "the execution shape: {refused:?}");
    }
    kit.post("/wave/v1/payout/pt-x/reverse").await.refused(404, "not-found");
}

#[tokio::test]
async fn recipients_are_verified_by_name_id_and_limit() {
    let kit = Kit::new().await;
    let verify = async |body: Value| {
        let path = "/wave/v1/verify_recipient/";
        kit.send(kit.request(Method::POST, path).bearer_auth(SN).json(&body)).await
    };
    let told = json!({"mobile": "+221770000005", "behaviour": "normal", "name": "Awa Exemple"});
    kit.control("wave/recipients", &told).await.ok();
    let full = |mobile: &str| json!({"mobile": mobile, "name": "awa exemple", "national_id": "1 23", "amount": "100", "currency": "XOF"});
    let table = [
        (full(AWA), json!([true, "MATCH", "MATCH"])),
        (full("+221770000005"), json!([true, "MATCH", "MATCH"])),
        (json!({"mobile": "+221770000005", "name": "Fatou"}), json!([null, "NO_MATCH", null])),
        (full("+221770009912"), json!([true, "NO_MATCH", "NO_MATCH"])),
        (full("+221770009905"), json!([false, "MATCH", "MATCH"])),
        (full("+221770009901"), json!([null, "NAME_NOT_KNOWN", "ID_NOT_KNOWN"])),
        (json!({"mobile": AWA}), json!([null, "NAME_NOT_KNOWN", null])),
    ];
    for (body, expected) in table {
        let verdict = verify(body.clone()).await.ok();
        let shown = json!([verdict["within_limits"], verdict["name_match"], verdict["national_id_match"]]);
        assert_eq!(shown, expected, "{body}");
    }
    verify(json!({"name": "x"})).await.refused(400, "request-validation-error");
    verify(json!({"mobile": AWA, "currency": "cfa"})).await.refused(400, "request-validation-error");
    verify(json!({"mobile": AWA, "currency": "GNF"})).await.refused(400, "currency-mismatch");
    verify(json!({"mobile": "+2250700000001"})).await.refused(400, "country-mismatch");

    let busy = json!({"mobile": "+221770000006"});
    for _ in 0..30 {
        verify(busy.clone()).await.ok();
    }
    verify(busy.clone()).await.refused(429, "too-many-requests");
    kit.advance(59 * 60);
    verify(busy.clone()).await.refused(429, "too-many-requests");
    kit.advance(60);
    verify(busy).await.ok();
}

#[tokio::test]
async fn any_number_can_be_told_how_to_behave() {
    let kit = Kit::new().await;
    let wish = json!({"mobile": AWA, "behaviour": "blocked"});
    kit.control("wave/recipients", &wish).await.ok();
    kit.pay_out("a", &payout("po", "1000", AWA)).await.refused(422, "recipient-account-blocked");
    let wish = json!({"mobile": "+221770009902", "behaviour": "normal"});
    kit.control("wave/recipients", &wish).await.ok();
    kit.pay_out("b", &payout("po", "1000", "+221770009902")).await.ok();
    kit.control("wave/recipients", &json!({"mobile": "77", "behaviour": "normal"}))
        .await
        .refused(422, "invalid");
    kit.control("wave/recipients", &json!({"mobile": AWA, "behaviour": "grumpy"}))
        .await
        .refused(422, "invalid");
}
