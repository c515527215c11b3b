//! Money that people move: paid at a counter, paid out at a bank, and said so by whoever did it.

use domain::{Currency, Money};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::alerts::{look_over, of_kind};
use crate::testkit::{
    Answer, Ask, Customer, Staff, TestApp, Transfer, ivorian, on_each_database, on_each_database_with,
};

const HOUR: i64 = 3_600;

/// 1 CNY is 2500 GNF, and 2812.5 for who buys it.
async fn price_yuan(app: &TestApp) {
    let rate = json!({ "mid": "2500", "sell_spread_bps": "1250", "buy_spread_bps": "0", "source": "bank of the day" });
    let admin = app.admin().await;
    admin.ask(Ask::new("PUT", "/v1/admin/rates/CNY/GNF").json(&rate)).await.expect(200);
    // A code of the second factor is good once: whoever signs in next needs another one.
    app.pass(31).await;
}

async fn quote(customer: &Customer<'_>, yuan: &str, funding: &str) -> Value {
    let ask = json!({
        "send_currency": "GNF", "receive_currency": "CNY", "amount": { "amount": yuan, "currency": "CNY" },
        "side": "receive", "funding_rail": funding, "payout_rail": "manual",
    });
    customer.ask(Ask::post("/v1/quotes", &ask)).await.expect(201)
}

fn order(quote: &Value, funding: &str) -> Value {
    json!({
        "quote_id": quote["id"],
        "payer": { "rail": funding, "name": "Awa Exemple" },
        "payee": { "rail": "manual", "account": "Alipay 138 0000 0000", "name": "Guangzhou Exemple", "country": "CN" },
        "purpose": "Invoice 42",
    })
}

/// Francs by `funding` to so many yuan in a supplier's account, accepted.
async fn buys<'c, 'a>(customer: &'c Customer<'a>, yuan: &str, funding: &str) -> Transfer<'c, 'a> {
    let quote = quote(customer, yuan, funding).await;
    let accepted = customer.order(&customer.fresh_key(), &order(&quote, funding)).await.expect(201);
    customer.app.quiet().await;
    customer.transfer(accepted["id"].as_str().unwrap())
}

async fn credit(app: &TestApp, customer: &Customer<'_>, francs: i64) {
    app.credit(customer, Money::new(francs, Currency::GNF)).await;
}

fn done(receipt: &str) -> Value {
    json!({ "outcome": "done", "operator_reference": receipt, "evidence": "Stamped slip in folder eleven" })
}

fn refused(code: &str) -> Value {
    json!({ "outcome": "refused", "evidence": "The bank sent it back to us", "code": code })
}

async fn confirm(staff: &Staff<'_>, movement: &str, key: &str, body: &Value) -> Answer {
    staff.ask(Ask::post(format!("/v1/admin/movements/{movement}/confirm"), body).key(key)).await
}

/// Confirms the newest movement of this kind, and everything that follows at once has happened.
async fn confirmed(app: &TestApp, staff: &Staff<'_>, transfer: &Transfer<'_, '_>, kind: &str, body: &Value) {
    let movement = transfer.reference(kind).await;
    confirm(staff, &movement, &format!("confirm-{movement}"), body).await.expect(200);
    app.quiet().await;
}

async fn approve(staff: &Staff<'_>, approval: &Value) -> Answer {
    let path = format!("/v1/admin/approvals/{}/approve", approval["id"].as_str().unwrap());
    staff.ask(Ask::post(path, &json!({ "digest": approval["digest"] }))).await
}

