//! What a provider refuses: the payer gets everything back, or a person takes over.

use domain::transfer::{Event, Fact};
use moneybridge::services::cases::{self, With};
use serde_json::json;

use crate::testkit::{ivorian, on_each_database};

/// Wave refuses these for good; 9907 only after a while.
const REFUSED: [&str; 7] = ["9901", "9902", "9903", "9904", "9905", "9906", "9907"];

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_payee_means_everything_back_to_the_payer() {
    on_each_database(async |app| {
        for tail in REFUSED {
            let awa = app.customer().await;
            let transfer = awa.sends_to(&ivorian(tail)).await;
            transfer.pay().await;
            app.pass(6).await;
            transfer.shows("refunded").await;
            let now = transfer.now().await;
            assert_eq!(now["refunded_total"], now["total_to_pay"], "{tail}");
            let story = transfer.story().await;
            let end = ["payee_refused", "refund_started", "refunded"];
            assert!(story.ends_with(&end.map(str::to_owned)), "{tail}: {story:?}");
            let moved = app.wave().moved(&transfer.reference("collection").await).await;
            assert_eq!(moved, ["collection 10100 succeeded", "refund 10100 succeeded"], "{tail}");
            app.was_told(&awa.phone, "n'a pas pu etre paye").await;
            assert_eq!(app.messages(&awa.phone).await.len(), 4, "code, payment, refund begun, refund done");
            assert_eq!(app.messages(&ivorian(tail)).await.len(), 0, "{tail} was told nothing");
            assert_eq!(awa.balance().await, 0);
        }
        app.pass_until_kept(&["learn_fee"]).await;
        let statement = app.statement().await;
        assert_eq!(
            statement,
            [
                "equity:opening:EUR 10000000",
                "equity:opening:XOF 150000000",
                "float:orange_sonatel:sn_retailer:XOF 50000000",
                "float:stripe:main:EUR 10000000",
                "float:wave:ci:XOF 50000000",
                "float:wave:sn:XOF 50000000"
            ],
            "as if nothing had been"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_from_a_balance_returns_to_the_balance() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        awa.tops_up("20000").await;
        let transfer = awa.sends("10000", ("balance", "wave"), &json!({ "phone": ivorian("9902") })).await;
        app.quiet().await;
        transfer.shows("refunded").await;
        assert_eq!(awa.balance().await, 20_000);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_refund_needs_a_person_and_the_debt_stays_booked() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let refused = json!({
            "fault": "error_shape", "status": 400, "code": "checkout-refund-failed", "match": "/refund",
        });
        app.wave().fault(refused).await;
        let transfer = awa.sends_to(&ivorian("9902")).await;
        transfer.pay().await;
        transfer.shows("needs_attention").await;
        assert_eq!(awa.balance().await, 10_100);
        assert_eq!(transfer.story().await.last().unwrap(), "refund_refused");
        app.pass(3600).await;
        transfer.shows("needs_attention").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_whose_answer_is_lost_is_found_in_the_statement() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        app.wave().fault(json!({ "fault": "lose_reply", "match": "/refund" })).await;
        let transfer = awa.sends_to(&ivorian("9902")).await;
        transfer.pay().await;
        transfer.shows("in_reconciliation").await;
        app.pass(6).await;
        transfer.shows("refunded").await;
        let moved = app.wave().moved(&transfer.reference("collection").await).await;
        assert_eq!(moved, ["collection 10100 succeeded", "refund 10100 succeeded"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_never_arrived_is_sent_again() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        app.wave().fault(json!({ "fault": "error_before", "status": 500, "match": "/refund" })).await;
        let transfer = awa.sends_to(&ivorian("9902")).await;
        transfer.pay().await;
        transfer.shows("in_reconciliation").await;
        for step in [6, 16, 41, 121, 601, 3601] {
            app.pass(step).await;
        }
        transfer.shows("refunded").await;
        let moved = app.wave().moved(&transfer.reference("collection").await).await;
        assert_eq!(moved, ["collection 10100 succeeded", "refund 10100 succeeded"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payout_that_wave_takes_back_needs_a_person() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        transfer.pay().await;
        transfer.shows("completed").await;
        let reference = transfer.reference("disbursement").await;
        let operations = app.wave().operations().await;
        let payout =
            operations.iter().find(|operation| operation["reference"] == reference.as_str()).unwrap();
        let undo = format!("/wave/v1/payout/{}/reverse", payout["id"].as_str().unwrap());
        let undo = crate::testkit::Ask::new("POST", undo).bearer("wave_ci_prod_sandbox");
        assert_eq!(app.control(undo).await.status, 200);
        let event = Event::Heard { movement: reference.parse().unwrap(), fact: Fact::Reversed };
        let id = transfer.id.parse().unwrap();
        cases::apply(&app.app(), id, &event, With::default()).await.unwrap();
        transfer.shows("needs_attention").await;
        assert_eq!(awa.balance().await, 10_000, "what was sent is owed again");
        assert_eq!(app.app().db.engine(), app.engine());
    })
    .await;
}
