//! Hands for what waits for a person: paid out again, given back again, or by hand to an account of the payer's.

use domain::transfer::{Event, Fact};
use moneybridge::services::cases::{self, With};
use serde_json::{Value, json};

use crate::testkit::{
    Answer, Ask, Customer, Staff, TestApp, Transfer, ivorian, on_each_database, on_each_database_with,
};

async fn retry(staff: &Staff<'_>, transfer: &Transfer<'_, '_>, key: &str, body: &Value) -> Answer {
    staff.ask(Ask::post(format!("/v1/admin/transfers/{}/retry", transfer.id), body).key(key)).await
}

/// A payee was refused, and so was the refund.
async fn stuck<'c, 'a>(app: &TestApp, awa: &'c Customer<'a>) -> Transfer<'c, 'a> {
    let refused = json!({ "fault": "error_shape", "status": 400, "code": "checkout-refund-failed", "match": "/refund" });
    app.wave().fault(refused).await;
    let transfer = awa.sends_to(&ivorian("9902")).await;
    transfer.pay().await;
    transfer.shows("needs_attention").await;
    transfer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_failed_is_tried_again_once() {
    on_each_database(async |app| {
        let (awa, operator) = (app.customer().await, app.operator().await);
        let transfer = stuck(app, &awa).await;
        let payout = json!({ "what": "payout" });
        retry(&operator, &transfer, "p", &payout).await.refused(409, "transfer_not_retriable");
        let refund = json!({ "what": "refund" });
        let answers = futures::future::join_all(
            (0..6).map(async |nth| retry(&operator, &transfer, &format!("r{nth}"), &refund).await),
        )
        .await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        for answer in answers.iter().filter(|answer| answer.status != 200) {
            answer.refused(409, "transfer_not_retriable");
        }
        app.quiet().await;
        transfer.shows("refunded").await;
        assert_eq!((awa.balance().await, transfer.references("refund").await.len()), (0, 2));
        awa.ask(Ask::post(format!("/v1/admin/transfers/{}/retry", transfer.id), &refund).key("k"))
            .await
            .refused(403, "forbidden");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payout_that_was_taken_back_is_paid_again_or_given_back_and_then_refunded() {
    on_each_database(async |app| {
        let (awa, operator) = (app.customer().await, app.operator().await);
        for (nth, (what, end)) in [("payout", "completed"), ("refund", "refunded")].into_iter().enumerate() {
            let transfer = awa.sends_to(&ivorian("0001")).await;
            transfer.pay().await;
            let reference = transfer.reference("disbursement").await;
            let operations = app.wave().operations().await;
            let payout = operations.iter().find(|one| one["reference"] == reference.as_str()).unwrap();
            let undo = format!("/wave/v1/payout/{}/reverse", payout["id"].as_str().unwrap());
            let undo = Ask::new("POST", undo).bearer("wave_ci_prod_sandbox");
            assert_eq!(app.control(undo).await.status, 200);
            let event = Event::Heard { movement: reference.parse().unwrap(), fact: Fact::Reversed };
            let id = transfer.id.parse().unwrap();
            cases::apply(&app.app(), id, &event, With::default()).await.unwrap();
            transfer.shows("needs_attention").await;
            let answer = retry(&operator, &transfer, &format!("again-{nth}"), &json!({ "what": what })).await;
            answer.expect(200);
            app.quiet().await;
            transfer.shows(end).await;
            if end == "completed" {
                let whole = json!({ "reason": "Sent to the wrong sister" });
                operator
                    .ask(Ask::post(format!("{}/refund", transfer.path()), &whole).key("whole"))
                    .await
                    .expect(200);
                app.quiet().await;
                transfer.shows("refunded").await;
                assert_eq!(transfer.references("reversal").await.len(), 1, "of the second payout only");
            }
            assert_eq!(awa.balance().await, 0);
        }
    })
    .await;
}

/// A pot of ours in Dakar.
const POT: [(&str, &str); 5] = [
    ("manual.wallets.sn.countries", "SN"),
    ("manual.wallets.sn.currency", "XOF"),
    ("manual.wallets.sn.confirm_threshold", "1000000"),
    ("manual.wallets.sn.opening", "500000"),
    ("manual.wallets.sn.instructions.fr", "Motif {reference}"),
];

fn by_hand(account: &str, name: &str) -> Value {
    json!({ "what": "refund", "refund_by": "manual", "name": name, "account": account })
}

async fn decide(staff: &Staff<'_>, approval: &Value, how: &str) -> Answer {
    let id = approval["id"].as_str().unwrap();
    let mut body = json!({ "digest": approval["digest"] });
    if how == "reject" {
        body = json!({ "reason": "Another account" });
    }
    staff.ask(Ask::post(format!("/v1/admin/approvals/{id}/{how}"), &body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_rail_cannot_give_back_goes_back_by_hand_to_an_account_that_two_people_saw() {
    on_each_database_with(&POT, async |app| {
        let (awa, operator, admin) = (app.customer().await, app.operator().await, app.admin().await);
        let transfer = stuck(app, &awa).await;
        let mut body = json!({ "what": "refund", "refund_by": "manual", "name": "Awa Exemple" });
        retry(&operator, &transfer, "bad", &body).await.refused(422, "missing_field");
        body["account"] = json!("CBAO SN012 0042");
        let asked = retry(&operator, &transfer, "hand", &body).await;
        let approval = asked.expect(202);
        assert_eq!(
            retry(&operator, &transfer, "hand", &body).await.bytes,
            asked.bytes,
            "a replay is the same"
        );
        retry(&operator, &transfer, "more", &body).await.refused(409, "confirmation_pending");
        let to = json!({ "account": "CBAO SN012 0042", "name": "Awa Exemple" });
        assert_eq!((&approval["kind"], &approval["change"]["refund_to"]), (&json!("refund_by_hand"), &to));
        let id = approval["id"].as_str().unwrap();
        let parts = app.app();
        let mut reader = parts.db.read().await.unwrap();
        let kept = store::approvals::find(&mut reader.conn(), id.parse().unwrap()).await.unwrap().unwrap();
        assert!(!kept.payload.contains("CBAO"), "the account lies open in the book");
        drop(reader);
        let agree = json!({ "digest": approval["digest"] });
        admin.ask(Ask::post(format!("/v1/admin/approvals/{id}/approve"), &agree)).await.expect(200);
        app.quiet().await;
        transfer.shows("refunding").await;
        let row = operator.get("/v1/admin/movements?kind=refund").await["data"][0].clone();
        assert_eq!((&row["wallet"], &row["refund_to"]["account"]), (&json!("sn"), &to["account"]));
        let done =
            json!({ "outcome": "done", "operator_reference": "C-1", "evidence": "Slip of the counter" });
        let path = format!("/v1/admin/movements/{}/confirm", row["id"].as_str().unwrap());
        operator.ask(Ask::post(path, &done).key("done")).await.expect(200);
        app.quiet().await;
        transfer.shows("refunded").await;
        assert_eq!(app.balances().await["float:manual:sn:XOF"], 500_000 - 10_100);
        assert_eq!(awa.balance().await, 0);
    })
    .await;
}

/// One admin agrees to the first account while the other rejects it and agrees to a newer one: whichever way it goes,
/// the account beside the refund is the one that was agreed to.
#[tokio::test(flavor = "multi_thread")]
async fn the_account_is_that_of_the_consent_that_counted() {
    on_each_database_with(&POT, async |app| {
        let (awa, operator) = (app.customer().await, app.operator().await);
        let (one, two) = app.admins().await;
        for round in 0..4 {
            let transfer = stuck(app, &awa).await;
            let key = |nth: &str| format!("{nth}-{round}");
            let first = retry(&operator, &transfer, &key("a"), &by_hand("OLD 1", "Awa")).await.expect(202);
            let newer = async {
                let rejected = decide(&two, &first, "reject").await;
                let asked = retry(&operator, &transfer, &key("b"), &by_hand("NEW 2", "Awa")).await;
                let agreed = match asked.status {
                    202 => decide(&two, &asked.expect(202), "approve").await.status,
                    refused => refused,
                };
                (rejected.status, agreed)
            };
            let (old, (rejected, new)) = tokio::join!(decide(&one, &first, "approve"), newer);
            let old = old.status;
            assert_eq!(
                [old, new].iter().filter(|status| **status == 200).count(),
                1,
                "{old} {rejected} {new}"
            );
            app.quiet().await;
            transfer.shows("refunding").await;
            let rows = operator.get("/v1/admin/movements?kind=refund").await;
            let reference = transfer.references("refund").await.pop().unwrap();
            let row = rows["data"].as_array().unwrap().iter().find(|row| row["id"] == reference.as_str());
            let row = row.unwrap_or_else(|| panic!("{reference} in {rows}"));
            let expected = if old == 200 { "OLD 1" } else { "NEW 2" };
            assert_eq!(row["refund_to"]["account"], expected, "round {round}");
        }
    })
    .await;
}
