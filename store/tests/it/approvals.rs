//! A second person decides once, over what they were shown, and never over their own.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{ApprovalId, ApprovalKind, ApprovalState, UserId};
use store::Db;
use store::approvals::{self, Approval, ApprovalFilter, Decision};
use store::testkit::{instant, on_each_database};
use uuid::Uuid;

use crate::race;

const RATE: ApprovalKind = ApprovalKind::RateChange;

fn at(seconds: i64) -> DateTime<Utc> {
    instant() + TimeDelta::seconds(seconds)
}

fn user(n: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(n))
}

fn asked(n: u128, subject: &str) -> Approval {
    Approval {
        id: ApprovalId::from_uuid(Uuid::from_u128(n)),
        kind: RATE,
        subject: subject.to_owned(),
        payload: "{\"mid\":\"2500\"}".to_owned(),
        digest: [7; 32],
        maker: Some(user(1)),
        made_by: user(1).to_string(),
        state: ApprovalState::Pending,
        decided_by: None,
        reason: None,
        created_at: at(i64::try_from(n).unwrap()),
        decided_at: None,
    }
}

async fn insert(db: &Db, approval: &Approval) -> bool {
    let mut tx = db.begin().await.unwrap();
    let inserted = approvals::insert(&mut tx, approval).await.unwrap();
    tx.commit().await.unwrap();
    inserted
}

async fn decide(db: &Db, n: u128, by: UserId, decision: Decision<'_>) -> bool {
    let id = ApprovalId::from_uuid(Uuid::from_u128(n));
    let mut tx = db.begin().await.unwrap();
    let done = approvals::decide(&mut tx, id, by, decision, at(100)).await.unwrap();
    tx.commit().await.unwrap();
    done
}

const AGREED: Decision<'_> = Decision::Approve { digest: [7; 32] };

#[tokio::test]
async fn somebody_else_agrees_to_what_was_shown_once() {
    on_each_database(async |db| {
        assert!(insert(&db, &asked(1, "EUR/GNF")).await);
        assert!(!decide(&db, 1, user(1), AGREED).await, "their own");
        assert!(!decide(&db, 1, user(2), Decision::Approve { digest: [8; 32] }).await, "something else");
        assert!(!decide(&db, 9, user(2), AGREED).await, "nothing");
        assert!(decide(&db, 1, user(2), AGREED).await);
        assert!(!decide(&db, 1, user(3), AGREED).await, "it was decided");
        assert!(!decide(&db, 1, user(3), Decision::Reject { reason: "no" }).await, "it was decided");
        let id = ApprovalId::from_uuid(Uuid::from_u128(1));
        let found = approvals::find(&mut db.read().await.unwrap().conn(), id).await.unwrap().unwrap();
        let state = ApprovalState::Approved;
        let (decided_by, decided_at) = (Some(user(2).to_string()), Some(at(100)));
        assert_eq!(found, Approval { state, decided_by, decided_at, ..asked(1, "EUR/GNF") });
    })
    .await;
}

#[tokio::test]
async fn one_of_a_kind_waits_for_a_subject() {
    on_each_database(async |db| {
        assert!(insert(&db, &asked(1, "EUR/GNF")).await);
        assert!(!insert(&db, &asked(2, "EUR/GNF")).await);
        assert!(insert(&db, &asked(3, "CNY/GNF")).await);
        let mut tx = db.begin().await.unwrap();
        let void = approvals::void(&mut tx, RATE, "EUR/GNF", "feed", "newer", at(50)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(void, 1);
        assert!(insert(&db, &asked(4, "EUR/GNF")).await);
        assert!(decide(&db, 3, user(1), Decision::Reject { reason: "a slip" }).await, "one may take it back");

        let mut reader = db.read().await.unwrap();
        let waiting = approvals::pending(&mut reader.conn(), RATE, "EUR/GNF").await.unwrap();
        assert_eq!(waiting, Some(asked(4, "EUR/GNF")));
        assert_eq!(approvals::pending(&mut reader.conn(), RATE, "CNY/GNF").await.unwrap(), None);
        let mut list = async |kind, state, before| {
            let filter = ApprovalFilter { kind, state };
            let rows = approvals::list(&mut reader.conn(), filter, before, 10).await.unwrap();
            rows.iter().map(|row| row.id.uuid().as_u128()).collect::<Vec<_>>()
        };
        assert_eq!(list(None, None, None).await, [4, 3, 1]);
        assert_eq!(list(Some(RATE), Some(ApprovalState::Voided), None).await, [1]);
        assert_eq!(list(None, None, Some((at(3), Uuid::from_u128(3)))).await, [1]);
    })
    .await;
}

#[tokio::test]
async fn of_many_who_decide_at_once_one_does() {
    on_each_database(async |db| {
        assert!(insert(&db, &asked(1, "EUR/GNF")).await);
        let decided = race(16, |nth| {
            let db = (*db).clone();
            let by = user(10 + u128::try_from(nth).unwrap());
            let decision = if nth % 2 == 0 { AGREED } else { Decision::Reject { reason: "no" } };
            async move { decide(&db, 1, by, decision).await }
        })
        .await;
        assert_eq!(decided.iter().filter(|decided| **decided).count(), 1);
    })
    .await;
}