async fn balance(app: &TestApp, account: &str) -> i64 {
    app.balances().await.get(account).copied().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_yuan_by_hand_cost_what_they_should() {
    on_each_database(async |app| {
        price_yuan(app).await;
        let awa = app.customer().await;
        let offer = quote(&awa, "10000", "manual").await;
        assert_eq!(offer["send"], json!({ "amount": "28125000", "currency": "GNF" }));
        assert_eq!(offer["receive"], json!({ "amount": "10000.00", "currency": "CNY" }));
        assert_eq!(
            (&offer["inverse"], &offer["total_to_pay"]["amount"]),
            (&json!("2812.5"), &json!("28125000"))
        );

        let transfer = buys(&awa, "10000", "manual").await;
        let operator = app.operator().await;
        let next = transfer.now().await["next_action"].clone();
        let rows = operator.get("/v1/admin/movements?rail=manual&state=submitted").await["data"].clone();
        let [row] = rows.as_array().unwrap().as_slice() else { panic!("{rows}") };
        assert_eq!(
            (&row["kind"], &row["wallet"], &row["people"]),
            (&json!("collection"), &json!("gn"), &json!(1))
        );
        let told = next["instructions"].as_str().unwrap();
        assert_eq!(next["type"], "manual");
        assert!(told.contains("28125000 GNF") && told.contains(row["reference"].as_str().unwrap()), "{told}");

        let paid = confirm(&operator, row["id"].as_str().unwrap(), "one", &done("ft 0042")).await;
        assert_eq!(paid.expect(200)["transfer_status"], "funded");
        let again = confirm(&operator, row["id"].as_str().unwrap(), "one", &done("ft 0042")).await;
        assert_eq!((again.bytes, again.status), (paid.bytes, 200), "a replay is the same");
        app.quiet().await;
        transfer.shows("disbursing").await;

        let rows = operator.get("/v1/admin/movements").await["data"].clone();
        let row = &rows[0];
        assert_eq!((&row["kind"], &row["amount"]["amount"]), (&json!("disbursement"), &json!("10000.00")));
        assert_eq!(row["payee"]["account"], "Alipay 138 0000 0000");
        assert_eq!(row["payee"]["name"], "Guangzhou Exemple");
        let by_reference = row["reference"].as_str().unwrap();
        confirm(&operator, by_reference, "two", &done("ICBC-1")).await.expect(200);
        app.quiet().await;
        transfer.shows("completed").await;
        assert_eq!(operator.get("/v1/admin/movements").await["data"], json!([]));
        let shown = operator.get("/v1/admin/movements?state=succeeded&kind=disbursement").await;
        assert_eq!(shown["data"][0]["operator_reference"], "ICBC-1");
        assert_eq!(balance(app, "float:manual:gn:GNF").await, 1_028_125_000);
        assert_eq!(balance(app, "float:manual:cn:CNY").await, 99_000_000);
        assert_eq!(balance(app, "revenue:fx_margin:GNF").await, 3_125_000);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_payment_by_hand_takes_two_people() {
    on_each_database(async |app| {
        price_yuan(app).await;
        let awa = app.customer().await;
        credit(app, &awa, 300_000_000).await;
        let transfer = buys(&awa, "50000", "balance").await;
        let (movement, operator) = (transfer.reference("disbursement").await, app.operator().await);
        let (one, two) = app.admins().await;
        let asked = confirm(&operator, &movement, "large", &done("ICBC-2")).await;
        let approval = asked.expect(202);
        assert_eq!(confirm(&operator, &movement, "large", &done("ICBC-2")).await.bytes, asked.bytes);
        confirm(&one, &movement, "also", &done("ICBC-3")).await.refused(409, "confirmation_pending");
        let shown = one.get(asked.header("location").unwrap()).await;
        assert_eq!(shown, approval);
        assert_eq!(
            (&shown["kind"], &shown["change"]["outcome"]),
            (&json!("movement_confirmation"), &json!("succeeded"))
        );
        assert_eq!(shown["change"]["evidence"], "Stamped slip in folder eleven");
        let id = approval["id"].as_str().unwrap().parse().unwrap();
        let stored =
            store::approvals::find(&mut app.app().db.read().await.unwrap().conn(), id).await.unwrap();
        assert!(!stored.unwrap().payload.contains("Stamped"), "what was seen lies open in the book");
        approve(&operator, &approval).await.refused(403, "forbidden");
        transfer.shows("disbursing").await;
        approve(&one, &approval).await.expect(200);
        approve(&two, &approval).await.refused(409, "approval_decided");
        app.quiet().await;
        transfer.shows("completed").await;
        let reference = movement.parse().unwrap();
        let app_ = app.app();
        let kept =
            store::evidence::of_movement(&mut app_.db.read().await.unwrap().conn(), reference).await.unwrap();
        let [kept] = kept.as_slice() else { panic!("{kept:?}") };
        assert!(kept.has_moved && kept.agreed_by.is_some_and(|by| by != kept.made_by));

        let second = buys(&awa, "50000", "balance").await.reference("disbursement").await;
        let own = confirm(&two, &second, "own", &done("ICBC-4")).await.expect(202);
        approve(&two, &own).await.refused(403, "own_request");
        approve(&one, &own).await.expect(200);
        assert_eq!(balance(app, "float:manual:cn:CNY").await, 90_000_000);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_confirm_at_once_one_counts() {
    on_each_database(async |app| {
        price_yuan(app).await;
        let awa = app.customer().await;
        let transfer = buys(&awa, "1000", "manual").await;
        let (movement, operator, admin) =
            (transfer.reference("collection").await, app.operator().await, app.admin().await);
        let answers = join_all((0..12).map(async |nth| {
            let body = done(&format!("R{nth}"));
            let staff = if nth % 2 == 0 { &operator } else { &admin };
            confirm(staff, &movement, &format!("race-{nth}"), &body).await
        }))
        .await;
        let counted = answers.iter().filter(|answer| answer.status == 200).count();
        for answer in answers.iter().filter(|answer| answer.status != 200) {
            answer.refused(409, "movement_not_open");
        }
        assert_eq!(counted, 1);
        app.quiet().await;
        assert_eq!(balance(app, "float:manual:gn:GNF").await - 1_000_000_000, 2_812_500);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_be_paid_by_hand_costs_the_payer_nothing() {
    on_each_database(async |app| {
        price_yuan(app).await;
        let (awa, binta, operator) = (app.customer().await, app.customer().await, app.operator().await);
        let by_hand = buys(&awa, "100", "manual").await;
        confirmed(app, &operator, &by_hand, "collection", &done("A1")).await;
        confirmed(app, &operator, &by_hand, "disbursement", &refused("account_closed")).await;
        by_hand.shows("refunding").await;
        confirmed(app, &operator, &by_hand, "refund", &done("A2")).await;
        by_hand.shows("refunded").await;

        credit(app, &binta, 281_250).await;
        let from_balance = buys(&binta, "100", "balance").await;
        confirmed(app, &operator, &from_balance, "disbursement", &refused("account_closed")).await;
        from_balance.shows("refunded").await;
        assert_eq!(balance(app, &format!("customer:{}:GNF", binta.id)).await, 281_250);

        let nobody = buys(&awa, "100", "manual").await;
        confirmed(app, &operator, &nobody, "collection", &refused("false_note")).await;
        nobody.shows("collection_failed").await;
        for account in ["fx:GNF", "fx:CNY", "revenue:fx_margin:GNF"] {
            assert_eq!(balance(app, account).await, 0, "{account}");
        }
        assert_eq!(balance(app, "float:manual:gn:GNF").await, 1_000_000_000);
        assert_eq!(balance(app, "float:manual:cn:CNY").await, 100_000_000);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_is_seen_late_waits_and_goes_back_by_hand() {
    on_each_database(async |app| {
        price_yuan(app).await;
        let awa = app.customer().await;
        let transfer = buys(&awa, "100", "manual").await;
        app.pass(47 * HOUR).await;
        transfer.shows("awaiting_payment").await;
        app.pass(2 * HOUR).await;
        transfer.shows("expired").await;
        let operator = app.operator().await;
        let movement = transfer.reference("collection").await;
        confirm(&operator, &movement, "no", &refused("nobody_came")).await.refused(409, "movement_not_open");
        confirmed(app, &operator, &transfer, "collection", &done("L1")).await;
        assert_eq!(balance(app, "suspense:manual:gn:GNF").await, 281_250);
        app.pass(73 * HOUR).await;
        let operator = app.operator().await;
        confirmed(app, &operator, &transfer, "refund", &done("L2")).await;
        transfer.shows("expired").await;
        assert_eq!(balance(app, "suspense:manual:gn:GNF").await, 0);
        assert_eq!(balance(app, "float:manual:gn:GNF").await, 1_000_000_000);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_is_taken_whole_once_and_from_the_right_people() {
    on_each_database(async |app| {
        price_yuan(app).await;
        let (awa, operator) = (app.customer().await, app.operator().await);
        let (one, two) = (buys(&awa, "100", "manual").await, buys(&awa, "100", "manual").await);
        confirmed(app, &operator, &one, "collection", &done("Ft 77")).await;
        let movement = two.reference("collection").await;
        let again = confirm(&operator, &movement, "again", &done(" fT77 ")).await;
        again.refused(409, "operator_reference_used");
        for (field, value, code) in [
            ("outcome", json!("maybe"), "invalid_value"),
            ("evidence", json!("seen"), "invalid_text"),
            ("evidence", json!("e".repeat(1001)), "invalid_text"),
            ("operator_reference", json!(null), "missing_field"),
            ("amount", json!({ "amount": "281251", "currency": "GNF" }), "amount_differs"),
            ("amount", json!({ "amount": "281250", "currency": "XOF" }), "amount_differs"),
            ("code", json!("Not A Word"), "invalid_value"),
        ] {
            let mut body = done("Ft 78");
            body[field] = value;
            confirm(&operator, &movement, "bad", &body).await.refused(422, code);
        }
        let path = format!("/v1/admin/movements/{movement}/confirm");
        operator.ask(Ask::post(&path, &done("x"))).await.refused(400, "idempotency_key_missing");
        awa.ask(Ask::post(&path, &done("x")).key("k")).await.refused(403, "forbidden");
        let nobody = "f47ac10b-58cc-4372-a567-0e02b2c3d479";
        confirm(&operator, nobody, "k", &done("x")).await.refused(404, "not_found");
        operator.ask(Ask::get("/v1/admin/movements?rail=wave")).await.refused(422, "invalid_query");

        let mut exact = done("Ft 78");
        exact["amount"] = json!({ "amount": "281250", "currency": "GNF" });
        confirmed(app, &operator, &two, "collection", &exact).await;
        two.shows("disbursing").await;

        let wave = awa.sends_to(&ivorian("0001")).await;
        let other = wave.reference("collection").await;
        confirm(&operator, &other, "w", &done("x")).await.refused(404, "not_found");

        for payee in [json!({ "rail": "manual" }), json!({ "rail": "manual", "account": "x".repeat(141) })] {
            let offer = quote(&awa, "100", "manual").await;
            let mut asked = order(&offer, "manual");
            asked["payee"] = payee;
            asked["payee"]["name"] = json!("Guangzhou Exemple");
            asked["payee"]["country"] = json!("CN");
            let answer = awa.order(&awa.fresh_key(), &asked).await;
            assert_eq!(
                (answer.status, answer.json()["errors"][0]["pointer"].as_str()),
                (422, Some("/payee/account"))
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_speaks_about_their_own_money() {
    on_each_database(async |app| {
        price_yuan(app).await;
        let operator = app.operator().await;
        let quote = json!({
            "send_currency": "GNF", "receive_currency": "CNY", "amount": { "amount": "100", "currency": "CNY" },
            "side": "receive", "funding_rail": "manual", "payout_rail": "manual",
        });
        let offer = operator.ask(Ask::post("/v1/quotes", &quote)).await.expect(201);
        let own = operator.ask(Ask::post("/v1/transfers", &order(&offer, "manual")).key("own")).await.expect(201);
        app.quiet().await;
        let row = operator.get("/v1/admin/movements").await["data"][0].clone();
        assert_eq!(row["transfer_id"], own["id"]);
        let movement = row["id"].as_str().unwrap();
        confirm(&operator, movement, "own", &done("O1")).await.refused(403, "own_request");
        confirm(&app.admin().await, movement, "theirs", &done("O1")).await.expect(200);
        app.quiet().await;
    })
    .await;
}

fn resolution(outcome: &str) -> Value {
    json!({ "outcome": outcome, "evidence": "The portal's statement of the day", "operator_reference": "W-1" })
}

/// A payout that no answer tells of, for as long as the fault is there.
async fn stuck<'c, 'a>(app: &TestApp, awa: &'c Customer<'a>, fault: &str) -> Transfer<'c, 'a> {
    let by = |fault: &str, method: &str, path: &str| json!({ "fault": fault, "probability": 1.0, "seed": 1, "match": { "method": method, "path": path } });
    app.wave().fault(by(fault, "POST", "/payout")).await;
    app.wave().fault(by("html", "GET", "/payout")).await;
    let transfer = awa.sends_to(&ivorian("0001")).await;
    transfer.pay().await;
    transfer.shows("in_reconciliation").await;
    transfer
}

async fn resolve(staff: &Staff<'_>, movement: &str, key: &str, body: &Value) -> Answer {
    staff.ask(Ask::post(format!("/v1/admin/uncertain/{movement}/resolve"), body).key(key)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_provider_tells_two_people_do() {
    on_each_database(async |app| {
        let (awa, operator) = (app.customer().await, app.operator().await);
        let transfer = stuck(app, &awa, "lose_reply").await;
        let movement = transfer.reference("disbursement").await;
        resolve(&operator, &movement, "soon", &resolution("succeeded"))
            .await
            .refused(409, "movement_not_stuck");
        app.pass(2 * HOUR).await;
        confirm(&operator, &movement, "by-hand", &done("W-1")).await.refused(404, "not_found");
        let fee = app.wave().operations().await.iter().find(|o| o["reference"] == *movement).unwrap()["fee"]
            .clone();
        let mut body = resolution("succeeded");
        body["fee"] = json!({ "amount": fee, "currency": "XOF" });
        let approval = resolve(&operator, &movement, "late", &body).await.expect(202);
        app.pass(2 * HOUR).await;
        approve(&app.admin().await, &approval).await.expect(200);
        app.quiet().await;
        transfer.shows("completed").await;
        resolve(&operator, &movement, "more", &resolution("failed")).await.refused(409, "movement_not_stuck");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payout_that_two_people_know_to_have_failed_is_given_back() {
    on_each_database(async |app| {
        let (awa, operator, (one, two)) = (app.customer().await, app.operator().await, app.admins().await);
        let transfer = stuck(app, &awa, "reset_before").await;
        let movement = transfer.reference("disbursement").await;
        app.pass(2 * HOUR).await;
        let mut body = resolution("failed");
        body.as_object_mut().unwrap().remove("operator_reference");
        let approval = resolve(&one, &movement, "one", &body).await.expect(202);
        approve(&one, &approval).await.refused(403, "own_request");
        approve(&two, &approval).await.expect(200);
        app.quiet().await;
        transfer.shows("refunded").await;
        assert_eq!(operator.get("/v1/admin/uncertain").await["data"], json!([]));
    })
    .await;
}

/// The provider answers while the second person thinks: its word counts, and theirs is void.
#[tokio::test(flavor = "multi_thread")]
async fn a_provider_s_word_voids_what_people_were_about_to_say() {
    on_each_database(async |app| {
        let (awa, (one, two)) = (app.customer().await, app.admins().await);
        let transfer = stuck(app, &awa, "lose_reply").await;
        let movement = transfer.reference("disbursement").await;
        app.pass(2 * HOUR).await;
        let approval = resolve(&one, &movement, "one", &resolution("failed")).await.expect(202);
        app.wave().heal().await;
        app.pass(2 * HOUR).await;
        transfer.shows("completed").await;
        approve(&two, &approval).await.refused(409, "changed_meanwhile");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_carries_out_is_told_and_what_was_said_can_be_read_again() {
    let settings =
        [("alerts.check_s", "60"), ("alerts.drift_check_s", "0"), ("alerts.by_hand_after_s", "3600")];
    on_each_database_with(&settings, async |app| {
        price_yuan(app).await;
        let awa = app.customer().await;
        credit(app, &awa, 30_000_000).await;
        let transfer = buys(&awa, "100", "balance").await;
        let movement = transfer.reference("disbursement").await;
        look_over(app).await;
        assert_eq!(of_kind(app, "by_hand").await, [""; 0], "an hour is not over");
        app.move_clocks(3_600).await;
        look_over(app).await;
        assert_eq!(of_kind(app, "by_hand").await, [format!("{movement} open")]);
        let operator = app.operator().await;
        let path = format!("/v1/admin/movements/{movement}/evidence");
        assert_eq!(operator.get(&path).await["data"], json!([]));
        confirmed(app, &operator, &transfer, "disbursement", &done("ICBC-7")).await;
        look_over(app).await;
        assert_eq!(of_kind(app, "by_hand").await, [format!("{movement} resolved")]);
        let said = operator.get(&path).await["data"][0].clone();
        let told = (&said["outcome"], &said["operator_reference"], &said["evidence"], &said["agreed_by"]);
        let words = json!("Stamped slip in folder eleven");
        assert_eq!(told, (&json!("succeeded"), &json!("ICBC-7"), &words, &Value::Null));
        assert_eq!(said["made_by"], operator.get("/v1/me").await["id"]);
        awa.ask(Ask::get(path)).await.refused(403, "forbidden");
    })
    .await;
}
