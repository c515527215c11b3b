//! Euros from a bank in France to the wallets of operators: to the payee, to the unit, and by nobody else's rail.

use serde_json::{Value, json};

use crate::testkit::{Ask, Customer, TestApp, Transfer, guinean, on_each_database, senegalese};

/// Euros by bank transfer to `rail` in `country`: the order, not yet given.
async fn order(
    who: &Customer<'_>,
    euros: &str,
    (country, currency, rail): (&str, &str, &str),
    payee: &str,
) -> Value {
    let ask = json!({
        "send_currency": "EUR", "receive_currency": currency, "amount": { "amount": euros, "currency": "EUR" },
        "side": "send", "funding_rail": "sepa_transfer", "payout_rail": rail, "from_country": "FR",
        "to_country": country,
    });
    let quote = who.ask(Ask::post("/v1/quotes", &ask)).await.expect(201);
    json!({
        "quote_id": quote["id"],
        "payer": { "rail": "sepa_transfer", "name": "Awa Exemple", "email": "awa@example.org" },
        "payee": { "rail": rail, "phone": payee, "name": "Moussa Exemple", "country": country },
        "purpose": "Family support",
    })
}

/// Ordered, and the bank has sent what was asked.
async fn paid<'c, 'a>(app: &TestApp, who: &'c Customer<'a>, order: &Value) -> Transfer<'c, 'a> {
    let accepted = who.order(&who.fresh_key(), order).await.expect(201);
    let transfer = who.transfer(accepted["id"].as_str().unwrap());
    app.quiet().await;
    app.stripe().pay(&transfer.reference("collection").await, None).await;
    app.quiet().await;
    app.pass(6).await;
    transfer
}

async fn refuses(who: &Customer<'_>, order: &Value, stranger: &str, proposed: Value) {
    let mut wrong = order.clone();
    wrong["payee"]["phone"] = json!(stranger);
    let refused = who.order(&who.fresh_key(), &wrong).await.refused(422, "number_not_on_rail");
    assert_eq!(refused["errors"][0]["pointer"], "/payee/phone");
    assert_eq!(refused["proposed_rails"], proposed);
}

/// Accounts by name, in minor units.
async fn are(app: &TestApp, expected: &[(&str, i64)]) {
    let balances = app.balances().await;
    for (account, minor) in expected {
        assert_eq!(balances.get(*account).copied().unwrap_or(0), *minor, "{account}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn euros_become_francs_of_guinea_by_mtn() {
    on_each_database(async |app| {
        let admin = app.admin().await;
        let rate = json!({ "mid": "9400", "sell_spread_bps": "0", "buy_spread_bps": "150", "source": "bank of the day" });
        admin.ask(Ask::new("PUT", "/v1/admin/rates/EUR/GNF").json(&rate)).await.expect(200);
        let awa = app.customer().await;
        let order = order(&awa, "250", ("GN", "GNF", "mtn_momo"), &guinean("0002")).await;
        refuses(&awa, &order, "+224620001122", json!(["manual"])).await;
        let transfer = paid(app, &awa, &order).await;
        transfer.shows("completed").await;
        let now = transfer.now().await;
        assert_eq!((&now["receive"]["amount"], &now["total_to_pay"]["amount"]), (&json!("2314750"), &json!("252.24")));
        let moved = app.mtn().moved(&transfer.reference("disbursement").await).await;
        assert_eq!(moved, ["disbursement 2314750 succeeded"]);
        assert_eq!(app.mtn().balance().await, 500_000_000 - 2_314_750);
        are(
            app,
            &[
                ("float:mtn_momo:gn:GNF", 500_000_000 - 2_314_750),
                ("revenue:fx_margin:GNF", 35_250),
                ("revenue:fees:EUR", 224),
                ("fx:EUR", -25_000),
                ("fx:GNF", 2_350_000),
            ],
        )
        .await;
        app.was_told(&guinean("0002"), "2314750 GNF").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn euros_become_francs_in_senegal_by_orange() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let order = order(&awa, "200", ("SN", "XOF", "orange_sonatel"), &senegalese("0001")).await;
        refuses(&awa, &order, "+221760001122", json!(["wave"])).await;
        let transfer = paid(app, &awa, &order).await;
        transfer.shows("completed").await;
        let now = transfer.now().await;
        assert_eq!(
            (&now["receive"]["amount"], &now["total_to_pay"]["amount"]),
            (&json!("129223"), &json!("201.99"))
        );
        let moved = app.sonatel().moved(&transfer.reference("disbursement").await).await;
        assert_eq!(moved, ["disbursement 129223 succeeded"]);
        assert_eq!(app.sonatel().balance("781110001").await, 50_000_000 - 129_223);
        are(
            app,
            &[
                ("float:orange_sonatel:sn_retailer:XOF", 50_000_000 - 129_223),
                ("revenue:fx_margin:XOF", 1_968),
                ("revenue:fees:EUR", 199),
                ("fx:EUR", -20_000),
                ("fx:XOF", 131_191),
            ],
        )
        .await;
        app.was_told(&senegalese("0001"), "129223").await;
    })
    .await;
}
