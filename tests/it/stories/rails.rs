//! Rails that are down or paused: what is to be paid waits, says so, and is paid once when they are back.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::testkit::{
    Answer, Ask, Customer, Staff, TestApp, Transfer, guinean, ivorian, on_each_database,
    on_each_database_with, on_postgres, quote_ask,
};

const PAYOUTS: &str = "/wave/v1/payout";
const TRANSFERS: &str = "/mtn/disbursement/v1_0/transfer";

/// Nothing that is sent to `path` is carried out, so many times.
fn down(path: &str, times: u32) -> Value {
    json!({
        "fault": "error_before", "status": 503, "times": times,
        "match": { "method": "POST", "path": path },
    })
}

/// From a balance to Côte d'Ivoire, as often as said.
async fn from_balance<'c, 'a>(awa: &'c Customer<'a>, times: usize) -> Vec<Transfer<'c, 'a>> {
    let mut all = Vec::with_capacity(times);
    for _ in 0..times {
        all.push(awa.sends("1000", ("balance", "wave"), &json!({ "phone": ivorian("0001") })).await);
    }
    awa.app.quiet().await;
    all
}

async fn rich<'a>(app: &'a TestApp) -> Customer<'a> {
    let awa = app.customer().await;
    app.credit(&awa, domain::Money::parse("1000000", domain::Currency::XOF).unwrap()).await;
    awa
}

async fn pause(staff: &Staff<'_>, rail: &str, action: &str, key: &str, body: &Value) -> Answer {
    staff.ask(Ask::post(format!("/v1/admin/rails/{rail}/{action}"), body).key(key)).await
}

/// What staff sees of one wallet.
async fn wallet(staff: &Staff<'_>, rail: &str, wallet: &str) -> Value {
    let all = staff.get("/v1/admin/rails").await;
    let mut rows = all["data"].as_array().unwrap().iter();
    rows.find(|row| row["rail"] == rail && row["wallet"] == wallet).unwrap().clone()
}

async fn alerts(staff: &Staff<'_>, kind: &str) -> Vec<String> {
    let all = staff.get("/v1/admin/alerts?limit=100").await;
    let rows = all["data"].as_array().unwrap().iter().filter(|row| row["kind"] == kind);
    rows.map(|row| format!("{} {}", row["subject"].as_str().unwrap(), row["status"].as_str().unwrap()))
        .collect()
}

fn waits(story: &[String], word: &str) -> usize {
    story.iter().filter(|event| *event == word).count()
}

/// How much was paid out at Wave by these transfers.
async fn paid(app: &TestApp, transfers: &[Transfer<'_, '_>]) -> usize {
    let mut paid = 0;
    for transfer in transfers {
        let moved = app.wave().moved(&transfer.reference("disbursement").await).await;
        assert!(moved.len() <= 1, "{moved:?}");
        paid += moved.len();
    }
    paid
}

