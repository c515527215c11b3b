//! People on lists: their transfers are held until a person releases or refuses them, and either happens once.

use std::fs;
use std::path::PathBuf;

use futures::future::join_all;
use moneybridge::services::screening;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::testkit::{
    Answer, Ask, Customer, Staff, TestApp, Transfer, ivorian, on_each_database, on_each_database_with,
};

const LISTED: &str =
    "id,name,aliases,countries,program\nNK-1,Joseph Kony,Yusuf Konny,ug,UN-SCCAR\nNK-2,محمد القذافي,,ly,\n";

/// A list in a folder of its own.
struct List(TempDir);

impl List {
    fn new() -> List {
        let list = List(tempfile::tempdir().unwrap());
        list.write(LISTED);
        list
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("un_sc.csv")
    }

    fn write(&self, text: &str) {
        fs::write(self.path(), text).unwrap();
    }

    async fn told(&self, settings: &[(&str, &str)], story: impl AsyncFn(&TestApp)) {
        let path = self.path().display().to_string();
        let mut all = vec![("screening.lists", path.as_str()), ("screening.reload_s", "86400")];
        all.extend_from_slice(settings);
        on_each_database_with(&all, story).await;
    }
}

/// From Wave to an Ivorian phone, to somebody of this name; paid for.
async fn paid<'c, 'a>(awa: &'c Customer<'a>, payee: &str) -> Transfer<'c, 'a> {
    let named = json!({ "phone": ivorian("0001"), "name": payee });
    let transfer = awa.sends("10000", ("wave", "wave"), &named).await;
    awa.app.quiet().await;
    transfer.pay().await;
    transfer
}

async fn decide(staff: &Staff<'_>, transfer: &Transfer<'_, '_>, action: &str, key: &str) -> Answer {
    let body = if action == "refuse" { json!({ "reason": "True match, ticket 4711" }) } else { json!({}) };
    staff.ask(Ask::post(format!("/v1/admin/transfers/{}/{action}", transfer.id), &body).key(key)).await
}

async fn attention(staff: &Staff<'_>, query: &str) -> Vec<Value> {
    staff.get(&format!("/v1/admin/attention{query}")).await["data"].as_array().unwrap().clone()
}

