//! Two gateways on one PostgreSQL database, whose clocks disagree by an hour.

use std::sync::Arc;

use futures::future::join_all;
use store::testkit::scene::{Clockwork, Scene};
use store::testkit::{TestDb, instant, postgres, postgres_server};
use store::writer::{Change, Written};
use store::{Conn, Db, Writer, idempotency};

use super::writer::{balance, claim, told};

/// Two writers, each with its own connections; the second one's clock is an hour ahead.
struct Pair {
    scene: Scene,
    writers: [Writer; 2],
    dbs: [Db; 2],
}

impl Pair {
    async fn on(db: &TestDb, seed: u64) -> Pair {
        let mut scene = Scene::new(seed);
        let dbs = [db.reopen().await, db.reopen().await];
        let ahead = Clockwork::at(instant() + chrono::Duration::hours(1));
        let clocks: [Arc<Clockwork>; 2] = [scene.clock.clone(), ahead];
        idempotency::rotate(&dbs[0], instant()).await.unwrap();
        let start = |nth: usize| Writer::start(&dbs[nth], clocks[nth].clone()).unwrap();
        let writers = [start(0), start(1)];
        writers[0].submit(scene.opening()).await.unwrap();
        Pair { scene, writers, dbs }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_thousand_keys_raced_through_rotations_have_one_effect_each() {
    let Some(server) = postgres_server() else { return };
    let db = postgres(&server).await;
    let mut pair = Pair::on(&db, 41).await;
    let (from, to) = (pair.scene.person(0), pair.scene.person(1));
    let before = balance(&db, to).await;
    let (mut done, mut replayed) = (0, 0);
    for round in 0..20_u32 {
        let mut racing = Vec::new();
        for nth in 0..100 {
            for (which, writer) in pair.writers.iter().enumerate() {
                let key = round * 100 + nth;
                // Every fourth key is asked with the very same answer by both.
                let by = if key % 4 == 0 { "both".to_owned() } else { format!("gateway {which}") };
                let change = Change { claim: Some(claim(key, 1, &by)), ..pair.scene.gift(from, to, 1) };
                let writer = writer.clone();
                racing.push(tokio::spawn(async move { writer.submit(change).await }));
            }
        }
        // Each gateway rotates by its own clock; five rotations within the life of an answer.
        let ahead = chrono::Duration::hours(12 * i64::from(round / 4));
        let rotations = [
            idempotency::rotate(&pair.dbs[0], instant() + ahead),
            idempotency::rotate(&pair.dbs[1], instant() + ahead + chrono::Duration::hours(1)),
        ];
        for rotation in join_all(rotations).await {
            rotation.unwrap();
        }
        for racer in join_all(racing).await {
            match racer.unwrap().unwrap() {
                Written::Done => done += 1,
                Written::Replayed(_) => replayed += 1,
                Written::Duplicate => panic!("no callback was sent"),
            }
        }
    }
    assert_eq!((done, replayed), (2_000, 2_000));
    assert_eq!(balance(&db, to).await - before, 2_000, "doubles");
    assert!(super::count(&db, "SELECT COUNT(*) FROM idempotency_buckets").await >= 4);
    let mut answers = Vec::new();
    for key in 0..2_000 {
        let writer = &pair.writers[usize::try_from(key % 2).unwrap()];
        let again = Change { claim: Some(claim(key, 1, "late")), ..pair.scene.gift(from, to, 1) };
        answers.push(writer.submit(again).await.unwrap());
    }
    assert!(answers.iter().all(|answer| matches!(answer, Written::Replayed(_))));
    assert_eq!(balance(&db, to).await - before, 2_000, "doubles after the fact");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_gateways_spend_a_balance_once_at_either_isolation() {
    let Some(server) = postgres_server() else { return };
    for isolation in ["read committed", "serializable"] {
        let db = postgres(&server).await;
        set_isolation(&db, isolation).await;
        let mut pair = Pair::on(&db, 42).await;
        let from = pair.scene.person(0);
        for _ in 0..25 {
            let all = balance(&db, from).await;
            let mut racing = Vec::new();
            for nth in 0..64_usize {
                let spend = pair.scene.gift(from, pair.scene.person(1 + nth % 4), all);
                let writer = pair.writers[nth % 2].clone();
                racing.push(tokio::spawn(async move { writer.submit(spend).await }));
            }
            let verdicts: Vec<_> =
                join_all(racing).await.into_iter().map(|verdict| told(&verdict.unwrap())).collect();
            assert_eq!(verdicts.iter().filter(|told| *told == "done").count(), 1, "{isolation}");
            let refused = verdicts.iter().filter(|told| *told == "no funds").count();
            assert_eq!(refused, 63, "{isolation}: {verdicts:?}");
            assert_eq!(balance(&db, from).await, 0);
            let back = refund_all(&mut pair, from).await;
            assert_eq!(balance(&db, from).await, back);
        }
    }
}

/// Gives everything that others have back to `to`.
async fn refund_all(pair: &mut Pair, to: domain::UserId) -> i64 {
    let mut given = 0;
    for nth in 1..5 {
        let from = pair.scene.person(nth);
        let all = balance(&pair.dbs[0], from).await;
        if all > 0 {
            pair.writers[nth % 2].submit(pair.scene.gift(from, to, all)).await.unwrap();
        }
        given += all;
    }
    given
}

async fn set_isolation(db: &TestDb, isolation: &str) {
    let name = db.url().rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    let sql = format!("ALTER DATABASE {name} SET default_transaction_isolation = '{isolation}'");
    let mut tx = db.begin().await.unwrap();
    let Conn::Postgres(c) = tx.conn() else { panic!("a database of postgres") };
    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(c).await.unwrap();
    tx.commit().await.unwrap();
}

/// Each gateway remembers balances; what it remembers refuses nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_came_by_another_gateway_can_be_spent_here() {
    let Some(server) = postgres_server() else { return };
    let db = postgres(&server).await;
    let mut pair = Pair::on(&db, 44).await;
    let (from, to) = (pair.scene.person(0), pair.scene.person(1));
    for round in 0..30_usize {
        let (here, there) = (&pair.writers[round % 2], &pair.writers[(round + 1) % 2]);
        let all = balance(&db, from).await;
        here.submit(pair.scene.gift(from, to, all)).await.unwrap();
        let too_much = here.submit(pair.scene.gift(from, to, 1)).await;
        assert_eq!(told(&too_much), "no funds", "round {round}");
        there.submit(pair.scene.gift(to, from, all)).await.unwrap();
        assert_eq!(told(&here.submit(pair.scene.gift(from, to, all)).await), "done", "round {round}");
        assert_eq!(told(&there.submit(pair.scene.gift(from, to, 1)).await), "no funds", "round {round}");
        here.submit(pair.scene.gift(to, from, all)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn copies_of_a_callback_at_two_gateways_are_stored_once() {
    let Some(server) = postgres_server() else { return };
    let db = postgres(&server).await;
    let pair = Pair::on(&db, 43).await;
    for event in 0..50 {
        let copies = (0..20).map(|nth| {
            let received = store::writer::NewCallback {
                id: domain::InboxId::from_uuid(store::writer::Moment::id(&*pair.scene.clock)),
                provider: "wave".into(),
                wallet: "sn".into(),
                event_key: format!("evt-{event}"),
                proven: true,
                movement: None,
                body: b"sealed".to_vec(),
            };
            let change = Change { received: Some(received), ..Change::default() };
            let writer = pair.writers[nth % 2].clone();
            tokio::spawn(async move { writer.submit(change).await })
        });
        let verdicts: Vec<_> = join_all(copies.collect::<Vec<_>>()).await;
        let told: Vec<String> = verdicts.into_iter().map(|verdict| told(&verdict.unwrap())).collect();
        assert_eq!(told.iter().filter(|told| *told == "done").count(), 1, "{told:?}");
        assert_eq!(told.iter().filter(|told| *told == "duplicate").count(), 19, "{told:?}");
    }
    assert_eq!(super::count(&db, "SELECT COUNT(*) FROM inbox").await, 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn gateways_that_start_together_open_one_first_bucket() {
    let Some(server) = postgres_server() else { return };
    for _ in 0..10 {
        let db = postgres(&server).await;
        let gateways = [db.reopen().await, db.reopen().await, db.reopen().await];
        let starting = gateways.iter().map(|gateway| idempotency::rotate(gateway, instant()));
        let opened: Vec<bool> =
            join_all(starting).await.into_iter().map(|rotated| rotated.unwrap()).collect();
        assert_eq!(opened.iter().filter(|opened| **opened).count(), 1);
        assert_eq!(super::count(&db, "SELECT COUNT(*) FROM idempotency_buckets").await, 1);
    }
}
