//! Tokens, headers, and in which order they are looked at.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::kit::{Caller, Mtn, body, gateway_refuses, new_id, refuses_mutely, wallet_refuses};

const ASK: &str = "v1_0/requesttopay";

fn order() -> Value {
    body("payer", "224660000001", "15000", "GNF", "pay_1")
}

#[tokio::test]
async fn a_token_takes_basic_credentials_and_lasts_an_hour() {
    let mtn = Mtn::new().await;
    let caller = mtn.guinea("collection").await;
    let token = mtn.send(mtn.token_request(&caller)).await.ok();
    assert_eq!((&token["token_type"], &token["expires_in"]), (&json!("access_token"), &json!(3600)));
    assert!(token["access_token"].as_str().unwrap().starts_with("eyJ"));
    let grant = mtn
        .request(Method::POST, "/mtn/collection/token/")
        .basic_auth(&caller.user, Some(&caller.secret))
        .header("Ocp-Apim-Subscription-Key", &caller.key);
    let json_grant = grant.try_clone().unwrap().json(&json!({"grant_type": "client_credentials"}));
    mtn.send(json_grant).await.ok();
    refuses_mutely(&mtn.send(grant.body("hello")).await);

    let wrong = Caller { secret: "wrong".to_owned(), ..caller.clone() };
    let refused = mtn.send(mtn.token_request(&wrong)).await;
    assert_eq!((refused.status, refused.json()["error"].is_string()), (401, true));
    let other_key = Caller { key: "mtn_sandbox_disbursement_key".to_owned(), ..caller.clone() };
    gateway_refuses(&mtn.send(mtn.token_request(&other_key)).await, 401);
    let no_slash = mtn.request(Method::POST, "/mtn/collection/token").header("Content-Length", "0");
    gateway_refuses(&mtn.send(no_slash).await, 404);

    mtn.get(&caller, "v1_0/account/balance").await.ok();
    mtn.advance(3599);
    mtn.get(&caller, "v1_0/account/balance").await.ok();
    mtn.advance(1);
    gateway_refuses(&mtn.get(&caller, "v1_0/account/balance").await, 401);
}

#[tokio::test]
async fn a_post_says_how_long_it_is_and_a_form_meets_the_firewall() {
    let mtn = Mtn::new().await;
    let mut line = TcpStream::connect(mtn.sandbox.addr()).await.unwrap();
    line.write_all(b"POST /mtn/collection/token/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    line.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 411 "), "{answer}");

    let caller = mtn.guinea("collection").await;
    let form = mtn
        .request(Method::POST, "/mtn/collection/token/")
        .basic_auth(&caller.user, Some(&caller.secret))
        .header("Ocp-Apim-Subscription-Key", &caller.key)
        .form(&[("grant_type", "client_credentials")]);
    let nothing = mtn.token_request(&caller).header("Content-Type", "application/x-www-form-urlencoded");
    mtn.send(nothing).await.ok();
    let page = mtn.send(form).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Request Rejected") && page.text.starts_with("<html>"), "{page:?}");
}

#[tokio::test]
async fn a_token_is_of_one_product_and_needs_its_word() {
    let mtn = Mtn::new().await;
    let (collection, disbursement) = (mtn.guinea("collection").await, mtn.guinea("disbursement").await);
    let borrowed = Caller { token: disbursement.token.clone(), ..collection.clone() };
    gateway_refuses(&mtn.get(&borrowed, "v1_0/account/balance").await, 401);
    let bare = mtn
        .request(Method::GET, "/mtn/collection/v1_0/account/balance")
        .header("Authorization", &collection.token)
        .header("Ocp-Apim-Subscription-Key", &collection.key)
        .header("X-Target-Environment", &collection.environment);
    gateway_refuses(&mtn.send(bare).await, 401);
}

