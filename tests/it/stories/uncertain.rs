//! Not knowing: answers that are lost, broken or strange. Nothing is failed, nothing is paid twice.

use serde_json::{Value, json};

use crate::testkit::{TestApp, Transfer, ivorian, on_each_database, on_each_database_with};

/// A transfer that is paid while `fault` waits for its payout.
async fn paid_under(app: &TestApp, fault: Value, then: impl AsyncFn(&Transfer<'_, '_>)) {
    let awa = app.customer().await;
    let mut fault = fault;
    fault["match"] = json!({ "method": "POST", "path": "/payout" });
    app.wave().fault(fault.clone()).await;
    let transfer = awa.sends_to(&ivorian("0001")).await;
    transfer.pay().await;
    then(&transfer).await;
    transfer.shows("completed").await;
    let times = fault["times"].as_u64().unwrap_or(1);
    assert_eq!(app.wave().fired().await.last(), Some(&times), "{fault} happened");
    let moved = app.wave().moved(&transfer.reference("disbursement").await).await;
    assert_eq!(moved, ["disbursement 10000 succeeded"], "{fault}");
    assert_eq!(transfer.references("disbursement").await.len(), 1, "one movement for ever");
}

/// After the effect: whatever was answered, one question finds it.
#[tokio::test(flavor = "multi_thread")]
async fn a_payout_whose_answer_is_lost_or_unreadable_is_asked_about_and_paid_once() {
    // So many in a row would else be a rail that is down.
    on_each_database_with(&[("rails.failures", "1000")], async |app| {
        for fault in [
            json!({ "fault": "lose_reply" }),
            json!({ "fault": "reset_after" }),
            json!({ "fault": "error_after_success" }),
            json!({ "fault": "error_after_success", "status": 504 }),
            json!({ "fault": "html", "status": 200 }),
            json!({ "fault": "html" }),
            json!({ "fault": "truncated_json" }),
            json!({ "fault": "empty_200" }),
            json!({ "fault": "unknown_status" }),
            json!({ "fault": "redirect" }),
        ] {
            let named = fault.to_string();
            paid_under(app, fault, async |transfer| {
                let status = transfer.now().await["status"].as_str().unwrap().to_owned();
                assert_eq!(status, "in_reconciliation", "{named}");
                app.pass(6).await;
            })
            .await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payout_with_more_fields_than_we_know_is_simply_paid() {
    on_each_database(async |app| {
        paid_under(app, json!({ "fault": "unknown_field" }), async |_| {}).await;
        paid_under(app, json!({ "fault": "slow", "delay_ms": 50 }), async |_| {}).await;
    })
    .await;
}

/// Before the effect: "not found" is believed after three answers across the settling time, then the very same
/// request goes again.
#[tokio::test(flavor = "multi_thread")]
async fn a_payout_that_never_arrived_is_sent_again_under_its_reference() {
    on_each_database(async |app| {
        for fault in [
            json!({ "fault": "error_before", "status": 500 }),
            json!({ "fault": "reset_before" }),
            json!({ "fault": "timeout_before", "delay_ms": 20 }),
        ] {
            let named = fault.to_string();
            paid_under(app, fault, async |transfer| {
                transfer.shows("in_reconciliation").await;
                for step in [6, 16, 41] {
                    app.pass(step).await;
                    transfer.shows("in_reconciliation").await;
                    let moved = app.wave().moved(&transfer.reference("disbursement").await).await;
                    assert_eq!(moved, [""; 0], "{named}: not sent again so early");
                }
                for step in [121, 601] {
                    app.pass(step).await;
                }
                assert!(transfer.whole_story().await.contains("sent_again"), "{named}");
            })
            .await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payout_that_is_turned_away_for_haste_is_sent_later() {
    on_each_database(async |app| {
        paid_under(app, json!({ "fault": "error_before", "status": 429 }), async |transfer| {
            transfer.shows("disbursing").await;
            app.pass(70).await;
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_nobody_knows_never_fail_a_payout() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let strange = json!({ "fault": "unknown_status", "times": 5, "match": "/payout" });
        app.wave().fault(strange).await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        transfer.pay().await;
        for step in [6, 16, 41] {
            transfer.shows("in_reconciliation").await;
            app.pass(step).await;
        }
        transfer.shows("in_reconciliation").await;
        app.wave().heal().await;
        app.pass(601).await;
        transfer.shows("completed").await;
        assert_eq!(app.wave().moved(&transfer.reference("disbursement").await).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payout_in_process_is_asked_about_until_it_ends() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let (quick, slow) = (awa.sends_to(&ivorian("9908")).await, awa.sends_to(&ivorian("9909")).await);
        quick.pay().await;
        slow.pay().await;
        quick.shows("disbursing").await;
        app.pass(6).await;
        quick.shows("completed").await;
        slow.shows("disbursing").await;
        app.pass(3600).await;
        app.pass(3601).await;
        slow.shows("completed").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_session_is_found_by_our_reference() {
    on_each_database(async |app| {
        for fault in ["lose_reply", "truncated_json", "error_after_success", "unknown_status"] {
            let awa = app.customer().await;
            app.wave().fault(json!({ "fault": fault, "match": "POST /wave/v1/checkout/sessions" })).await;
            let transfer = awa.sends_to(&ivorian("0001")).await;
            assert_eq!(transfer.now().await["next_action"], json!(null), "{fault}");
            app.pass(6).await;
            let next = transfer.now().await["next_action"].clone();
            assert_eq!(next["type"], "redirect", "{fault}");
            assert_eq!(app.wave().sessions(&transfer.reference("collection").await).await.len(), 1);
            transfer.pay().await;
            transfer.shows("completed").await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_was_never_made_is_made_anew() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let lost =
            json!({ "fault": "error_before", "status": 500, "match": "POST /wave/v1/checkout/sessions" });
        app.wave().fault(lost).await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        for step in [6, 16, 41, 121] {
            app.pass(step).await;
        }
        assert_eq!(transfer.now().await["next_action"]["type"], "redirect");
        let references = transfer.references("collection").await;
        assert_eq!(references.len(), 2, "a new reference for a new session");
        assert_eq!(app.wave().sessions(&references[0]).await.len(), 0);
        transfer.pay().await;
        transfer.shows("completed").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paid_while_nobody_knew_of_the_session_is_paid() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        app.wave().fault(json!({ "fault": "lose_reply", "match": "POST /wave/v1/checkout/sessions" })).await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        transfer.pay().await;
        transfer.shows("completed").await;
    })
    .await;
}

/// A wrong key at the provider is our trouble: the payer's money waits, and nothing is refused for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_contract_error_fails_no_payout() {
    on_each_database(async |app| {
        let denied = json!({ "fault": "error_before", "status": 403, "times": 2 });
        paid_under(app, denied, async |transfer| {
            transfer.shows("disbursing").await;
            app.pass(61).await;
            transfer.shows("disbursing").await;
            app.pass(61).await;
        })
        .await;
    })
    .await;
}
