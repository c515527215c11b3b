//! Sessions and their one line of refresh tokens.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{SessionId, UserId};
use store::Db;
use store::sessions::{self, Device, Origin, Presented, Rotation, Session};
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
    let origin = Origin { device_name: Some("pixel"), user_agent: Some("curl/8"), ..Origin::default() };
    let session = sessions::open(&mut tx, user, origin, instant(), ttl).await.unwrap();
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

/// A token shown by nobody in particular, without grace.
fn shown<'a>(old: &'a [u8; 32], new: &'a [u8; 32]) -> Presented<'a> {
    let grace = TimeDelta::zero();
    Presented { old, new, device: None, is_device_required: false, network: Some("192.0.2.0/24"), grace }
}

async fn rotate(db: &Db, old: u8, new: u8, now: DateTime<Utc>) -> Rotation {
    let mut tx = db.begin().await.unwrap();
    let rotation = sessions::rotate(&mut tx, shown(&token(old), &token(new)), now).await.unwrap();
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
        assert_eq!((session.user, session.device_name.as_deref()), (user(1), Some("pixel")));
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
            assert!(session.id == opened.id && session.last_used_at < days(day), "as it was before");
            let now = live(&db, session.id, days(day)).await.unwrap();
            assert_eq!((now.last_used_at, now.network.as_deref()), (days(day), Some("192.0.2.0/24")));
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
                        0 => drop(sessions::rotate(&mut tx, shown(&hash, &next), days(1)).await.unwrap()),
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

/// Shows token `old`, to be followed by `new`, with ten seconds of grace.
async fn shown_at(db: &Db, (old, new): (u8, u8), device: Option<[u8; 32]>, seconds: i64) -> Rotation {
    let (old, new) = (token(old), token(new));
    let device = device.as_ref();
    let presented = Presented { device, grace: TimeDelta::seconds(10), ..shown(&old, &new) };
    let mut tx = db.begin().await.unwrap();
    let rotation =
        sessions::rotate(&mut tx, presented, instant() + TimeDelta::seconds(seconds)).await.unwrap();
    tx.commit().await.unwrap();
    rotation
}

#[tokio::test]
async fn an_answer_that_was_lost_is_given_again_for_a_moment() {
    on_each_database(async |db| {
        let session = open_with_token(&db).await;
        assert!(matches!(shown_at(&db, (0, 1), None, 100).await, Rotation::Rotated { .. }));
        assert!(matches!(shown_at(&db, (0, 1), None, 109).await, Rotation::Repeated { .. }));
        assert!(matches!(shown_at(&db, (0, 1), None, 109).await, Rotation::Repeated { .. }));
        assert!(
            matches!(shown_at(&db, (1, 2), None, 109).await, Rotation::Rotated { .. }),
            "one line goes on"
        );
        let reused = Rotation::Reused { session_id: session.id };
        assert_eq!(
            shown_at(&db, (0, 1), None, 109).await,
            reused,
            "the answer was used: somebody has a copy"
        );
        assert_eq!(live(&db, session.id, instant()).await, None);
    })
    .await;
}

#[tokio::test]
async fn after_the_grace_or_with_another_successor_a_token_is_reused() {
    on_each_database(async |db| {
        for (again, seconds) in [((0, 1), 110), ((0, 9), 101)] {
            let session = open_with_token(&db).await;
            assert!(matches!(shown_at(&db, (0, 1), None, 100).await, Rotation::Rotated { .. }));
            assert_eq!(
                shown_at(&db, again, None, seconds).await,
                Rotation::Reused { session_id: session.id }
            );
            let mut tx = db.begin().await.unwrap();
            assert_eq!(sessions::purge(&mut tx, days(99)).await.unwrap(), 1);
            tx.commit().await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn without_grace_a_clock_that_is_behind_forgives_nothing() {
    on_each_database(async |db| {
        let session = open_with_token(&db).await;
        assert!(matches!(rotate(&db, 0, 1, days(2)).await, Rotation::Rotated { .. }));
        assert_eq!(rotate(&db, 0, 1, days(1)).await, Rotation::Reused { session_id: session.id });
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn within_the_grace_one_of_many_rotates_and_nobody_is_signed_out() {
    on_each_database(async |db| {
        let session = open_with_token(&db).await;
        let rotations = race(32, |_| {
            let db = (*db).clone();
            async move { shown_at(&db, (0, 1), None, 1).await }
        })
        .await;
        assert_eq!(rotations.iter().filter(|r| matches!(r, Rotation::Rotated { .. })).count(), 1);
        assert_eq!(rotations.iter().filter(|r| matches!(r, Rotation::Repeated { .. })).count(), 31);
        assert!(live(&db, session.id, instant()).await.is_some());
    })
    .await;
}

/// A session bound to device 7, with token 0.
async fn bound(db: &Db, is_proven: bool) -> Session {
    let mut tx = db.begin().await.unwrap();
    let device = Some(Device { hash: token(7), is_proven });
    let origin = Origin { device_name: Some("pixel"), device, ..Origin::default() };
    let session = sessions::open(&mut tx, user(1), origin, instant(), TimeDelta::days(30)).await.unwrap();
    sessions::store_token(&mut tx, &token(0), session.id, instant(), days(7)).await.unwrap();
    tx.commit().await.unwrap();
    session
}

#[tokio::test]
async fn another_device_ends_the_session_and_silence_too_once_it_is_proven() {
    on_each_database(async |db| {
        let mine = Some(token(7));
        for (is_proven, device, ends) in [
            (true, Some(token(8)), true),
            (true, None, true),
            (true, mine, false),
            (false, Some(token(8)), true),
            (false, None, false),
            (false, mine, false),
        ] {
            let session = bound(&db, is_proven).await;
            let rotation = shown_at(&db, (0, 1), device, 1).await;
            let is_ended = rotation == Rotation::OtherDevice { session_id: session.id };
            assert_eq!(is_ended, ends, "{is_proven} {device:?}: {rotation:?}");
            let standing = live(&db, session.id, instant()).await;
            assert_eq!(standing.is_none(), ends);
            if let Some(standing) = standing {
                let is_secret = is_proven || device.is_some();
                assert_eq!(standing.device, Some(Device { hash: token(7), is_proven: is_secret }));
                assert_eq!(standing.device_name.is_none(), is_secret, "a secret is not held in clear");
            }
            let mut tx = db.begin().await.unwrap();
            assert_eq!(sessions::purge(&mut tx, days(99)).await.unwrap(), 1);
            tx.commit().await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn the_grace_is_for_the_same_device() {
    on_each_database(async |db| {
        let session = bound(&db, true).await;
        assert!(matches!(shown_at(&db, (0, 1), Some(token(7)), 1).await, Rotation::Rotated { .. }));
        assert!(matches!(shown_at(&db, (0, 1), Some(token(7)), 2).await, Rotation::Repeated { .. }));
        let other = Rotation::OtherDevice { session_id: session.id };
        assert_eq!(shown_at(&db, (0, 1), Some(token(8)), 3).await, other);
        assert_eq!(live(&db, session.id, instant()).await, None);
    })
    .await;
}

#[tokio::test]
async fn a_device_may_be_required_before_it_has_proven_itself() {
    on_each_database(async |db| {
        let session = bound(&db, false).await;
        let (old, new) = (token(0), token(1));
        let presented = Presented { is_device_required: true, ..shown(&old, &new) };
        let mut tx = db.begin().await.unwrap();
        let rotation = sessions::rotate(&mut tx, presented, instant()).await.unwrap();
        assert_eq!(rotation, Rotation::OtherDevice { session_id: session.id });
    })
    .await;
}

#[tokio::test]
async fn all_sessions_but_one_are_ended() {
    on_each_database(async |db| {
        let (kept, gone, other) =
            (open(&db, user(1)).await, open(&db, user(1)).await, open(&db, user(2)).await);
        let mut tx = db.begin().await.unwrap();
        assert_eq!(sessions::revoke_others(&mut tx, user(1), kept.id, "why", days(1)).await.unwrap(), 1);
        tx.commit().await.unwrap();
        assert_eq!(live(&db, gone.id, days(1)).await, None);
        assert!(live(&db, kept.id, days(1)).await.is_some() && live(&db, other.id, days(1)).await.is_some());
    })
    .await;
}

#[tokio::test]
async fn a_use_is_noted_when_the_last_one_is_long_ago() {
    on_each_database(async |db| {
        let session = open(&db, user(1)).await;
        for (before, now, shown) in [(-1, 1, 0), (0, 2, 2), (1, 3, 2)] {
            let mut tx = db.begin().await.unwrap();
            sessions::note_use(&mut tx, session.id, days(before), days(now)).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(live(&db, session.id, days(4)).await.unwrap().last_used_at, days(shown));
        }
    })
    .await;
}
