//! Callbacks: repeated, reordered, late, forged, broken. Each is applied once or not at all, and none is answered 5xx.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::testkit::{Ask, Transfer, event, ivorian, on_each_database, on_each_database_with};
use crate::testkit::{IVORY_COAST, SENEGAL, digest, signature};

const COMPLETED: &str = "checkout.session.completed";
const FAILED: &str = "checkout.session.payment_failed";

async fn session_of(transfer: &Transfer<'_, '_>) -> Value {
    let reference = transfer.reference("collection").await;
    transfer.owner.app.wave().sessions(&reference).await.remove(0)
}

/// Outcomes of everything in the inbox, newest first.
async fn outcomes(app: &crate::testkit::TestApp) -> Vec<String> {
    let app = app.app();
    let mut reader = app.db.read().await.unwrap();
    let stored = store::inbox::list(&mut reader.conn(), store::inbox::Which::All, None, 1000).await.unwrap();
    stored.into_iter().map(|callback| callback.outcome.unwrap_or_else(|| "waits".into())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_copies_at_once_are_stored_once_and_credited_once() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        app.wave().fault(json!({ "fault": "callback_duplicate", "copies": 19 })).await;
        transfer.pay().await;
        transfer.shows("completed").await;
        assert_eq!(app.wave().answers_to(COMPLETED).await, [200; 20]);
        assert_eq!(outcomes(app).await, ["applied"]);
        assert_eq!(transfer.story().await.iter().filter(|word| *word == "payment_received").count(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_different_events_of_one_payment_credit_it_once() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        app.wave().fault(json!({ "fault": "callback_lost" })).await;
        app.wave().pay(&transfer.reference("collection").await).await;
        let session = session_of(&transfer).await;
        let answers = join_all((0..20).map(async |nth| {
            let event = json!({ "id": format!("EV_{nth}"), "type": COMPLETED, "data": session });
            app.wave().deliver(&event, SENEGAL, 0).await.status
        }))
        .await;
        assert_eq!(answers, [200; 20]);
        app.quiet().await;
        transfer.shows("completed").await;
        assert_eq!(transfer.story().await.iter().filter(|word| *word == "payment_received").count(), 1);
        assert_eq!(outcomes(app).await.len(), 20);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_attempt_told_after_the_payment_changes_nothing() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        app.wave().fault(json!({ "fault": "callback_reorder", "match": FAILED })).await;
        app.wave().decline(&transfer.reference("collection").await).await;
        transfer.pay().await;
        transfer.shows("completed").await;
        let journal = app.wave().deliveries().await;
        let order: Vec<_> =
            journal["data"].as_array().unwrap().iter().map(|line| &line["event_type"]).collect();
        assert_eq!(order, [COMPLETED, FAILED]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_event_about_what_is_known_is_no_news() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        app.wave().fault(json!({ "fault": "callback_late", "delay_seconds": 7200 })).await;
        transfer.pay().await;
        app.pass(6).await;
        transfer.shows("completed").await;
        let version = transfer.now().await["version"].clone();
        app.pass_until_kept(&["learn_fee"]).await;
        let learned = transfer.now().await["version"].clone();
        assert_ne!(version, learned);
        app.pass(7300).await;
        assert_eq!(app.wave().answers_to(COMPLETED).await, [200]);
        assert_eq!(transfer.now().await["version"], learned);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forgeries_are_refused_and_nothing_is_kept_of_them() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        let session = session_of(&transfer).await;
        let told = event("EV_FORGED", COMPLETED, &session);
        let bytes = serde_json::to_vec(&told).unwrap();
        let (wave, now) = (app.wave(), app.wave().now());
        let good = signature(SENEGAL, now, &bytes);
        let mut altered = bytes.clone();
        *altered.last_mut().unwrap() = b' ';
        let respaced = serde_json::to_vec_pretty(&told).unwrap();
        let dotted = {
            let text = [b".".as_slice(), &bytes].concat();
            format!("t={now},v1={}", digest(SENEGAL, now, &text))
        };
        let upper = format!("t={now},v1={}", digest(SENEGAL, now, &bytes).to_uppercase());
        let old = digest(SENEGAL, now - 100, &bytes);
        for (what, header, body) in [
            ("unknown secret", signature("wave_sn_WHS_other", now, &bytes), bytes.clone()),
            ("stale", signature(SENEGAL, now - 301, &bytes), bytes.clone()),
            ("from the future", signature(SENEGAL, now + 60, &bytes), bytes.clone()),
            ("another instant", format!("t={now},v1={old}"), bytes.clone()),
            ("re-serialised", good.clone(), respaced),
            ("truncated", good.clone(), bytes[..bytes.len() - 1].to_vec()),
            ("longer", good.clone(), [&bytes[..], b"\n"].concat()),
            ("altered", good.clone(), altered),
            ("empty body", good.clone(), vec![]),
            ("signed with a dot", dotted, bytes.clone()),
            ("upper case", upper, bytes.clone()),
            ("no signature", format!("t={now}"), bytes.clone()),
            ("no time", format!("v1={}", digest(SENEGAL, now, &bytes)), bytes.clone()),
            ("empty header", String::new(), bytes.clone()),
            ("nonsense", "nonsense".into(), bytes.clone()),
            ("huge time", format!("t=99999999999999999999,v1={old}"), bytes.clone()),
            ("negative time", format!("t=-1,v1={}", digest(SENEGAL, -1, &bytes)), bytes.clone()),
        ] {
            let answer = wave.post(&header, body).await;
            assert_eq!(answer.status, 401, "{what}: {answer}");
            answer.refused(401, "webhook_unauthentic");
        }
        let bare = Ask::new("POST", "/webhooks/wave").header("content-type", "application/json");
        app.ask(bare.clone().body(bytes.clone())).await.refused(401, "webhook_unauthentic");
        let secret = bare.bearer(SENEGAL).body(bytes.clone());
        app.ask(secret).await.refused(401, "webhook_unauthentic");
        app.quiet().await;
        transfer.shows("awaiting_payment").await;
        assert_eq!(outcomes(app).await, [""; 0]);
    })
    .await;
}

/// Only our own books can tell: the signature is good, what it says is not.
#[tokio::test(flavor = "multi_thread")]
async fn well_signed_lies_are_stored_and_not_believed() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        let session = session_of(&transfer).await;
        let mut tenfold = event("EV_TENFOLD", COMPLETED, &session);
        tenfold["data"]["amount"] = json!("101000");
        let mut currency = event("EV_CURRENCY", COMPLETED, &session);
        currency["data"]["currency"] = json!("XAF");
        let mut unknown = event("EV_UNKNOWN", COMPLETED, &session);
        unknown["data"]["client_reference"] = json!("0d7d8e4e-4f5e-4cf1-8d0a-1c6f6a2f4b11");
        unknown["data"]["id"] = json!("cos-unknown");
        let mut unnamed = event("EV_UNNAMED", COMPLETED, &session);
        unnamed["data"].as_object_mut().unwrap().remove("client_reference");
        unnamed["data"]["id"] = json!("cos-unknown");
        for lie in [&tenfold, &currency, &unknown, &unnamed] {
            assert_eq!(app.wave().deliver(lie, SENEGAL, 0).await.status, 200, "{lie}");
        }
        let elsewhere = event("EV_ELSEWHERE", COMPLETED, &session);
        assert_eq!(
            app.wave().deliver(&elsewhere, IVORY_COAST, 0).await.status,
            200,
            "another wallet's secret"
        );
        app.quiet().await;
        transfer.shows("awaiting_payment").await;
        assert_eq!(outcomes(app).await.len(), 5);
        assert!(!outcomes(app).await.contains(&"applied".to_owned()), "{:?}", outcomes(app).await);
        transfer.pay().await;
        transfer.shows("completed").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_simulator_s_own_forgeries_are_not_believed() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        let reference = transfer.reference("collection").await;
        for variant in ["signature", "amount", "amount_signed", "stale", "unsigned"] {
            app.wave().act("forge", json!({ "reference": reference, "variant": variant })).await;
        }
        app.quiet().await;
        transfer.shows("awaiting_payment").await;
        assert_eq!(app.wave().moved(&reference).await, [""; 0]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_signed_and_strange_are_answered_200() {
    on_each_database(async |app| {
        let (wave, now) = (app.wave(), app.wave().now());
        for body in [
            "{}",
            "[]",
            "null",
            "0",
            "\"\"",
            "not json",
            "{\"id\":1}",
            "{\"id\":\"EV_1\",\"type\":\"test.test_event\"}",
            "{\"id\":\"EV_2\",\"type\":\"test.test_event\",\"data\":{}}",
            "{\"id\":\"EV_3\",\"type\":\"nobody.knows\",\"data\":{\"id\":\"x\"}}",
            "{\"id\":\"EV_4\",\"type\":\"checkout.session.completed\",\"data\":null}",
            "{\"id\":\"EV_5\",\"type\":\"checkout.session.completed\",\"data\":{\"amount\":1}}",
            "{\"id\":\"EV_6\",\"type\":\"b2b.payment_failed\",\"data\":{\"error\":{}}}",
            "\u{0}",
            "",
        ] {
            let answer = wave.post(&signature(SENEGAL, now, body.as_bytes()), body).await;
            assert_eq!((answer.status, answer.bytes.as_slice()), (200, &b"{}"[..]), "{body:?}: {answer}");
        }
        app.quiet().await;
        let mut large = b"{\"id\":\"".to_vec();
        large.resize(1024 * 1024 + 1, b'a');
        let answer = wave.post(&signature(SENEGAL, now, &large), large).await;
        answer.refused(413, "payload_too_large");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_no_session_asked_for_is_stored_and_left_alone() {
    on_each_database(async |app| {
        for kind in ["merchant", "b2b", "b2b_failed"] {
            app.wave().act("direct", json!({ "wallet": "sn", "amount": "2000", "kind": kind })).await;
        }
        app.quiet().await;
        assert_eq!(outcomes(app).await.len(), 3);
        assert!(!outcomes(app).await.contains(&"applied".to_owned()));
        assert_eq!(app.balances().await["float:wave:sn:XOF"], 50_000_000);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_portal_s_tester_is_content() {
    on_each_database(async |app| {
        for wish in [json!({ "wallet": "sn" }), json!({ "wallet": "ci", "without_data": true })] {
            let report = app.wave().act("tester", wish).await;
            for probe in report["data"].as_array().unwrap() {
                assert_eq!(probe["passed"], true, "{probe}");
            }
        }
        app.quiet().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_secrets_serve_while_one_replaces_the_other() {
    let both = [("wave.wallets.sn.webhook.secrets", "wave_sn_WHS_sandbox,wave_sn_WHS_next")];
    on_each_database_with(&both, async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        app.wave().fault(json!({ "fault": "callback_twice_two_secrets" })).await;
        transfer.pay().await;
        transfer.shows("completed").await;
        let answers = app.wave().answers_to(COMPLETED).await;
        assert_eq!(answers, [200, 200]);
        let (wave, now) = (app.wave(), app.wave().now());
        for secret in [SENEGAL, "wave_sn_WHS_next"] {
            let body = format!("{{\"id\":\"{secret}\",\"type\":\"test.test_event\"}}");
            let both = format!(
                "{},v1={}",
                signature("nobody", now, body.as_bytes()),
                digest(secret, now, body.as_bytes())
            );
            assert_eq!(wave.post(&both, body).await.status, 200, "any v1 that matches counts");
        }
        app.quiet().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_secret_is_only_a_hint_to_ask() {
    let shared = [("wave.wallets.sn.webhook.strategy", "shared")];
    on_each_database_with(&shared, async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        let session = session_of(&transfer).await;
        let told = serde_json::to_vec(&event("EV_HINT", COMPLETED, &session)).unwrap();
        let hint =
            Ask::new("POST", "/webhooks/wave").header("content-type", "application/json").bearer(SENEGAL);
        assert_eq!(app.ask(hint.body(told)).await.status, 200);
        app.quiet().await;
        transfer.shows("awaiting_payment").await;
        transfer.pay().await;
        transfer.shows("completed").await;
        assert_eq!(app.wave().answers_to(COMPLETED).await, [200]);
    })
    .await;
}
