//! Refunds that people of the house ask for, after the payee was paid.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::testkit::{
    Answer, Ask, Customer, Staff, TestApp, Transfer, euro_ask, ivorian, on_each_database,
    on_each_database_with,
};

const DAY: i64 = 86_400;

async fn give_back(
    staff: &Staff<'_>,
    transfer: &Transfer<'_, '_>,
    key: &str,
    amount: Option<&str>,
) -> Answer {
    let mut body = json!({ "reason": "Sent twice, ticket 4712" });
    if let Some(amount) = amount {
        let currency = transfer.now().await["send"]["currency"].clone();
        body["amount"] = json!({ "amount": amount, "currency": currency });
    }
    staff.ask(Ask::post(format!("{}/refund", transfer.path()), &body).key(key)).await
}

async fn approve(staff: &Staff<'_>, approval: &Value) -> Answer {
    let path = format!("/v1/admin/approvals/{}/approve", approval["id"].as_str().unwrap());
    staff.ask(Ask::post(path, &json!({ "digest": approval["digest"] }))).await
}

/// Euros by bank transfer to a friend's francs with us.
async fn euros_to_a_balance<'c, 'a>(
    awa: &'c Customer<'a>,
    friend: &Customer<'_>,
    amount: &str,
) -> Transfer<'c, 'a> {
    let mut ask = euro_ask(amount, "sepa_transfer");
    ask["payout_rail"] = json!("balance");
    let quote = awa.ask(Ask::post("/v1/quotes", &ask)).await.expect(201);
    let order = json!({
        "quote_id": quote["id"],
        "payer": { "rail": "sepa_transfer", "name": "Awa Exemple", "email": "awa@example.org" },
        "payee": { "rail": "balance", "account": friend.id, "name": "Binta Exemple", "country": "SN" },
        "purpose": "Family support",
    });
    let accepted = awa.order(&awa.fresh_key(), &order).await.expect(201);
    let transfer = awa.transfer(accepted["id"].as_str().unwrap());
    awa.app.quiet().await;
    awa.app.stripe().pay(&transfer.reference("collection").await, None).await;
    awa.app.quiet().await;
    transfer.shows("completed").await;
    transfer
}

/// What the bank needs to give money back.
async fn days(app: &TestApp) {
    for _ in 0..8 {
        app.pass(DAY).await;
    }
}

