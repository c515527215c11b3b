//! The hosted page: confirm, wait, fail, cancel.

use reqwest::Method;
use serde_json::{Value, json};

use super::kit::{Orange, body};

const OK: &str = "https://shop.example/ok";
const KO: &str = "https://shop.example/ko";

async fn submit(orange: &Orange, created: &Value, action: &str, form: &[(&str, &str)]) -> (u16, String) {
    let token = created["pay_token"].as_str().unwrap();
    let path = format!("/orange/payment/pay_token/{token}/{action}");
    let answer = orange.request(Method::POST, &path).form(form).send().await.unwrap();
    let status = answer.status().as_u16();
    match answer.headers().get("location") {
        Some(location) => (status, location.to_str().unwrap().to_owned()),
        None => (status, answer.text().await.unwrap()),
    }
}

async fn confirm(orange: &Orange, created: &Value, phone: &str, otp: &str, then: &str) -> (u16, String) {
    submit(orange, created, "confirm", &[("phone", phone), ("otp", otp), ("then", then)]).await
}

fn to(url: &str) -> (u16, String) {
    (303, url.to_owned())
}

#[tokio::test]
async fn the_page_speaks_the_payers_language_and_escapes_the_rest() {
    let orange = Orange::new().await;
    let mut asked = body("ORD-1", 25_000);
    asked["reference"] = json!("<b>{amount}</b>");
    for (lang, word, order) in [("fr", "Confirmer", "ORD-1"), ("en", "Confirm<", "ORD-2")] {
        asked["lang"] = json!(lang);
        asked["order_id"] = json!(order);
        let created = orange.create("gn", &asked).await.ok();
        let page = orange.http.get(created["payment_url"].as_str().unwrap()).send().await.unwrap();
        assert_eq!(page.status(), 200);
        assert!(page.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
        let text = page.text().await.unwrap();
        assert!(text.contains("25000 GNF") && text.contains(word), "{text}");
        assert!(text.contains("&lt;b&gt;&#123;amount}&lt;/b&gt;"), "{text}");
        assert!(!text.contains("_label}") && !text.contains("{token}"), "{text}");
    }
    let none = orange.send(orange.request(Method::GET, "/orange/payment/pay_token/none")).await;
    assert_eq!(none.status, 404);
}

#[tokio::test]
async fn confirming_takes_a_number_and_a_code() {
    let orange = Orange::new().await;
    let created = orange.payment("ORD-1", 25_000).await;
    let (status, page) = confirm(&orange, &created, "0700000042", "123456", "pay").await;
    assert!(status == 200 && page.contains("class=\"wrong\"") && page.contains("0700000042"), "{page}");
    let (status, page) = confirm(&orange, &created, "620 00 11 22", "000000", "pay").await;
    assert!(status == 200 && page.contains("class=\"wrong\""), "{page}");
    assert_eq!(orange.status("ORD-1", 25_000, &created).await, "INITIATED");
    assert_eq!(confirm(&orange, &created, "620 00 11 22", "123456", "pay").await, to(OK));
    assert_eq!(orange.status("ORD-1", 25_000, &created).await, "SUCCESS");
    assert_eq!(orange.facts().await[0]["party"], "+224620001122");
    assert_eq!(confirm(&orange, &created, "620001122", "123456", "pay").await, to(OK), "a second click");
    assert_eq!(orange.held().await, 25_000, "pays nothing");
    let url = created["payment_url"].as_str().unwrap();
    assert_eq!(orange.http.get(url).send().await.unwrap().headers()["location"], OK);
}

#[tokio::test]
async fn a_transaction_may_run_for_a_minute() {
    let orange = Orange::new().await;
    let created = orange.payment("ORD-1", 25_000).await;
    assert_eq!(confirm(&orange, &created, "620001122", "1234", "wait").await, to(OK));
    assert_eq!(orange.status("ORD-1", 25_000, &created).await, "PENDING");
    assert_eq!(submit(&orange, &created, "cancel", &[]).await, to(OK), "too late to cancel");
    orange.advance(60);
    assert_eq!(orange.status("ORD-1", 25_000, &created).await, "SUCCESS");
}

#[tokio::test]
async fn three_wrong_codes_or_no_money_fail_the_payment() {
    let orange = Orange::new().await;
    let (codes, money) = (orange.payment("codes", 5_000).await, orange.payment("money", 5_000).await);
    for wrong in ["000000", "12"] {
        assert_eq!(confirm(&orange, &codes, "620001122", wrong, "pay").await.0, 200);
    }
    assert_eq!(confirm(&orange, &codes, "620001122", "abcd", "pay").await, to(KO));
    assert_eq!(orange.status("codes", 5_000, &codes).await, "FAILED");
    assert_eq!(confirm(&orange, &money, "620001122", "123456", "fail").await, to(KO));
    assert_eq!(orange.status("money", 5_000, &money).await, "FAILED");
    let codes: Vec<Value> = orange.facts().await.iter().map(|fact| fact["code"].clone()).collect();
    assert_eq!(codes, ["wrong_otp", "insufficient_funds"]);
    assert_eq!(orange.held().await, 0);
}

#[tokio::test]
async fn cancelling_leaves_the_payment_open_or_fails_it() {
    let orange = Orange::new().await;
    let created = orange.payment("ORD-1", 5_000).await;
    assert_eq!(submit(&orange, &created, "cancel", &[]).await, to(KO));
    assert_eq!(orange.status("ORD-1", 5_000, &created).await, "INITIATED");
    assert_eq!(confirm(&orange, &created, "620001122", "123456", "pay").await, to(OK), "somebody went back");
    orange.control("orange/merchants", &json!({"merchant": "gn", "on_cancel": "fails"})).await.ok();
    let created = orange.payment("ORD-2", 5_000).await;
    assert_eq!(submit(&orange, &created, "cancel", &[]).await, to(KO));
    assert_eq!(orange.status("ORD-2", 5_000, &created).await, "FAILED");
}

#[tokio::test]
async fn nobody_can_confirm_after_ten_minutes() {
    let orange = Orange::new().await;
    let created = orange.payment("ORD-1", 5_000).await;
    orange.advance(600);
    assert_eq!(confirm(&orange, &created, "620001122", "123456", "pay").await, to(KO));
    let url = created["payment_url"].as_str().unwrap();
    assert_eq!(orange.http.get(url).send().await.unwrap().headers()["location"], KO);
    assert_eq!(orange.status("ORD-1", 5_000, &created).await, "EXPIRED");
    assert_eq!(orange.held().await, 0);
}
