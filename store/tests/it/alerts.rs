//! One open alert per kind and subject, told when due, by one teller.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{AlertId, AlertKind, Severity};
use store::alerts::{self, Alert, Shown, Sighting};
use store::testkit::{instant, on_each_database};
use store::{Db, StoreError};
use uuid::Uuid;

use crate::race;

const QUIET: TimeDelta = TimeDelta::hours(6);

fn at(minutes: i64) -> DateTime<Utc> {
    instant() + TimeDelta::minutes(minutes)
}

fn id(n: u128) -> AlertId {
    AlertId::from_uuid(Uuid::from_u128(n))
}

fn low(amount: &str) -> Sighting {
    let facts = BTreeMap::from([("amount", amount.to_owned())]);
    Sighting { kind: AlertKind::FloatLow, subject: "float:wave:sn:XOF".into(), facts }
}

async fn see(db: &Db, n: u128, seen: &Sighting, minutes: i64) -> bool {
    let mut tx = db.begin().await.unwrap();
    let is_new = alerts::see(&mut tx, id(n), seen, at(minutes), QUIET).await.unwrap();
    tx.commit().await.unwrap();
    is_new
}

async fn resolve(db: &Db, minutes: i64) -> bool {
    let mut tx = db.begin().await.unwrap();
    let done = alerts::resolve(&mut tx, AlertKind::FloatLow, "float:wave:sn:XOF", at(minutes)).await.unwrap();
    tx.commit().await.unwrap();
    done
}

/// Tells what is due, as the gateway does, and names it.
async fn tell(db: &Db, minutes: i64) -> Vec<(Uuid, bool)> {
    let mut tx = db.begin().await.unwrap();
    let due = alerts::due(&mut tx, at(minutes), 100).await.unwrap();
    for alert in &due {
        match alert.resolved_at {
            Some(_) => alerts::told_over(&mut tx, alert.id).await.unwrap(),
            None => alerts::told(&mut tx, alert.id, at(minutes), at(minutes) + QUIET).await.unwrap(),
        }
    }
    tx.commit().await.unwrap();
    due.iter().map(|alert| (alert.id.uuid(), alert.resolved_at.is_some())).collect()
}

async fn list(db: &Db, shown: Shown) -> Vec<Alert> {
    alerts::list(&mut db.read().await.unwrap().conn(), shown, None, 100).await.unwrap()
}

#[tokio::test]
async fn the_same_thing_is_one_alert_that_counts() {
    on_each_database(async |db| {
        assert!(see(&db, 1, &low("100 XOF"), 0).await);
        assert!(!see(&db, 2, &low("300 XOF"), 5).await);
        let other = Sighting { subject: "float:wave:ci:XOF".into(), ..low("7 XOF") };
        assert!(see(&db, 3, &other, 6).await, "another subject is another alert");
        assert!(see(&db, 4, &Sighting { kind: AlertKind::Drift, ..low("9 XOF") }, 7).await);
        let shown = list(&db, Shown::Open).await;
        assert_eq!(shown.iter().map(|alert| alert.id).collect::<Vec<_>>(), [id(4), id(3), id(1)]);
        let first = &shown[2];
        assert_eq!((first.count, first.severity, first.told), (2, Severity::Critical, 0));
        assert_eq!((first.first_seen_at, first.last_seen_at), (at(0), at(5)));
        assert_eq!(first.facts["amount"], "300 XOF", "the last sighting's facts");
    })
    .await;
}

#[tokio::test]
async fn thirty_two_sightings_at_once_are_one_alert() {
    on_each_database(async |db| {
        let seen = race(32, |nth| {
            let db: Db = db.clone();
            async move { see(&db, 1 + nth as u128, &low("1 XOF"), 0).await }
        })
        .await;
        assert_eq!(seen.into_iter().filter(|is_new| *is_new).count(), 1);
        let shown = list(&db, Shown::All).await;
        assert_eq!(shown.iter().map(|alert| alert.count).collect::<Vec<_>>(), [32]);
    })
    .await;
}

#[tokio::test]
async fn sixteen_tellers_tell_an_alert_once() {
    on_each_database(async |db| {
        see(&db, 1, &low("1 XOF"), 0).await;
        let told = race(16, |_| {
            let db: Db = db.clone();
            async move { tell(&db, 1).await.len() }
        })
        .await;
        assert_eq!(told.into_iter().sum::<usize>(), 1);
        assert_eq!(list(&db, Shown::All).await[0].told, 1);
    })
    .await;
}

