//! The Orange SMS account and the simulated phone.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use sandbox::{SandboxConfig, SmsConfig};
use serde_json::{Value, json};

use crate::kit::{Answer, Kit};

const ESCAPED: &str = "/orange/smsmessaging/v1/outbound/tel%3A%2B2240000/requests";

fn token_request(kit: &Kit, secret: &str, grant: &str) -> RequestBuilder {
    kit.request(Method::POST, "/orange/oauth/v3/token")
        .basic_auth("sandbox-client", Some(secret))
        .header("Accept", "application/json")
        .form(&[("grant_type", grant)])
}

pub async fn token(kit: &Kit) -> String {
    let answer = kit.send(token_request(kit, "sandbox-secret", "client_credentials")).await.ok();
    answer["access_token"].as_str().unwrap().to_owned()
}

fn message(to: &str, text: &str) -> Value {
    json!({"outboundSMSMessageRequest": {
        "address": format!("tel:{to}"),
        "senderAddress": "tel:+2240000",
        "senderName": "SHOP",
        "outboundSMSTextMessage": {"message": text},
    }})
}

fn sending(kit: &Kit, token: &str, path: &str, body: &Value) -> RequestBuilder {
    kit.request(Method::POST, path).bearer_auth(token).header("Accept", "application/json").json(body)
}

pub async fn send(kit: &Kit, token: &str, to: &str, text: &str) -> Answer {
    kit.send(sending(kit, token, ESCAPED, &message(to, text))).await
}

pub async fn inbox(kit: &Kit, query: &str) -> Vec<Value> {
    let answer = kit.send(kit.request(Method::GET, &format!("/sms/inbox{query}"))).await.ok();
    answer["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_message_reaches_the_phone() {
    let kit = Kit::new().await;
    let token = token(&kit).await;
    kit.control("clock", &json!({"set": "2026-11-20T10:00:00Z"})).await.ok();
    let answer = send(&kit, &token, "+224620001122", "Code 123456").await;
    assert_eq!(answer.status, 201);
    let request = answer.json()["outboundSMSMessageRequest"].clone();
    assert_eq!(request["address"], json!(["tel:+224620001122"]), "it comes back as a list");
    assert_eq!(request["senderAddress"], "tel:+2240000");
    assert_eq!(request["senderName"], "SHOP");
    assert_eq!(request["outboundSMSTextMessage"]["message"], "Code 123456");
    let url = request["resourceURL"].as_str().unwrap();
    assert!(url.contains("/smsmessaging/v1/outbound/tel:+2240000/requests/"), "{url}");

    let unescaped = "/orange/smsmessaging/v1/outbound/tel:+2240000/requests";
    let body = message("+224620001122", "second");
    kit.send(sending(&kit, &token, unescaped, &body)).await.ok();
    send(&kit, &token, "+224620009999", "elsewhere").await.ok();
    let messages = inbox(&kit, "?to=%2B224620001122").await;
    let texts: Vec<&str> = messages.iter().map(|message| message["body"].as_str().unwrap()).collect();
    assert_eq!(texts, ["second", "Code 123456"], "newest first");
    assert_eq!(messages[1]["to"], "+224620001122");
    assert!(messages[1]["sent_at"].as_str().unwrap().starts_with("2026-11-20T10:00:0"));
    assert_eq!(inbox(&kit, "?to=+224620001122").await.len(), 2, "a plus that became a space");
    assert_eq!(inbox(&kit, "").await.len(), 3);
}

#[tokio::test]
async fn tokens_need_the_right_client_and_last_an_hour() {
    let kit = Kit::new().await;
    let answer = kit.send(token_request(&kit, "sandbox-secret", "client_credentials")).await.ok();
    assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("Bearer"), &json!("3600")));
    let wrong = kit.send(token_request(&kit, "wrong", "client_credentials")).await;
    assert_eq!((wrong.status, &wrong.json()["error"]), (401, &json!("invalid_client")));
    let wrong = kit.send(token_request(&kit, "sandbox-secret", "password")).await;
    assert_eq!((wrong.status, &wrong.json()["error"]), (400, &json!("unsupported_grant_type")));
    let mute = token_request(&kit, "sandbox-secret", "client_credentials").header("Accept", "text/html");
    let headers = mute.build().unwrap();
    assert_eq!(headers.headers().get_all("accept").iter().count(), 2);

    let code = |answer: &Answer| answer.json()["code"].clone();
    let token = answer["access_token"].as_str().unwrap();
    send(&kit, token, "+224620001122", "in time").await.ok();
    let unknown = send(&kit, "other", "+224620001122", "x").await;
    assert_eq!((unknown.status, code(&unknown)), (401, json!(41)));
    let bare = kit.request(Method::POST, ESCAPED).header("Accept", "application/json");
    let bare = kit.send(bare.json(&message("+224620001122", "x"))).await;
    assert_eq!((bare.status, code(&bare)), (401, json!(40)));
    kit.advance(3600);
    let late = send(&kit, token, "+224620001122", "too late").await;
    assert_eq!((late.status, code(&late)), (401, json!(42)));
    assert_eq!(inbox(&kit, "").await.len(), 1);
}

