//! Requests to pay, in a market and in the sandbox.

use serde_json::{Value, json};

use super::kit::{GUINEA, Mtn, body, new_id, wallet_refuses};

const ASK: &str = "v1_0/requesttopay";

fn order(number: &str, external_id: &str) -> Value {
    body("payer", number, "15000", "GNF", external_id)
}

fn pair(status: &str, reason: &str) -> (String, String) {
    (status.to_owned(), reason.to_owned())
}

#[tokio::test]
async fn a_payer_approves_on_the_phone_and_the_wallet_grows() {
    let mtn = Mtn::new().await;
    let caller = mtn.guinea("collection").await;
    let id = mtn.create(&caller, ASK, &order("224660000001", "pay_1")).await;
    let seen = mtn.status(&caller, ASK, &id).await;
    let expected = json!({
        "amount": "15000", "currency": "GNF", "externalId": "pay_1", "payerMessage": "Order 7",
        "payeeNote": "Order 7", "status": "PENDING",
        "payer": {"partyIdType": "MSISDN", "partyId": "224660000001"},
    });
    assert_eq!(seen, expected, "no transaction id and no reason yet");
    mtn.settle(json!({"reference": "pay_1", "outcome": "abandon"})).await;
    assert_eq!(mtn.status(&caller, ASK, &id).await, expected);
    mtn.settle(json!({"reference": id})).await;
    let seen = mtn.status(&caller, ASK, &id).await;
    assert_eq!(seen["status"], "SUCCESSFUL");
    let transaction = seen["financialTransactionId"].as_str().unwrap();
    assert!(transaction.len() == 10 && transaction.bytes().all(|byte| byte.is_ascii_digit()));
    assert!(seen.get("reason").is_none());
    assert_eq!(mtn.wallet(GUINEA).await, "500015000");
    let facts = mtn.record().await;
    assert_eq!(facts.len(), 1);
    let fact = &facts[0];
    assert_eq!(
        [&fact["id"], &fact["kind"], &fact["reference"], &fact["amount"], &fact["effect"], &fact["status"]],
        [
            &json!(id),
            &json!("collection"),
            &json!("pay_1"),
            &json!("15000"),
            &json!("15000"),
            &json!("succeeded")
        ],
    );
    let again = mtn.control("mtn/pay", &json!({"reference": "pay_1"})).await;
    again.refused(409, "conflict");
    mtn.control("mtn/pay", &json!({"reference": "other"})).await.refused(404, "not_found");
    assert_eq!(mtn.wallet(GUINEA).await, "500015000", "once");
}

#[tokio::test]
async fn a_failure_is_a_200_with_a_reason_in_either_shape() {
    let mtn = Mtn::new().await;
    let caller = mtn.guinea("collection").await;
    let id = mtn.create(&caller, ASK, &order("224660000001", "pay_1")).await;
    mtn.settle(json!({"reference": "pay_1", "outcome": "decline"})).await;
    let seen = mtn.status(&caller, ASK, &id).await;
    assert_eq!((&seen["status"], &seen["reason"]), (&json!("FAILED"), &json!("APPROVAL_REJECTED")));
    assert!(seen.get("financialTransactionId").is_none());
    mtn.set(GUINEA, "reason", json!("object")).await;
    let seen = mtn.status(&caller, ASK, &id).await;
    assert_eq!(seen["reason"]["code"], "APPROVAL_REJECTED");
    assert!(seen["reason"]["message"].is_string());
    mtn.create(&caller, ASK, &order("224660000001", "pay_2")).await;
    let wish = json!({"reference": "pay_2", "outcome": "decline", "code": "TRANSACTION_CANCELED"});
    assert_eq!(mtn.settle(wish).await["reason"]["code"], "TRANSACTION_CANCELED");
    assert_eq!(mtn.wallet(GUINEA).await, "500000000");
    assert!(mtn.record().await.iter().all(|fact| fact["effect"] == "0" && fact["status"] == "failed"));
}

#[tokio::test]
async fn nobody_approves_after_five_minutes() {
    let mtn = Mtn::new().await;
    let caller = mtn.guinea("collection").await;
    let id = mtn.create(&caller, ASK, &order("224660000001", "pay_1")).await;
    mtn.advance(295);
    assert_eq!(mtn.outcome_of(&caller, ASK, &id).await, pair("PENDING", ""));
    mtn.advance(5);
    assert_eq!(mtn.outcome_of(&caller, ASK, &id).await, pair("FAILED", "COULD_NOT_PERFORM_TRANSACTION"));
    mtn.control("mtn/pay", &json!({"reference": "pay_1"})).await.refused(409, "conflict");
}

