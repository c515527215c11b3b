//! Our own money: swept from the float at Stripe to our bank by two admins, whatever becomes of it there.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::testkit::{Answer, Ask, Staff, TestApp, on_each_database, on_each_database_with};

const DAY: i64 = 86_400;
/// What the simulated account opens with, in cents.
const OPENING: i64 = 10_000_000;

fn sweep(amount: &str) -> Value {
    let amount = json!({ "amount": amount, "currency": "EUR" });
    json!({ "kind": "sweep", "provider": "stripe", "wallet": "main", "amount": amount })
}

async fn propose(staff: &Staff<'_>, key: &str, body: &Value) -> Answer {
    staff.ask(Ask::post("/v1/admin/treasury", body).key(key)).await
}

async fn approve(staff: &Staff<'_>, approval: &Value) -> Answer {
    let path = format!("/v1/admin/approvals/{}/approve", approval["id"].as_str().unwrap());
    staff.ask(Ask::post(path, &json!({ "digest": approval["digest"] }))).await
}

/// A sweep of 2500 EUR that two admins agreed to, by its reference. What follows at once has happened.
async fn swept(app: &TestApp) -> String {
    let (one, two) = app.admins().await;
    let approval = propose(&one, "sweep", &sweep("2500")).await.expect(202);
    approve(&two, &approval).await.expect(200);
    app.quiet().await;
    approval["change"]["reference"].as_str().unwrap().to_owned()
}

async fn status(app: &TestApp, reference: &str) -> String {
    let movements = app.treasury().await;
    movements.iter().find(|m| m.reference.to_string() == reference).unwrap().state.to_string()
}

/// The float, what is held of it, and the bank; and what Stripe says is available is what we have available there.
async fn books(app: &TestApp) -> (i64, i64, i64) {
    let balances = app.balances().await;
    let of = |name: &str| balances.get(name).copied().unwrap_or(0);
    let parts = app.app();
    let float: domain::Account = "float:stripe:main:EUR".parse().unwrap();
    let mut reader = parts.db.read().await.unwrap();
    let stored = store::ledger::accounts::find(&mut reader.conn(), float.id()).await.unwrap().unwrap();
    let books = (of("float:stripe:main:EUR"), stored.held.minor(), of("bank:main:EUR"));
    assert_eq!(books.0 - books.1, app.stripe().balance().await.0, "available in the book and at Stripe");
    books
}

/// How often Stripe began to pay it, and how often it was paid.
async fn payouts(app: &TestApp, reference: &str) -> (usize, usize) {
    let record = app.stripe().operations().await;
    let of = record.iter().filter(|one| one["reference"] == reference);
    let with = |status: &str| of.clone().filter(|one| one["status"] == status).count();
    (with("pending"), with("succeeded"))
}

/// Why people were told that it failed, each time.
async fn alerted(admin: &Staff<'_>, reference: &str) -> Vec<String> {
    let alerts = admin.get("/v1/admin/alerts").await;
    let told = alerts["data"].as_array().unwrap().iter();
    let failed = told.filter(|alert| alert["kind"] == "treasury_failed" && alert["subject"] == reference);
    failed.map(|alert| alert["facts"]["reason"].as_str().unwrap().to_owned()).collect()
}