#[tokio::test]
async fn orange_wants_to_know_that_json_is_accepted() {
    let kit = Kit::new().await;
    let request = kit.request(Method::POST, "/orange/oauth/v3/token").header("Accept", "text/html");
    assert_eq!(kit.send(request).await.status, 406);
}

#[tokio::test]
async fn a_token_may_count_in_numbers() {
    let sms = SmsConfig {
        numeric_expires_in: true,
        token_lifetime: Duration::from_secs(60),
        ..SmsConfig::default()
    };
    let kit = Kit::with(SandboxConfig { sms, ..SandboxConfig::default() }).await;
    let answer = kit.send(token_request(&kit, "sandbox-secret", "client_credentials")).await.ok();
    assert_eq!(answer["expires_in"], 60);
}

#[tokio::test]
async fn wrong_content_has_its_own_codes() {
    let kit = Kit::new().await;
    let token = token(&kit).await;
    let with = |path: &str, value: Value| {
        let mut body = message("+224620001122", "hello");
        *body.pointer_mut(&format!("/outboundSMSMessageRequest{path}")).unwrap() = value;
        body
    };
    let service = "/requestError/serviceException/messageId";
    let policy = "/requestError/policyException/messageId";
    let table = [
        (with("/address", json!("620001122")), 400, service, "SVC0004"),
        (with("/address", json!([])), 400, service, "SVC0004"),
        (with("/address", json!(["tel:+224620001122", "tel:+224620001123"])), 403, policy, "POL0003"),
        (with("/senderAddress", json!("tel:+2250000")), 400, service, "SVC0002"),
        (with("/outboundSMSTextMessage", json!({})), 400, service, "SVC0002"),
        (with("/outboundSMSTextMessage", json!({"message": "x".repeat(1_531)})), 400, service, "SVC0280"),
    ];
    for (body, status, pointer, id) in table {
        let answer = kit.send(sending(&kit, &token, ESCAPED, &body)).await;
        let said = answer.json().pointer(pointer).cloned();
        assert_eq!((answer.status, said), (status, Some(json!(id))), "{answer:?}");
    }
    let answer = kit.send(sending(&kit, &token, ESCAPED, &json!({}))).await;
    assert_eq!((answer.status, &answer.json()["code"]), (400, &json!(23)));
    let body = with("/address", json!(["tel:+224620001122"]));
    kit.send(sending(&kit, &token, ESCAPED, &body)).await.ok();
    assert_eq!(inbox(&kit, "").await.len(), 1);
}

#[tokio::test]
async fn an_empty_bundle_refuses_by_policy() {
    let kit = Kit::new().await;
    let token = token(&kit).await;
    kit.control("sms/credits", &json!({"left": 3})).await.ok();
    send(&kit, &token, "+224620001122", &"x".repeat(161)).await.ok();
    send(&kit, &token, "+224620001122", "one").await.ok();
    let empty = send(&kit, &token, "+224620001122", "none").await;
    assert_eq!(empty.status, 403);
    assert_eq!(empty.json()["requestError"]["policyException"]["messageId"], "POL0001");
    kit.control("sms/credits", &json!({"left": null})).await.ok();
    send(&kit, &token, "+224620001122", "again").await.ok();
}

#[tokio::test]
async fn faults_reach_messages_and_not_tokens() {
    let kit = Kit::new().await;
    let set = async |fault: Value| {
        assert_eq!(kit.control("sms/faults", &fault).await.status, 201);
    };
    set(json!({"fault": "lose_reply"})).await;
    let token = token(&kit).await;
    let request = sending(&kit, &token, ESCAPED, &message("+224620001122", "unheard"));
    assert!(kit.try_send(request).await.is_err());
    assert_eq!(inbox(&kit, "").await[0]["body"], "unheard");
    set(json!({"fault": "error_before", "status": 503})).await;
    assert_eq!(send(&kit, &token, "+224620001122", "refused").await.status, 503);
    set(json!({"fault": "html", "match": "token"})).await;
    let page = kit.send(token_request(&kit, "sandbox-secret", "client_credentials")).await;
    assert!(page.text.starts_with("<!DOCTYPE html>"));
    assert_eq!(inbox(&kit, "").await.len(), 1);
    let fired = kit.look("sms/faults").await;
    assert!(fired["data"].as_array().unwrap().iter().all(|fault| fault["fired"] == 1), "{fired}");
}

#[tokio::test]
async fn unknown_paths_and_methods_are_oranges_own() {
    let kit = Kit::new().await;
    let answer = kit.send(kit.request(Method::GET, "/orange/sms/nothing")).await;
    assert_eq!((answer.status, &answer.json()["code"]), (404, &json!(60)));
    assert_eq!(kit.send(kit.request(Method::GET, ESCAPED)).await.status, 405);
}
