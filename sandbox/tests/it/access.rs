//! Who may do what: keys, scopes, wallets, addresses and signatures.

use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{CI, Kit, SN, payout, session, signature};

/// The Senegalese wallet with one more key.
fn wallet(key: &Value) -> Value {
    json!({"wallet": "sn", "country": "SN", "keys": [key]})
}

#[tokio::test]
async fn five_ways_to_have_no_key() {
    let kit = Kit::new().await;
    kit.control("wave/wallets", &wallet(&json!({"key": "old", "revoked": true}))).await.ok();
    let table = [
        (None, "missing-auth-header"),
        (Some("Basic d2F2ZQ=="), "invalid-auth"),
        (Some("nonsense"), "invalid-auth"),
        (Some("Bearer a b"), "invalid-auth"),
        (Some("Bearer "), "api-key-not-provided"),
        (Some("Bearer"), "api-key-not-provided"),
        (Some("Bearer wave_sn_prod_unknown"), "no-matching-api-key"),
        (Some("Bearer old"), "api-key-revoked"),
    ];
    for (header, code) in table {
        let request = kit.request(Method::GET, "/wave/v1/balance");
        let request = match header {
            Some(value) => request.header("Authorization", value),
            None => request,
        };
        kit.send(request).await.refused(401, code);
    }
}

#[tokio::test]
async fn a_key_sees_its_own_wallet_only() {
    let kit = Kit::new().await;
    let session = kit.session("order", "1000").await;
    let paid = kit.pay("order").await;
    let id = session["id"].as_str().unwrap();
    let transaction = paid["transaction_id"].as_str().unwrap();
    let sent = kit.pay_out("k", &payout("po", "1000", "+221770003344")).await.ok();
    let sent = sent["id"].as_str().unwrap();

    let get = async |path: String| kit.get_as(CI, &path).await;
    let not_found = "checkout-session-not-found";
    get(format!("/wave/v1/checkout/sessions/{id}")).await.refused(404, not_found);
    get(format!("/wave/v1/checkout/sessions?transaction_id={transaction}")).await.refused(404, not_found);
    get(format!("/wave/v1/payout/{sent}")).await.refused(404, "not-found");
    let search = get("/wave/v1/checkout/sessions/search?client_reference=order".to_owned()).await.ok();
    assert_eq!(search, json!({"result": []}));
    let search = get("/wave/v1/payouts/search?client_reference=po".to_owned()).await.ok();
    assert_eq!(search, json!({"result": []}));
    let lines = get("/wave/v1/transactions".to_owned()).await.ok();
    assert_eq!(lines["items"], json!([]));
    for path in [
        format!("/wave/v1/checkout/sessions/{id}/refund"),
        format!("/wave/v1/checkout/sessions/{id}/expire"),
        format!("/wave/v1/transactions/{transaction}/refund"),
        format!("/wave/v1/payout/{sent}/reverse"),
    ] {
        let answer = kit.send(kit.request(Method::POST, &path).bearer_auth(CI)).await;
        assert_eq!(answer.status, 404, "{path} {answer:?}");
    }
}

#[tokio::test]
async fn scopes_wallet_flags_and_addresses_are_403() {
    let kit = Kit::new().await;
    let portal = json!({"wallet": "sn", "country": "SN", "keys": [
        {"key": "checkout", "scopes": ["checkout"]},
        {"key": "payout", "scopes": ["payout"]},
        {"key": "balance", "scopes": ["balance"]},
        {"key": "elsewhere", "allowed_ips": ["192.0.2.7"]},
        {"key": "here", "allowed_ips": ["192.0.2.7", "127.0.0.1"]},
    ]});
    kit.control("wave/wallets", &portal).await.ok();
    let paths = [
        ("/wave/v1/checkout/sessions/cos-x", "checkout", 404),
        ("/wave/v1/payout/pt-x", "payout", 404),
        ("/wave/v1/payouts/search?client_reference=x", "payout", 200),
        ("/wave/v1/balance", "balance", 200),
        ("/wave/v1/transactions", "balance", 200),
    ];
    for (path, scope, status) in paths {
        for key in ["checkout", "payout", "balance"] {
            let answer = kit.get_as(key, path).await;
            match key == scope {
                true => assert_eq!(answer.status, status, "{path} {answer:?}"),
                false => answer.refused(403, "missing-permission"),
            }
        }
    }
    kit.get_as("elsewhere", "/wave/v1/balance").await.refused(403, "ip-not-allowed");
    kit.get_as("here", "/wave/v1/balance").await.ok();

    let no_payouts = json!({"wallet": "sn", "country": "SN", "apis": ["checkout", "balance"]});
    kit.control("wave/wallets", &no_payouts).await.ok();
    kit.get("/wave/v1/payout/pt-x").await.refused(403, "invalid-wallet");
    let disabled = json!({"wallet": "sn", "country": "SN", "disabled": true});
    kit.control("wave/wallets", &disabled).await.ok();
    kit.get("/wave/v1/transactions").await.refused(403, "disabled-wallet");
    assert_eq!(kit.balance().await, 50_000_000, "the balance endpoint still answers");
}