#[tokio::test]
async fn a_repeated_reference_is_a_duplicate_whatever_it_says() {
    let mtn = Mtn::new().await;
    let caller = mtn.guinea("collection").await;
    let id = mtn.create(&caller, ASK, &order("224660000001", "pay_1")).await;
    let other = body("payer", "224660000002", "99", "GNF", "other");
    for id in [id.clone(), id.to_uppercase()] {
        let answer = mtn.send(mtn.creation(&caller, ASK, &id, &other)).await;
        wallet_refuses(&answer, 409, "RESOURCE_ALREADY_EXIST");
    }
    assert_eq!(mtn.status(&caller, ASK, &id).await["externalId"], "pay_1");
    mtn.create(&caller, ASK, &order("224660000001", "pay_1")).await;
    let unknown = mtn.get(&caller, &format!("{ASK}/{}", new_id())).await;
    wallet_refuses(&unknown, 404, "RESOURCE_NOT_FOUND");
}

#[tokio::test]
async fn wrong_numbers_are_accepted_and_nobody_is_found() {
    let mtn = Mtn::new().await;
    let caller = mtn.guinea("collection").await;
    for number in ["+224660000001", "00224660000001", "660000001", "0660000001", "225660000001", "abc"] {
        let outcome = mtn.outcome(&caller, ASK, &order(number, "x")).await;
        assert_eq!(outcome, pair("FAILED", "PAYER_NOT_FOUND"), "{number}");
    }
    let sandbox = mtn.provisioned("collection").await;
    let outcome = mtn.outcome(&sandbox, ASK, &body("payer", "+46733123999", "5", "EUR", "x")).await;
    assert_eq!(outcome, pair("FAILED", "PAYER_NOT_FOUND"));
}

#[tokio::test]
async fn endings_of_numbers_say_what_payers_do() {
    let mtn = Mtn::new().await;
    let caller = mtn.guinea("collection").await;
    let at_once = [
        ("9901", "PAYER_NOT_FOUND"),
        ("9902", "SENDER_ACCOUNT_NOT_ACTIVE"),
        ("9905", "PAYER_LIMIT_REACHED"),
        ("9906", "INTERNAL_PROCESSING_ERROR"),
        ("9912", "NOT_ENOUGH_FUNDS"),
    ];
    for (ending, reason) in at_once {
        let outcome = mtn.outcome(&caller, ASK, &order(&format!("22466000{ending}"), "x")).await;
        assert_eq!(outcome, pair("FAILED", reason), "{ending}");
    }
    let later = [("9910", "SUCCESSFUL", ""), ("9911", "FAILED", "APPROVAL_REJECTED")];
    for (ending, status, reason) in later {
        let id = mtn.create(&caller, ASK, &order(&format!("22466000{ending}"), "x")).await;
        assert_eq!(mtn.outcome_of(&caller, ASK, &id).await, pair("PENDING", ""));
        mtn.advance(2);
        assert_eq!(mtn.outcome_of(&caller, ASK, &id).await, pair(status, reason));
    }
    let stuck = mtn.create(&caller, ASK, &order("224660009909", "x")).await;
    mtn.advance(3_500);
    let caller = mtn.with_token(caller).await;
    assert_eq!(mtn.outcome_of(&caller, ASK, &stuck).await, pair("PENDING", ""));
    mtn.advance(100);
    assert_eq!(mtn.outcome_of(&caller, ASK, &stuck).await.0, "FAILED");
    mtn.control("mtn/people", &json!({"msisdn": "224660000001", "behaviour": "poor"})).await.ok();
    let outcome = mtn.outcome(&caller, ASK, &order("224660000001", "x")).await;
    assert_eq!(outcome, pair("FAILED", "NOT_ENOUGH_FUNDS"));
}

#[tokio::test]
async fn delays_and_approval_by_itself_are_settings() {
    let mtn = Mtn::new().await;
    let caller = mtn.guinea("collection").await;
    mtn.set(GUINEA, "created_for_seconds", json!(10)).await;
    mtn.set(GUINEA, "auto_approve", json!(true)).await;
    let id = mtn.create(&caller, ASK, &order("224660000001", "x")).await;
    for (seconds, status) in [(0, "CREATED"), (10, "PENDING"), (2, "SUCCESSFUL")] {
        mtn.advance(seconds);
        assert_eq!(mtn.outcome_of(&caller, ASK, &id).await.0, status);
    }
}

const PAY: [&str; 14] = [
    "INTERNAL_PROCESSING_ERROR",
    "APPROVAL_REJECTED",
    "EXPIRED",
    "PENDING",
    "CREATED",
    "PAYER_NOT_FOUND",
    "PAYEE_NOT_ALLOWED_TO_RECEIVE",
    "NOT_ALLOWED",
    "NOT_ALLOWED_TARGET_ENVIRONMENT",
    "INVALID_CALLBACK_URL_HOST",
    "INVALID_CURRENCY",
    "INTERNAL_PROCESSING_ERROR",
    "SERVICE_UNAVAILABLE",
    "COULD_NOT_PERFORM_TRANSACTION",
];

