//! Holders who agree to be known.

use reqwest::Method;
use serde_json::{Value, json};

use super::kit::{Caller, Mtn, gateway_refuses, refuses_mutely, wallet_refuses};
use crate::kit::Answer;

const GRANT: &str = "urn:openid:params:grant-type:ciba";

async fn ask(mtn: &Mtn, caller: &Caller, hint: &str) -> Answer {
    let form = [("login_hint", hint), ("scope", "profile"), ("access_type", "offline")];
    mtn.send(mtn.call(caller, Method::POST, "v1_0/bc-authorize").form(&form)).await
}

async fn exchange(mtn: &Mtn, caller: &Caller, asked: &Value) -> Answer {
    let id = asked["auth_req_id"].as_str().unwrap();
    let request = mtn
        .request(Method::POST, &format!("/mtn/{}/oauth2/token/", caller.product))
        .basic_auth(&caller.user, Some(&caller.secret))
        .header("Ocp-Apim-Subscription-Key", &caller.key)
        .header("X-Target-Environment", &caller.environment)
        .form(&[("grant_type", GRANT), ("auth_req_id", id)]);
    mtn.send(request).await
}

fn says(answer: &Answer, error: &str) {
    assert_eq!((answer.status, &answer.json()["error"]), (400, &json!(error)), "{answer:?}");
}

#[tokio::test]
async fn a_holder_agrees_on_the_phone_and_is_shown_once_asked() {
    let mtn = Mtn::new().await;
    let caller = mtn.guinea("collection").await;
    let person = json!({"msisdn": "224660000001", "behaviour": "normal", "name": "Awa Exemple"});
    mtn.control("mtn/people", &person).await.ok();
    let asked = ask(&mtn, &caller, "ID:224660000001/MSISDN").await.ok();
    assert_eq!((&asked["expires_in"], &asked["interval"]), (&json!(3600), &json!(5)));
    says(&exchange(&mtn, &caller, &asked).await, "authorization_pending");
    mtn.control("mtn/consents", &json!({"reference": "224660000001"})).await.ok();
    let token = exchange(&mtn, &caller, &asked).await.ok();
    assert_eq!(token["scope"], "profile");
    assert!(token["refresh_token"].is_string());
    says(&exchange(&mtn, &caller, &asked).await, "invalid_grant");
    let consented = Caller { token: token["access_token"].as_str().unwrap().to_owned(), ..caller.clone() };
    let info = mtn.get(&consented, "oauth2/v1_0/userinfo").await.ok();
    assert_eq!([&info["given_name"], &info["family_name"]], ["Awa", "Exemple"]);
    gateway_refuses(&mtn.get(&consented, "v1_0/account/balance").await, 401);
    gateway_refuses(&mtn.get(&caller, "oauth2/v1_0/userinfo").await, 401);
}

#[tokio::test]
async fn consent_may_be_refused_run_out_or_be_asked_of_nobody() {
    let mtn = Mtn::new().await;
    let caller = mtn.guinea("collection").await;
    wallet_refuses(&ask(&mtn, &caller, "ID:224660009901/MSISDN").await, 404, "RESOURCE_NOT_FOUND");
    refuses_mutely(&ask(&mtn, &caller, "224660000001").await);
    let asked = ask(&mtn, &caller, "ID:224660000001/MSISDN").await.ok();
    let wish = json!({"reference": asked["auth_req_id"], "outcome": "decline"});
    mtn.control("mtn/consents", &wish).await.ok();
    says(&exchange(&mtn, &caller, &asked).await, "access_denied");
    mtn.control("mtn/consents", &wish).await.refused(409, "conflict");
    let late = ask(&mtn, &caller, "ID:224660000001/MSISDN").await.ok();
    mtn.advance(3_600);
    says(&exchange(&mtn, &caller, &late).await, "expired_token");

    let sandbox = mtn.provisioned("remittance").await;
    let at = async |tail: u32| ask(&mtn, &sandbox, &format!("ID:46733123{tail}/MSISDN")).await;
    wallet_refuses(&at(450).await, 404, "RESOURCE_NOT_FOUND");
    for (tail, error) in [(451, "access_denied"), (452, "authorization_pending"), (453, "expired_token")] {
        says(&exchange(&mtn, &sandbox, &at(tail).await.ok()).await, error);
    }
    exchange(&mtn, &sandbox, &at(999).await.ok()).await.ok();
}
