//! Looking people up before paying them.

use serde_json::json;

use super::kit::{GUINEA, Mtn, refuses_mutely, wallet_refuses};

fn active(kind: &str, id: &str) -> String {
    format!("v1_0/accountholder/{kind}/{id}/active")
}

#[tokio::test]
async fn everybody_is_active_in_the_sandbox_but_for_test_values() {
    let mtn = Mtn::new().await;
    let caller = mtn.provisioned("collection").await;
    for (kind, id) in [("msisdn", "46733123999"), ("msisdn", "1"), ("email", "a@b.test"), ("party_code", "x")]
    {
        assert_eq!(mtn.get(&caller, &active(kind, id)).await.ok(), json!({"result": true}), "{id}");
    }
    let numbers = (450..456).map(|tail| ("msisdn", format!("46733123{tail}")));
    let names = ["notfound", "notactive", "notallowed", "notallowedtargetenvironment"];
    let names = names.into_iter().chain(["internalprocessingerror", "serviceunavailable"]);
    let emails = names.map(|name| ("email", format!("{name}@email.com")));
    let expected = [
        (404, "RESOURCE_NOT_FOUND"),
        (200, ""),
        (500, "NOT_ALLOWED"),
        (500, "NOT_ALLOWED_TARGET_ENVIRONMENT"),
        (500, "INTERNAL_PROCESSING_ERROR"),
        (503, "SERVICE_UNAVAILABLE"),
    ];
    for ((kind, id), (status, code)) in numbers.chain(emails).zip(expected.into_iter().cycle()) {
        let answer = mtn.get(&caller, &active(kind, &id)).await;
        match status {
            200 => assert_eq!(answer.ok(), json!({"result": false}), "{id}"),
            status => wallet_refuses(&answer, status, code),
        }
    }
    refuses_mutely(&mtn.get(&caller, &active("MSISDN", "46733123999")).await);
    mtn.set("sandbox", "strict_holders", json!(true)).await;
    assert_eq!(mtn.get(&caller, &active("msisdn", "1")).await.ok(), json!({"result": false}));
}

#[tokio::test]
async fn a_market_knows_its_numbers() {
    let mtn = Mtn::new().await;
    let caller = mtn.guinea("disbursement").await;
    let table = [
        ("224660000001", true),
        ("+224660000001", false),
        ("660000001", false),
        ("224660009901", false),
        ("224660009902", false),
    ];
    for (number, expected) in table {
        let answer = mtn.get(&caller, &active("msisdn", number)).await.ok();
        assert_eq!(answer, json!({"result": expected}), "{number}");
    }
    mtn.set(GUINEA, "strict_holders", json!(false)).await;
    assert_eq!(mtn.get(&caller, &active("msisdn", "1")).await.ok(), json!({"result": true}));
}

#[tokio::test]
async fn people_have_names() {
    let mtn = Mtn::new().await;
    let caller = mtn.guinea("disbursement").await;
    let wish = json!({"msisdn": "224660000001", "behaviour": "normal", "name": "Awa Exemple Diallo"});
    mtn.control("mtn/people", &wish).await.ok();
    let info = mtn.get(&caller, "v1_0/accountholder/msisdn/224660000001/basicuserinfo").await.ok();
    assert_eq!((&info["given_name"], &info["family_name"]), (&json!("Awa"), &json!("Exemple Diallo")));
    let nobody = mtn.get(&caller, "v1_0/accountholder/msisdn/224660009901/basicuserinfo").await;
    wallet_refuses(&nobody, 404, "RESOURCE_NOT_FOUND");
}
