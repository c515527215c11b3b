//! One intent, one transfer: keys, quotes and replays, raced and after a restart.

use futures::future::join_all;
use serde_json::json;

use crate::testkit::{Ask, ivorian, on_each_database};

const WAVE: (&str, &str) = ("wave", "wave");

#[tokio::test(flavor = "multi_thread")]
async fn a_quote_serves_one_transfer_of_thirty_two() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let quote = awa.quote("10000", "send", WAVE).await;
        let order = awa.order_over(&quote, WAVE, &json!({ "phone": ivorian("0001") }));
        let keys: Vec<String> = (0..32).map(|nth| format!("quote-{nth}")).collect();
        let answers = join_all(keys.iter().map(|key| awa.order(key, &order))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
        for answer in answers.iter().filter(|answer| answer.status != 201) {
            answer.refused(409, "quote_used");
        }
        assert_eq!(awa.get("/v1/transfers").await["data"].as_array().unwrap().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_thirty_two_times_at_once_is_one_transfer_and_the_same_bytes() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let quote = awa.quote("10000", "send", WAVE).await;
        let order = awa.order_over(&quote, WAVE, &json!({ "phone": ivorian("0001") }));
        let answers = join_all((0..32).map(|_| awa.order("once", &order))).await;
        for answer in &answers {
            answer.expect(201);
            assert_eq!(answer.bytes, answers[0].bytes);
            assert_eq!(answer.header("location"), answers[0].header("location"));
        }
        assert_eq!(answers.iter().filter(|answer| !answer.is_replay()).count(), 1);
        assert_eq!(awa.get("/v1/transfers").await["data"].as_array().unwrap().len(), 1);
        app.quiet().await;
        let transfer = awa.transfer(answers[0].json()["id"].as_str().unwrap());
        assert_eq!(app.wave().sessions(&transfer.reference("collection").await).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_with_another_body_is_refused_and_another_caller_s_key_is_theirs() {
    on_each_database(async |app| {
        let (awa, binta) = (app.customer().await, app.customer().await);
        let quote = awa.quote("10000", "send", WAVE).await;
        let order = awa.order_over(&quote, WAVE, &json!({ "phone": ivorian("0001") }));
        awa.order("mine", &order).await.expect(201);
        let mut other = order.clone();
        other["purpose"] = json!("Something else");
        awa.order("mine", &other).await.refused(422, "idempotency_key_reused");
        let theirs = binta.quote("10000", "send", WAVE).await;
        let order = binta.order_over(&theirs, WAVE, &json!({ "phone": ivorian("0001") }));
        let answer = binta.order("mine", &order).await;
        answer.expect(201);
        assert!(!answer.is_replay());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_is_the_same_after_expiry_change_and_restart() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let quote = awa.quote("10000", "send", WAVE).await;
        let order = awa.order_over(&quote, WAVE, &json!({ "phone": ivorian("0001") }));
        let first = awa.order("kept", &order).await;
        let transfer = awa.transfer(first.expect(201)["id"].as_str().unwrap());
        app.quiet().await;
        transfer.pay().await;
        transfer.shows("completed").await;
        app.pass(400).await;
        let replay = awa.order("kept", &order).await;
        assert_eq!((replay.status, &replay.bytes, replay.is_replay()), (201, &first.bytes, true));
        app.restart().await;
        let replay = awa.order("kept", &order).await;
        assert_eq!((replay.status, &replay.bytes, replay.is_replay()), (201, &first.bytes, true));
        let later = awa.order("late", &order).await;
        assert!(["quote_expired", "quote_used"].contains(&later.json()["code"].as_str().unwrap()), "{later}");
        app.pass(71 * 3600 - 400).await;
        let replay = awa.order("kept", &order).await;
        assert_eq!((replay.status, &replay.bytes, replay.is_replay()), (201, &first.bytes, true));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_goes_on_after_a_restart() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_to(&ivorian("9908")).await;
        transfer.pay().await;
        transfer.shows("disbursing").await;
        app.restart().await;
        app.pass(6).await;
        transfer.shows("completed").await;
        assert_eq!(app.wave().moved(&transfer.reference("disbursement").await).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_quote_is_gone() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let quote = awa.quote("10000", "send", WAVE).await;
        let order = awa.order_over(&quote, WAVE, &json!({ "phone": ivorian("0001") }));
        app.pass(301).await;
        awa.order("late", &order).await.refused(410, "quote_expired");
        assert_eq!(awa.get("/v1/transfers").await["data"], json!([]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_at_once_by_eight_is_cancelled_once_with_one_answer() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        let nothing = json!({});
        let answers = join_all((0..8).map(|_| transfer.act("cancel", "stop", &nothing))).await;
        for answer in &answers {
            assert_eq!(answer.expect(200)["status"], "cancelled");
            assert_eq!(answer.bytes, answers[0].bytes);
        }
        app.quiet().await;
        let session = &app.wave().sessions(&transfer.reference("collection").await).await[0];
        assert_eq!(session["checkout_status"], "expired", "closed at Wave");
        transfer.cancel().await.refused(409, "transfer_not_cancellable");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_funded_cannot_be_cancelled() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        transfer.pay().await;
        transfer.cancel().await.refused(409, "transfer_not_cancellable");
        transfer.shows("completed").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paying_and_cancelling_at_once_loses_nothing() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        let reference = transfer.reference("collection").await;
        let (cancelled, _) = tokio::join!(transfer.cancel(), app.wave().pay(&reference));
        app.quiet().await;
        app.pass(6).await;
        match cancelled.status {
            200 => {
                transfer.shows("cancelled").await;
                assert!(transfer.story().await.contains(&"late_payment".to_owned()));
                app.pass(72 * 3600 + 60).await;
                assert!(transfer.story().await.contains(&"late_payment_returned".to_owned()));
            }
            _ => {
                cancelled.refused(409, "transfer_not_cancellable");
                transfer.shows("completed").await;
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bulk_answers_each_order_by_itself() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let mut items = Vec::new();
        for nth in 0..3 {
            let quote = awa.quote("1000", "send", WAVE).await;
            let mut item = awa.order_over(&quote, WAVE, &json!({ "phone": ivorian("0001") }));
            item["idempotency_key"] = json!(format!("bulk-{nth}"));
            items.push(item);
        }
        let mut used = items[0].clone();
        used["idempotency_key"] = json!("other");
        let mut unknown = items[0].clone();
        unknown["idempotency_key"] = json!("unknown");
        unknown["quote_id"] = json!("quote_01h2xcejqtf2nbrexx3vqjhp41");
        let mut badly = items[1].clone();
        badly["idempotency_key"] = json!("no good");
        let mut phone = items[1].clone();
        phone["idempotency_key"] = json!("phone");
        phone["payee"]["phone"] = json!("12");
        let bulk = json!({ "items": [items[0], unknown, items[1], badly, items[2], phone] });
        let ask = async || awa.ask(Ask::post("/v1/transfers/bulk", &bulk)).await.expect(207);
        let (first, second) = (ask().await, ask().await);
        let statuses: Vec<_> = first["results"].as_array().unwrap().iter().map(|r| &r["status"]).collect();
        assert_eq!(statuses, [201, 404, 201, 400, 201, 422]);
        for nth in [0, 2, 4] {
            assert_eq!(first["results"][nth], second["results"][nth], "replayed");
        }
        assert_eq!(first["results"][5]["body"]["code"], "invalid_phone");
        let again = json!({ "items": [used] });
        let again = awa.ask(Ask::post("/v1/transfers/bulk", &again)).await.expect(207);
        assert_eq!(again["results"][0]["body"]["code"], "quote_used");
        assert_eq!(awa.get("/v1/transfers").await["data"].as_array().unwrap().len(), 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bulk_takes_five_hundred_and_no_more() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let item = |nth: usize| {
            json!({
                "idempotency_key": format!("k{nth}"), "quote_id": "q",
                "payer": { "rail": "wave" }, "payee": { "rail": "wave", "name": "A", "country": "CI" },
                "purpose": "p",
            })
        };
        for (count, status) in [(501, 422), (0, 422), (300, 207)] {
            let items: Vec<_> = (0..count).map(item).collect();
            let answer = awa.ask(Ask::post("/v1/transfers/bulk", &json!({ "items": items }))).await;
            assert_eq!(answer.status, status, "{count} items: {answer}");
            if status == 422 {
                answer.refused(422, "too_many_items");
            }
        }
        let own = awa.quote("1000", "send", WAVE).await;
        let mut full: Vec<_> = (0..500).map(item).collect();
        for item in &mut full {
            item["quote_id"] = own["id"].clone();
        }
        let answer = awa.ask(Ask::post("/v1/transfers/bulk", &json!({ "items": full }))).await;
        assert_eq!(answer.expect(207)["results"].as_array().unwrap().len(), 500);
    })
    .await;
}
