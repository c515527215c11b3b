//! Money that does not come, or comes when nobody expects it any more.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::testkit::{Ask, Customer, Transfer, ivorian, on_each_database, on_each_database_with};

const WAVE: (&str, &str) = ("wave", "wave");
/// From a new quote to a little after its funding deadline.
const PAST_THE_DEADLINE: i64 = 1_260;

/// A transfer that ran out of time although its session is still open, since Wave could not be told to close it.
async fn expired_and_open<'c, 'a>(awa: &'c Customer<'a>) -> Transfer<'c, 'a> {
    let expire = json!({ "fault": "error_before", "status": 503, "times": 1000, "match": "/expire" });
    awa.app.wave().fault(expire).await;
    let transfer = awa.sends_to(&ivorian("0001")).await;
    awa.app.pass(PAST_THE_DEADLINE).await;
    transfer.shows("expired").await;
    transfer
}

#[tokio::test(flavor = "multi_thread")]
async fn never_paid_expires_and_its_session_is_closed() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        app.pass(PAST_THE_DEADLINE).await;
        transfer.shows("expired").await;
        let reference = transfer.reference("collection").await;
        assert_eq!(app.wave().sessions(&reference).await[0]["checkout_status"], "expired");
        assert_eq!(app.wave().moved(&reference).await, [""; 0]);
        assert_eq!(app.messages(&awa.phone).await.len(), 1, "nothing but the code");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_attempt_leaves_the_payer_free_to_try_again() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        app.wave().decline(&transfer.reference("collection").await).await;
        app.quiet().await;
        transfer.shows("awaiting_payment").await;
        transfer.pay().await;
        transfer.shows("completed").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paid_in_time_and_heard_of_late_is_paid_in_time() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        app.wave().fault(json!({ "fault": "callback_lost" })).await;
        let down = json!({ "fault": "error_before", "status": 503, "times": 1000, "match": "GET /wave/v1/checkout" });
        app.wave().fault(down).await;
        transfer.pay().await;
        app.pass(PAST_THE_DEADLINE).await;
        transfer.shows("awaiting_payment").await;
        app.wave().heal().await;
        app.pass_until_kept(&["expire"]).await;
        app.quiet().await;
        transfer.shows("completed").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn late_money_waits_in_suspense_and_pays_for_a_new_transfer() {
    on_each_database(async |app| {
        let (awa, binta) = (app.customer().await, app.customer().await);
        let transfer = expired_and_open(&awa).await;
        let early = awa.quote("10100", "total", WAVE).await;
        let early = json!({ "quote_id": early["id"] });
        transfer.act("late_payment", "early", &early).await.refused(409, "no_late_payment");
        transfer.pay().await;
        transfer.shows("expired").await;
        assert_eq!(app.balances().await["suspense:wave:sn:XOF"], 10_100);
        app.was_told(&awa.phone, "72 h").await;
        let wrong = awa.quote("5000", "total", WAVE).await;
        let wrong = json!({ "quote_id": wrong["id"] });
        transfer.act("late_payment", "wrong", &wrong).await.refused(422, "late_amount_differs");
        let theirs = binta.quote("10100", "total", WAVE).await;
        let stranger = binta.transfer(&transfer.id);
        let body = json!({ "quote_id": theirs["id"] });
        stranger.act("late_payment", "theirs", &body).await.refused(404, "not_found");
        transfer.act("late_payment", "stolen", &body).await.refused(404, "not_found");
        let quote = awa.quote("10100", "total", WAVE).await;
        let body = json!({ "quote_id": quote["id"] });
        let accepted = transfer.act("late_payment", "again", &body).await;
        let again = awa.transfer(accepted.expect(201)["id"].as_str().unwrap());
        let replay = transfer.act("late_payment", "again", &body).await;
        assert_eq!((&replay.bytes, replay.is_replay()), (&accepted.bytes, true));
        app.quiet().await;
        again.shows("completed").await;
        transfer.shows("expired").await;
        assert_eq!(app.balances().await["suspense:wave:sn:XOF"], 0);
        let more = awa.quote("10100", "total", WAVE).await;
        let more = json!({ "quote_id": more["id"] });
        transfer.act("late_payment", "twice", &more).await.refused(409, "no_late_payment");
        app.pass(73 * 3600).await;
        assert!(!transfer.story().await.contains(&"refund_started".to_owned()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn late_money_that_funds_a_refused_payee_goes_back_to_its_payer() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let expire = json!({ "fault": "error_before", "status": 503, "times": 1000, "match": "/expire" });
        app.wave().fault(expire).await;
        let transfer = awa.sends_to(&ivorian("9902")).await;
        app.pass(PAST_THE_DEADLINE).await;
        transfer.pay().await;
        let quote = awa.quote("10100", "total", WAVE).await;
        let accepted = transfer.act("late_payment", "again", &json!({ "quote_id": quote["id"] })).await;
        let again = awa.transfer(accepted.expect(201)["id"].as_str().unwrap());
        app.quiet().await;
        again.shows("refunded").await;
        let moved = app.wave().moved(&transfer.reference("collection").await).await;
        assert_eq!(moved, ["collection 10100 succeeded", "refund 10100 succeeded"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn late_money_that_nobody_asks_for_is_given_back_after_three_days() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = expired_and_open(&awa).await;
        transfer.pay().await;
        app.pass(71 * 3600).await;
        assert_eq!(app.balances().await["suspense:wave:sn:XOF"], 10_100);
        app.pass(2 * 3600).await;
        transfer.shows("expired").await;
        let story = transfer.story().await;
        assert!(
            story.ends_with(&[
                "late_payment".into(),
                "refund_started".into(),
                "late_payment_returned".into()
            ]),
            "{story:?}"
        );
        let moved = app.wave().moved(&transfer.reference("collection").await).await;
        assert_eq!(moved, ["collection 10100 succeeded", "refund 10100 succeeded"]);
        assert_eq!(app.balances().await["suspense:wave:sn:XOF"], 0);
    })
    .await;
}

/// Wave gives a session half an hour, whatever our own deadline is.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_expires_at_wave_ends_the_transfer() {
    on_each_database_with(&[("quotes.funding_window_s", "86400")], async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        app.pass(1_801).await;
        app.pass(3_601).await;
        transfer.shows("expired").await;
        assert_eq!(transfer.now().await["next_action"], json!(null));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_nobody_could_ask_money_for_expires_too() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let down = json!({ "fault": "error_before", "status": 403, "times": 100_000, "match": "/wave/v1/" });
        app.wave().fault(down).await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        app.pass(PAST_THE_DEADLINE).await;
        transfer.shows("expired").await;
        app.wave().heal().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_phones_do_not_stop_money() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let dead = json!({ "fault": "reset_before", "times": 100_000, "match": "/requests" });
        app.control(Ask::post("/_control/sms/faults", &dead)).await.expect(201);
        let transfer = awa.sends_to(&ivorian("0001")).await;
        transfer.pay().await;
        transfer.shows("completed").await;
        app.pass_until_kept(&["learn_fee"]).await;
        assert_eq!(app.messages(&awa.phone).await.len(), 1, "nothing but the code");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn late_money_raced_for_pays_for_one_transfer() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = expired_and_open(&awa).await;
        transfer.pay().await;
        let mut wishes = Vec::new();
        for nth in 0..8 {
            let quote = awa.quote("10100", "total", WAVE).await;
            wishes.push((format!("late-{}", nth / 2), json!({ "quote_id": quote["id"] })));
        }
        let ask = async |(key, wish): &(String, Value)| transfer.act("late_payment", key, wish).await;
        let answers = join_all(wishes.iter().map(ask)).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1, "{answers:#?}");
        assert!(answers.iter().all(|answer| [201, 409, 422].contains(&answer.status)), "{answers:#?}");
        app.quiet().await;
        assert_eq!(awa.get("/v1/transfers?status=completed").await["data"].as_array().unwrap().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paid_while_the_deadline_passes_is_paid_or_late_but_never_lost() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let mut transfers = Vec::new();
        for _ in 0..6 {
            transfers.push(awa.sends_to(&ivorian("0001")).await);
        }
        app.pass(PAST_THE_DEADLINE - 70).await;
        let references = join_all(transfers.iter().map(|transfer| transfer.reference("collection"))).await;
        let pay = async |reference: &String| {
            app.wave().try_to("pay", json!({ "reference": reference })).await;
        };
        tokio::join!(app.move_clocks(70), join_all(references.iter().map(pay)));
        app.quiet().await;
        app.pass(74 * 3600).await;
        for (transfer, reference) in transfers.iter().zip(&references) {
            let status = transfer.now().await["status"].as_str().unwrap().to_owned();
            let moved = app.wave().moved(reference).await.len();
            assert!(matches!((&*status, moved), ("completed", 1) | ("expired", 0 | 2)), "{status} {moved}");
        }
    })
    .await;
}
