//! What a customer is quoted over two currencies, and what nobody but an admin can tell from it.

use domain::{Currency, Money};
use serde_json::{Value, json};

use super::{corridors, put, spread};
use crate::testkit::{Ask, Customer, on_each_database, on_each_database_with};

fn ask((from, send): (&str, &str), (to, receive): (&str, &str), amount: &str, side: &str) -> Value {
    let currency = if side == "receive" { receive } else { send };
    json!({
        "send_currency": send, "receive_currency": receive,
        "amount": { "amount": amount, "currency": currency }, "side": side,
        "funding_rail": "balance", "payout_rail": "balance", "from_country": from, "to_country": to,
    })
}

/// "send -> receive at rate".
async fn quoted(customer: &Customer<'_>, asked: &Value) -> String {
    let quote = customer.ask(Ask::post("/v1/quotes", asked)).await.expect(201);
    let money =
        |name: &str| format!("{} {}", quote[name]["amount"], quote[name]["currency"]).replace('"', "");
    format!("{} -> {} at {}", money("send"), money("receive"), quote["rate"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn euros_become_francs_at_the_customer_s_rate() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let mut asked = ask(("FR", "EUR"), ("SN", "XOF"), "100", "send");
        asked["payout_rail"] = json!("wave");
        let answer = awa.ask(Ask::post("/v1/quotes", &asked)).await;
        let quote = answer.expect(201);
        assert_eq!(quote["receive"], json!({ "amount": "64611", "currency": "XOF" }));
        assert_eq!((&quote["rate"], &quote["inverse"]), (&json!("646.117645"), &json!("0.00154770575876")));
        assert_eq!(quote["fee"], json!({ "amount": "1.49", "currency": "EUR" }));
        assert_eq!(quote["total_to_pay"]["amount"], "101.49");
        let said = String::from_utf8(answer.bytes).unwrap();
        for secret in ["655.957", "65595", "984", "margin", "mid", "spread", "legs"] {
            assert!(!said.contains(secret), "{secret} in {said}");
        }
        let path = format!("/v1/admin/quotes/{}", quote["id"].as_str().unwrap());
        let ((one, _), operator) = (app.admins().await, app.operator().await);
        let whole = one.get(&path).await;
        assert_eq!(whole["margin"], json!({ "amount": "984", "currency": "XOF" }));
        assert_eq!(
            (&whole["legs"][0]["mid"], &whole["legs"][0]["direction"]),
            (&json!("655.957"), &json!("sell_base"))
        );
        operator.ask(Ask::get(&path)).await.refused(403, "forbidden");
        awa.ask(Ask::get(&path)).await.refused(403, "forbidden");

        for (amount, side, code) in
            [("0.99", "send", "amount_out_of_range"), ("100000", "send", "amount_out_of_range")]
        {
            let asked = ask(("FR", "EUR"), ("SN", "XOF"), amount, side);
            awa.ask(Ask::post("/v1/quotes", &asked)).await.refused(422, code);
        }
        let back = ask(("SN", "XOF"), ("FR", "EUR"), "10000", "send");
        awa.ask(Ask::post("/v1/quotes", &back)).await.refused(422, "corridor_unavailable");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_balance_in_euros_becomes_francs_in_a_phone() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        app.credit(&awa, Money::parse("150.00", Currency::EUR).unwrap()).await;
        let mut asked = ask(("FR", "EUR"), ("SN", "XOF"), "100", "send");
        asked["payout_rail"] = json!("wave");
        let quote = awa.ask(Ask::post("/v1/quotes", &asked)).await.expect(201);
        let mut order = awa.order_over(&quote, ("balance", "wave"), &json!({ "phone": "+221770000101" }));
        order["payer"].as_object_mut().unwrap().remove("phone");
        let accepted = awa.order("fx-1", &order).await.expect(201);
        let transfer = awa.transfer(accepted["id"].as_str().unwrap());
        app.quiet().await;
        transfer.shows("completed").await;
        let balances = app.balances().await;
        let of = |name: &str| balances.get(name).copied().unwrap_or(0);
        assert_eq!(of(&format!("customer:{}:EUR", awa.id)), 15_000 - 10_149);
        assert_eq!((of("fx:EUR"), of("fx:XOF")), (-10_000, 65_595));
        assert_eq!((of("revenue:fx_margin:XOF"), of("revenue:fees:EUR")), (984, 149));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn anybody_may_ask_for_the_customer_s_rate() {
    on_each_database(async |app| {
        let rate = app.ask(Ask::get("/v1/rates?from=EUR&to=XOF")).await;
        let shown = rate.expect(200);
        assert_eq!((&shown["rate"], &shown["inverse"]), (&json!("646.117645"), &json!("0.00154770575876")));
        assert_eq!(shown.as_object().unwrap().len(), 5, "{shown}");
        app.ask(Ask::get("/v1/rates?from=XOF&to=EUR")).await.refused(404, "not_found");
        app.ask(Ask::get("/v1/rates?from=EUR&to=GNF")).await.refused(404, "not_found");
        app.ask(Ask::get("/v1/rates?from=EUR&to=EURO")).await.refused(422, "invalid_currency");
        let corridors = app.ask(Ask::get("/v1/corridors")).await.expect(200);
        let converts =
            |c: &&Value| (&c["send_currency"], &c["receive_currency"]) == (&json!("EUR"), &json!("XOF"));
        assert_eq!(corridors["data"].as_array().unwrap().iter().filter(converts).count(), 2);

        let (one, _) = app.admins().await;
        put(&one, "EUR/XOF", &spread("655.957", "0", "0")).await.expect(200);
        let shown = app.ask(Ask::get("/v1/rates?from=EUR&to=XOF")).await.expect(200);
        assert_eq!(shown["rate"], "655.957", "a change is seen at once");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_s_examples_are_what_customers_get() {
    let (_folder, file) = corridors();
    on_each_database_with(&[("config", &file)], async |app| {
        let ((one, _), awa) = (app.admins().await, app.customer().await);
        let gnf_cny = |amount, side| ask(("GN", "GNF"), ("CN", "CNY"), amount, side);
        awa.ask(Ask::post("/v1/quotes", &gnf_cny("1000", "send"))).await.refused(422, "corridor_unavailable");
        app.ask(Ask::get("/v1/rates?from=GNF&to=CNY")).await.refused(404, "not_found");

        put(&one, "CNY/GNF", &spread("2500", "1250", "0")).await.expect(200);
        let expected = "28125000 GNF -> 10000.00 CNY at 0.000355555555556";
        assert_eq!(quoted(&awa, &gnf_cny("10000", "receive")).await, expected);
        assert_eq!(quoted(&awa, &gnf_cny("28125000", "send")).await, expected);
        let quote = awa.ask(Ask::post("/v1/quotes", &gnf_cny("10000", "receive"))).await.expect(201);
        assert_eq!(quote["inverse"], "2812.5");
        awa.ask(Ask::post("/v1/quotes", &gnf_cny("28", "send"))).await.refused(422, "invalid_amount");
        assert_eq!(quoted(&awa, &gnf_cny("29", "send")).await, "29 GNF -> 0.01 CNY at 0.000355555555556");

        put(&one, "EUR/GNF", &spread("9400", "200", "150")).await.expect(200);
        let eur_gnf = ask(("FR", "EUR"), ("GN", "GNF"), "250", "send");
        assert_eq!(quoted(&awa, &eur_gnf).await, "250.00 EUR -> 2314750 GNF at 9259");
        // Through the euro: bought at 665.796355 francs CFA, sold at 9259 francs of Guinea.
        let cross = ask(("SN", "XOF"), ("GN", "GNF"), "100000", "send");
        assert_eq!(quoted(&awa, &cross).await, "100000 XOF -> 1390665 GNF at 13.9066546857");
        let shown = app.ask(Ask::get("/v1/rates?from=XOF&to=GNF")).await.expect(200);
        assert_eq!(shown["rate"], "13.9066546857");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_that_is_too_old_is_not_quoted() {
    let (_folder, file) = corridors();
    on_each_database_with(&[("config", &file), ("rates.max_age_s", "3600")], async |app| {
        let ((one, _), awa) = (app.admins().await, app.customer().await);
        put(&one, "EUR/GNF", &spread("9400", "0", "150")).await.expect(200);
        let asked = ask(("FR", "EUR"), ("GN", "GNF"), "250", "send");
        let frozen = awa.ask(Ask::post("/v1/quotes", &asked)).await.expect(201);
        app.pass(3_605).await;
        let stale = awa.ask(Ask::post("/v1/quotes", &asked)).await;
        assert_eq!(stale.refused(503, "rate_stale")["retry"], "later");
        assert!(stale.header("retry-after").is_some());
        app.ask(Ask::get("/v1/rates?from=EUR&to=GNF")).await.refused(503, "rate_stale");
        let pairs = moneybridge::services::rates::stale_pairs(&app.app()).await.unwrap();
        assert_eq!(pairs.iter().map(|stale| stale.pair.to_string()).collect::<Vec<_>>(), ["EUR/GNF"]);
        assert_eq!(one.get("/v1/admin/rates/EUR/GNF").await["is_stale"], true);
        let shown = awa.get(&format!("/v1/quotes/{}", frozen["id"].as_str().unwrap())).await;
        assert_eq!(shown["rate"], "9259", "what was quoted stands as it was");
        let core = app.app();
        let (eur, gnf) = (Currency::parse("EUR").unwrap(), Currency::parse("GNF").unwrap());
        let mid = moneybridge::services::rates::mid_route(&core, eur, gnf).await.unwrap();
        assert_eq!(mid.rate().to_string(), "9400", "a position has a value all the same");
        put(&one, "EUR/GNF", &spread("9400", "0", "150")).await.expect(200);
        assert_eq!(quoted(&awa, &asked).await, "250.00 EUR -> 2314750 GNF at 9259");
        assert!(moneybridge::services::rates::stale_pairs(&app.app()).await.unwrap().is_empty());
    })
    .await;
}
