//! Money that arrives: by webhook or by asking, from wallets and balances to wallets and balances.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::testkit::{Ask, ivorian, on_each_database, on_each_database_with};

#[tokio::test(flavor = "multi_thread")]
async fn from_one_wallet_to_another_by_webhook() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let payee = ivorian("0001");
        let transfer = awa.sends_to(&payee).await;
        let asked = transfer.now().await;
        assert_eq!(asked["status"], "awaiting_payment");
        assert_eq!(asked["next_action"]["type"], "redirect");
        assert_eq!(asked["total_to_pay"], json!({ "amount": "10100", "currency": "XOF" }));
        let page = asked["next_action"]["url"].as_str().unwrap();
        assert!(page.starts_with(&app.simulators()), "{page}");
        transfer.pay().await;
        transfer.shows("completed").await;
        assert_eq!(transfer.now().await["next_action"], json!(null));
        assert_eq!(
            transfer.story().await,
            [
                "created",
                "payment_requested",
                "payment_received",
                "funded",
                "disbursement_started",
                "completed"
            ]
        );
        app.pass_until_kept(&["learn_fee"]).await;
        assert_eq!(
            app.statement().await,
            [
                "equity:opening:EUR 10000000",
                "equity:opening:XOF 150000000",
                "expense:provider_fees:XOF 201",
                "float:orange_sonatel:sn_retailer:XOF 50000000",
                "float:stripe:main:EUR 10000000",
                "float:wave:ci:XOF 49989900",
                "float:wave:sn:XOF 50009999",
                "revenue:fees:XOF 100",
            ]
        );
        app.was_told(&awa.phone, "Paiement de 10100 XOF recu").await;
        app.was_told(&awa.phone, "Kouassi Exemple a recu 10000 XOF").await;
        app.was_told(&payee, "10000 XOF de Awa Exemple").await;
        let receipt = awa.get(&format!("{}/receipt", transfer.path())).await;
        let kinds: Vec<_> = receipt["movements"].as_array().unwrap().iter().map(|m| &m["kind"]).collect();
        assert_eq!(kinds, ["collection", "disbursement"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_whose_webhook_is_lost_is_found_by_asking() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        app.wave().fault(json!({ "fault": "callback_lost" })).await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        transfer.pay().await;
        transfer.shows("awaiting_payment").await;
        app.pass(6).await;
        transfer.shows("completed").await;
        assert_eq!(app.wave().answers_to("checkout.session.completed").await, [0_u64; 0]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_balance_to_a_wallet() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        awa.tops_up("20000").await;
        assert_eq!(awa.balance().await, 20_000);
        let transfer = awa.sends("10000", ("balance", "wave"), &json!({ "phone": ivorian("0002") })).await;
        app.quiet().await;
        transfer.shows("completed").await;
        assert_eq!(transfer.story().await, ["created", "funded", "disbursement_started", "completed"]);
        assert_eq!(awa.balance().await, 9_900);
        let paid = app.wave().moved(&transfer.reference("disbursement").await).await;
        assert_eq!(paid, ["disbursement 10000 succeeded"]);
    })
    .await;
}

