//! Ceilings hold, also when everybody spends at once.

use chrono::TimeDelta;
use store::testkit::{instant, on_each_database};
use store::{Db, budgets};

use crate::race;

async fn spend(db: &Db, scope: &str, ceiling: i64) -> bool {
    let mut tx = db.begin().await.unwrap();
    let spent = budgets::spend(&mut tx, scope, instant(), ceiling).await.unwrap();
    tx.commit().await.unwrap();
    spent
}

async fn used(db: &Db, scope: &str) -> i64 {
    budgets::used(&mut db.read().await.unwrap().conn(), scope, instant()).await.unwrap()
}

#[tokio::test]
async fn a_budget_is_spent_up_to_its_ceiling() {
    on_each_database(async |db| {
        for expected in [true, true, true, false, false] {
            assert_eq!(spend(&db, "sms:prefix:+22177", 3).await, expected);
        }
        assert!(!spend(&db, "sms:prefix:+22178", 0).await);
        assert_eq!((used(&db, "sms:prefix:+22177").await, used(&db, "sms:prefix:+22178").await), (3, 0));
        assert!(spend(&db, "sms:prefix:+22177", 4).await, "a higher ceiling leaves room");
    })
    .await;
}

#[tokio::test]
async fn a_rolled_back_spend_was_not_spent() {
    on_each_database(async |db| {
        let mut tx = db.begin().await.unwrap();
        assert!(budgets::spend(&mut tx, "a", instant(), 1).await.unwrap());
        drop(tx);
        assert!(spend(&db, "a", 1).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_spenders_stay_under_the_ceiling() {
    on_each_database(async |db| {
        let gateways = [(*db).clone(), db.reopen().await];
        let spent = race(64, |nth| {
            let db = gateways[nth % 2].clone();
            async move { spend(&db, "sms:day", 10).await }
        })
        .await;
        assert_eq!(spent.iter().filter(|spent| **spent).count(), 10);
        assert_eq!(used(&db, "sms:day").await, 10);
    })
    .await;
}

#[tokio::test]
async fn windows_are_apart_and_old_ones_are_purged() {
    on_each_database(async |db| {
        let next = instant() + TimeDelta::hours(1);
        let mut tx = db.begin().await.unwrap();
        assert!(budgets::spend(&mut tx, "a", instant(), 1).await.unwrap());
        assert!(budgets::spend(&mut tx, "a", next, 1).await.unwrap());
        assert!(!budgets::spend(&mut tx, "a", next, 1).await.unwrap());
        assert_eq!(budgets::purge(&mut tx, next).await.unwrap(), 1);
        assert_eq!(budgets::used(&mut tx.conn(), "a", next).await.unwrap(), 1);
        tx.commit().await.unwrap();
    })
    .await;
}
