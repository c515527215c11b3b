//! Transfers, deposits, refunds and remittances: money that leaves the wallet.

use sandbox::{Database, SandboxConfig};
use serde_json::{Value, json};

use super::kit::{Caller, GUINEA, Mtn, body, gateway_refuses, new_id, wallet_refuses};
use crate::kit::Kit;

const PAY: &str = "v1_0/transfer";

fn transfer(number: &str, amount: &str) -> Value {
    body("payee", number, amount, "GNF", "out")
}

fn pair(status: &str, reason: &str) -> (String, String) {
    (status.to_owned(), reason.to_owned())
}

fn refund(collection: &str, amount: &str, external_id: &str) -> Value {
    json!({
        "amount": amount, "currency": "GNF", "externalId": external_id, "payerMessage": "Refund",
        "payeeNote": "Refund", "referenceIdToRefund": collection,
    })
}

#[tokio::test]
async fn a_transfer_debits_the_one_wallet_that_every_product_sees() {
    let mtn = Mtn::new().await;
    let caller = mtn.guinea("disbursement").await;
    let id = mtn.create(&caller, PAY, &transfer("224660000001", "1000000")).await;
    let seen = mtn.status(&caller, PAY, &id).await;
    assert_eq!(seen["status"], "SUCCESSFUL");
    assert_eq!(seen["payee"]["partyId"], "224660000001");
    assert!(seen.get("payer").is_none() && seen["financialTransactionId"].is_string());
    for product in ["collection", "disbursement", "remittance"] {
        let caller = mtn.guinea(product).await;
        let balance = mtn.get(&caller, "v1_0/account/balance").await.ok();
        assert_eq!(balance, json!({"availableBalance": "499000000", "currency": "GNF"}));
        mtn.get(&caller, "v1_0/account/balance/GNF").await.ok();
        wallet_refuses(&mtn.get(&caller, "v1_0/account/balance/EUR").await, 500, "INVALID_CURRENCY");
    }
    let remittance = mtn.guinea("remittance").await;
    for path in ["v1_0/transfer", "v2_0/cashtransfer"] {
        let id = mtn.create(&remittance, path, &transfer("224660000001", "1000000")).await;
        assert_eq!(mtn.outcome_of(&remittance, path, &id).await, pair("SUCCESSFUL", ""));
    }
    let id = mtn.create(&caller, "v2_0/deposit", &transfer("224660000001", "1000000")).await;
    assert_eq!(mtn.outcome_of(&caller, "v1_0/deposit", &id).await, pair("SUCCESSFUL", ""));
    assert_eq!(mtn.wallet(GUINEA).await, "496000000");
    let facts = mtn.record().await;
    let sum: i64 = facts.iter().map(|fact| fact["effect"].as_str().unwrap().parse::<i64>().unwrap()).sum();
    assert_eq!((facts.len(), sum), (4, -4_000_000));
    let other = mtn.get(&remittance, &format!("v1_0/transfer/{id}")).await;
    wallet_refuses(&other, 404, "RESOURCE_NOT_FOUND");
}

#[tokio::test]
async fn an_empty_wallet_pays_nobody() {
    let mtn = Mtn::new().await;
    let caller = mtn.guinea("disbursement").await;
    let outcome = mtn.outcome(&caller, PAY, &transfer("224660000001", "500000001")).await;
    assert_eq!(outcome, pair("FAILED", "NOT_ENOUGH_FUNDS"));
    let waits = mtn.create(&caller, PAY, &transfer("224660009908", "300000000")).await;
    assert_eq!(mtn.wallet(GUINEA).await, "500000000", "what is pending has moved nothing");
    assert_eq!(
        mtn.outcome(&caller, PAY, &transfer("224660000001", "500000000")).await,
        pair("SUCCESSFUL", "")
    );
    assert_eq!(mtn.wallet(GUINEA).await, "0");
    mtn.advance(2);
    assert_eq!(mtn.outcome_of(&caller, PAY, &waits).await, pair("FAILED", "NOT_ENOUGH_FUNDS"));
    assert_eq!(mtn.wallet(GUINEA).await, "0");
}

