//! Two gateways on one PostgreSQL database: one intent stays one transfer, one promise is kept once.

use futures::future::join_all;
use serde_json::json;

use crate::testkit::{Ask, ivorian, on_postgres};

const WAVE: (&str, &str) = ("wave", "wave");

#[tokio::test(flavor = "multi_thread")]
async fn two_gateways_keep_each_promise_once() {
    on_postgres(async |app| {
        let second = app.second().await;
        let other = format!("http://{}", second.address);
        let awa = app.customer().await;
        let mut transfers = Vec::new();
        for nth in 0..12 {
            let quote = awa.quote("1000", "send", WAVE).await;
            let order = awa.order_over(&quote, WAVE, &json!({ "phone": ivorian("0001") }));
            let ask = Ask::post("/v1/transfers", &order).key(&format!("both-{nth}")).bearer(&awa.token());
            let both = join_all((0..8).map(async |way| match way % 2 {
                0 => app.ask(ask.clone()).await,
                _ => ask.of(app.http(), &other).await,
            }))
            .await;
            for answer in &both {
                answer.expect(201);
                assert_eq!(answer.bytes, both[0].bytes);
            }
            assert_eq!(both.iter().filter(|answer| !answer.is_replay()).count(), 1);
            transfers.push(awa.transfer(both[0].json()["id"].as_str().unwrap()));
        }
        assert_eq!(awa.get("/v1/transfers").await["data"].as_array().unwrap().len(), 12);
        app.quiet().await;
        let references = join_all(transfers.iter().map(|transfer| transfer.reference("collection"))).await;
        join_all(references.iter().map(|reference| app.wave().pay(reference))).await;
        app.quiet().await;
        for (transfer, reference) in transfers.iter().zip(&references) {
            transfer.shows("completed").await;
            assert_eq!(app.wave().sessions(reference).await.len(), 1);
            let paid = app.wave().moved(&transfer.reference("disbursement").await).await;
            assert_eq!(paid, ["disbursement 1000 succeeded"]);
        }
        let told = app.messages(&awa.phone).await.len();
        assert_eq!(told, 1 + 2 * 12, "the code, and two messages for each");
        let watched = Ask::get(transfers[0].path()).bearer(&awa.token()).of(app.http(), &other).await;
        assert_eq!(watched.expect(200)["status"], "completed");
        second.stop().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quote_raced_at_two_gateways_serves_one() {
    on_postgres(async |app| {
        let second = app.second().await;
        let other = format!("http://{}", second.address);
        let awa = app.customer().await;
        let quote = awa.quote("1000", "send", WAVE).await;
        let order = awa.order_over(&quote, WAVE, &json!({ "phone": ivorian("0001") }));
        let answers = join_all((0..16).map(async |nth| {
            let ask = Ask::post("/v1/transfers", &order).key(&format!("race-{nth}")).bearer(&awa.token());
            if nth % 2 == 0 { app.ask(ask).await } else { ask.of(app.http(), &other).await }
        }))
        .await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
        for lost in answers.iter().filter(|answer| answer.status != 201) {
            lost.refused(409, "quote_used");
        }
        second.stop().await.unwrap();
    })
    .await;
}
