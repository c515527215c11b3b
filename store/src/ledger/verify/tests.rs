//! What only an anchor finds: a chain rewritten by somebody who knows how it is made.

use sqlx::AssertSqlSafe;

use super::{Anchor, Check, head, verify, verify_from};
use crate::db::on;
use crate::ledger::block;
use crate::ledger::rows::BlockRow;
use crate::ledger::sheet::Sheet;
use crate::testkit::scene::{Clockwork, Scene};
use crate::testkit::{TestDb, instant, on_each_database};
use crate::{Writer, idempotency, ledger};

/// A book of several blocks, the third of which ends with an audit line.
async fn played(db: &TestDb) -> Vec<Anchor> {
    let mut scene = Scene::new(71);
    idempotency::rotate(db, instant()).await.unwrap();
    let writer = Writer::start(db, scene.clock.clone()).unwrap();
    let mut heads = Vec::new();
    for round in 0..6 {
        match round {
            0 => drop(scene.play(&writer, 18).await),
            _ => drop(scene.play_on(&writer, 18).await),
        }
        let clock: &Clockwork = &scene.clock;
        while ledger::sealer::seal(db, clock, "a test").await.unwrap().blocks > 0 {}
        heads.extend(head(&mut db.read().await.unwrap().conn()).await.unwrap());
    }
    heads
}

async fn execute(db: &TestDb, sql: &str) -> u64 {
    let mut tx = db.begin().await.unwrap();
    let sql = AssertSqlSafe(sql.to_owned());
    let done = on!(tx.conn(), |c| sqlx::query(sql).execute(&mut *c).await.map(|done| done.rows_affected()));
    tx.commit().await.unwrap();
    done.unwrap()
}

/// Makes the chain right again from `from` on, as an insider could.
async fn rewrite(db: &TestDb, from: i64) {
    const BLOCKS: &str = "SELECT * FROM blocks ORDER BY number";
    const BATCHES: &str = "SELECT * FROM batches WHERE block = $1 ORDER BY committed_at, id";
    const UPDATE: &str = "UPDATE blocks SET previous = $2, hash = $3 WHERE number = $1";
    let mut tx = db.begin().await.unwrap();
    let mut conn = tx.conn();
    let blocks: Vec<BlockRow> = on!(&mut conn, |c| sqlx::query_as(BLOCKS).fetch_all(&mut **c).await).unwrap();
    let mut previous = block::GENESIS.to_vec();
    for mut row in blocks {
        if row.number >= from {
            let batches =
                on!(&mut conn, |c| sqlx::query_as(BATCHES).bind(row.number).fetch_all(&mut **c).await);
            let sheets = Sheet::load(&mut conn, batches.unwrap()).await.unwrap();
            row.previous = previous;
            row.hash = block::hash(&row, &sheets).to_vec();
            on!(&mut conn, |c| {
                let query = sqlx::query(UPDATE).bind(row.number).bind(&row.previous).bind(&row.hash);
                query.execute(&mut **c).await.map(drop)
            })
            .unwrap();
        }
        previous = row.hash;
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_chain_rewritten_from_a_point_is_found_by_the_anchor() {
    on_each_database(async |db| {
        let heads = played(&db).await;
        let changed = execute(
            &db,
            "UPDATE audit SET actor = 'user_of_nobody' WHERE batch_id IN (SELECT id FROM batches WHERE block = 3)",
        );
        assert!(changed.await > 0);
        let report = verify(&db, &mut |_| {}).await.unwrap();
        assert_eq!(report.findings.iter().map(|one| &*one.place).collect::<Vec<_>>(), ["block 3"]);
        rewrite(&db, 3).await;
        let alone = verify(&db, &mut |_| {}).await.unwrap();
        assert!(alone.is_clean(), "the book by itself agrees with itself: {:?}", alone.findings);
        for anchor in &heads {
            let report = verify_from(&db, Some(anchor), &mut |_| {}).await.unwrap();
            assert_eq!(report.is_clean(), anchor.block < 3, "block {}: {:?}", anchor.block, report.findings);
        }
    })
    .await;
}

#[tokio::test]
async fn a_tail_cut_off_with_all_that_it_held_is_found_by_the_anchor() {
    on_each_database(async |db| {
        let heads = played(&db).await;
        // Six lines of audit alone, sealed by themselves and then cut off without a trace.
        let mut scene = Scene::new(72);
        scene.clock.pass(chrono::Duration::hours(9));
        let writer = Writer::start(&db, scene.clock.clone()).unwrap();
        let audit = (0..6).map(|_| scene.audit()).collect();
        writer.submit(crate::writer::Change { audit, ..Default::default() }).await.unwrap();
        ledger::sealer::seal(&db, &*scene.clock, "a test").await.unwrap();
        let noted = head(&mut db.read().await.unwrap().conn()).await.unwrap().unwrap();
        assert!(verify_from(&db, Some(&noted), &mut |_| {}).await.unwrap().is_clean());
        let last = noted.block;
        for sql in [
            format!("DELETE FROM audit WHERE batch_id IN (SELECT id FROM batches WHERE block = {last})"),
            format!("DELETE FROM sealed_audit WHERE number >= (SELECT first_audit FROM blocks WHERE number = {last})"),
            format!("DELETE FROM batches WHERE block = {last}"),
            format!("DELETE FROM blocks WHERE number = {last}"),
        ] {
            assert!(execute(&db, &sql).await > 0, "{sql}");
        }
        assert!(verify(&db, &mut |_| {}).await.unwrap().is_clean());
        assert!(verify_from(&db, heads.last(), &mut |_| {}).await.unwrap().is_clean());
        let report = verify_from(&db, Some(&noted), &mut |_| {}).await.unwrap();
        assert_eq!(report.findings.iter().map(|one| one.check).collect::<Vec<_>>(), [Check::Anchor]);
    })
    .await;
}

#[tokio::test]
async fn a_value_that_no_program_of_ours_writes_is_a_finding() {
    let db = crate::testkit::sqlite().await;
    played(&db).await;
    execute(
        &db,
        "UPDATE entries SET at = 'yesterday' WHERE ord = 0 AND batch_id = (SELECT MIN(id) FROM batches)",
    )
    .await;
    let report = verify(&db, &mut |_| {}).await.unwrap();
    assert_eq!(report.findings.iter().map(|one| one.check).collect::<Vec<_>>(), [Check::Unreadable]);
}
