//! Francs in Senegal by Sonatel: QR codes that are invisible until they are paid, cash-ins that may never be sent twice,
//! and a PIN that may not be wrong twice.

use moneybridge::services::cases;
use serde_json::{Value, json};

use crate::testkit::{Ask, Customer, TestApp, Transfer, on_each_database, senegalese};

const MERCHANT: &str = "float:orange_sonatel:sn_merchant:XOF";
const RETAILER: &str = "float:orange_sonatel:sn_retailer:XOF";
const CASH_IN: &str = "POST /sonatel/api/eWallet/v1/cashins";

fn quote_ask((from, to): (&str, &str)) -> Value {
    json!({
        "send_currency": "XOF", "receive_currency": "XOF",
        "amount": { "amount": "10000", "currency": "XOF" }, "side": "send",
        "funding_rail": from, "payout_rail": to, "from_country": "SN", "to_country": "SN",
    })
}

/// Within Senegal, from one rail to another; the collection is made.
async fn sends<'c, 'a>(
    app: &TestApp,
    who: &'c Customer<'a>,
    (from, to): (&str, &str),
    payee: &str,
) -> Transfer<'c, 'a> {
    let quote = who.ask(Ask::post("/v1/quotes", &quote_ask((from, to)))).await.expect(201);
    let order = who.order_over(&quote, (from, to), &json!({ "phone": payee }));
    let accepted = who.order(&who.fresh_key(), &order).await.expect(201);
    app.quiet().await;
    who.transfer(accepted["id"].as_str().unwrap())
}

async fn check_floats(app: &TestApp) {
    let balances = app.balances().await;
    let of = |account: &str| balances.get(account).copied().unwrap_or(0);
    assert_eq!(of(MERCHANT), app.sonatel().balance("123456").await, "the merchant's");
    assert_eq!(of(RETAILER), app.sonatel().balance("781110001").await, "the retailer's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_paid_completes() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = sends(app, &awa, ("orange_sonatel", "wave"), &senegalese("0001")).await;
        let next = transfer.now().await["next_action"].clone();
        assert_eq!(next["type"], "qr");
        assert!(next["payload"].as_str().unwrap().starts_with("data:image/png;base64,"), "{next}");
        assert!(next["deep_link"].is_string() && next["expires_at"].is_string(), "{next}");
        app.sonatel().act("pay", json!({ "reference": transfer.reference("collection").await })).await;
        app.pass(3).await;
        app.sonatel().told().await;
        app.pass(6).await;
        transfer.shows("completed").await;
        check_floats(app).await;
        assert_eq!(app.balances().await[MERCHANT], 10_100);
    })
    .await;
}

/// A code from the operator pays at once; it is forgotten once it was used.
#[tokio::test(flavor = "multi_thread")]
async fn who_has_a_one_time_code_pays_at_once() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let msisdn = awa.phone.trim_start_matches("+221");
        let otp = app.sonatel().act("otp", json!({ "msisdn": msisdn })).await["otp"].clone();
        let rails = ("orange_sonatel", "wave");
        let order = async |otp: &Value| {
            let quote = awa.ask(Ask::post("/v1/quotes", &quote_ask(rails))).await.expect(201);
            let mut order = awa.order_over(&quote, rails, &json!({ "phone": senegalese("0001") }));
            order["payer"]["otp"] = otp.clone();
            awa.order(&awa.fresh_key(), &order).await
        };
        for wrong in [json!("123"), json!("123456789"), json!("12a4"), json!("")] {
            order(&wrong).await.refused(422, "invalid_value");
        }
        let accepted = order(&otp).await.expect(201);
        let transfer = awa.transfer(accepted["id"].as_str().unwrap());
        app.quiet().await;
        app.pass(6).await;
        transfer.shows("completed").await;
        let open = cases::open(&app.app(), transfer.id.parse().unwrap()).await.unwrap();
        assert_eq!(open.people.otp, None, "forgotten");
        check_floats(app).await;
    })
    .await;
}

