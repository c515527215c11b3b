//! Challenges take so many guesses and one success.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{OtpId, UserId};
use store::otp::{self, Challenge, NewChallenge, Purpose, Verdict};
use store::sessions::Device;
use store::testkit::{instant, keyring, on_each_database};
use store::{Conn, Db};
use uuid::Uuid;

use crate::{phone, race};

const MOST: i64 = 5;

fn expiry() -> DateTime<Utc> {
    instant() + TimeDelta::minutes(5)
}

async fn challenge(db: &Db, code: Option<&str>) -> OtpId {
    let phone = phone(1);
    let purpose = if code.is_some() { Purpose::SignIn } else { Purpose::SecondFactor };
    let user = code.is_none().then(|| UserId::from_uuid(Uuid::from_u128(9)));
    let device = Some(Device { hash: [7; 32], is_proven: false });
    let new = NewChallenge {
        purpose,
        phone: &phone,
        user,
        device_name: Some("pixel"),
        device,
        code,
        expires_at: expiry(),
    };
    let mut tx = db.begin().await.unwrap();
    let id = otp::new_challenge(&mut tx, &keyring(), new, instant()).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn guess_at(db: &Db, id: OtpId, code: &str, now: DateTime<Utc>) -> Verdict {
    let mut tx = db.begin().await.unwrap();
    let verdict = otp::guess(&mut tx, &keyring(), id, code, MOST, now).await.unwrap();
    tx.commit().await.unwrap();
    verdict
}

async fn guess(db: &Db, id: OtpId, code: &str) -> Verdict {
    guess_at(db, id, code, instant()).await
}

async fn find(db: &Db, id: OtpId) -> Option<Challenge> {
    otp::find(&mut db.read().await.unwrap().conn(), &keyring(), id).await.unwrap()
}

#[tokio::test]
async fn a_challenge_reads_back() {
    on_each_database(async |db| {
        let id = challenge(&db, Some("123456")).await;
        let expected = Challenge {
            id,
            purpose: Purpose::SignIn,
            phone: phone(1),
            user: None,
            device_name: Some("pixel".into()),
            device: Some(Device { hash: [7; 32], is_proven: false }),
            attempts: 0,
            consumed_at: None,
            expires_at: expiry(),
            created_at: instant(),
        };
        assert_eq!(find(&db, id).await, Some(expected));
        assert_eq!(find(&db, OtpId::from_uuid(Uuid::nil())).await, None);
    })
    .await;
}

#[tokio::test]
async fn a_right_code_is_right_once() {
    on_each_database(async |db| {
        let id = challenge(&db, Some("123456")).await;
        assert_eq!(guess(&db, id, "123457").await, Verdict::Wrong { left: 4 });
        assert_eq!(guess(&db, id, "").await, Verdict::Wrong { left: 3 });
        assert_eq!(guess(&db, id, "123456").await, Verdict::Right);
        assert_eq!(guess(&db, id, "123456").await, Verdict::Spent);
        assert_eq!(find(&db, id).await.unwrap().consumed_at, Some(instant()));
    })
    .await;
}

#[tokio::test]
async fn five_wrong_guesses_close_a_challenge() {
    on_each_database(async |db| {
        let id = challenge(&db, Some("123456")).await;
        for left in (0..MOST).rev() {
            assert_eq!(guess(&db, id, "000000").await, Verdict::Wrong { left });
        }
        assert_eq!(guess(&db, id, "123456").await, Verdict::TooMany);
        assert_eq!(find(&db, id).await.unwrap().attempts, MOST);
    })
    .await;
}

#[tokio::test]
async fn a_code_expires_and_belongs_to_its_challenge() {
    on_each_database(async |db| {
        let (first, second) = (challenge(&db, Some("111111")).await, challenge(&db, Some("222222")).await);
        assert_eq!(guess(&db, first, "222222").await, Verdict::Wrong { left: 4 });
        assert_eq!(guess_at(&db, first, "111111", expiry()).await, Verdict::Expired);
        let just_before = expiry() - TimeDelta::microseconds(1);
        assert_eq!(guess_at(&db, second, "222222", just_before).await, Verdict::Right);
        assert_eq!(guess(&db, OtpId::from_uuid(Uuid::nil()), "1").await, Verdict::Unknown);
    })
    .await;
}

#[tokio::test]
async fn a_code_that_is_copied_to_another_challenge_is_wrong_there() {
    const COPY: &str = "UPDATE otp_challenges SET code_hash = \
                        (SELECT code_hash FROM otp_challenges o WHERE o.id = $1) WHERE id = $2";
    on_each_database(async |db| {
        let (mine, theirs) = (challenge(&db, Some("111111")).await, challenge(&db, Some("222222")).await);
        let mut tx = db.begin().await.unwrap();
        let copied = match tx.conn() {
            Conn::Sqlite(c) => sqlx::query(COPY)
                .bind(mine.uuid())
                .bind(theirs.uuid())
                .execute(c)
                .await
                .unwrap()
                .rows_affected(),
            Conn::Postgres(c) => sqlx::query(COPY)
                .bind(mine.uuid())
                .bind(theirs.uuid())
                .execute(c)
                .await
                .unwrap()
                .rows_affected(),
        };
        assert_eq!(copied, 1);
        tx.commit().await.unwrap();
        assert_eq!(guess(&db, theirs, "111111").await, Verdict::Wrong { left: 4 });
        assert_eq!(guess(&db, mine, "111111").await, Verdict::Right);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_two_right_codes_at_once_are_right_once() {
    on_each_database(async |db| {
        let id = challenge(&db, Some("123456")).await;
        let verdicts = race(32, |_| {
            let db = (*db).clone();
            async move { guess(&db, id, "123456").await }
        })
        .await;
        assert_eq!(verdicts.iter().filter(|verdict| **verdict == Verdict::Right).count(), 1);
        assert_eq!(verdicts.iter().filter(|verdict| **verdict == Verdict::Spent).count(), 31);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_wrong_codes_at_once_make_five_guesses() {
    on_each_database(async |db| {
        let id = challenge(&db, Some("123456")).await;
        let verdicts = race(64, |nth| {
            let db = (*db).clone();
            async move { guess(&db, id, &format!("{nth:06}")).await }
        })
        .await;
        let mut left: Vec<i64> = verdicts
            .iter()
            .filter_map(|verdict| match verdict {
                Verdict::Wrong { left } => Some(*left),
                _ => None,
            })
            .collect();
        left.sort();
        assert_eq!(left, [0, 1, 2, 3, 4]);
        assert_eq!(verdicts.iter().filter(|verdict| **verdict == Verdict::TooMany).count(), 59);
    })
    .await;
}

#[tokio::test]
async fn a_second_factor_counts_attempts_and_has_no_code() {
    on_each_database(async |db| {
        let id = challenge(&db, None).await;
        assert_eq!(guess(&db, id, "").await, Verdict::Wrong { left: 4 });
        let mut tx = db.begin().await.unwrap();
        let attempt = otp::attempt(&mut tx, id, MOST, instant()).await.unwrap().unwrap();
        assert_eq!(attempt.left, 3);
        assert!(otp::consume(&mut tx, id, instant()).await.unwrap());
        assert!(!otp::consume(&mut tx, id, instant()).await.unwrap());
        assert_eq!(otp::attempt(&mut tx, id, MOST, instant()).await.unwrap(), Err(Verdict::Spent));
        tx.commit().await.unwrap();
        let seen = find(&db, id).await.unwrap();
        assert_eq!((seen.purpose, seen.user.is_some()), (Purpose::SecondFactor, true));
    })
    .await;
}

#[tokio::test]
async fn challenges_are_purged_after_their_end() {
    on_each_database(async |db| {
        let id = challenge(&db, Some("123456")).await;
        for (before, gone) in [(expiry(), 0), (expiry() + TimeDelta::microseconds(1), 1)] {
            let mut tx = db.begin().await.unwrap();
            assert_eq!(otp::purge(&mut tx, before).await.unwrap(), gone);
            tx.commit().await.unwrap();
        }
        assert_eq!(find(&db, id).await, None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_codes_are_good_together_and_once() {
    on_each_database(async |db| {
        let (one, other) = (challenge(&db, Some("111111")).await, challenge(&db, Some("222222")).await);
        let guess = async |db: &Db, first: &str, second: &str| {
            let mut tx = db.begin().await.unwrap();
            let pair = [(one, first), (other, second)];
            let verdict = otp::guess_both(&mut tx, &keyring(), pair, MOST, instant()).await.unwrap();
            tx.commit().await.unwrap();
            verdict
        };
        assert_eq!(guess(&db, "111111", "000000").await, Verdict::Wrong { left: 4 });
        assert_eq!(guess(&db, "000000", "222222").await, Verdict::Wrong { left: 3 });
        let verdicts = race(8, |_| {
            let db = (*db).clone();
            async move {
                let mut tx = db.begin().await.unwrap();
                let pair = [(one, "111111"), (other, "222222")];
                let verdict = otp::guess_both(&mut tx, &keyring(), pair, 99, instant()).await.unwrap();
                tx.commit().await.unwrap();
                verdict
            }
        })
        .await;
        assert_eq!(verdicts.iter().filter(|verdict| **verdict == Verdict::Right).count(), 1, "{verdicts:?}");
    })
    .await;
}

#[tokio::test]
async fn guesses_at_two_codes_are_counted_at_both() {
    on_each_database(async |db| {
        let (one, other) = (challenge(&db, Some("111111")).await, challenge(&db, Some("222222")).await);
        for left in (0..MOST).rev() {
            let mut tx = db.begin().await.unwrap();
            let pair = [(one, "111111"), (other, "999999")];
            let verdict = otp::guess_both(&mut tx, &keyring(), pair, MOST, instant()).await.unwrap();
            assert_eq!(verdict, Verdict::Wrong { left });
            tx.commit().await.unwrap();
        }
        assert_eq!(guess(&db, one, "111111").await, Verdict::TooMany);
        assert_eq!(guess(&db, other, "222222").await, Verdict::TooMany);
    })
    .await;
}