async fn refunded(transfer: &Transfer<'_, '_>) -> String {
    transfer.now().await["refunded_total"]["amount"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_go_back_to_a_bank_and_add_up() {
    on_each_database(async |app| {
        let (awa, binta) = (app.customer().await, app.customer().await);
        let transfer = euros_to_a_balance(&awa, &binta, "100").await;
        let had = binta.balance().await;
        let operator = app.operator().await;
        let begun = give_back(&operator, &transfer, "p1", Some("33.33")).await;
        assert_eq!(begun.expect(200)["status"], "refunding");
        assert!(binta.balance().await < had, "the payee's share is taken back first");
        give_back(&operator, &transfer, "p2", Some("1")).await.refused(409, "refund_in_progress");
        let again = give_back(&operator, &transfer, "p1", Some("33.33")).await;
        assert!(again.is_replay() && again.bytes == begun.bytes);
        days(app).await;
        transfer.shows("completed").await;
        assert_eq!(refunded(&transfer).await, "33.33");
        app.was_told(&awa.phone, "rendu 33.33 EUR en tout").await;
        let operator = app.operator().await;
        give_back(&operator, &transfer, "p3", Some("9999")).await.refused(422, "refund_exceeds");
        give_back(&operator, &transfer, "p4", None).await.expect(200);
        days(app).await;
        transfer.shows("refunded").await;
        let now = transfer.now().await;
        assert_eq!(now["refunded_total"], now["total_to_pay"]);
        assert_eq!(binta.balance().await, 0);
        let left = app.statement().await;
        let odd: Vec<_> =
            left.iter().filter(|line| line.starts_with("fx:") || line.contains("margin")).collect();
        assert!(odd.is_empty(), "at the rate of the original nothing is left: {odd:?}");
        let receipt = awa.get(&format!("{}/receipt", transfer.path())).await;
        let lines = receipt["movements"].as_array().unwrap();
        assert_eq!(lines.iter().filter(|line| line["kind"] == "refund").count(), 2);
        let story = transfer.story().await;
        assert!(!story.contains(&"refund_reason".to_owned()), "{story:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payout_at_wave_is_taken_back_and_given_back_whole() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        transfer.pay().await;
        transfer.shows("completed").await;
        let operator = app.operator().await;
        give_back(&operator, &transfer, "part", Some("100")).await.refused(409, "transfer_not_refundable");
        give_back(&operator, &transfer, "all", None).await.expect(200);
        app.quiet().await;
        transfer.shows("refunded").await;
        assert_eq!(refunded(&transfer).await, "10100");
        app.was_told(&awa.phone, "rendons 10100 XOF").await;
        app.was_told(&awa.phone, "rendu 10100 XOF").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_a_reversal_is_asked_about_and_it_happens_once() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        for fault in ["lose_reply", "error_before"] {
            let transfer = awa.sends_to(&ivorian("0001")).await;
            transfer.pay().await;
            let operator = app.operator().await;
            let fault =
                json!({ "fault": fault, "status": 500, "match": { "method": "POST", "path": "/reverse" } });
            app.wave().fault(fault).await;
            give_back(&operator, &transfer, &transfer.id, None).await.expect(200);
            app.quiet().await;
            transfer.shows("in_reconciliation").await;
            for step in [6, 16, 41, 121, 601, 3601] {
                app.pass(step).await;
            }
            transfer.shows("refunded").await;
            let reversals = app.wave().operations().await;
            let payout = transfer.reference("disbursement").await;
            let of =
                reversals.iter().filter(|o| o["kind"] == "reversal" && o["reference"] == *payout).count();
            assert!(of <= 1, "{reversals:?}");
            assert_eq!(transfer.references("reversal").await.len(), 1);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_three_days_a_payout_stays_with_its_payee() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        transfer.pay().await;
        app.pass(3 * DAY + 60).await;
        let operator = app.operator().await;
        let refused = give_back(&operator, &transfer, "late", None).await;
        refused.refused(409, "transfer_not_refundable");
        transfer.shows("completed").await;
        assert_eq!(transfer.references("reversal").await, [""; 0]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_payee_has_spent_is_not_given_back_and_raced_requests_refund_once() {
    on_each_database(async |app| {
        let (awa, binta, chris) = (app.customer().await, app.customer().await, app.customer().await);
        awa.tops_up("20000").await;
        let rails = ("balance", "balance");
        let transfer = awa.sends("5000", rails, &json!({ "account": binta.id })).await;
        app.quiet().await;
        transfer.shows("completed").await;
        let onwards = binta.sends("4000", rails, &json!({ "account": chris.id })).await;
        app.quiet().await;
        onwards.shows("completed").await;
        let operator = app.operator().await;
        give_back(&operator, &transfer, "spent", None).await.refused(409, "transfer_not_refundable");
        assert_eq!(refunded(&transfer).await, "0");
        let again = awa.sends("5000", rails, &json!({ "account": chris.id })).await;
        app.quiet().await;
        let keys: Vec<String> = (0..8).map(|nth| format!("race-{nth}")).collect();
        let before = awa.balance().await;
        let raced = join_all(keys.iter().map(|key| give_back(&operator, &again, key, None))).await;
        assert_eq!(raced.iter().filter(|answer| answer.status == 200).count(), 1);
        again.shows("refunded").await;
        assert_eq!(awa.balance().await, before + 5_050);
        awa.ask(Ask::post(format!("{}/refund", again.path()), &json!({ "reason": "mine" })).key("own"))
            .await
            .refused(403, "forbidden");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn above_the_size_two_people_give_back_once() {
    let settings = [("refunds.max_alone", "XOF 3000"), ("refunds.fee", "kept")];
    on_each_database_with(&settings, async |app| {
        let (awa, binta) = (app.customer().await, app.customer().await);
        awa.tops_up("20000").await;
        let transfer = awa.sends("5000", ("balance", "balance"), &json!({ "account": binta.id })).await;
        app.quiet().await;
        let operator = app.operator().await;
        give_back(&operator, &transfer, "small", Some("2000")).await.expect(200);
        transfer.shows("completed").await;
        let asked = give_back(&operator, &transfer, "more", Some("2000")).await;
        let approval = asked.expect(202);
        assert_eq!((&approval["kind"], &approval["change"]["fee"]), (&json!("refund"), &json!("kept")));
        give_back(&operator, &transfer, "while", Some("100")).await.refused(409, "refund_in_progress");
        assert_eq!(refunded(&transfer).await, "2000");
        let (one, two) = app.admins().await;
        let both = join_all([approve(&one, &approval), approve(&two, &approval)]).await;
        assert_eq!(both.iter().filter(|answer| answer.status == 200).count(), 1);
        assert_eq!(refunded(&transfer).await, "4000");
        let rest = give_back(&one, &transfer, "rest", None).await.expect(202);
        approve(&one, &rest).await.refused(403, "own_request");
        approve(&two, &rest).await.expect(200);
        transfer.shows("refunded").await;
        assert_eq!(refunded(&transfer).await, "5000");
        assert_eq!(binta.balance().await, 0);
        let fee = app.balances().await.get("revenue:fees:XOF").copied().unwrap_or_default();
        assert!(fee >= 50, "the fee stays ours");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_raced_below_the_size_do_not_pass_it_together() {
    let settings = [("refunds.max_alone", "XOF 3000")];
    on_each_database_with(&settings, async |app| {
        let (awa, binta) = (app.customer().await, app.customer().await);
        awa.tops_up("60000").await;
        let operator = app.operator().await;
        for round in 0..6 {
            let transfer = awa.sends("5000", ("balance", "balance"), &json!({ "account": binta.id })).await;
            app.quiet().await;
            let keys: Vec<String> = (0..4).map(|nth| format!("part-{round}-{nth}")).collect();
            let parts = keys.iter().map(|key| give_back(&operator, &transfer, key, Some("2000")));
            let raced = join_all(parts).await;
            let count = |status| raced.iter().filter(|answer| answer.status == status).count();
            let given: i64 = refunded(&transfer).await.parse().unwrap();
            assert_eq!((count(200), given), (1, 2_000), "round {round}: {raced:?}");
            assert!(count(202) <= 1, "one request waits for a second person at most: {raced:?}");
            transfer.shows("completed").await;
        }
    })
    .await;
}
