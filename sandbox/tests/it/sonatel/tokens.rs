//! Getting in: tokens, approvals and content types.

use reqwest::Method;
use serde_json::json;

use super::kit::{CLIENT, Sonatel, form};

#[tokio::test]
async fn credentials_travel_in_the_body_and_buy_299_seconds() {
    let sonatel = Sonatel::new().await;
    let answer = sonatel.mint("/oauth/v1/token", &form("client_credentials")).await.ok();
    assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("Bearer"), &json!(299)));
    assert!(answer["refresh_token"].is_string() && answer["scope"] == "profile");

    assert_eq!(sonatel.get("eWallet/v1/transactions").await.status, 200);
    sonatel.advance(298);
    assert_eq!(sonatel.get("eWallet/v1/transactions").await.status, 200);
    sonatel.advance(1);
    sonatel.get("eWallet/v1/transactions").await.refused(401, "10");
}

#[tokio::test]
async fn the_older_path_and_basic_credentials_are_gone() {
    let sonatel = Sonatel::new().await;
    sonatel.mint("/oauth/token", &form("client_credentials")).await.refused(404, "4099");
    let request = sonatel
        .request(Method::POST, "/sonatel/oauth/v1/token")
        .basic_auth(CLIENT[0].1, Some(CLIENT[1].1))
        .form(&[("grant_type", "client_credentials")]);
    let answer = sonatel.send(request).await;
    assert_eq!((answer.status, &answer.json()["error"]), (401, &json!("invalid_client")));
}

#[tokio::test]
async fn unknown_clients_and_clients_without_approval_are_told_apart() {
    let sonatel = Sonatel::new().await;
    let stranger = [("client_id", "x"), CLIENT[1], ("grant_type", "client_credentials")];
    let answer = sonatel.mint("/oauth/v1/token", &stranger).await;
    assert_eq!((answer.status, &answer.json()["error"]), (401, &json!("invalid_client")));
    let wrong = [CLIENT[0], ("client_secret", "x"), ("grant_type", "client_credentials")];
    let answer = sonatel.mint("/oauth/v1/token", &wrong).await;
    assert_eq!((answer.status, &answer.json()["error"]), (401, &json!("unauthorized_client")));
    let answer = sonatel.mint("/oauth/v1/token", &form("password")).await;
    assert_eq!((answer.status, &answer.json()["error"]), (400, &json!("unsupported_grant_type")));

    sonatel.settings(json!({"approvals": ["oauth", "qrcode"]})).await;
    let answer = sonatel.cash_in("r", 100, "770001122").await;
    assert_eq!((answer.status, &answer.json()["error"]), (401, &json!("unauthorized_client")));
    sonatel.qr("r", 100).await;
    sonatel.settings(json!({"approvals": []})).await;
    let answer = sonatel.mint("/oauth/v1/token", &form("client_credentials")).await;
    assert_eq!((answer.status, &answer.json()["error"]), (401, &json!("unauthorized_client")));
    assert!(answer.json()["error_description"].is_string());
}

#[tokio::test]
async fn the_token_path_takes_sixty_calls_a_minute() {
    let sonatel = Sonatel::new().await;
    for _ in 1..60 {
        assert_eq!(sonatel.mint("/oauth/v1/token", &form("client_credentials")).await.status, 200);
    }
    assert_eq!(sonatel.mint("/oauth/v1/token", &form("client_credentials")).await.status, 429);
    sonatel.advance(61);
    assert_eq!(sonatel.mint("/oauth/v1/token", &form("client_credentials")).await.status, 200);
}

#[tokio::test]
async fn every_call_wants_a_token_and_json_even_to_read() {
    let sonatel = Sonatel::new().await;
    let path = "/sonatel/api/eWallet/v1/transactions";
    let request = sonatel.request(Method::GET, path).header("Content-Type", "application/json");
    sonatel.send(request).await.refused(401, "10");
    let request = sonatel.request(Method::GET, path).bearer_auth("x");
    sonatel.send(request.header("Content-Type", "application/json")).await.refused(401, "10");
    sonatel.send(sonatel.call(Method::GET, "eWallet/v1/transactions")).await.refused(415, "4099");
    let key = sonatel.call(Method::GET, "account/v1/publicKeys");
    sonatel.send(key).await.refused(415, "4099");
    let request = sonatel.call(Method::POST, "eWallet/v4/qrcode").body("{}");
    sonatel.send(request).await.refused(415, "4099");
    let request = sonatel.getting("eWallet/v1/nothing");
    sonatel.send(request).await.refused(404, "4099");
}
