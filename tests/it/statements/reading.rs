//! Pages, crashes, two gateways, and statements that contradict themselves.

use futures::{StreamExt, stream};
use serde_json::json;
use store::provider_lines::{self, ProviderLine};
use tokio_util::sync::CancellationToken;

use super::{EVERY, READS, lines, listed, name, net, read, read_unless, reads, shown};
use crate::testkit::{TestApp, ivorian, on_each_database_with};

const SENEGAL: &str = "wave:sn";
const BY_DAYS: [&str; 3] = ["wave:ci", "wave:sn", "stripe:main"];

/// So many payments that no session asked for, 100 francs each.
async fn payments(app: &TestApp, many: usize) {
    let pay = |_| app.wave().act("direct", json!({ "wallet": "sn", "amount": "100" }));
    stream::iter(0..many).map(pay).buffer_unordered(8).collect::<Vec<_>>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_a_page_is_read_once_through_a_crash_and_by_two_gateways() {
    on_each_database_with(READS, async |app| {
        payments(app, 1_020).await;
        // The second page of a thousand lines is not answered, and the gateway ends.
        app.wave().fault(json!({ "fault": "error_before", "times": 100, "match": { "method": "GET", "path": "after=" } })).await;
        let stuck = read_unless(app, &[SENEGAL]).await;
        let stuck = stuck.iter().find(|read| name(read) == SENEGAL).unwrap();
        assert_eq!(stuck.lines, 1_000);
        assert!(stuck.pass.as_ref().is_some_and(|pass| pass.cursor.is_some()), "{stuck:?}");
        app.restart().await;
        app.wave().heal().await;
        let second = app.second().await;
        for _ in 0..3 {
            let read = read(app).await;
            let read = read.iter().find(|read| name(read) == SENEGAL).unwrap();
            assert_eq!((read.lines, read.differences, read.failures), (1_020, 0, 0));
        }
        second.stop().await.unwrap();
        assert_eq!(net(app, SENEGAL).await, app.wave().operations().await.iter().map(effect).sum::<i64>());
        let mut keys: Vec<String> = lines(app, SENEGAL).await.into_iter().map(|line| line.key).collect();
        keys.dedup();
        assert_eq!(keys.len(), 1_020);
    })
    .await;
}

fn effect(operation: &serde_json::Value) -> i64 {
    operation["effect"].as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_turns_at_once_one_reads() {
    on_each_database_with(&[("statements.every_s", "3600")], async |app| {
        read(app).await;
        app.move_clocks(EVERY * 2).await;
        let stop = CancellationToken::new();
        let gateway = app.app();
        let turn = || moneybridge::services::statements::read_when_due(&gateway, "one", &stop);
        let (one, other, third) = tokio::join!(turn(), turn(), turn());
        let many = [one, other, third].into_iter().filter(|turn| turn.as_ref().unwrap().is_some()).count();
        assert!(many <= 1, "{many} turns, besides the gateway's own");
        let jobs = store::jobs::list(&mut gateway.db.read().await.unwrap().conn()).await.unwrap();
        assert!(jobs.iter().any(|job| job.name == "statements"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_downtime_is_caught_up_day_by_day_and_yesterday_is_read_again() {
    on_each_database_with(READS, async |app| {
        read(app).await;
        let first = reads(app).await[0].first_day;
        for _ in 0..3 {
            payments(app, 2).await;
            app.move_clocks(86_400).await;
        }
        let read = read(app).await;
        let today = app.app().clock.now().date_naive();
        for read in read.iter().filter(|read| BY_DAYS.contains(&name(read).as_str())) {
            assert_eq!(read.first_day, first);
            let behind = (today - read.open_day).num_days();
            assert!(
                (0..=1).contains(&behind),
                "all but yesterday, if it ended less than the lag ago: {read:?}"
            );
        }
        let found = lines(app, SENEGAL).await;
        assert_eq!(found.len(), 6);
        assert!(found.iter().all(|line| line.day == line.occurred_at.date_naive()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_back_is_a_line_of_its_own_with_its_fee() {
    on_each_database_with(READS, async |app| {
        let awa = app.customer().await;
        let refused = awa.sends_to(&ivorian("9902")).await;
        refused.pay().await;
        app.pass(4_000).await;
        refused.shows("refunded").await;
        read(app).await;
        let found = shown(app, SENEGAL).await;
        let [paid, back] = found.as_slice() else { panic!("{found:?}") };
        assert!(paid.starts_with("collection 10") && paid.ends_with("list"), "{paid}");
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let (paid, back) = (words(paid), words(back));
        assert_eq!(
            (back[0].as_str(), &back[1], &back[2]),
            ("refund", &format!("-{}", paid[1]), &format!("-{}", paid[2]))
        );
        assert_eq!(net(app, SENEGAL).await, 0);
        let references: Vec<_> = lines(app, SENEGAL).await.into_iter().map(|line| line.reference).collect();
        assert_eq!(references[0].map(|it| it.to_string()), Some(refused.reference("collection").await));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_says_something_else_is_kept_beside_and_told() {
    on_each_database_with(READS, async |app| {
        payments(app, 1).await;
        read(app).await;
        let [line] = lines(app, SENEGAL).await.try_into().unwrap();
        // The next reading meets a line of tomorrow's that was kept with another amount.
        payments(app, 1).await;
        let record = app.wave().operations().await;
        let newest = record.iter().map(|o| o["transaction_id"].as_str().unwrap().to_owned());
        let key = newest.into_iter().find(|id| *id != line.key).unwrap();
        let other = ProviderLine { id: app.app().ids.next(), key: key.clone(), ..line.clone() };
        let wrong = ProviderLine {
            gross: other.gross.checked_add(other.gross).unwrap(),
            net: other.net.checked_add(other.gross).unwrap(),
            ..other
        };
        let mut tx = app.app().db.begin().await.unwrap();
        provider_lines::keep(&mut tx, std::slice::from_ref(&wrong)).await.unwrap();
        tx.commit().await.unwrap();
        for _ in 0..2 {
            let read = read(app).await;
            let read = read.iter().find(|read| name(read) == SENEGAL).unwrap();
            assert_eq!((read.lines, read.differences), (1, 1), "what the test wrote was not counted");
        }
        let operator = app.operator().await;
        let shown = listed(&operator, "?wallet=sn").await;
        let rows = shown["data"].as_array().unwrap();
        let changed = rows.iter().find(|row| row["line"] == key).unwrap();
        assert_eq!(changed["gross"]["amount"], "200", "as it was first seen");
        assert_eq!(changed["differences"].as_array().unwrap().len(), 1);
        assert_eq!(changed["differences"][0]["gross"]["amount"], "100");
        let alerts = operator.get("/v1/admin/alerts?status=open").await["data"].clone();
        let told: Vec<_> =
            alerts.as_array().unwrap().iter().filter(|a| a["kind"] == "statement_changed").collect();
        assert_eq!(told.len(), 1, "{alerts}");
        assert_eq!((&told[0]["subject"], &told[0]["count"]), (&json!(format!("wave:sn:{key}")), &json!(1)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_does_not_answer_delays_nobody_else() {
    on_each_database_with(READS, async |app| {
        payments(app, 1).await;
        app.wave().fault(json!({ "fault": "error_before", "times": 1000, "match": { "method": "GET", "path": "/transactions" } })).await;
        read_unless(app, &["wave:sn", "wave:ci"]).await;
        let operator = app.operator().await;
        let progress = operator.get("/v1/admin/statements").await;
        let of = |wallet: &str| {
            let rows = progress["data"].as_array().unwrap();
            rows.iter().find(|row| row["wallet"] == wallet).cloned().unwrap()
        };
        assert!(of("sn")["failures"].as_i64().unwrap() > 0);
        assert!(of("sn")["error"].is_string());
        assert_eq!((&of("main")["failures"], &of("main")["list"]), (&json!(0), &json!("days")));
        assert_eq!((&of("gn")["list"], &of("sn_merchant")["list"]), (&json!("none"), &json!("newest")));
        app.wave().heal().await;
        read(app).await;
        assert_eq!(net(app, SENEGAL).await, 99);
        let progress = operator.get("/v1/admin/statements").await;
        let rows = progress["data"].as_array().unwrap();
        let row = rows.iter().find(|row| row["wallet"] == "sn").unwrap();
        assert_eq!((&row["lines"], &row["net"]["amount"], &row["error"]), (&json!(1), &json!("99"), &json!(null)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lost_the_job_while_asking_keeps_nothing() {
    on_each_database_with(READS, async |app| {
        payments(app, 1).await;
        read(app).await;
        payments(app, 1).await;
        let slow = json!({ "fault": "slow", "delay_ms": 1500, "match": { "method": "GET", "path": "/transactions" } });
        app.wave().fault(slow).await;
        app.move_clocks(EVERY + 1).await;
        let begun = std::time::Instant::now();
        while app.wave().fired().await != [1] {
            assert!(begun.elapsed() < std::time::Duration::from_secs(20), "nobody reads");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        // The answer is on its way. Its gateway is taken for dead, and another has the job now.
        app.move_clocks(240).await;
        let (gateway, now) = (app.app(), app.app().clock.now());
        let mut tx = gateway.db.begin().await.unwrap();
        let until = now + chrono::TimeDelta::minutes(3);
        let token = store::jobs::claim(&mut tx, "statements", "other", now, until).await.unwrap().unwrap();
        tx.commit().await.unwrap();
        let before = reads(app).await;
        tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
        assert_eq!(reads(app).await, before, "nothing is noted over another's token");
        let mut tx = gateway.db.begin().await.unwrap();
        let run = store::jobs::Run { ended_at: now, next_at: now, outcome: "ok" };
        assert!(store::jobs::finish(&mut tx, "statements", token, run).await.unwrap());
        tx.commit().await.unwrap();
        read(app).await;
        assert_eq!(lines(app, SENEGAL).await.len() + lines(app, "wave:ci").await.len(), 2);
    })
    .await;
}
