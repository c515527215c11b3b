//! From a bank in Europe to a phone in Africa: by transfer and by debit, on time and late, refused and disputed.

use serde_json::{Value, json};

use crate::testkit::{
    Ask, BAD_ACCOUNT, Customer, GOOD_ACCOUNT, TestApp, euro_ask, on_each_database, on_each_database_with,
    senegalese,
};

const DAY: i64 = 86_400;
/// From a new quote to a little after its funding deadline by the SEPA rails.
const PAST_THE_DEADLINE: i64 = 3 * DAY + 400;

fn account() -> Value {
    json!({ "iban": GOOD_ACCOUNT })
}

/// What is still asked of the payer, as their application shows it.
async fn asked(transfer: &crate::testkit::Transfer<'_, '_>) -> (String, String) {
    let action = transfer.now().await["next_action"].clone();
    assert_eq!(action["type"], "bank_transfer", "{action}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&action["iban"]), text(&action["amount"]["amount"]))
}

async fn trial(app: &TestApp, name: &str) -> i64 {
    app.balances().await.get(name).copied().unwrap_or(0)
}

/// Everything that the transfer's conversion left in positions, margin and rate differences.
async fn positions(app: &TestApp) -> Vec<String> {
    let statement = app.statement().await;
    statement.into_iter().filter(|line| line.starts_with("fx:") || line.contains("fx_")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instant_transfer_arrives_as_francs() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_euros("100", "sepa_transfer", &json!({}), &senegalese("0001")).await;
        transfer.shows("awaiting_payment").await;
        let total = transfer.now().await["total_to_pay"]["amount"].as_str().unwrap().to_owned();
        let (iban, amount) = asked(&transfer).await;
        assert!(domain::Iban::parse(&iban).is_ok());
        assert_eq!(amount, total);
        app.stripe().pay(&transfer.reference("collection").await, None).await;
        app.quiet().await;
        transfer.shows("completed").await;
        let now = transfer.now().await;
        let francs = now["receive"]["amount"].as_str().unwrap();
        assert_eq!(
            app.wave().moved(&transfer.reference("disbursement").await).await,
            [format!("disbursement {francs} succeeded")]
        );
        app.was_told(&senegalese("0001"), francs).await;
        let again = awa.sends_euros("50", "sepa_transfer", &json!({}), &senegalese("0001")).await;
        assert_eq!(asked(&again).await.0, iban, "the account to pay into stays the same");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_debit_is_collecting_until_the_bank_has_paid() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_euros("200", "sepa_debit", &account(), &senegalese("0002")).await;
        transfer.shows("collecting").await;
        assert_eq!(transfer.now().await["payer"]["iban"], "FR…2606");
        transfer.cancel().await.refused(409, "transfer_not_cancellable");
        app.pass(4 * DAY).await;
        transfer.shows("collecting").await;
        app.pass(8 * DAY).await;
        transfer.shows("completed").await;
        let mandates = awa.get("/v1/me/mandates").await;
        let mandate = &mandates["data"][0];
        assert_eq!((&mandate["last4"], &mandate["status"]), (&json!("2606"), &json!("active")));
        let by_mandate = json!({ "mandate": mandate["id"] });
        let again = awa.sends_euros("20", "sepa_debit", &by_mandate, &senegalese("0002")).await;
        again.shows("collecting").await;
        app.pass(12 * DAY).await;
        again.shows("completed").await;
        let path = format!("/v1/me/mandates/{}", mandate["id"].as_str().unwrap());
        assert_eq!(awa.ask(Ask::new("DELETE", path.clone())).await.status, 204);
        awa.ask(Ask::new("DELETE", path)).await.refused(404, "not_found");
        let quote = awa.euro_quote("20", "sepa_debit").await;
        let order = awa.euro_order(&quote, "sepa_debit", &by_mandate, &senegalese("0002"));
        awa.order("revoked", &order).await.refused(422, "unknown_mandate");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_account_is_forgotten_once_the_bank_has_it() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_euros("200", "sepa_debit", &account(), &senegalese("0002")).await;
        let open =
            moneybridge::services::cases::open(&app.app(), transfer.id.parse().unwrap()).await.unwrap();
        let kept = serde_json::to_string(&open.people).unwrap();
        assert!(kept.contains("FR…2606") && !kept.contains(GOOD_ACCOUNT), "{kept}");
        app.pass(12 * DAY).await;
        transfer.shows("completed").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_debit_that_the_bank_refuses_moves_nothing() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let bad = json!({ "iban": BAD_ACCOUNT });
        let transfer = awa.sends_euros("200", "sepa_debit", &bad, &senegalese("0002")).await;
        app.pass(12 * DAY).await;
        transfer.shows("collection_failed").await;
        assert_eq!(positions(app).await, [""; 0]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn underpaid_shows_what_is_missing_until_it_comes() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_euros("100", "sepa_transfer", &json!({}), &senegalese("0001")).await;
        let reference = transfer.reference("collection").await;
        let whole: rust_decimal::Decimal = asked(&transfer).await.1.parse().unwrap();
        app.stripe().pay(&reference, Some("60")).await;
        app.quiet().await;
        transfer.shows("awaiting_payment").await;
        let left: rust_decimal::Decimal = asked(&transfer).await.1.parse().unwrap();
        assert_eq!(left, whole - rust_decimal::Decimal::from(60));
        assert!(transfer.story().await.contains(&"partly_paid".to_owned()));
        app.stripe().pay(&reference, None).await;
        app.quiet().await;
        transfer.shows("completed").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn late_money_waits_and_funds_a_new_transfer_at_a_new_quote() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_euros("100", "sepa_transfer", &json!({}), &senegalese("0001")).await;
        let total = transfer.now().await["total_to_pay"]["amount"].as_str().unwrap().to_owned();
        app.pass(PAST_THE_DEADLINE).await;
        transfer.shows("expired").await;
        app.stripe().pay(&transfer.reference("collection").await, None).await;
        app.quiet().await;
        transfer.shows("expired").await;
        assert!(trial(app, "suspense:stripe:main:EUR").await > 0);
        let ask = {
            let mut ask = euro_ask(&total, "sepa_transfer");
            ask["side"] = json!("total");
            ask
        };
        let quote = awa.ask(Ask::post("/v1/quotes", &ask)).await.expect(201);
        let accepted = transfer.act("late_payment", "again", &json!({ "quote_id": quote["id"] })).await;
        let again = awa.transfer(accepted.expect(201)["id"].as_str().unwrap());
        app.quiet().await;
        again.shows("completed").await;
        assert_eq!(trial(app, "suspense:stripe:main:EUR").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn late_money_that_nobody_asks_for_goes_back() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_euros("100", "sepa_transfer", &json!({}), &senegalese("0001")).await;
        app.pass(PAST_THE_DEADLINE).await;
        app.stripe().pay(&transfer.reference("collection").await, None).await;
        app.quiet().await;
        app.pass(73 * 3600).await;
        app.pass(7 * DAY).await;
        app.pass(DAY).await;
        let left = trial(app, "suspense:stripe:main:EUR").await;
        assert_eq!(left, 0, "{}", transfer.whole_story().await);
        assert!(transfer.story().await.contains(&"late_payment_returned".to_owned()));
        transfer.shows("expired").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_payee_gets_the_payer_every_cent_back() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_euros("100", "sepa_transfer", &json!({}), &senegalese("9902")).await;
        app.stripe().pay(&transfer.reference("collection").await, None).await;
        app.quiet().await;
        transfer.shows("refunding").await;
        app.pass(7 * DAY).await;
        app.pass(DAY).await;
        transfer.shows("refunded").await;
        let now = transfer.now().await;
        assert_eq!(now["refunded_total"], now["total_to_pay"]);
        assert_eq!(positions(app).await, [""; 0], "at the rate of the original nothing is left");
    })
    .await;
}

/// A debit that completed, with what it came to.
async fn completed_debit<'c, 'a>(awa: &'c Customer<'a>) -> crate::testkit::Transfer<'c, 'a> {
    let transfer = awa.sends_euros("200", "sepa_debit", &account(), &senegalese("0002")).await;
    awa.app.pass(12 * DAY).await;
    transfer.shows("completed").await;
    transfer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispute_after_the_payout_is_our_loss_and_ends_the_mandate() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = completed_debit(&awa).await;
        let before = positions(app).await;
        app.stripe().dispute(&transfer.reference("collection").await).await;
        app.pass(60 * DAY).await;
        transfer.shows("disputed").await;
        let total = transfer.now().await["total_to_pay"]["amount"].as_str().unwrap().replace('.', "");
        assert_eq!(trial(app, "loss:disputes:EUR").await.to_string(), total);
        assert_eq!(positions(app).await, before, "what was converted stays converted");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispute_before_the_payout_stops_it_and_costs_nothing_but_its_fee() {
    let list = tempfile::tempdir().unwrap().keep().join("held.csv");
    std::fs::write(&list, "id,name,aliases,countries,program\nX-1,Moussa Exemple,,sn,\n").unwrap();
    let list = list.display().to_string();
    on_each_database_with(&[("screening.lists", &list)], async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_euros("200", "sepa_debit", &account(), &senegalese("0002")).await;
        app.stripe().act("pay", json!({ "reference": transfer.reference("collection").await })).await;
        app.quiet().await;
        transfer.shows("on_hold").await;
        app.stripe().dispute(&transfer.reference("collection").await).await;
        app.quiet().await;
        transfer.shows("disputed").await;
        app.pass(10 * DAY).await;
        transfer.shows("disputed").await;
        assert_eq!(trial(app, "loss:disputes:EUR").await, 0);
        assert_eq!(transfer.references("refund").await, [""; 0]);
        assert_eq!(positions(app).await, [""; 0], "unwound at the rate of the original");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_ask_for_the_money_once() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        app.stripe()
            .fault(json!({ "fault": "lose_reply", "times": 1, "match": "POST /stripe/v1/payment_intents" }))
            .await;
        let transfer = awa.sends_euros("100", "sepa_transfer", &json!({}), &senegalese("0001")).await;
        app.pass(600).await;
        transfer.shows("awaiting_payment").await;
        asked(&transfer).await;
        app.stripe().pay(&transfer.reference("collection").await, None).await;
        app.quiet().await;
        transfer.shows("completed").await;
        assert_eq!(transfer.references("collection").await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_debited_is_refused_before_anything_moves() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let too_much = awa.ask(Ask::post("/v1/quotes", &euro_ask("10001", "sepa_debit"))).await;
        too_much.refused(422, "amount_out_of_range");
        awa.ask(Ask::post("/v1/quotes", &euro_ask("10001", "sepa_transfer"))).await.expect(201);
        let quote = awa.euro_quote("20", "sepa_debit").await;
        let refused = [
            (json!({}), "missing_field"),
            (json!({ "iban": "FR1520041010050500013M02606" }), "invalid_iban"),
            (json!({ "iban": "nonsense" }), "invalid_iban"),
            (json!({ "iban": "SA0380000000608010167519" }), "iban_outside_sepa"),
            (
                json!({ "iban": GOOD_ACCOUNT, "mandate": "mandate_01h2xcejqtf2nbrexx3vqjhp41" }),
                "not_for_this_rail",
            ),
            (json!({ "mandate": "mandate_01h2xcejqtf2nbrexx3vqjhp41" }), "unknown_mandate"),
            (json!({ "iban": GOOD_ACCOUNT, "name": null }), "missing_field"),
        ];
        for (payer, code) in refused {
            let order = awa.euro_order(&quote, "sepa_debit", &payer, &senegalese("0002"));
            let answer = awa.order("one-key", &order).await;
            assert_eq!(answer.status, 422, "{payer} {answer}");
            assert!(String::from_utf8_lossy(&answer.bytes).contains(code), "{payer} {answer}");
        }
        let by_transfer = awa.euro_quote("20", "sepa_transfer").await;
        let order = awa.euro_order(&by_transfer, "sepa_transfer", &account(), &senegalese("0002"));
        awa.order("other", &order).await.refused(422, "not_for_this_rail");
        assert_eq!(app.stripe().operations().await.len(), 0);
    })
    .await;
}