#[tokio::test]
async fn a_signing_key_needs_a_true_and_timely_signature() {
    let kit = Kit::new().await;
    let secret = "wave_sn_AKS_test";
    kit.control("wave/wallets", &wallet(&json!({"key": "signed", "signing_secret": secret}))).await.ok();
    let now = kit.sandbox.clock().now().timestamp();
    let body = session("order", "1000").to_string();
    let send = async |header: Option<String>, sent: &str| {
        let request = kit
            .request(Method::POST, "/wave/v1/checkout/sessions")
            .bearer_auth("signed")
            .header("Content-Type", "application/json")
            .body(sent.to_owned());
        kit.send(match header {
            Some(header) => request.header("Wave-Signature", header),
            None => request,
        })
        .await
    };
    let sign = |secret: &str, t: i64| format!("t={t},v1={}", signature(secret, t, body.as_bytes()));

    send(Some(sign(secret, now)), &body).await.ok();
    send(Some(sign(secret, now - 290)), &body).await.ok();
    send(Some(sign(secret, now + 25)), &body).await.ok();
    send(None, &body).await.refused(401, "missing-signature");
    send(Some(sign("wave_sn_WHS_sandbox", now)), &body).await.refused(401, "invalid-signature");
    send(Some(sign(secret, now - 320)), &body).await.refused(401, "invalid-signature");
    send(Some(sign(secret, now + 45)), &body).await.refused(401, "invalid-signature");
    send(Some("t=1".to_owned()), &body).await.refused(401, "invalid-signature");
    let dotted = signature(secret, now, format!(".{body}").as_bytes());
    send(Some(format!("t={now},v1={dotted}")), &body).await.refused(401, "invalid-signature");
    // The same JSON with other spaces is another body.
    let spaced = body.replace(':', ": ");
    send(Some(sign(secret, now)), &spaced).await.refused(401, "invalid-signature");

    // Without a body, the timestamp alone is signed.
    let get = kit.request(Method::GET, "/wave/v1/balance").bearer_auth("signed");
    let get = get.header("Wave-Signature", format!("t={now},v1={}", signature(secret, now, b"")));
    kit.send(get).await.ok();
}

#[tokio::test]
async fn unknown_paths_are_404_and_wrong_methods_405() {
    let kit = Kit::new().await;
    kit.get("/wave/v1/nothing").await.refused(404, "not-found");
    kit.get("/wave/v1/payouts-batch/pb-x").await.refused(404, "not-found");
    let put = kit.request(Method::PUT, "/wave/v1/payout").bearer_auth(SN);
    kit.send(put).await.refused(405, "method-not-allowed");
    kit.post("/wave/v1/balance").await.refused(405, "method-not-allowed");
}

#[tokio::test]
async fn bodies_must_be_json_of_modest_size() {
    let kit = Kit::new().await;
    let send = async |kind: Option<&str>, body: String| {
        let request = kit.request(Method::POST, "/wave/v1/checkout/sessions").bearer_auth(SN).body(body);
        kit.send(match kind {
            Some(kind) => request.header("Content-Type", kind),
            None => request,
        })
        .await
    };
    let body = session("order", "1000").to_string();
    send(Some("application/json; charset=utf-8"), body.clone()).await.ok();
    send(None, body.clone()).await.refused(400, "request-not-json");
    send(Some("text/plain"), body).await.refused(400, "request-not-json");
    send(Some("application/json"), "{\"amount\":".to_owned()).await.refused(400, "request-parsing-error");
    send(Some("application/json"), "[]".to_owned()).await.refused(400, "request-validation-error");
    send(Some("application/json"), " ".repeat(2 << 20)).await.refused(413, "request-validation-error");
}