/// "Not found" means "not paid yet" while the code lives; no second one is made, and a lie changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn an_unpaid_code_is_waited_for_and_then_expires() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = sends(app, &awa, ("orange_sonatel", "wave"), &senegalese("0001")).await;
        let reference = transfer.reference("collection").await;
        app.sonatel().act("forge", json!({ "reference": reference })).await;
        app.sonatel().told().await;
        for step in [6, 16, 41, 121, 601] {
            app.pass(step).await;
            transfer.shows("awaiting_payment").await;
        }
        assert_eq!(transfer.references("collection").await, [reference], "one code");
        app.pass(3_601).await;
        transfer.shows("expired").await;
        check_floats(app).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_was_lost_is_replaced() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        app.sonatel()
            .fault(json!({ "fault": "lose_reply", "match": "POST /sonatel/api/eWallet/v4/qrcode" }))
            .await;
        let transfer = sends(app, &awa, ("orange_sonatel", "wave"), &senegalese("0001")).await;
        for step in [6, 16, 41, 121] {
            app.pass(step).await;
        }
        let references = transfer.references("collection").await;
        assert_eq!(references.len(), 2);
        app.sonatel().act("pay", json!({ "reference": references[1] })).await;
        app.pass(6).await;
        app.sonatel().told().await;
        app.pass(16).await;
        transfer.shows("completed").await;
        check_floats(app).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cash_in_whose_answer_is_lost_is_found_and_was_paid_once() {
    on_each_database(async |app| {
        for fault in ["lose_reply", "truncated_json", "error_after_success"] {
            let awa = app.customer().await;
            app.sonatel().fault(json!({ "fault": fault, "match": CASH_IN })).await;
            let transfer = sends(app, &awa, ("wave", "orange_sonatel"), &senegalese("0001")).await;
            transfer.pay().await;
            transfer.shows("in_reconciliation").await;
            app.pass(6).await;
            transfer.shows("completed").await;
            assert_eq!(
                app.sonatel().moved(&transfer.reference("disbursement").await).await.len(),
                1,
                "{fault}"
            );
        }
        check_floats(app).await;
    })
    .await;
}

/// A cash-in that is nowhere to be found may yet appear: it is never sent again, and a person hears of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_cash_in_that_is_nowhere_waits_for_a_person_and_is_not_sent_again() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        app.sonatel().fault(json!({ "fault": "error_before", "status": 500, "match": CASH_IN })).await;
        let transfer = sends(app, &awa, ("wave", "orange_sonatel"), &senegalese("0001")).await;
        transfer.pay().await;
        for step in [6, 16, 41, 121, 601, 3_601, 3_601] {
            app.pass(step).await;
            transfer.shows("in_reconciliation").await;
        }
        let reference = transfer.reference("disbursement").await;
        assert_eq!(app.sonatel().moved(&reference).await, [""; 0], "not sent again");
        assert!(!transfer.whole_story().await.contains("sent_again"));
        let uncertain = app.operator().await.get("/v1/admin/uncertain").await;
        assert!(uncertain.to_string().contains(&reference), "{uncertain}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_pin_is_tried_once_and_pages_a_person() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let pin = |pin: &str| json!({ "wallet": "781110001", "pin": pin });
        app.sonatel().act("pin", pin("4321")).await;
        let transfer = sends(app, &awa, ("wave", "orange_sonatel"), &senegalese("0001")).await;
        transfer.pay().await;
        for _ in 0..5 {
            transfer.shows("disbursing").await;
            app.pass(61).await;
        }
        let alerts = app.admin().await.get("/v1/admin/alerts").await;
        let of = |alert: &&Value| alert["kind"] == "misconfigured";
        assert_eq!(alerts["data"].as_array().unwrap().iter().filter(of).count(), 1, "{alerts}");
        // The account is not blocked, and even the right PIN is not tried before a person starts us anew.
        app.sonatel().act("pin", pin("1234")).await;
        app.pass(61).await;
        transfer.shows("disbursing").await;
        app.restart().await;
        app.pass(121).await;
        transfer.shows("completed").await;
        check_floats(app).await;
    })
    .await;
}

/// What came into the merchant's wallet goes back out of the retailer's, and both floats say so.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_payee_means_a_cash_in_to_the_payer() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = sends(app, &awa, ("orange_sonatel", "wave"), &senegalese("9902")).await;
        app.sonatel().act("pay", json!({ "reference": transfer.reference("collection").await })).await;
        app.pass(6).await;
        app.sonatel().told().await;
        app.pass(16).await;
        transfer.shows("refunded").await;
        let balances = app.balances().await;
        assert_eq!((balances[MERCHANT], balances[RETAILER]), (10_100, 50_000_000 - 10_100));
        check_floats(app).await;
    })
    .await;
}