#[tokio::test]
async fn an_alert_is_told_then_quiet_then_told_again_and_once_when_over() {
    on_each_database(async |db| {
        see(&db, 1, &low("1 XOF"), 0).await;
        assert_eq!(tell(&db, 0).await, [(Uuid::from_u128(1), false)]);
        see(&db, 2, &low("1 XOF"), 30).await;
        assert_eq!(tell(&db, 359).await, [], "seen again, and quiet");
        assert!(!alerts::is_due(&mut db.read().await.unwrap().conn(), at(359)).await.unwrap());
        assert!(alerts::is_due(&mut db.read().await.unwrap().conn(), at(360)).await.unwrap());
        assert_eq!(tell(&db, 360).await, [(Uuid::from_u128(1), false)]);
        assert!(resolve(&db, 400).await);
        assert!(!resolve(&db, 401).await, "it is over already");
        assert_eq!(tell(&db, 400).await, [(Uuid::from_u128(1), true)]);
        assert_eq!(tell(&db, 100_000).await, [], "told as over once");
        assert_eq!((list(&db, Shown::Open).await.len(), list(&db, Shown::Resolved).await.len()), (0, 1));
    })
    .await;
}

#[tokio::test]
async fn what_comes_and_goes_is_not_told_each_time() {
    on_each_database(async |db| {
        see(&db, 1, &low("1 XOF"), 0).await;
        tell(&db, 0).await;
        resolve(&db, 10).await;
        tell(&db, 10).await;
        assert!(see(&db, 2, &low("1 XOF"), 20).await, "it is back: a new alert");
        assert_eq!(tell(&db, 359).await, [], "within the quiet period of the one before");
        assert!(resolve(&db, 359).await);
        assert_eq!(tell(&db, 1000).await, [], "what nobody was told of is not told as over");
        assert!(see(&db, 3, &low("1 XOF"), 1000).await);
        assert_eq!(tell(&db, 1000).await, [(Uuid::from_u128(3), false)]);
    })
    .await;
}

#[tokio::test]
async fn what_is_acknowledged_stays_quiet_to_its_end() {
    on_each_database(async |db| {
        see(&db, 1, &low("1 XOF"), 0).await;
        tell(&db, 0).await;
        let acknowledge = async |n: u128, ends: bool| -> Result<bool, StoreError> {
            let mut tx = db.begin().await?;
            let done = alerts::acknowledge(&mut tx, id(n), "user_1", ends, at(5)).await?;
            tx.commit().await?;
            Ok(done)
        };
        assert!(acknowledge(1, false).await.unwrap());
        assert!(!acknowledge(1, false).await.unwrap(), "once");
        assert!(!acknowledge(9, false).await.unwrap(), "there is none");
        assert!(!see(&db, 2, &low("2 XOF"), 6).await, "still the same alert");
        assert_eq!(tell(&db, 10_000).await, []);
        assert!(resolve(&db, 10_001).await);
        assert_eq!(tell(&db, 20_000).await, []);
        let event = Sighting { kind: AlertKind::DisputeOpened, ..low("3 XOF") };
        see(&db, 3, &event, 20_000).await;
        assert!(acknowledge(3, true).await.unwrap());
        let found = alerts::find(&mut db.read().await.unwrap().conn(), id(3)).await.unwrap().unwrap();
        assert_eq!((found.resolved_at, found.acknowledged_by.as_deref()), (Some(at(5)), Some("user_1")));
    })
    .await;
}

#[tokio::test]
async fn old_alerts_are_forgotten_and_open_ones_never() {
    on_each_database(async |db| {
        see(&db, 1, &low("1 XOF"), 0).await;
        resolve(&db, 1).await;
        see(&db, 2, &low("1 XOF"), 2).await;
        let mut tx = db.begin().await.unwrap();
        assert_eq!(alerts::purge(&mut tx, at(1)).await.unwrap(), 0);
        assert_eq!(alerts::purge(&mut tx, at(1_000_000)).await.unwrap(), 1);
        tx.commit().await.unwrap();
        let counted = alerts::count_open(&mut db.read().await.unwrap().conn()).await.unwrap();
        assert_eq!(counted, [("float_low".to_owned(), 1)]);
    })
    .await;
}
