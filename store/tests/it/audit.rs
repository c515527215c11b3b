//! What was done is remembered with what it did.

use chrono::TimeDelta;
use serde_json::json;
use store::audit::{self, AuditEntry};
use store::testkit::{instant, on_each_database};

fn entry(n: i64) -> AuditEntry {
    AuditEntry {
        actor: "user_01h2xcejqtf2nbrexx3vqjhp41".into(),
        action: "user.freeze",
        object: format!("user {n}"),
        detail: json!({ "reason": "é", "n": n }),
    }
}

#[tokio::test]
async fn entries_are_listed_newest_first_page_by_page() {
    on_each_database(async |db| {
        let mut recorded = Vec::new();
        for n in 0..7 {
            let mut tx = db.begin().await.unwrap();
            let at = instant() + TimeDelta::milliseconds(n);
            recorded.push(audit::record(&mut tx, entry(n), at).await.unwrap());
            tx.commit().await.unwrap();
        }
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let page = audit::list(&mut db.read().await.unwrap().conn(), before, 3).await.unwrap();
            let Some(last) = page.last() else { break };
            before = Some(last.position);
            seen.extend(page);
        }
        recorded.reverse();
        assert_eq!(seen.iter().map(|line| line.id).collect::<Vec<_>>(), recorded);
        let last = &seen[0];
        assert_eq!((last.actor.as_str(), last.action.as_str()), (entry(6).actor.as_str(), "user.freeze"));
        assert_eq!((last.object.as_str(), &last.detail), ("user 6", &entry(6).detail));
        assert_eq!((last.at, last.block), (instant() + TimeDelta::milliseconds(6), None));
    })
    .await;
}

#[tokio::test]
async fn what_was_rolled_back_was_not_done() {
    on_each_database(async |db| {
        let mut tx = db.begin().await.unwrap();
        audit::record(&mut tx, entry(1), instant()).await.unwrap();
        drop(tx);
        assert_eq!(audit::list(&mut db.read().await.unwrap().conn(), None, 10).await.unwrap(), vec![]);
    })
    .await;
}
