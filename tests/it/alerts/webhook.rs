//! Alerts as a program hears them: signed, repeated until they arrive, quiet in between, together in a storm.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use standardwebhooks::Webhook;

use super::{SECRET, a_receiver, look_over, something_happens};
use crate::testkit::{Ask, Posted, TestApp, on_each_database_beside};

/// As somebody who knows only the scheme and the secret checks it; a moved clock is no reason to doubt.
fn is_authentic(posted: &Posted, secret: &str) -> bool {
    let (id, at) = (posted.header("webhook-id"), posted.header("webhook-timestamp").parse().unwrap());
    let expected = Webhook::new(secret).unwrap().sign(id, at, &posted.body).unwrap();
    posted.header("webhook-signature").split(' ').any(|signature| signature == expected)
}

fn types(posted: &[Posted]) -> Vec<String> {
    posted.iter().map(|posted| posted.json()["type"].as_str().unwrap().to_owned()).collect()
}

/// Nothing more is told although there was time for it.
async fn stays_quiet(app: &TestApp) {
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    app.quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_posted_signed_once_and_then_quiet() {
    on_each_database_beside(a_receiver, async |app, receiver| {
        something_happens(app, "cus_1").await;
        let posted = receiver.wait_for(1).await;
        Webhook::new(SECRET).unwrap().verify(&posted[0].body, &posted[0].headers).unwrap();
        let other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        assert!(!is_authentic(&posted[0], other));
        assert_eq!(posted[0].header("content-type"), "application/json");
        let body = posted[0].json();
        assert_eq!((&body["type"], &body["mode"]), (&json!("alert.raised"), &json!("sandbox")));
        assert_eq!(body["data"]["subject"], "wave:sn:cus_1");
        assert_eq!(body["data"]["facts"]["amount"], "5000 XOF");

        something_happens(app, "cus_1").await;
        app.pass(6 * 3600 - 60).await;
        stays_quiet(app).await;
        assert_eq!(receiver.posted().len(), 1, "seen again within the quiet period");
        app.pass(120).await;
        let posted = receiver.wait_for(2).await;
        assert_eq!(posted[1].json()["type"], "alert.reminded");
        assert_eq!(posted[1].json()["data"]["count"], 2);
        assert!(is_authentic(&posted[1], SECRET));
        assert_ne!(posted[0].header("webhook-id"), posted[1].header("webhook-id"), "another message");

        let path = format!("/v1/admin/alerts/{}/acknowledge", body["data"]["id"].as_str().unwrap());
        app.operator().await.ask(Ask::post(path, &json!({}))).await.expect(200);
        app.pass(13 * 3600).await;
        stays_quiet(app).await;
        assert_eq!(receiver.posted().len(), 2, "whoever took note is told no more");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_arrive_is_sent_again_as_the_same_message() {
    on_each_database_beside(a_receiver, async |app, receiver| {
        receiver.answers(&[500, 307, 410, 429]);
        something_happens(app, "cus_1").await;
        receiver.wait_for(1).await;
        app.pass_until_kept(&["alert_webhook"]).await;
        let posted = receiver.posted();
        assert_eq!(posted.iter().map(|one| one.status).collect::<Vec<_>>(), [500, 307, 410, 429, 204]);
        let ids: BTreeSet<_> = posted.iter().map(|one| one.header("webhook-id")).collect();
        assert_eq!(ids.len(), 1, "one message");
        assert!(posted.iter().all(|one| one.body == posted[0].body && is_authentic(one, SECRET)));
        assert!(posted.iter().all(|one| !String::from_utf8_lossy(&one.body).contains("of-the-receiver")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_arrives_is_given_up_after_a_day_and_stays_listed() {
    on_each_database_beside(a_receiver, async |app, receiver| {
        receiver.answers(&[500; 20]);
        something_happens(app, "cus_1").await;
        receiver.wait_for(1).await;
        app.quiet().await;
        let waiting = |promise: &&Value| promise["kind"] == "alert_webhook";
        let operator = app.operator().await;
        let outbox = operator.get("/v1/admin/outbox").await;
        let promise = outbox["data"].as_array().unwrap().iter().find(waiting).unwrap().clone();
        assert_eq!(promise["last_error"], "not delivered: status 500");
        app.pass(25 * 3600).await;
        let outbox = app.operator().await.get("/v1/admin/outbox").await;
        let same = |one: &&Value| one["id"] == promise["id"];
        assert!(outbox["data"].as_array().unwrap().iter().find(same).is_none(), "old news is given up");
        app.pass_until_kept(&["alert_webhook"]).await;
        assert_eq!(receiver.posted().last().unwrap().json()["type"], "alert.reminded");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_gateways_that_see_the_same_tell_it_once() {
    on_each_database_beside(a_receiver, async |app, receiver| {
        let second = app.second().await;
        let wallet = domain::Wallet::parse("sn").unwrap();
        let amount = domain::Money::new(1, domain::Currency::parse("XOF").unwrap());
        let (first, other) = (app.app(), second.app.clone());
        let raise = |gateway: moneybridge::app::App| {
            let wallet = wallet.clone();
            async move {
                for nth in 0..4 {
                    let (provider, source) = (domain::Provider::ALL[0], format!("cus_{nth}"));
                    moneybridge::services::alerts::unapplied_funds(
                        &gateway, provider, &wallet, &source, amount,
                    )
                    .await;
                }
            }
        };
        tokio::join!(raise(first.clone()), raise(other.clone()), raise(first), raise(other));
        receiver.wait_for(4).await;
        stays_quiet(app).await;
        let posted = receiver.posted();
        let subjects: BTreeSet<_> =
            posted.iter().map(|one| one.json()["data"]["subject"].to_string()).collect();
        assert_eq!((posted.len(), subjects.len()), (4, 4), "{:?}", types(&posted));
        let listed = app.operator().await.get("/v1/admin/alerts").await;
        let counts: Vec<_> = listed["data"].as_array().unwrap().iter().map(|a| a["count"].as_i64()).collect();
        assert_eq!(counts, [Some(4); 4], "each was seen four times");
        second.stop().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_is_a_few_digests() {
    let prepare = async || {
        let (mut settings, receiver) = a_receiver().await;
        settings.push(("alerts.max_per_hour", "3".to_owned()));
        (settings, receiver)
    };
    on_each_database_beside(prepare, async |app, receiver| {
        for nth in 0..120 {
            something_happens(app, &format!("cus_{nth}")).await;
        }
        // The hour's three messages and one digest; the rest leaves with the next.
        app.pass(601).await;
        stays_quiet(app).await;
        let posted = receiver.posted();
        assert!(posted.len() <= 6, "{:?}", types(&posted));
        let told: u64 = posted.iter().map(|one| one.json()["data"]["count"].as_u64().unwrap()).sum();
        assert_eq!(told, 120, "everything is told: {:?}", types(&posted));
        let digest = posted.iter().find(|one| one.json()["type"] == "alert.digest").unwrap().json();
        let named = digest["data"]["alerts"].as_array().unwrap().len() as u64;
        assert_eq!(named, digest["data"]["count"].as_u64().unwrap().min(50));
        look_over(app).await;
        stays_quiet(app).await;
        assert_eq!(receiver.posted().len(), posted.len());
    })
    .await;
}
