//! Sessions and their one line of refresh tokens.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{SessionId, UserId};
use store::Db;
use store::sessions::{self, Rotation, Session};
use store::testkit::{instant, on_each_database};
use uuid::Uuid;

use crate::race;

fn user(n: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(n))
}

/// The hash of the `n`th token.
fn token(n: u8) -> [u8; 32] {
    [n; 32]
}

fn hash_of(session: SessionId, nth: u8) -> [u8; 32] {
    let mut hash = [nth; 32];
    hash[..16].copy_from_slice(session.uuid().as_bytes());
    hash
}

fn days(n: i64) -> DateTime<Utc> {
    instant() + TimeDelta::days(n)
}

/// A session of 30 days, whose token 0 lasts 7.
async fn open(db: &Db, user: UserId) -> Session {
    let mut tx = db.begin().await.unwrap();
    let ttl = TimeDelta::days(30);
    let session = sessions::open(&mut tx, user, Some("pixel"), Some("curl/8"), instant(), ttl).await.unwrap();
    tx.commit().await.unwrap();
    session
}

async fn open_with_token(db: &Db) -> Session {
    let session = open(db, user(1)).await;
    let mut tx = db.begin().await.unwrap();
    sessions::store_token(&mut tx, &token(0), session.id, instant(), days(7)).await.unwrap();
    tx.commit().await.unwrap();
    session
}

async fn rotate(db: &Db, old: u8, new: u8, now: DateTime<Utc>) -> Rotation {
    let mut tx = db.begin().await.unwrap();
    let rotation = sessions::rotate(&mut tx, &token(old), &token(new), now).await.unwrap();
    tx.commit().await.unwrap();
    rotation
}

async fn live(db: &Db, id: SessionId, now: DateTime<Utc>) -> Option<Session> {
    sessions::live(&mut db.read().await.unwrap().conn(), id, now).await.unwrap()
}

#[tokio::test]
async fn a_session_stands_until_it_ends() {
    on_each_database(async |db| {
        let session = open(&db, user(1)).await;
        assert_eq!((session.user, session.device.as_deref()), (user(1), Some("pixel")));
        assert_eq!((session.user_agent.as_deref(), session.expires_at), (Some("curl/8"), days(30)));
        assert_eq!(live(&db, session.id, days(29)).await, Some(session.clone()));
        assert_eq!(live(&db, session.id, days(30)).await, None);
        assert_eq!(live(&db, SessionId::from_uuid(Uuid::nil()), instant()).await, None);
    })
    .await;
}

