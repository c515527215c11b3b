//! What each rail leaves in its statement is what its simulator did.

use domain::{Currency, Money};
use serde_json::{Value, json};

use super::{READS, lines, listed, net, read, shown};
use crate::testkit::{Ask, TestApp, guinean, ivorian, on_each_database_with, senegalese};

fn minor(amount: &Value) -> i64 {
    amount.as_str().unwrap().parse().unwrap()
}

async fn at_wave(app: &TestApp, wallet: &str) -> i64 {
    let operations = app.wave().operations().await;
    let of = operations.iter().filter(|o| o["wallet"] == wallet && o["status"] == "succeeded");
    of.map(|o| minor(&o["effect"])).sum()
}

/// Signed as seen from our float.
async fn at_mtn(app: &TestApp) -> i64 {
    let operations = app.mtn().operations().await;
    let succeeded = operations.iter().filter(|o| o["status"] == "succeeded");
    succeeded
        .map(|o| if o["kind"] == "collection" { minor(&o["amount"]) } else { -minor(&o["amount"]) })
        .sum()
}

async fn within_guinea(app: &TestApp) {
    let mariama = app.customer().await;
    let ask = json!({
        "send_currency": "GNF", "receive_currency": "GNF", "amount": { "amount": "50000", "currency": "GNF" },
        "side": "send", "funding_rail": "mtn_momo", "payout_rail": "mtn_momo", "from_country": "GN", "to_country": "GN",
    });
    let quote = mariama.ask(Ask::post("/v1/quotes", &ask)).await.expect(201);
    let order = json!({
        "quote_id": quote["id"],
        "payer": { "rail": "mtn_momo", "phone": guinean("0001"), "name": "Mariama Exemple" },
        "payee": { "rail": "mtn_momo", "phone": guinean("0002"), "name": "Alpha Exemple", "country": "GN" },
        "purpose": "Aide",
    });
    let accepted = mariama.order(&mariama.fresh_key(), &order).await.expect(201);
    let transfer = mariama.transfer(accepted["id"].as_str().unwrap());
    app.quiet().await;
    app.mtn().approve(&transfer.reference("collection").await).await;
    app.quiet().await;
    app.pass(6).await;
    transfer.shows("completed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_by_each_rail_leaves_lines_that_come_to_what_happened_there() {
    on_each_database_with(READS, async |app| {
        let opening = app.stripe().balance().await;
        let awa = app.customer().await;
        let francs = awa.sends_to(&ivorian("0001")).await;
        francs.pay().await;
        francs.shows("completed").await;
        let euros = awa.sends_euros("100", "sepa_transfer", &json!({}), &senegalese("0001")).await;
        app.stripe().pay(&euros.reference("collection").await, None).await;
        app.quiet().await;
        euros.shows("completed").await;
        within_guinea(app).await;
        for _ in 0..2 {
            read(app).await;
            for (wallet, there) in [("wave:sn", "sn"), ("wave:ci", "ci")] {
                assert_eq!(net(app, wallet).await, at_wave(app, there).await, "{wallet}");
            }
            let (available, pending) = app.stripe().balance().await;
            assert_eq!(net(app, "stripe:main").await, available + pending - opening.0 - opening.1);
            assert_eq!(net(app, "mtn_momo:gn").await, at_mtn(app).await);
            assert_eq!(net(app, "mtn_momo:gn").await, 500);
        }
        assert_eq!(
            shown(app, "mtn_momo:gn").await,
            ["collection 50500 0 status", "disbursement -50000 0 status"]
        );
        let stripe = lines(app, "stripe:main").await;
        assert!(stripe.iter().all(|line| line.available_at.is_some()));
        let operator = app.operator().await;
        let reference = francs.reference("collection").await;
        let row = listed(&operator, &format!("?reference={reference}")).await["data"][0].clone();
        assert_eq!(
            (&row["kind"], &row["rail"], &row["provider"]),
            (&json!("collection"), &json!(null), &json!("wave"))
        );
        assert_eq!((&row["reference"], &row["learned"]), (&json!(reference), &json!("list")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_confirm_is_a_line_of_theirs() {
    on_each_database_with(READS, async |app| {
        let rate = json!({ "mid": "2500", "sell_spread_bps": "1250", "buy_spread_bps": "0", "source": "bank" });
        app.admin().await.ask(Ask::new("PUT", "/v1/admin/rates/CNY/GNF").json(&rate)).await.expect(200);
        app.pass(31).await;
        let awa = app.customer().await;
        app.credit(&awa, Money::new(1_000_000, Currency::GNF)).await;
        let ask = json!({
            "send_currency": "GNF", "receive_currency": "CNY", "amount": { "amount": "100", "currency": "CNY" },
            "side": "receive", "funding_rail": "balance", "payout_rail": "manual",
        });
        let quote = awa.ask(Ask::post("/v1/quotes", &ask)).await.expect(201);
        let order = json!({
            "quote_id": quote["id"], "payer": { "rail": "balance", "name": "Awa Exemple" },
            "payee": { "rail": "manual", "account": "Alipay 138 0000 0000", "name": "Guangzhou Exemple", "country": "CN" },
            "purpose": "Invoice 42",
        });
        let accepted = awa.order(&awa.fresh_key(), &order).await.expect(201);
        let transfer = awa.transfer(accepted["id"].as_str().unwrap());
        app.quiet().await;
        read(app).await;
        assert_eq!(shown(app, "manual:cn").await, [""; 0], "nobody has said anything yet");
        let movement = transfer.reference("disbursement").await;
        let done = json!({ "outcome": "done", "operator_reference": "FT 0042", "evidence": "Stamped slip in folder" });
        let path = format!("/v1/admin/movements/{movement}/confirm");
        app.operator().await.ask(Ask::post(path, &done).key("one")).await.expect(200);
        app.quiet().await;
        read(app).await;
        assert_eq!(shown(app, "manual:cn").await, ["disbursement -10000 0 person"]);
        let [line] = lines(app, "manual:cn").await.try_into().unwrap();
        assert_eq!(line.reference.map(|it| it.to_string()), Some(movement));
        assert!(line.provider_ref.is_some_and(|receipt| receipt.contains("0042")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_listed_by_what_they_are_in_pages() {
    on_each_database_with(READS, async |app| {
        let awa = app.customer().await;
        for _ in 0..2 {
            awa.sends_to(&ivorian("0001")).await.pay().await;
        }
        read(app).await;
        let operator = app.operator().await;
        let many = async |query: &str| listed(&operator, query).await["data"].as_array().unwrap().len();
        assert_eq!(many("").await, 4);
        assert_eq!(many("?kind=collection").await, 2);
        assert_eq!(many("?rail=wave&wallet=ci").await, 2);
        assert_eq!(many("?rail=sepa_debit").await, 0);
        let now = app.app().clock.now();
        let at =
            |hours: i64| (now - chrono::TimeDelta::hours(hours)).format("%Y-%m-%dT%H:%M:%SZ").to_string();
        assert_eq!(many(&format!("?from={}&to={}", at(24), at(0))).await, 4);
        assert_eq!(many(&format!("?to={}", at(24))).await, 0);
        let mut seen = Vec::new();
        let mut query = "?limit=3".to_owned();
        loop {
            let page = listed(&operator, &query).await;
            let ids =
                page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned());
            seen.extend(ids);
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            query = format!("?limit=3&cursor={cursor}");
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 4);
        for wrong in
            ["?rail=balance", "?rail=moon", "?kind=gift", "?from=yesterday", "?reference=x", "?day=1"]
        {
            let answer = operator.ask(Ask::get(format!("/v1/admin/statement_lines{wrong}"))).await;
            answer.refused(422, "invalid_query");
        }
        assert_eq!(awa.ask(Ask::get("/v1/admin/statement_lines")).await.status, 403);
        assert_eq!(awa.ask(Ask::get("/v1/admin/statements")).await.status, 403);
    })
    .await;
}
