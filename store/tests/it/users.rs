//! Users, one per number, found only while they have not been erased.

use chrono::TimeDelta;
use domain::{Msisdn, UserId};
use store::testkit::{instant, on_each_database, person_keys};
use store::users::{self, Language, Profile, Role, Roles, User, UserStatus};
use store::{Db, PersonKeys};
use uuid::Uuid;

use crate::{phone, race};

pub async fn customer(db: &Db, keys: &PersonKeys, phone: &Msisdn) -> User {
    let mut tx = db.begin().await.unwrap();
    let (user, _) = users::ensure_customer(&mut tx, keys, phone, instant()).await.unwrap();
    tx.commit().await.unwrap();
    user
}

pub async fn find(db: &Db, keys: &PersonKeys, id: UserId) -> Option<User> {
    users::find(&mut db.read().await.unwrap().conn(), keys, id).await.unwrap()
}

fn stranger() -> UserId {
    UserId::from_uuid(Uuid::from_u128(7))
}

#[tokio::test]
async fn a_first_sign_in_makes_a_customer_and_the_next_finds_it() {
    on_each_database(async |db| {
        let keys = person_keys();
        let mut tx = db.begin().await.unwrap();
        let (user, created) = users::ensure_customer(&mut tx, &keys, &phone(1), instant()).await.unwrap();
        let (again, created_again) =
            users::ensure_customer(&mut tx, &keys, &phone(1), instant()).await.unwrap();
        tx.commit().await.unwrap();
        assert!(created && !created_again);
        assert_eq!(user, again);
        assert_eq!((&user.phone, &user.name, user.language), (&phone(1), &None, Language::Fr));
        assert_eq!((user.status, user.kyc_tier, user.version), (UserStatus::Active, 0, 1));
        assert_eq!((user.created_at, user.updated_at, user.has_totp), (instant(), instant(), false));
        assert_eq!(user.roles, Roles::from(Role::Customer));

        let mut reader = db.read().await.unwrap();
        let fresh = person_keys();
        assert_eq!(users::find(&mut reader.conn(), &fresh, user.id).await.unwrap(), Some(user.clone()));
        assert_eq!(users::find_by_phone(&mut reader.conn(), &fresh, &phone(1)).await.unwrap(), Some(user));
        assert_eq!(users::find_by_phone(&mut reader.conn(), &fresh, &phone(2)).await.unwrap(), None);
        assert_eq!(users::find(&mut reader.conn(), &fresh, stranger()).await.unwrap(), None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_first_sign_ins_make_one_user() {
    on_each_database(async |db| {
        let made = race(64, |_| {
            let (db, keys) = ((*db).clone(), person_keys());
            async move {
                let mut tx = db.begin().await.unwrap();
                let made = users::ensure_customer(&mut tx, &keys, &phone(1), instant()).await.unwrap();
                tx.commit().await.unwrap();
                made
            }
        })
        .await;
        assert_eq!(made.iter().filter(|(_, created)| *created).count(), 1);
        assert!(made.iter().all(|(user, _)| *user == made[0].0));
    })
    .await;
}

#[tokio::test]
async fn a_first_sign_in_that_is_rolled_back_leaves_nobody() {
    on_each_database(async |db| {
        let keys = person_keys();
        let mut tx = db.begin().await.unwrap();
        let (user, _) = users::ensure_customer(&mut tx, &keys, &phone(1), instant()).await.unwrap();
        drop(tx);
        assert_eq!(find(&db, &keys, user.id).await, None);
        assert_ne!(customer(&db, &keys, &phone(1)).await.id, user.id);
    })
    .await;
}

#[tokio::test]
async fn a_profile_is_written_over_the_version_that_was_read() {
    on_each_database(async |db| {
        let keys = person_keys();
        let user = customer(&db, &keys, &phone(1)).await;
        let later = instant() + TimeDelta::seconds(5);
        let named = Profile { name: Some("Aïssatou Ndiaye"), language: Language::En };
        let nameless = Profile { name: None, language: Language::Fr };
        let mut tx = db.begin().await.unwrap();
        assert!(users::update_profile(&mut tx, &keys, user.id, 1, named, later).await.unwrap());
        assert!(!users::update_profile(&mut tx, &keys, user.id, 1, nameless, later).await.unwrap());
        assert!(users::update_profile(&mut tx, &keys, stranger(), 1, named, later).await.is_err());
        tx.commit().await.unwrap();
        let seen = find(&db, &keys, user.id).await.unwrap();
        assert_eq!((seen.name.as_deref(), seen.language), (Some("Aïssatou Ndiaye"), Language::En));
        assert_eq!((seen.version, seen.updated_at, seen.created_at), (2, later, instant()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_edits_of_one_version_one_is_written() {
    on_each_database(async |db| {
        let keys = person_keys();
        let user = customer(&db, &keys, &phone(1)).await;
        let written = race(16, |nth| {
            let (db, keys, name) = ((*db).clone(), keys.clone(), format!("name {nth}"));
            async move {
                let mut tx = db.begin().await.unwrap();
                let profile = Profile { name: Some(&name), language: Language::Fr };
                let done =
                    users::update_profile(&mut tx, &keys, user.id, 1, profile, instant()).await.unwrap();
                tx.commit().await.unwrap();
                done.then_some(name)
            }
        })
        .await;
        let winners: Vec<_> = written.into_iter().flatten().collect();
        assert_eq!(winners.len(), 1);
        assert_eq!(find(&db, &keys, user.id).await.unwrap().name, Some(winners[0].clone()));
    })
    .await;
}

#[tokio::test]
async fn roles_and_status_change_with_a_version() {
    on_each_database(async |db| {
        let keys = person_keys();
        let user = customer(&db, &keys, &phone(1)).await;
        let staff = Roles::from_iter([Role::Admin, Role::Operator]);
        let mut tx = db.begin().await.unwrap();
        assert!(users::set_roles(&mut tx, user.id, staff.clone(), instant()).await.unwrap());
        assert!(!users::set_roles(&mut tx, stranger(), staff.clone(), instant()).await.unwrap());
        assert!(users::set_status(&mut tx, user.id, UserStatus::Frozen, instant()).await.unwrap());
        assert!(!users::set_status(&mut tx, user.id, UserStatus::Frozen, instant()).await.unwrap());
        assert!(!users::set_status(&mut tx, stranger(), UserStatus::Frozen, instant()).await.unwrap());
        tx.commit().await.unwrap();
        let seen = find(&db, &keys, user.id).await.unwrap();
        assert_eq!((seen.roles, seen.status, seen.version), (staff, UserStatus::Frozen, 3));
    })
    .await;
}

#[tokio::test]
async fn a_totp_step_is_used_once_and_never_backwards() {
    on_each_database(async |db| {
        let keys = person_keys();
        let user = customer(&db, &keys, &phone(1)).await;
        let mut tx = db.begin().await.unwrap();
        assert!(!users::use_totp_step(&mut tx, user.id, 100).await.unwrap(), "nothing is enrolled");
        assert!(users::set_totp_secret(&mut tx, &keys, user.id, Some(b"secret"), instant()).await.unwrap());
        assert_eq!(users::totp_secret(&mut tx.conn(), &keys, user.id).await.unwrap().unwrap(), b"secret");
        for (step, used) in [(100, true), (100, false), (99, false), (101, true), (100, false)] {
            assert_eq!(users::use_totp_step(&mut tx, user.id, step).await.unwrap(), used, "step {step}");
        }
        tx.commit().await.unwrap();
        assert!(find(&db, &keys, user.id).await.unwrap().has_totp);

        let mut tx = db.begin().await.unwrap();
        assert!(users::set_totp_secret(&mut tx, &keys, user.id, None, instant()).await.unwrap());
        assert_eq!(users::totp_secret(&mut tx.conn(), &keys, user.id).await.unwrap(), None);
        assert_eq!(users::totp_secret(&mut tx.conn(), &keys, stranger()).await.unwrap(), None);
        tx.commit().await.unwrap();
        assert!(!find(&db, &keys, user.id).await.unwrap().has_totp);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_two_uses_of_one_totp_step_count_once() {
    on_each_database(async |db| {
        let keys = person_keys();
        let user = customer(&db, &keys, &phone(1)).await;
        let mut tx = db.begin().await.unwrap();
        users::set_totp_secret(&mut tx, &keys, user.id, Some(b"secret"), instant()).await.unwrap();
        tx.commit().await.unwrap();
        let used = race(32, |_| {
            let db = (*db).clone();
            async move {
                let mut tx = db.begin().await.unwrap();
                let used = users::use_totp_step(&mut tx, user.id, 100).await.unwrap();
                tx.commit().await.unwrap();
                used
            }
        })
        .await;
        assert_eq!(used.iter().filter(|used| **used).count(), 1);
    })
    .await;
}

#[tokio::test]
async fn pages_of_users_miss_nobody_and_repeat_nobody() {
    on_each_database(async |db| {
        let keys = person_keys();
        let mut made = Vec::new();
        let mut tx = db.begin().await.unwrap();
        for n in 0..25 {
            let at = instant() + TimeDelta::microseconds(i64::from(n / 5) * 500);
            made.push(users::ensure_customer(&mut tx, &keys, &phone(n), at).await.unwrap().0);
        }
        tx.commit().await.unwrap();
        made.sort_by_key(|user| std::cmp::Reverse((user.created_at, user.id)));
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let mut reader = db.read().await.unwrap();
            let page = users::list(&mut reader.conn(), &keys, before, 4).await.unwrap();
            let Some(last) = page.last() else { break };
            before = Some((last.created_at, last.id));
            seen.extend(page);
        }
        assert_eq!(seen, made);
    })
    .await;
}

#[tokio::test]
async fn a_changed_number_finds_its_user_and_the_old_one_nobody() {
    on_each_database(async |db| {
        let keys = person_keys();
        let (user, other) = (customer(&db, &keys, &phone(1)).await, customer(&db, &keys, &phone(2)).await);
        let later = instant() + TimeDelta::seconds(5);
        let change = async |from: u32, to: u32| {
            let mut tx = db.begin().await.unwrap();
            let change = users::PhoneChange { from: &phone(from), to: &phone(to) };
            let changed = users::change_phone(&mut tx, &keys, user.id, change, later).await.unwrap();
            tx.commit().await.unwrap();
            changed
        };
        assert!(!change(1, 2).await, "somebody's");
        assert!(!change(3, 4).await, "not from that one");
        assert!(change(1, 3).await);
        assert!(!change(1, 4).await, "theirs is another one by now");
        let mut reader = db.read().await.unwrap();
        let by = async |n| {
            users::find_by_phone(&mut db.read().await.unwrap().conn(), &keys, &phone(n)).await.unwrap()
        };
        assert_eq!(by(1).await, None);
        assert_eq!(by(2).await.map(|user| user.id), Some(other.id));
        let found = by(3).await.unwrap();
        assert_eq!((found.id, &found.phone, found.phone_changed_at), (user.id, &phone(3), Some(later)));
        let fresh = person_keys();
        let opened = users::find(&mut reader.conn(), &fresh, user.id).await.unwrap().unwrap();
        assert_eq!((opened.phone, opened.version), (phone(3), user.version + 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_want_one_number_one_gets_it() {
    on_each_database(async |db| {
        let keys = person_keys();
        let mut ids = Vec::new();
        for n in 0..8 {
            ids.push(customer(&db, &keys, &phone(n)).await.id);
        }
        let got = race(8, |nth| {
            let (db, keys, id) = ((*db).clone(), person_keys(), ids[nth]);
            async move {
                let mut tx = db.begin().await.unwrap();
                let from = phone(u32::try_from(nth).unwrap());
                let change = users::PhoneChange { from: &from, to: &phone(99) };
                let changed = users::change_phone(&mut tx, &keys, id, change, instant()).await;
                let is_changed = matches!(changed, Ok(true));
                assert!(matches!(changed, Ok(_) | Err(store::StoreError::Conflict(_))), "{changed:?}");
                if changed.is_ok() {
                    tx.commit().await.unwrap();
                }
                is_changed
            }
        })
        .await;
        assert_eq!(got.iter().filter(|got| **got).count(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_is_new_once() {
    on_each_database(async |db| {
        let keys = person_keys();
        let user = customer(&db, &keys, &phone(1)).await.id;
        let seen = race(16, |_| {
            let db = (*db).clone();
            async move {
                let mut tx = db.begin().await.unwrap();
                let is_new = store::devices::see(&mut tx, user, &[1; 32], instant()).await.unwrap();
                tx.commit().await.unwrap();
                is_new
            }
        })
        .await;
        assert_eq!(seen.iter().filter(|is_new| **is_new).count(), 1);
        let mut tx = db.begin().await.unwrap();
        assert!(store::devices::see(&mut tx, user, &[2; 32], instant()).await.unwrap());
        assert!(store::devices::see(&mut tx, stranger(), &[1; 32], instant()).await.unwrap());
        users::note_new_device(&mut tx, user, instant()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store::devices::count(&mut db.read().await.unwrap().conn(), user).await.unwrap(), 2);
        assert_eq!(find(&db, &keys, user).await.unwrap().device_changed_at, Some(instant()));
        let mut tx = db.begin().await.unwrap();
        assert!(users::erase(&mut tx, user, instant()).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(store::devices::count(&mut db.read().await.unwrap().conn(), user).await.unwrap(), 0);
    })
    .await;
}
