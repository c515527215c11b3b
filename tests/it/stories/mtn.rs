//! MTN: payers approve on their phones, nobody signs anything, and refusals may come as errors.

use serde_json::{Value, json};

use crate::testkit::{
    Ask, Customer, TestApp, Transfer, guinean, on_each_database, on_each_database_with, senegalese,
};

const TRANSFERS: &str = "/mtn/disbursement/v1_0/transfer";
const REQUESTS: &str = "/mtn/collection/v1_0/requesttopay";

/// From a Guinean number to another one, 50000 francs and a fee of 500.
async fn sends<'c, 'a>(payer: &'c Customer<'a>, payee: &str) -> Transfer<'c, 'a> {
    sends_by(payer, ("GN", "GNF", "mtn_momo"), "50000", &guinean("0001"), payee).await
}

async fn sends_by<'c, 'a>(
    payer: &'c Customer<'a>,
    (country, currency, rail): (&str, &str, &str),
    amount: &str,
    phone: &str,
    payee: &str,
) -> Transfer<'c, 'a> {
    let ask = json!({
        "send_currency": currency,
        "receive_currency": "GNF",
        "amount": { "amount": amount, "currency": currency },
        "side": "send",
        "funding_rail": rail,
        "payout_rail": "mtn_momo",
        "from_country": country,
        "to_country": "GN",
    });
    let quote = payer.ask(Ask::post("/v1/quotes", &ask)).await.expect(201);
    let order = json!({
        "quote_id": quote["id"],
        "payer": { "rail": rail, "phone": phone, "name": "Mariama Exemple" },
        "payee": { "rail": "mtn_momo", "phone": payee, "name": "Alpha Exemple", "country": "GN" },
        "purpose": "Aide à la famille",
    });
    let accepted = payer.order(&payer.fresh_key(), &order).await.expect(201);
    let transfer = payer.transfer(accepted["id"].as_str().unwrap());
    payer.app.quiet().await;
    transfer
}

