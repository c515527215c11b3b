//! A whole book verifies, also while it is being written, and what it counts is what was played.

use std::collections::HashMap;

use store::ledger::verify::{Anchor, Check, Progress, Stage, head, verify, verify_from};
use store::testkit::on_each_database;
use store::testkit::scene::Ending;

use super::{count, opened, played, seal_all};

#[tokio::test]
async fn an_empty_book_is_clean() {
    on_each_database(async |db| {
        let report = verify(&db, &mut |_| {}).await.unwrap();
        assert!(report.is_clean(), "{:?}", report.findings);
        assert_eq!((report.head, report.counts), (None, Default::default()));
    })
    .await;
}

#[tokio::test]
async fn a_played_book_is_clean_and_counted_sealed_or_not() {
    on_each_database(async |db| {
        let (mut scene, writer) = opened(&db, 51).await;
        for round in 0..3 {
            let stories = match round {
                0 => scene.play(&writer, 96).await,
                _ => scene.play_on(&writer, 96).await,
            };
            if round < 2 {
                seal_all(&db, &scene).await;
            }
            let mut stages: HashMap<&str, Progress> = HashMap::new();
            let mut note = |progress: Progress| {
                let before = stages.insert(progress.stage.as_str(), progress);
                assert!(before.is_none_or(|before| before.done <= progress.done));
                assert!(progress.done <= progress.total);
            };
            let report = verify(&db, &mut note).await.unwrap();
            assert!(report.is_clean(), "round {round}: {:#?}", report.findings);
            assert_eq!(stages[Stage::Transfers.as_str()].done, report.counts.transfers);
            let counts = report.counts;
            for (sql, counted) in [
                ("SELECT COUNT(*) FROM accounts", counts.accounts),
                ("SELECT COUNT(*) FROM blocks", counts.blocks),
                ("SELECT COUNT(*) FROM batches", counts.batches),
                ("SELECT COUNT(*) FROM entries", counts.entries),
                ("SELECT COUNT(*) FROM postings", counts.postings),
                ("SELECT COUNT(*) FROM audit", counts.audit),
                ("SELECT COUNT(*) FROM account_lines", counts.statement_lines),
                ("SELECT COUNT(*) FROM holds", counts.holds),
                ("SELECT COUNT(*) FROM transfers", counts.transfers),
                ("SELECT COUNT(*) FROM movements", counts.movements),
                ("SELECT COUNT(*) FROM timeline", counts.timeline),
                ("SELECT COUNT(*) FROM batches WHERE block IS NULL", counts.unsealed),
            ] {
                assert_eq!(i64::try_from(counted).unwrap(), count(&db, sql).await, "{sql}");
            }
            assert_eq!(counts.unsealed > 0, round == 2);
            let late = |ending| matches!(ending, Ending::LateWaits | Ending::LateRefused);
            assert!(stories.iter().any(|story| late(story.ending)) && counts.late_money > 0);
            assert_eq!(report.head, head(&mut db.read().await.unwrap().conn()).await.unwrap());
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_book_verifies_while_it_is_written_and_sealed() {
    on_each_database(async |db| {
        let (mut scene, writer) = opened(&db, 52).await;
        writer.submit(scene.opening()).await.unwrap();
        let clock = scene.clock.clone();
        let (writing, sealing) = (store::Db::clone(&db), store::Db::clone(&db));
        let playing = tokio::spawn(async move {
            for _ in 0..6 {
                scene.play_on(&writer, 96).await;
            }
            drop(writing);
        });
        let sealing = tokio::spawn(async move {
            loop {
                store::ledger::sealer::seal(&sealing, &*clock, "a").await.unwrap();
                tokio::task::yield_now().await;
            }
        });
        let mut rounds = 0;
        while !playing.is_finished() || rounds == 0 {
            let report = verify(&db, &mut |_| {}).await.unwrap();
            assert!(report.is_clean(), "{:#?}", report.findings);
            rounds += 1;
        }
        sealing.abort();
        playing.await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn the_chain_must_lead_to_what_was_noted_outside() {
    on_each_database(async |db| {
        let (mut scene, writer, _) = played(&db, 53, 24).await;
        let noted = head(&mut db.read().await.unwrap().conn()).await.unwrap().unwrap();
        scene.play_on(&writer, 12).await;
        seal_all(&db, &scene).await;
        let report = verify_from(&db, Some(&noted), &mut |_| {}).await.unwrap();
        assert!(report.is_clean(), "{:?}", report.findings);
        let other = Anchor { hash: vec![1; 32], ..noted.clone() };
        let beyond = Anchor { block: noted.block + 1_000, ..noted };
        for anchor in [other, beyond] {
            let report = verify_from(&db, Some(&anchor), &mut |_| {}).await.unwrap();
            let place = format!("block {}", anchor.block);
            let found: Vec<_> = report.findings.iter().map(|one| (one.check, &*one.place)).collect();
            assert_eq!(found, [(Check::Anchor, &*place)]);
        }
    })
    .await;
}
