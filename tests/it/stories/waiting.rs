//! Too little float: what is owed waits, and goes when there is money again.

use serde_json::json;

use crate::testkit::{Ask, ivorian, on_each_database_with_float};

#[tokio::test(flavor = "multi_thread")]
async fn a_payout_waits_for_float_and_goes_when_there_is_some() {
    on_each_database_with_float(5_000, async |app| {
        let (awa, kofi) = (app.customer().await, app.customer().await);
        let transfer = awa.sends_to(&ivorian("0001")).await;
        transfer.pay().await;
        transfer.shows("funded").await;
        app.pass(31).await;
        transfer.shows("funded").await;
        let waiting = app.admin().await.get("/v1/admin/outbox").await;
        let dispatch = waiting["data"].as_array().unwrap().iter().find(|p| p["kind"] == "dispatch").unwrap();
        assert_eq!(dispatch["last_error"], "float_low");
        let told = transfer.now().await["waiting"].clone();
        assert_eq!((&told["reason"], &told["until"]), (&json!("float_low"), &json!(null)));
        let story = transfer.story().await;
        assert_eq!(story.iter().filter(|event| *event == "waits_float_low").count(), 1, "{story:?}");
        let quote = json!({
            "send_currency": "XOF", "receive_currency": "XOF",
            "amount": { "amount": "20000", "currency": "XOF" }, "side": "send",
            "funding_rail": "wave", "payout_rail": "balance", "from_country": "CI", "to_country": "SN",
        });
        let quote = kofi.ask(Ask::post("/v1/quotes", &quote)).await.expect(201);
        let mut order = kofi.order_over(&quote, ("wave", "balance"), &json!({ "account": kofi.id }));
        order["payer"]["phone"] = json!(ivorian("0007"));
        let top_up = kofi.order("top-up", &order).await.expect(201);
        app.quiet().await;
        let top_up = kofi.transfer(top_up["id"].as_str().unwrap());
        top_up.pay().await;
        top_up.shows("completed").await;
        app.pass(31).await;
        transfer.shows("completed").await;
    })
    .await;
}

/// Our book has the amount and not the fee: the provider refuses, and nobody loses anything by it.
#[tokio::test(flavor = "multi_thread")]
async fn a_float_without_room_for_the_fee_gives_the_money_back() {
    on_each_database_with_float(10_000, async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        transfer.pay().await;
        transfer.shows("refunded").await;
        assert_eq!(awa.balance().await, 0);
    })
    .await;
}
