//! Payees that Wave is asked about before they are paid: its plain words count, its silence delays by seconds.

use serde_json::json;

use crate::testkit::{Ask, Customer, Staff, Transfer, ivorian, on_each_database, on_each_database_with};

const HOLD: [(&str, &str); 1] = [("payouts.on_name_mismatch", "hold")];

/// From Wave to an Ivorian wallet, paid for.
async fn paid<'c, 'a>(awa: &'c Customer<'a>, tail: &str) -> Transfer<'c, 'a> {
    let transfer = awa.sends_to(&ivorian(tail)).await;
    transfer.pay().await;
    transfer
}

async fn moved(transfer: &Transfer<'_, '_>) -> Vec<String> {
    transfer.owner.app.wave().moved(&transfer.reference("disbursement").await).await
}

async fn decide(staff: &Staff<'_>, transfer: &Transfer<'_, '_>, action: &str) {
    let body = if action == "refuse" { json!({ "reason": "Not who was meant" }) } else { json!({}) };
    let path = format!("/v1/admin/transfers/{}/{action}", transfer.id);
    staff.ask(Ask::post(path, &body).key(&format!("{action}-{}", transfer.id))).await.expect(200);
    transfer.owner.app.quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_receive_so_much_is_refused_before_anything_leaves() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = paid(&awa, "9905").await;
        app.pass(6).await;
        transfer.shows("refunded").await;
        let whole = transfer.whole_story().await;
        assert!(whole.contains("recipient_beyond_limits"), "{whole}");
        assert!(!whole.contains("disbursement_started"), "nothing was reserved or sent: {whole}");
        assert_eq!(moved(&transfer).await, [""; 0]);
    })
    .await;
    on_each_database_with(&[("payouts.verify_recipient", "false")], async |app| {
        let awa = app.customer().await;
        let transfer = paid(&awa, "9905").await;
        app.pass(6).await;
        transfer.shows("refunded").await;
        assert!(
            transfer.story().await.contains(&"disbursement_started".to_owned()),
            "the payout itself was refused"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_name_is_paid_unless_people_shall_look() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        paid(&awa, "9912").await.shows("completed").await;
    })
    .await;
    on_each_database_with(&HOLD, async |app| {
        let (awa, operator) = (app.customer().await, app.operator().await);
        let (meant, strange) = (paid(&awa, "9912").await, paid(&awa, "9912").await);
        for transfer in [&meant, &strange] {
            transfer.shows("on_hold").await;
            assert_eq!(moved(transfer).await, [""; 0], "nothing left");
            assert_eq!(transfer.story().await.last().unwrap(), "on_hold", "its owner reads no more");
        }
        let waiting = operator.get("/v1/admin/attention?status=on_hold").await["data"].clone();
        let reasons: Vec<_> = waiting.as_array().unwrap().iter().map(|line| line["reason"].clone()).collect();
        assert_eq!(reasons, ["payee_name_differs", "payee_name_differs"]);
        decide(&operator, &meant, "release").await;
        meant.shows("completed").await;
        assert_eq!(moved(&meant).await, ["disbursement 10000 succeeded"]);
        decide(&operator, &strange, "refuse").await;
        app.pass(6).await;
        strange.shows("refunded").await;
        paid(&awa, "0001").await.shows("completed").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wave_that_does_not_say_delays_a_payout_by_seconds() {
    on_each_database_with(&HOLD, async |app| {
        let awa = app.customer().await;
        let silent = |status: u16| json!({ "fault": "error_before", "status": status, "times": 1000, "match": "/verify_recipient" });
        app.wave().fault(silent(500)).await;
        let transfer = paid(&awa, "0001").await;
        transfer.shows("funded").await;
        app.pass(2).await;
        transfer.shows("funded").await;
        app.pass(3).await;
        transfer.shows("completed").await;
        assert_eq!(app.wave().fired().await, [3]);
        assert_eq!(moved(&transfer).await, ["disbursement 10000 succeeded"]);
        app.wave().heal().await;
        for status in [403, 429] {
            app.wave().fault(silent(status)).await;
            paid(&awa, "0001").await.shows("completed").await;
            app.wave().heal().await;
        }
    })
    .await;
}

/// Who does not answer holds up nobody else: a dispatch waits in its own provider's lane.
#[tokio::test(flavor = "multi_thread")]
async fn a_dispatch_waits_in_the_lane_of_its_provider() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let silent =
            json!({ "fault": "error_before", "status": 500, "times": 1000, "match": "/verify_recipient" });
        app.wave().fault(silent).await;
        let transfer = paid(&awa, "0001").await;
        let waiting = app.operator().await.get("/v1/admin/outbox").await["data"].clone();
        let dispatch =
            waiting.as_array().unwrap().iter().find(|promise| promise["kind"] == "dispatch").unwrap();
        assert_eq!(dispatch["lane"], "wave");
        app.pass(2).await;
        app.pass(3).await;
        transfer.shows("completed").await;
    })
    .await;
}
