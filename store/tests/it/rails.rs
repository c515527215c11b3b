//! How a rail stands is read back as it was put, and of those who race for the next state one wins.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Breaker, Direction, Pause, Rail, RailKey, RailState, Reference, Wallet};
use store::idempotency::{self, Claimed};
use store::testkit::{instant, on_each_database};
use store::writer::{Answer, Claim};
use store::{Db, rails};
use uuid::Uuid;

use crate::race;

fn at(seconds: i64) -> DateTime<Utc> {
    instant() + TimeDelta::seconds(seconds)
}

fn key(direction: Direction) -> RailKey {
    RailKey { rail: Rail::MtnMomo, wallet: Wallet::parse("gn").unwrap(), direction }
}

async fn put(db: &Db, state: &RailState) -> bool {
    let mut tx = db.begin().await.unwrap();
    let done = rails::put(&mut tx, state, at(0)).await.unwrap();
    tx.commit().await.unwrap();
    done
}

async fn find(db: &Db, key: &RailKey) -> RailState {
    rails::find(&mut db.read().await.unwrap().conn(), key).await.unwrap()
}

#[tokio::test]
async fn a_rail_is_read_back_as_it_was_put() {
    on_each_database(async |db| {
        let out = key(Direction::Disburse);
        assert_eq!(find(&db, &out).await, RailState::new(out.clone()));
        let probe = Reference::from_uuid(Uuid::from_u128(7));
        let breakers = [
            Breaker::Open { since: at(0), until: at(30), opens: 1, silent: true },
            Breaker::HalfOpen { since: at(0), until: at(150), opens: 2, probe },
            Breaker::Closed,
        ];
        let pause = Pause { by: "user_x".into(), at: at(1), reason: "why".into(), until: None };
        let ends = Pause { until: Some(at(99)), ..pause.clone() };
        let mut state = RailState::new(out.clone());
        for (breaker, pause) in breakers.into_iter().zip([Some(pause), Some(ends), None]) {
            state.version += 1;
            state = RailState {
                breaker,
                pause,
                resumed_at: Some(at(state.version)),
                trouble: "uncertain: status 503".into(),
                answered_at: Some(at(-5)),
                failed_at: None,
                ..state
            };
            assert!(put(&db, &state).await);
            assert!(!put(&db, &state).await, "that version is taken");
            assert_eq!(find(&db, &out).await, state);
        }
        assert_eq!(find(&db, &key(Direction::Collect)).await.version, 0);
        assert_eq!(rails::all(&mut db.read().await.unwrap().conn()).await.unwrap(), [state]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_change_a_rail_at_once_one_does() {
    on_each_database(async |db| {
        for version in 1..=4 {
            let won = race(16, |nth| {
                let db = db.clone();
                async move {
                    let mut state = find(&db, &key(Direction::Disburse)).await;
                    state.version = version;
                    state.trouble = nth.to_string();
                    put(&db, &state).await
                }
            })
            .await;
            assert_eq!(won.into_iter().filter(|won| *won).count(), 1, "version {version}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_claim_a_key_beside_the_writer_one_has_it() {
    on_each_database(async |db| {
        idempotency::rotate(&db, at(0)).await.unwrap();
        let claim = |fingerprint: u8| {
            let answer = Answer { status: 200, location: None, body: vec![fingerprint] };
            Claim { claim: [9; 32], fingerprint: [fingerprint; 32], answer }
        };
        let became = race(12, |nth| {
            let (db, claim) = (db.clone(), claim(u8::from(nth == 11)));
            async move {
                let mut tx = db.begin().await.unwrap();
                let became = idempotency::claim(&mut tx, &claim, at(0)).await.unwrap();
                if became == Claimed::New {
                    tx.commit().await.unwrap();
                }
                became
            }
        })
        .await;
        assert_eq!(became.iter().filter(|one| **one == Claimed::New).count(), 1);
        let mut tx = db.begin().await.unwrap();
        let (_, kept) = idempotency::find(&mut tx.conn(), &[9; 32]).await.unwrap().unwrap();
        for fingerprint in [0, 1] {
            let expected = match kept.body == [fingerprint] {
                true => Claimed::Replayed(kept.clone()),
                false => Claimed::Reused,
            };
            assert_eq!(idempotency::claim(&mut tx, &claim(fingerprint), at(0)).await.unwrap(), expected);
        }
    })
    .await;
}