/// The payer approves; what is announced while its request is still being answered is found a moment later.
async fn approve(app: &TestApp, transfer: &Transfer<'_, '_>) {
    app.mtn().approve(&transfer.reference("collection").await).await;
    app.quiet().await;
    app.pass(6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_approves_on_the_phone_has_paid() {
    on_each_database(async |app| {
        let mariama = app.customer().await;
        let transfer = sends(&mariama, &guinean("0002")).await;
        let asked = transfer.now().await;
        assert_eq!(asked["status"], "awaiting_payment");
        assert_eq!(asked["next_action"], json!({ "type": "approve_on_phone", "expires_at": null }));
        assert_eq!(asked["total_to_pay"], json!({ "amount": "50500", "currency": "GNF" }));
        approve(app, &transfer).await;
        transfer.shows("completed").await;
        assert_eq!(app.mtn().balance().await, 500_000_500);
        assert_eq!(
            app.mtn().moved(&transfer.reference("disbursement").await).await,
            ["disbursement 50000 succeeded"]
        );
        app.was_told(&guinean("0002"), "50000 GNF de Mariama Exemple").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_rejects_it_has_not() {
    on_each_database(async |app| {
        let mariama = app.customer().await;
        let transfer = sends(&mariama, &guinean("0002")).await;
        app.mtn().decline(&transfer.reference("collection").await).await;
        app.quiet().await;
        app.pass(6).await;
        transfer.shows("collection_failed").await;
        assert!(transfer.whole_story().await.contains("APPROVAL_REJECTED"));
    })
    .await;
}

/// MTN closes what nobody answers after five minutes; nothing of ours can.
#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_answer_is_given_up_and_cancelling_asks_nothing_of_mtn() {
    on_each_database(async |app| {
        let mariama = app.customer().await;
        let ignored = sends(&mariama, &guinean("0002")).await;
        let cancelled = sends(&mariama, &guinean("0002")).await;
        cancelled.cancel().await.expect(200);
        app.quiet().await;
        cancelled.shows("cancelled").await;
        for step in [6, 16, 41, 121, 601] {
            app.pass(step).await;
        }
        ignored.shows("collection_failed").await;
        assert!(ignored.whole_story().await.contains("COULD_NOT_PERFORM_TRANSACTION"));
    })
    .await;
}

/// Approved after all: what comes for a transfer that was cancelled goes back.
#[tokio::test(flavor = "multi_thread")]
async fn who_approves_too_late_has_it_back() {
    on_each_database(async |app| {
        let mariama = app.customer().await;
        let transfer = sends(&mariama, &guinean("0002")).await;
        transfer.cancel().await.expect(200);
        app.quiet().await;
        approve(app, &transfer).await;
        transfer.shows("cancelled").await;
        app.pass(72 * 3600 + 1).await;
        app.pass(6).await;
        let refund = transfer.reference("refund").await;
        assert_eq!(app.mtn().moved(&refund).await, ["refund 50500 succeeded"]);
        assert_eq!(app.mtn().balance().await, 500_000_000);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payout_whose_answer_is_lost_or_unreadable_is_found_and_paid_once() {
    on_each_database(async |app| {
        for fault in [
            json!({ "fault": "lose_reply" }),
            json!({ "fault": "reset_after" }),
            json!({ "fault": "error_after_success" }),
            json!({ "fault": "html" }),
        ] {
            let mariama = app.customer().await;
            let mut fault = fault;
            fault["match"] = json!({ "method": "POST", "path": TRANSFERS });
            app.mtn().fault(fault.clone()).await;
            let transfer = sends(&mariama, &guinean("0002")).await;
            approve(app, &transfer).await;
            app.pass(16).await;
            transfer.shows("completed").await;
            assert!(transfer.whole_story().await.contains("outcome_unknown"), "{fault}");
            assert_eq!(app.mtn().fired().await.last(), Some(&1), "{fault} happened");
            let moved = app.mtn().moved(&transfer.reference("disbursement").await).await;
            assert_eq!(moved, ["disbursement 50000 succeeded"], "{fault}");
            assert_eq!(transfer.references("disbursement").await.len(), 1, "one movement for ever");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_was_lost_is_found_and_one_that_never_arrived_is_sent_under_its_name() {
    on_each_database(async |app| {
        for fault in ["lose_reply", "reset_before"] {
            let mariama = app.customer().await;
            let lost = json!({ "fault": fault, "match": { "method": "POST", "path": REQUESTS } });
            app.mtn().fault(lost).await;
            let transfer = sends(&mariama, &guinean("0002")).await;
            assert_eq!(transfer.now().await["next_action"], json!(null), "{fault}");
            for step in [6, 16, 41, 121, 1] {
                app.pass(step).await;
            }
            assert_eq!(transfer.now().await["next_action"]["type"], "approve_on_phone", "{fault}");
            assert_eq!(transfer.references("collection").await.len(), 1, "{fault}: nobody is asked twice");
            approve(app, &transfer).await;
            transfer.shows("completed").await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_payee_means_everything_back_by_mtn() {
    on_each_database(async |app| {
        let mariama = app.customer().await;
        let transfer = sends(&mariama, &guinean("9902")).await;
        approve(app, &transfer).await;
        app.pass(6).await;
        app.pass(6).await;
        transfer.shows("refunded").await;
        let refund = transfer.reference("refund").await;
        assert_eq!(app.mtn().moved(&refund).await, ["refund 50500 succeeded"]);
        assert_eq!(app.mtn().balance().await, 500_000_000);
        assert!(transfer.whole_story().await.contains("PAYEE_NOT_ALLOWED_TO_RECEIVE"));
    })
    .await;
}

/// A 500 may be anything. It is a refusal once MTN does not know the payout, and surely so.
#[tokio::test(flavor = "multi_thread")]
async fn a_payout_that_is_refused_by_an_error_goes_back_once_asking_confirms_it() {
    on_each_database(async |app| {
        let mariama = app.customer().await;
        app.mtn().fault(refusal("PAYEE_NOT_FOUND", TRANSFERS)).await;
        let transfer = sends(&mariama, &guinean("0002")).await;
        approve(app, &transfer).await;
        for step in [16, 41] {
            transfer.shows("in_reconciliation").await;
            app.pass(step).await;
        }
        transfer.shows("in_reconciliation").await;
        for step in [121, 6, 6] {
            app.pass(step).await;
        }
        transfer.shows("refunded").await;
        assert_eq!(app.mtn().fired().await, [1], "it was not sent again");
        assert_eq!(app.mtn().moved(&transfer.reference("disbursement").await).await, [""; 0]);
        assert!(!transfer.whole_story().await.contains("sent_again"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payer_who_is_refused_by_an_error_is_told_at_the_first_confirmation() {
    on_each_database(async |app| {
        let mariama = app.customer().await;
        app.mtn().fault(refusal("PAYER_NOT_FOUND", REQUESTS)).await;
        let transfer = sends(&mariama, &guinean("0002")).await;
        transfer.shows("awaiting_payment").await;
        app.pass(6).await;
        transfer.shows("collection_failed").await;
    })
    .await;
}

fn refusal(code: &str, path: &str) -> Value {
    let at = json!({ "method": "POST", "path": path });
    json!({ "fault": "error_before", "status": 500, "code": code, "match": at })
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_calls_back_is_only_a_reason_to_ask() {
    on_each_database(async |app| {
        let mariama = app.customer().await;
        let transfer = sends(&mariama, &guinean("0002")).await;
        let reference = transfer.reference("collection").await;
        for variant in ["successful", "amount", "unknown"] {
            app.mtn().act("forge", json!({ "reference": reference, "variant": variant })).await;
            app.quiet().await;
            transfer.shows("awaiting_payment").await;
        }
        app.mtn().fault(json!({ "fault": "callback_duplicate", "copies": 5 })).await;
        approve(app, &transfer).await;
        transfer.shows("completed").await;
        let story = transfer.story().await;
        for event in ["payment_received", "completed"] {
            assert_eq!(story.iter().filter(|word| *word == event).count(), 1, "{story:?}");
        }
        app.mtn().act("forge", json!({ "reference": reference, "variant": "successful" })).await;
        app.quiet().await;
        assert_eq!(transfer.story().await, story);
        let nobody = Ask::post("/webhooks/mtn-momo/gn.AAAA", &json!({ "externalId": reference }));
        assert_eq!(app.ask(nobody).await.status, 404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposit_is_announced_by_put_and_without_callbacks_asking_suffices() {
    let by_put = [("mtn_momo.wallets.gn.callback", "v2"), ("mtn_momo.wallets.gn.pay_by", "deposit")];
    let silent = [("mtn_momo.wallets.gn.callback", "off"), ("mtn_momo.wallets.gn.token_body", "json")];
    for settings in [by_put, silent] {
        on_each_database_with(&settings, async |app| {
            let mariama = app.customer().await;
            let transfer = sends(&mariama, &guinean("0002")).await;
            approve(app, &transfer).await;
            app.pass(16).await;
            transfer.shows("completed").await;
            let deliveries = app.mtn().deliveries().await;
            let puts: Vec<_> =
                deliveries["data"].as_array().unwrap().iter().map(|one| one["method"].clone()).collect();
            let expected = if settings == silent { json!([]) } else { json!(["POST", "PUT"]) };
            assert_eq!(json!(puts), expected);
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn francs_of_dakar_become_francs_of_conakry() {
    on_each_database(async |app| {
        let admin = app.admin().await;
        let rate = json!({
            "mid": "9400", "sell_spread_bps": "0", "buy_spread_bps": "150", "source": "bank of the day",
        });
        admin.ask(Ask::new("PUT", "/v1/admin/rates/EUR/GNF").json(&rate)).await.expect(200);
        let awa = app.customer().await;
        let payer = ("SN", "XOF", "wave");
        let transfer = sends_by(&awa, payer, "65596", &senegalese("0001"), &guinean("0002")).await;
        assert_eq!(transfer.now().await["next_action"]["type"], "redirect");
        transfer.pay().await;
        app.pass(6).await;
        transfer.shows("completed").await;
        let received = transfer.now().await["receive"].clone();
        let paid = received["amount"].as_str().unwrap();
        assert_eq!(
            app.mtn().moved(&transfer.reference("disbursement").await).await,
            [format!("disbursement {paid} succeeded")]
        );
        let minor: i64 = paid.parse().unwrap();
        assert!((900_000..940_000).contains(&minor), "{minor} francs of Conakry for 65596 of Dakar");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payer_without_a_number_cannot_be_asked() {
    on_each_database(async |app| {
        let mariama = app.customer().await;
        let ask = json!({
            "send_currency": "GNF", "receive_currency": "GNF", "side": "send",
            "amount": { "amount": "50000", "currency": "GNF" },
            "funding_rail": "mtn_momo", "payout_rail": "mtn_momo", "from_country": "GN", "to_country": "GN",
        });
        let quote = mariama.ask(Ask::post("/v1/quotes", &ask)).await.expect(201);
        let order = json!({
            "quote_id": quote["id"],
            "payer": { "rail": "mtn_momo", "name": "Mariama Exemple" },
            "payee": {
                "rail": "mtn_momo", "phone": guinean("0002"), "name": "Alpha Exemple", "country": "GN",
            },
            "purpose": "Aide",
        });
        let refused = mariama.order(&mariama.fresh_key(), &order).await.refused(422, "missing_field");
        assert_eq!(refused["errors"][0]["pointer"], "/payer/phone");
    })
    .await;
}