/// Whoever plans an order holds a connection for reading; were another one needed, all could wait for each other.
#[tokio::test(flavor = "multi_thread")]
async fn orders_from_balances_at_once_do_not_wait_for_each_other_for_ever() {
    on_each_database_with(&[("database.readers", "1")], async |app| {
        let awa = app.customer().await;
        awa.tops_up("20000").await;
        let mut orders = Vec::new();
        for number in 0..8 {
            let quote = awa.quote("1000", "send", ("balance", "wave")).await;
            let order = awa.order_over(
                &quote,
                ("balance", "wave"),
                &json!({ "phone": ivorian(&format!("001{number}")) }),
            );
            orders.push((awa.fresh_key(), order));
        }
        let since = Instant::now();
        let sent = orders.iter().map(|(key, order)| awa.order(key, order));
        let answers = futures::future::join_all(sent).await;
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        assert_eq!(statuses, [201; 8]);
        assert!(since.elapsed() < Duration::from_secs(10), "they waited for {:?}", since.elapsed());
        app.quiet().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn between_balances_by_account_and_by_phone() {
    on_each_database(async |app| {
        let (awa, binta) = (app.customer().await, app.customer().await);
        awa.tops_up("20000").await;
        for payee in [json!({ "account": binta.id }), json!({ "phone": binta.phone })] {
            let transfer = awa.sends("5000", ("balance", "balance"), &payee).await;
            app.quiet().await;
            transfer.shows("completed").await;
        }
        assert_eq!((awa.balance().await, binta.balance().await), (9_900, 10_000));
        let told = app.messages(&binta.phone).await;
        let told = told.iter().filter(|message| message.contains("5000 XOF de Awa Exemple")).count();
        assert_eq!(told, 2, "by account and by phone alike");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_spends_more_than_they_have() {
    on_each_database(async |app| {
        let (awa, binta) = (app.customer().await, app.customer().await);
        awa.tops_up("10000").await;
        let rails = ("balance", "balance");
        let quote = awa.quote("10000", "send", rails).await;
        let order = awa.order_over(&quote, rails, &json!({ "account": binta.id }));
        awa.order("too-much", &order).await.refused(422, "insufficient_funds");
        let orders = futures::future::join_all((0..8).map(async |nth| {
            let quote = awa.quote("4000", "send", rails).await;
            let order = awa.order_over(&quote, rails, &json!({ "account": binta.id }));
            awa.order(&format!("race-{nth}"), &order).await.status
        }))
        .await;
        assert_eq!(orders.iter().filter(|status| **status == 201).count(), 2, "{orders:?}");
        assert_eq!(orders.iter().filter(|status| **status == 422).count(), 6, "{orders:?}");
        app.quiet().await;
        assert_eq!((awa.balance().await, binta.balance().await), (1_920, 8_000));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fee_that_wave_takes_is_learned_and_never_guessed() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        for amount in ["1150", "1200", "12345"] {
            let transfer = awa.sends(amount, ("wave", "wave"), &json!({ "phone": ivorian("0003") })).await;
            app.quiet().await;
            transfer.pay().await;
            transfer.shows("completed").await;
        }
        let before = app.balances().await["expense:provider_fees:XOF"];
        app.pass_until_kept(&["learn_fee"]).await;
        let after = app.balances().await["expense:provider_fees:XOF"];
        let operations = app.wave().operations().await;
        let fees = |kind: &str| -> i64 {
            let of_kind = operations.iter().filter(|operation| operation["kind"] == kind);
            of_kind.map(|operation| operation["fee"].as_str().unwrap().parse::<i64>().unwrap()).sum()
        };
        assert_eq!((before, after), (fees("disbursement"), fees("disbursement") + fees("collection")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_comes_back_to_a_page_of_ours() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        let now = transfer.now().await;
        let page = now["next_action"]["url"].as_str().unwrap().strip_prefix(&app.simulators()).unwrap();
        assert_eq!(app.control(Ask::get(page)).await.status, 200);
        let form = format!("payer={}", awa.phone.replace('+', "%2B"));
        let paid = Ask::new("POST", format!("{page}/pay"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        let back = app.control(paid).await;
        let place = back.header("location").unwrap().strip_prefix(&app.url()).unwrap().to_owned();
        let shown = app.ask(Ask::get(place)).await;
        assert_eq!(shown.status, 200, "{shown}");
        assert!(shown.header("content-type").unwrap().starts_with("text/html"));
        app.quiet().await;
        transfer.shows("completed").await;
    })
    .await;
}

/// More at once than there are connections to the book: nobody holds one while waiting for another.
#[tokio::test(flavor = "multi_thread")]
async fn many_who_pay_from_a_balance_at_once_are_all_answered() {
    on_each_database(async |app| {
        let (awa, payee) = (app.customer().await, json!({ "phone": ivorian("0001") }));
        awa.tops_up("100000").await;
        let order = async |_: usize| awa.sends("1000", ("balance", "wave"), &payee).await;
        let ordered = futures::future::join_all((0..32).map(order)).await;
        app.quiet().await;
        for transfer in &ordered {
            transfer.shows("completed").await;
        }
        assert_eq!(awa.balance().await, 100_000 - 32 * 1_010);
    })
    .await;
}