/// Whatever is wrong further down, the first wrong thing decides.
#[tokio::test]
async fn headers_are_looked_at_in_order() {
    let mtn = Mtn::new().await;
    let good = mtn.guinea("collection").await;
    let taken = mtn.create(&good, ASK, &order()).await;
    let bad_body = json!({"amount": "x"});
    let bad_money = json!({"amount": "x", "currency": "XOF"});
    let elsewhere = "https://elsewhere.test/x";
    let post = async |caller: &Caller, id: &str, callback: Option<&str>, body: &Value| {
        let mut request = mtn.creation(caller, ASK, id, body);
        if let Some(url) = callback {
            request = request.header("X-Callback-Url", url);
        }
        mtn.send(request).await
    };

    let mut caller = Caller {
        key: "wrong".to_owned(),
        token: "wrong".to_owned(),
        environment: "mtnghana".to_owned(),
        ..good.clone()
    };
    let first = post(&caller, "x", Some(elsewhere), &bad_body).await;
    gateway_refuses(&first, 401);
    assert!(first.text.contains("subscription key"), "{first:?}");
    caller.key = good.key.clone();
    let second = post(&caller, "x", Some(elsewhere), &bad_body).await;
    gateway_refuses(&second, 401);
    assert!(!second.text.contains("subscription key"), "{second:?}");
    caller.token = good.token.clone();
    let third = post(&caller, "x", Some(elsewhere), &bad_body).await;
    wallet_refuses(&third, 500, "NOT_ALLOWED_TARGET_ENVIRONMENT");
    for id in ["x", "3f2504e0-4f89-11d3-9a0c-0305e82c3301"] {
        refuses_mutely(&post(&good, id, Some(elsewhere), &bad_body).await);
    }
    let duplicate = post(&good, &taken, Some(elsewhere), &bad_body).await;
    wallet_refuses(&duplicate, 409, "RESOURCE_ALREADY_EXIST");
    let fresh = new_id();
    for url in [elsewhere, "http://localhost/x", "127.0.0.1/x", ""] {
        let answer = post(&good, &fresh, Some(url), &bad_money).await;
        wallet_refuses(&answer, 500, "INVALID_CALLBACK_URL_HOST");
    }
    let callback = Some("http://127.0.0.1:1/x");
    wallet_refuses(&post(&good, &fresh, callback, &bad_money).await, 500, "INVALID_CURRENCY");
    refuses_mutely(&post(&good, &fresh, callback, &bad_body).await);
    wallet_refuses(&mtn.get(&good, &format!("{ASK}/{fresh}")).await, 404, "RESOURCE_NOT_FOUND");
    assert_eq!(post(&good, &fresh, None, &order()).await.status, 202, "nothing was created before");
}

#[tokio::test]
async fn bodies_are_refused_without_a_word() {
    let mtn = Mtn::new().await;
    let caller = mtn.guinea("collection").await;
    let with = |name: &str, value: Value| {
        let mut body = order();
        body[name] = value;
        body
    };
    let table = [
        with("amount", json!(15_000)),
        with("amount", json!("15000.00")),
        with("amount", json!("0")),
        with("amount", json!("-5")),
        with("amount", Value::Null),
        with("currency", Value::Null),
        with("payer", Value::Null),
        with("payer", json!({"partyIdType": "PHONE", "partyId": "224660000001"})),
        with("payer", json!({"partyIdType": "MSISDN", "partyId": ""})),
        with("payerMessage", json!("x".repeat(161))),
        with("payeeNote", json!("l'ordre")),
        with("payeeNote", json!("<b>")),
        with("payeeNote", json!("déjà")),
        with("externalId", json!(7)),
        json!([]),
    ];
    for body in table {
        refuses_mutely(&mtn.send(mtn.creation(&caller, ASK, &new_id(), &body)).await);
    }
    mtn.create(&caller, ASK, &with("payerMessage", json!("x".repeat(160)))).await;
}

#[tokio::test]
async fn an_ampersand_is_accepted_and_the_payment_is_lost() {
    let mtn = Mtn::new().await;
    let caller = mtn.guinea("collection").await;
    let mut order = order();
    order["payerMessage"] = json!("salt & pepper");
    let id = mtn.create(&caller, ASK, &order).await;
    wallet_refuses(&mtn.get(&caller, &format!("{ASK}/{id}")).await, 404, "RESOURCE_NOT_FOUND");
}

#[tokio::test]
async fn unknown_paths_are_the_gateways_and_double_slashes_nobodys() {
    let mtn = Mtn::new().await;
    let caller = mtn.guinea("collection").await;
    gateway_refuses(&mtn.get(&caller, "v2_0/transfer").await, 404);
    gateway_refuses(&mtn.get(&caller, "v1_0/requesttopay").await, 404);
    refuses_mutely(&mtn.get(&caller, "/v1_0/account/balance").await);
    refuses_mutely(&mtn.get(&caller, "v1_0/requesttopay/not-a-uuid").await);
}

#[tokio::test]
async fn how_long_a_token_lives_is_a_setting() {
    let mut config = sandbox::SandboxConfig::default();
    config.mtn.token_lifetime = Duration::from_secs(10);
    let mtn = Mtn { kit: crate::kit::Kit::with(config).await };
    let caller = mtn.guinea("remittance").await;
    mtn.advance(10);
    gateway_refuses(&mtn.get(&caller, "v1_0/account/balance").await, 401);
    let caller = mtn.with_token(caller).await;
    mtn.get(&caller, "v1_0/account/balance").await.ok();
}

#[tokio::test]
async fn a_body_of_no_said_kind_is_read_and_one_of_another_kind_is_not() {
    let mtn = Mtn::new().await;
    let caller = mtn.with_token(mtn.guinea("collection").await).await;
    let text = order().to_string();
    let plain =
        |id: &str| mtn.call(&caller, Method::POST, ASK).header("X-Reference-Id", id).body(text.clone());
    let accepted = mtn.send(plain(&new_id())).await;
    assert_eq!((accepted.status, accepted.text.as_str()), (202, ""));
    refuses_mutely(&mtn.send(plain(&new_id()).header("Content-Type", "text/plain")).await);
}
