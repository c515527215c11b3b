//! Guinean francs by Orange's payment page: paid, not paid, lied about, lost, too much, and never given back by the rail.

use domain::transfer::{Event, Fact};
use moneybridge::services::cases::{self, With};
use serde_json::{Value, json};

use crate::testkit::{Ask, Customer, TestApp, Transfer, on_each_database};

const CREATE: &str = "POST /orange/orange-money-webpay/gn/v1/webpayment";

fn quote_ask(amount: &str, payout: &str) -> Value {
    json!({
        "send_currency": "GNF", "receive_currency": "GNF",
        "amount": { "amount": amount, "currency": "GNF" }, "side": "total",
        "funding_rail": "orange_web", "payout_rail": payout, "from_country": "GN", "to_country": "GN",
    })
}

/// From Orange's page to `payee`; the page is made.
async fn pays_by_page<'c, 'a>(
    app: &TestApp,
    who: &'c Customer<'a>,
    payout: &str,
    payee: Value,
) -> Transfer<'c, 'a> {
    let quote = who.ask(Ask::post("/v1/quotes", &quote_ask("100000", payout))).await.expect(201);
    let mut payee = payee;
    payee["rail"] = json!(payout);
    payee["name"] = json!("Mariama Exemple");
    payee["country"] = json!("GN");
    let order = json!({
        "quote_id": quote["id"],
        "payer": { "rail": "orange_web", "name": "Awa Exemple" },
        "payee": payee,
        "purpose": "Family support",
    });
    let accepted = who.order(&who.fresh_key(), &order).await.expect(201);
    app.quiet().await;
    who.transfer(accepted["id"].as_str().unwrap())
}

async fn tops_up<'c, 'a>(app: &TestApp, who: &'c Customer<'a>) -> Transfer<'c, 'a> {
    pays_by_page(app, who, "balance", json!({ "account": who.id })).await
}

async fn holds(app: &TestApp, account: &str) -> i64 {
    app.balances().await.get(account).copied().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_on_orange_s_page_completes() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = tops_up(app, &awa).await;
        let next = transfer.now().await["next_action"].clone();
        assert_eq!(next["type"], "redirect");
        assert!(next["url"].as_str().unwrap().starts_with(&app.simulators()), "{next}");
        assert!(next["expires_at"].is_string(), "{next}");
        app.orange().pay(&transfer.reference("collection").await).await;
        transfer.shows("completed").await;
        assert_eq!(holds(app, "float:orange_web:gn:GNF").await, 100_000);
        assert_eq!(app.orange().balance("gn").await, 100_000);
    })
    .await;
}

/// Nothing proves a notification, and nothing is told of an end: what was not paid expires when it is asked about.
#[tokio::test(flavor = "multi_thread")]
async fn lies_change_nothing_and_what_nobody_pays_expires() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = tops_up(app, &awa).await;
        let reference = transfer.reference("collection").await;
        for variant in ["token", "success", "failed"] {
            app.orange().act("forge", json!({ "reference": reference, "variant": variant })).await;
            app.orange().told().await;
            transfer.shows("awaiting_payment").await;
        }
        for step in [6, 16, 41, 121, 601] {
            app.pass(step).await;
        }
        transfer.shows("expired").await;
        app.pass(3_600).await;
        assert_eq!(holds(app, "float:orange_web:gn:GNF").await, 0);
    })
    .await;
}

/// An expired payment is looked at once more; the rail gives nothing back, so what came then waits for a person.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_paid_after_its_end_is_found_by_one_more_question() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = tops_up(app, &awa).await;
        let reference = transfer.reference("collection").await;
        for step in [6, 16, 41, 121, 601] {
            app.pass(step).await;
        }
        transfer.shows("expired").await;
        let late = json!({ "reference": reference, "again": true, "notify": "never" });
        app.orange().act("pay", late).await;
        app.pass(601).await;
        assert_eq!(holds(app, "suspense:orange_web:gn:GNF").await, 100_000);
        app.pass(72 * 3_600 + 1).await;
        app.pass(60).await;
        assert_eq!(transfer.story().await.last().unwrap(), "late_return_refused");
        assert_eq!(holds(app, "suspense:orange_web:gn:GNF").await, 100_000);
    })
    .await;
}

/// The token is gone with the answer, so nobody can ask; nobody has the page either, so another one is made.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_was_lost_is_replaced_and_paid_once() {
    on_each_database(async |app| {
        for fault in ["lose_reply", "truncated_json", "error_after_success"] {
            let awa = app.customer().await;
            app.orange().fault(json!({ "fault": fault, "match": CREATE })).await;
            let transfer = tops_up(app, &awa).await;
            assert_eq!(transfer.now().await["next_action"], json!(null), "{fault}");
            for step in [6, 16, 41] {
                app.pass(step).await;
            }
            let references = transfer.references("collection").await;
            assert_eq!(references.len(), 2, "{fault}: a new reference for a new page");
            assert_eq!(transfer.now().await["next_action"]["type"], "redirect", "{fault}");
            app.orange().pay(&references[1]).await;
            transfer.shows("completed").await;
            app.pass(3_600).await;
            transfer.shows("completed").await;
        }
        assert_eq!(holds(app, "float:orange_web:gn:GNF").await, 300_000);
        assert_eq!(app.orange().balance("gn").await, 300_000);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_a_wallet_takes_is_refused_with_its_limits_and_another_way() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        for amount in ["30000001", "99999999"] {
            let asked = awa.ask(Ask::post("/v1/quotes", &quote_ask(amount, "balance")).language("en")).await;
            let problem = asked.refused(422, "amount_out_of_range");
            let text = problem.to_string();
            for part in ["orange_web", "30000000", "manual"] {
                assert!(text.contains(part), "{part} in {text}");
            }
        }
        awa.ask(Ask::post("/v1/quotes", &quote_ask("30000000", "balance"))).await.expect(201);
    })
    .await;
}

/// There is no refund by this rail: what we owe stays booked, and a person takes over.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_payee_waits_for_a_person() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = pays_by_page(app, &awa, "manual", json!({ "account": "Counter in Kaloum" })).await;
        app.orange().pay(&transfer.reference("collection").await).await;
        let reference = transfer.reference("disbursement").await.parse().unwrap();
        let refused = Fact::Declined { code: "counter_closed".into() };
        let event = Event::Heard { movement: reference, fact: refused };
        cases::apply(&app.app(), transfer.id.parse().unwrap(), &event, With::default()).await.unwrap();
        app.quiet().await;
        transfer.shows("needs_attention").await;
        assert_eq!(transfer.story().await.last().unwrap(), "refund_refused");
        assert_eq!(holds(app, "float:orange_web:gn:GNF").await, 100_000);
        app.pass(3_600).await;
        transfer.shows("needs_attention").await;
    })
    .await;
}
