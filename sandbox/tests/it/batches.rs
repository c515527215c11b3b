//! Batches: accepted at once, decided item by item, complete without being successful.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::kit::{CI, Kit, SN, payout};

fn submission(kit: &Kit, path: &str, key: &str, items: &[Value]) -> RequestBuilder {
    kit.request(Method::POST, path)
        .bearer_auth(SN)
        .header("Idempotency-Key", key)
        .json(&json!({ "payouts": items }))
}

#[tokio::test]
async fn a_batch_completes_with_mixed_results() {
    let kit = Kit::new().await;
    let items = [
        payout("ok", "1000", "+221770000001"),
        payout("blocked", "1000", "+221770009902"),
        payout("late", "1000", "+221770009907"),
        payout("slow", "1000", "+221770009909"),
    ];
    let accepted = kit.send(submission(&kit, "/wave/v1/payout-batch", "key", &items)).await;
    let id = accepted.ok()["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("pb-"));
    assert_eq!(accepted.json(), json!({ "id": id }));
    let again = kit.send(submission(&kit, "/wave/v1/payout-batch/", "key", &items)).await;
    assert_eq!(again, accepted, "a replay, under the other spelling of the path");

    let path = format!("/wave/v1/payout-batch/{id}");
    let statuses = async || {
        let batch = kit.get(&path).await.ok();
        let items = batch["payouts"].as_array().unwrap().clone();
        let words = items.iter().map(|item| item["status"].as_str().unwrap().to_owned());
        (batch["status"].as_str().unwrap().to_owned(), words.collect::<Vec<_>>().join(" "), items)
    };
    let (status, words, _) = statuses().await;
    assert_eq!((&*status, &*words), ("processing", "processing processing processing processing"));
    kit.advance(2);
    let (status, words, items) = statuses().await;
    assert_eq!((&*status, &*words), ("processing", "succeeded failed failed processing"));
    assert_eq!(items[1]["payout_error"]["error_code"], "recipient-account-blocked");
    kit.advance(3600);
    let (status, words, _) = statuses().await;
    assert_eq!((&*status, &*words), ("complete", "succeeded failed failed succeeded"));
    assert_eq!(kit.balance().await, 50_000_000 - 2 * 1_010);
    let lines = kit.lines().await;
    assert_eq!(lines[0]["transaction_type"], "bulk_payment");
    assert_eq!(lines[0]["batch_id"], id);
    kit.get_as(CI, &path).await.refused(404, "not-found");
    kit.get("/wave/v1/payout-batch/pb-x").await.refused(404, "not-found");
}

#[tokio::test]
async fn items_that_the_balance_no_longer_covers_fail() {
    let kit = Kit::new().await;
    kit.control("wave/sweep", &json!({"wallet": "sn", "amount": "49998500"})).await.ok();
    let items = [payout("a", "1000", "+221770000001"), payout("b", "1000", "+221770000002")];
    let accepted = kit.send(submission(&kit, "/wave/v1/payout-batch", "key", &items)).await.ok();
    kit.advance(2);
    let batch = kit.get(&format!("/wave/v1/payout-batch/{}", accepted["id"].as_str().unwrap())).await.ok();
    assert_eq!(batch["status"], "complete");
    assert_eq!(batch["payouts"][0]["status"], "succeeded");
    assert_eq!(batch["payouts"][1]["payout_error"]["error_code"], "insufficient-funds");
    assert_eq!(kit.balance().await, 490);
}

#[tokio::test]
async fn one_faulty_item_refuses_the_batch_by_its_index() {
    let kit = Kit::new().await;
    let mut wrong = payout("b", "1000", "+221770000002");
    wrong["receive_amount"] = json!(1000);
    let items = [payout("a", "1000", "+221770000001"), wrong, json!("nonsense")];
    let refused = kit.send(submission(&kit, "/wave/v1/payout-batch", "key", &items)).await;
    refused.refused(400, "request-validation-error");
    let details = refused.json()["details"].clone();
    assert_eq!(details[0]["loc"], json!(["payouts", 1, "receive_amount"]));
    assert_eq!(details[1]["loc"], json!(["payouts", 2]));
    for none in [json!({"payouts": []}), json!({}), json!({"payouts": "all"})] {
        let request = submission(&kit, "/wave/v1/payout-batch", "key", &[]).json(&none);
        let refused = kit.send(request).await;
        refused.refused(400, "request-validation-error");
        assert_eq!(refused.json()["details"][0]["loc"], json!(["payouts"]));
    }
    let bare = kit.request(Method::POST, "/wave/v1/payout-batch").bearer_auth(SN);
    kit.send(bare.json(&json!({"payouts": items}))).await.refused(400, "request-validation-error");
    kit.send(submission(&kit, "/wave/v1/payout-batch", "key", &[payout("a", "1000", "+221770000001")]))
        .await
        .ok();
}