const TRANSFER: [&str; 14] = [
    "INTERNAL_PROCESSING_ERROR",
    "APPROVAL_REJECTED",
    "EXPIRED",
    "PENDING",
    "CREATED",
    "NOT_ENOUGH_FUNDS",
    "PAYER_LIMIT_REACHED",
    "PAYEE_NOT_FOUND",
    "NOT_ALLOWED",
    "NOT_ALLOWED_TARGET_ENVIRONMENT",
    "INVALID_CALLBACK_URL_HOST",
    "INVALID_CURRENCY",
    "INTERNAL_PROCESSING_ERROR",
    "SERVICE_UNAVAILABLE",
];

#[tokio::test]
async fn test_numbers_of_the_sandbox_do_as_documented() {
    let mtn = Mtn::new().await;
    let table = [
        ("collection", "v1_0/requesttopay", "payer", PAY),
        ("collection", "v1_0/requesttowithdraw", "payer", PAY),
        ("disbursement", "v1_0/deposit", "payee", PAY),
        ("disbursement", "v1_0/transfer", "payee", TRANSFER),
        ("remittance", "v1_0/transfer", "payee", TRANSFER),
    ];
    for (product, path, party, expected) in table {
        let caller = mtn.provisioned(product).await;
        for (place, expected) in expected.into_iter().enumerate() {
            let number = format!("46733123{}", 450 + place);
            let (status, reason) = mtn.outcome(&caller, path, &body(party, &number, "5", "EUR", "x")).await;
            let said = if status == "FAILED" { reason } else { status };
            assert_eq!(said, expected, "{path} {number}");
        }
        for number in ["46733123449", "46733123464", "56733123999"] {
            let outcome = mtn.outcome(&caller, path, &body(party, number, "5", "EUR", "x")).await;
            assert_eq!(outcome, pair("SUCCESSFUL", ""), "{path} {number}");
        }
    }
}

#[tokio::test]
async fn slow_test_numbers_take_their_time_and_only_euros_pass() {
    let mtn = Mtn::new().await;
    let caller = mtn.provisioned("collection").await;
    let delayed = mtn.create(&caller, ASK, &body("payer", "46733123454", "12.50", "EUR", "x")).await;
    let ongoing = mtn.create(&caller, ASK, &body("payer", "46733123453", "12.50", "EUR", "x")).await;
    mtn.advance(24);
    assert_eq!(mtn.outcome_of(&caller, ASK, &delayed).await.0, "CREATED");
    mtn.advance(1);
    let seen = mtn.status(&caller, ASK, &delayed).await;
    assert_eq!((&seen["status"], &seen["amount"]), (&json!("SUCCESSFUL"), &json!("12.5")));
    assert_eq!(mtn.outcome_of(&caller, ASK, &ongoing).await.0, "PENDING");
    mtn.advance(3_600);
    let caller = mtn.with_token(caller).await;
    assert_eq!(mtn.outcome_of(&caller, ASK, &ongoing).await.0, "SUCCESSFUL");
    assert_eq!(mtn.wallet("sandbox").await, "100025.00");
    let francs = mtn.creation(&caller, ASK, &new_id(), &body("payer", "46733123999", "5", "GNF", "x"));
    wallet_refuses(&mtn.send(francs).await, 500, "INVALID_CURRENCY");
}

#[tokio::test]
async fn another_market_has_its_own_currency_and_wallet() {
    let mtn = Mtn::new().await;
    let market = json!({
        "environment": "mtnivorycoast", "currency": "XOF", "opening_balance": 1_000_000,
        "calling_code": "225", "number_length": 13, "strict_holders": true,
    });
    mtn.control("mtn/environments", &market).await.ok();
    let user = json!({
        "user": "00000000-0000-4000-8000-0000000000c2", "api_key": "secret", "product": "collection",
        "environment": "mtnivorycoast", "callback_host": "pay.example.test",
    });
    mtn.control("mtn/users", &user).await.ok();
    let key = json!({"key": "ci", "product": "collection", "environment": "mtnivorycoast"});
    mtn.control("mtn/subscriptions", &key).await.ok();
    let caller = super::kit::Caller {
        product: "collection",
        environment: "mtnivorycoast".to_owned(),
        user: "00000000-0000-4000-8000-0000000000c2".to_owned(),
        secret: "secret".to_owned(),
        key: "ci".to_owned(),
        token: String::new(),
    };
    let caller = mtn.with_token(caller).await;
    mtn.create(&caller, ASK, &body("payer", "2250500000001", "500", "XOF", "ci_1")).await;
    mtn.settle(json!({"reference": "ci_1", "amount": "400"})).await;
    assert_eq!(mtn.wallet("mtnivorycoast").await, "1000400");
    let balance = mtn.get(&caller, "v1_0/account/balance").await.ok();
    assert_eq!(balance, json!({"availableBalance": "1000400", "currency": "XOF"}));
}
