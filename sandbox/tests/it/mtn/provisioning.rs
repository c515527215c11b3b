//! API users made by API, in the sandbox only.

use reqwest::Method;
use serde_json::json;

use super::kit::{GUINEA, Mtn, body, gateway_refuses, new_id, refuses_mutely, wallet_refuses};

const KEY: &str = "mtn_sandbox_primary_collection";

#[tokio::test]
async fn a_user_a_key_and_a_look() {
    let mtn = Mtn::new().await;
    let user = new_id();
    let made = mtn.provision(KEY, &user, "pay.example.test").await;
    assert_eq!((made.status, made.text.as_str()), (201, ""));
    wallet_refuses(&mtn.provision(KEY, &user, "other.example.test").await, 409, "RESOURCE_ALREADY_EXIST");
    let look = mtn.request(Method::GET, &format!("/mtn/v1_0/apiuser/{user}"));
    let seen = mtn.send(look.header("Ocp-Apim-Subscription-Key", KEY)).await.ok();
    assert_eq!(seen, json!({"providerCallbackHost": "pay.example.test", "targetEnvironment": "sandbox"}));
    let made = mtn.post_empty(&format!("v1_0/apiuser/{user}/apikey"), KEY).await;
    let key = made.json()["apiKey"].as_str().unwrap().to_owned();
    assert_eq!(made.status, 201);
    assert!(key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit()), "{key}");
    let unknown = mtn.post_empty(&format!("v1_0/apiuser/{}/apikey", new_id()), KEY).await;
    wallet_refuses(&unknown, 404, "RESOURCE_NOT_FOUND");
}

#[tokio::test]
async fn a_user_needs_a_version_four_id_a_bare_host_and_a_key_of_the_sandbox() {
    let mtn = Mtn::new().await;
    for id in ["", "x", "3f2504e0-4f89-11d3-9a0c-0305e82c3301"] {
        refuses_mutely(&mtn.provision(KEY, id, "pay.example.test").await);
    }
    for host in ["", "https://pay.example.test", "pay.example.test/callbacks", "pay.example.test:8080"] {
        refuses_mutely(&mtn.provision(KEY, &new_id(), host).await);
    }
    gateway_refuses(&mtn.provision("nothing", &new_id(), "pay.example.test").await, 401);
    gateway_refuses(&mtn.provision("mtn_sandbox_collection_key", &new_id(), "pay.example.test").await, 404);
    let bare = mtn.request(Method::GET, &format!("/mtn/v1_0/apiuser/{}", new_id()));
    gateway_refuses(&mtn.send(bare).await, 401);
}

#[tokio::test]
async fn a_user_of_one_product_gets_a_token_for_another_and_no_further() {
    let mtn = Mtn::new().await;
    let mut caller = mtn.provisioned("collection").await;
    (caller.product, caller.key) = ("disbursement", "mtn_sandbox_primary_disbursement".to_owned());
    let stranger = mtn.with_token(caller).await;
    let answer = mtn.get(&stranger, "v1_0/account/balance").await;
    wallet_refuses(&answer, 500, "NOT_ALLOWED_TARGET_ENVIRONMENT");
    let sent = body("payee", "46733123999", "5", "EUR", "x");
    let answer = mtn.send(mtn.creation(&stranger, "v1_0/transfer", &new_id(), &sent)).await;
    wallet_refuses(&answer, 500, "NOT_ALLOWED_TARGET_ENVIRONMENT");
}

#[tokio::test]
async fn a_user_of_the_sandbox_is_none_of_a_market() {
    let mtn = Mtn::new().await;
    let mut caller = mtn.provisioned("collection").await;
    caller.key = "mtn_sandbox_collection_key".to_owned();
    let refused = mtn.send(mtn.token_request(&caller)).await;
    assert_eq!((refused.status, refused.json()["error"].is_string()), (401, true));
    caller.environment = GUINEA.to_owned();
    let answer = mtn.get(&caller, "v1_0/account/balance").await;
    wallet_refuses(&answer, 500, "NOT_ALLOWED_TARGET_ENVIRONMENT");
}
