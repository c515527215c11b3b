//! OAuth, as Web Payment meets it.

use std::time::Duration;

use reqwest::Method;
use sandbox::{SandboxConfig, SmsConfig};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::kit::{Orange, body, refused, token};
use crate::kit::Kit;

#[tokio::test]
async fn both_versions_issue_tokens_and_one_client_serves_sms_as_well() {
    let orange = Orange::new().await;
    let v3 = token(&orange, "v3").await.ok();
    assert_eq!((&v3["token_type"], &v3["expires_in"]), (&json!("Bearer"), &json!("3600")));
    let v2 = token(&orange, "v2").await.ok();
    assert_eq!(v2["expires_in"], "7776000", "ninety days");
    assert_eq!(token(&orange, "v1").await.status, 404);
    let sent = crate::sms::send(&orange, v2["access_token"].as_str().unwrap(), "+224620001122", "hi").await;
    assert_eq!(sent.status, 201, "{sent:?}");
    let creation = orange.request(Method::POST, "/orange/orange-money-webpay/gn/v1/webpayment");
    let creation =
        creation.bearer_auth(crate::sms::token(&orange).await).header("Accept", "application/json");
    assert_eq!(orange.send(creation.json(&body("ORD-1", 5_000))).await.status, 201);
}

#[tokio::test]
async fn the_lifetime_is_a_string_or_a_number() {
    let sms = SmsConfig {
        numeric_expires_in: true,
        token_lifetime_v2: Duration::from_secs(90),
        ..SmsConfig::default()
    };
    let kit = Kit::with(SandboxConfig { sms, ..SandboxConfig::default() }).await;
    assert_eq!(token(&kit, "v3").await.ok()["expires_in"], 3600);
    assert_eq!(token(&kit, "v2").await.ok()["expires_in"], 90);
}

#[tokio::test]
async fn credentials_are_missing_invalid_or_expired() {
    let mut orange = Orange::new().await;
    let path = "/orange/orange-money-webpay/gn/v1/webpayment";
    let post = || orange.request(Method::POST, path).header("Accept", "application/json");
    refused(&orange.send(post().json(&body("ORD-1", 5_000))).await, 401, 40);
    refused(&orange.send(post().header("Authorization", "abc").json(&body("ORD-1", 5_000))).await, 401, 40);
    refused(&orange.send(post().bearer_auth("abc").json(&body("ORD-1", 5_000))).await, 401, 41);
    let created = orange.payment("ORD-1", 5_000).await;
    orange.advance(3_599);
    orange.payment("ORD-2", 5_000).await;
    orange.advance(1);
    refused(&orange.create("gn", &body("ORD-3", 5_000)).await, 401, 42);
    refused(&orange.ask("ORD-1", 5_000, &created["pay_token"]).await, 401, 42);
    orange.renew().await;
    orange.payment("ORD-3", 5_000).await;
}

#[tokio::test]
async fn a_wrong_client_is_told_in_the_oauth_form() {
    let kit = Kit::new().await;
    let request = kit.request(Method::POST, "/orange/oauth/v3/token").header("Accept", "application/json");
    let request = request.basic_auth("sandbox-client", Some("other"));
    let wrong = kit.send(request.form(&[("grant_type", "client_credentials")])).await;
    assert_eq!((wrong.status, &wrong.json()["error"]), (401, &json!("invalid_client")));
    assert!(wrong.json()["error_description"].is_string());
}

#[tokio::test]
async fn json_must_be_acceptable_everywhere() {
    let orange = Orange::new().await;
    let webpay = "orange-money-webpay/gn/v1";
    let paths =
        ["oauth/v3/token".to_owned(), format!("{webpay}/webpayment"), format!("{webpay}/transactionstatus")];
    for path in paths {
        let html = orange.request(Method::POST, &format!("/orange/{path}")).header("Accept", "text/html");
        refused(&orange.send(html.json(&json!({}))).await, 406, 62);
        let mut line = TcpStream::connect(orange.sandbox.addr()).await.unwrap();
        let request = format!(
            "POST /orange/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        );
        line.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        line.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 406"), "{path}: {answer}");
    }
}