#[tokio::test]
async fn endings_of_numbers_say_what_becomes_of_payees() {
    let mtn = Mtn::new().await;
    let caller = mtn.guinea("disbursement").await;
    let at_once = [
        ("9901", "PAYEE_NOT_FOUND"),
        ("9902", "PAYEE_NOT_ALLOWED_TO_RECEIVE"),
        ("9905", "NOT_ENOUGH_FUNDS"),
        ("9906", "INTERNAL_PROCESSING_ERROR"),
    ];
    for (ending, reason) in at_once {
        let outcome = mtn.outcome(&caller, PAY, &transfer(&format!("22466000{ending}"), "5")).await;
        assert_eq!(outcome, pair("FAILED", reason), "{ending}");
    }
    let wrong = mtn.outcome(&caller, PAY, &transfer("+224660000001", "5")).await;
    assert_eq!(wrong, pair("FAILED", "PAYEE_NOT_FOUND"));
    let later = [
        ("9907", 2, "FAILED", "PAYEE_NOT_ALLOWED_TO_RECEIVE"),
        ("9908", 2, "SUCCESSFUL", ""),
        ("9909", 3_600, "SUCCESSFUL", ""),
    ];
    for (ending, seconds, status, reason) in later {
        let caller = mtn.with_token(caller.clone()).await;
        let id = mtn.create(&caller, PAY, &transfer(&format!("22466000{ending}"), "5")).await;
        assert_eq!(mtn.outcome_of(&caller, PAY, &id).await, pair("PENDING", ""), "{ending}");
        mtn.advance(seconds);
        let caller = mtn.with_token(caller).await;
        assert_eq!(mtn.outcome_of(&caller, PAY, &id).await, pair(status, reason), "{ending}");
    }
    let stuck = mtn.create(&mtn.with_token(caller.clone()).await, PAY, &transfer("224660009909", "5")).await;
    mtn.settle(json!({"reference": stuck})).await;
    assert_eq!(mtn.wallet(GUINEA).await, "499999985");
}

#[tokio::test]
async fn the_portal_tops_a_wallet_up_and_sweeps_it() {
    let mtn = Mtn::new().await;
    let float = async |path: &str, amount: &str| {
        mtn.control(path, &json!({"wallet": GUINEA, "amount": amount})).await
    };
    float("mtn/sweep", "500000001").await.refused(409, "conflict");
    float("mtn/sweep", "500000000").await.ok();
    let caller = mtn.guinea("disbursement").await;
    assert_eq!(mtn.outcome(&caller, PAY, &transfer("224660000001", "1")).await.1, "NOT_ENOUGH_FUNDS");
    float("mtn/top_up", "1000").await.ok();
    assert_eq!(mtn.outcome(&caller, PAY, &transfer("224660000001", "1")).await, pair("SUCCESSFUL", ""));
    let facts: Vec<_> = mtn.record().await;
    let told: Vec<_> =
        facts.iter().map(|fact| (fact["kind"].as_str().unwrap(), fact["effect"].as_str().unwrap())).collect();
    let expected =
        [("sweep", "-500000000"), ("disbursement", "0"), ("top_up", "1000"), ("disbursement", "-1")];
    assert_eq!((told.as_slice(), mtn.wallet(GUINEA).await.as_str()), (&expected[..], "999"));
}

#[tokio::test]
async fn books_outlive_the_program_and_a_reset_empties_them() {
    let path = std::env::temp_dir().join(format!("sandbox-mtn-{}.db", new_id()));
    let config = || SandboxConfig { database: Database::File(path.clone()), ..SandboxConfig::default() };
    let mtn = Mtn { kit: Kit::with(config()).await };
    let caller = mtn.guinea("disbursement").await;
    let slow = mtn.create(&caller, PAY, &transfer("224660009909", "1000")).await;
    mtn.create(&caller, PAY, &transfer("224660000001", "1000")).await;
    let facts = mtn.record().await;
    mtn.kit.sandbox.stop().await;

    let mtn = Mtn { kit: Kit::with(config()).await };
    assert_eq!((mtn.record().await, mtn.wallet(GUINEA).await.as_str()), (facts, "499999000"));
    assert_eq!(mtn.outcome_of(&caller, PAY, &slow).await, pair("PENDING", ""), "the token is good too");
    mtn.advance(3_600);
    let caller = mtn.with_token(caller).await;
    assert_eq!(mtn.outcome_of(&caller, PAY, &slow).await, pair("SUCCESSFUL", ""));
    mtn.control("reset", &json!({})).await.ok();
    assert_eq!((mtn.record().await.len(), mtn.wallet(GUINEA).await.as_str()), (0, "500000000"));
    let caller = mtn.with_token(caller).await;
    let gone = mtn.get(&caller, &format!("{PAY}/{slow}")).await;
    wallet_refuses(&gone, 404, "RESOURCE_NOT_FOUND");
    mtn.kit.sandbox.stop().await;
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }
}