/// The states that it goes through in the next days, each once.
async fn days(app: &TestApp, reference: &str, days: usize) -> Vec<String> {
    let mut states = vec![status(app, reference).await];
    for _ in 0..days {
        app.pass(DAY).await;
        states.push(status(app, reference).await);
        books(app).await;
    }
    states.dedup();
    states
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_that_two_admins_agree_to_reaches_our_bank() {
    on_each_database(async |app| {
        let (one, two) = app.admins().await;
        let asked = propose(&one, "sweep", &sweep("2500")).await;
        let approval = asked.expect(202);
        let path = format!("/v1/admin/approvals/{}", approval["id"].as_str().unwrap());
        assert_eq!(asked.header("location"), Some(&*path));
        assert_eq!(one.get(&path).await, approval, "it is shown as it was answered");
        let change = &approval["change"];
        assert_eq!(
            (&change["from"], &change["to"]),
            (&json!("float:stripe:main:EUR"), &json!("bank:main:EUR"))
        );
        assert_eq!(change["bank_account"], "ba_sandbox_main");
        assert_eq!(books(app).await, (OPENING, 0, 0), "nothing is reserved yet");
        let again = propose(&one, "sweep", &sweep("2500")).await;
        assert_eq!((again.bytes, again.status), (asked.bytes, 202), "a replay is the same");
        propose(&one, "sweep", &sweep("2501")).await.refused(422, "idempotency_key_reused");

        approve(&two, &approval).await.expect(200);
        app.quiet().await;
        assert_eq!(books(app).await, (OPENING, 250_000, 0));
        let reference = change["reference"].as_str().unwrap();
        let shown = one.get(&format!("/v1/admin/treasury/{reference}")).await;
        assert_eq!((&shown["status"], &shown["approval_id"]), (&json!("submitted"), &approval["id"]));
        assert!(shown["provider_ref"].as_str().unwrap().starts_with("po_"));
        assert_eq!(one.get("/v1/admin/treasury").await["data"], json!([shown]));

        assert_eq!(days(app, reference, 6).await, ["submitted", "succeeded"]);
        assert_eq!(books(app).await, (OPENING - 250_000, 0, 250_000));
        assert_eq!(days(app, reference, 15).await, ["succeeded"], "asked about once more, it stays so");
        assert_eq!(payouts(app, reference).await, (1, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_that_our_bank_refuses_frees_the_float() {
    on_each_database_with(&[("stripe.bank_account", "ba_sandbox_account_closed")], async |app| {
        let reference = swept(app).await;
        assert_eq!(days(app, &reference, 6).await, ["submitted", "declined"]);
        assert_eq!(books(app).await, (OPENING, 0, 0));
        let admin = app.admin().await;
        let shown = admin.get(&format!("/v1/admin/treasury/{reference}")).await;
        assert_eq!(shown["code"], "account_closed");
        assert_eq!(alerted(&admin, &reference).await, ["account_closed"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_that_comes_back_after_it_was_paid_is_booked_back() {
    on_each_database_with(&[("stripe.bank_account", "ba_sandbox_paid_then_failed")], async |app| {
        let reference = swept(app).await;
        assert_eq!(days(app, &reference, 10).await, ["submitted", "succeeded", "failed_later"]);
        assert_eq!(books(app).await, (OPENING, 0, 0));
        assert_eq!(alerted(&app.admin().await, &reference).await.len(), 1);
        assert_eq!(payouts(app, &reference).await, (1, 1), "it is not sent again by itself");
    })
    .await;
}

/// No event comes: what was paid is asked about once more, and found to have come back.
#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_that_comes_back_unheard_is_found_by_asking() {
    on_each_database_with(&[("stripe.bank_account", "ba_sandbox_paid_then_failed")], async |app| {
        app.control(Ask::new("DELETE", "/_control/stripe/webhooks")).await.expect(204);
        let reference = swept(app).await;
        let mut states = vec![];
        for _ in 0..20 {
            app.pass(DAY).await;
            states.push(status(app, &reference).await);
        }
        states.dedup();
        assert!(states.ends_with(&["succeeded".into(), "failed_later".into()]), "{states:?}");
        assert_eq!(books(app).await, (OPENING, 0, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_whose_answer_is_lost_is_asked_about_and_happens_once() {
    on_each_database(async |app| {
        let fault = json!({ "fault": "lose_reply", "match": { "method": "POST", "path": "/payouts" } });
        app.stripe().fault(fault).await;
        app.control(Ask::new("DELETE", "/_control/stripe/webhooks")).await.expect(204);
        let reference = swept(app).await;
        assert_eq!(status(app, &reference).await, "uncertain");
        app.pass(6).await;
        assert_eq!(status(app, &reference).await, "submitted");
        assert_eq!(days(app, &reference, 6).await, ["submitted", "succeeded"]);
        assert_eq!(books(app).await, (OPENING - 250_000, 0, 250_000));
        assert_eq!(payouts(app, &reference).await, (1, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_that_never_arrived_is_sent_again_under_its_reference() {
    on_each_database(async |app| {
        let fault = json!({ "fault": "reset_before", "match": { "method": "POST", "path": "/payouts" } });
        app.stripe().fault(fault).await;
        let reference = swept(app).await;
        for step in [6, 16, 41] {
            app.pass(step).await;
            assert_eq!(
                (status(app, &reference).await, payouts(app, &reference).await),
                ("uncertain".into(), (0, 0))
            );
        }
        for step in [121, 601] {
            app.pass(step).await;
        }
        assert_eq!(
            (status(app, &reference).await, payouts(app, &reference).await),
            ("submitted".into(), (1, 0))
        );
        assert_eq!(days(app, &reference, 6).await, ["submitted", "succeeded"]);
        assert_eq!(payouts(app, &reference).await, (1, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_takes_two_admins_and_enough_money() {
    on_each_database(async |app| {
        let (one, two) = app.admins().await;
        let operator = app.operator().await;
        propose(&operator, "a", &sweep("1")).await.refused(403, "forbidden");
        operator.ask(Ask::get("/v1/admin/treasury")).await.refused(403, "forbidden");
        one.ask(Ask::post("/v1/admin/treasury", &sweep("1"))).await.refused(400, "idempotency_key_missing");
        for (field, value, code) in [
            ("kind", json!("gift"), "invalid_value"),
            ("provider", json!("orange_web"), "invalid_value"),
            ("wallet", json!("other"), "invalid_value"),
            ("amount", json!({ "amount": "0", "currency": "EUR" }), "invalid_amount"),
            ("amount", json!({ "amount": "1", "currency": "XOF" }), "currency_mismatch"),
        ] {
            let mut body = sweep("1");
            body[field] = value;
            propose(&one, "b", &body).await.refused(422, code);
        }
        let wave = json!({ "amount": "1", "currency": "XOF" });
        let wave = json!({ "kind": "sweep", "provider": "wave", "wallet": "sn", "amount": wave });
        propose(&one, "c", &wave).await.refused(422, "no_bank_account");

        let large = propose(&one, "large", &sweep("100000.01")).await.expect(202);
        approve(&one, &large).await.refused(403, "own_request");
        approve(&operator, &large).await.refused(403, "forbidden");
        approve(&two, &large).await.refused(422, "insufficient_funds");
        assert_eq!(two.get("/v1/admin/approvals").await["data"], json!([large]), "it goes on waiting");
        assert_eq!(one.get("/v1/admin/treasury").await["data"], json!([]));
        assert_eq!(books(app).await, (OPENING, 0, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_consents_at_once_one_counts() {
    on_each_database(async |app| {
        let (one, two) = app.admins().await;
        let approval = propose(&one, "sweep", &sweep("2500")).await.expect(202);
        let answers = join_all((0..12).map(|_| approve(&two, &approval))).await;
        let agreed = answers.iter().filter(|answer| answer.status == 200).count();
        for answer in answers.iter().filter(|answer| answer.status != 200) {
            answer.refused(409, "approval_decided");
        }
        app.quiet().await;
        assert_eq!(agreed, 1);
        assert_eq!(one.get("/v1/admin/treasury").await["data"].as_array().unwrap().len(), 1);
        let reference = approval["change"]["reference"].as_str().unwrap();
        assert_eq!(days(app, reference, 6).await, ["submitted", "succeeded"]);
        assert_eq!(books(app).await, (OPENING - 250_000, 0, 250_000));
        assert_eq!(payouts(app, reference).await, (1, 1));
    })
    .await;
}

fn filled(kind: &str, wallet: &str, amount: &str, receipt: &str) -> Value {
    let currency = if wallet == "cn" { "CNY" } else { "GNF" };
    json!({
        "kind": kind, "provider": "manual", "wallet": wallet, "operator_reference": receipt,
        "amount": { "amount": amount, "currency": currency }, "evidence": "Line 12 of the statement of the 20th",
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_float_is_filled_as_the_bank_s_statement_says_once() {
    on_each_database(async |app| {
        let (one, two) = app.admins().await;
        for (field, code) in [("operator_reference", "missing_field"), ("evidence", "missing_field")] {
            let mut body = filled("top_up", "cn", "2500", "VIR 1");
            body.as_object_mut().unwrap().remove(field);
            propose(&one, "bad", &body).await.refused(422, code);
        }
        let mut sent = sweep("1");
        sent["evidence"] = json!("Line 12 of the statement");
        propose(&one, "bad", &sent).await.refused(422, "not_for_this_kind");

        let approval = propose(&one, "top-up", &filled("top_up", "cn", "2500", "VIR 1")).await.expect(202);
        let change = &approval["change"];
        assert_eq!(
            (&change["from"], &change["to"]),
            (&json!("bank:main:CNY"), &json!("float:manual:cn:CNY"))
        );
        approve(&one, &approval).await.refused(403, "own_request");
        let before = app.balances().await["float:manual:cn:CNY"];
        approve(&two, &approval).await.expect(200);
        let after = app.balances().await;
        assert_eq!((after["float:manual:cn:CNY"] - before, after["bank:main:CNY"]), (250_000, -250_000));
        let shown = one.get("/v1/admin/treasury").await["data"][0].clone();
        assert_eq!((&shown["kind"], &shown["status"]), (&json!("top_up"), &json!("succeeded")));
        assert_eq!(shown["provider_ref"], "VIR1");

        let again = propose(&one, "again", &filled("top_up", "cn", "2500", "vir1")).await.expect(202);
        approve(&two, &again).await.refused(409, "operator_reference_used");
        assert_eq!(app.balances().await["float:manual:cn:CNY"] - before, 250_000);
        let opened = filled("opening", "cn", "1", "VIR 9");
        propose(&one, "opened", &opened).await.refused(409, "account_opened");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_opened_before_its_first_posting_and_once() {
    let settings = [("manual.wallets.gn.opening", "0")];
    on_each_database_with(&settings, async |app| {
        let (one, two) = app.admins().await;
        let before = app.balances().await.get("equity:opening:GNF").copied().unwrap_or(0);
        let mut bank = filled("opening_bank", "gn", "900000", "S-1");
        bank["bank"] = json!("ecobank");
        let bodies =
            [filled("opening", "gn", "500000", "S-2"), filled("opening", "gn", "600000", "S-3"), bank];
        let mut waiting = vec![];
        for (nth, body) in bodies.iter().enumerate() {
            waiting.push(propose(&one, &format!("open-{nth}"), body).await.expect(202));
        }
        let answers = join_all(waiting.iter().map(|approval| approve(&two, approval))).await;
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        assert!(matches!(statuses.as_slice(), [200, 409, 200] | [409, 200, 200]), "{statuses:?}");
        answers.iter().find(|answer| answer.status == 409).unwrap().refused(409, "account_opened");
        let balances = app.balances().await;
        let expected = if statuses[0] == 200 { 500_000 } else { 600_000 };
        assert_eq!((balances["float:manual:gn:GNF"], balances["bank:ecobank:GNF"]), (expected, 900_000));
        assert_eq!(balances["equity:opening:GNF"] - before, expected + 900_000);
    })
    .await;
}
