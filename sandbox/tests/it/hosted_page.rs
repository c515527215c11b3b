//! The page that a payer without an app sees.

use reqwest::Method;
use serde_json::json;

use crate::kit::{Kit, session};

async fn submit(kit: &Kit, id: &str, action: &str, form: &[(&str, &str)]) -> (u16, String) {
    let request = kit.request(Method::POST, &format!("/wave/c/{id}/{action}")).form(form);
    let answer = request.send().await.unwrap();
    let location = answer.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
    (answer.status().as_u16(), location.unwrap_or_default())
}

#[tokio::test]
async fn the_page_shows_the_amount_and_escapes_the_rest() {
    let kit = Kit::new().await;
    let created = kit.session("<script>{amount}</script>", "12500").await;
    let page = kit.http.get(created["wave_launch_url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    let text = page.text().await.unwrap();
    assert!(text.contains("12500 XOF") && text.contains("Pay") && text.contains("Decline"));
    assert!(text.contains("&lt;script&gt;&#123;amount}&lt;/script&gt;"), "{text}");
    let id = created["id"].as_str().unwrap();
    assert!(text.contains(&format!("action=\"{id}/pay\"")), "{text}");
    let none = kit.send(kit.request(Method::GET, "/wave/c/cos-unknown")).await;
    assert_eq!(none.status, 404);
}

#[tokio::test]
async fn paying_sends_the_browser_to_success() {
    let kit = Kit::new().await;
    let created = kit.session("order", "12500").await;
    let id = created["id"].as_str().unwrap();
    let (status, location) = submit(&kit, id, "pay", &[("payer", " +221770001234 ")]).await;
    assert_eq!((status, &*location), (303, "https://shop.example/ok"));
    assert_eq!(kit.session_now(&created["id"]).await["payment_status"], "succeeded");
    assert_eq!(kit.operations().await[0]["party"], "+221770001234");
    let (_, again) = submit(&kit, id, "pay", &[]).await;
    assert_eq!(again, "https://shop.example/ok");
    assert_eq!(kit.operations().await.len(), 1, "a second click pays nothing");
    let page = kit.request(Method::GET, &format!("/wave/c/{id}")).send().await.unwrap();
    assert_eq!(page.headers()["location"], "https://shop.example/ok");
}

#[tokio::test]
async fn failure_and_expiry_send_the_browser_to_error() {
    let kit = Kit::new().await;
    let mut body = session("order", "12500");
    body["restrict_payer_mobile"] = json!("+221770001122");
    let created = kit.create(&body).await.ok();
    let id = created["id"].as_str().unwrap();
    let ko = (303, "https://shop.example/ko".to_owned());
    assert_eq!(submit(&kit, id, "decline", &[("code", "blocked-account")]).await, ko);
    let failed = kit.session_now(&created["id"]).await;
    assert_eq!(failed["last_payment_error"]["code"], "blocked-account");
    assert_eq!(submit(&kit, id, "pay", &[("payer", "+221770009999")]).await, ko);
    let failed = kit.session_now(&created["id"]).await;
    assert_eq!(failed["last_payment_error"]["code"], "payer-mobile-mismatch");
    kit.advance(1800);
    let page = kit.request(Method::GET, &format!("/wave/c/{id}")).send().await.unwrap();
    assert_eq!(page.headers()["location"], "https://shop.example/ko");
    assert_eq!(submit(&kit, id, "pay", &[]).await, ko);
    assert_eq!(kit.balance().await, 50_000_000);
}