async fn paid(mtn: &Mtn, collection: &Caller, number: &str, external_id: &str) -> String {
    let order = body("payer", number, "15000", "GNF", external_id);
    let id = mtn.create(collection, "v1_0/requesttopay", &order).await;
    mtn.settle(json!({"reference": id})).await;
    id
}

#[tokio::test]
async fn a_refund_gives_back_no_more_than_is_left_of_a_paid_collection() {
    let mtn = Mtn::new().await;
    let (collection, caller) = (mtn.guinea("collection").await, mtn.guinea("disbursement").await);
    let one = paid(&mtn, &collection, "224660000001", "pay_1").await;
    let id = mtn.create(&caller, "v1_0/refund", &refund(&one, "10000", "rfd_1")).await;
    let seen = mtn.status(&caller, "v1_0/refund", &id).await;
    assert_eq!((&seen["status"], &seen["payee"]["partyId"]), (&json!("SUCCESSFUL"), &json!("224660000001")));
    let outcome = mtn.outcome(&caller, "v1_0/refund", &refund(&one, "5001", "rfd_2")).await;
    assert_eq!(outcome, pair("FAILED", "NOT_ALLOWED"));
    let rest = mtn.create(&caller, "v2_0/refund", &refund(&one, "5000", "rfd_3")).await;
    assert_eq!(mtn.outcome_of(&caller, "v1_0/refund", &rest).await, pair("SUCCESSFUL", ""));
    assert_eq!(mtn.wallet(GUINEA).await, "500000000");

    let outcome = mtn.outcome(&caller, "v1_0/refund", &refund(&new_id(), "5", "x")).await;
    assert_eq!(outcome, pair("FAILED", "TRANSACTION_NOT_FOUND"));
    let order = body("payer", "224660000001", "15000", "GNF", "open");
    let open = mtn.create(&collection, "v1_0/requesttopay", &order).await;
    let outcome = mtn.outcome(&caller, "v1_0/refund", &refund(&open, "5", "x")).await;
    assert_eq!(outcome, pair("FAILED", "NOT_ALLOWED"));
    let kinds: Vec<_> = mtn.record().await.iter().map(|fact| fact["kind"].clone()).collect();
    assert_eq!(kinds, ["collection", "refund", "refund", "refund", "refund", "refund"]);
}

#[tokio::test]
async fn a_refund_on_its_way_is_counted() {
    let mtn = Mtn::new().await;
    let (collection, caller) = (mtn.guinea("collection").await, mtn.guinea("disbursement").await);
    let slow = paid(&mtn, &collection, "224660009907", "pay_1").await;
    let first = mtn.create(&caller, "v1_0/refund", &refund(&slow, "15000", "rfd_1")).await;
    let outcome = mtn.outcome(&caller, "v1_0/refund", &refund(&slow, "1", "rfd_2")).await;
    assert_eq!(outcome, pair("FAILED", "NOT_ALLOWED"));
    mtn.advance(2);
    assert_eq!(mtn.outcome_of(&caller, "v1_0/refund", &first).await.0, "FAILED");
    let again = mtn.create(&caller, "v1_0/refund", &refund(&slow, "15000", "rfd_3")).await;
    mtn.settle(json!({"reference": again})).await;
    assert_eq!(mtn.outcome_of(&caller, "v1_0/refund", &again).await, pair("SUCCESSFUL", ""));
}

#[tokio::test]
async fn accounts_may_be_kept_from_writing_or_blocked() {
    let mtn = Mtn::new().await;
    let caller = mtn.guinea("disbursement").await;
    let users = mtn.look("mtn/users").await;
    let user = users["data"].as_array().unwrap().iter().find(|user| user["user"] == caller.user).unwrap();
    let set = async |name: &str, value: bool| {
        let mut user = user.clone();
        user[name] = json!(value);
        mtn.control("mtn/users", &user).await.ok();
    };
    set("may_write", false).await;
    let malformed = mtn.creation(&caller, PAY, "x", &json!({}));
    gateway_refuses(&mtn.send(malformed).await, 403);
    mtn.get(&caller, "v1_0/account/balance").await.ok();
    mtn.get(&caller, "v1_0/accountholder/msisdn/224660000001/active").await.ok();
    set("blocked", true).await;
    let refused = mtn.creation(&caller, PAY, &new_id(), &transfer("224660000001", "5"));
    wallet_refuses(&mtn.send(refused).await, 500, "NOT_ALLOWED");
}