async fn audit_of(staff: &Staff<'_>, transfer: &Transfer<'_, '_>) -> Vec<Value> {
    let all = staff.get("/v1/admin/audit?limit=100").await;
    let mut lines = all["data"].as_array().unwrap().clone();
    lines.retain(|line| line["object"] == *transfer.id);
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_on_a_list_is_paid_once_a_person_says_so() {
    List::new()
        .told(&[], async |app| {
            let awa = app.customer().await;
            let transfer = paid(&awa, "KONY, Joséph").await;
            transfer.shows("on_hold").await;
            let disbursement = transfer.reference("disbursement").await;
            assert_eq!(app.wave().moved(&disbursement).await, [""; 0], "nothing left");
            let story = transfer.story().await;
            assert_eq!(story.last().unwrap(), "on_hold", "the owner reads no more than that: {story:?}");
            let shown = awa.ask(Ask::get(format!("{}/timeline", transfer.path()))).await;
            let text = String::from_utf8(shown.bytes).unwrap() + &transfer.now().await.to_string();
            for word in ["un_sc", "NK-1", "screening", "UN-SCCAR"] {
                assert!(!text.contains(word), "{word} in {text}");
            }
            app.was_told(&awa.phone, "prend plus de temps").await;
            let report = store::ledger::verify::verify(&app.app().db, &mut |_| {}).await.unwrap();
            assert!(report.is_clean(), "{:#?}", report.findings);
            transfer.cancel().await.refused(409, "transfer_not_cancellable");

            let operator = app.operator().await;
            let waiting = attention(&operator, "?status=on_hold").await;
            assert_eq!(waiting.len(), 1);
            let line = &waiting[0];
            assert_eq!(line["transfer_id"], *transfer.id);
            assert_eq!((&line["reason"], &line["status"]), (&json!("screening_hit"), &json!("on_hold")));
            let detail =
                "payee un_sc:NK-1 100% (words: 2 same, 0 alike, 0 left over; other country; UN-SCCAR)";
            assert_eq!(line["detail"], detail);
            assert_eq!(line["total_to_pay"], json!({ "amount": "10100", "currency": "XOF" }));
            assert_eq!(line["payee"]["name"], "KONY, Joséph");
            assert!(line.get("margin").is_none() && line.get("rate").is_none());
            assert!(attention(&operator, "?status=needs_attention").await.is_empty());
            operator.ask(Ask::get("/v1/admin/attention?status=funded")).await.refused(422, "invalid_query");

            let released = decide(&operator, &transfer, "release", "r1").await;
            assert_eq!(released.expect(200)["status"], "funded");
            app.quiet().await;
            transfer.shows("completed").await;
            assert_eq!(app.wave().moved(&disbursement).await, ["disbursement 10000 succeeded"]);
            let again = decide(&operator, &transfer, "release", "r1").await;
            assert!(again.is_replay() && again.bytes == released.bytes);
            decide(&operator, &transfer, "release", "r2").await.refused(409, "transfer_not_on_hold");
            decide(&operator, &transfer, "refuse", "r3").await.refused(409, "transfer_not_on_hold");
            assert!(attention(&operator, "").await.is_empty());
            let audit = audit_of(&operator, &transfer).await;
            let by = |action: &str| -> Vec<&str> {
                let lines = audit.iter().filter(|line| line["action"] == action);
                lines.map(|line| line["actor"].as_str().unwrap()).collect()
            };
            assert_eq!(by("transfer.hold"), ["gateway"]);
            assert!(by("transfer.release").len() == 1 && by("transfer.release")[0].starts_with("user_"));
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_by_a_person_has_everything_back() {
    List::new()
        .told(&[], async |app| {
            let awa = app.customer().await;
            let transfer = paid(&awa, "Yousouf Konny").await;
            transfer.shows("on_hold").await;
            let admin = app.admin().await;
            let with = |body: Value| Ask::post(format!("/v1/admin/transfers/{}/refuse", transfer.id), &body);
            admin.ask(with(json!({})).key("x")).await.refused(422, "missing_field");
            admin.ask(with(json!({ "reason": " \u{7} " })).key("x")).await.refused(422, "invalid_text");
            admin.ask(with(json!({ "reason": "no key" }))).await.refused(400, "idempotency_key_missing");
            let refused = decide(&admin, &transfer, "refuse", "x").await.expect(200);
            assert_eq!(refused["status"], "refunding");
            app.quiet().await;
            transfer.shows("refunded").await;
            let now = transfer.now().await;
            assert_eq!(now["refunded_total"], now["total_to_pay"]);
            let moved = app.wave().moved(&transfer.reference("collection").await).await;
            assert_eq!(moved, ["collection 10100 succeeded", "refund 10100 succeeded"]);
            assert_eq!(app.wave().moved(&transfer.reference("disbursement").await).await, [""; 0]);
            assert_eq!(awa.balance().await, 0);
            let story = transfer.story().await;
            let end = ["on_hold", "transfer_refused", "refund_started", "refunded"];
            assert!(story.ends_with(&end.map(str::to_owned)), "{story:?}");
            let told = awa.get(&format!("{}/timeline", transfer.path())).await.to_string();
            assert!(!told.contains("4711"), "the reason is not the customer's to read");
            let audit = audit_of(&admin, &transfer).await;
            let refusal = audit.iter().find(|line| line["action"] == "transfer.refuse").unwrap();
            assert_eq!(refusal["detail"]["reason"], "True match, ticket 4711");
            app.pass_until_kept(&["learn_fee"]).await;
            let statement = app.statement().await;
            let untouched = [
                "equity:opening:EUR 10000000",
                "equity:opening:XOF 150000000",
                "float:orange_sonatel:sn_retailer:XOF 50000000",
                "float:stripe:main:EUR 10000000",
                "float:wave:ci:XOF 50000000",
                "float:wave:sn:XOF 50000000",
            ];
            assert_eq!(statement, untouched, "as if nothing had been");
        })
        .await;
}

/// Two people, many requests, at once: one decision.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_decisions_at_once_one_counts() {
    List::new()
        .told(&[], async |app| {
            let awa = app.customer().await;
            let (admin, operator) = (app.admin().await, app.operator().await);
            for round in 0..4 {
                let transfer = paid(&awa, "Joseph Kony").await;
                let one = |nth: usize| {
                    let (admin, operator, transfer) = (&admin, &operator, &transfer);
                    async move {
                        let (staff, action) =
                            if nth.is_multiple_of(2) { (admin, "release") } else { (operator, "refuse") };
                        (action, decide(staff, transfer, action, &format!("{round}-{nth}")).await)
                    }
                };
                let answers = join_all((0..12).map(one)).await;
                let won: Vec<_> = answers.iter().filter(|(_, answer)| answer.status == 200).collect();
                assert_eq!(won.len(), 1, "{answers:?}");
                for (_, answer) in answers.iter().filter(|(_, answer)| answer.status != 200) {
                    answer.refused(409, "transfer_not_on_hold");
                }
                app.quiet().await;
                transfer.shows(if won[0].0 == "release" { "completed" } else { "refunded" }).await;
                let paid_out = app.wave().moved(&transfer.reference("disbursement").await).await;
                assert_eq!(paid_out.len(), usize::from(won[0].0 == "release"));
                let audit = audit_of(&admin, &transfer).await;
                let decided =
                    audit.iter().filter(|line| line["actor"] != "gateway" && line["actor"] != *awa.id);
                assert_eq!(decided.count(), 1, "{audit:?}");
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_from_or_to_a_balance_is_held_too() {
    List::new()
        .told(&[], async |app| {
            let awa = app.customer().await;
            awa.tops_up("30000").await;
            let admin = app.admin().await;
            let to_phone = json!({ "phone": ivorian("0001"), "name": "Mohamed Kadhafi" });
            for (action, status) in [("refuse", "refunded"), ("release", "completed")] {
                let transfer = awa.sends("10000", ("balance", "wave"), &to_phone).await;
                app.quiet().await;
                transfer.shows("on_hold").await;
                decide(&admin, &transfer, action, action).await.expect(200);
                app.quiet().await;
                transfer.shows(status).await;
            }
            assert_eq!(awa.balance().await, 30_000 - 10_100, "one was given back, the other paid");
            let kony = app.customer().await;
            let profile = json!({ "name": "Joseph Kony" });
            kony.ask(Ask::new("PATCH", "/v1/me").json(&profile)).await.expect(200);
            let to_account = json!({ "account": kony.id, "name": "A Good Friend" });
            let transfer = awa.sends("1000", ("balance", "balance"), &to_account).await;
            app.quiet().await;
            transfer.shows("on_hold").await;
            let waiting = attention(&admin, "?status=on_hold").await;
            assert!(waiting[0]["detail"].as_str().unwrap().contains("payee un_sc:NK-1"), "{waiting:?}");
            decide(&admin, &transfer, "release", "last").await.expect(200);
            app.quiet().await;
            transfer.shows("completed").await;
            assert_eq!(kony.balance().await, 1_000);
        })
        .await;
}

/// The other way round: who is listed pays. And the list is paged.
#[tokio::test(flavor = "multi_thread")]
async fn a_payer_on_a_list_is_held_and_what_waits_is_read_page_by_page() {
    List::new()
        .told(&[], async |app| {
            let kony = app.customer().await;
            kony.ask(Ask::new("PATCH", "/v1/me").json(&json!({ "name": "Yusuf Konny" }))).await.expect(200);
            let mut held = Vec::new();
            for _ in 0..3 {
                held.push(paid(&kony, "Somebody Else").await);
            }
            let operator = app.operator().await;
            let (mut cursor, mut met) = (String::new(), Vec::new());
            loop {
                let page = operator.get(&format!("/v1/admin/attention?limit=1{cursor}")).await;
                met.extend(page["data"].as_array().unwrap().iter().map(|line| line["transfer_id"].clone()));
                match page["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            assert_eq!(
                met,
                held.iter().map(|transfer| json!(transfer.id)).collect::<Vec<_>>(),
                "oldest first"
            );
            for (nth, transfer) in held.iter().enumerate() {
                decide(&operator, transfer, "refuse", &nth.to_string()).await.expect(200);
            }
            app.quiet().await;
            for transfer in &held {
                transfer.shows("refunded").await;
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_list_counts_from_then_on_and_without_one_that_reads_money_waits() {
    let list = List::new();
    let turn = Mutex::new(());
    list.told(&[("screening.stale_after_s", "3600")], async |app| {
        let _turn = turn.lock().await;
        let refresh = async || screening::refresh(&app.app()).await;
        list.write(LISTED);
        refresh().await;
        let awa = app.customer().await;
        let clear = paid(&awa, "Mariama Bâ").await;
        clear.shows("completed").await;
        list.write(&format!("{LISTED}NK-3,Mariama Ba,,sn,\n"));
        let before = paid(&awa, "Mariama Bâ").await;
        before.shows("completed").await;
        refresh().await;
        let held = paid(&awa, "Mariama Bâ").await;
        held.shows("on_hold").await;

        list.write("id,name\nNK-1,");
        refresh().await;
        let by_the_old = paid(&awa, "Mariama Bâ").await;
        by_the_old.shows("on_hold").await;
        app.pass(3601).await;
        let stranger = paid(&awa, "Aline Sitoe").await;
        stranger.shows("funded").await;
        app.pass(31).await;
        stranger.shows("funded").await;
        list.write(&format!("{LISTED}NK-4,Aline Sitoé,,sn,\n"));
        refresh().await;
        app.pass(31).await;
        stranger.shows("on_hold").await;
        let operator = app.operator().await;
        for (nth, transfer) in [&held, &by_the_old, &stranger].into_iter().enumerate() {
            decide(&operator, transfer, "release", &nth.to_string()).await.expect(200);
            app.quiet().await;
            transfer.shows("completed").await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_asked_for_where_there_are_lists() {
    List::new()
        .told(&[], async |app| {
            let awa = app.customer().await;
            let ready = app.ask(Ask::get("/readyz")).await.expect(200);
            assert_eq!(ready["screening_lists"], 1);
            let rails = ("wave", "wave");
            let quote = awa.quote("10000", "send", rails).await;
            let order = awa.order_over(&quote, rails, &json!({ "phone": ivorian("0001") }));
            let with = |pointer: &str, name: Value| {
                let mut order = order.clone();
                let end = order[pointer].as_object_mut().unwrap();
                if name.is_null() {
                    end.remove("name")
                } else {
                    end.insert("name".into(), name)
                };
                order
            };
            for (end, name, code) in [
                ("payer", json!(null), "missing_field"),
                ("payee", json!(null), "missing_field"),
                ("payer", json!("12345"), "invalid_name"),
                ("payee", json!("…"), "invalid_name"),
                ("payee", json!("A\u{0}B"), "invalid_text"),
                ("payee", json!("x".repeat(141)), "invalid_text"),
                ("payer", json!(""), "invalid_text"),
            ] {
                let refused = awa.order(&awa.fresh_key(), &with(end, name.clone())).await.refused(422, code);
                assert_eq!(refused["errors"][0]["pointer"], format!("/{end}/name"), "{name}");
            }
            awa.order(&awa.fresh_key(), &order).await.expect(201);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_lists_nobody_is_screened_and_a_broken_list_starts_nothing() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let ready = app.ask(Ask::get("/readyz")).await.expect(200);
        assert_eq!(ready["screening_lists"], 0);
        let transfer = paid(&awa, "Joseph Kony").await;
        transfer.shows("completed").await;
        let operator = app.operator().await;
        decide(&operator, &transfer, "release", "r").await.refused(409, "transfer_not_on_hold");
        let unknown = awa.transfer("transfer_01h2xcejqtf2nbrexx3vqjhp41");
        decide(&operator, &unknown, "release", "u").await.refused(404, "not_found");
        decide(&operator, &unknown, "refuse", "v").await.refused(404, "not_found");
        let list = List::new();
        list.write("id,name\nNK-1,Joseph Kony\nNK-2\n");
        let mut config = app.app().config.clone();
        config.screening.lists = vec![list.path()];
        let Err(refused) = screening::of_settings(&config) else { panic!("a broken list is taken") };
        let told = format!("{refused:#}");
        assert!(told.contains("line 3 of list") && told.contains("hint: "), "{told}");
    })
    .await;
}
