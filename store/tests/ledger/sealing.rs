//! The sealer: dense numbers, one chain, whoever seals.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use store::ledger::sealer::{Sealed, seal};
use store::ledger::{accounts, entries};
use store::testkit::on_each_database;
use store::testkit::scene::Clockwork;
use store::{Conn, Db, audit};

use super::{count, opened, played, seal_all};

#[tokio::test]
async fn nothing_to_seal_costs_nothing_and_writes_nothing() {
    on_each_database(async |db| {
        let (scene, _writer) = opened(&db, 1).await;
        assert_eq!(seal(&db, &*scene.clock, "a").await.unwrap(), Sealed::default());
        assert_eq!(store::jobs::list(&mut db.read().await.unwrap().conn()).await.unwrap(), vec![]);
    })
    .await;
}

#[tokio::test]
async fn what_was_committed_gets_dense_numbers_and_one_chain() {
    on_each_database(async |db| {
        let (mut scene, writer, _) = played(&db, 2, 96).await;
        chain_is_whole(&db).await;
        scene.play_on(&writer, 12).await;
        let waiting = entries::sealing(&mut db.read().await.unwrap().conn()).await.unwrap();
        assert!(waiting.waiting > 0 && waiting.waiting_since.is_some(), "{waiting:?}");
        seal_all(&db, &scene).await;
        let sealed = entries::sealing(&mut db.read().await.unwrap().conn()).await.unwrap();
        assert_eq!((sealed.waiting, sealed.waiting_since), (0, None));
        assert!(sealed.last_block > waiting.last_block && sealed.last_entry > waiting.last_entry);
        chain_is_whole(&db).await;
    })
    .await;
}

#[tokio::test]
async fn audit_outside_the_writer_is_sealed_too() {
    on_each_database(async |db| {
        let (scene, _writer) = opened(&db, 3).await;
        let mut tx = db.begin().await.unwrap();
        let entry = audit::AuditEntry {
            actor: "user_of_a_test".into(),
            action: "user.freeze",
            object: "user_of_another".into(),
            detail: serde_json::json!({}),
        };
        audit::record(&mut tx, entry, store::testkit::instant()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(
            seal(&db, &*scene.clock, "a").await.unwrap(),
            Sealed { blocks: 1, entries: 0, is_behind: false }
        );
        let lines = audit::list(&mut db.read().await.unwrap().conn(), None, 9).await.unwrap();
        assert_eq!(lines.iter().map(|line| line.block).collect::<Vec<_>>(), [Some(1)]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_sealers_make_one_chain() {
    on_each_database(async |db| {
        let (mut scene, writer) = opened(&db, 4).await;
        let (db, stop) = (Arc::new(db), Arc::new(AtomicBool::new(false)));
        let sealers: Vec<_> = (0..6_i64)
            .map(|nth| {
                let (db, stop, hours) = (db.clone(), stop.clone(), chrono::Duration::hours(nth - 3));
                let clock = Clockwork::at(store::testkit::instant() + hours);
                tokio::spawn(async move {
                    let mut blocks = 0;
                    while !stop.load(Ordering::Relaxed) {
                        blocks += seal(&db, &*clock, &format!("sealer {nth}")).await.unwrap().blocks;
                        tokio::task::yield_now().await;
                    }
                    blocks
                })
            })
            .collect();
        scene.play(&writer, 96).await;
        stop.store(true, Ordering::Relaxed);
        let mut blocks = 0;
        for sealer in sealers {
            blocks += sealer.await.unwrap();
        }
        scene.clock.pass(chrono::Duration::hours(24));
        seal_all(&db, &scene).await;
        assert!(blocks > 0, "the sealers never met");
        chain_is_whole(&db).await;
    })
    .await;
}

#[tokio::test]
async fn a_sealer_that_lost_its_lease_writes_nothing_and_a_dead_one_is_replaced() {
    on_each_database(async |db| {
        let (mut scene, writer) = opened(&db, 5).await;
        writer.submit(scene.opening()).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        let now = store::testkit::instant();
        let later = now + chrono::Duration::seconds(10);
        let token = store::jobs::claim(&mut tx, "ledger.seal", "dead", now, later).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(token, Some(1));
        assert_eq!(seal(&db, &*scene.clock, "b").await.unwrap(), Sealed::default());
        scene.clock.pass(chrono::Duration::seconds(11));
        assert_eq!(seal(&db, &*scene.clock, "b").await.unwrap().blocks, 1);
    })
    .await;
}

#[tokio::test]
async fn a_batch_that_is_not_whole_is_not_sealed() {
    on_each_database(async |db| {
        let (mut scene, writer) = opened(&db, 6).await;
        writer.submit(scene.opening()).await.unwrap();
        execute(&db, "DELETE FROM entries").await;
        let refused = seal(&db, &*scene.clock, "a").await.unwrap_err();
        assert!(matches!(refused, store::StoreError::Corrupt { what: "batch", .. }), "{refused}");
        let sealing = entries::sealing(&mut db.read().await.unwrap().conn()).await.unwrap();
        assert_eq!((sealing.last_block, sealing.waiting), (0, 1));
    })
    .await;
}

async fn execute(db: &Db, sql: &'static str) {
    let mut tx = db.begin().await.unwrap();
    match tx.conn() {
        Conn::Sqlite(c) => _ = sqlx::query(sql).execute(c).await.unwrap(),
        Conn::Postgres(c) => _ = sqlx::query(sql).execute(c).await.unwrap(),
    }
    tx.commit().await.unwrap();
}

/// Numbers have no gap, each block follows the one before, and statements end at the kept balances.
async fn chain_is_whole(db: &Db) {
    const GAPS: &str = "SELECT CAST(COUNT(*) - COALESCE(MAX(number), 0) AS BIGINT) FROM sealed_entries";
    const UNCHAINED: &str = "SELECT COUNT(*) FROM blocks b LEFT JOIN blocks p ON p.number = b.number - 1 \
         WHERE b.number > 1 AND (p.hash IS NULL OR p.hash <> b.previous OR b.first_entry <> p.last_entry + 1)";
    const UNNUMBERED: &str = "SELECT COUNT(*) FROM entries e WHERE NOT EXISTS \
         (SELECT 1 FROM sealed_entries s WHERE s.batch_id = e.batch_id AND s.ord = e.ord)";
    for sql in [GAPS, UNCHAINED, UNNUMBERED] {
        assert_eq!(count(db, sql).await, 0, "{sql}");
    }
    assert!(count(db, "SELECT COUNT(*) FROM sealed_entries").await > 0);
    let mut reader = db.read().await.unwrap();
    let all =
        accounts::list(&mut reader.conn(), &accounts::AccountFilter::default(), None, 1000).await.unwrap();
    assert!(all.len() > 10);
    for stored in all {
        let lines = entries::of_account(&mut reader.conn(), &stored.account, None, 10_000).await.unwrap();
        let newest = lines.first().map_or(0, |line| line.balance.minor());
        assert_eq!(newest, stored.balance.minor(), "{}", stored.account);
        let sum: i64 = lines.iter().map(|line| line.delta.minor()).sum();
        assert_eq!(sum, newest, "{}", stored.account);
    }
}