#[tokio::test]
async fn only_its_owner_lists_and_ends_a_session() {
    on_each_database(async |db| {
        let (mine, other) = (open(&db, user(1)).await, open(&db, user(2)).await);
        let listed = sessions::list(&mut db.read().await.unwrap().conn(), user(1), days(1)).await.unwrap();
        assert_eq!(listed, vec![mine.clone()]);
        let mut tx = db.begin().await.unwrap();
        assert!(!sessions::revoke_own(&mut tx, user(1), other.id, "signed_out", days(1)).await.unwrap());
        assert!(sessions::revoke_own(&mut tx, user(1), mine.id, "signed_out", days(1)).await.unwrap());
        assert!(!sessions::revoke_own(&mut tx, user(1), mine.id, "signed_out", days(1)).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(live(&db, mine.id, days(1)).await, None);
        assert!(live(&db, other.id, days(1)).await.is_some());
        let listed = sessions::list(&mut db.read().await.unwrap().conn(), user(1), days(1)).await.unwrap();
        assert_eq!(listed, vec![]);
    })
    .await;
}

#[tokio::test]
async fn sessions_are_revoked_once_and_all_together() {
    on_each_database(async |db| {
        let (first, second, other) =
            (open(&db, user(1)).await, open(&db, user(1)).await, open(&db, user(2)).await);
        let mut tx = db.begin().await.unwrap();
        assert!(sessions::revoke(&mut tx, first.id, "frozen", days(1)).await.unwrap());
        assert!(!sessions::revoke(&mut tx, first.id, "frozen", days(1)).await.unwrap());
        assert_eq!(sessions::revoke_all(&mut tx, user(1), "frozen", days(1)).await.unwrap(), 1);
        assert!(!sessions::mark_second_factor(&mut tx, second.id, days(1)).await.unwrap());
        assert!(sessions::mark_second_factor(&mut tx, other.id, days(1)).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(live(&db, second.id, days(1)).await, None);
        assert_eq!(live(&db, other.id, days(1)).await.unwrap().second_factor_at, Some(days(1)));
    })
    .await;
}

#[tokio::test]
async fn a_token_is_handed_on_and_never_outlives_its_session() {
    on_each_database(async |db| {
        let opened = open_with_token(&db).await;
        for (nth, day) in [6, 12, 18, 24].into_iter().enumerate() {
            let old = u8::try_from(nth).unwrap();
            let Rotation::Rotated { session } = rotate(&db, old, old + 1, days(day)).await else {
                panic!("{day}")
            };
            assert_eq!((session.id, session.last_used_at), (opened.id, days(day)));
        }
        assert_eq!(rotate(&db, 4, 5, days(30)).await, Rotation::Expired);
        assert_eq!(rotate(&db, 99, 5, days(1)).await, Rotation::Unknown);
    })
    .await;
}

#[tokio::test]
async fn a_token_expires_after_its_lifetime() {
    on_each_database(async |db| {
        open_with_token(&db).await;
        assert_eq!(rotate(&db, 0, 1, days(7)).await, Rotation::Expired);
        assert!(matches!(rotate(&db, 0, 1, days(6)).await, Rotation::Rotated { .. }));
        assert_eq!(rotate(&db, 1, 2, days(13)).await, Rotation::Expired);
        assert!(matches!(rotate(&db, 1, 2, days(12)).await, Rotation::Rotated { .. }));
    })
    .await;
}

#[tokio::test]
async fn a_reused_token_ends_the_session_for_thief_and_owner() {
    on_each_database(async |db| {
        let session = open_with_token(&db).await;
        assert!(matches!(rotate(&db, 0, 1, days(1)).await, Rotation::Rotated { .. }));
        assert!(matches!(rotate(&db, 1, 2, days(2)).await, Rotation::Rotated { .. }));
        assert_eq!(rotate(&db, 0, 3, days(3)).await, Rotation::Reused { session_id: session.id });
        assert_eq!(live(&db, session.id, days(3)).await, None);
        assert_eq!(rotate(&db, 2, 4, days(3)).await, Rotation::Revoked);
        assert_eq!(rotate(&db, 3, 4, days(3)).await, Rotation::Unknown);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_rotations_at_once_leave_one_line() {
    on_each_database(async |db| {
        let session = open_with_token(&db).await;
        let rotations = race(64, |nth| {
            let db = (*db).clone();
            async move { rotate(&db, 0, u8::try_from(nth + 1).unwrap(), days(1)).await }
        })
        .await;
        let rotated = rotations.iter().filter(|r| matches!(r, Rotation::Rotated { .. })).count();
        let reused = rotations.iter().filter(|r| **r == Rotation::Reused { session_id: session.id }).count();
        assert_eq!((rotated, reused), (1, 63));
        assert_eq!(live(&db, session.id, days(1)).await, None);
        let issued = race(64, |nth| {
            let db = (*db).clone();
            async move { rotate(&db, u8::try_from(nth + 1).unwrap(), 200, days(1)).await }
        })
        .await;
        assert_eq!(issued.iter().filter(|r| **r == Rotation::Unknown).count(), 63, "one token was issued");
        assert_eq!(
            issued.iter().filter(|r| **r == Rotation::Revoked).count(),
            1,
            "and it died with the rest"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_is_revoked_while_rotating_ends() {
    on_each_database(async |db| {
        for _ in 0..8 {
            let session = open(&db, user(1)).await;
            let (hash, next) = (hash_of(session.id, 0), hash_of(session.id, 1));
            let mut tx = db.begin().await.unwrap();
            sessions::store_token(&mut tx, &hash, session.id, instant(), days(7)).await.unwrap();
            tx.commit().await.unwrap();
            race(2, |nth| {
                let db = (*db).clone();
                async move {
                    let mut tx = db.begin().await.unwrap();
                    match nth {
                        0 => drop(sessions::rotate(&mut tx, &hash, &next, days(1)).await.unwrap()),
                        _ => assert!(
                            sessions::revoke(&mut tx, session.id, "signed_out", days(1)).await.unwrap()
                        ),
                    }
                    tx.commit().await.unwrap();
                }
            })
            .await;
            assert_eq!(live(&db, session.id, days(1)).await, None);
        }
    })
    .await;
}

#[tokio::test]
async fn sessions_are_purged_with_their_tokens() {
    on_each_database(async |db| {
        let session = open_with_token(&db).await;
        for (before, gone) in [(days(30), 0), (days(31), 1)] {
            let mut tx = db.begin().await.unwrap();
            assert_eq!(sessions::purge(&mut tx, before).await.unwrap(), gone);
            tx.commit().await.unwrap();
        }
        assert_eq!(live(&db, session.id, instant()).await, None);
        assert_eq!(rotate(&db, 0, 1, instant()).await, Rotation::Unknown);
    })
    .await;
}
