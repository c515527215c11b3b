//! Rates are only added, one at a time, and the newest of a pair is in force.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{ApprovalId, CustomerRate, Pair, PairRate, Rate, Spread, UserId};
use store::Db;
use store::rates::{self, RateVersion};
use store::testkit::{instant, on_each_database};
use uuid::Uuid;

use crate::race;

fn at(seconds: i64) -> DateTime<Utc> {
    instant() + TimeDelta::seconds(seconds)
}

fn pair(text: &str) -> Pair {
    text.parse().unwrap()
}

fn rate(text: &str, version: i64, mid: &str) -> RateVersion {
    RateVersion {
        rate: PairRate {
            pair: pair(text),
            mid: Rate::parse(mid).unwrap(),
            sell: CustomerRate::Spread(Spread::parse("37.5").unwrap()),
            buy: CustomerRate::Outright(Rate::parse("0.000000000000000001").unwrap()),
            source: "test".to_owned(),
            as_of: at(version),
            max_age: Some(TimeDelta::seconds(60)),
        },
        version,
        set_by: "user_x".to_owned(),
        consent: None,
        created_at: at(version),
    }
}

async fn put(db: &Db, new: &RateVersion) -> bool {
    let mut tx = db.begin().await.unwrap();
    let won = rates::put(&mut tx, new).await.unwrap();
    tx.commit().await.unwrap();
    won
}

#[tokio::test]
async fn the_newest_rate_of_a_pair_is_in_force_and_all_are_kept() {
    on_each_database(async |db| {
        let first = rate("EUR/GNF", 1, "9400.000000000001");
        let consent =
            Some((ApprovalId::from_uuid(Uuid::from_u128(1)), UserId::from_uuid(Uuid::from_u128(2))));
        let second = RateVersion { consent, ..rate("EUR/GNF", 2, "9500") };
        let other = rate("CNY/GNF", 1, "1300");
        for new in [&first, &second, &other] {
            assert!(put(&db, new).await);
        }
        for lost in [rate("EUR/GNF", 1, "1"), rate("EUR/GNF", 2, "1"), rate("EUR/GNF", 4, "1")] {
            assert!(!put(&db, &lost).await, "version {}", lost.version);
        }
        let mut reader = db.read().await.unwrap();
        assert_eq!(rates::in_force(&mut reader.conn()).await.unwrap(), [other.clone(), second.clone()]);
        let found = rates::find(&mut reader.conn(), pair("GNF/EUR")).await.unwrap();
        assert_eq!(found.as_ref(), Some(&second), "it is found in either direction");
        assert_eq!(rates::find(&mut reader.conn(), pair("EUR/CNY")).await.unwrap(), None);
        let all = rates::history(&mut reader.conn(), pair("EUR/GNF"), None, 10).await.unwrap();
        assert_eq!(all, [second.clone(), first.clone()]);
        let page = rates::history(&mut reader.conn(), pair("EUR/GNF"), Some(2), 10).await.unwrap();
        assert_eq!(page, [first]);
    })
    .await;
}

#[tokio::test]
async fn of_many_who_set_a_pair_at_once_one_wins() {
    on_each_database(async |db| {
        for version in 1..=3 {
            let won = race(16, |nth| {
                let db = (*db).clone();
                // Both directions are one pair.
                let name = if nth % 2 == 0 { "EUR/GNF" } else { "GNF/EUR" };
                let new = rate(name, version, &format!("{}", 9000 + nth));
                async move { put(&db, &new).await }
            })
            .await;
            assert_eq!(won.iter().filter(|won| **won).count(), 1, "version {version}");
        }
        let mut reader = db.read().await.unwrap();
        let all = rates::history(&mut reader.conn(), pair("EUR/GNF"), None, 10).await.unwrap();
        assert_eq!(all.iter().map(|rate| rate.version).collect::<Vec<_>>(), [3, 2, 1]);
    })
    .await;
}

#[tokio::test]
async fn a_step_is_measured_from_what_was_agreed_to_or_is_old() {
    on_each_database(async |db| {
        let anchor = async |since| {
            let mut reader = db.read().await.unwrap();
            let found = rates::anchor(&mut reader.conn(), pair("EUR/GNF"), at(since)).await.unwrap();
            found.map(|rate| rate.version)
        };
        assert_eq!(anchor(0).await, None);
        let consent =
            Some((ApprovalId::from_uuid(Uuid::from_u128(1)), UserId::from_uuid(Uuid::from_u128(2))));
        for version in 1..=6 {
            let consent = consent.filter(|_| version == 3);
            assert!(put(&db, &RateVersion { consent, ..rate("EUR/GNF", version, "9400") }).await);
        }
        assert_eq!(anchor(0).await, Some(3), "two people agreed to it");
        assert_eq!(anchor(5).await, Some(5), "it is old enough");
        assert_eq!(anchor(9).await, Some(6));
    })
    .await;
}

#[tokio::test]
async fn a_pair_is_held_as_it_was_seen() {
    on_each_database(async |db| {
        assert!(put(&db, &rate("EUR/GNF", 1, "9400")).await);
        let mut tx = db.begin().await.unwrap();
        assert!(rates::hold(&mut tx, pair("GNF/EUR"), 1).await.unwrap());
        assert!(!rates::hold(&mut tx, pair("EUR/GNF"), 2).await.unwrap());
        assert!(rates::hold(&mut tx, pair("EUR/CNY"), 0).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn a_feed_s_failures_are_counted_until_it_is_well() {
    on_each_database(async |db| {
        let fail = async |seconds| {
            let mut tx = db.begin().await.unwrap();
            let failures = rates::feed_failed(&mut tx, "feed", "no answer", at(seconds)).await.unwrap();
            tx.commit().await.unwrap();
            failures
        };
        assert_eq!((fail(1).await, fail(2).await), (1, 2));
        let state = async || rates::feed_state(&mut db.read().await.unwrap().conn(), "feed").await.unwrap();
        assert_eq!(state().await.last_error.as_deref(), Some("no answer"));
        let mut tx = db.begin().await.unwrap();
        rates::feed_succeeded(&mut tx, "feed", at(3)).await.unwrap();
        tx.commit().await.unwrap();
        let well = state().await;
        assert_eq!((well.failures, well.succeeded_at, well.failed_at), (0, Some(at(3)), Some(at(2))));
        assert_eq!((well.last_error, fail(4).await), (None, 1));
    })
    .await;
}