/// Completed within a moment of real time.
async fn ends(transfer: &Transfer<'_, '_>) {
    let begun = std::time::Instant::now();
    while transfer.now().await["status"] != "completed" && begun.elapsed().as_secs() < 15 {
        transfer.owner.app.quiet().await;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    transfer.shows("completed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payout_for_mtn_that_is_down_waits_is_told_when_and_is_paid_once() {
    on_each_database(async |app| {
        let mariama = app.customer().await;
        let staff = app.operator().await;
        let sends = async || {
            let ask = json!({
                "send_currency": "GNF", "receive_currency": "GNF",
                "amount": { "amount": "50000", "currency": "GNF" }, "side": "send",
                "funding_rail": "mtn_momo", "payout_rail": "mtn_momo", "from_country": "GN", "to_country": "GN",
            });
            let quote = mariama.ask(Ask::post("/v1/quotes", &ask)).await.expect(201);
            let order = json!({
                "quote_id": quote["id"],
                "payer": { "rail": "mtn_momo", "phone": guinean("0001"), "name": "Mariama Exemple" },
                "payee": { "rail": "mtn_momo", "phone": guinean("0002"), "name": "Alpha Exemple", "country": "GN" },
                "purpose": "Aide",
            });
            let accepted = mariama.order(&mariama.fresh_key(), &order).await.expect(201);
            let transfer = mariama.transfer(accepted["id"].as_str().unwrap());
            app.quiet().await;
            (transfer, quote)
        };
        let pays = async |transfer: &Transfer<'_, '_>| {
            app.mtn().approve(&transfer.reference("collection").await).await;
            app.quiet().await;
            app.pass(6).await;
        };
        app.mtn().fault(down(TRANSFERS, 1000)).await;
        let mut unknown = Vec::new();
        for _ in 0..5 {
            let (transfer, quote) = sends().await;
            pays(&transfer).await;
            transfer.shows("in_reconciliation").await;
            unknown.push((transfer, quote));
        }
        let usual = unknown[0].1["delivery_estimate_s"].as_i64().unwrap();
        let (late, quote) = sends().await;
        assert!(quote["delivery_estimate_s"].as_i64().unwrap() > usual, "{quote}");
        let fired = app.mtn().fired().await;
        app.mtn().approve(&late.reference("collection").await).await;
        app.quiet().await;
        late.shows("funded").await;
        assert_eq!(app.mtn().fired().await, fired, "nothing was sent to MTN");
        let now = late.now().await;
        assert_eq!((&now["waiting"]["reason"], &now["waiting"]["rail"]), (&json!("rail_down"), &json!("mtn_momo")));
        assert!(now["waiting"]["until"].is_string(), "{now}");
        let french = mariama.ask(Ask::get(late.path()).language("fr")).await.expect(200);
        assert!(french["waiting"]["text"].as_str().unwrap().contains("L’opérateur ne répond pas"), "{french}");
        let listed = mariama.get("/v1/transfers").await;
        let lines = listed["data"].as_array().unwrap();
        let of = |id: &str| lines.iter().find(|line| line["id"] == id).unwrap()["waiting"]["reason"].clone();
        assert_eq!((of(&late.id), of(&unknown[0].0.id)), (json!("rail_down"), json!(null)));

        let row = wallet(&staff, "mtn_momo", "gn").await;
        let out = &row["disburse"];
        assert_eq!((&out["health"], &out["breaker"]["state"]), (&json!("down"), &json!("open")));
        assert_eq!(out["window"]["failures_in_a_row"], 0, "what opened it has had its effect");
        assert_eq!(out["waiting"]["count"], 1);
        assert_eq!(out["waiting"]["sums"], json!([{ "amount": "50000", "currency": "GNF" }]));
        assert_eq!(row["collect"]["health"], "operational");
        assert!(row["float"]["available"]["amount"].is_string() && out["last_failure_at"].is_string());
        let rails = mariama.get("/v1/rails").await;
        let mtn = rails["data"].as_array().unwrap().iter().find(|rail| rail["rail"] == "mtn_momo").unwrap();
        let words = ["health", "collect_health", "disburse_health"].map(|name| mtn[name].clone());
        assert_eq!(words, [json!("down"), json!("operational"), json!("down")]);
        assert_eq!(alerts(&staff, "rail_down").await, ["mtn_momo:gn:disburse open"]);

        app.pass(31).await;
        late.shows("in_reconciliation").await;
        assert_eq!(late.now().await["waiting"], json!(null), "it was sent to see");
        let row = wallet(&staff, "mtn_momo", "gn").await["disburse"].clone();
        assert_eq!(row["breaker"]["state"], "open", "it was not answered");
        assert_eq!(waits(&late.story().await, "waits_rail_down"), 1, "{}", late.whole_story().await);
        app.mtn().heal().await;
        for step in [241, 481, 601, 601, 3601, 3601] {
            app.pass(step).await;
        }
        late.shows("completed").await;
        assert_eq!(late.now().await["waiting"], json!(null));
        for (transfer, _) in &unknown {
            transfer.shows("completed").await;
        }
        let staff = app.operator().await;
        let row = wallet(&staff, "mtn_momo", "gn").await;
        assert_eq!(row["disburse"]["breaker"]["state"], "closed");
        assert_eq!(row["disburse"]["waiting"]["count"], 0);
        assert_eq!(alerts(&staff, "rail_down").await, ["mtn_momo:gn:disburse resolved"]);
    })
    .await;
}

/// Fifty wait; when the breaker half opens one of them goes, fails, and none of the others has gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_rail_that_comes_back_is_tried_by_one_and_not_stormed() {
    on_each_database(async |app| {
        let awa = rich(app).await;
        app.wave().fault(down(PAYOUTS, 6)).await;
        let first = from_balance(&awa, 5).await;
        assert_eq!(app.wave().fired().await, [5]);
        let waiting = from_balance(&awa, 50).await;
        assert_eq!(app.wave().fired().await, [5], "nothing was sent");
        let floats = wallet(&app.operator().await, "wave", "ci").await;
        assert_eq!(floats["disburse"]["waiting"]["count"], 50);
        assert_eq!(floats["float"]["held"]["amount"], "5000", "of what waits nothing is reserved");
        app.pass(31).await;
        assert_eq!(app.wave().fired().await, [6], "one was sent to see");
        assert_eq!(paid(app, &waiting).await, 0, "and nothing else");
        app.pass(61).await;
        assert_eq!(paid(app, &waiting).await, 49, "all but the one whose fate is asked about");
        for step in [41, 121, 601, 3601] {
            app.pass(step).await;
        }
        assert_eq!(paid(app, &waiting).await, 50);
        assert_eq!(paid(app, &first).await, 5);
        for transfer in waiting.iter().chain(&first) {
            transfer.shows("completed").await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_rail_sends_nothing_until_an_admin_resumes_it() {
    on_each_database(async |app| {
        let awa = rich(app).await;
        let (admin, operator) = (app.admin().await, app.operator().await);
        // 9908 is paid in process: it is under way when the rail is paused, and asked about all the same.
        let under_way = awa.sends("1000", ("balance", "wave"), &json!({ "phone": ivorian("9908") })).await;
        app.quiet().await;
        under_way.shows("disbursing").await;
        let body = json!({ "reason": "Ticket 4711", "wallet": "ci", "direction": "disburse" });
        pause(&operator, "wave", "pause", "p", &body).await.refused(403, "forbidden");
        pause(&admin, "balance", "pause", "p", &body).await.refused(404, "not_found");
        pause(&admin, "nosuch", "pause", "p", &body).await.refused(404, "not_found");
        let with = |name: &str, value: Value| {
            let mut changed = body.clone();
            changed[name] = value;
            changed
        };
        for (name, value) in
            [("wallet", "zz"), ("direction", "up"), ("until", "soon"), ("until", "2020-01-01T00:00:00Z")]
        {
            let refused = pause(&admin, "wave", "pause", "p", &with(name, json!(value))).await;
            let problem = refused.refused(422, "invalid_value");
            assert_eq!(problem["errors"][0]["pointer"], format!("/{name}"));
        }
        let paused = pause(&admin, "wave", "pause", "p", &body).await;
        let shown = paused.expect(200);
        assert_eq!(shown["data"][0]["paused"]["reason"], "Ticket 4711");
        assert_eq!(shown["data"].as_array().unwrap().len(), 1, "{shown}");
        let again = pause(&admin, "wave", "pause", "p", &body).await;
        assert!(again.is_replay() && again.bytes == paused.bytes);
        let other = with("reason", json!("Another"));
        pause(&admin, "wave", "pause", "p", &other).await.refused(422, "idempotency_key_reused");

        let refused = awa.ask(Ask::post("/v1/quotes", &quote_ask("1000", "send", ("balance", "wave")))).await;
        let problem = refused.refused(503, "rail_unavailable");
        assert_eq!((&problem["unavailable_rail"], &problem["until"]), (&json!("wave"), &Value::Null));
        assert_eq!(refused.header("retry-after"), Some("300"));
        app.pass(6).await;
        under_way.shows("completed").await;
        assert_eq!(alerts(&operator, "rail_paused").await, ["wave:ci:disburse open"]);

        // Quoted before, ordered now.
        pause(&admin, "wave", "resume", "r0", &json!({})).await.expect(200);
        let quote = awa.quote("1000", "send", ("balance", "wave")).await;
        pause(&admin, "wave", "pause", "p2", &body).await.expect(200);
        let order = awa.order_over(&quote, ("balance", "wave"), &json!({ "phone": ivorian("0001") }));
        let accepted = awa.order("paused", &order).await.expect(201);
        assert_eq!(accepted["waiting"], Value::Null, "answers that are kept tell nothing of the moment");
        let transfer = awa.transfer(accepted["id"].as_str().unwrap());
        app.quiet().await;
        let told = transfer.now().await["waiting"].clone();
        assert_eq!((&told["reason"], &told["until"]), (&json!("rail_paused"), &Value::Null));
        for step in [601, 601, 3600] {
            app.pass(step).await;
        }
        transfer.shows("funded").await;
        assert_eq!(waits(&transfer.story().await, "waits_rail_paused"), 1, "told once, however often tried");
        assert_eq!(app.wave().moved(&transfer.reference("disbursement").await).await, [""; 0]);
        let row = wallet(&app.operator().await, "wave", "ci").await["disburse"].clone();
        assert_eq!((&row["health"], &row["waiting"]["count"]), (&json!("down"), &json!(1)));
        assert_eq!(row["paused"]["by"].as_str().map(|by| by.starts_with("user_")), Some(true));

        let admin = app.admin().await;
        pause(&admin, "wave", "resume", "r", &json!({ "reason": "Back" })).await.expect(200);
        app.quiet().await;
        transfer.shows("completed").await;
        assert_eq!(paid(app, &[transfer]).await, 1);
        assert_eq!(alerts(&admin, "rail_paused").await, ["wave:ci:disburse resolved"; 2]);
        let audit = admin.get("/v1/admin/audit?limit=100").await;
        let of = |action: &str| {
            let rows = audit["data"].as_array().unwrap().iter().filter(|row| row["action"] == action);
            rows.map(|row| row["detail"].clone()).collect::<Vec<_>>()
        };
        assert_eq!((of("rail.pause").len(), of("rail.resume").len()), (2, 2), "{audit}");
        assert_eq!(of("rail.pause")[0]["ways"], json!(["wave:ci:disburse"]));
    })
    .await;
}

/// A pause with an end ends by itself; what is paid after it is quoted with that much longer, and what would be
/// collected by a paused rail is not quoted.
#[tokio::test(flavor = "multi_thread")]
async fn a_pause_with_an_end_is_quoted_over_and_ends_by_itself() {
    on_each_database(async |app| {
        let awa = rich(app).await;
        let admin = app.admin().await;
        let usual =
            awa.quote("1000", "send", ("balance", "wave")).await["delivery_estimate_s"].as_i64().unwrap();
        let until = app.app().clock.now() + chrono::TimeDelta::seconds(1_000);
        let body = json!({ "reason": "Maintenance", "until": until.to_rfc3339() });
        pause(&admin, "wave", "pause", "p", &body).await.expect(200);
        let quote = awa.quote("1000", "send", ("balance", "wave")).await;
        let longer = quote["delivery_estimate_s"].as_i64().unwrap() - usual;
        assert!((980..=1_000).contains(&longer), "{longer}");
        let refused = awa.ask(Ask::post("/v1/quotes", &quote_ask("1000", "send", ("wave", "wave")))).await;
        let problem = refused.refused(503, "rail_unavailable");
        let seconds: i64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((980..=1_000).contains(&seconds), "{seconds}");
        assert!(problem["until"].is_string() && problem["unavailable_rail"] == "wave");
        let order = awa.order_over(&quote, ("balance", "wave"), &json!({ "phone": ivorian("0001") }));
        let accepted = awa.order("later", &order).await.expect(201);
        let transfer = awa.transfer(accepted["id"].as_str().unwrap());
        app.quiet().await;
        assert_eq!(transfer.now().await["waiting"]["reason"], "rail_paused");
        assert!(transfer.now().await["waiting"]["until"].is_string());
        app.pass(1_001).await;
        transfer.shows("completed").await;
        awa.quote("1000", "send", ("wave", "wave")).await;
    })
    .await;
}

/// Paused and resumed by many at once while money is to be paid: in the end it stands as the last one said, and what
/// waited is paid once.
#[tokio::test(flavor = "multi_thread")]
async fn however_pauses_and_resumptions_race_what_waits_is_paid_once() {
    on_each_database(async |app| {
        let awa = rich(app).await;
        let (admin, _) = app.admins().await;
        let mut all = Vec::new();
        for round in 0..3 {
            let quotes = join_all((0..6).map(|_| awa.quote("1000", "send", ("balance", "wave")))).await;
            let acts = (0..12).map(async |nth: usize| {
                let action = if nth.is_multiple_of(2) { "pause" } else { "resume" };
                let body = json!({ "reason": "Race" });
                pause(&admin, "wave", action, &format!("{round}-{nth}"), &body).await.status
            });
            let orders = quotes.iter().enumerate().map(async |(nth, quote)| {
                let order = awa.order_over(quote, ("balance", "wave"), &json!({ "phone": ivorian("0001") }));
                awa.order(&format!("o{round}-{nth}"), &order).await.expect(201)["id"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            });
            let (statuses, ids) = futures::join!(join_all(acts), join_all(orders));
            assert!(statuses.iter().all(|status| matches!(status, 200 | 409)), "{statuses:?}");
            all.extend(ids.into_iter().map(|id| awa.transfer(&id)));
            pause(&admin, "wave", "resume", &format!("last-{round}"), &json!({})).await.expect(200);
            // No clock is moved: what was put back while the pause ended must not wait for its ten minutes.
            for transfer in &all {
                ends(transfer).await;
            }
        }
        assert_eq!(paid(app, &all).await, 18);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_breaker_and_a_pause_outlive_a_restart() {
    on_each_database(async |app| {
        let awa = rich(app).await;
        app.wave().fault(down(PAYOUTS, 5)).await;
        from_balance(&awa, 5).await;
        let late = from_balance(&awa, 1).await;
        let body = json!({ "reason": "Ticket", "wallet": "sn", "direction": "disburse" });
        pause(&app.admin().await, "wave", "pause", "p", &body).await.expect(200);
        app.restart().await;
        app.quiet().await;
        let staff = app.operator().await;
        let row = wallet(&staff, "wave", "ci").await["disburse"].clone();
        assert_eq!((&row["breaker"]["state"], &row["health"]), (&json!("open"), &json!("down")));
        assert_eq!(wallet(&staff, "wave", "sn").await["disburse"]["paused"]["reason"], "Ticket");
        assert_eq!(late[0].now().await["waiting"]["reason"], "rail_down");
        pause(&app.admin().await, "wave", "resume", "r", &json!({})).await.expect(200);
        for step in [31, 41, 121, 601, 3601] {
            app.pass(step).await;
        }
        late[0].shows("completed").await;
        assert_eq!(paid(app, &late).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_gateways_share_a_pause_and_an_open_breaker() {
    on_postgres(async |app| {
        let second = app.second().await;
        let other = format!("http://{}", second.address);
        let awa = rich(app).await;
        let admin = app.admin().await;
        let at_the_other = async |action: &str, key: &str, body: &Value| {
            let ask =
                Ask::post(format!("/v1/admin/rails/wave/{action}"), body).key(key).bearer(admin.token());
            ask.of(app.http(), &other).await.expect(200)
        };
        let quote = awa.quote("1000", "send", ("balance", "wave")).await;
        at_the_other("pause", "p", &json!({ "reason": "Ticket" })).await;
        let order = awa.order_over(&quote, ("balance", "wave"), &json!({ "phone": ivorian("0001") }));
        let accepted = awa.order("one", &order).await.expect(201);
        let transfer = awa.transfer(accepted["id"].as_str().unwrap());
        app.quiet().await;
        assert_eq!(transfer.now().await["waiting"]["reason"], "rail_paused");
        at_the_other("resume", "r", &json!({})).await;
        app.quiet().await;
        transfer.shows("completed").await;

        app.wave().fault(down(PAYOUTS, 1000)).await;
        // Both gateways take promises, so each counts a part of the failures: enough for either.
        from_balance(&awa, 10).await;
        let ask = Ask::get("/v1/admin/rails").bearer(admin.token());
        for base in [app.url(), other.clone()] {
            let shown = ask.of(app.http(), &base).await.expect(200);
            let rows = shown["data"].as_array().unwrap();
            let row = rows.iter().find(|row| row["rail"] == "wave" && row["wallet"] == "ci").unwrap();
            assert_eq!(row["disburse"]["breaker"]["state"], "open", "{row}");
        }
        let fired = app.wave().fired().await;
        let late = from_balance(&awa, 10).await;
        assert_eq!(app.wave().fired().await, fired, "neither sends anything");
        app.wave().heal().await;
        for step in [31, 41, 121, 601, 3601, 3601] {
            app.pass(step).await;
        }
        assert_eq!(paid(app, &late).await, 10);
        second.stop().await.unwrap();
    })
    .await;
}

/// What a rail that is down would collect is not quoted, until somebody has to try it.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_rail_that_is_down_would_collect_is_not_quoted() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        app.wave().fault(down("/wave/v1/checkout/sessions", 5)).await;
        for _ in 0..5 {
            awa.sends("1000", ("wave", "wave"), &json!({ "phone": ivorian("0001") })).await;
        }
        app.quiet().await;
        let ask = quote_ask("1000", "send", ("wave", "wave"));
        let refused = awa.ask(Ask::post("/v1/quotes", &ask)).await;
        let problem = refused.refused(503, "rail_unavailable");
        assert!(problem["until"].is_string() && problem["unavailable_rail"] == "wave", "{problem}");
        let seconds: i64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=30).contains(&seconds), "{seconds}");
        let row = wallet(&app.operator().await, "wave", "sn").await;
        assert_eq!(
            (&row["collect"]["health"], &row["disburse"]["health"]),
            (&json!("down"), &json!("operational"))
        );
        app.pass(31).await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        assert_eq!(
            transfer.now().await["next_action"]["type"],
            "redirect",
            "it was the probe, and is answered"
        );
        transfer.pay().await;
        transfer.shows("completed").await;
        awa.quote("1000", "send", ("wave", "wave")).await;
    })
    .await;
}

/// Where asking was in vain too, the first answer to a question lets the probe go at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_answers_questions_again_is_tried_at_once() {
    let settings = [("rails.open_s", "3600"), ("rails.open_max_s", "3600")];
    on_each_database_with(&settings, async |app| {
        let awa = rich(app).await;
        app.wave().fault(down(PAYOUTS, 1000)).await;
        let silent = json!({
            "fault": "error_before", "status": 503, "times": 1000,
            "match": { "method": "GET", "path": "/wave/v1/payout" },
        });
        app.wave().fault(silent).await;
        from_balance(&awa, 5).await;
        let late = from_balance(&awa, 1).await;
        app.pass(6).await;
        let told = late[0].now().await["waiting"].clone();
        assert_eq!(told["reason"], "rail_down");
        app.wave().heal().await;
        app.pass(16).await;
        late[0].shows("completed").await;
        for step in [41, 121, 601, 3601] {
            app.pass(step).await;
        }
    })
    .await;
}

/// Refused payees are no trouble of the rail's, however many.
#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_answers() {
    on_each_database(async |app| {
        let awa = rich(app).await;
        for _ in 0..8 {
            awa.sends("1000", ("balance", "wave"), &json!({ "phone": ivorian("9902") })).await;
        }
        app.quiet().await;
        let row = wallet(&app.operator().await, "wave", "ci").await["disburse"].clone();
        assert_eq!((&row["breaker"]["state"], &row["health"]), (&json!("closed"), &json!("operational")));
        assert_eq!(row["window"]["answered"], 8);
    })
    .await;
}
