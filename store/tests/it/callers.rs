//! Who a request may be from, asked by many at once.

use std::sync::Arc;

use chrono::TimeDelta;
use domain::SessionId;
use store::callers::{Callers, Standing};
use store::crypto::Keyring;
use store::gather::Gather;
use store::sessions::{self, Origin};
use store::testkit::{instant, on_each_database};
use store::{PersonKeys, users};
use uuid::Uuid;

use crate::{phone, race};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_of_many_who_ask_at_once_gets_their_own_answer_and_never_an_old_one() {
    on_each_database(async |db| {
        let keys = PersonKeys::new(Arc::new(Keyring::new(&[7; 32])));
        let mut opened = Vec::new();
        for nth in 0..20 {
            let mut tx = db.begin().await.unwrap();
            let (user, _) = users::ensure_customer(&mut tx, &keys, &phone(nth), instant()).await.unwrap();
            let origin = Origin::default();
            let session =
                sessions::open(&mut tx, user.id, origin, instant(), TimeDelta::days(1)).await.unwrap();
            tx.commit().await.unwrap();
            opened.push((session.id, user.id));
        }
        let callers = Arc::new(Gather::start(&db, Callers));
        let asked = opened.clone();
        let answers = race(300, |nth| {
            let (callers, asked) = (callers.clone(), asked.clone());
            async move {
                match nth % 3 {
                    0 => callers
                        .get(SessionId::from_uuid(Uuid::from_u128(nth as u128)))
                        .await
                        .unwrap()
                        .is_none(),
                    _ => {
                        let (session, user) = asked[nth % 20];
                        let found = callers.get(session).await.unwrap();
                        found.is_some_and(|found| (found.session, found.user) == (session, user))
                    }
                }
            }
        })
        .await;
        assert!(answers.into_iter().all(|is_theirs| is_theirs));
        let (gone, _) = opened[3];
        let mut tx = db.begin().await.unwrap();
        sessions::revoke(&mut tx, gone, "signed_out", instant()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(callers.get(gone).await.unwrap(), None, "what was asked before is not kept");
        let still: Option<Standing> = callers.get(opened[4].0).await.unwrap();
        assert_eq!(still.map(|standing| standing.expires_at), Some(instant() + TimeDelta::days(1)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_book_is_closed_each_is_told_so() {
    on_each_database(async |db| {
        let callers = Gather::start(&db, Callers);
        db.close().await;
        assert!(callers.get(SessionId::from_uuid(Uuid::nil())).await.is_err());
    })
    .await;
}
