//! One holder at a time, and the slow one is fenced off.

use chrono::{DateTime, TimeDelta, Utc};
use store::Db;
use store::jobs::{self, Run};
use store::testkit::{instant, on_each_database};

use crate::race;

fn at(seconds: i64) -> DateTime<Utc> {
    instant() + TimeDelta::seconds(seconds)
}

/// Claims `seal` for ten seconds.
async fn claim(db: &Db, holder: &str, seconds: i64) -> Option<i64> {
    let mut tx = db.begin().await.unwrap();
    let token = jobs::claim(&mut tx, "seal", holder, at(seconds), at(seconds + 10)).await.unwrap();
    tx.commit().await.unwrap();
    token
}

async fn finish(db: &Db, token: i64, seconds: i64) -> bool {
    let run = Run { ended_at: at(seconds), next_at: at(seconds + 60), outcome: "ok" };
    let mut tx = db.begin().await.unwrap();
    let done = jobs::finish(&mut tx, "seal", token, run).await.unwrap();
    tx.commit().await.unwrap();
    done
}

async fn renew(db: &Db, token: i64, until: i64) -> bool {
    let mut tx = db.begin().await.unwrap();
    let renewed = jobs::renew(&mut tx, "seal", token, at(until)).await.unwrap();
    tx.commit().await.unwrap();
    renewed
}

#[tokio::test]
async fn a_job_is_claimed_held_and_finished() {
    on_each_database(async |db| {
        assert_eq!(claim(&db, "a", 0).await, Some(1));
        assert_eq!(claim(&db, "b", 9).await, None);
        assert!(renew(&db, 1, 20).await);
        assert_eq!(claim(&db, "b", 19).await, None);
        assert!(finish(&db, 1, 19).await);
        assert_eq!(claim(&db, "b", 78).await, None, "it is not due yet");
        assert_eq!(claim(&db, "b", 79).await, Some(2));
        let seen = jobs::list(&mut db.read().await.unwrap().conn()).await.unwrap();
        let [job] = &seen[..] else { panic!("{seen:?}") };
        assert_eq!((job.name.as_str(), job.token, job.holder.as_deref()), ("seal", 2, Some("b")));
        assert_eq!((job.leased_until, job.last_run_at), (Some(at(89)), Some(at(19))));
        assert_eq!((job.next_run_at, job.last_outcome.as_deref()), (Some(at(79)), Some("ok")));
    })
    .await;
}

#[tokio::test]
async fn who_slept_past_the_lease_writes_nothing() {
    on_each_database(async |db| {
        let slow = claim(&db, "slow", 0).await.unwrap();
        let quick = claim(&db, "quick", 10).await.unwrap();
        assert!(quick > slow);
        assert!(!renew(&db, slow, 30).await);
        assert!(!finish(&db, slow, 11).await);
        assert!(renew(&db, quick, 30).await);
        assert!(finish(&db, quick, 12).await);
        assert!(!renew(&db, quick, 40).await, "a finished run holds nothing");
        assert!(!finish(&db, quick, 13).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_thirty_two_claims_one_is_granted() {
    on_each_database(async |db| {
        for round in 0..4 {
            let claims = race(32, |nth| {
                let db = (*db).clone();
                async move { claim(&db, &format!("gateway {nth}"), round * 10).await }
            })
            .await;
            let granted: Vec<_> = claims.into_iter().flatten().collect();
            assert_eq!(granted, [round + 1]);
        }
    })
    .await;
}
